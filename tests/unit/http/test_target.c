/* test_target.c: request targets taken apart and normalised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/target.h"

static void assert_str(sv_str text, const char *expected)
{
    if (!sv_str_eq(text, sv_str_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SV_STR_ARG(text), expected);
}

static void test_good_targets(void **state)
{
    (void)state;
    static const struct {
        const char *target, *authority, *raw_path, *path, *query;
    } rows[] = {
        {"/", NULL, "/", "/", ""},
        {"/a/b?c=%zz&d", NULL, "/a/b", "/a/b", "c=%zz&d"},
        {"/a?b?c", NULL, "/a", "/a", "b?c"},
        {"/?", NULL, "/", "/", ""},
        {"/a%20b%C3%A9", NULL, "/a%20b%C3%A9", "/a b\xC3\xA9", ""},
        {"/a%ffb", NULL, "/a%ffb",
         "/a\xEF\xBF\xBD"
         "b",
         ""},
        {"/a%2Fb%2fc", NULL, "/a%2Fb%2fc", "/a%2Fb%2Fc", ""},
        {"/a%2F%ff", NULL, "/a%2F%ff", "/a%2F\xEF\xBF\xBD", ""},
        {"/a%252Fb", NULL, "/a%252Fb", "/a%2Fb", ""},
        {"/a/./b", NULL, "/a/./b", "/a/b", ""},
        {"/a/../b", NULL, "/a/../b", "/b", ""},
        {"/a/b/..", NULL, "/a/b/..", "/a/", ""},
        {"/a/..", NULL, "/a/..", "/", ""},
        {"/.", NULL, "/.", "/", ""},
        {"/a/%2e%2E/b", NULL, "/a/%2e%2E/b", "/b", ""},
        {"/a/%2E", NULL, "/a/%2E", "/a/", ""},
        {"/...", NULL, "/...", "/...", ""},
        {"/.a/..b", NULL, "/.a/..b", "/.a/..b", ""},
        {"//a//../b", NULL, "//a//../b", "//a/b", ""},
        {"/a/..%2Fb", NULL, "/a/..%2Fb", "/a/..%2Fb", ""},
        {"http://h/p?q", "h", "/p", "/p", "q"},
        {"HTTPS://h:8", "h:8", "/", "/", ""},
        {"http://[::1]?q", "[::1]", "/", "/", "q"},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_target target;
        sv_refusal refusal = sv_target_read(arena, sv_str_from(rows[i].target), &target);
        if (refusal.kind)
            fail_msg("%s: %s", rows[i].target, refusal.message);
        assert_str(target.raw_path, rows[i].raw_path);
        assert_str(sv_target_show_path(arena, target.path), rows[i].path);
        assert_str(target.query, rows[i].query);
        assert_int_equal(target.authority.ptr != NULL, rows[i].authority != NULL);
        if (rows[i].authority)
            assert_str(target.authority, rows[i].authority);
    }
    sv_arena_free(arena);
}

static void test_bad_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a",         "a/b",      "?q",         "/a b",    "/a#b",       "/\x7f",
        "/\xC3\xA9", "/\x01",    "/%",         "/%4",     "/%zz",       "/%00",
        "/a/%00",    "/..",      "/a/../..",   "/%2e%2e", "http:/a",    "http://",
        "http:///a", "ftp://a/", "http://u@h", "a:80",    "http://a b/"};
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_target target;
        sv_refusal refusal = sv_target_read(arena, sv_str_from(bad[i]), &target);
        if (!refusal.kind || refusal.kind->status != 400)
            fail_msg("%s is taken", bad[i]);
    }
    sv_arena_free(arena);
}

static void test_encoded_slash(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_target target;
    assert_null(sv_target_read(arena, SV_STR("/a%2Fb/c"), &target).kind);
    assert_str(sv_str_slice(target.path, 0, 2), "/a");
    assert_int_equal((unsigned char)target.path.ptr[2], SV_TARGET_SLASH);
    assert_str(sv_target_read_param(arena, sv_str_slice(target.path, 1, 3)), "a/b");
    assert_null(sv_target_read(arena, SV_STR("*"), &target).kind);
    assert_true(target.is_asterisk);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_targets),
        cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_encoded_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
