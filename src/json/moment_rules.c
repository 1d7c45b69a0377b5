/* moment_rules.c: limits of dates against the clock of the machine. Comparing: moment.c. */
#include "json/moment_rules.h"

#include "base/clock.h"
#include "json/calendar.h"
#include "json/moment.h"

#define SECONDS_PER_DAY INT64_C(86400)

static bool refuse(sv_error_type type, sv_violation *ret_violation)
{
    *ret_violation = (sv_violation){.type = type};
    return false;
}

static bool is_wrong_side(sv_moment moment, int64_t value, int64_t now)
{
    return (moment == SV_PAST && value >= now) || (moment == SV_FUTURE && value <= now);
}

bool sv_moment_rules_datetime(sv_moment moment, sv_zone zone, const sv_datetime *value,
                              sv_violation *ret_violation)
{
    if (moment) {
        int64_t now_us = sv_clock_wall_ns(&sv_clock_system) / 1000;
        if (is_wrong_side(moment, sv_moment_unix_us(value), now_us))
            return refuse(moment == SV_PAST ? SV_ERROR_TYPE_DATETIME_PAST
                                            : SV_ERROR_TYPE_DATETIME_FUTURE,
                          ret_violation);
    }
    if (zone == SV_AWARE && !value->time.has_offset)
        return refuse(SV_ERROR_TYPE_TIMEZONE_AWARE, ret_violation);
    if (zone == SV_NAIVE && value->time.has_offset)
        return refuse(SV_ERROR_TYPE_TIMEZONE_NAIVE, ret_violation);
    return true;
}

bool sv_moment_rules_date(sv_moment moment, sv_date value, sv_violation *ret_violation)
{
    if (!moment)
        return true;
    int64_t today = sv_clock_wall_ns(&sv_clock_system) / SV_NS_PER_S / SECONDS_PER_DAY;
    if (!is_wrong_side(moment, sv_calendar_days(value), today))
        return true;
    return refuse(moment == SV_PAST ? SV_ERROR_TYPE_DATE_PAST : SV_ERROR_TYPE_DATE_FUTURE,
                  ret_violation);
}

sv_moment sv_moment_rules_lasting(sv_moment moment)
{
    return moment == SV_PAST ? SV_PAST : SV_ANY_MOMENT;
}

bool sv_moment_rules_is_date(sv_date date)
{
    return date.year >= 1 && date.year <= 9999 && date.day >= 1 &&
           date.day <= sv_calendar_month_days(date.year, date.month);
}

bool sv_moment_rules_is_time(const sv_time *time)
{
    bool is_near = !time->has_offset ||
                   (time->offset_s > -SECONDS_PER_DAY && time->offset_s < SECONDS_PER_DAY);
    return time->hour < 24 && time->minute < 60 && time->second < 60 && time->microsecond >= 0 &&
           time->microsecond < 1000000 && is_near;
}

bool sv_moment_rules_is_duration(const sv_duration *duration)
{
    return duration->days >= -999999999 && duration->days <= 999999999 && duration->seconds >= 0 &&
           duration->seconds < SECONDS_PER_DAY && duration->microseconds >= 0 &&
           duration->microseconds < 1000000;
}
