/* prometheus.c: all metrics, line by line. */
#include "observe/prometheus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number_text.h"
#include "base/writer.h"
#include "observe/metrics_inside.h"

static uint64_t sum_cell(const sv_series *series, size_t cell)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < series->n_shards; i++)
        sum += atomic_load_explicit(&series->shards[i][cell], memory_order_relaxed);
    return sum;
}

static void append_double(sv_buf *buf, double value)
{
    char text[SV_NUMBER_TEXT_DOUBLE_SIZE];
    if (isfinite(value))
        sv_buf_append(buf, text, sv_number_text_put_double(text, value));
    else
        sv_buf_append_str(buf, isnan(value) ? SV_STR("NaN")
                               : value > 0  ? SV_STR("+Inf")
                                            : SV_STR("-Inf"));
    sv_buf_append_byte(buf, '\n');
}

/* What cells hold, as it is written. */
static double convert(const sv_metric_row *row, double value)
{
    switch (row->unit) {
    case SV_METRIC_PLAIN:
        break;
    case SV_METRIC_SECONDS:
    case SV_METRIC_BILLIONTHS:
        return value / 1e9;
    case SV_METRIC_MICROS:
        return floor(value / 1e3);
    }
    return value;
}

/* name_suffix{labels} value */
static void append_sample(sv_buf *buf, const sv_series *series, const char *suffix, double value)
{
    sv_buf_printf(buf, "%s%s%s ", sv_metric_table()[series->id].name, suffix, series->labels);
    append_double(buf, value);
}

static void append_bucket(sv_buf *buf, const sv_series *series, sv_str bound, uint64_t count)
{
    size_t len = strlen(series->labels);
    sv_buf_printf(buf, "%s_bucket{%.*s%sle=\"%.*s\"} ", sv_metric_table()[series->id].name,
                  len ? (int)len - 2 : 0, len ? series->labels + 1 : "", len ? "," : "",
                  SV_STR_ARG(bound));
    append_double(buf, (double)count);
}

/* Buckets are read once; +Inf and the count come from the same reading. */
static void append_histogram(sv_buf *buf, const sv_series *series)
{
    const sv_metric_row *row = &sv_metric_table()[series->id];
    sv_str rest = sv_str_from(row->buckets), bound;
    uint64_t count = 0;
    for (size_t i = 0; i < series->n_bounds && sv_str_split(&rest, ',', &bound); i++) {
        count += sum_cell(series, 1 + i);
        append_bucket(buf, series, bound, count);
    }
    count += sum_cell(series, 1 + series->n_bounds);
    append_bucket(buf, series, SV_STR("+Inf"), count);
    append_sample(buf, series, "_count", (double)count);
    append_sample(buf, series, "_sum", convert(row, (double)sum_cell(series, 0)));
}

static bool is_zero(const sv_series *series)
{
    for (size_t i = 0; i < series->n_cells; i++)
        if (sum_cell(series, i))
            return false;
    return true;
}

static void append_series(sv_buf *buf, const sv_series *series)
{
    const sv_metric_row *row = &sv_metric_table()[series->id];
    if (series->reader.read) {
        append_sample(buf, series, "", series->reader.read(series->reader.arg));
        return;
    }
    switch (row->kind) {
    case SV_METRIC_COUNTER:
        append_sample(buf, series, "", convert(row, (double)sum_cell(series, 0)));
        return;
    case SV_METRIC_GAUGE:
        append_sample(buf, series, "", convert(row, (double)(int64_t)sum_cell(series, 0)));
        return;
    case SV_METRIC_SUMMARY:
        append_sample(buf, series, "_count", (double)sum_cell(series, 1));
        append_sample(buf, series, "_sum", convert(row, (double)sum_cell(series, 0)));
        return;
    case SV_METRIC_HISTOGRAM:
        append_histogram(buf, series);
        return;
    }
}

/* OpenMetrics names a counter's family without the `_total` that its samples must have. */
static void append_head(sv_buf *buf, sv_prometheus_format format, const sv_metric_row *row)
{
    static const char *const kinds[] = {[SV_METRIC_COUNTER] = "counter",
                                        [SV_METRIC_GAUGE] = "gauge",
                                        [SV_METRIC_HISTOGRAM] = "histogram",
                                        [SV_METRIC_SUMMARY] = "summary"};
    const char *kind = kinds[row->kind];
    sv_str name = sv_str_from(row->name), total = SV_STR("_total");
    if (format == SV_PROMETHEUS_OPEN_METRICS && row->kind == SV_METRIC_COUNTER) {
        if (sv_str_ends_with(name, total))
            name.len -= total.len;
        else
            kind = "unknown";
    }
    sv_buf_printf(buf, "# HELP %.*s %s\n# TYPE %.*s %s\n", SV_STR_ARG(name), row->help,
                  SV_STR_ARG(name), kind);
}

static void append_family(sv_buf *buf, const sv_metrics_family *family)
{
    for (sv_list_node *node = family->series.next; node != &family->series; node = node->next) {
        const sv_series *series = SV_CONTAINER_OF(node, sv_series, node);
        if (!series->quiet || !is_zero(series))
            append_series(buf, series);
    }
}

/* The lock is free between families, for series that come and go. */
sv_status sv_prometheus_write(sv_metrics *metrics, sv_prometheus_format format, sv_buf *buf)
{
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        sv_metrics_family *family = &metrics->families[id];
        if (family->left_out)
            continue;
        append_head(buf, format, &sv_metric_table()[id]);
        pthread_mutex_lock(&metrics->lock);
        append_family(buf, family);
        pthread_mutex_unlock(&metrics->lock);
    }
    if (format == SV_PROMETHEUS_OPEN_METRICS)
        sv_buf_append_str(buf, SV_STR("# EOF\n"));
    return sv_buf_status(buf);
}

const char *sv_prometheus_content_type(sv_prometheus_format format)
{
    return format == SV_PROMETHEUS_OPEN_METRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}
