/* model_metrics.c: which series a version has, and what a request adds to them. */
#include "api/model_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "api/generation_metrics.h"

/* Series without a third label. A label beyond those of a row is not looked at, so what belongs to
 * a model has one series for all its versions. */
typedef enum single {
    QUEUE_DEPTH,
    QUEUE_LIMIT,
    QUEUE_DURATION,
    COMPUTE_DURATION,
    BATCH_SIZE,
    MEMORY,
    FALLBACKS,
    NV_SUCCESS,
    NV_COUNT,
    NV_EXEC_COUNT,
    NV_REQUEST_US,
    NV_QUEUE_US,
    NV_INPUT_US,
    NV_INFER_US,
    NV_OUTPUT_US,
    NV_PENDING,
    NV_LOAD_SECS,
    N_SINGLES,
} single;

static const sv_metric_id singles[N_SINGLES] = {
    [QUEUE_DEPTH] = SV_METRIC_QUEUE_DEPTH,
    [QUEUE_LIMIT] = SV_METRIC_QUEUE_LIMIT,
    [QUEUE_DURATION] = SV_METRIC_QUEUE_DURATION,
    [COMPUTE_DURATION] = SV_METRIC_COMPUTE_DURATION,
    [BATCH_SIZE] = SV_METRIC_BATCH_SIZE,
    [MEMORY] = SV_METRIC_MODEL_MEMORY,
    [FALLBACKS] = SV_METRIC_VERSION_FALLBACKS,
    [NV_SUCCESS] = SV_METRIC_NV_SUCCESS,
    [NV_COUNT] = SV_METRIC_NV_COUNT,
    [NV_EXEC_COUNT] = SV_METRIC_NV_EXEC_COUNT,
    [NV_REQUEST_US] = SV_METRIC_NV_REQUEST_US,
    [NV_QUEUE_US] = SV_METRIC_NV_QUEUE_US,
    [NV_INPUT_US] = SV_METRIC_NV_INPUT_US,
    [NV_INFER_US] = SV_METRIC_NV_INFER_US,
    [NV_OUTPUT_US] = SV_METRIC_NV_OUTPUT_US,
    [NV_PENDING] = SV_METRIC_NV_PENDING,
    [NV_LOAD_SECS] = SV_METRIC_NV_LOAD_SECS,
};

/* Values of third labels. */
static const char *const reasons[SV_MODEL_OUTCOME_COUNT] = {[SV_MODEL_REJECTED] = "REJECTED",
                                                            [SV_MODEL_CANCELED] = "CANCELED",
                                                            [SV_MODEL_BACKEND] = "BACKEND",
                                                            [SV_MODEL_OTHER] = "OTHER"};
static const char *const shadows[SV_SHADOW_RESULT_COUNT] = {[SV_SHADOW_MATCH] = "match",
                                                            [SV_SHADOW_DIFFER] = "differ",
                                                            [SV_SHADOW_FAILED] = "failed",
                                                            [SV_SHADOW_DROPPED] = "dropped"};
static const char *const results[] = {"failure", "success"};
static const char *const states[] = {"absent", "loading", "warming", "ready", "draining", "failed"};
enum { N_RESULTS = sizeof results / sizeof *results, N_STATES = sizeof states / sizeof *states };

struct sv_model_metrics {
    sv_metrics *metrics;
    sv_series *singles[N_SINGLES];
    sv_series *failures[SV_MODEL_OUTCOME_COUNT];
    sv_series *shadows[SV_SHADOW_RESULT_COUNT];
    sv_series *loads[N_RESULTS];
    sv_series *states[N_STATES];
    sv_generation_metrics *generation; /* of a language model; NULL */
    const char *version;               /* its name, in `labels` */
    char labels[];                     /* both names, each with a zero */
};

/* The series of one metric, one for each value of its third label. */
typedef struct fan {
    sv_metric_id id;
    const char *const *values;
    size_t n;
    sv_series **series;
} fan;

enum { N_FANS = 4 };

static void list_fans(sv_model_metrics *of, fan fans[N_FANS])
{
    fans[0] = (fan){SV_METRIC_NV_FAILURE, reasons, SV_MODEL_OUTCOME_COUNT, of->failures};
    fans[1] = (fan){SV_METRIC_SHADOW, shadows, SV_SHADOW_RESULT_COUNT, of->shadows};
    fans[2] = (fan){SV_METRIC_MODEL_LOADS, results, N_RESULTS, of->loads};
    fans[3] = (fan){SV_METRIC_MODEL_STATE, states, N_STATES, of->states};
}

static void add_all(sv_model_metrics *to, const char *model, const char *version)
{
    const char *values[SV_METRICS_MAX_LABELS] = {model, version};
    fan fans[N_FANS];
    for (int i = 0; i < N_SINGLES; i++)
        to->singles[i] = sv_metrics_add_series(to->metrics, singles[i], values);
    list_fans(to, fans);
    for (size_t i = 0; i < N_FANS; i++) {
        for (size_t k = 0; k < fans[i].n; k++) {
            values[2] = fans[i].values[k];
            if (values[2])
                fans[i].series[k] = sv_metrics_add_series(to->metrics, fans[i].id, values);
        }
    }
}

sv_status sv_model_metrics_open(sv_metrics *metrics, sv_str model, sv_str version,
                                sv_model_metrics **ret_series)
{
    sv_model_metrics *made = calloc(1, sizeof *made + model.len + 1 + version.len + 1);
    if (!made)
        return SV_NO_MEMORY;
    char *second = made->labels + model.len + 1;
    made->metrics = metrics;
    memcpy(made->labels, model.ptr, model.len);
    memcpy(second, version.ptr, version.len);
    made->version = second;
    add_all(made, made->labels, second);
    *ret_series = made;
    return SV_OK;
}

sv_status sv_model_metrics_add_generation(sv_model_metrics *series)
{
    return sv_generation_metrics_open(series->metrics, series->labels, series->version,
                                      &series->generation);
}

sv_generation_metrics *sv_model_metrics_generation(const sv_model_metrics *series)
{
    return series ? series->generation : NULL;
}

void sv_model_metrics_close(sv_model_metrics *series)
{
    fan fans[N_FANS];
    if (!series)
        return;
    for (int i = 0; i < N_SINGLES; i++)
        sv_metrics_remove_series(series->metrics, series->singles[i]);
    list_fans(series, fans);
    for (size_t i = 0; i < N_FANS; i++)
        for (size_t k = 0; k < fans[i].n; k++)
            sv_metrics_remove_series(series->metrics, fans[i].series[k]);
    sv_generation_metrics_close(series->generation);
    free(series);
}

static void observe_times(sv_model_metrics *series, const sv_version_run *run)
{
    sv_metrics_observe(series->singles[QUEUE_DURATION], run->queue_ns);
    sv_metrics_observe(series->singles[COMPUTE_DURATION],
                       run->input_ns + run->infer_ns + run->output_ns);
}

/* A time that a clock told backwards counts as none. */
static void count_time(sv_series *series, int64_t ns)
{
    sv_metrics_count(series, ns > 0 ? (uint64_t)ns : 0);
}

static void count_success(sv_model_metrics *series, const sv_version_run *run, size_t n_items)
{
    sv_metrics_count(series->singles[NV_SUCCESS], 1);
    sv_metrics_count(series->singles[NV_COUNT], n_items);
    count_time(series->singles[NV_REQUEST_US], run->total_ns);
    count_time(series->singles[NV_QUEUE_US], run->queue_ns);
    count_time(series->singles[NV_INPUT_US], run->input_ns);
    count_time(series->singles[NV_INFER_US], run->infer_ns);
    count_time(series->singles[NV_OUTPUT_US], run->output_ns);
}

void sv_model_metrics_observe(sv_model_metrics *series, const sv_version_run *run,
                              sv_model_outcome outcome, size_t n_items)
{
    if (!series)
        return;
    switch (outcome) {
    case SV_MODEL_SUCCEEDED:
        count_success(series, run, n_items);
        observe_times(series, run);
        return;
    case SV_MODEL_BACKEND:
    case SV_MODEL_OTHER:
        observe_times(series, run);
        break;
    case SV_MODEL_REJECTED:
    case SV_MODEL_CANCELED:
    case SV_MODEL_OUTCOME_COUNT:
        break;
    }
    sv_metrics_count(series->failures[outcome], 1);
}

void sv_model_metrics_pending(sv_model_metrics *series, int by)
{
    if (!series)
        return;
    sv_metrics_move(series->singles[QUEUE_DEPTH], by);
    sv_metrics_move(series->singles[NV_PENDING], by);
}

void sv_model_metrics_executed(sv_model_metrics *series, size_t n_items)
{
    if (!series)
        return;
    sv_metrics_count(series->singles[NV_EXEC_COUNT], 1);
    sv_metrics_observe(series->singles[BATCH_SIZE], (int64_t)n_items);
}

void sv_model_metrics_loaded(sv_model_metrics *series, bool succeeded, int64_t load_ns,
                             int64_t memory_bytes)
{
    if (!series)
        return;
    sv_metrics_count(series->loads[succeeded], 1);
    if (!succeeded)
        return;
    sv_metrics_set(series->singles[NV_LOAD_SECS], load_ns);
    sv_metrics_set(series->singles[MEMORY], memory_bytes);
}

void sv_model_metrics_unloaded(sv_model_metrics *series)
{
    if (series)
        sv_metrics_set(series->singles[MEMORY], 0);
}

void sv_model_metrics_set_state(sv_model_metrics *series, const char *state)
{
    for (size_t i = 0; series && i < N_STATES; i++)
        sv_metrics_set(series->states[i], strcmp(states[i], state) == 0);
}

void sv_model_metrics_set_queue_limit(sv_model_metrics *series, int64_t limit)
{
    if (series)
        sv_metrics_set(series->singles[QUEUE_LIMIT], limit);
}

void sv_model_metrics_gave_share_back(sv_model_metrics *series)
{
    if (series)
        sv_metrics_count(series->singles[FALLBACKS], 1);
}

void sv_model_metrics_shadowed(sv_model_metrics *series, sv_shadow_result result)
{
    if (series)
        sv_metrics_count(series->shadows[result], 1);
}
