/* metrics_inside.h: what metrics.c and prometheus.c share. */
#ifndef SERVAL_OBSERVE_METRICS_INSIDE_H
#define SERVAL_OBSERVE_METRICS_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "observe/metrics.h"

enum { SV_METRICS_SHARDS = 8, SV_METRICS_MAX_BUCKETS = 32 };

struct sv_series {
    sv_series *next; /* of the same metric, in the order they were made */
    const sv_metric_row *row;
    const int64_t *bounds_ns; /* of a histogram */
    size_t n_bounds;
    bool quiet;
    /* Cells: a counter has one; a summary has sum, count; a histogram sum, then one per bucket,
     * +Inf last. */
    size_t n_cells;
    unsigned n_shards;
    _Atomic uint64_t *shards[SV_METRICS_SHARDS];
    char labels[]; /* `{a="b"}` or "" */
};

typedef struct sv_metrics_reader {
    sv_metric_id id;
    double (*read)(void *arg);
    void *arg;
    char labels[96];
} sv_metrics_reader;

struct sv_metrics {
    pthread_mutex_t lock; /* of adding */
    _Atomic(sv_series *) first[SV_METRIC_COUNT];
    sv_series *last[SV_METRIC_COUNT];
    int64_t bounds_ns[SV_METRIC_COUNT][SV_METRICS_MAX_BUCKETS];
    size_t n_bounds[SV_METRIC_COUNT];
    size_t n_series;
    unsigned n_shards;
    sv_metrics_reader readers[SV_METRICS_MAX_GAUGES];
    size_t n_readers;
};

#endif
