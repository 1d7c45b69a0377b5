/* From CPUs and memory to loops, permits and a budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/start_plan.h"

#define MIB (UINT64_C(1) << 20)

static void test_plans(void **state)
{
    (void)state;
    static const struct {
        double cpus;
        int64_t workers, io_threads, budget_mib;
        int n_loops, n_permits, engine_threads;
        uint64_t plan_mib;
    } cases[] = {
        {1, 0, 0, 0, 1, 1, 1, 800}, {0.5, 0, 0, 0, 1, 1, 1, 800}, {4, 0, 0, 0, 1, 4, 1, 800},
        {7, 0, 0, 0, 1, 7, 1, 800}, {2.6, 0, 0, 0, 1, 2, 1, 800}, {16, 0, 0, 0, 4, 16, 1, 800},
        {4, 9, 0, 0, 1, 9, 1, 800}, {4, 0, 3, 0, 3, 4, 1, 800},   {4, 1, 0, 0, 1, 1, 4, 800},
        {8, 3, 0, 0, 2, 3, 2, 800}, {4, 0, 0, 500, 1, 4, 1, 500}, {4, 0, 0, 1000, 1, 4, 1, 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_cgroup_limits limits = {.cpus = cases[i].cpus, .memory_bytes = 1000 * MIB};
        sv_settings settings = {.workers = cases[i].workers,
                                .io_threads = cases[i].io_threads,
                                .memory_budget = cases[i].budget_mib * (int64_t)MIB};
        sv_start_plan plan;
        sv_error error = {0};
        sv_buf reasons;
        sv_buf_init(&reasons, 65536);
        assert_int_equal(sv_start_plan_make(&limits, &settings, &reasons, &error, &plan), SV_OK);
        assert_int_equal(plan.n_loops, cases[i].n_loops);
        assert_int_equal(plan.n_permits, cases[i].n_permits);
        assert_int_equal(plan.memory_budget_bytes / MIB, cases[i].plan_mib);
        assert_int_equal(plan.engine_threads, cases[i].engine_threads);
        sv_buf_deinit(&reasons);
    }
}

static void test_reasons_are_told(void **state)
{
    (void)state;
    sv_cgroup_limits limits = {2, 8, 2, 1000 * MIB, true};
    sv_settings settings = {.workers = 3};
    sv_start_plan plan;
    sv_buf reasons;
    sv_buf_init(&reasons, 65536);
    assert_int_equal(sv_start_plan_make(&limits, &settings, &reasons, NULL, &plan), SV_OK);
    assert_true(sv_str_eq(sv_buf_str(&reasons),
                          SV_STR("cpus: 2.00 usable (8 in the cpuset, quota 2.00)\n"
                                 "event loops: 1 (one per 4 CPUs, at least one)\n"
                                 "predictions at once: 3 (workers), each on 1 engine thread\n"
                                 "memory for models: 800 MiB (80 % of the cgroup's limit)\n")));
    sv_buf_deinit(&reasons);
}

static void test_more_memory_than_there_is(void **state)
{
    (void)state;
    sv_cgroup_limits limits = {.cpus = 1, .memory_bytes = 1000 * MIB};
    sv_settings settings = {.memory_budget = 2000 * (int64_t)MIB};
    sv_start_plan plan;
    sv_error error = {0};
    sv_buf reasons;
    sv_buf_init(&reasons, 65536);
    assert_int_equal(sv_start_plan_make(&limits, &settings, &reasons, &error, &plan), SV_INVALID);
    assert_string_equal(error.message, "memory_budget is 2000 MiB, but only 1000 MiB may be used");
    sv_buf_deinit(&reasons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_reasons_are_told),
        cmocka_unit_test(test_more_memory_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
