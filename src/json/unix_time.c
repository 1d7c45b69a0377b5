/* unix_time.c: numbers as moments. */
#include "json/unix_time.h"

#include <math.h>

#include "json/calendar.h"
#include "json/coerce.h"

static const char too_early[] = "dates before 0000 are not supported as unix timestamps";
static const char too_late[] = "dates after 9999 are not supported as unix timestamps";

static const int64_t largest_seconds = 20000000000; /* greater numbers are milliseconds */
static const int64_t first_second = -62167219200;   /* of the year 0 */
static const int64_t last_second = 253402300799;    /* of the year 9999 */

enum { SECONDS_OF_DAY = 86400, US_OF_SECOND = 1000000 };

static size_t skip_digits(sv_str text, size_t at)
{
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at;
}

/* False when it does not fit. */
static bool read_int(sv_str digits, bool is_negative, int64_t *ret_integer)
{
    int64_t integer = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digits.ptr[i] - '0';
        if (__builtin_mul_overflow(integer, 10, &integer) ||
            __builtin_add_overflow(integer, is_negative ? -digit : digit, &integer))
            return false;
    }
    *ret_integer = integer;
    return digits.len > 0;
}

sv_unix_time_kind sv_unix_time_read(sv_str text, int64_t *ret_integer, double *ret_number)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    size_t start = is_negative || (text.len && text.ptr[0] == '+') ? 1 : 0;
    size_t at = skip_digits(text, start);
    sv_str digits = sv_str_slice(text, start, at - start);
    if (at == text.len)
        return read_int(digits, is_negative, ret_integer) ? SV_UNIX_TIME_INT
                                                          : SV_UNIX_TIME_NO_NUMBER;
    char last = text.ptr[text.len - 1];
    bool ends_well = (last >= '0' && last <= '9') || last == '.'; /* no blank, which coerce skips */
    if (text.ptr[at] != '.' || !ends_well || sv_str_find(text, '_') < text.len)
        return SV_UNIX_TIME_NO_NUMBER;
    sv_error_type type = sv_coerce_text_double(text, ret_number);
    if (type == SV_ERROR_TYPE_FINITE_NUMBER)
        *ret_number = is_negative ? -INFINITY : INFINITY;
    else if (type)
        return SV_UNIX_TIME_NO_NUMBER;
    return SV_UNIX_TIME_DOUBLE;
}

sv_time sv_unix_time_of_day(int32_t second, int32_t microsecond)
{
    return (sv_time){.hour = (uint8_t)(second / 3600),
                     .minute = (uint8_t)(second / 60 % 60),
                     .second = (uint8_t)(second % 60),
                     .has_offset = true,
                     .microsecond = microsecond};
}

/* `microseconds`: 0..1,999,999. */
static const char *datetime_at(int64_t seconds, int32_t microseconds, sv_datetime *ret_datetime)
{
    seconds += microseconds / US_OF_SECOND;
    if (seconds < first_second)
        return too_early;
    if (seconds > last_second)
        return too_late;
    int64_t since_year_zero = seconds - first_second;
    int32_t first_day = (int32_t)(first_second / SECONDS_OF_DAY);
    ret_datetime->date = sv_calendar_date((int32_t)(since_year_zero / SECONDS_OF_DAY) + first_day);
    ret_datetime->time = sv_unix_time_of_day((int32_t)(since_year_zero % SECONDS_OF_DAY),
                                             microseconds % US_OF_SECOND);
    return NULL;
}

static const char *datetime_at_ms(int64_t ms, int32_t microseconds, sv_datetime *ret_datetime)
{
    int64_t rest = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
    return datetime_at((ms - rest) / 1000, (int32_t)rest * 1000 + microseconds, ret_datetime);
}

const char *sv_unix_time_from_int(int64_t number, sv_datetime *ret_datetime)
{
    if (number < first_second * 1000)
        return too_early;
    if (number > last_second * 1000 + 999)
        return too_late;
    bool is_ms = number > largest_seconds || number < -largest_seconds;
    return is_ms ? datetime_at_ms(number, 0, ret_datetime) : datetime_at(number, 0, ret_datetime);
}

const char *sv_unix_time_from_double(double number, sv_datetime *ret_datetime)
{
    if (isnan(number))
        return "NaN values not permitted";
    double whole = floor(number);
    if (whole < (double)(first_second * 1000))
        return too_early;
    if (whole > (double)(last_second * 1000 + 999))
        return too_late;
    if (fabs(number) > (double)largest_seconds)
        return datetime_at_ms((int64_t)whole, (int32_t)round((number - whole) * 1000),
                              ret_datetime);
    return datetime_at((int64_t)whole, (int32_t)round((number - whole) * US_OF_SECOND),
                       ret_datetime);
}
