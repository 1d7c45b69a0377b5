/* temporal.c: dates and times from text and numbers.
 *
 * DESIGN: the static readers return the problem's text, NULL when all is well; which type of error
 * it becomes is decided by the public functions, since the same wrong text has another type for a
 * date than for a datetime. The order of the checks is that of the speedate crate, because it
 * decides which of several problems is reported. Year 0 passes the readers and is refused last, in
 * Python's words. */
#include "json/temporal.h"

#include <math.h>
#include <string.h>

#include "json/calendar.h"
#include "json/unix_time.h"

static const char too_short[] = "input is too short";
static const char extra_characters[] = "unexpected extra characters at the end of the input";
static const char year_zero[] = "year 0 is out of range";
static const char negative_time[] = "time in seconds should be positive";
static const char time_too_large[] = "numeric times may not exceed 86,399 seconds";
static const char is_nan[] = "NaN values not permitted";

enum { SECONDS_OF_DAY = 86400, US_OF_SECOND = 1000000 };

static char char_at(sv_str text, size_t at)
{
    return at < text.len ? text.ptr[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_digits(sv_str text, size_t at, int n, int *ret_number)
{
    int number = 0;
    for (; n > 0; n--, at++) {
        if (!is_digit(char_at(text, at)))
            return false;
        number = number * 10 + (text.ptr[at] - '0');
    }
    *ret_number = number;
    return true;
}

/* The first ten characters: YYYY-MM-DD. */
static const char *read_date(sv_str text, sv_date *ret_date)
{
    int year, month, day;
    if (text.len < 10)
        return too_short;
    if (!read_digits(text, 0, 4, &year))
        return "invalid character in year";
    if (text.ptr[4] != '-')
        return "invalid date separator, expected `-`";
    if (!read_digits(text, 5, 2, &month))
        return "invalid character in month";
    if (text.ptr[7] != '-')
        return "invalid date separator, expected `-`";
    if (!read_digits(text, 8, 2, &day))
        return "invalid character in day";
    if (month < 1 || month > 12)
        return "month value is outside expected range of 1-12";
    if (day < 1 || day > sv_calendar_month_days(year, month))
        return "day value is outside expected range";
    *ret_date = (sv_date){(int16_t)year, (uint8_t)month, (uint8_t)day};
    return NULL;
}

static const char *read_date_only(sv_str text, sv_date *ret_date)
{
    const char *problem = read_date(text, ret_date);
    return problem || text.len == 10 ? problem : extra_characters;
}

/* Digits behind the point that stands at `*at`; those beyond the sixth are dropped. */
static const char *read_fraction(sv_str text, size_t *at, int32_t *ret_microsecond)
{
    int32_t microsecond = 0, unit = US_OF_SECOND / 10;
    size_t start = ++*at;
    for (; is_digit(char_at(text, *at)); ++*at, unit /= 10)
        microsecond += (text.ptr[*at] - '0') * unit;
    *ret_microsecond = microsecond;
    return *at == start ? "second fraction digits missing after `.`" : NULL;
}

static const char *read_seconds(sv_str text, size_t *at, sv_time *time)
{
    int second;
    if (char_at(text, *at) != ':')
        return NULL;
    if (!read_digits(text, *at + 1, 2, &second))
        return "invalid character in second";
    if (second > 59)
        return "second value is outside expected range of 0-59";
    time->second = (uint8_t)second;
    *at += 3;
    bool has_fraction = char_at(text, *at) == '.' || char_at(text, *at) == ',';
    return has_fraction ? read_fraction(text, at, &time->microsecond) : NULL;
}

const char *sv_temporal_read_clock(sv_str text, size_t *at, sv_time *ret_time)
{
    int hour, minute;
    if (text.len < *at + 5)
        return too_short;
    if (!read_digits(text, *at, 2, &hour))
        return "invalid character in hour";
    if (text.ptr[*at + 2] != ':')
        return "invalid time separator, expected `:`";
    if (!read_digits(text, *at + 3, 2, &minute))
        return "invalid character in minute";
    if (hour > 23)
        return "hour value is outside expected range of 0-23";
    if (minute > 59)
        return "minute value is outside expected range of 0-59";
    *at += 5;
    *ret_time = (sv_time){.hour = (uint8_t)hour, .minute = (uint8_t)minute};
    return read_seconds(text, at, ret_time);
}

/* The sign at `*at`: +, - or U+2212. 0 when there is none. */
static int read_sign(sv_str text, size_t *at)
{
    static const char minus_sign[] = "\xE2\x88\x92";
    char first = char_at(text, *at);
    bool is_minus_sign = sv_str_starts_with(sv_str_slice(text, *at, 3), sv_str_from(minus_sign));
    *at += is_minus_sign ? 3 : 1;
    return first == '+' ? 1 : first == '-' || is_minus_sign ? -1 : 0;
}

/* Z, +01:30, -0130 or nothing. */
static const char *read_offset(sv_str text, size_t *at, sv_time *time)
{
    int hours, minutes;
    if (*at >= text.len)
        return NULL;
    time->has_offset = true;
    if (text.ptr[*at] == 'Z' || text.ptr[*at] == 'z') {
        ++*at;
        return NULL;
    }
    int sign = read_sign(text, at);
    if (!sign)
        return "invalid timezone sign";
    if (!read_digits(text, *at, 2, &hours))
        return "invalid timezone hour";
    *at += char_at(text, *at + 2) == ':' ? 3 : 2;
    if (!read_digits(text, *at, 2, &minutes))
        return "invalid timezone minute";
    *at += 2;
    if (minutes > 59)
        return "timezone minute value is outside expected range of 0-59";
    if (hours > 23)
        return "timezone offset must be less than 24 hours";
    time->offset_s = sign * (hours * 3600 + minutes * 60);
    return NULL;
}

/* A time with or without an offset, from `at` to the end. */
static const char *read_time(sv_str text, size_t at, sv_time *ret_time)
{
    const char *problem = sv_temporal_read_clock(text, &at, ret_time);
    if (!problem)
        problem = read_offset(text, &at, ret_time);
    return problem || at == text.len ? problem : extra_characters;
}

/* RFC 3339 or a number; a date alone is neither. */
static const char *read_datetime(sv_str text, sv_datetime *ret_datetime)
{
    int64_t integer;
    double number;
    const char *problem = read_date(text, &ret_datetime->date);
    char separator = char_at(text, 10);
    if (!problem && (separator == '\0' || !strchr("Tt _", separator)))
        problem = "invalid datetime separator, expected `T`, `t`, `_` or space";
    if (!problem)
        problem = read_time(text, 11, &ret_datetime->time);
    if (!problem)
        return NULL;
    switch (sv_unix_time_read(text, &integer, &number)) {
    case SV_UNIX_TIME_INT:
        return sv_unix_time_from_int(integer, ret_datetime);
    case SV_UNIX_TIME_DOUBLE:
        return sv_unix_time_from_double(number, ret_datetime);
    case SV_UNIX_TIME_NO_NUMBER:
        break;
    }
    return problem;
}

/* Python has no year 0. */
static sv_error_type check_year(sv_date date, sv_error_type type, const char **ret_problem)
{
    if (date.year != 0)
        return SV_ERROR_TYPE_NONE;
    *ret_problem = year_zero;
    return type;
}

static sv_error_type accept_datetime(const char *problem, const sv_datetime *datetime,
                                     sv_datetime *ret_datetime, const char **ret_problem)
{
    *ret_problem = problem;
    if (problem)
        return SV_ERROR_TYPE_DATETIME_PARSING;
    sv_error_type type = check_year(datetime->date, SV_ERROR_TYPE_DATETIME_PARSING, ret_problem);
    if (!type)
        *ret_datetime = *datetime;
    return type;
}

/* The date of a datetime, which must be midnight. */
static sv_error_type accept_date(const char *problem, const sv_datetime *datetime,
                                 sv_date *ret_date, const char **ret_problem)
{
    const sv_time *time = &datetime->time;
    *ret_problem = problem;
    if (problem)
        return SV_ERROR_TYPE_DATE_FROM_DATETIME_PARSING;
    if (time->hour || time->minute || time->second || time->microsecond)
        return SV_ERROR_TYPE_DATE_FROM_DATETIME_INEXACT;
    sv_error_type type = check_year(datetime->date, SV_ERROR_TYPE_DATE_PARSING, ret_problem);
    if (!type)
        *ret_date = datetime->date;
    return type;
}

sv_error_type sv_temporal_parse_datetime(sv_str text, sv_datetime *ret_datetime,
                                         const char **ret_problem)
{
    sv_datetime datetime = {0};
    int64_t integer;
    double number;
    const char *problem = read_datetime(text, &datetime);
    if (!problem)
        return accept_datetime(NULL, &datetime, ret_datetime, ret_problem);
    datetime = (sv_datetime){0};
    const char *date_problem = read_date_only(text, &datetime.date);
    if (!date_problem)
        return accept_datetime(NULL, &datetime, ret_datetime, ret_problem);
    bool is_int = sv_unix_time_read(text, &integer, &number) == SV_UNIX_TIME_INT;
    *ret_problem = is_int ? problem : date_problem; /* as pydantic, which tries a date last */
    return SV_ERROR_TYPE_DATETIME_FROM_DATE_PARSING;
}

sv_error_type sv_temporal_parse_date(sv_str text, sv_date *ret_date, const char **ret_problem)
{
    sv_datetime datetime = {0};
    const char *problem = read_date_only(text, &datetime.date);
    if (problem)
        problem = read_datetime(text, &datetime);
    return accept_date(problem, &datetime, ret_date, ret_problem);
}

sv_error_type sv_temporal_parse_time(sv_str text, sv_time *ret_time, const char **ret_problem)
{
    sv_time time;
    *ret_problem = read_time(text, 0, &time);
    if (*ret_problem)
        return SV_ERROR_TYPE_TIME_PARSING;
    *ret_time = time;
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_temporal_datetime_from_int(int64_t number, sv_datetime *ret_datetime,
                                            const char **ret_problem)
{
    sv_datetime datetime;
    const char *problem = sv_unix_time_from_int(number, &datetime);
    return accept_datetime(problem, &datetime, ret_datetime, ret_problem);
}

sv_error_type sv_temporal_datetime_from_double(double number, sv_datetime *ret_datetime,
                                               const char **ret_problem)
{
    sv_datetime datetime;
    const char *problem = sv_unix_time_from_double(number, &datetime);
    return accept_datetime(problem, &datetime, ret_datetime, ret_problem);
}

sv_error_type sv_temporal_date_from_int(int64_t number, sv_date *ret_date, const char **ret_problem)
{
    sv_datetime datetime;
    const char *problem = sv_unix_time_from_int(number, &datetime);
    return accept_date(problem, &datetime, ret_date, ret_problem);
}

sv_error_type sv_temporal_date_from_double(double number, sv_date *ret_date,
                                           const char **ret_problem)
{
    sv_datetime datetime;
    const char *problem = sv_unix_time_from_double(number, &datetime);
    return accept_date(problem, &datetime, ret_date, ret_problem);
}

/* `microsecond` may be a whole second. */
static sv_error_type time_at(int64_t second, int32_t microsecond, sv_time *ret_time,
                             const char **ret_problem)
{
    second += microsecond / US_OF_SECOND;
    *ret_problem = second < 0 ? negative_time : second >= SECONDS_OF_DAY ? time_too_large : NULL;
    if (*ret_problem)
        return SV_ERROR_TYPE_TIME_PARSING;
    *ret_time = sv_unix_time_of_day((int32_t)second, microsecond % US_OF_SECOND);
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_temporal_time_from_int(int64_t seconds, sv_time *ret_time,
                                        const char **ret_problem)
{
    return time_at(seconds, 0, ret_time, ret_problem);
}

sv_error_type sv_temporal_time_from_double(double seconds, sv_time *ret_time,
                                           const char **ret_problem)
{
    if (isnan(seconds)) {
        *ret_problem = is_nan;
        return SV_ERROR_TYPE_TIME_PARSING;
    }
    if (seconds < 0)
        return time_at(-1, 0, ret_time, ret_problem);
    if (seconds >= SECONDS_OF_DAY)
        return time_at(SECONDS_OF_DAY, 0, ret_time, ret_problem);
    double whole = floor(seconds);
    return time_at((int64_t)whole, (int32_t)round((seconds - whole) * US_OF_SECOND), ret_time,
                   ret_problem);
}
