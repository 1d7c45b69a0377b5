/* test_temporal_text.c: how dates and times are printed, also those that no parser makes. Many more
 * are printed by test_temporal.c and test_duration.c. */
#include "json_cases.h"
#include "json/temporal_text.h"

static const struct {
    sv_datetime datetime;
    const char *expected;
} datetimes[] = {
    {{{2024, 5, 6}, {7, 8, 9, false, 0, 0}}, "2024-05-06T07:08:09"},
    {{{1, 1, 1}, {0, 0, 0, true, 0, 0}}, "0001-01-01T00:00:00Z"},
    {{{9999, 12, 31}, {23, 59, 59, true, 999999, 86340}}, "9999-12-31T23:59:59.999999+23:59"},
    {{{2024, 5, 6}, {7, 8, 9, true, 500000, -5400}}, "2024-05-06T07:08:09.500000-01:30"},
    {{{2024, 5, 6}, {7, 8, 9, false, 1, 5400}}, "2024-05-06T07:08:09.000001"},
};

static const struct {
    sv_duration duration;
    const char *expected;
} durations[] = {
    {{0, 0, 0}, "PT0S"},
    {{1, 3661, 500000}, "P1DT1H1M1.5S"},
    {{-1, 0, 0}, "-P1D"},
    {{-1, 86399, 999999}, "-PT0.000001S"},
    {{-2, 86398, 500000}, "-P1DT1.5S"},
    {{365, 0, 0}, "P1Y"},
    {{366, 3600, 0}, "P1Y1DT1H"},
    {{-999999999, 0, 0}, "-P2739726Y9D"},
    {{999999999, 86399, 999999}, "P2739726Y9DT23H59M59.999999S"},
};

static void test_datetimes(void **state)
{
    char text[SV_TEMPORAL_TEXT_SIZE + 1];
    (void)state;
    for (size_t i = 0; i < sizeof datetimes / sizeof *datetimes; i++) {
        text[sv_temporal_text_datetime(&datetimes[i].datetime, text)] = '\0';
        assert_string_equal(text, datetimes[i].expected);
        text[sv_temporal_text_date(datetimes[i].datetime.date, text)] = '\0';
        assert_memory_equal(text, datetimes[i].expected, 11 - 1);
        text[sv_temporal_text_time(&datetimes[i].datetime.time, text)] = '\0';
        assert_string_equal(text, datetimes[i].expected + 11);
    }
}

static void test_durations(void **state)
{
    char text[SV_TEMPORAL_TEXT_SIZE + 1];
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        text[sv_temporal_text_duration(durations[i].duration, text)] = '\0';
        assert_string_equal(text, durations[i].expected);
    }
}

/* A handler may fill in nonsense: it is printed as nonsense, within the array. */
static void test_values_out_of_range(void **state)
{
    char text[SV_TEMPORAL_TEXT_SIZE];
    static const int32_t extremes[] = {INT32_MIN, -1, 0, 1, INT32_MAX};
    (void)state;
    for (int i = 0; i < 125; i++) {
        sv_duration duration = {extremes[i % 5], extremes[i / 5 % 5], extremes[i / 25]};
        assert_in_range(sv_temporal_text_duration(duration, text), 1, sizeof text);
        sv_datetime datetime = {{INT16_MIN, 255, 255},
                                {255, 255, 255, true, extremes[i % 5], extremes[i / 5 % 5]}};
        assert_in_range(sv_temporal_text_datetime(&datetime, text), 1, sizeof text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datetimes),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_values_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
