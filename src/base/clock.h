/* clock.h: time, replaceable in tests. Two clocks: monotonic for deadlines and durations, wall for
 * people. */
#ifndef SERVAL_BASE_CLOCK_H
#define SERVAL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { SV_CLOCK_TEXT_SIZE = 25 }; /* "2026-11-24T08:30:00.123Z" and the zero */
#define SV_NS_PER_MS INT64_C(1000000)
#define SV_NS_PER_S INT64_C(1000000000)
/* A deadline that never comes. */
#define SV_NEVER INT64_MAX

/* Where time comes from. Both functions may be called from any thread. */
typedef struct sv_clock {
    int64_t (*monotonic_ns)(void *arg);
    int64_t (*wall_ns)(void *arg); /* since 1970-01-01 UTC */
    void *arg;
} sv_clock;

/* The machine's own. */
extern const sv_clock sv_clock_system;

int64_t sv_clock_now_ns(const sv_clock *clock);
int64_t sv_clock_wall_ns(const sv_clock *clock);
/* now + after, clamped to SV_NEVER; a negative or zero `after_ms` gives now. */
int64_t sv_clock_deadline_ns(const sv_clock *clock, int64_t after_ms);
/* Milliseconds until the deadline, rounded up, 0 when over, INT64_MAX for SV_NEVER. */
int64_t sv_clock_left_ms(const sv_clock *clock, int64_t deadline_ns);
/* RFC 3339 in UTC with milliseconds into `text` (SV_CLOCK_TEXT_SIZE bytes). */
void sv_clock_format_rfc3339(int64_t wall_ns, char *text);
/* IMF-fixdate of RFC 9110 ("Tue, 24 Nov 2026 08:30:00 GMT") into 30 bytes. */
void sv_clock_format_http(int64_t wall_ns, char *text);

#endif
