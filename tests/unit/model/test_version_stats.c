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
    sv_version_run good = {.total_ns = 100,
                           .queue_ns = 10,
                           .input_ns = 20,
                           .infer_ns = 30,
                           .output_ns = -1,
                           .n_items = 3};
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
    assert_int_equal(atomic_load(&stats.inferences), 6);
}

/* By rows, those beyond the largest size together. */
static void test_executions(void **state)
{
    (void)state;
    static const size_t rows[] = {1, 2, 2, 32, 33, 4096};
    static const int places[] = {0, 1, 31, 32}, counts[] = {1, 2, 1, 2};
    sv_version_stats stats = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        sv_version_stats_add_execution(
            &stats, &(sv_version_run){.input_ns = 1, .infer_ns = 2, .output_ns = 3}, rows[i]);
    assert_int_equal(atomic_load(&stats.executions), 6);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(atomic_load(&stats.batches[places[i]].count), counts[i]);
        assert_int_equal(atomic_load(&stats.batches[places[i]].infer_ns), 2 * counts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_adding),
                                       cmocka_unit_test(test_executions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
