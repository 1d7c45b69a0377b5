/* prometheus.h: metrics as text, in the two formats that Prometheus asks for. */
#ifndef SERVAL_OBSERVE_PROMETHEUS_H
#define SERVAL_OBSERVE_PROMETHEUS_H

#include "base/buf.h"
#include "observe/metrics.h"

typedef enum sv_prometheus_format {
    SV_PROMETHEUS_TEXT,         /* the text exposition format 0.0.4 */
    SV_PROMETHEUS_OPEN_METRICS, /* OpenMetrics 1.0.0; counters that are not named as it wants are of
                                   type unknown, so that they keep their names */
} sv_prometheus_format;

/* Appends all metrics. Any thread. Fails as the buffer. */
sv_status sv_prometheus_write(sv_metrics *metrics, sv_prometheus_format format,
                              sv_buf *buf) SV_MUST_USE;

/* The content type of that text. Static. */
const char *sv_prometheus_content_type(sv_prometheus_format format);

#endif
