/* mw_metrics.c: the HTTP metrics of prometheus-fastapi-instrumentator, and why requests were
 * rejected. Label values are route templates, methods of a fixed list and status classes: what a
 * client sends makes no series. */
#include "http/mw_metrics.h"

#include <stdlib.h>
#include <string.h>

enum { N_METHODS = 9, N_CLASSES = 5, CLIENT_CLOSED = 499 };

static const char *const methods[N_METHODS] = {"GET",    "HEAD",    "POST",  "PUT",   "PATCH",
                                               "DELETE", "OPTIONS", "TRACE", "_OTHER"};
static const char *const classes[N_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

/* Answers that say "not now" or "not so much", and the reason they are counted under. */
static const struct {
    const sv_error_kind *kind;
    const char *reason;
} rejections[] = {{&sv_kind_server_overloaded, "queue_full"},
                  {&sv_kind_deadline_exceeded, "timeout"},
                  {&sv_kind_rate_limited, "rate_limit"},
                  {&sv_kind_draining, "draining"},
                  {&sv_kind_payload_too_large, "too_large"}};
enum { N_REJECTIONS = sizeof rejections / sizeof *rejections };

/* The series of one route, or of none. */
typedef struct route_series {
    sv_series *requests[N_METHODS][N_CLASSES];
    sv_series *duration[N_METHODS];
    sv_series *request_size, *response_size;
} route_series;

struct sv_mw_metrics {
    const char *first;
    size_t stride, n_routes;
    sv_series *highr, *rejected[N_REJECTIONS];
    route_series routes[]; /* the last one: no route */
};

/* GET routes also answer HEAD; every other method of theirs is counted without a route. */
static bool has_method(const char *route_method, const char *method)
{
    if (strcmp(route_method, "*") == 0 || strcmp(route_method, method) == 0)
        return true;
    return strcmp(route_method, "GET") == 0 && strcmp(method, "HEAD") == 0;
}

static void add_route(sv_metrics *metrics, const char *handler, const char *method,
                      route_series *to)
{
    const char *by_handler[SV_METRICS_MAX_LABELS] = {handler};
    to->request_size =
        sv_metrics_add_quiet_series(metrics, SV_METRIC_HTTP_REQUEST_SIZE, by_handler);
    to->response_size =
        sv_metrics_add_quiet_series(metrics, SV_METRIC_HTTP_RESPONSE_SIZE, by_handler);
    for (int i = 0; i < N_METHODS; i++) {
        if (!has_method(method, methods[i]))
            continue;
        const char *by_method[SV_METRICS_MAX_LABELS] = {handler, methods[i]};
        to->duration[i] = sv_metrics_add_quiet_series(metrics, SV_METRIC_HTTP_DURATION, by_method);
        for (int k = 0; k < N_CLASSES; k++) {
            const char *by_status[SV_METRICS_MAX_LABELS] = {handler, methods[i], classes[k]};
            to->requests[i][k] =
                sv_metrics_add_quiet_series(metrics, SV_METRIC_HTTP_REQUESTS, by_status);
        }
    }
}

sv_mw_metrics *sv_mw_metrics_new(sv_metrics *metrics, const sv_route *first_route, size_t stride,
                                 size_t n_routes)
{
    sv_mw_metrics *mw = calloc(1, sizeof *mw + (n_routes + 1) * sizeof(route_series));
    if (!mw)
        return NULL;
    mw->first = (const char *)first_route;
    mw->stride = stride;
    mw->n_routes = n_routes;
    mw->highr = sv_metrics_add_series(metrics, SV_METRIC_HTTP_DURATION_HIGHR,
                                      (const char *[SV_METRICS_MAX_LABELS]){0});
    for (size_t i = 0; i < n_routes; i++) {
        const sv_route *route = (const sv_route *)(mw->first + i * stride);
        add_route(metrics, route->path, route->method, &mw->routes[i]);
    }
    add_route(metrics, "none", "*", &mw->routes[n_routes]);
    for (int i = 0; i < N_REJECTIONS; i++) {
        const char *reason[SV_METRICS_MAX_LABELS] = {rejections[i].reason};
        mw->rejected[i] = sv_metrics_add_series(metrics, SV_METRIC_REJECTED, reason);
    }
    return mw;
}

void sv_mw_metrics_free(sv_mw_metrics *mw)
{
    free(mw);
}

static void count_rejection(const sv_mw_metrics *mw, const char *error_code)
{
    for (int i = 0; error_code && i < N_REJECTIONS; i++)
        if (strcmp(error_code, rejections[i].kind->code) == 0)
            sv_metrics_count(mw->rejected[i], 1);
}

/* What the client announced and sent; a chunked body announces nothing. */
static int64_t request_size(const sv_exchange *exchange)
{
    bool announced = sv_exchange_header(exchange, SV_STR("content-length")).ptr != NULL;
    return announced ? (int64_t)(exchange->body.len + exchange->forgotten_bytes) : 0;
}

static int method_index(sv_str method)
{
    for (int i = 0; i < N_METHODS - 1; i++)
        if (sv_str_eq(method, sv_str_from(methods[i])))
            return i;
    return N_METHODS - 1;
}

static const route_series *series_of(const sv_mw_metrics *mw, const sv_route *route, int method)
{
    const route_series *none = &mw->routes[mw->n_routes];
    if (!route)
        return none;
    const route_series *own = &mw->routes[(size_t)((const char *)route - mw->first) / mw->stride];
    return own->duration[method] ? own : none;
}

static void count(sv_exchange *exchange, void *arg)
{
    sv_mw_metrics *mw = arg;
    int method = method_index(exchange->method), class = exchange->answer.status / 100 - 1;
    const route_series *series = series_of(mw, exchange->route, method);
    int64_t duration_ns = exchange->finished_ns - exchange->started_ns;
    if (class < 0 || class >= N_CLASSES)
        return;
    sv_metrics_count(series->requests[method][class], 1);
    sv_metrics_observe(series->duration[method], duration_ns);
    sv_metrics_observe(mw->highr, duration_ns);
    sv_metrics_observe(series->request_size, request_size(exchange));
    sv_metrics_observe(series->response_size, (int64_t)exchange->answer.body.len);
    if (exchange->answer.status != CLIENT_CLOSED)
        count_rejection(mw, exchange->answer.error_code);
}

sv_http_middleware sv_mw_metrics_middleware(sv_mw_metrics *mw)
{
    return (sv_http_middleware){.done = count, .arg = mw};
}
