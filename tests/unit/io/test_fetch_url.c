/* The grammar of addresses to fetch: what is taken apart, and what is refused in which words. */
#include "io_fixture.h"

#include <string.h>

#include "io/fetch_url.h"

typedef struct good_row {
    const char *text, *scheme, *host;
    int port;
} good_row;

static const good_row good[] = {
    {"http://example.com/a.jpg", "http", "example.com", 80},
    {"HTTPS://Example.COM", "https", "Example.COM", 443},
    {"http://example.com:8080/", "http", "example.com", 8080},
    {"https://example.com:1?x=1", "https", "example.com", 1},
    {"http://example.com#@evil.com/", "http", "example.com", 80},
    {"http://example.com?u=a@b", "http", "example.com", 80},
    {"http://example.com/a@b:c", "http", "example.com", 80},
    {"http://[::1]:65535/x", "http", "[::1]", 65535},
    {"http://[fe80::1]", "http", "[fe80::1]", 80},
    {"http://127.0.0.1/%2e%2e/%00", "http", "127.0.0.1", 80},
    {"http://a_b.example./", "http", "a_b.example.", 80}, /* hosts are judged elsewhere */
};

typedef struct bad_row {
    const char *text, *words;
} bad_row;

#define ONLY_HTTP "only http and https"
#define NOT_PLAIN "plain ASCII"
#define NO_HOST "the host or port is not valid"

static const bad_row bad[] = {
    {"", ONLY_HTTP},
    {"http", ONLY_HTTP},
    {"ftp://example.com/", ONLY_HTTP},
    {"file:///etc/passwd", ONLY_HTTP},
    {"gopher://127.0.0.1:6379/_", ONLY_HTTP},
    {"data:image/png;base64,AA", ONLY_HTTP},
    {" http://example.com/", ONLY_HTTP},
    {"//example.com/", ONLY_HTTP},
    {"http:example.com", "not valid"},
    {"http:/example.com", "not valid"},
    {"http:\\\\example.com", "not valid"},
    {"http:///example.com/", NO_HOST},
    {"http://", NO_HOST},
    {"http://:80/", NO_HOST},
    {"http://?x", NO_HOST},
    {"http://example.com:/", NO_HOST},
    {"http://example.com:0/", NO_HOST},
    {"http://example.com:65536/", NO_HOST},
    {"http://example.com:+80/", NO_HOST},
    {"http://example.com:80:80/", NO_HOST},
    {"http://example.com:08x/", NO_HOST},
    {"http://[::1/", NO_HOST},
    {"http://[::1]x/", NO_HOST},
    {"http://::1/", NO_HOST},
    {"http://user@example.com/", "user name"},
    {"http://user:word@example.com/", "user name"},
    {"http://example.com@127.0.0.1/", "user name"},
    {"http://example.com:80@127.0.0.1/", "user name"},
    {"http://example.com\\@127.0.0.1/", "user name"},
    {"http://@127.0.0.1/", "user name"},
    {"http://127.0.0.1\\.example.com/", NOT_PLAIN},
    {"http://127.0.0.%31/", NOT_PLAIN},
    {"http://%31%32%37.0.0.1/", NOT_PLAIN},
    {"http://[fe80::1%25eth0]/", NOT_PLAIN},
    {"http://exa mple.com/", NOT_PLAIN},
    {"http://example.com\t/", NOT_PLAIN},
    {"http://m\xC3\xBCnchen.example/", NOT_PLAIN},
    {"http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/", NOT_PLAIN}, /* full-width 127 */
    {"http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1/", NOT_PLAIN}, /* circled 127 */
    {"http://127\xE3\x80\x82"
     "0\xE3\x80\x82"
     "0\xE3\x80\x82"
     "1/",
     NOT_PLAIN}, /* ideographic dots */
    {"http://example.com/a b", "percent-encoded"},
    {"http://example.com/a\r\nX: y", "percent-encoded"},
    {"http://example.com/\\..", "percent-encoded"},
    {"http://example.com/m\xC3\xBCnze.png", "percent-encoded"},
};

static void assert_str(sv_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sv_fetch_url url;
        assert_int_equal(sv_fetch_url_read(sv_str_from(good[i].text), NULL, &url), SV_OK);
        assert_str(url.scheme, good[i].scheme);
        assert_str(url.host, good[i].host);
        assert_int_equal(url.port, good[i].port);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_fetch_url url;
        sv_error error = {0};
        assert_int_equal(sv_fetch_url_read(sv_str_from(bad[i].text), &error, &url), SV_INVALID);
        if (!strstr(error.message, bad[i].words))
            fail_msg("%s: %s", bad[i].text, error.message);
    }
}

static void test_zero_bytes_and_length(void **state)
{
    (void)state;
    static char text[8193] = "http://example.com/";
    sv_fetch_url url;
    assert_int_equal(sv_fetch_url_read(SV_STR("http://a\0b/"), NULL, &url), SV_INVALID);
    assert_int_equal(sv_fetch_url_read(SV_STR("http://a/\0"), NULL, &url), SV_INVALID);
    memset(text + 19, 'x', sizeof text - 19);
    assert_int_equal(sv_fetch_url_read((sv_str){text, 8192}, NULL, &url), SV_OK);
    assert_int_equal(sv_fetch_url_read((sv_str){text, 8193}, NULL, &url), SV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_zero_bytes_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
