/* metrics_inside.h: what metrics.c and prometheus.c share. */
#ifndef SERVAL_OBSERVE_METRICS_INSIDE_H
#define SERVAL_OBSERVE_METRICS_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "observe/metrics.h"

enum { SV_METRICS_SHARDS = 8, SV_METRICS_MAX_BUCKETS = 32 };

struct sv_series {
    sv_list_node node; /* of its family, in the order they were made */
    sv_metric_id id;
    size_t n_shares;
    bool quiet;
    sv_metrics_reader reader; /* of a series without cells */
    /* Cells: a counter or gauge has one; a summary has sum, count; a histogram sum, then one per
     * bucket, +Inf last. */
    const int64_t *bounds; /* of a histogram */
    size_t n_bounds, n_cells;
    unsigned n_shards;
    _Atomic uint64_t *shards[SV_METRICS_SHARDS];
    char labels[]; /* `{a="b"}` or "" */
};

/* All series of one metric. */
typedef struct sv_metrics_family {
    sv_list_node series;
    bool left_out;
    int64_t bounds[SV_METRICS_MAX_BUCKETS]; /* in the unit of the cells */
    size_t n_bounds;
} sv_metrics_family;

struct sv_metrics {
    unsigned n_shards;
    /* Guards which series there are, not their cells. */
    pthread_mutex_t lock;
    sv_metrics_family families[SV_METRIC_COUNT];
    size_t n_series;
};

#endif
