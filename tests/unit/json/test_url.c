/* test_url.c: URLs as pydantic takes and prints them; the table of AnyUrl was recorded. */
#include <stdlib.h>
#include <string.h>

#include "../failing_malloc.h"
#include "json_cases.h"
#include "json/url.h"

typedef struct row {
    const char *text, *printed, *problem; /* one of the two is NULL */
} row;

static const row rows[] = {
    {"http://example.com", "http://example.com/", NULL},
    {"HTTP://EXAMPLE.com", "http://example.com/", NULL},
    {"http://example.com:80", "http://example.com/", NULL},
    {"https://example.com:443/", "https://example.com/", NULL},
    {"https://example.com:80", "https://example.com:80/", NULL},
    {"http:example.com", "http://example.com/", NULL},
    {"http:/example.com", "http://example.com/", NULL},
    {"http:///example.com", "http://example.com/", NULL},
    {"http:\\\\example.com\\a\\b", "http://example.com/a/b", NULL},
    {" http://example.com ", "http://example.com/", NULL},
    {"ht\012tp://exa\011mple.com/a\012b", "http://example.com/ab", NULL},
    {"http://example.com/a/../b", "http://example.com/b", NULL},
    {"http://example.com/a/./b/", "http://example.com/a/b/", NULL},
    {"http://example.com/..", "http://example.com/", NULL},
    {"http://example.com/a/..", "http://example.com/", NULL},
    {"http://example.com/a/.", "http://example.com/a/", NULL},
    {"http://example.com/%2e%2E/x", "http://example.com/x", NULL},
    {"http://example.com/a/.%2e/b", "http://example.com/b", NULL},
    {"http://example.com/a b", "http://example.com/a%20b", NULL},
    {"http://example.com/\"<>`{}|^[]", "http://example.com/%22%3C%3E%60%7B%7D|^[]", NULL},
    {"http://example.com/?a b\"<>`'{}|^", "http://example.com/?a%20b%22%3C%3E`%27{}|^", NULL},
    {"http://example.com/#a b\"<>`{}|^", "http://example.com/#a%20b%22%3C%3E%60{}|^", NULL},
    {"foo://h/?'", "foo://h/?'", NULL},
    {"foo://h/^{}|", "foo://h/^%7B%7D|", NULL},
    {"http://example.com?x", "http://example.com/?x", NULL},
    {"http://example.com#x", "http://example.com/#x", NULL},
    {"http://example.com/?", "http://example.com/?", NULL},
    {"http://example.com/#", "http://example.com/#", NULL},
    {"http://user:pass@example.com", "http://user:pass@example.com/", NULL},
    {"http://user@example.com", "http://user@example.com/", NULL},
    {"http://user:@example.com", "http://user@example.com/", NULL},
    {"http://:pass@example.com", "http://:pass@example.com/", NULL},
    {"http://:@example.com", "http://example.com/", NULL},
    {"http://@example.com", "http://example.com/", NULL},
    {"http://a@b@c.com", "http://a%40b@c.com/", NULL},
    {"http://us er:p:ss;=@h.com", "http://us%20er:p%3Ass%3B%3D@h.com/", NULL},
    {"http://u%zz@h", "http://u%zz@h/", NULL},
    {"http://u/@h", "http://u/@h", NULL},
    {"http://ex%61mple.com", "http://example.com/", NULL},
    {"http://ex ample.com", NULL, "invalid international domain name"},
    {"http://a<b", NULL, "invalid international domain name"},
    {"http://a_b.com", "http://a_b.com/", NULL},
    {"http://a..b", "http://a..b/", NULL},
    {"http://a.", "http://a./", NULL},
    {"http://.", "http://./", NULL},
    {"http://.a", "http://.a/", NULL},
    {"http://-a", "http://-a/", NULL},
    {"http://1.2.3.4", "http://1.2.3.4/", NULL},
    {"http://1", "http://0.0.0.1/", NULL},
    {"http://256", "http://0.0.1.0/", NULL},
    {"http://0x7f.1", "http://127.0.0.1/", NULL},
    {"http://0177.0.0.1", "http://127.0.0.1/", NULL},
    {"http://1.2.3", "http://1.2.0.3/", NULL},
    {"http://1.2.3.4.", "http://1.2.3.4/", NULL},
    {"http://1.2.3.4.5", NULL, "invalid IPv4 address"},
    {"http://256.1.1.1", NULL, "invalid IPv4 address"},
    {"http://1.2.3.256", NULL, "invalid IPv4 address"},
    {"http://4294967295", "http://255.255.255.255/", NULL},
    {"http://4294967296", NULL, "invalid IPv4 address"},
    {"http://0x", "http://0.0.0.0/", NULL},
    {"http://1.0x", "http://1.0.0.0/", NULL},
    {"http://09", NULL, "invalid IPv4 address"},
    {"http://a.09", NULL, "invalid IPv4 address"},
    {"http://1..2", NULL, "invalid IPv4 address"},
    {"http://a.1", NULL, "invalid IPv4 address"},
    {"http://0xg", "http://0xg/", NULL},
    {"http://a.0x1f", NULL, "invalid IPv4 address"},
    {"http://[::1]", "http://[::1]/", NULL},
    {"http://[::1]:80", "http://[::1]/", NULL},
    {"http://[1:2:0:0:0:0:7:8]/", "http://[1:2::7:8]/", NULL},
    {"http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/", NULL},
    {"http://[::1", NULL, "invalid IPv6 address"},
    {"http://[::1]x", NULL, "invalid IPv6 address"},
    {"http://[1]", NULL, "invalid IPv6 address"},
    {"http://[::1%25e]", NULL, "invalid IPv6 address"},
    {"http://[::1.2.3]", NULL, "invalid IPv6 address"},
    {"http://[]", NULL, "invalid IPv6 address"},
    {"http://[1:2:3:4:5:6:7::]", "http://[1:2:3:4:5:6:7:0]/", NULL},
    {"http://\303\251xample.com", "http://xn--xample-9ua.com/", NULL},
    {"http://B\303\234CHER.de", "http://xn--bcher-kva.de/", NULL},
    {"http://fa\303\237.de", "http://xn--fa-hia.de/", NULL},
    {"http://\344\276\213\345\255\220.\346\265\213\350\257\225", "http://xn--fsqu00a.xn--0zwm56d/",
     NULL},
    {"http://\357\274\245xample.com", "http://example.com/", NULL},
    {"http://a\343\200\202b", "http://a.b/", NULL},
    {"http://\321\200\321\204.\321\200\321\204", "http://xn--p1ai.xn--p1ai/", NULL},
    {"http://\316\243\317\202.gr", "http://xn--3xab.gr/", NULL},
    {"http://xn--bcher-kva.de", "http://xn--bcher-kva.de/", NULL},
    {"http://xn--a", NULL, "invalid international domain name"},
    {"http://xn--", NULL, "invalid international domain name"},
    {"http://a\302\255b", "http://ab/", NULL},
    {"http://\302\255", NULL, "empty host"},
    {"http://\360\237\230\200.la", "http://xn--e28h.la/", NULL},
    {"http://a\342\200\215b.c", NULL, "invalid international domain name"},
    {"http://a\302\200", NULL, "invalid international domain name"},
    {"http://\357\277\275", NULL, "invalid international domain name"},
    {"http://ab--c.de", "http://ab--c.de/", NULL},
    {"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.de",
     "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.de/", NULL},
    {"http://\327\220\327\221.il", "http://xn--4dbc.il/", NULL},
    {"http://a%00b", NULL, "invalid international domain name"},
    {"http://a%", NULL, "invalid international domain name"},
    {"http://a%zz", NULL, "invalid international domain name"},
    {"http://a%C3%A9", "http://xn--a-bga/", NULL},
    {"http://a%80", NULL, "invalid international domain name"},
    {"http://example.com:", "http://example.com/", NULL},
    {"http://example.com:/", "http://example.com/", NULL},
    {"http://example.com:0", "http://example.com:0/", NULL},
    {"http://example.com:65535", "http://example.com:65535/", NULL},
    {"http://example.com:65536", NULL, "invalid port number"},
    {"http://example.com:8a", NULL, "invalid port number"},
    {"http://example.com:-1", NULL, "invalid port number"},
    {"http://example.com:00080", "http://example.com/", NULL},
    {"http://example.com:\357\274\221", NULL, "invalid port number"},
    {"http://", NULL, "empty host"},
    {"http:", NULL, "empty host"},
    {"https://", NULL, "empty host"},
    {"http://?x", NULL, "empty host"},
    {"http:// ", NULL, "empty host"},
    {"http://:80", NULL, "empty host"},
    {"http://@", NULL, "empty host"},
    {"http://user@", NULL, "empty host"},
    {"http://user@:80", NULL, "empty host"},
    {"", NULL, "input is empty"},
    {"   ", NULL, "relative URL without a base"},
    {"x", NULL, "relative URL without a base"},
    {"/x", NULL, "relative URL without a base"},
    {"//x", NULL, "relative URL without a base"},
    {"x/y", NULL, "relative URL without a base"},
    {"1http://x", NULL, "relative URL without a base"},
    {"ht_tp://x", NULL, "relative URL without a base"},
    {"+a://b", NULL, "relative URL without a base"},
    {":x", NULL, "relative URL without a base"},
    {"://x", NULL, "relative URL without a base"},
    {"http", NULL, "relative URL without a base"},
    {"ht%74p://x", NULL, "relative URL without a base"},
    {"ftp://h:21/a", "ftp://h/a", NULL},
    {"ws://h:80", "ws://h/", NULL},
    {"wss://h:443/x", "wss://h/x", NULL},
    {"file:///a", "file:///a", NULL},
    {"file://h/a", "file://h/a", NULL},
    {"file:a", "file:///a", NULL},
    {"file://///", "file:///", NULL},
    {"file://0x1///a//b", "file://0.0.0.1/a//b", NULL},
    {"file:///a/..////:80", "file:///:80", NULL},
    {"file:///C:/..", "file:///C:/", NULL},
    {"file:///c|/x", "file:///c|/x", NULL},
    {"FILE://localhost/x", "file:///x", NULL},
    {"file:", "file:///", NULL},
    {"file:///", "file:///", NULL},
    {"file://H:1/", NULL, "invalid international domain name"},
    {"file:\\\\h\\a", "file://h/a", NULL},
    {"mailto:a@b.c", "mailto:a@b.c", NULL},
    {"mailto: a b ", "mailto: a b", NULL},
    {"data:text/plain,a b#c d", "data:text/plain,a b#c%20d", NULL},
    {"javascript:x\012y", "javascript:xy", NULL},
    {"foo:", "foo:", NULL},
    {"foo:/", "foo:/", NULL},
    {"foo://", "foo://", NULL},
    {"foo:///", "foo:///", NULL},
    {"foo://H", "foo://H", NULL},
    {"foo://H/", "foo://H/", NULL},
    {"foo://H:80/a/../b", "foo://H:80/b", NULL},
    {"foo://h:", "foo://h", NULL},
    {"foo://a b", NULL, "invalid domain character"},
    {"foo://h<", NULL, "invalid domain character"},
    {"foo://\303\251", "foo://%C3%A9", NULL},
    {"foo://[::1]", "foo://[::1]", NULL},
    {"foo://[::1]:0", "foo://[::1]:0", NULL},
    {"foo://u:p@H/", "foo://u:p@H/", NULL},
    {"foo://u@", NULL, "empty host"},
    {"foo://@/", NULL, "empty host"},
    {"foo://:1", NULL, "empty host"},
    {"foo:/a/../b", "foo:/b", NULL},
    {"foo:/..//b", "foo:/.//b", NULL},
    {"foo:a/../b", "foo:a/../b", NULL},
    {"foo:a\\b", "foo:a\\b", NULL},
    {"foo:\\a", "foo:\\a", NULL},
    {"foo:/a\\b", "foo:/a\\b", NULL},
    {"foo://h\\a", NULL, "invalid domain character"},
    {"foo:?q", "foo:?q", NULL},
    {"foo:#f", "foo:#f", NULL},
    {"foo:a?b c'#d e`", "foo:a?b%20c'#d%20e%60", NULL},
    {"foo:a #b", "foo:a #b", NULL},
    {"foo:a ", "foo:a", NULL},
    {"foo:a ?b", "foo:a ?b", NULL},
    {"foo:a  #b", "foo:a  #b", NULL},
    {"foo:\303\251 x", "foo:%C3%A9 x", NULL},
    {"foo://%41", "foo://%41", NULL},
    {"foo://h%", "foo://h%", NULL},
    {"foo://h/%zz\303\251", "foo://h/%zz%C3%A9", NULL},
    {"foo://h^x", NULL, "invalid domain character"},
    {"foo://h|x", NULL, "invalid domain character"},
    {"foo://h/\001", "foo://h/", NULL},
    {"foo:\177", "foo:%7F", NULL},
    {"http://h/\177\037", "http://h/%7F", NULL},
    {"http://h/\303\251?\303\251#\303\251", "http://h/%C3%A9?%C3%A9#%C3%A9", NULL},
    {"http://h/?a=b&c=d#e#f?g", "http://h/?a=b&c=d#e#f?g", NULL},
    {"http://h?a?b", "http://h/?a?b", NULL},
    {"http://h/a?b/../c", "http://h/a?b/../c", NULL},
    {"http://h/a#b/../c", "http://h/a#b/../c", NULL},
    {"http://h//a//b", "http://h//a//b", NULL},
    {"http://h//..//a", "http://h//a", NULL},
    {"http://h/a/b/../../../c", "http://h/c", NULL},
    {"http://h/...", "http://h/...", NULL},
    {"http://h/..a", "http://h/..a", NULL},
    {"http://h\\@x", "http://h/@x", NULL},
    {"http://u\\@x", "http://u/@x", NULL},
    {"http://h/%", "http://h/%", NULL},
    {"http://h/a%2fb", "http://h/a%2fb", NULL},
    {"http://h/\342\200\250", "http://h/%E2%80%A8", NULL},
    {"http://h/a;b=c,d", "http://h/a;b=c,d", NULL},
    {"http://h/a:b@c", "http://h/a:b@c", NULL},
    {"http://h/!$&'()*+,-._~", "http://h/!$&'()*+,-._~", NULL},
    {"http://\303\251:\303\251@h", "http://%C3%A9:%C3%A9@h/", NULL},
    {"http://h/\355\237\277", "http://h/%ED%9F%BF", NULL},
    {"https:/\\h", "https://h/", NULL},
    {"http:\011//h", "http://h/", NULL},
    {"\302\240http://h", NULL, "relative URL without a base"},
    {"http://h\302\240", NULL, "invalid international domain name"},
    {"http://a\342\200\250b", NULL, "invalid international domain name"},
    {"http://h/ \011", "http://h/", NULL},
    {"http://h/a  ", "http://h/a", NULL},
    {"http://h/?a  b", "http://h/?a%20%20b", NULL},
    {"http://[::1]a", NULL, "invalid IPv6 address"},
    {"http://[v1.a]", NULL, "invalid IPv6 address"},
    {"http://a]b", NULL, "invalid international domain name"},
    {"http://a[b", NULL, "invalid international domain name"},
    {"http://a^b", NULL, "invalid international domain name"},
    {"http://a|b", NULL, "invalid international domain name"},
    {"http://a%7Cb", NULL, "invalid international domain name"},
    {"http://a%5bb", NULL, "invalid international domain name"},
    {"http://a'b", "http://a'b/", NULL},
    {"http://a!b$c&d*e+f,g;h=i", "http://a!b$c&d*e+f,g;h=i/", NULL},
    {"http://a`b", "http://a`b/", NULL},
    {"http://a{b}", "http://a{b}/", NULL},
    {"http://a~b", "http://a~b/", NULL},
    {"http://a\"b", "http://a\"b/", NULL},
    {"http://a(b)", "http://a(b)/", NULL},
    {"http://a%2eb", "http://a.b/", NULL},
    {"http://%30x7f", "http://0.0.0.127/", NULL},
    {"http://h:80:90", NULL, "invalid port number"},
    {"http://u:p:q@h", "http://u:p%3Aq@h/", NULL},
    {"http://u@h:99999", NULL, "invalid port number"},
    {"http://999999999999999999999", NULL, "invalid IPv4 address"},
    {"http://0xffffffffff", NULL, "invalid IPv4 address"},
    {"http://1.99999999999", NULL, "invalid IPv4 address"},
    {"http://0x1.0x2.0x3.0x4", "http://1.2.3.4/", NULL},
    {"http://00000000000000000000000001", "http://0.0.0.1/", NULL},
    {"postgres://u:p@h:5432/db", "postgres://u:p@h:5432/db", NULL},
    {"redis://h/0", "redis://h/0", NULL},
    {"a+b-c.1://x/../y", "a+b-c.1://x/y", NULL},
    {"urn:isbn:123", "urn:isbn:123", NULL},
    {"tel:+1", "tel:+1", NULL},
    {"foo:/.//a", "foo:/.//a", NULL},
    {"foo:/a/..//b", "foo:/.//b", NULL},
    {"foo://h/..//b", "foo://h//b", NULL},
    {"foo:..", "foo:..", NULL},
    {"foo:.//a", "foo:.//a", NULL},
    {"web+demo:/.//not-a-host/", "web+demo:/.//not-a-host/", NULL},
    {"http://\342\204\252", "http://k/", NULL},
    {"http://\341\272\236", "http://xn--zca/", NULL},
    {"http://\302\252", "http://a/", NULL},
    {"http://\357\274\216", "http://./", NULL},
    {"http://a\357\274\216b", "http://a.b/", NULL},
    {"http://\331\240\331\241", NULL, "invalid international domain name"},
    {"http://\314\200a", NULL, "invalid international domain name"},
    {"http://\343\205\244x", NULL, "invalid international domain name"},
    {"http://xn--80ak6aa92e.com", "http://xn--80ak6aa92e.com/", NULL},
    {"http://xn--bcher-kva.de\343\200\202x", "http://xn--bcher-kva.de.x/", NULL},
    {"http://XN--BCHER-KVA.de", "http://xn--bcher-kva.de/", NULL},
    {"http://\316\221\316\222", "http://xn--mxac/", NULL},
    {"http://\320\226.\320\211", "http://xn--f1a.xn--f2a/", NULL},
    {"http://\324\261", "http://xn--y9a/", NULL},
    {"http://\341\202\240", NULL, "invalid international domain name"},
    {"http://\341\270\200", "http://xn--2fg/", NULL},
    {"http://\342\261\240", "http://xn--7fj/", NULL},
    {"http://a\357\270\217b", "http://ab/", NULL},
    {"http://\340\270\201", "http://xn--12c/", NULL},
    {"http://\340\244\225\340\245\215\342\200\215\340\244\267", "http://xn--11b2ezcw70k/", NULL},
    {"http://a-", "http://a-/", NULL},
    {"http://a.-b", "http://a.-b/", NULL},
    {"http://xn--a-ecp.ru", NULL, "invalid international domain name"},
    {"http://\352\260\200", "http://xn--o39a/", NULL},
    {"http://www.\320\264\320\276\320\274\320\265\320\275.\321\200\321\204/"
     "\320\277?\320\267#\321\204",
     "http://www.xn--d1acufc.xn--p1ai/%D0%BF?%D0%B7#%D1%84", NULL},
    {"foo://\357\274\241", "foo://%EF%BC%A1", NULL},
    {"foo://H%C3", "foo://H%C3", NULL},
    {"http://2001:db8::1/", NULL, "invalid port number"},
    {"http://user:pa ss@h/", "http://user:pa%20ss@h/", NULL},
    {"http://a:b:c@d:1/e", "http://a:b%3Ac@d:1/e", NULL},
    {"https://h:443?x", "https://h/?x", NULL},
    {"wss://h:80", "wss://h:80/", NULL},
    {"http://h:080", "http://h/", NULL},
    {"foo://h:00443/", "foo://h:443/", NULL},
};

static sv_url read_url(sv_arena *arena, sv_str text, const sv_url_rules *rules)
{
    sv_url url = {0};
    assert_int_equal(sv_url_read(arena, text, rules, &url), SV_OK);
    return url;
}

static void test_any_url(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_str text = sv_str_from(rows[i].text);
        sv_url url = read_url(arena, text, &sv_url_any);
        sv_error_type error = rows[i].problem ? SV_ERROR_TYPE_URL_PARSING : SV_ERROR_TYPE_NONE;
        const char *expected = rows[i].problem ? rows[i].problem : rows[i].printed;
        n_wrong +=
            !cases_same(text, sv_str_from(expected), url.error ? url.context.text : url.text);
        n_wrong += url.error != error;
    }
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}

static void test_printed_is_normal(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].printed)
            continue;
        sv_str text = sv_str_from(rows[i].printed);
        size_t used = sv_arena_used(arena);
        sv_url url = read_url(arena, text, &sv_url_any);
        assert_true(cases_same(text, text, url.text));
        assert_ptr_equal(url.text.ptr, text.ptr);
        assert_int_equal(sv_arena_used(arena), used);
    }
    sv_arena_free(arena);
}

static void test_zero_bytes(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_url url = read_url(arena, SV_STR("\x1fhttp://h\0"), &sv_url_any);
    assert_true(sv_str_eq(url.text, SV_STR("http://h/")));
    url = read_url(arena, SV_STR("http://h/a\0b"), &sv_url_any);
    assert_true(sv_str_eq(url.text, SV_STR("http://h/a%00b")));
    url = read_url(arena, SV_STR("http://\0a"), &sv_url_any);
    assert_true(sv_str_eq(url.context.text, SV_STR("invalid international domain name")));
    sv_arena_free(arena);
}

static void test_rules(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_url url = read_url(arena, SV_STR("ftp://x"), &sv_url_http);
    assert_int_equal(url.error, SV_ERROR_TYPE_URL_SCHEME);
    assert_true(sv_str_eq(url.context.text, SV_STR("'http' or 'https'")));
    url = read_url(arena, SV_STR("http://x/"), &sv_url_websocket);
    assert_int_equal(url.error, SV_ERROR_TYPE_URL_SCHEME);
    assert_true(sv_str_eq(url.context.text, SV_STR("'ws' or 'wss'")));
    assert_int_equal(read_url(arena, SV_STR("HTTPS://x"), &sv_url_http).error, 0);
    assert_int_equal(read_url(arena, SV_STR("x"), &sv_url_http).error, SV_ERROR_TYPE_URL_PARSING);
    assert_int_equal(read_url(arena, SV_STR("FILE:x"), &sv_url_file).error, 0);
    sv_arena_free(arena);
}

static void test_longest(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    char text[2084];
    memset(text, 'a', sizeof text);
    memcpy(text, "http://h/", 9);
    assert_int_equal(read_url(arena, (sv_str){text, 2083}, &sv_url_http).error, 0);
    sv_url url = read_url(arena, (sv_str){text, 2084}, &sv_url_http);
    assert_int_equal(url.error, SV_ERROR_TYPE_URL_TOO_LONG);
    assert_int_equal(url.context.integer, 2083);
    assert_int_equal(read_url(arena, (sv_str){text, 2084}, &sv_url_any_http).error, 0);
    memset(text, ' ', sizeof text);
    assert_int_equal(read_url(arena, (sv_str){text, 2084}, &sv_url_http).error,
                     SV_ERROR_TYPE_URL_TOO_LONG);
    sv_arena_free(arena);
}

static bool read_with_failures(void *text)
{
    sv_arena *arena = sv_arena_new(0);
    sv_url url;
    sv_status status = SV_NO_MEMORY;
    if (arena)
        status = sv_url_read(arena, sv_str_from(text), &sv_url_any, &url);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    char text[] = "ht\ntp://u:p@b\303\274cher.xn--bcher-kva.de:8080/a/../b?\303\274#\303\274";
    assert_true(failing_malloc_try_each(read_with_failures, text) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_url),    cmocka_unit_test(test_printed_is_normal),
        cmocka_unit_test(test_zero_bytes), cmocka_unit_test(test_rules),
        cmocka_unit_test(test_longest),    cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
