/* When a version has to give way: errors, latency, and what has left the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "model/version_guard.h"

static sv_version_guard guard;
static int64_t now_ns;

static void begin(double max_error_rate, int64_t max_latency_ms, int64_t min_requests)
{
    const sv_version_limits limits = {max_error_rate, max_latency_ms * SV_NS_PER_MS, min_requests};
    now_ns = 1000 * SV_NS_PER_S;
    sv_version_guard_init(&guard, &limits);
}

/* `n` requests, 1 ms apart; how many of them said that they trip the guard. */
static unsigned add(unsigned n, bool failed, int64_t latency_ms)
{
    unsigned trips = 0;
    for (unsigned i = 0; i < n; i++) {
        now_ns += SV_NS_PER_MS;
        trips += sv_version_guard_add(&guard, now_ns, failed, latency_ms * SV_NS_PER_MS);
    }
    return trips;
}

static void assert_describes(const char *text)
{
    sv_buf buf;
    sv_buf_init(&buf, 256);
    sv_version_guard_describe(&guard, &buf);
    sv_buf_append(&buf, "", 1);
    assert_string_equal(buf.ptr, text);
    sv_buf_deinit(&buf);
}

static int end(void **state)
{
    (void)state;
    sv_version_guard_deinit(&guard);
    return 0;
}

static void test_few_requests_decide_nothing(void **state)
{
    (void)state;
    begin(0.5, 0, 20);
    assert_int_equal(add(19, true, 1), 0);
    assert_false(sv_version_guard_is_tripped(&guard));
    assert_int_equal(add(1, true, 1), 1);
    assert_true(sv_version_guard_is_tripped(&guard));
}

static void test_the_rate_must_be_passed(void **state)
{
    (void)state;
    begin(0.5, 0, 20);
    add(10, false, 1);
    assert_int_equal(add(10, true, 1), 0); /* exactly half */
    assert_int_equal(add(1, true, 1), 1);
    assert_describes("11 of 21 requests failed");
}

static void test_a_rate_of_1_is_never_passed(void **state)
{
    (void)state;
    begin(1, 0, 1);
    assert_int_equal(add(1000, true, 1), 0);
}

static void test_a_rate_of_0_forgives_nothing(void **state)
{
    (void)state;
    begin(0, 0, 5);
    assert_int_equal(add(100, false, 1), 0);
    assert_int_equal(add(1, true, 1), 1);
}

/* The 95th percentile: 1 of 20 may be slow, 2 may not. */
static void test_latency(void **state)
{
    (void)state;
    begin(0.5, 250, 20);
    add(18, false, 250);
    assert_int_equal(add(1, false, 251), 0);
    add(1, false, 1);
    assert_false(sv_version_guard_is_tripped(&guard));
    assert_int_equal(add(1, false, 5000), 1);
    assert_describes("0 of 21 requests failed, 2 took longer than 250 ms");
}

static void test_only_the_last_200_count(void **state)
{
    (void)state;
    begin(0.5, 100, 1);
    add(1, false, 1);
    add(100, false, 1);
    assert_int_equal(add(5, true, 1), 0);
    assert_int_equal(add(5, false, 200), 0);
    add(300, false, 1);
    assert_describes("0 of 200 requests failed, 0 took longer than 100 ms");
    assert_int_equal(add(100, true, 1), 0); /* half of 200 */
    assert_int_equal(add(1, true, 1), 1);
}

static void test_only_the_last_minute_counts(void **state)
{
    (void)state;
    begin(0.5, 0, 10);
    add(9, true, 1);
    now_ns += 60 * SV_NS_PER_S;
    assert_int_equal(add(9, true, 1), 0); /* those before are too old */
    assert_describes("9 of 9 requests failed");
    now_ns += 59 * SV_NS_PER_S;
    assert_int_equal(add(1, true, 1), 1);
}

/* Requests that were under way when it tripped say nothing more. */
static void test_it_trips_once_and_is_reset(void **state)
{
    (void)state;
    begin(0.5, 0, 10);
    assert_int_equal(add(50, true, 1), 1);
    assert_describes("10 of 10 requests failed");
    sv_version_guard_reset(&guard, NULL);
    assert_false(sv_version_guard_is_tripped(&guard));
    assert_describes("0 of 0 requests failed");
    assert_int_equal(add(9, true, 1), 0);
    assert_int_equal(add(1, true, 1), 1);
}

static void test_what_a_manifest_says(void **state)
{
    (void)state;
    struct manifest_fallback from = {.max_error_rate = {true, 0.1}, .max_latency.ns = 7};
    sv_version_limits limits = sv_version_guard_limits(NULL);
    begin(0, 0, 1);
    assert_true(limits.max_error_rate == 0.5);
    assert_int_equal(limits.max_latency_ns, 0);
    assert_int_equal(limits.min_requests, 20);
    limits = sv_version_guard_limits(&from);
    assert_true(limits.max_error_rate == 0.1);
    assert_int_equal(limits.max_latency_ns, 7);
    assert_int_equal(limits.min_requests, 20);
}

static void *add_many(void *trips)
{
    for (int i = 0; i < 5000; i++)
        *(unsigned *)trips += sv_version_guard_add(&guard, now_ns, i % 4 != 0, 1);
    return NULL;
}

/* However many threads report, one of them trips it. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned trips[4] = {0};
    begin(0.5, 0, 20);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &trips[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(trips[0] + trips[1] + trips[2] + trips[3], 1);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_few_requests_decide_nothing),
        TEST(test_the_rate_must_be_passed),
        TEST(test_a_rate_of_1_is_never_passed),
        TEST(test_a_rate_of_0_forgives_nothing),
        TEST(test_latency),
        TEST(test_only_the_last_200_count),
        TEST(test_only_the_last_minute_counts),
        TEST(test_it_trips_once_and_is_reset),
        TEST(test_what_a_manifest_says),
        TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
