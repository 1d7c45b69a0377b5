/* start_plan.c: CPUs and memory of the cgroup -> loops, permits, engine threads, memory budget. */
#include "app/start_plan.h"

#include <math.h>

enum { CPUS_PER_LOOP = 4 };

static int whole_cpus(const sv_cgroup_limits *limits)
{
    int cpus = (int)floor(limits->cpus + 0.01);
    return cpus < 1 ? 1 : cpus;
}

sv_status sv_start_plan_make(const sv_cgroup_limits *limits, const sv_settings *settings,
                             sv_buf *reasons, sv_error *error, sv_start_plan *ret_plan)
{
    int cpus = whole_cpus(limits);
    int loops = cpus < CPUS_PER_LOOP ? 1 : cpus / CPUS_PER_LOOP;
    sv_start_plan plan = {.n_loops = settings->io_threads ? (int)settings->io_threads : loops,
                          .n_permits = settings->workers ? (int)settings->workers : cpus};
    /* One caller per CPU does more than one caller of several; fewer permits leave CPUs to share.
     */
    plan.engine_threads = plan.n_permits < cpus ? cpus / plan.n_permits : 1;
    /* One answer is as quick as all CPUs together; several share them step by step. */
    plan.generation_threads = cpus;
    uint64_t most = limits->memory_bytes;
    plan.memory_budget_bytes =
        settings->memory_budget ? (uint64_t)settings->memory_budget : most / 10 * 8;
    if (plan.memory_budget_bytes > most)
        return sv_error_set(
            error, SV_INVALID, NULL, "memory_budget is %lld MiB, but only %llu MiB may be used",
            (long long)(settings->memory_budget >> 20), (unsigned long long)(most >> 20));
    sv_buf_printf(reasons, "cpus: %.2f usable (%d in the cpuset", limits->cpus,
                  limits->cpuset_cpus);
    if (limits->quota_cpus > 0)
        sv_buf_printf(reasons, ", quota %.2f", limits->quota_cpus);
    sv_buf_printf(reasons, ")\nevent loops: %d (%s)\n", plan.n_loops,
                  settings->io_threads ? "io_threads" : "one per 4 CPUs, at least one");
    sv_buf_printf(reasons, "predictions at once: %d (%s), each on %d engine thread%s\n",
                  plan.n_permits, settings->workers ? "workers" : "one per CPU",
                  plan.engine_threads, plan.engine_threads == 1 ? "" : "s");
    sv_buf_printf(reasons, "memory for models: %llu MiB (%s)\n",
                  (unsigned long long)(plan.memory_budget_bytes >> 20),
                  settings->memory_budget  ? "memory_budget"
                  : limits->memory_limited ? "80 % of the cgroup's limit"
                                           : "80 % of the machine");
    *ret_plan = plan;
    return SV_OK;
}
