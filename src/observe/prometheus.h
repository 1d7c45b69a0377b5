/* prometheus.h: metrics as text. */
#ifndef SERVAL_OBSERVE_PROMETHEUS_H
#define SERVAL_OBSERVE_PROMETHEUS_H

#include "base/buf.h"
#include "observe/metrics.h"

/* Appends the text exposition of all metrics, version 0.0.4. Any thread. */
sv_status sv_prometheus_write(sv_metrics *metrics, sv_buf *buf) SV_MUST_USE;

/* The content type of that text. */
#define SV_PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
