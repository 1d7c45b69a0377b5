/* metrics.h: counters, histograms and gauges that cost a request a few uncontended adds.
 *
 * DESIGN. Every series is a run of 64-bit cells, once for each CPU (up to eight): a thread adds to
 * the shard of the CPU it runs on, so that no cache line goes to and fro; a scrape sums the shards.
 * Series are made before requests come (`sv_metrics_add_series`), so label values can only be names
 * that the program knows. Durations are kept in nanoseconds, sizes in bytes: no floats. */
#ifndef SERVAL_OBSERVE_METRICS_H
#define SERVAL_OBSERVE_METRICS_H

#include <stdint.h>

#include <serval/status.h>

#include "base/buf.h"
#include "observe/metric_table.h"

enum { SV_METRICS_MAX_SERIES = 16384, SV_METRICS_MAX_LABELS = 3, SV_METRICS_MAX_GAUGES = 32 };

typedef struct sv_metrics sv_metrics;

/* One series; NULL stands for one that could not be made: adding to it does nothing. */
typedef struct sv_series sv_series;

sv_metrics *sv_metrics_new(void);
void sv_metrics_free(sv_metrics *metrics);

/* A counter, histogram or summary with these label values (as many as the row names; NULL beyond).
 * Start-up and model loading only: one thread at a time, others may add to other series meanwhile.
 * The same labels give the same series. NULL when out of memory or over SV_METRICS_MAX_SERIES. */
sv_series *sv_metrics_add_series(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS]);
/* A series that is left out of a scrape while it is zero. */
sv_series *sv_metrics_add_quiet_series(sv_metrics *metrics, sv_metric_id id,
                                       const char *const values[SV_METRICS_MAX_LABELS]);
/* A gauge, or a counter kept elsewhere, read at each scrape by `read(arg)` on the scraping thread.
 */
sv_status sv_metrics_add_reader(sv_metrics *metrics, sv_metric_id id, const char *label_value,
                                double (*read)(void *arg), void *arg);

/* Any thread. */
void sv_metrics_count(sv_series *series, uint64_t n);
/* A histogram takes nanoseconds, a summary its own unit. */
void sv_metrics_observe(sv_series *series, int64_t value);

#endif
