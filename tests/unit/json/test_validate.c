/* test_validate.c: limits at their edges. What requests are told: test_decode_cases.c. */
#include <math.h>

#include "json_cases.h"
#include "json/validate.h"

static void test_lengths_count_characters(void **state)
{
    (void)state;
    const sv_field row = {.min_len = 2, .max_len = 3, .max_item_len = 1};
    static const struct {
        const char *text;
        sv_error_type error;
    } rows[] = {
        {"", SV_ERROR_TYPE_STRING_TOO_SHORT},
        {"a", SV_ERROR_TYPE_STRING_TOO_SHORT},
        {"😀", SV_ERROR_TYPE_STRING_TOO_SHORT},
        {"ab", SV_ERROR_TYPE_NONE},
        {"😀😀", SV_ERROR_TYPE_NONE},
        {"éé", SV_ERROR_TYPE_NONE},
        {"abc", SV_ERROR_TYPE_NONE},
        {"😀é€", SV_ERROR_TYPE_NONE},
        {"abcd", SV_ERROR_TYPE_STRING_TOO_LONG},
        {"éééé", SV_ERROR_TYPE_STRING_TOO_LONG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_violation violation = {0};
        bool valid = sv_validate_str(&row, sv_str_from(rows[i].text), &violation);
        assert_int_equal(valid, rows[i].error == SV_ERROR_TYPE_NONE);
        assert_int_equal(violation.type, rows[i].error);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    const sv_field closed = {SV_GE(-2), SV_LE(5)}, open = {SV_GT(-2), SV_LT(5)}, none = {0};
    const sv_field exact = {SV_LE(9007199254740992.0)};
    sv_violation violation;
    assert_true(sv_validate_int(&closed, -2, &violation) &&
                sv_validate_int(&closed, 5, &violation));
    assert_false(sv_validate_int(&closed, -3, &violation));
    assert_false(sv_validate_int(&closed, INT64_MAX, &violation));
    assert_false(sv_validate_int(&open, -2, &violation) || sv_validate_int(&open, 5, &violation));
    assert_true(sv_validate_int(&none, INT64_MIN, &violation));
    assert_false(sv_validate_int(&exact, 9007199254740993, &violation));
    assert_true(sv_validate_double(&closed, -2.0, &violation));
    assert_false(sv_validate_double(&closed, nextafter(5, 6), &violation));
    assert_true(sv_validate_double(&open, nextafter(5, 0), &violation));
    assert_false(sv_validate_double(&none, NAN, &violation));
    assert_int_equal(violation.type, SV_ERROR_TYPE_FINITE_NUMBER);
    assert_false(sv_validate_double(&closed, -INFINITY, &violation));
    assert_int_equal(violation.type, SV_ERROR_TYPE_FINITE_NUMBER);
}

static void test_counts(void **state)
{
    (void)state;
    const sv_field row = {.min_items = 2, .max_items = 3}, none = {0};
    sv_violation violation;
    assert_true(sv_validate_max_items(&row, 3, &violation));
    assert_false(sv_validate_max_items(&row, 4, &violation));
    assert_int_equal(violation.context[2].integer, 4);
    assert_true(sv_validate_min_items(&row, 2, &violation));
    assert_false(sv_validate_min_items(&row, 1, &violation));
    assert_true(sv_validate_max_items(&none, SIZE_MAX, &violation));
    assert_true(sv_validate_min_items(&none, 0, &violation));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_count_characters),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
