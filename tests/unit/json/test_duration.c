/* test_duration.c: spans of time from text and numbers. What is expected was recorded from pydantic
 * 2.14.3: the printed value, or the error's text. */
#include <math.h>
#include <string.h>

#include "json_cases.h"
#include "json/duration.h"
#include "json/temporal_text.h"

static const struct {
    const char *text, *expected;
} texts[] = {
    {"P1DT1H1M1.5S", "P1DT1H1M1.5S"},
    {"-P1D", "-P1D"},
    {"+P1D", "P1D"},
    {"P-1D", "invalid digit in duration"},
    {"P1Y2M3W4D", "P1Y85D"},
    {"P1W2D", "P9D"},
    {"PT1S1M", "PT1M1S"},
    {"PT1H1H", "PT2H"},
    {"P1DT", "P1D"},
    {"P1.5D", "P1DT12H"},
    {"P1,5D", "P1DT12H"},
    {"PT1,5S", "PT1.5S"},
    {"P1.D", "P1D"},
    {"P0.3333333W", "P2DT7H59M59.97984S"},
    {"P1.1234567890D", "P1DT2H57M46.66657S"},
    {"PT0.99999999S", "PT1S"},
    {"PT1.1234567S", "PT1.123457S"},
    {"PT0.0000004S", "PT0S"},
    {"-PT0S", "PT0S"},
    {"P", "input is too short"},
    {"PT", "input is too short"},
    {"PX", "invalid digit in duration"},
    {"P1", "quantity invalid in date part of duration"},
    {"PT1", "quantity invalid in time part of duration"},
    {"P1S", "quantity invalid in date part of duration"},
    {"PT1D", "quantity invalid in time part of duration"},
    {"P1d", "quantity invalid in date part of duration"},
    {"p1d", "invalid digit in duration"},
    {"P.5D", "invalid digit in duration"},
    {"P1DTT", "`t` character repeated in duration"},
    {"P1.5DT1S", "quantity fraction invalid in duration"},
    {"P1.5.5D", "quantity invalid in date part of duration"},
    {"PT4294967295S", "P136Y70DT6H28M15S"},
    {"PT4294967296S", "a numeric value in the duration is too large"},
    {"P99999999999999999999D", "a numeric value in the duration is too large"},
    {"P999999999D", "P2739726Y9D"},
    {"P1000000000D", "durations may not exceed 999,999,999 days"},
    {"-P999999999D", "-P2739726Y9D"},
    {"-P999999999DT1S", "durations may not exceed 999,999,999 days"},
    {"P999999999DT24H", "durations may not exceed 999,999,999 days"},
    {"1 day", "P1D"},
    {"1 days, 2:00:00", "P1DT2H"},
    {"1d", "P1D"},
    {"1D02:00", "P1DT2H"},
    {"1 DAYS,02:00", "P1DT2H"},
    {"1 day,", "P1D"},
    {"-1 day 01:02:03.5", "-P1DT1H2M3.5S"},
    {"1 day -02:00", "invalid character in hour"},
    {"1  day", "\"day\" identifier in duration not correctly formatted"},
    {"1 week", "invalid character in hour"},
    {"1 da", "\"day\" identifier in duration not correctly formatted"},
    {"1 Dax", "\"day\" identifier in duration not correctly formatted"},
    {"1 dy", "input is too short"},
    {"1 dayss", "input is too short"},
    {"1 day 1:00", "input is too short"},
    {"1 day 24:00", "durations may not exceed 999,999,999 hours"},
    {"1 day 02:00x", "unexpected extra characters at the end of the input"},
    {"4294967296 d", "a numeric value in the duration is too large"},
    {"d", "invalid digit in duration"},
    {"1.5 days", "\"day\" identifier in duration not correctly formatted"},
    {"999999999 days 23:59:59.999999", "P2739726Y9DT23H59M59.999999S"},
    {"02:00", "PT2H"},
    {"-02:00", "-PT2H"},
    {"+02:00:00.123456789", "PT2H0.123456S"},
    {"1:00:00", "PT1H"},
    {"100:00:00", "P4DT4H"},
    {"2400000000:00", "P273972Y220D"},
    {"2400000001:00", "durations may not exceed 999,999,999 hours"},
    {"12345678901:00", "durations may not exceed 999,999,999 hours"},
    {":00:00", "PT0S"},
    {"12:60", "minute value is outside expected range of 0-59"},
    {"12:00:60", "second value is outside expected range of 0-59"},
    {"12:00:00:00", "unexpected extra characters at the end of the input"},
    {"12:00:00.1234567x", "PT12H0.123456S"},
    {"12:00:00.", "second fraction digits missing after `.`"},
    {"12:00Z", "unexpected extra characters at the end of the input"},
    {"a2:00", "invalid character in hour"},
    {"2:00", "\"day\" identifier in duration not correctly formatted"},
    {"86400", "invalid character in hour"},
    {"1.5", "\"day\" identifier in duration not correctly formatted"},
    {"", "input is too short"},
    {"-", "input is too short"},
    {" 1 day", "invalid digit in duration"},
    {"nan", "invalid digit in duration"},
};

static const struct {
    int64_t number;
    const char *expected;
} ints[] = {
    {INT64_C(0), "PT0S"},
    {INT64_C(1), "PT1S"},
    {INT64_C(-1), "-PT1S"},
    {INT64_C(86400), "P1D"},
    {INT64_C(31536000), "P1Y"},
    {INT64_C(86399999999999), "P2739726Y9DT23H59M59S"},
    {INT64_C(86400000000000), "durations may not exceed 999,999,999 days"},
    {INT64_C(-86399999913600), "-P2739726Y9D"},
    {INT64_C(-86399999913601), "durations may not exceed 999,999,999 days"},
    {INT64_C(9223372036854775807), "durations may not exceed 999,999,999 days"},
    {INT64_MIN, "durations may not exceed 999,999,999 days"},
};

static const struct {
    double number;
    const char *expected;
} doubles[] = {
    {-0.0, "PT0S"},
    {1.5, "PT1.5S"},
    {-1.5, "-PT1.5S"},
    {-1e-06, "-PT0.000001S"},
    {4e-07, "PT0S"},
    {1.0000005, "PT1.000001S"},
    {1.0000015, "PT1.000001S"},
    {0.9999999, "PT1S"},
    {-0.9999999, "-PT1S"},
    {86399.9999996, "P1D"},
    {-9999999999999.7, "-P317097Y335DT17H46M39.699219S"},
    {86399999999999.5, "P2739726Y9DT23H59M59.5S"},
    {-86399999913600.5, "durations may not exceed 999,999,999 days"},
    {1000000000000000.0, "durations may not exceed 999,999,999 days"},
    {1e+16, "durations may not exceed 999,999,999 days"},
    {1e+300, "durations may not exceed 999,999,999 days"},
    {INFINITY, "durations may not exceed 999,999,999 days"},
    {NAN, "NaN values not permitted"},
};

static void expect(const char *expected, sv_error_type type, const char *problem,
                   sv_duration duration)
{
    char text[SV_TEMPORAL_TEXT_SIZE + 1];
    if (type) {
        assert_int_equal(type, SV_ERROR_TYPE_TIME_DELTA_PARSING);
        assert_string_equal(problem, expected);
        return;
    }
    assert_in_range(duration.seconds, 0, 86399);
    assert_in_range(duration.microseconds, 0, 999999);
    text[sv_temporal_text_duration(duration, text)] = '\0';
    assert_string_equal(text, expected);
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_duration duration = {0};
        const char *problem;
        sv_error_type type = sv_duration_parse(sv_str_from(texts[i].text), &duration, &problem);
        expect(texts[i].expected, type, problem, duration);
    }
}

static void test_ints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        sv_duration duration = {0};
        const char *problem;
        sv_error_type type = sv_duration_from_int(ints[i].number, &duration, &problem);
        expect(ints[i].expected, type, problem, duration);
    }
}

static void test_doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        sv_duration duration = {0};
        const char *problem;
        sv_error_type type = sv_duration_from_double(doubles[i].number, &duration, &problem);
        expect(doubles[i].expected, type, problem, duration);
    }
}

/* A fraction of more digits than a double can count adds nothing. */
static void test_long_fraction(void **state)
{
    char text[600];
    sv_duration duration;
    const char *problem;
    (void)state;
    memset(text, '9', sizeof text);
    memcpy(text, "PT1.", 4);
    text[sizeof text - 1] = 'S';
    assert_int_equal(sv_duration_parse((sv_str){text, sizeof text}, &duration, &problem), 0);
    assert_int_equal(duration.seconds, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_long_fraction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
