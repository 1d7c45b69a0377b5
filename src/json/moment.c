/* moment.c: the order of dates and times. */
#include "json/moment.h"

#include "json/calendar.h"

static const int64_t us_of_second = 1000000;
static const int64_t us_of_day = INT64_C(86400000000);

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Since midnight where the clock stands. */
static int64_t clock_us(const sv_time *time)
{
    return (time->hour * 3600 + time->minute * 60 + time->second) * us_of_second +
           time->microsecond;
}

static int64_t offset_us(const sv_time *time)
{
    return time->has_offset ? time->offset_s * us_of_second : 0;
}

static int64_t local_us(const sv_datetime *datetime)
{
    return sv_calendar_days(datetime->date) * us_of_day + clock_us(&datetime->time);
}

int64_t sv_moment_unix_us(const sv_datetime *datetime)
{
    return local_us(datetime) - offset_us(&datetime->time);
}

int sv_moment_compare_datetime(const sv_datetime *a, const sv_datetime *b)
{
    if (a->time.has_offset && b->time.has_offset)
        return compare(sv_moment_unix_us(a), sv_moment_unix_us(b));
    return compare(local_us(a), local_us(b));
}

int sv_moment_compare_time(const sv_time *a, const sv_time *b)
{
    bool both = a->has_offset && b->has_offset;
    return compare(clock_us(a) - (both ? offset_us(a) : 0),
                   clock_us(b) - (both ? offset_us(b) : 0));
}

int sv_moment_compare_date(sv_date a, sv_date b)
{
    return compare(sv_calendar_days(a), sv_calendar_days(b));
}

int sv_moment_compare_duration(sv_duration a, sv_duration b)
{
    if (a.days != b.days)
        return compare(a.days, b.days);
    return compare(a.seconds * us_of_second + a.microseconds,
                   b.seconds * us_of_second + b.microseconds);
}
