/* test_decimal_check.c: limits on decimal numbers, recorded from pydantic 2.14.3. */
#include "json_cases.h"
#include "json/decimal_check.h"

static const struct {
    const char *decimal;
    int max_digits, max_places;
    const char *type; /* NULL: accepted */
    int limit;
} digits[] = {
    {"123.45", 5, 2, NULL, 0},
    {"1234.5", 5, 2, "decimal_whole_digits", 3},
    {"123456", 5, 2, "decimal_max_digits", 5},
    {"1.234", 5, 2, "decimal_max_places", 2},
    {"1.2000", 5, 2, NULL, 0},
    {"1E+3", 5, 2, "decimal_whole_digits", 3},
    {"1E+2", 5, 2, NULL, 0},
    {"1E+5", 5, 2, "decimal_max_digits", 5},
    {"0.001", 5, 2, "decimal_max_places", 2},
    {"1000.000", 5, 2, "decimal_whole_digits", 3},
    {"0E-7", 5, 2, NULL, 0},
    {"0E+10", 5, 2, NULL, 0},
    {"1E-30", 5, 2, "decimal_max_digits", 5},
    {"-123.45", 5, 2, NULL, 0},
    {"0.123", 3, -1, NULL, 0},
    {"0.0123", 3, -1, "decimal_max_digits", 3},
    {"1E+3", 3, -1, "decimal_max_digits", 3},
    {"1.0000", 3, -1, NULL, 0},
    {"1200", 3, -1, "decimal_max_digits", 3},
    {"1.2345", -1, 3, "decimal_max_places", 3},
    {"1.2340", -1, 3, NULL, 0},
    {"1E+10", -1, 3, NULL, 0},
    {"0E-10", -1, 3, NULL, 0},
    {"0.01", 2, 4, NULL, 0},
    {"1", 2, 4, "decimal_whole_digits", 0},
};

static const struct {
    const char *decimal;
    double bound;
    int order;
} orders[] = {
    {"0.1", 0.1, 0},
    {"0.10", 0.1, 0},
    {"0.1000000000000000055511151231257827", 0.1, 1},
    {"-0.1", 0.1, -1},
    {"1E+22", 1e+22, 0},
    {"10000000000000000000001", 1e+22, 1},
    {"0E+5", 0.0, 0},
    {"-0.0", 0.0, 0},
    {"0", -2.0, 1},
    {"-3", -2.0, -1},
    {"-1", -2.0, 1},
    {"1E-999999999999999999", 5e-324, -1},
    {"12345.6780", 12345.678, 0},
};

static const struct {
    const char *decimal;
    double multiple;
    bool is_multiple;
} multiples[] = {
    {"0.3", 0.1, true},
    {"0.35", 0.1, false},
    {"-0.3", 0.1, true},
    {"0", 0.1, true},
    {"0E+5", 3.0, true},
    {"6", 3.0, true},
    {"7", 3.0, false},
    {"1E+27", 3.0, false},
    {"1E+28", 3.0, true},
    {"1E+29", 3.0, false},
    {"2.1E+41", 3.0, false},
    {"0.75", 0.25, true},
    {"0.001", 0.01, false},
    {"12345678901234567890.25", 0.25, true},
    {"0.99999999999999999999999999999999999", 1.0, true},
    {"100000000000000000000000000.001", 1.0, true},
    {"9999999999999999999999999999.9", 1.0, false},
    {"1E-40", 7.0, false},
};

static sv_decimal decimal_from(const char *text)
{
    return (sv_decimal){sv_str_from(text)};
}

static void test_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        int64_t limit = -1;
        sv_error_type type = sv_decimal_check_digits(
            decimal_from(digits[i].decimal), digits[i].max_digits, digits[i].max_places, &limit);
        if (!digits[i].type) {
            assert_int_equal(type, SV_ERROR_TYPE_NONE);
            continue;
        }
        assert_string_equal(sv_error_type_get(type)->name, digits[i].type);
        assert_int_equal(limit, digits[i].limit);
    }
}

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        int order = sv_decimal_check_order(decimal_from(orders[i].decimal), orders[i].bound);
        assert_int_equal((order > 0) - (order < 0), orders[i].order);
    }
}

static void test_multiples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof multiples / sizeof *multiples; i++)
        assert_int_equal(
            sv_decimal_check_is_multiple(decimal_from(multiples[i].decimal), multiples[i].multiple),
            multiples[i].is_multiple);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
