/* test_rate_table.c: how many requests are allowed, and when; with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "failing_malloc.h"
#include "http/rate_table.h"

static const int64_t SECOND = SV_NS_PER_S;
static const int64_t START = 77 * INT64_C(1000000000);         /* monotonic */
static const int64_t EPOCH = 1800000000 * INT64_C(1000000000); /* wall */

enum { N_PLACES = 1 << 15 };
static int64_t passed; /* since the start */

static int64_t read_monotonic(void *arg)
{
    (void)arg;
    return START + passed;
}

static int64_t read_wall(void *arg)
{
    (void)arg;
    return EPOCH + passed;
}

static const sv_clock fake_clock = {read_monotonic, read_wall, NULL};
static sv_rate_table *table;

static int start(void **state)
{
    (void)state;
    passed = 0;
    table = sv_rate_table_new(N_PLACES, &fake_clock);
    return table ? 0 : 1;
}

static int stop(void **state)
{
    (void)state;
    sv_rate_table_free(table);
    return 0;
}

static sv_rate_limit parse(const char *text)
{
    sv_rate_limit limit = {.n_rules = 0};
    assert_int_equal(sv_rate_rule_parse(sv_str_from(text), NULL, &limit), SV_OK);
    return limit;
}

static sv_rate_verdict ask(const sv_rate_limit *limit, const char *client)
{
    return sv_rate_table_decide(table, sv_str_from(client), &limit, 1);
}

static void test_burst_then_steady(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("10/minute"); /* one comes back every 6 s */
    static const struct {
        int64_t at_ns;
        bool allowed;
        int64_t remaining, reset_s, retry_s;
    } steps[] = {
        {0, true, 9, 6, 0},
        {0, true, 8, 12, 0},
        {0, true, 7, 18, 0},
        {0, true, 6, 24, 0},
        {0, true, 5, 30, 0},
        {0, true, 4, 36, 0},
        {0, true, 3, 42, 0},
        {0, true, 2, 48, 0},
        {0, true, 1, 54, 0},
        {0, true, 0, 60, 0},
        {0, false, 0, 60, 6},
        {1, false, 0, 60, 6},
        {INT64_C(5000000000), false, 0, 60, 1},
        {INT64_C(5000000001), false, 0, 60, 1},
        {INT64_C(5999999999), false, 0, 60, 1}, /* one nanosecond early */
        {INT64_C(6000000000), true, 0, 66, 0},
        {INT64_C(6000000000), false, 0, 66, 6},
        {INT64_C(12000000000), true, 0, 72, 0},
        {INT64_C(30000000000), true, 2, 78, 0},
        {INT64_C(77999999999), true, 8, 84, 0}, /* all but the last was back */
        {INT64_C(84000000000), true, 9, 90, 0}, /* all was back, to the nanosecond */
        {INT64_C(200000000000), true, 9, 206, 0},
        {INT64_C(200500000000), true, 8, 212, 0}, /* the second is whole: 200 + 12 exactly */
        {INT64_C(206500000000), true, 8, 218, 0},
        {INT64_C(206700000000), true, 7, 224, 0},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        passed = steps[i].at_ns;
        sv_rate_verdict verdict = ask(&limit, "192.0.2.1");
        if (verdict.allowed != steps[i].allowed || verdict.remaining != steps[i].remaining ||
            verdict.reset_epoch_s - EPOCH / SECOND != steps[i].reset_s ||
            verdict.retry_after_s != steps[i].retry_s)
            fail_msg("step %zu: %d, %lld left, reset %lld, retry %lld", i, verdict.allowed,
                     (long long)verdict.remaining,
                     (long long)(verdict.reset_epoch_s - EPOCH / SECOND),
                     (long long)verdict.retry_after_s);
        assert_ptr_equal(verdict.rule, &limit.rules[0]);
    }
}

static void test_reset_is_rounded_up(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("7/second");
    passed = 999999999;
    assert_int_equal(ask(&limit, "a").reset_epoch_s, EPOCH / SECOND + 2);
    passed = 5 * SECOND - limit.rules[0].interval_ns;
    assert_int_equal(ask(&limit, "a").reset_epoch_s, EPOCH / SECOND + 5);
}

/* Whoever waits as long as it is told is let in. */
static void test_retry_after_is_enough(void **state)
{
    (void)state;
    static const char *const texts[] = {"1/second",
                                        "7/second",
                                        "3/minute",
                                        "1000/7 hours",
                                        "2/10seconds;3/minute",
                                        "1/second;1/5 seconds"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_rate_limit limit = parse(texts[i]);
        for (int k = 0; k < 3000; k++) {
            sv_rate_verdict verdict = ask(&limit, texts[i]);
            if (verdict.allowed)
                continue;
            assert_true(verdict.retry_after_s >= 1);
            passed += verdict.retry_after_s * SECOND;
            assert_true(ask(&limit, texts[i]).allowed);
            passed += 123456789;
        }
    }
}

static void test_several_rules(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("5/hour;2/second");
    const sv_rate_rule *hour = &limit.rules[0], *second = &limit.rules[1];
    static const struct {
        int64_t at_ms;
        bool allowed;
        int rule; /* which decides */
        int64_t remaining, retry_s;
    } steps[] = {
        {0, true, 1, 1, 0},         {0, true, 1, 0, 0},         {0, false, 1, 0, 1},
        {499, false, 1, 0, 1}, /* not charged to the hour */
        {500, true, 1, 0, 0},       {5000, true, 0, 1, 0},      {5000, true, 0, 0, 0},
        {5000, false, 0, 0, 715},   {9000, false, 0, 0, 711},   {720000, true, 0, 0, 0},
        {720000, false, 0, 0, 720}, {721000, false, 0, 0, 719},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        passed = steps[i].at_ms * SV_NS_PER_MS;
        sv_rate_verdict verdict = ask(&limit, "192.0.2.1");
        if (verdict.allowed != steps[i].allowed || verdict.remaining != steps[i].remaining ||
            verdict.rule != (steps[i].rule ? second : hour) ||
            verdict.retry_after_s != steps[i].retry_s)
            fail_msg("step %zu: %d by %s, %lld left, retry %lld", i, verdict.allowed,
                     verdict.rule->unit, (long long)verdict.remaining,
                     (long long)verdict.retry_after_s);
    }
}

/* Two limits: what one refuses is charged to neither. */
static void test_two_limits(void **state)
{
    (void)state;
    sv_rate_limit route = parse("2/minute"), other = parse("2/minute"), overall = parse("3/hour");
    const sv_rate_limit *both[] = {&route, &overall}, *second[] = {&other, &overall};
    sv_str client = SV_STR("192.0.2.1");
    for (int i = 0; i < 2; i++)
        assert_true(sv_rate_table_decide(table, client, both, 2).allowed);
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(sv_rate_table_decide(table, client, both, 2).rule, &route.rules[0]);
    sv_rate_verdict verdict = sv_rate_table_decide(table, client, second, 2);
    assert_true(verdict.allowed);
    assert_ptr_equal(verdict.rule, &overall.rules[0]);
    assert_int_equal(verdict.remaining, 0);
    verdict = sv_rate_table_decide(table, client, second, 2);
    assert_false(verdict.allowed);
    assert_ptr_equal(verdict.rule, &overall.rules[0]);
    assert_int_equal(verdict.retry_after_s, 1200);
}

static void test_no_limits(void **state)
{
    (void)state;
    sv_rate_verdict verdict = sv_rate_table_decide(table, SV_STR("192.0.2.1"), NULL, 0);
    assert_true(verdict.allowed);
    assert_null(verdict.rule);
}

static void test_clients_are_apart(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("1/day"), same = parse("1/day");
    static const struct {
        const char *client;
        bool allowed;
    } steps[] = {
        {"192.0.2.1", true},
        {"192.0.2.1", false},
        {"192.0.2.2", true},
        {"::ffff:192.0.2.2", false},
        {"2001:db8::1", true},
        {"2001:db8::2", false},
        {"2001:db8:0:1::2", true},
        {"", true},
        {"", false},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_int_equal(ask(&limit, steps[i].client).allowed, steps[i].allowed);
    assert_true(ask(&same, "192.0.2.1").allowed);
}

static size_t allow_many(const sv_rate_limit *limit, int first, int n)
{
    char client[32];
    size_t n_allowed = 0;
    for (int i = first; i < first + n; i++) {
        snprintf(client, sizeof client, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        n_allowed += ask(limit, client).allowed;
        passed++; /* no two of them at the same time */
    }
    return n_allowed;
}

/* Half full: nobody is forgotten. */
static void test_half_full(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("1/day");
    assert_int_equal(allow_many(&limit, 0, N_PLACES / 2), N_PLACES / 2);
    assert_int_equal(allow_many(&limit, 0, N_PLACES / 2), 0);
}

/* Places whose moment has passed are used again, so that any number of clients fits one after the
 * other. */
static void test_expired_places_are_free(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("1/second");
    const int n = N_PLACES / 2;
    for (int round = 0; round < 6; round++) {
        assert_int_equal(allow_many(&limit, round * n, n), n);
        assert_int_equal(allow_many(&limit, round * n, n), 0);
        passed += SECOND;
    }
}

/* Far more clients than places: new ones are let in, nobody is refused who has not asked before,
 * and whoever asks again and again stays known. */
static void test_full(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("1/day"), hungry = parse("1000/10 days");
    for (int i = 0; i < 1000; i++)
        assert_true(ask(&hungry, "192.0.2.9").allowed);
    assert_int_equal(allow_many(&limit, 0, 100000), 100000);
    size_t n_again = allow_many(&limit, 100000 - 1000, 1000);
    assert_true(n_again < 100);                      /* of the newest most are remembered */
    assert_false(ask(&hungry, "192.0.2.9").allowed); /* the longest wait is not forgotten */
}

enum { N_THREADS = 8, N_ASKS = 5000 };
static atomic_int n_allowed;

static void *hammer(void *arg)
{
    for (int i = 0; i < N_ASKS; i++)
        if (ask(arg, "192.0.2.1").allowed)
            atomic_fetch_add(&n_allowed, 1);
    return NULL;
}

static void test_exact_over_threads(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("1234/hour;5000/day");
    for (int round = 1; round <= 2; round++) {
        pthread_t threads[N_THREADS];
        atomic_store(&n_allowed, 0);
        for (int i = 0; i < N_THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, hammer, &limit), 0);
        for (int i = 0; i < N_THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&n_allowed), 1234);
        passed += 3600 * SECOND;
    }
}

static void test_real_clock(void **state)
{
    (void)state;
    sv_rate_limit limit = parse("3/day");
    const sv_rate_limit *limits = &limit;
    sv_rate_table *real = sv_rate_table_new(0, &sv_clock_system);
    assert_non_null(real);
    for (int i = 0; i < 4; i++) {
        sv_rate_verdict verdict = sv_rate_table_decide(real, SV_STR("a"), &limits, 1);
        int64_t now_s = sv_clock_wall_ns(&sv_clock_system) / SECOND;
        assert_int_equal(verdict.allowed, i < 3);
        assert_in_range(verdict.reset_epoch_s, now_s, now_s + 86402);
    }
    sv_rate_table_free(real);
}

static bool make_and_free(void *arg)
{
    (void)arg;
    sv_rate_table *made = sv_rate_table_new(0, &fake_clock);
    sv_rate_table_free(made);
    return made != NULL;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_int_equal(failing_malloc_try_each(make_and_free, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_burst_then_steady, start, stop),
        cmocka_unit_test_setup_teardown(test_reset_is_rounded_up, start, stop),
        cmocka_unit_test_setup_teardown(test_retry_after_is_enough, start, stop),
        cmocka_unit_test_setup_teardown(test_several_rules, start, stop),
        cmocka_unit_test_setup_teardown(test_two_limits, start, stop),
        cmocka_unit_test_setup_teardown(test_no_limits, start, stop),
        cmocka_unit_test_setup_teardown(test_clients_are_apart, start, stop),
        cmocka_unit_test_setup_teardown(test_half_full, start, stop),
        cmocka_unit_test_setup_teardown(test_expired_places_are_free, start, stop),
        cmocka_unit_test_setup_teardown(test_full, start, stop),
        cmocka_unit_test_setup_teardown(test_exact_over_threads, start, stop),
        cmocka_unit_test(test_real_clock),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
