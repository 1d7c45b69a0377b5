/* test_moment.c: which of two moments comes first. The rows with one offset were recorded from
 * pydantic 2.14.3. */
#include "json_cases.h"
#include "json/duration.h"
#include "json/moment.h"
#include "json/temporal.h"

static const struct {
    const char *a, *b;
    int order;
} datetimes[] = {
    {"2024-01-01T00:00:00", "2024-01-01T00:00:00", 0},
    {"2024-01-01T00:00:00", "2024-01-01T00:00:00.000001", -1},
    {"2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", 0},
    {"2024-01-01T00:30:00+01:00", "2024-01-01T00:00:00Z", -1},
    {"2024-01-01T01:30:00+01:00", "2024-01-01T00:00:00Z", 1},
    {"2024-01-01T00:30:00+01:00", "2024-01-01T00:00:00", 1},
    {"2024-01-01T00:00:00", "2024-01-01T00:00:00Z", 0},
    {"2023-12-31T23:59:59", "2024-01-01T00:00:00Z", -1},
    {"0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", -1},
};

static const struct {
    const char *a, *b;
    int order;
} times[] = {
    {"12:00", "12:00", 0},         {"12:30+01:00", "12:00", 1}, {"12:30+01:00", "12:00Z", -1},
    {"11:30", "12:00Z", -1},       {"12:00", "12:00Z", 0},      {"12:00:00.000001Z", "12:00Z", 1},
    {"00:30+01:00", "00:00Z", -1},
};

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void test_datetimes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof datetimes / sizeof *datetimes; i++) {
        sv_datetime a, b;
        const char *problem;
        assert_int_equal(sv_temporal_parse_datetime(sv_str_from(datetimes[i].a), &a, &problem), 0);
        assert_int_equal(sv_temporal_parse_datetime(sv_str_from(datetimes[i].b), &b, &problem), 0);
        assert_int_equal(sign(sv_moment_compare_datetime(&a, &b)), datetimes[i].order);
        assert_int_equal(sign(sv_moment_compare_datetime(&b, &a)), -datetimes[i].order);
    }
}

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        sv_time a, b;
        const char *problem;
        assert_int_equal(sv_temporal_parse_time(sv_str_from(times[i].a), &a, &problem), 0);
        assert_int_equal(sv_temporal_parse_time(sv_str_from(times[i].b), &b, &problem), 0);
        assert_int_equal(sign(sv_moment_compare_time(&a, &b)), times[i].order);
        assert_int_equal(sign(sv_moment_compare_time(&b, &a)), -times[i].order);
    }
}

static void test_dates_and_durations(void **state)
{
    (void)state;
    assert_true(sv_moment_compare_date((sv_date){2023, 12, 31}, (sv_date){2024, 1, 1}) < 0);
    assert_true(sv_moment_compare_date((sv_date){2024, 1, 1}, (sv_date){2024, 1, 1}) == 0);
    assert_true(sv_moment_compare_duration((sv_duration){-1, 86399, 0}, (sv_duration){0, 0, 0}) <
                0);
    assert_true(sv_moment_compare_duration((sv_duration){1, 2, 4}, (sv_duration){1, 2, 3}) > 0);
    assert_true(sv_moment_compare_duration((sv_duration){1, 2, 3}, (sv_duration){1, 2, 3}) == 0);
}

static void test_unix_us(void **state)
{
    sv_datetime datetime;
    const char *problem;
    (void)state;
    assert_int_equal(
        sv_temporal_parse_datetime(SV_STR("1970-01-01T01:00:00.5+01:00"), &datetime, &problem), 0);
    assert_int_equal(sv_moment_unix_us(&datetime), 500000);
    assert_int_equal(
        sv_temporal_parse_datetime(SV_STR("9999-12-31T23:59:59.999999"), &datetime, &problem), 0);
    assert_int_equal(sv_moment_unix_us(&datetime), INT64_C(253402300799999999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datetimes),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_dates_and_durations),
        cmocka_unit_test(test_unix_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
