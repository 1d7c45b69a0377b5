/* Time: deadlines against a made-up clock, and the two text forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static int64_t read_made_up(void *arg)
{
    return *(int64_t *)arg;
}

static void test_deadlines(void **state)
{
    (void)state;
    int64_t now = 5 * SV_NS_PER_S;
    const sv_clock clock = {read_made_up, read_made_up, &now};
    assert_int_equal(sv_clock_now_ns(&clock), now);
    assert_int_equal(sv_clock_wall_ns(&clock), now);
    int64_t deadline = sv_clock_deadline_ns(&clock, 250);
    assert_int_equal(deadline, now + 250 * SV_NS_PER_MS);
    assert_int_equal(sv_clock_left_ms(&clock, deadline), 250);
    now += 249 * SV_NS_PER_MS + 1;
    assert_int_equal(sv_clock_left_ms(&clock, deadline), 1); /* rounded up */
    now += SV_NS_PER_MS;
    assert_int_equal(sv_clock_left_ms(&clock, deadline), 0);
    now += SV_NS_PER_S;
    assert_int_equal(sv_clock_left_ms(&clock, deadline), 0);
}

static void test_the_ends_of_time(void **state)
{
    (void)state;
    int64_t now = SV_NS_PER_S;
    const sv_clock clock = {read_made_up, read_made_up, &now};
    assert_int_equal(sv_clock_deadline_ns(&clock, 0), now);
    assert_int_equal(sv_clock_deadline_ns(&clock, -7), now);
    assert_int_equal(sv_clock_deadline_ns(&clock, INT64_MAX), SV_NEVER);
    assert_int_equal(sv_clock_deadline_ns(&clock, INT64_MAX / SV_NS_PER_MS), SV_NEVER);
    assert_int_equal(sv_clock_left_ms(&clock, SV_NEVER), INT64_MAX);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ns;
        const char *rfc3339, *http;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777 * SV_NS_PER_S, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {1709210096 * SV_NS_PER_S + 789 * SV_NS_PER_MS + 999999, "2024-02-29T12:34:56.789Z",
         "Thu, 29 Feb 2024 12:34:56 GMT"},
        {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
        {1767225599 * SV_NS_PER_S + 5 * SV_NS_PER_MS, "2025-12-31T23:59:59.005Z",
         "Wed, 31 Dec 2025 23:59:59 GMT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rfc3339[SV_CLOCK_TEXT_SIZE], http[30];
        sv_clock_format_rfc3339(cases[i].wall_ns, rfc3339);
        sv_clock_format_http(cases[i].wall_ns, http);
        assert_string_equal(rfc3339, cases[i].rfc3339);
        assert_string_equal(http, cases[i].http);
    }
}

/* Every day of five centuries, against the C library. */
static void test_dates(void **state)
{
    (void)state;
    for (int64_t day = -90000; day < 90000; day++) {
        char text[SV_CLOCK_TEXT_SIZE], date[48], http[30];
        time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm fields;
        gmtime_r(&seconds, &fields);
        sv_clock_format_rfc3339(seconds * SV_NS_PER_S, text);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S.000Z", &fields);
        assert_string_equal(text, date);
        sv_clock_format_http(seconds * SV_NS_PER_S, http);
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &fields);
        assert_string_equal(http, date);
    }
}

static void test_the_machines_clock_runs(void **state)
{
    (void)state;
    int64_t before = sv_clock_now_ns(&sv_clock_system);
    assert_true(sv_clock_now_ns(&sv_clock_system) >= before);
    assert_true(sv_clock_wall_ns(&sv_clock_system) > 1700000000 * SV_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_the_ends_of_time),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_the_machines_clock_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
