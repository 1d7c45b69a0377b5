/* version_stats.c: counters of a version. */
#include "model/version_stats.h"

#include "base/clock.h"

static void add(sv_version_stats *stats, sv_version_stat stat, int64_t ns)
{
    atomic_fetch_add_explicit(&stats->stats[stat].count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stats->stats[stat].ns, ns > 0 ? (unsigned long long)ns : 0,
                              memory_order_relaxed);
}

void sv_version_stats_add(sv_version_stats *stats, const sv_version_run *run)
{
    atomic_store_explicit(&stats->last_ms, sv_clock_wall_ns(&sv_clock_system) / SV_NS_PER_MS,
                          memory_order_relaxed);
    if (run->failed) {
        add(stats, SV_VERSION_FAIL, run->total_ns);
        return;
    }
    add(stats, SV_VERSION_SUCCESS, run->total_ns);
    add(stats, SV_VERSION_QUEUE, run->queue_ns);
    add(stats, SV_VERSION_INPUT, run->input_ns);
    add(stats, SV_VERSION_INFER, run->infer_ns);
    add(stats, SV_VERSION_OUTPUT, run->output_ns);
}
