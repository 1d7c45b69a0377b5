/* http_date.c: reads "Sun, 06 Nov 1994 08:49:37 GMT", and the two forms of the past,
 * "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". */
#include "http/http_date.h"

/* Where the parts of a date stand in its text; what is between them is `frame`, in which '#' is one
 * of theirs. */
typedef struct date_form {
    sv_str frame;
    size_t day, month, year, year_len, time;
} date_form;

static const date_form fixdate = {SV_STR_INIT("###, ## ### #### ##:##:## GMT"), 5, 8, 12, 4, 17};
static const date_form rfc850 = {SV_STR_INIT(", ##-###-## ##:##:## GMT"), 2, 5, 9, 2, 12};
static const date_form asctime_like = {SV_STR_INIT("### ### ## ##:##:## ####"), 8, 4, 20, 4, 11};

enum { SECONDS_PER_DAY = 86400 };

static bool fits_frame(sv_str text, sv_str frame)
{
    if (text.len != frame.len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (frame.ptr[i] != '#' && frame.ptr[i] != text.ptr[i])
            return false;
    return true;
}

/* A number of `len` digits, at most `max`; a leading space counts as 0. */
static bool read_number(sv_str text, size_t at, size_t len, int64_t max, int64_t *ret_number)
{
    uint64_t number;
    sv_str digits = sv_str_slice(text, at, len);
    if (digits.ptr[0] == ' ')
        digits = sv_str_slice(digits, 1, digits.len);
    if (!sv_str_to_u64(digits, &number) || (int64_t)number > max)
        return false;
    *ret_number = (int64_t)number;
    return true;
}

/* 1 to 12, or 0. */
static int64_t read_month(sv_str name)
{
    static const sv_str names = SV_STR_INIT("JanFebMarAprMayJunJulAugSepOctNovDec");
    for (size_t i = 0; i < 12; i++)
        if (sv_str_eq(name, sv_str_slice(names, i * 3, 3)))
            return (int64_t)i + 1;
    return 0;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t count_days_of(int64_t month, int64_t year)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 on, negative before it (proleptic Gregorian calendar). */
static int64_t count_days(int64_t day, int64_t month, int64_t year)
{
    int64_t before = year + 399; /* of whole years since the year -400, a start of 400 years */
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400;
    for (int64_t i = 1; i < month; i++)
        days += count_days_of(i, year);
    return days + day - 1 - (719162 + 146097);
}

static bool read_form(sv_str text, const date_form *form, int64_t *ret_s)
{
    int64_t day, month, year, hour, minute, second;
    if (!fits_frame(text, form->frame))
        return false;
    month = read_month(sv_str_slice(text, form->month, 3));
    if (!month || !read_number(text, form->year, form->year_len, 9999, &year) ||
        !read_number(text, form->day, 2, 31, &day) ||
        !read_number(text, form->time, 2, 23, &hour) ||
        !read_number(text, form->time + 3, 2, 59, &minute) ||
        !read_number(text, form->time + 6, 2, 60, &second))
        return false;
    if (form->year_len == 2)
        year += year < 70 ? 2000 : 1900;
    if (day < 1 || day > count_days_of(month, year))
        return false;
    *ret_s = count_days(day, month, year) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    return true;
}

bool sv_http_date_read(sv_str text, int64_t *ret_s)
{
    sv_str after_day = sv_str_slice(text, sv_str_find(text, ','), text.len);
    return read_form(text, &fixdate, ret_s) || read_form(text, &asctime_like, ret_s) ||
           read_form(after_day, &rfc850, ret_s);
}
