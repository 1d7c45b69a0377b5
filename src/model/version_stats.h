/* version_stats.h: what one version of a model did since it is there: counts and times of requests,
 * and of runs of the model, which several requests may share. Any thread;
 * zeroed is empty. Numbers read while others are added may be of different moments. */
#ifndef SERVAL_MODEL_VERSION_STATS_H
#define SERVAL_MODEL_VERSION_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sv_version_stat {
    SV_VERSION_SUCCESS, /* from arrival to answer */
    SV_VERSION_FAIL,    /* the same, of what ended otherwise */
    SV_VERSION_QUEUE,   /* waiting for a permit */
    SV_VERSION_INPUT,   /* from the permit to the model's run */
    SV_VERSION_INFER,   /* the model's run */
    SV_VERSION_OUTPUT,  /* after it */
    SV_VERSION_STAT_COUNT,
} sv_version_stat;

/* Sizes of runs that are told apart: 1 to 32 rows; what is larger counts as 33. */
enum { SV_VERSION_BATCH_SIZES = 33 };

typedef struct sv_version_stats {
    struct {
        atomic_ullong count, ns;
    } stats[SV_VERSION_STAT_COUNT];
    atomic_ullong inferences; /* rows of requests that succeeded */
    atomic_ullong executions; /* runs of the model */
    struct {
        atomic_ullong count, input_ns, infer_ns, output_ns;
    } batches[SV_VERSION_BATCH_SIZES]; /* by rows - 1 */
    atomic_llong last_ms;              /* wall clock of the last run; 0: none yet */
} sv_version_stats;

/* One request's run, in nanoseconds. */
typedef struct sv_version_run {
    bool failed;
    int64_t total_ns, queue_ns, input_ns, infer_ns, output_ns;
    size_t n_items; /* rows */
} sv_version_run;

/* Adds a request that ended now. The stages of one that failed are not counted. */
void sv_version_stats_add(sv_version_stats *stats, const sv_version_run *run);
/* Adds a run of the model with `n_rows` rows of one or more requests. */
void sv_version_stats_add_execution(sv_version_stats *stats, const sv_version_run *run,
                                    size_t n_rows);

#endif
