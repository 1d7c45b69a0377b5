/* temporal_text.c: dates, times and durations as text. The writers return where they stopped. */
#include "json/temporal_text.h"

enum { US_OF_SECOND = 1000000, SECONDS_OF_DAY = 86400, DAYS_OF_YEAR = 365 };

/* The last `n_digits` digits of a number, zeros before it. */
static char *put_digits(char *at, uint32_t number, int n_digits)
{
    for (int i = n_digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + n_digits;
}

static char *put_number(char *at, uint32_t number)
{
    int n_digits = 1;
    for (uint32_t rest = number / 10; rest; rest /= 10)
        n_digits++;
    return put_digits(at, number, n_digits);
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_date(char *at, sv_date date)
{
    at = put_digits(at, (uint32_t)date.year, 4);
    at = put_char(at, '-');
    at = put_digits(at, date.month, 2);
    at = put_char(at, '-');
    return put_digits(at, date.day, 2);
}

static char *put_offset(char *at, int32_t offset_s)
{
    uint32_t minutes = (uint32_t)(offset_s < 0 ? -(offset_s / 60) : offset_s / 60);
    if (offset_s == 0)
        return put_char(at, 'Z');
    at = put_char(at, offset_s < 0 ? '-' : '+');
    at = put_digits(at, minutes / 60, 2);
    at = put_char(at, ':');
    return put_digits(at, minutes % 60, 2);
}

static char *put_time(char *at, const sv_time *time)
{
    at = put_digits(at, time->hour, 2);
    at = put_char(at, ':');
    at = put_digits(at, time->minute, 2);
    at = put_char(at, ':');
    at = put_digits(at, time->second, 2);
    if (time->microsecond)
        at = put_digits(put_char(at, '.'), (uint32_t)time->microsecond, 6);
    return time->has_offset ? put_offset(at, time->offset_s) : at;
}

size_t sv_temporal_text_date(sv_date date, char ret_text[SV_TEMPORAL_TEXT_SIZE])
{
    return (size_t)(put_date(ret_text, date) - ret_text);
}

size_t sv_temporal_text_time(const sv_time *time, char ret_text[SV_TEMPORAL_TEXT_SIZE])
{
    return (size_t)(put_time(ret_text, time) - ret_text);
}

size_t sv_temporal_text_datetime(const sv_datetime *datetime, char ret_text[SV_TEMPORAL_TEXT_SIZE])
{
    char *at = put_char(put_date(ret_text, datetime->date), 'T');
    return (size_t)(put_time(at, &datetime->time) - ret_text);
}

/* A quantity with its unit; nothing when it is zero. */
static char *put_quantity(char *at, uint32_t quantity, char unit)
{
    return quantity ? put_char(put_number(at, quantity), unit) : at;
}

static char *put_seconds(char *at, uint32_t seconds, uint32_t microseconds)
{
    if (!seconds && !microseconds)
        return at;
    at = put_number(at, seconds);
    if (microseconds) {
        at = put_digits(put_char(at, '.'), microseconds, 6);
        while (at[-1] == '0')
            at--;
    }
    return put_char(at, 'S');
}

/* The size of a span, which is not negative, in whole days and what is left of one. */
static char *put_span(char *at, uint32_t days, int64_t microseconds)
{
    uint32_t seconds = (uint32_t)(microseconds / US_OF_SECOND);
    at = put_quantity(at, days / DAYS_OF_YEAR, 'Y');
    at = put_quantity(at, days % DAYS_OF_YEAR, 'D');
    if (microseconds == 0 && days > 0)
        return at;
    at = put_char(at, 'T');
    if (microseconds == 0)
        return put_char(put_char(at, '0'), 'S');
    at = put_quantity(at, seconds / 3600, 'H');
    at = put_quantity(at, seconds / 60 % 60, 'M');
    return put_seconds(at, seconds % 60, (uint32_t)(microseconds % US_OF_SECOND));
}

size_t sv_temporal_text_duration(sv_duration duration, char ret_text[SV_TEMPORAL_TEXT_SIZE])
{
    int64_t days = duration.days;
    int64_t rest = (int64_t)duration.seconds * US_OF_SECOND + duration.microseconds;
    char *at = ret_text;
    if (days < 0) {
        at = put_char(at, '-');
        days = -days;
        if (rest > 0) {
            rest = (int64_t)SECONDS_OF_DAY * US_OF_SECOND - rest;
            days--;
        }
    }
    at = put_span(put_char(at, 'P'), (uint32_t)days, rest);
    return (size_t)(at - ret_text);
}
