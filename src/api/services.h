/* services.h: what the endpoints of the server work with. One per server, made by app, const while it serves. */
#ifndef SERVAL_API_SERVICES_H
#define SERVAL_API_SERVICES_H

#include "http/server.h"
#include "io/fetch.h"
#include "io/pool.h"
#include "model/registry.h"
#include "model/scheduler.h"
#include "observe/metrics.h"

typedef struct sv_services {
    sv_registry *registry;
    sv_scheduler *scheduler;
    sv_loop *fetch_loop; /* runs on its own thread */
    sv_fetcher *fetcher; /* of fetch_loop */
    sv_pool *pool;
    sv_server *server;
    sv_metrics *metrics;
    sv_str image_schemes; /* "http,https,data" */
    const char *app_version;
    bool gpu_available;
    int64_t liveness_timeout_ms;
    int64_t fetch_timeout_ms;
} sv_services;

#endif
