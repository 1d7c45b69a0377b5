/* test_version_stats.c: what runs add to a version's counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/version_stats.h"

static void assert_stat(sv_version_stats *stats, sv_version_stat stat, unsigned long long count,
                        unsigned long long ns)
{
    assert_int_equal(atomic_load(&stats->stats[stat].count), count);
    assert_int_equal(atomic_load(&stats->stats[stat].ns), ns);
}

static void test_adding(void **state)
{
    (void)state;
    sv_version_stats stats = {0};
    sv_version_run good = {
        .total_ns = 100, .queue_ns = 10, .input_ns = 20, .infer_ns = 30, .output_ns = -1};
    sv_version_run bad = {.failed = true, .total_ns = 7, .infer_ns = 5};
    sv_version_stats_add(&stats, &good);
    sv_version_stats_add(&stats, &good);
    sv_version_stats_add(&stats, &bad);
    assert_stat(&stats, SV_VERSION_SUCCESS, 2, 200);
    assert_stat(&stats, SV_VERSION_FAIL, 1, 7);
    assert_stat(&stats, SV_VERSION_QUEUE, 2, 20);
    assert_stat(&stats, SV_VERSION_INPUT, 2, 40);
    assert_stat(&stats, SV_VERSION_INFER, 2, 60);
    assert_stat(&stats, SV_VERSION_OUTPUT, 2, 0);
    assert_true(atomic_load(&stats.last_ms) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_adding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
