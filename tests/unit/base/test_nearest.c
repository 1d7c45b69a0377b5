/* Which name was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static void test_names(void **state)
{
    (void)state;
    static const char *const known[] = {"port", "host", "max_body_size", "max_url_size", "ab"};
    static const struct {
        const char *wanted, *best; /* NULL: none is near */
        size_t distance;
    } cases[] = {
        {"port", "port", 0},
        {"prot", "port", 2},
        {"por", "port", 1},
        {"ports", "port", 1},
        {"PORT", "port", 0},
        {"MAX-BODYSIZE", "max_body_size", 1},
        {"max_size", "max_url_size", 4},
        {"hort", "port", 1}, /* as near as "host", which comes later */
        {"zzzz", NULL, 3},
        {"x", NULL, 1},
        {"", NULL, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_nearest search = sv_nearest_begin(sv_str_from(cases[i].wanted));
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            sv_nearest_offer(&search, known[k]);
        if (!cases[i].best)
            assert_null(search.best);
        else
            assert_string_equal(search.best, cases[i].best);
        assert_int_equal(search.distance, cases[i].distance);
    }
}

/* However long the names are, no memory beyond the two. */
static void test_long_names(void **state)
{
    (void)state;
    static char longer[10000];
    memset(longer, 'a', sizeof longer - 1);
    sv_nearest search = sv_nearest_begin(sv_str_from(longer));
    sv_nearest_offer(&search, "b");
    assert_int_equal(search.distance, 64);
    sv_nearest_offer(&search, longer);
    assert_ptr_equal(search.best, longer);
    assert_int_equal(search.distance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
