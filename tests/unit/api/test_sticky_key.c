/* Where the key of a sticky user stands in a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/sticky_key.h"

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        int by;
        const char *name, *wanted;
    } cases[] = {
        {SV_MANIFEST_STICKY_HEADER, "x-user", "ada"},
        {SV_MANIFEST_STICKY_HEADER, "X-Group", ""},
        {SV_MANIFEST_STICKY_COOKIE, "session", "s 1"},
        {SV_MANIFEST_STICKY_COOKIE, "late", "2"},
        {SV_MANIFEST_STICKY_COOKIE, "Session", ""},
        {SV_MANIFEST_STICKY_QUERY, "user", "a b\xC3\xA9"},
        {SV_MANIFEST_STICKY_QUERY, "twice", "first"},
        {SV_MANIFEST_STICKY_QUERY, "none", ""},
        {SV_MANIFEST_STICKY_CLIENT, "", "192.0.2.7"},
        {SV_MANIFEST_STICKY_NONE, "", ""},
    };
    const sv_http_header headers[] = {
        {SV_STR("X-User"), SV_STR("ada")},
        {SV_STR("Cookie"), SV_STR("theme=dark; session=\"s 1\"")},
        {SV_STR("x-user"), SV_STR("somebody else")},
        {SV_STR("cookie"), SV_STR("late=2; session=other")},
    };
    sv_call call = {.arena = sv_arena_new(0),
                    .request = {.headers = headers,
                                .n_headers = sizeof headers / sizeof *headers,
                                .query = SV_STR("twice=first&user=a+b%C3%A9&twice=second"),
                                .client = SV_STR("192.0.2.7")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct manifest_sticky sticky = {.by = cases[i].by,
                                               .name = sv_str_from(cases[i].name)};
        sv_str key = sv_sticky_key_find(&call, &sticky);
        if (!sv_str_eq(key, sv_str_from(cases[i].wanted)))
            fail_msg("%s: '%.*s', not '%s'", cases[i].name, SV_STR_ARG(key), cases[i].wanted);
    }
    sv_arena_free(call.arena);
}

/* A request that says nothing. */
static void test_nothing(void **state)
{
    (void)state;
    sv_call call = {.arena = sv_arena_new(0)};
    for (int by = SV_MANIFEST_STICKY_NONE; by <= SV_MANIFEST_STICKY_CLIENT; by++) {
        const struct manifest_sticky sticky = {.by = by, .name = SV_STR("user")};
        assert_int_equal(sv_sticky_key_find(&call, &sticky).len, 0);
    }
    sv_arena_free(call.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
