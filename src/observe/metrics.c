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

/* How many of what is counted make one of what is written in `le`. */
static double unit_size(sv_metric_unit unit)
{
    return unit == SV_METRIC_PLAIN ? 1 : unit == SV_METRIC_MICROS ? 1e3 : 1e9;
}

static void init_family(sv_metrics_family *family, const sv_metric_row *row)
{
    const char *text = row->buckets;
    sv_list_init(&family->series);
    while (text && *text && family->n_bounds < SV_METRICS_MAX_BUCKETS) {
        char *end;
        double bound = strtod(text, &end) * unit_size(row->unit);
        family->bounds[family->n_bounds++] = (int64_t)(bound + 0.5);
        text = *end == ',' ? end + 1 : end;
    }
}

sv_metrics *sv_metrics_new(void)
{
    sv_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->n_shards = choose_shards();
    for (int id = 0; id < SV_METRIC_COUNT; id++)
        init_family(&metrics->families[id], &sv_metric_table()[id]);
    return metrics;
}

static void free_series(sv_series *series)
{
    sv_list_remove(&series->node);
    if (series->reader.free_arg)
        series->reader.free_arg(series->reader.arg);
    free(series->shards[0]);
    free(series);
}

void sv_metrics_free(sv_metrics *metrics)
{
    if (!metrics)
        return;
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        const sv_list_node *head = &metrics->families[id].series;
        for (sv_list_node *node = head->next, *next; node != head; node = next) {
            next = node->next;
            free_series(SV_CONTAINER_OF(node, sv_series, node));
        }
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

void sv_metrics_leave_out(sv_metrics *metrics, const char *prefix)
{
    for (int id = 0; id < SV_METRIC_COUNT; id++)
        if (strncmp(sv_metric_table()[id].name, prefix, strlen(prefix)) == 0)
            metrics->families[id].left_out = true;
}

bool sv_metrics_is_left_out(const sv_metrics *metrics, sv_metric_id id)
{
    return metrics->families[id].left_out;
}

/* Making series. */

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

static size_t count_cells(sv_metric_kind kind, size_t n_bounds)
{
    switch (kind) {
    case SV_METRIC_COUNTER:
    case SV_METRIC_GAUGE:
        break;
    case SV_METRIC_SUMMARY:
        return 2;
    case SV_METRIC_HISTOGRAM:
        return n_bounds + 2;
    }
    return 1;
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

/* What a series is made of. */
typedef struct recipe {
    sv_metric_id id;
    sv_str labels;
    bool quiet;
    const sv_metrics_reader *reader; /* NULL: it has cells */
} recipe;

static sv_series *make_series(const sv_metrics *metrics, const recipe *made)
{
    const sv_metrics_family *family = &metrics->families[made->id];
    sv_series *series = calloc(1, sizeof *series + made->labels.len + 1);
    if (!series)
        return NULL;
    sv_list_init(&series->node);
    series->id = made->id;
    series->n_shares = 1;
    series->quiet = made->quiet;
    if (made->labels.len)
        memcpy(series->labels, made->labels.ptr, made->labels.len);
    if (made->reader) {
        series->reader = *made->reader;
        return series;
    }
    series->bounds = family->bounds;
    series->n_bounds = family->n_bounds;
    series->n_cells = count_cells(sv_metric_table()[made->id].kind, family->n_bounds);
    if (make_shards(series, metrics->n_shards))
        return series;
    free(series);
    return NULL;
}

static sv_series *find_series(const sv_metrics_family *family, sv_str labels)
{
    for (sv_list_node *node = family->series.next; node != &family->series; node = node->next) {
        sv_series *series = SV_CONTAINER_OF(node, sv_series, node);
        if (sv_str_eq(sv_str_from(series->labels), labels))
            return series;
    }
    return NULL;
}

static sv_series *find_or_make(sv_metrics *metrics, const recipe *made)
{
    sv_metrics_family *family = &metrics->families[made->id];
    sv_series *series = find_series(family, made->labels);
    if (series && (made->reader || series->reader.read))
        return NULL;
    if (series) {
        series->n_shares++;
        return series;
    }
    if (metrics->n_series == SV_METRICS_MAX_SERIES)
        return NULL;
    series = make_series(metrics, made);
    if (series) {
        sv_list_append(&family->series, &series->node);
        metrics->n_series++;
    }
    return series;
}

static sv_series *add_series(sv_metrics *metrics, recipe made, const char *const *values)
{
    sv_buf labels;
    sv_series *series = NULL;
    if (metrics->families[made.id].left_out)
        return NULL;
    sv_buf_init(&labels, MAX_LABEL_TEXT);
    append_labels(&labels, &sv_metric_table()[made.id], values);
    made.labels = sv_buf_str(&labels);
    if (!sv_buf_status(&labels)) {
        pthread_mutex_lock(&metrics->lock);
        series = find_or_make(metrics, &made);
        pthread_mutex_unlock(&metrics->lock);
    }
    sv_buf_deinit(&labels);
    return series;
}

sv_series *sv_metrics_add_series(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS])
{
    return add_series(metrics, (recipe){.id = id}, values);
}

sv_series *sv_metrics_add_quiet_series(sv_metrics *metrics, sv_metric_id id,
                                       const char *const values[SV_METRICS_MAX_LABELS])
{
    return add_series(metrics, (recipe){.id = id, .quiet = true}, values);
}

sv_series *sv_metrics_add_reader(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS],
                                 const sv_metrics_reader *reader)
{
    return add_series(metrics, (recipe){.id = id, .reader = reader}, values);
}

void sv_metrics_remove_series(sv_metrics *metrics, sv_series *series)
{
    if (!series)
        return;
    pthread_mutex_lock(&metrics->lock);
    if (--series->n_shares == 0) {
        free_series(series);
        metrics->n_series--;
    }
    pthread_mutex_unlock(&metrics->lock);
}

/* Adding. */

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
    while (bucket < series->n_bounds && value > series->bounds[bucket])
        bucket++;
    add(&cells[0], value > 0 ? (uint64_t)value : 0);
    add(&cells[1 + bucket], 1);
}

/* Below zero wraps round, and comes back in the sum of the shards. */
void sv_metrics_move(sv_series *series, int64_t by)
{
    if (series)
        add(&own_cells(series)[0], (uint64_t)by);
}

void sv_metrics_set(sv_series *series, int64_t value)
{
    if (series)
        atomic_store_explicit(&series->shards[0][0], (uint64_t)value, memory_order_relaxed);
}

int64_t sv_metrics_get(const sv_series *series)
{
    uint64_t sum = 0;
    for (size_t i = 0; series && i < series->n_shards; i++)
        sum += atomic_load_explicit(&series->shards[i][0], memory_order_relaxed);
    return (int64_t)sum;
}
