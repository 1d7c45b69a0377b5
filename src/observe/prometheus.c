/* prometheus.c: the text exposition format 0.0.4 of all metrics. */
#include "observe/prometheus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    char text[SV_WRITER_DOUBLE_SIZE];
    if (isfinite(value))
        sv_buf_append(buf, text, sv_writer_format_double(value, text));
    else
        sv_buf_append_str(buf, isnan(value) ? SV_STR("NaN")
                               : value > 0  ? SV_STR("+Inf")
                                            : SV_STR("-Inf"));
    sv_buf_append_byte(buf, '\n');
}

/* name_suffix{labels} */
static void append_name(sv_buf *buf, const sv_series *series, const char *suffix)
{
    sv_buf_printf(buf, "%s%s%s ", series->row->name, suffix, series->labels);
}

static void append_bucket(sv_buf *buf, const sv_series *series, sv_str bound, uint64_t count)
{
    size_t len = strlen(series->labels);
    sv_buf_printf(buf, "%s_bucket{%.*s%sle=\"%.*s\"} ", series->row->name, len ? (int)len - 2 : 0,
                  len ? series->labels + 1 : "", len ? "," : "", SV_STR_ARG(bound));
    append_double(buf, (double)count);
}

/* Buckets are read once; +Inf and the count come from the same reading. */
static void append_histogram(sv_buf *buf, const sv_series *series)
{
    sv_str rest = sv_str_from(series->row->buckets), bound;
    uint64_t count = 0;
    for (size_t i = 0; i < series->n_bounds && sv_str_split(&rest, ',', &bound); i++) {
        count += sum_cell(series, 1 + i);
        append_bucket(buf, series, bound, count);
    }
    count += sum_cell(series, 1 + series->n_bounds);
    append_bucket(buf, series, SV_STR("+Inf"), count);
    append_name(buf, series, "_count");
    append_double(buf, (double)count);
    append_name(buf, series, "_sum");
    append_double(buf, (double)sum_cell(series, 0) / 1e9);
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
    switch (series->row->kind) {
    case SV_METRIC_COUNTER:
    case SV_METRIC_GAUGE:
        append_name(buf, series, "");
        append_double(buf, (double)sum_cell(series, 0));
        return;
    case SV_METRIC_SUMMARY:
        append_name(buf, series, "_count");
        append_double(buf, (double)sum_cell(series, 1));
        append_name(buf, series, "_sum");
        append_double(buf, (double)sum_cell(series, 0));
        return;
    case SV_METRIC_HISTOGRAM:
        append_histogram(buf, series);
        return;
    }
}

static void append_head(sv_buf *buf, const sv_metric_row *row)
{
    static const char *const kinds[] = {[SV_METRIC_COUNTER] = "counter",
                                        [SV_METRIC_GAUGE] = "gauge",
                                        [SV_METRIC_HISTOGRAM] = "histogram",
                                        [SV_METRIC_SUMMARY] = "summary"};
    sv_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                  kinds[row->kind]);
}

sv_status sv_prometheus_write(sv_metrics *metrics, sv_buf *buf)
{
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        const sv_metric_row *row = &sv_metric_table()[id];
        append_head(buf, row);
        pthread_mutex_lock(&metrics->lock); /* a series may be added meanwhile */
        for (sv_series *at = atomic_load(&metrics->first[id]); at; at = at->next)
            if (!at->quiet || !is_zero(at))
                append_series(buf, at);
        pthread_mutex_unlock(&metrics->lock);
        for (size_t i = 0; i < metrics->n_readers; i++) {
            const sv_metrics_reader *reader = &metrics->readers[i];
            if ((int)reader->id != id)
                continue;
            sv_buf_printf(buf, "%s%s ", row->name, reader->labels);
            append_double(buf, reader->read(reader->arg));
        }
    }
    return sv_buf_status(buf);
}
