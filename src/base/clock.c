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

static struct tm split_time(int64_t wall_ns, int *ret_ms)
{
    int64_t seconds = wall_ns / SV_NS_PER_S;
    int64_t rest = wall_ns % SV_NS_PER_S;
    if (rest < 0) {
        rest += SV_NS_PER_S;
        seconds--;
    }
    *ret_ms = (int)(rest / SV_NS_PER_MS);
    time_t when = (time_t)seconds;
    struct tm fields;
    gmtime_r(&when, &fields);
    return fields;
}

void sv_clock_format_rfc3339(int64_t wall_ns, char *text)
{
    int ms;
    struct tm t = split_time(wall_ns, &ms);
    snprintf(text, SV_CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(t.tm_year + 1900) % 10000, (unsigned)(t.tm_mon + 1) % 100,
             (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100,
             (unsigned)t.tm_sec % 100, (unsigned)ms % 1000);
}

void sv_clock_format_http(int64_t wall_ns, char *text)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int ms;
    struct tm t = split_time(wall_ns, &ms);
    snprintf(text, 30, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * t.tm_wday,
             (unsigned)t.tm_mday % 100, months + 3 * t.tm_mon, (unsigned)(t.tm_year + 1900) % 10000,
             (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}
