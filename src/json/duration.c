/* duration.c: spans of time from text and numbers.
 *
 * DESIGN: a span is read without its sign, as days, seconds and microseconds that may each be too
 * large for their unit, and put into Python's form at the end. The readers return the problem's
 * text, NULL when all is well; their order of checks and their roundings are those of the speedate
 * crate. */
#include "json/duration.h"

#include <math.h>

#include "json/temporal.h"

static const char too_short[] = "input is too short";
static const char value_too_large[] = "a numeric value in the duration is too large";
static const char hours_too_large[] = "durations may not exceed 999,999,999 hours";
static const char days_too_large[] = "durations may not exceed 999,999,999 days";
static const char invalid_hour[] = "invalid character in hour";

enum { SECONDS_OF_DAY = 86400, US_OF_SECOND = 1000000, MAX_DAYS = 999999999 };

/* A span without sign. Days and seconds stay below 2^32, as in speedate. */
typedef struct span {
    int64_t days, seconds, microseconds;
} span;

static char char_at(sv_str text, size_t at)
{
    return at < text.len ? text.ptr[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Adds `count` units; NULL, or what is wrong. */
static const char *add(int64_t *sum, int64_t count, int64_t unit)
{
    int64_t more = count * unit; /* both below 2^32, so it fits */
    if (more > UINT32_MAX || *sum + more > UINT32_MAX)
        return value_too_large;
    *sum += more;
    return NULL;
}

static const char *read_number(sv_str text, size_t *at, int64_t *ret_number)
{
    int64_t number = 0;
    if (!is_digit(char_at(text, *at)))
        return "invalid digit in duration";
    for (; is_digit(char_at(text, *at)); ++*at) {
        number = number * 10 + (text.ptr[*at] - '0');
        if (number > UINT32_MAX)
            return value_too_large;
    }
    *ret_number = number;
    return NULL;
}

/* ".5" or ",5" or nothing; the digits may be missing. True when there was a point. */
static bool read_fraction(sv_str text, size_t *at, double *ret_fraction)
{
    double digits = 0, unit = 1;
    if (char_at(text, *at) != '.' && char_at(text, *at) != ',')
        return false;
    for (++*at; is_digit(char_at(text, *at)); ++*at) {
        digits = digits * 10 + (text.ptr[*at] - '0');
        unit *= 10;
    }
    *ret_fraction = isfinite(digits) ? digits / unit : 0;
    return true;
}

static const char *add_fraction_of_seconds(double seconds, span *sum)
{
    double whole = trunc(seconds);
    sum->microseconds += (int64_t)round((seconds - whole) * US_OF_SECOND);
    return add(&sum->seconds, (int64_t)whole, 1);
}

static const char *add_fraction_of_days(double days, span *sum)
{
    double whole = trunc(days);
    const char *problem = add(&sum->days, (int64_t)whole, 1);
    return problem ? problem : add_fraction_of_seconds((days - whole) * SECONDS_OF_DAY, sum);
}

/* Days of a unit before the T, seconds of one behind it; 0: no such unit. */
static int unit_size(char name, bool is_time)
{
    static const struct {
        char name;
        bool is_time;
        int size;
    } units[] = {{'Y', false, 365}, {'M', false, 30}, {'W', false, 7}, {'D', false, 1},
                 {'H', true, 3600}, {'M', true, 60},  {'S', true, 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].name == name && units[i].is_time == is_time)
            return units[i].size;
    return 0;
}

/* One quantity: "1.5H". `*had_fraction`: of the quantity before. */
static const char *read_quantity(sv_str text, size_t *at, bool is_time, bool *had_fraction,
                                 span *sum)
{
    int64_t number = 0;
    double fraction = 0;
    const char *problem = read_number(text, at, &number);
    if (problem)
        return problem;
    bool has_fraction = read_fraction(text, at, &fraction);
    if (*had_fraction)
        return "quantity fraction invalid in duration";
    *had_fraction = has_fraction;
    int size = unit_size(char_at(text, *at), is_time);
    if (!size)
        return is_time ? "quantity invalid in time part of duration"
                       : "quantity invalid in date part of duration";
    ++*at;
    problem = add(is_time ? &sum->seconds : &sum->days, number, size);
    if (problem)
        return problem;
    return is_time ? add_fraction_of_seconds(fraction * size, sum)
                   : add_fraction_of_days(fraction * size, sum);
}

/* What follows the P. */
static const char *read_iso(sv_str text, span *sum)
{
    bool is_time = false, had_fraction = false;
    const char *problem = NULL;
    size_t at = 0;
    while (at < text.len && !problem) {
        if (text.ptr[at] != 'T') {
            problem = read_quantity(text, &at, is_time, &had_fraction, sum);
            continue;
        }
        problem = is_time ? "`t` character repeated in duration" : NULL;
        is_time = true;
        at++;
    }
    return problem || at >= 2 ? problem : too_short;
}

static const char *read_hours(sv_str text, int64_t *ret_hours)
{
    enum { MAX_DIGITS = 10 };
    static const int64_t max_hours = 2400000000;
    int64_t hours = 0;
    if (text.len > MAX_DIGITS)
        return hours_too_large;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]))
            return invalid_hour;
        hours = hours * 10 + (text.ptr[i] - '0');
    }
    *ret_hours = hours;
    return hours > max_hours ? hours_too_large : NULL;
}

/* "02:00:00.5", with any number of digits before the first colon. */
static const char *read_clock(sv_str text, span *sum)
{
    enum { CLOCK_SIZE = 15, HOURS_SIZE = 3 }; /* "00:00:00.000000" */
    char clock[CLOCK_SIZE] = "00:";
    sv_time time;
    int64_t hours = 0;
    size_t colon = sv_str_find(text, ':'), at = 0;
    if (text.len < 5)
        return too_short;
    if (colon == text.len)
        return invalid_hour;
    const char *problem = read_hours(sv_str_slice(text, 0, colon), &hours);
    if (problem)
        return problem;
    sv_str rest =
        sv_str_slice(text, colon + 1, CLOCK_SIZE - HOURS_SIZE); /* more is not looked at */
    for (size_t i = 0; i < rest.len; i++)
        clock[HOURS_SIZE + i] = rest.ptr[i];
    sv_str whole = {clock, HOURS_SIZE + rest.len};
    problem = sv_temporal_read_clock(whole, &at, &time);
    if (problem)
        return problem;
    *sum = (span){.days = hours / 24,
                  .seconds = hours % 24 * 3600 + time.minute * 60 + time.second,
                  .microseconds = time.microsecond};
    return at < whole.len ? "unexpected extra characters at the end of the input" : NULL;
}

/* Goes over the first of `words` that stands at `*at`; whether one did. */
static bool skip_one_of(sv_str text, size_t *at, const char *const *words)
{
    for (; *words; words++) {
        sv_str word = sv_str_from(*words);
        if (!sv_str_starts_with(sv_str_slice(text, *at, text.len), word))
            continue;
        *at += word.len;
        return true;
    }
    return false;
}

/* "1 day, 02:00" and many shorter forms. */
static const char *read_days(sv_str text, span *sum)
{
    static const char invalid_days[] = "\"day\" identifier in duration not correctly formatted";
    static const char *const starts[] = {" d", " D", "d", "D", NULL};
    static const char *const ends[] = {"ays", "ay", "AYS", "AY", NULL};
    static const char *const separators[] = {", ", ",", " ", NULL};
    size_t at = 0;
    int64_t days = 0;
    const char *problem = read_number(text, &at, &days);
    if (problem)
        return problem;
    if (!skip_one_of(text, &at, starts))
        return invalid_days;
    if (!skip_one_of(text, &at, ends) && (char_at(text, at) == 'a' || char_at(text, at) == 'A'))
        return invalid_days;
    skip_one_of(text, &at, separators);
    if (at < text.len)
        problem = read_clock(sv_str_slice(text, at, text.len), sum);
    if (!problem && sum->days > 0)
        problem = hours_too_large;
    sum->days = days;
    return problem;
}

static bool has_day_letter(sv_str text)
{
    return sv_str_find(text, 'd') < text.len || sv_str_find(text, 'D') < text.len;
}

static const char *read_span(sv_str text, span *sum)
{
    if (text.len == 0)
        return too_short;
    if (text.ptr[0] == 'P')
        return read_iso(sv_str_slice(text, 1, text.len), sum);
    return has_day_letter(text) || text.len < 5 ? read_days(text, sum) : read_clock(text, sum);
}

/* Into Python's form: units within their bounds, the sign with the days. */
static sv_error_type finish(span sum, bool is_negative, sv_duration *ret_duration,
                            const char **ret_problem)
{
    sum.seconds += sum.microseconds / US_OF_SECOND;
    sum.microseconds %= US_OF_SECOND;
    sum.days += sum.seconds / SECONDS_OF_DAY;
    sum.seconds %= SECONDS_OF_DAY;
    if (is_negative) {
        bool borrows_second = sum.microseconds > 0;
        bool borrows_day = sum.seconds + borrows_second > 0;
        sum.microseconds = borrows_second ? US_OF_SECOND - sum.microseconds : 0;
        sum.seconds = (borrows_day ? SECONDS_OF_DAY : 0) - sum.seconds - borrows_second;
        sum.days = -sum.days - borrows_day;
    }
    *ret_problem = sum.days > MAX_DAYS || sum.days < -MAX_DAYS ? days_too_large : NULL;
    if (*ret_problem)
        return SV_ERROR_TYPE_TIME_DELTA_PARSING;
    *ret_duration =
        (sv_duration){(int32_t)sum.days, (int32_t)sum.seconds, (int32_t)sum.microseconds};
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_duration_parse(sv_str text, sv_duration *ret_duration, const char **ret_problem)
{
    span sum = {0};
    char sign = char_at(text, 0);
    if (sign == '-' || sign == '+')
        text = sv_str_slice(text, 1, text.len);
    *ret_problem = read_span(text, &sum);
    if (*ret_problem)
        return SV_ERROR_TYPE_TIME_DELTA_PARSING;
    return finish(sum, sign == '-', ret_duration, ret_problem);
}

sv_error_type sv_duration_from_int(int64_t seconds, sv_duration *ret_duration,
                                   const char **ret_problem)
{
    span sum = {.days = seconds / SECONDS_OF_DAY, .seconds = seconds % SECONDS_OF_DAY};
    if (seconds < 0)
        sum = (span){.days = -sum.days, .seconds = -sum.seconds};
    return finish(sum, seconds < 0, ret_duration, ret_problem);
}

sv_error_type sv_duration_from_double(double seconds, sv_duration *ret_duration,
                                      const char **ret_problem)
{
    static const double too_many_seconds = 1e15;
    double size = fabs(seconds), whole = trunc(size);
    if (isnan(seconds)) {
        *ret_problem = "NaN values not permitted";
        return SV_ERROR_TYPE_TIME_DELTA_PARSING;
    }
    if (size > too_many_seconds)
        return finish((span){.days = MAX_DAYS + 1}, false, ret_duration, ret_problem);
    span sum = {.seconds = (int64_t)whole,
                .microseconds = (int64_t)round((size - whole) * US_OF_SECOND)};
    return finish(sum, seconds < 0, ret_duration, ret_problem);
}
