/* metric_table.h: every metric of the server: one row each. */
#ifndef SERVAL_OBSERVE_METRIC_TABLE_H
#define SERVAL_OBSERVE_METRIC_TABLE_H

#include <stddef.h>

typedef enum sv_metric_kind {
    SV_METRIC_COUNTER,
    SV_METRIC_GAUGE,
    SV_METRIC_HISTOGRAM, /* of seconds, kept in nanoseconds */
    SV_METRIC_SUMMARY,   /* sum and count only */
} sv_metric_kind;

/* Upper bounds of the buckets, without +Inf, as the text that stands in `le`. */
#define SV_BUCKETS_HIGHR                                                                           \
    "0.01,0.025,0.05,0.075,0.1,0.25,0.5,0.75,1.0,1.5,2.0,2.5,3.0,3.5,4.0,4.5,5.0,7.5,10.0,30.0,"   \
    "60.0"
#define SV_BUCKETS_COARSE "0.1,0.5,1.0"
#define SV_BUCKETS_MODEL                                                                           \
    "0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1.0,2.5,5.0,10.0,30.0"

/* X(id, name, kind, label names, buckets or NULL, help) */
#define SV_METRIC_MAP(X)                                                                           \
    X(HTTP_REQUESTS, "http_requests_total", COUNTER, "handler,method,status", NULL,                \
      "Total number of requests by method, status and handler.")                                   \
    X(HTTP_REQUEST_SIZE, "http_request_size_bytes", SUMMARY, "handler", NULL,                      \
      "Content length of incoming requests by handler.")                                           \
    X(HTTP_RESPONSE_SIZE, "http_response_size_bytes", SUMMARY, "handler", NULL,                    \
      "Content length of outgoing responses by handler.")                                          \
    X(HTTP_DURATION_HIGHR, "http_request_duration_highr_seconds", HISTOGRAM, "", SV_BUCKETS_HIGHR, \
      "Latency with many buckets but no API specific labels.")                                     \
    X(HTTP_DURATION, "http_request_duration_seconds", HISTOGRAM, "handler,method",                 \
      SV_BUCKETS_COARSE, "Latency with only few buckets by handler.")                              \
    X(HTTP_IN_PROGRESS, "http_requests_inprogress", GAUGE, "", NULL,                               \
      "Number of HTTP requests in progress.")                                                      \
    X(CONNECTIONS, "serval_connections", GAUGE, "state", NULL,                                     \
      "Open connections: active (with a request) and idle.")                                       \
    X(QUEUE_DURATION, "serval_queue_duration_seconds", HISTOGRAM, "model,version",                 \
      SV_BUCKETS_MODEL, "Time that model work waited for a permit.")                               \
    X(COMPUTE_DURATION, "serval_compute_duration_seconds", HISTOGRAM, "model,version",             \
      SV_BUCKETS_MODEL, "Time of decoding, preparing, running and ranking.")                       \
    X(REJECTED, "serval_rejected_total", COUNTER, "reason", NULL,                                  \
      "Requests turned away, by what stood against them.")                                         \
    X(CANCELLED, "serval_cancelled_total", COUNTER, "stage", NULL,                                 \
      "Requests whose work was given up, by the stage it was in.")                                 \
    X(LOG_DROPPED, "serval_log_dropped_total", COUNTER, "", NULL,                                  \
      "Log lines that were not written: nobody read fast enough.")                                 \
    X(BUILD_INFO, "serval_build_info", GAUGE, "version", NULL, "Always 1.")                        \
    X(CPU_SECONDS, "process_cpu_seconds_total", COUNTER, "", NULL,                                 \
      "Total user and system CPU time spent in seconds.")                                          \
    X(RESIDENT, "process_resident_memory_bytes", GAUGE, "", NULL,                                  \
      "Resident memory size in bytes.")                                                            \
    X(VIRTUAL, "process_virtual_memory_bytes", GAUGE, "", NULL, "Virtual memory size in bytes.")   \
    X(OPEN_FDS, "process_open_fds", GAUGE, "", NULL, "Number of open file descriptors.")           \
    X(MAX_FDS, "process_max_fds", GAUGE, "", NULL, "Maximum number of open file descriptors.")     \
    X(START_TIME, "process_start_time_seconds", GAUGE, "", NULL,                                   \
      "Start time of the process since unix epoch in seconds.")

typedef enum sv_metric_id {
#define SV_METRIC_ENUM(id, name, kind, labels, buckets, help) SV_METRIC_##id,
    SV_METRIC_MAP(SV_METRIC_ENUM)
#undef SV_METRIC_ENUM
        SV_METRIC_COUNT
} sv_metric_id;

typedef struct sv_metric_row {
    const char *name;
    sv_metric_kind kind;
    const char *labels;  /* comma-separated names, in the order of the values; "" for none */
    const char *buckets; /* NULL: no histogram */
    const char *help;
} sv_metric_row;

/* By sv_metric_id; static. */
const sv_metric_row *sv_metric_table(void);

#endif
