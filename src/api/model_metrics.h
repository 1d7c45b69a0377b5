/* model_metrics.h: the metrics of one version of a model, those of Triton among them: made when the
 * version appears, so that every series is there at 0, and gone with it. What is counted when is
 * decided here; who calls: model_work and whoever loads versions.
 *
 * Whoever holds the version may count, on any thread; NULL counts nothing. Two of one name (a
 * version and the one that takes its place) count in the same series. */
#ifndef SERVAL_API_MODEL_METRICS_H
#define SERVAL_API_MODEL_METRICS_H

#include "model/version_stats.h"
#include "observe/metrics.h"

typedef struct sv_model_metrics sv_model_metrics;

/* How a request to a version ended. */
typedef enum sv_model_outcome {
    SV_MODEL_SUCCEEDED,
    SV_MODEL_REJECTED, /* was not taken in, or waited too long */
    SV_MODEL_CANCELED, /* the client is gone */
    SV_MODEL_BACKEND,  /* the model failed */
    SV_MODEL_OTHER,    /* anything else, e.g. an input that cannot be used */
    SV_MODEL_OUTCOME_COUNT,
} sv_model_outcome;

/* What became of a shadow copy. */
typedef enum sv_shadow_result {
    SV_SHADOW_MATCH,
    SV_SHADOW_DIFFER,
    SV_SHADOW_FAILED,
    SV_SHADOW_DROPPED,
    SV_SHADOW_RESULT_COUNT,
} sv_shadow_result;

/* Series that cannot be made are left out. SV_NO_MEMORY. */
sv_status sv_model_metrics_open(sv_metrics *metrics, sv_str model, sv_str version,
                                sv_model_metrics **ret_series) SV_MUST_USE;
/* Adds those of a language model, once. SV_NO_MEMORY. */
sv_status sv_model_metrics_add_generation(sv_model_metrics *series) SV_MUST_USE;
/* NULL: it is none, or `series` is NULL. */
struct sv_generation_metrics *sv_model_metrics_generation(const sv_model_metrics *series);
/* Nobody may count any more. */
void sv_model_metrics_close(sv_model_metrics *series);

/* One request that ended. Its times count if it succeeded; if the model or something else failed,
 * those of waiting and computing do.
 * `run` may be NULL for a request that was rejected or canceled. `n_items` is how
 * many inferences it was. */
void sv_model_metrics_observe(sv_model_metrics *series, const sv_version_run *run,
                              sv_model_outcome outcome, size_t n_items);
/* `by` requests more (or less) that were taken in and do not run yet. */
void sv_model_metrics_pending(sv_model_metrics *series, int by);
/* The model ran once, on `n_items` together. */
void sv_model_metrics_executed(sv_model_metrics *series, size_t n_items);

/* Loading and its outcome; `load_ns` and `memory_bytes` (0: not known) count if it succeeded. */
void sv_model_metrics_loaded(sv_model_metrics *series, bool succeeded, int64_t load_ns,
                             int64_t memory_bytes);
/* Nothing of the version is in memory any more. */
void sv_model_metrics_unloaded(sv_model_metrics *series);
/* absent, loading, warming, ready, draining or failed. */
void sv_model_metrics_set_state(sv_model_metrics *series, const char *state);
/* How many requests of the model may wait. */
void sv_model_metrics_set_queue_limit(sv_model_metrics *series, int64_t limit);
/* Its share of the requests went to the default version. */
void sv_model_metrics_gave_share_back(sv_model_metrics *series);
/* A shadow copy that was given to this version. */
void sv_model_metrics_shadowed(sv_model_metrics *series, sv_shadow_result result);

#endif
