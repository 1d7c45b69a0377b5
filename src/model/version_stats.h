/* version_stats.h: what one version of a model did since it is there: counts and times. Any thread;
 * zeroed is empty. Numbers read while others are added may be of different moments. */
#ifndef SERVAL_MODEL_VERSION_STATS_H
#define SERVAL_MODEL_VERSION_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
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

typedef struct sv_version_stats {
    struct {
        atomic_ullong count, ns;
    } stats[SV_VERSION_STAT_COUNT];
    atomic_llong last_ms; /* wall clock of the last run; 0: none yet */
} sv_version_stats;

/* One run, in nanoseconds. */
typedef struct sv_version_run {
    bool failed;
    int64_t total_ns, queue_ns, input_ns, infer_ns, output_ns;
} sv_version_run;

/* Adds a run that ended now. The stages of one that failed are not counted. */
void sv_version_stats_add(sv_version_stats *stats, const sv_version_run *run);

#endif
