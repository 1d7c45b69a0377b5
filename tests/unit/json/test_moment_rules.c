/* test_moment_rules.c: past, future, zones, and what a date must look like. */
#include "json_cases.h"
#include "json/moment_rules.h"

static const sv_datetime long_ago = {{1999, 12, 31}, {.hour = 23}};
static const sv_datetime far_off = {{9999, 1, 1}, {.has_offset = true}};

static void test_datetimes(void **state)
{
    (void)state;
    const struct {
        sv_moment moment;
        sv_zone zone;
        const sv_datetime *value;
        sv_error_type error;
    } rows[] = {
        {SV_ANY_MOMENT, SV_ANY_ZONE, &long_ago, SV_ERROR_TYPE_NONE},
        {SV_PAST, SV_ANY_ZONE, &long_ago, SV_ERROR_TYPE_NONE},
        {SV_PAST, SV_ANY_ZONE, &far_off, SV_ERROR_TYPE_DATETIME_PAST},
        {SV_FUTURE, SV_ANY_ZONE, &far_off, SV_ERROR_TYPE_NONE},
        {SV_FUTURE, SV_ANY_ZONE, &long_ago, SV_ERROR_TYPE_DATETIME_FUTURE},
        {SV_ANY_MOMENT, SV_AWARE, &far_off, SV_ERROR_TYPE_NONE},
        {SV_ANY_MOMENT, SV_AWARE, &long_ago, SV_ERROR_TYPE_TIMEZONE_AWARE},
        {SV_ANY_MOMENT, SV_NAIVE, &far_off, SV_ERROR_TYPE_TIMEZONE_NAIVE},
        {SV_PAST, SV_NAIVE, &far_off, SV_ERROR_TYPE_DATETIME_PAST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_violation violation = {0};
        assert_int_equal(
            sv_moment_rules_datetime(rows[i].moment, rows[i].zone, rows[i].value, &violation),
            rows[i].error == SV_ERROR_TYPE_NONE);
        assert_int_equal(violation.type, rows[i].error);
    }
}

static void test_dates(void **state)
{
    (void)state;
    sv_violation violation;
    assert_true(sv_moment_rules_date(SV_ANY_MOMENT, long_ago.date, &violation));
    assert_true(sv_moment_rules_date(SV_PAST, long_ago.date, &violation));
    assert_true(sv_moment_rules_date(SV_FUTURE, far_off.date, &violation));
    assert_false(sv_moment_rules_date(SV_PAST, far_off.date, &violation));
    assert_int_equal(violation.type, SV_ERROR_TYPE_DATE_PAST);
    assert_false(sv_moment_rules_date(SV_FUTURE, long_ago.date, &violation));
    assert_int_equal(violation.type, SV_ERROR_TYPE_DATE_FUTURE);
    assert_int_equal(sv_moment_rules_lasting(SV_FUTURE), SV_ANY_MOMENT);
    assert_int_equal(sv_moment_rules_lasting(SV_PAST), SV_PAST);
}

static void test_forms(void **state)
{
    (void)state;
    const sv_time good = {.hour = 23, .minute = 59, .second = 59, .microsecond = 999999};
    const sv_time hour = {.hour = 24}, far = {.has_offset = true, .offset_s = 86400};
    const sv_duration normal = {-1, 86399, 999999}, late = {0, 86400, 0}, minus = {0, -1, 0};
    assert_true(sv_moment_rules_is_date((sv_date){2024, 2, 29}));
    assert_false(sv_moment_rules_is_date((sv_date){2023, 2, 29}));
    assert_false(sv_moment_rules_is_date((sv_date){0, 1, 1}));
    assert_false(sv_moment_rules_is_date((sv_date){2024, 13, 1}));
    assert_true(sv_moment_rules_is_time(&good));
    assert_false(sv_moment_rules_is_time(&hour) || sv_moment_rules_is_time(&far));
    assert_true(sv_moment_rules_is_duration(&normal));
    assert_false(sv_moment_rules_is_duration(&late) || sv_moment_rules_is_duration(&minus));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datetimes),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
