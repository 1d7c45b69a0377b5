/* clock.c: monotonic and wall time, deadlines, the two text forms of a moment. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec time;
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * SV_NS_PER_S + time.tv_nsec;
}

static int64_t read_monotonic(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t read_wall(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

const sv_clock sv_clock_system = {read_monotonic, read_wall, NULL};

int64_t sv_clock_now_ns(const sv_clock *clock)
{
    return clock->monotonic_ns(clock->arg);
}

int64_t sv_clock_wall_ns(const sv_clock *clock)
{
    return clock->wall_ns(clock->arg);
}

int64_t sv_clock_deadline_ns(const sv_clock *clock, int64_t after_ms)
{
    int64_t now = sv_clock_now_ns(clock);
    int64_t after;
    if (after_ms <= 0)
        return now;
    if (__builtin_mul_overflow(after_ms, SV_NS_PER_MS, &after) ||
        __builtin_add_overflow(now, after, &after))
        return SV_NEVER;
    return after;
}

int64_t sv_clock_left_ms(const sv_clock *clock, int64_t deadline_ns)
{
    if (deadline_ns == SV_NEVER)
        return INT64_MAX;
    int64_t left = deadline_ns - sv_clock_now_ns(clock);
    return left > 0 ? (left - 1) / SV_NS_PER_MS + 1 : 0;
}

/* A moment in UTC. */
typedef struct moment {
    unsigned year, month, day, weekday, hour, minute, second,
        ms; /* month and day from 1, Sunday 0 */
} moment;

/* Gregorian date of a day counted from 1970-01-01. gmtime_r would take a lock of libc's. Years are
 * counted from March, so that the leap day is a year's last; 146097 days are 400 years. */
static void split_date(int64_t days, moment *to)
{
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* from March */
    to->day = day_of_year - (153 * month + 2) / 5 + 1;
    to->month = month < 10 ? month + 3 : month - 9;
    to->year = (unsigned)(year_of_era + era * 400 + (month >= 10)) % 10000;
    to->weekday = (unsigned)((days % 7 + 11) % 7);
}

static moment split_time(int64_t wall_ns)
{
    enum { SECONDS_PER_DAY = 86400 };
    moment to;
    int64_t seconds = wall_ns / SV_NS_PER_S, rest = wall_ns % SV_NS_PER_S;
    if (rest < 0) {
        rest += SV_NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / SECONDS_PER_DAY, left = seconds % SECONDS_PER_DAY;
    if (left < 0) {
        left += SECONDS_PER_DAY;
        days--;
    }
    split_date(days, &to);
    to.hour = (unsigned)left / 3600;
    to.minute = (unsigned)left / 60 % 60;
    to.second = (unsigned)left % 60;
    to.ms = (unsigned)(rest / SV_NS_PER_MS);
    return to;
}

static char *put_digits(char *at, unsigned value, int n_digits, char behind)
{
    for (int i = n_digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    at[n_digits] = behind;
    return at + n_digits + 1;
}

void sv_clock_format_rfc3339(int64_t wall_ns, char *text)
{
    moment t = split_time(wall_ns);
    text = put_digits(text, t.year, 4, '-');
    text = put_digits(text, t.month, 2, '-');
    text = put_digits(text, t.day, 2, 'T');
    text = put_digits(text, t.hour, 2, ':');
    text = put_digits(text, t.minute, 2, ':');
    text = put_digits(text, t.second, 2, '.');
    text = put_digits(text, t.ms, 3, 'Z');
    *text = '\0';
}

void sv_clock_format_http(int64_t wall_ns, char *text)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    moment t = split_time(wall_ns);
    snprintf(text, 30, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + (size_t)3 * t.weekday,
             t.day % 100, months + (size_t)3 * (t.month - 1), t.year, t.hour % 100, t.minute % 100,
             t.second % 100);
}
