/* test_temporal.c: dates and times from text and numbers. What is expected was recorded from
 * pydantic 2.14.3: the printed value, or the type of the error and its text. */
#include <math.h>
#include <stdio.h>

#include "json_cases.h"
#include "json/temporal.h"
#include "json/temporal_text.h"

typedef struct text_row {
    const char *text, *expected;
} text_row;
typedef struct int_row {
    int64_t number;
    const char *expected;
} int_row;
typedef struct double_row {
    double number;
    const char *expected;
} double_row;

static const text_row datetimes[] = {
    {"2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"},
    {"2024-05-06 07:08:09", "2024-05-06T07:08:09"},
    {"2024-05-06_07:08", "2024-05-06T07:08:00"},
    {"2024-05-06t07:08:09.123456789+01:30", "2024-05-06T07:08:09.123456+01:30"},
    {"2024-05-06T07:08:09,5-0130", "2024-05-06T07:08:09.500000-01:30"},
    {"2024-05-06T07:08:09\xE2\x88\x92"
     "01:00",
     "2024-05-06T07:08:09-01:00"},
    {"2024-05-06T07:08:09-00:00", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08+23:59", "2024-05-06T07:08:00+23:59"},
    {"2024-05-06", "2024-05-06T00:00:00"},
    {"2024-02-29", "2024-02-29T00:00:00"},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    {"0001-01-01", "0001-01-01T00:00:00"},
    {"0000-01-01", "datetime_parsing | year 0 is out of range"},
    {"0000-01-01T00:01", "datetime_parsing | year 0 is out of range"},
    {"2023-02-29", "datetime_from_date_parsing | day value is outside expected range"},
    {"2024-04-31", "datetime_from_date_parsing | day value is outside expected range"},
    {"2024-13-01", "datetime_from_date_parsing | month value is outside expected range of 1-12"},
    {"2024-01-00", "datetime_from_date_parsing | day value is outside expected range"},
    {"2024-1-1", "datetime_from_date_parsing | input is too short"},
    {"2024/01-01", "datetime_from_date_parsing | invalid date separator, expected `-`"},
    {"2024-01/01", "datetime_from_date_parsing | invalid date separator, expected `-`"},
    {"2O24-01-01", "datetime_from_date_parsing | invalid character in year"},
    {"2024-0a-01", "datetime_from_date_parsing | invalid character in month"},
    {"2024-01-0a", "datetime_from_date_parsing | invalid character in day"},
    {" 2024-01-01", "datetime_from_date_parsing | invalid character in year"},
    {"2024-01-01 ",
     "datetime_from_date_parsing | unexpected extra characters at the end of the input"},
    {"2024-05-06T07",
     "datetime_from_date_parsing | unexpected extra characters at the end of the input"},
    {"2024-05-06T24:00",
     "datetime_from_date_parsing | unexpected extra characters at the end of the input"},
    {"2024-05-06T07:08:09+24:00",
     "datetime_from_date_parsing | unexpected extra characters at the end of the input"},
    {"2024-05-06X07:08",
     "datetime_from_date_parsing | unexpected extra characters at the end of the input"},
    {"x", "datetime_from_date_parsing | input is too short"},
    {"", "datetime_from_date_parsing | input is too short"},
    {"0", "1970-01-01T00:00:00Z"},
    {"-0", "1970-01-01T00:00:00Z"},
    {"12345", "1970-01-01T03:25:45Z"},
    {"+12345", "1970-01-01T03:25:45Z"},
    {"-12345.25", "1969-12-31T20:34:14.750000Z"},
    {"1.", "1970-01-01T00:00:01Z"},
    {"-.5", "1969-12-31T23:59:59.500000Z"},
    {".", "datetime_from_date_parsing | input is too short"},
    {"1.5e3", "1970-01-01T00:25:00Z"},
    {"1.5e400", "datetime_from_date_parsing | input is too short"},
    {"1e5", "datetime_from_date_parsing | input is too short"},
    {"1_000", "datetime_from_date_parsing | input is too short"},
    {"1.5 ", "datetime_from_date_parsing | input is too short"},
    {"0.1234565", "1970-01-01T00:00:00.123457Z"},
    {"20000000000", "2603-10-11T11:33:20Z"},
    {"20000000001", "1970-08-20T11:33:20.001000Z"},
    {"-20000000001.25", "1969-05-14T12:26:39.998750Z"},
    {"20240101", "1970-08-23T06:15:01Z"},
    {"253402300799999", "9999-12-31T23:59:59.999000Z"},
    {"253402300800000",
     "datetime_from_date_parsing | dates after 9999 are not supported as unix timestamps"},
    {"-62135596800000", "0001-01-01T00:00:00Z"},
    {"-62135596800001", "datetime_parsing | year 0 is out of range"},
    {"-62167219200000", "datetime_parsing | year 0 is out of range"},
    {"-62167219200001",
     "datetime_from_date_parsing | dates before 0000 are not supported as unix timestamps"},
    {"9223372036854775807",
     "datetime_from_date_parsing | dates after 9999 are not supported as unix timestamps"},
    {"-9223372036854775808",
     "datetime_from_date_parsing | dates before 0000 are not supported as unix timestamps"},
    {"9223372036854775808", "datetime_from_date_parsing | invalid date separator, expected `-`"},
    {"9223372036854775808.5", "datetime_from_date_parsing | invalid date separator, expected `-`"},
    {"00000000000000000000086400", "1970-01-02T00:00:00Z"},
};

static const text_row dates[] = {
    {"2024-05-06T07:08:09Z", "date_from_datetime_inexact"},
    {"2024-05-06 07:08:09", "date_from_datetime_inexact"},
    {"2024-05-06_07:08", "date_from_datetime_inexact"},
    {"2024-05-06t07:08:09.123456789+01:30", "date_from_datetime_inexact"},
    {"2024-05-06T07:08:09,5-0130", "date_from_datetime_inexact"},
    {"2024-05-06T07:08:09\xE2\x88\x92"
     "01:00",
     "date_from_datetime_inexact"},
    {"2024-05-06T07:08:09-00:00", "date_from_datetime_inexact"},
    {"2024-05-06T07:08+23:59", "date_from_datetime_inexact"},
    {"2024-05-06", "2024-05-06"},
    {"2024-02-29", "2024-02-29"},
    {"9999-12-31T23:59:59.999999Z", "date_from_datetime_inexact"},
    {"0001-01-01", "0001-01-01"},
    {"0000-01-01", "date_parsing | year 0 is out of range"},
    {"0000-01-01T00:01", "date_from_datetime_inexact"},
    {"2023-02-29", "date_from_datetime_parsing | day value is outside expected range"},
    {"2024-04-31", "date_from_datetime_parsing | day value is outside expected range"},
    {"2024-13-01", "date_from_datetime_parsing | month value is outside expected range of 1-12"},
    {"2024-01-00", "date_from_datetime_parsing | day value is outside expected range"},
    {"2024-1-1", "date_from_datetime_parsing | input is too short"},
    {"2024/01-01", "date_from_datetime_parsing | invalid date separator, expected `-`"},
    {"2024-01/01", "date_from_datetime_parsing | invalid date separator, expected `-`"},
    {"2O24-01-01", "date_from_datetime_parsing | invalid character in year"},
    {"2024-0a-01", "date_from_datetime_parsing | invalid character in month"},
    {"2024-01-0a", "date_from_datetime_parsing | invalid character in day"},
    {" 2024-01-01", "date_from_datetime_parsing | invalid character in year"},
    {"2024-01-01 ", "date_from_datetime_parsing | input is too short"},
    {"2024-05-06T07", "date_from_datetime_parsing | input is too short"},
    {"2024-05-06T24:00",
     "date_from_datetime_parsing | hour value is outside expected range of 0-23"},
    {"2024-05-06T07:08:09+24:00",
     "date_from_datetime_parsing | timezone offset must be less than 24 hours"},
    {"2024-05-06X07:08",
     "date_from_datetime_parsing | invalid datetime separator, expected `T`, `t`, `_` or space"},
    {"x", "date_from_datetime_parsing | input is too short"},
    {"", "date_from_datetime_parsing | input is too short"},
    {"0", "1970-01-01"},
    {"-0", "1970-01-01"},
    {"12345", "date_from_datetime_inexact"},
    {"+12345", "date_from_datetime_inexact"},
    {"-12345.25", "date_from_datetime_inexact"},
    {"1.", "date_from_datetime_inexact"},
    {"-.5", "date_from_datetime_inexact"},
    {".", "date_from_datetime_parsing | input is too short"},
    {"1.5e3", "date_from_datetime_inexact"},
    {"1.5e400",
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {"1e5", "date_from_datetime_parsing | input is too short"},
    {"1_000", "date_from_datetime_parsing | input is too short"},
    {"1.5 ", "date_from_datetime_parsing | input is too short"},
    {"0.1234565", "date_from_datetime_inexact"},
    {"20000000000", "date_from_datetime_inexact"},
    {"20000000001", "date_from_datetime_inexact"},
    {"-20000000001.25", "date_from_datetime_inexact"},
    {"20240101", "date_from_datetime_inexact"},
    {"253402300799999", "date_from_datetime_inexact"},
    {"253402300800000",
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {"-62135596800000", "0001-01-01"},
    {"-62135596800001", "date_from_datetime_inexact"},
    {"-62167219200000", "date_parsing | year 0 is out of range"},
    {"-62167219200001",
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {"9223372036854775807",
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {"-9223372036854775808",
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {"9223372036854775808", "date_from_datetime_parsing | invalid date separator, expected `-`"},
    {"9223372036854775808.5",
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {"00000000000000000000086400", "1970-01-02"},
    {"2024-05-06T00:00", "2024-05-06"},
    {"2024-05-06T00:00:00.000000+01:00", "2024-05-06"},
    {"2024-05-06T00:00:00.000001", "date_from_datetime_inexact"},
    {"2024-05-06T07:08:09.",
     "date_from_datetime_parsing | second fraction digits missing after `.`"},
    {"2024-05-06T07:08:60",
     "date_from_datetime_parsing | second value is outside expected range of 0-59"},
    {"2024-05-06T07:60",
     "date_from_datetime_parsing | minute value is outside expected range of 0-59"},
    {"2024-05-06T07:08:09 Z", "date_from_datetime_parsing | invalid timezone sign"},
    {"2024-05-06T07:08:09+1", "date_from_datetime_parsing | invalid timezone hour"},
    {"2024-05-06T07:08:09+01:", "date_from_datetime_parsing | invalid timezone minute"},
    {"2024-05-06T07:08:09+23:60",
     "date_from_datetime_parsing | timezone minute value is outside expected range of 0-59"},
    {"2024-05-06T07:08:09Zx",
     "date_from_datetime_parsing | unexpected extra characters at the end of the input"},
    {"86400.0", "1970-01-02"},
    {"86400000000", "1972-09-27"},
};

static const text_row times[] = {
    {"12:00", "12:00:00"},
    {"12:00Z", "12:00:00Z"},
    {"12:00:01", "12:00:01"},
    {"12:00:00.5", "12:00:00.500000"},
    {"12:00:00,123456789", "12:00:00.123456"},
    {"12:00+01:00", "12:00:00+01:00"},
    {"12:00:00-0130", "12:00:00-01:30"},
    {"12:00:00z", "12:00:00Z"},
    {"12:00:00\xE2\x88\x92"
     "01:00",
     "12:00:00-01:00"},
    {"12:00:00\xC3\xA2", "time_parsing | invalid timezone sign"},
    {"23:59:59.999999-23:59", "23:59:59.999999-23:59"},
    {"00:00:00.0000001", "00:00:00"},
    {"24:00", "time_parsing | hour value is outside expected range of 0-23"},
    {"12:60", "time_parsing | minute value is outside expected range of 0-59"},
    {"12:00:60", "time_parsing | second value is outside expected range of 0-59"},
    {"12:0", "time_parsing | input is too short"},
    {"120000", "time_parsing | invalid time separator, expected `:`"},
    {"12.00", "time_parsing | invalid time separator, expected `:`"},
    {"ab:00", "time_parsing | invalid character in hour"},
    {"12:ab", "time_parsing | invalid character in minute"},
    {"12:00:", "time_parsing | invalid character in second"},
    {"12:00:0", "time_parsing | invalid character in second"},
    {"12:00:00.", "time_parsing | second fraction digits missing after `.`"},
    {" 12:00", "time_parsing | invalid character in hour"},
    {"12:00 ", "time_parsing | invalid timezone sign"},
    {"12:00:00Zx", "time_parsing | unexpected extra characters at the end of the input"},
    {"12:00:00+01:30:30", "time_parsing | unexpected extra characters at the end of the input"},
    {"12:00+24:00", "time_parsing | timezone offset must be less than 24 hours"},
    {"12:00+01:60", "time_parsing | timezone minute value is outside expected range of 0-59"},
    {"12:00+1", "time_parsing | invalid timezone hour"},
    {"12:00+01", "time_parsing | invalid timezone minute"},
    {"12:00+01:3", "time_parsing | invalid timezone minute"},
    {"", "time_parsing | input is too short"},
    {"86399", "time_parsing | invalid time separator, expected `:`"},
};

static const int_row datetime_ints[] = {
    {INT64_C(0), "1970-01-01T00:00:00Z"},
    {INT64_C(1), "1970-01-01T00:00:01Z"},
    {INT64_C(-1), "1969-12-31T23:59:59Z"},
    {INT64_C(86400), "1970-01-02T00:00:00Z"},
    {INT64_C(20000000000), "2603-10-11T11:33:20Z"},
    {INT64_C(20000000001), "1970-08-20T11:33:20.001000Z"},
    {INT64_C(-20000000000), "1336-03-23T12:26:40Z"},
    {INT64_C(-20000000001), "1969-05-14T12:26:39.999000Z"},
    {INT64_C(253402300799999), "9999-12-31T23:59:59.999000Z"},
    {INT64_C(253402300800000),
     "datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {INT64_C(-62135596800000), "0001-01-01T00:00:00Z"},
    {INT64_C(-62135596800001), "datetime_parsing | year 0 is out of range"},
    {INT64_C(-62167219200000), "datetime_parsing | year 0 is out of range"},
    {INT64_C(-62167219200001),
     "datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {INT64_C(9223372036854775807),
     "datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {INT64_MIN, "datetime_parsing | dates before 0000 are not supported as unix timestamps"},
};

static const int_row date_ints[] = {
    {INT64_C(0), "1970-01-01"},
    {INT64_C(1), "date_from_datetime_inexact"},
    {INT64_C(-1), "date_from_datetime_inexact"},
    {INT64_C(86400), "1970-01-02"},
    {INT64_C(20000000000), "date_from_datetime_inexact"},
    {INT64_C(20000000001), "date_from_datetime_inexact"},
    {INT64_C(-20000000000), "date_from_datetime_inexact"},
    {INT64_C(-20000000001), "date_from_datetime_inexact"},
    {INT64_C(253402300799999), "date_from_datetime_inexact"},
    {INT64_C(253402300800000),
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {INT64_C(-62135596800000), "0001-01-01"},
    {INT64_C(-62135596800001), "date_from_datetime_inexact"},
    {INT64_C(-62167219200000), "date_parsing | year 0 is out of range"},
    {INT64_C(-62167219200001),
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {INT64_C(9223372036854775807),
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {INT64_MIN,
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
};

static const int_row time_ints[] = {
    {INT64_C(0), "00:00:00Z"},
    {INT64_C(1), "00:00:01Z"},
    {INT64_C(86399), "23:59:59Z"},
    {INT64_C(86400), "time_parsing | numeric times may not exceed 86,399 seconds"},
    {INT64_C(-1), "time_parsing | time in seconds should be positive"},
    {INT64_C(9223372036854775807), "time_parsing | numeric times may not exceed 86,399 seconds"},
    {INT64_MIN, "time_parsing | time in seconds should be positive"},
};

static const double_row datetime_doubles[] = {
    {-0.0, "1970-01-01T00:00:00Z"},
    {1.5, "1970-01-01T00:00:01.500000Z"},
    {-1.5, "1969-12-31T23:59:58.500000Z"},
    {-1.3, "1969-12-31T23:59:58.700000Z"},
    {1.0000005, "1970-01-01T00:00:01.000001Z"},
    {1.0000015, "1970-01-01T00:00:01.000001Z"},
    {0.9999999, "1970-01-01T00:00:01Z"},
    {-0.9999999, "1969-12-31T23:59:59Z"},
    {86400.0, "1970-01-02T00:00:00Z"},
    {20000000000.5, "1970-08-20T11:33:20.000500Z"},
    {-20000000001.25, "1969-05-14T12:26:39.998750Z"},
    {253402300799999.97, "9999-12-31T23:59:59.999969Z"},
    {253402300800000.0, "datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-62167219200000.5,
     "datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {1e+300, "datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-1e+300, "datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {INFINITY, "datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-INFINITY, "datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {NAN, "datetime_parsing | NaN values not permitted"},
};

static const double_row date_doubles[] = {
    {-0.0, "1970-01-01"},
    {1.5, "date_from_datetime_inexact"},
    {-1.5, "date_from_datetime_inexact"},
    {-1.3, "date_from_datetime_inexact"},
    {1.0000005, "date_from_datetime_inexact"},
    {1.0000015, "date_from_datetime_inexact"},
    {0.9999999, "date_from_datetime_inexact"},
    {-0.9999999, "date_from_datetime_inexact"},
    {86400.0, "1970-01-02"},
    {20000000000.5, "date_from_datetime_inexact"},
    {-20000000001.25, "date_from_datetime_inexact"},
    {253402300799999.97, "date_from_datetime_inexact"},
    {253402300800000.0,
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-62167219200000.5,
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {1e+300, "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-1e+300,
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {INFINITY,
     "date_from_datetime_parsing | dates after 9999 are not supported as unix timestamps"},
    {-INFINITY,
     "date_from_datetime_parsing | dates before 0000 are not supported as unix timestamps"},
    {NAN, "date_from_datetime_parsing | NaN values not permitted"},
};

static const double_row time_doubles[] = {
    {-0.0, "00:00:00Z"},
    {0.5, "00:00:00.500000Z"},
    {1.0000005, "00:00:01.000001Z"},
    {86399.9999994, "23:59:59.999999Z"},
    {86399.9999996, "time_parsing | numeric times may not exceed 86,399 seconds"},
    {86400.0, "time_parsing | numeric times may not exceed 86,399 seconds"},
    {-1e-07, "time_parsing | time in seconds should be positive"},
    {1e+300, "time_parsing | numeric times may not exceed 86,399 seconds"},
    {-1e+300, "time_parsing | time in seconds should be positive"},
    {NAN, "time_parsing | NaN values not permitted"},
};

static void expect(const char *expected, sv_error_type type, const char *problem, sv_str printed)
{
    char text[200];
    if (!type)
        snprintf(text, sizeof text, "%.*s", SV_STR_ARG(printed));
    else
        snprintf(text, sizeof text, "%s%s%s", sv_error_type_get(type)->name, problem ? " | " : "",
                 problem ? problem : "");
    assert_string_equal(text, expected);
}

static void expect_datetime(const char *expected, sv_error_type type, const char *problem,
                            const sv_datetime *datetime)
{
    char text[SV_TEMPORAL_TEXT_SIZE];
    size_t len = type ? 0 : sv_temporal_text_datetime(datetime, text);
    expect(expected, type, problem, (sv_str){text, len});
}

static void expect_date(const char *expected, sv_error_type type, const char *problem, sv_date date)
{
    char text[SV_TEMPORAL_TEXT_SIZE];
    size_t len = type ? 0 : sv_temporal_text_date(date, text);
    expect(expected, type, problem, (sv_str){text, len});
}

static void expect_time(const char *expected, sv_error_type type, const char *problem,
                        const sv_time *time)
{
    char text[SV_TEMPORAL_TEXT_SIZE];
    size_t len = type ? 0 : sv_temporal_text_time(time, text);
    expect(expected, type, problem, (sv_str){text, len});
}

#define N_ROWS(rows) (sizeof(rows) / sizeof *(rows))

static void test_texts(void **state)
{
    const char *problem;
    (void)state;
    for (size_t i = 0; i < N_ROWS(datetimes); i++) {
        sv_datetime datetime = {0};
        sv_error_type type =
            sv_temporal_parse_datetime(sv_str_from(datetimes[i].text), &datetime, &problem);
        expect_datetime(datetimes[i].expected, type, problem, &datetime);
    }
    for (size_t i = 0; i < N_ROWS(dates); i++) {
        sv_date date = {0};
        sv_error_type type = sv_temporal_parse_date(sv_str_from(dates[i].text), &date, &problem);
        expect_date(dates[i].expected, type, problem, date);
    }
    for (size_t i = 0; i < N_ROWS(times); i++) {
        sv_time time = {0};
        sv_error_type type = sv_temporal_parse_time(sv_str_from(times[i].text), &time, &problem);
        expect_time(times[i].expected, type, problem, &time);
    }
}

static void test_ints(void **state)
{
    const char *problem;
    (void)state;
    for (size_t i = 0; i < N_ROWS(datetime_ints); i++) {
        sv_datetime datetime = {0};
        sv_error_type type =
            sv_temporal_datetime_from_int(datetime_ints[i].number, &datetime, &problem);
        expect_datetime(datetime_ints[i].expected, type, problem, &datetime);
    }
    for (size_t i = 0; i < N_ROWS(date_ints); i++) {
        sv_date date = {0};
        sv_error_type type = sv_temporal_date_from_int(date_ints[i].number, &date, &problem);
        expect_date(date_ints[i].expected, type, problem, date);
    }
    for (size_t i = 0; i < N_ROWS(time_ints); i++) {
        sv_time time = {0};
        sv_error_type type = sv_temporal_time_from_int(time_ints[i].number, &time, &problem);
        expect_time(time_ints[i].expected, type, problem, &time);
    }
}

static void test_doubles(void **state)
{
    const char *problem;
    (void)state;
    for (size_t i = 0; i < N_ROWS(datetime_doubles); i++) {
        sv_datetime datetime = {0};
        sv_error_type type =
            sv_temporal_datetime_from_double(datetime_doubles[i].number, &datetime, &problem);
        expect_datetime(datetime_doubles[i].expected, type, problem, &datetime);
    }
    for (size_t i = 0; i < N_ROWS(date_doubles); i++) {
        sv_date date = {0};
        sv_error_type type = sv_temporal_date_from_double(date_doubles[i].number, &date, &problem);
        expect_date(date_doubles[i].expected, type, problem, date);
    }
    for (size_t i = 0; i < N_ROWS(time_doubles); i++) {
        sv_time time = {0};
        sv_error_type type = sv_temporal_time_from_double(time_doubles[i].number, &time, &problem);
        expect_time(time_doubles[i].expected, type, problem, &time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
