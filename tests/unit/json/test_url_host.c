/* test_url_host.c: hosts by themselves; test_url.c has the long table. */
#include <string.h>

#include "json_cases.h"
#include "json/url_host.h"

typedef struct row {
    const char *text;
    bool is_special;
    const char *expected; /* the host, or what is wrong with it */
} row;

static const row rows[] = {
    {"Example.COM", true, "example.com"},
    {"Example.COM", false, "Example.COM"},
    {"a b", false, "invalid domain character"},
    {"a b", true, "invalid international domain name"},
    {"0x7f.1", true, "127.0.0.1"},
    {"0x7f.1", false, "0x7f.1"},
    {"1.2.3.4.5", true, "invalid IPv4 address"},
    {"[0:0::1]", true, "[::1]"},
    {"[0:0::1]", false, "[::1]"},
    {"[fe80::1%1]", true, "invalid IPv6 address"},
    {"[", true, "invalid IPv6 address"},
    {"%C3%BC", true, "xn--tda"},
    {"%C3%BC", false, "%C3%BC"},
    {"\303\274", false, "%C3%BC"},
    {"\302\255", true, "empty host"},
};

static void test_hosts(void **state)
{
    (void)state;
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf out;
        sv_str text = sv_str_from(rows[i].text);
        sv_buf_init(&out, 1 << 10);
        const char *problem = sv_url_host_append(&out, text, rows[i].is_special);
        n_wrong += !cases_same(text, sv_str_from(rows[i].expected),
                               problem ? sv_str_from(problem) : sv_buf_str(&out));
        sv_buf_deinit(&out);
    }
    assert_int_equal(n_wrong, 0);
}

static void test_full_buffer(void **state)
{
    (void)state;
    sv_buf out;
    sv_buf_init(&out, 4);
    assert_null(sv_url_host_append(&out, SV_STR("example.com"), true));
    assert_int_equal(sv_buf_status(&out), SV_TOO_LARGE);
    sv_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
