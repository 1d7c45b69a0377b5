/* test_host.c: the rules of the Host field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/host.h"

static void test_valid(void **state)
{
    (void)state;
    static const char *const good[] = {"a",     "a.b-c_d~1",   "a:",   "a:80", "127.0.0.1:65535",
                                       "[::1]", "[fe80::1]:1", "a%20b"};
    static const char *const bad[] = {"",    ":80",      "a b",   "a/b",      "a@b",  "a,b",
                                      "a:b", "a:123456", "a:1:2", "[::1",     "[]",   "[::1]x",
                                      "[g]", "a\"",      "::1",   "\xC3\xA9", "a\\b", "a?b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(sv_host_is_valid(sv_str_from(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sv_host_is_valid(sv_str_from(bad[i])))
            fail_msg("%s is valid", bad[i]);
}

static int check(const char *host, const char *authority, int minor, const char *const *allowed)
{
    sv_http_header header = {SV_STR("hOsT"), sv_str_from(host)};
    sv_str target = authority ? sv_str_from(authority) : (sv_str){0};
    sv_refusal refusal = sv_host_check(&header, host != NULL, minor, target, allowed);
    if (!refusal.kind && authority && host)
        assert_true(sv_str_eq(header.value, target));
    return refusal.kind ? refusal.kind->status : 0;
}

static void test_fields(void **state)
{
    (void)state;
    sv_http_header twice[] = {{SV_STR("Host"), SV_STR("a")}, {SV_STR("host"), SV_STR("a")}};
    assert_int_equal(check("a", NULL, 1, NULL), 0);
    assert_int_equal(check(NULL, NULL, 1, NULL), 400);
    assert_int_equal(check(NULL, NULL, 0, NULL), 0);
    assert_int_equal(check("", NULL, 0, NULL), 400);
    assert_int_equal(check(NULL, "a", 1, NULL), 400);
    assert_int_equal(check("b", "a:1", 1, NULL), 0);
    assert_ptr_equal(sv_host_check(twice, 2, 0, (sv_str){0}, NULL).kind, &sv_kind_bad_request);
}

static void test_allowed(void **state)
{
    (void)state;
    static const char *const allowed[] = {"a.example", "*.b.example", "[::1]", NULL};
    static const char *const all[] = {"*", NULL};
    assert_int_equal(check("a.example", NULL, 1, allowed), 0);
    assert_int_equal(check("A.Example:8000", NULL, 1, allowed), 0);
    assert_int_equal(check("x.b.example", NULL, 1, allowed), 0);
    assert_int_equal(check("[::1]:80", NULL, 1, allowed), 0);
    assert_int_equal(check("b.example", NULL, 1, allowed), 400);
    assert_int_equal(check(".b.example", NULL, 1, allowed), 400);
    assert_int_equal(check("xa.example", NULL, 1, allowed), 400);
    assert_int_equal(check("evil", "a.example", 1, allowed), 0);
    assert_int_equal(check("a.example", "evil", 1, allowed), 400);
    assert_int_equal(check(NULL, NULL, 0, allowed), 400);
    assert_int_equal(check("anything", NULL, 1, all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
