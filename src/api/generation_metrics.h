/* generation_metrics.h: the metrics of one version of a language model, under vLLM's and
 * llama-server's names: part of the version's series (model_metrics.h), and with its lifetime.
 *
 * DESIGN. Tokens are counted as they come, answers when they end; who runs and who waits and what
 * the context holds is asked at each scrape. vLLM's series are a model's and llama-server's are the
 * server's: versions that have one in common count in it together. NULL counts nothing. */
#ifndef SERVAL_API_GENERATION_METRICS_H
#define SERVAL_API_GENERATION_METRICS_H

#include "model/generation.h"
#include "model/registry.h"
#include "observe/metrics.h"

typedef struct sv_generation_metrics sv_generation_metrics;

/* Series that cannot be made are left out. SV_NO_MEMORY. */
sv_status sv_generation_metrics_open(sv_metrics *metrics, const char *model, const char *version,
                                     sv_generation_metrics **ret_series) SV_MUST_USE;
/* Nobody may count any more. */
void sv_generation_metrics_close(sv_generation_metrics *series);

/* A token came, `gap_ns` after the one before; the first of an answer is measured since `asked_ns`,
 * when its request came. Thread: the producer's. */
void sv_generation_metrics_token(sv_generation_metrics *series, sv_generation *generation,
                                 int64_t gap_ns, int64_t asked_ns);
/* The `n` answers to a request have ended, the last part of each is taken; those that never got in
 * line do not count. */
void sv_generation_metrics_end(sv_generation_metrics *series, sv_generation *const *answers,
                               size_t n, int64_t asked_ns);
/* Reads the gauges of all versions. Any thread. */
void sv_generation_metrics_refresh(sv_registry *registry);

#endif
