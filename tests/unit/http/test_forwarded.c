/* test_forwarded.c: who is believed to be the client behind proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/forwarded.h"

enum { MAX_FIELDS = 3 };

static const char trusted[] = "127.0.0.1, 10.0.0.0/8,2001:db8:1::/48 ,unix:";

static const struct {
    const char *peer, *fields[MAX_FIELDS]; /* "Name: value" */
    const char *client, *scheme;           /* "": nothing was said */
} rows[] = {
    {"127.0.0.1", {0}, "", ""},
    {"192.0.2.9", {"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"}, "192.0.2.1", "https"},
    {"", {"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1", ""},
    {"2001:db8:1::5%eth0", {"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1", ""},
    {"127.0.0.1", {"x-forwarded-for: 6.6.6.6, 192.0.2.1 ,10.1.1.1,, 10.2.2.2"}, "192.0.2.1", ""},
    {"127.0.0.1",
     {"X-Forwarded-For: 6.6.6.6, 192.0.2.1", "X-Forwarded-For: 10.0.0.2"},
     "192.0.2.1",
     ""},
    {"127.0.0.1", {"X-Forwarded-For: 10.0.0.1, 10.0.0.2, 127.0.0.1"}, "10.0.0.1", ""},
    {"127.0.0.1", {"X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.2, 10.0.0.3"}, "10.0.0.2", ""},
    {"127.0.0.1", {"X-Forwarded-For: 6.6.6.6, unknown"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: 192.0.2.1, 192.0.2.2:1234"}, "192.0.2.2", ""},
    {"127.0.0.1", {"X-Forwarded-For: [2001:DB8::1]:4711"}, "2001:db8::1", ""},
    {"127.0.0.1", {"X-Forwarded-For: [2001:db8::1]"}, "2001:db8::1", ""},
    {"127.0.0.1", {"X-Forwarded-For: 2001:db8::1"}, "2001:db8::1", ""},
    {"127.0.0.1", {"X-Forwarded-For: ::ffff:192.0.2.1"}, "192.0.2.1", ""},
    {"127.0.0.1", {"X-Forwarded-For: [192.0.2.1]"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: [2001:db8::1"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: [2001:db8::1]x"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: 192.0.2.1:"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: 192.0.2.1:70000"}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: \"192.0.2.1\""}, "", ""},
    {"127.0.0.1", {"X-Forwarded-For: "}, "", ""},
    {"127.0.0.1", {"X-Real-IP: 192.0.2.1", "X-Forwarded-Host: a"}, "", ""},

    {"127.0.0.1", {"X-Forwarded-Proto: http"}, "", "http"},
    {"127.0.0.1", {"X-Forwarded-Proto: WSS"}, "", "https"},
    {"127.0.0.1", {"X-Forwarded-Proto: http, https"}, "", "https"},
    {"127.0.0.1", {"X-Forwarded-Proto: https, gopher"}, "", ""},

    {"127.0.0.1",
     {"Forwarded: for=192.0.2.60;proto=https;by=203.0.113.43, For=\"[2001:db8:1::17]:47011\""},
     "192.0.2.60",
     ""},
    {"127.0.0.1", {"Forwarded: for=6.6.6.6, for=192.0.2.1; PROTO=https"}, "192.0.2.1", "https"},
    {"127.0.0.1", {"Forwarded: for=\"192.0.2.1:80\";x=\"a,b;for=6.6.6.6\\\"\""}, "192.0.2.1", ""},
    {"127.0.0.1", {"Forwarded: for=192.0.2.1, for=unknown"}, "", ""},
    {"127.0.0.1", {"Forwarded: for=192.0.2.1, for=_hidden, for=10.0.0.1"}, "10.0.0.1", ""},
    {"127.0.0.1", {"Forwarded: for=192.0.2.1, proto=http"}, "", "http"},
    {"127.0.0.1", {"Forwarded: for=192.0.2.1", "Forwarded: for=10.0.0.1"}, "192.0.2.1", ""},
    {"127.0.0.1", {"Forwarded: for=\"192.0.2.1"}, "", ""},
    {"127.0.0.1",
     {"Forwarded: for=6.6.6.6;proto=https", "X-Forwarded-For: 192.0.2.1"},
     "192.0.2.1",
     ""},
    {"127.0.0.1", {"Forwarded: for=192.0.2.1", "X-Forwarded-Proto: https"}, "192.0.2.1", ""},
};

static sv_forwarded_trust *make_trust(const char *list)
{
    sv_forwarded_trust *trust = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_forwarded_trust_new(sv_str_from(list), &problems, &trust), SV_OK);
    assert_int_equal(problems.len, 0);
    return trust;
}

static sv_forwarded_origin find(const sv_forwarded_trust *trust, const char *peer,
                                const char *const *lines)
{
    sv_http_header headers[MAX_FIELDS];
    size_t n = 0;
    for (; n < MAX_FIELDS && lines[n]; n++) {
        sv_str line = sv_str_from(lines[n]);
        size_t colon = sv_str_find(line, ':');
        headers[n].name = sv_str_slice(line, 0, colon);
        headers[n].value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    }
    return sv_forwarded_find(trust, sv_str_from(peer), headers, n);
}

static void test_rows(void **state)
{
    (void)state;
    sv_forwarded_trust *trust = make_trust(trusted);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_forwarded_origin origin = find(trust, rows[i].peer, rows[i].fields);
        if (strcmp(origin.client, rows[i].client) != 0 ||
            !sv_str_eq(origin.scheme, sv_str_from(rows[i].scheme)))
            fail_msg("row %zu (%s): %s %.*s", i, rows[i].fields[0], origin.client,
                     SV_STR_ARG(origin.scheme));
    }
    sv_forwarded_trust_free(trust);
}

static void test_trust(void **state)
{
    (void)state;
    static const char *const fields[MAX_FIELDS] = {"X-Forwarded-For: 6.6.6.6, 192.0.2.1"};
    static const struct {
        const char *list, *peer, *client;
    } lists[] = {
        {"*", "198.51.100.7", "6.6.6.6"},
        {"*", "", "6.6.6.6"},
        {"unix:", "", "192.0.2.1"},
        {"unix:", "127.0.0.1", ""},
        {"", "127.0.0.1", ""},
        {"127.0.0.1", "", ""},
        {"::1", "::1", "192.0.2.1"},
        {"127.0.0.1", "::ffff:127.0.0.1", "192.0.2.1"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        sv_forwarded_trust *trust = make_trust(lists[i].list);
        assert_string_equal(find(trust, lists[i].peer, fields).client, lists[i].client);
        sv_forwarded_trust_free(trust);
    }
    assert_string_equal(find(NULL, "127.0.0.1", fields).client, "");
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char *const bad[] = {"10.0.0.0/33", "proxy.example.com", "10.0.0.1:80",
                                      "unix:/run/x", "[::1]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_forwarded_trust *trust = NULL;
        sv_buf problems;
        char list[64] = "127.0.0.1, ";
        sv_buf_init(&problems, 4096);
        assert_int_equal(
            sv_forwarded_trust_new(sv_str_from(strcat(list, bad[i])), &problems, &trust),
            SV_INVALID);
        assert_null(trust);
        assert_non_null(memmem(problems.ptr, problems.len, bad[i], strlen(bad[i])));
        sv_buf_deinit(&problems);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    static char list[(SV_FORWARDED_MAX_ENTRIES + 1) * 4];
    sv_forwarded_trust *trust = NULL;
    sv_buf problems;
    for (int i = 0; i <= SV_FORWARDED_MAX_ENTRIES; i++)
        memcpy(list + i * 4, "::1,", 4);
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_forwarded_trust_new((sv_str){list, sizeof list}, &problems, &trust),
                     SV_INVALID);
    assert_true(problems.len > 0);
    assert_int_equal(sv_forwarded_trust_new((sv_str){list, sizeof list - 4}, &problems, &trust),
                     SV_OK);
    sv_forwarded_trust_free(trust);
    sv_buf_deinit(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
