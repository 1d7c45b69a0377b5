/* metrics.h: counters, histograms and gauges that cost a request a few uncontended adds.
 *
 * DESIGN. Every series is a run of 64-bit cells, once for each CPU (up to eight): a thread adds to
 * the shard of the CPU it runs on, so that no cache line goes to and fro; a scrape sums the shards.
 * Series are made by name before anybody adds to them (`sv_metrics_add_series`), so label values
 * can only be names that the program knows; adding itself looks nothing up and takes no lock.
 * Durations are kept in nanoseconds, sizes in bytes: no floats.
 *
 * Series come and go with what they are about. Whoever adds one has a share in it, and gives it
 * back when it will add no more (`sv_metrics_remove_series`); with the last share the series is
 * gone. Two versions of a model that change places so go on counting in one series. */
#ifndef SERVAL_OBSERVE_METRICS_H
#define SERVAL_OBSERVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/status.h>

#include "base/buf.h"
#include "observe/metric_table.h"

enum { SV_METRICS_MAX_SERIES = 32768, SV_METRICS_MAX_LABELS = 3 };

typedef struct sv_metrics sv_metrics;

/* One series; NULL stands for one that could not be made: adding to it does nothing. */
typedef struct sv_series sv_series;

/* Where the value of a gauge, or of a counter kept elsewhere, comes from: `read(arg)` on the
 * scraping thread, under the metrics' lock: it takes no other lock and calls nothing of metrics. */
typedef struct sv_metrics_reader {
    double (*read)(void *arg);
    void *arg;
    void (*free_arg)(void *arg); /* with the series; NULL: the arg is somebody else's */
} sv_metrics_reader;

sv_metrics *sv_metrics_new(void);
/* With all series. Nobody may add or scrape any more. NULL is fine. */
void sv_metrics_free(sv_metrics *metrics);
/* Leaves out every metric whose name starts with `prefix`, e.g. "nv_": it is not written,
 * its series are NULL. Before series are made. */
void sv_metrics_leave_out(sv_metrics *metrics, const char *prefix);
bool sv_metrics_is_left_out(const sv_metrics *metrics, sv_metric_id id);

/* A series with these label values (as many as the row names; NULL beyond), at 0. The same labels
 * give the same series, with one share more. NULL when out of memory, over SV_METRICS_MAX_SERIES or
 * when labels are longer than 1 KiB. Any thread. */
sv_series *sv_metrics_add_series(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS]);
/* A series that is left out of a scrape while it is zero. */
sv_series *sv_metrics_add_quiet_series(sv_metrics *metrics, sv_metric_id id,
                                       const char *const values[SV_METRICS_MAX_LABELS]);
/* A gauge or counter that is read at each scrape. `reader` is copied. NULL as above, or when there
 * is a series of these labels already; `arg` is then still the caller's. Any thread. */
sv_series *sv_metrics_add_reader(sv_metrics *metrics, sv_metric_id id,
                                 const char *const values[SV_METRICS_MAX_LABELS],
                                 const sv_metrics_reader *reader);
/* Gives one share back. The series is gone with the last one: nobody may add to it any more. A
 * scrape that is under way is waited for. NULL is fine. Any thread. */
void sv_metrics_remove_series(sv_metrics *metrics, sv_series *series);

/* Any thread. */

/* Adds to a counter. */
void sv_metrics_count(sv_series *series, uint64_t n);
/* One observation of a histogram or summary; nanoseconds where the row says so. */
void sv_metrics_observe(sv_series *series, int64_t value);
/* A gauge is either moved, up and down, or set. */
void sv_metrics_move(sv_series *series, int64_t by);
void sv_metrics_set(sv_series *series, int64_t value);
/* What a counter or gauge has come to; 0 for NULL. */
int64_t sv_metrics_get(const sv_series *series);

#endif
