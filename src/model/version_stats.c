/* version_stats.c: counters of a version. */
#include "model/version_stats.h"

#include "base/clock.h"

static void add_to(atomic_ullong *sum, int64_t amount)
{
    atomic_fetch_add_explicit(sum, amount > 0 ? (unsigned long long)amount : 0,
                              memory_order_relaxed);
}

static void add(sv_version_stats *stats, sv_version_stat stat, int64_t ns)
{
    add_to(&stats->stats[stat].count, 1);
    add_to(&stats->stats[stat].ns, ns);
}

void sv_version_stats_add(sv_version_stats *stats, const sv_version_run *run)
{
    atomic_store_explicit(&stats->last_ms, sv_clock_wall_ns(&sv_clock_system) / SV_NS_PER_MS,
                          memory_order_relaxed);
    if (run->failed) {
        add(stats, SV_VERSION_FAIL, run->total_ns);
        return;
    }
    add_to(&stats->inferences, (int64_t)run->n_items);
    add(stats, SV_VERSION_SUCCESS, run->total_ns);
    add(stats, SV_VERSION_QUEUE, run->queue_ns);
    add(stats, SV_VERSION_INPUT, run->input_ns);
    add(stats, SV_VERSION_INFER, run->infer_ns);
    add(stats, SV_VERSION_OUTPUT, run->output_ns);
}

void sv_version_stats_add_execution(sv_version_stats *stats, const sv_version_run *run,
                                    size_t n_rows)
{
    size_t at = n_rows < SV_VERSION_BATCH_SIZES ? n_rows - 1 : SV_VERSION_BATCH_SIZES - 1;
    add_to(&stats->executions, 1);
    add_to(&stats->batches[at].count, 1);
    add_to(&stats->batches[at].input_ns, run->input_ns);
    add_to(&stats->batches[at].infer_ns, run->infer_ns);
    add_to(&stats->batches[at].output_ns, run->output_ns);
}
