/* metrics.c: making series and adding to them. Their text: prometheus.c. */
#include "observe/metrics.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/metrics_inside.h"

enum { CACHE_LINE = 64, MAX_LABEL_TEXT = 1024 };

static unsigned choose_shards(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : cpus < SV_METRICS_SHARDS ? (unsigned)cpus : SV_METRICS_SHARDS;
}

static void read_bounds(sv_metrics *metrics, int id, const char *text)
{
    size_t n = 0;
    while (text && *text && n < SV_METRICS_MAX_BUCKETS) {
        char *end;
        metrics->bounds_ns[id][n++] = (int64_t)(strtod(text, &end) * 1e9 + 0.5);
        text = *end == ',' ? end + 1 : end;
    }
    metrics->n_bounds[id] = n;
}

sv_metrics *sv_metrics_new(void)
{
    sv_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->n_shards = choose_shards();
    for (int id = 0; id < SV_METRIC_COUNT; id++)
        read_bounds(metrics, id, sv_metric_table()[id].buckets);
    return metrics;
}

static void free_series(sv_series *series)
{
    free(series->shards[0]);
    free(series);
}

void sv_metrics_free(sv_metrics *metrics)
{
    if (!metrics)
        return;
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        sv_series *series = atomic_load(&metrics->first[id]);
        while (series) {
            sv_series *next = series->next;
            free_series(series);
            series = next;
        }
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* A label value: `\`, `"` and line ends are escaped, bytes that are not UTF-8 become '?'. */
static void append_value(sv_buf *buf, const char *value)
{
    bool good = sv_str_is_utf8(sv_str_from(value));
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            sv_buf_append_byte(buf, '\\');
        if (*value == '\n')
            sv_buf_append(buf, "\\n", 2);
        else
            sv_buf_append_byte(buf, good || (unsigned char)*value < 0x80 ? *value : '?');
    }
}

/* `{handler="/x",method="GET"}`; nothing for a metric without labels. */
static void append_labels(sv_buf *buf, const sv_metric_row *row, const char *const *values)
{
    sv_str rest = sv_str_from(row->labels), name;
    if (!rest.len)
        return;
    sv_buf_append_byte(buf, '{');
    for (size_t i = 0; i < SV_METRICS_MAX_LABELS && sv_str_split(&rest, ',', &name); i++) {
        sv_buf_printf(buf, "%s%.*s=\"", i ? "," : "", SV_STR_ARG(name));
        append_value(buf, values[i] ? values[i] : "");
        sv_buf_append_byte(buf, '"');
    }
    sv_buf_append_byte(buf, '}');
}

static size_t count_cells(const sv_metrics *metrics, sv_metric_id id)
{
    switch (sv_metric_table()[id].kind) {
    case SV_METRIC_COUNTER:
    case SV_METRIC_GAUGE:
        return 1;
    case SV_METRIC_SUMMARY:
        return 2;
    case SV_METRIC_HISTOGRAM:
        break;
    }
    return metrics->n_bounds[id] + 2;
}

/* Shards of one series stand on cache lines of their own. */
static bool make_shards(sv_series *series, unsigned n_shards)
{
    size_t stride = (series->n_cells * sizeof(uint64_t) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    char *cells = aligned_alloc(CACHE_LINE, stride * n_shards);
    if (!cells)
        return false;
    memset(cells, 0, stride * n_shards);
    series->n_shards = n_shards;
    for (size_t i = 0; i < n_shards; i++)
        series->shards[i] = (_Atomic uint64_t *)(cells + i * stride);
    return true;
}

static sv_series *make_series(sv_metrics *metrics, sv_metric_id id, sv_str labels)
{
    sv_series *series = calloc(1, sizeof *series + labels.len + 1);
    if (!series)
        return NULL;
    series->row = &sv_metric_table()[id];
    series->bounds_ns = metrics->bounds_ns[id];
    series->n_bounds = metrics->n_bounds[id];
    series->n_cells = count_cells(metrics, id);
    memcpy(series->labels, labels.ptr, labels.len);
    if (!make_shards(series, metrics->n_shards)) {
        free(series);
        return NULL;
    }
    return series;
}

static void link_series(sv_metrics *metrics, sv_metric_id id, sv_series *series)
{
    if (metrics->last[id])
        metrics->last[id]->next = series;
    else
        atomic_store(&metrics->first[id], series);
    metrics->last[id] = series;
    metrics->n_series++;
}

static sv_series *find_or_make(sv_metrics *metrics, sv_metric_id id, sv_str labels, bool quiet)
{
    for (sv_series *at = atomic_load(&metrics->first[id]); at; at = at->next)
        if (sv_str_eq(sv_str_from(at->labels), labels))
            return at;
    if (metrics->n_series == SV_METRICS_MAX_SERIES)
        return NULL;
    sv_series *series = make_series(metrics, id, labels);
    if (series) {
        series->quiet = quiet;
        link_series(metrics, id, series);
    }
    return series;
}

static sv_series *add_series(sv_metrics *metrics, sv_metric_id id, const char *const *values,
                             bool quiet)
{
    sv_buf labels;
    sv_buf_init(&labels, MAX_LABEL_TEXT);
    append_labels(&labels, &sv_metric_table()[id], values);
    sv_series *series = NULL;
    pthread_mutex_lock(&metrics->lock);
    if (!sv_buf_status(&labels))
        series = find_or_make(metrics, id, sv_buf_str(&labels), quiet);
    pthread_mutex_unlock(&metrics->lock);
    sv_buf_deinit(&labels);
    return series;
}

sv_series *sv_metrics_add_series(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS])
{
    return add_series(metrics, id, values, false);
}

sv_series *sv_metrics_add_quiet_series(sv_metrics *metrics, sv_metric_id id,
                                       const char *const values[SV_METRICS_MAX_LABELS])
{
    return add_series(metrics, id, values, true);
}

sv_status sv_metrics_add_reader(sv_metrics *metrics, sv_metric_id id, const char *label_value,
                                double (*read)(void *arg), void *arg)
{
    if (metrics->n_readers == SV_METRICS_MAX_GAUGES)
        return SV_TOO_LARGE;
    sv_metrics_reader *reader = &metrics->readers[metrics->n_readers];
    *reader = (sv_metrics_reader){.id = id, .read = read, .arg = arg};
    if (label_value)
        snprintf(reader->labels, sizeof reader->labels, "{%s=\"%s\"}", sv_metric_table()[id].labels,
                 label_value);
    metrics->n_readers++;
    return SV_OK;
}

/* The shard of the CPU that we are on. To be moved to another meanwhile does no harm. */
static _Atomic uint64_t *own_cells(const sv_series *series)
{
    int cpu = sched_getcpu();
    return series->shards[(cpu > 0 ? (unsigned)cpu : 0) % series->n_shards];
}

static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

void sv_metrics_count(sv_series *series, uint64_t n)
{
    if (series)
        add(&own_cells(series)[0], n);
}

void sv_metrics_observe(sv_series *series, int64_t value)
{
    if (!series)
        return;
    _Atomic uint64_t *cells = own_cells(series);
    size_t bucket = 0;
    while (bucket < series->n_bounds && value > series->bounds_ns[bucket])
        bucket++;
    add(&cells[0], value > 0 ? (uint64_t)value : 0);
    add(&cells[1 + bucket], 1);
}
