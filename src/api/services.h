/* services.h: what the endpoints of the server work with. One per server, made by app, const while
 * it serves. In a program of another application, models are its own affair (local_models.c): there
 * is only `fetching` then, not started, and what goes with it. */
#ifndef SERVAL_API_SERVICES_H
#define SERVAL_API_SERVICES_H

#include "api/fetching.h"
#include "http/server.h"
#include "io/fetch.h"
#include "io/pool.h"
#include "model/loader.h"
#include "model/registry.h"
#include "model/scheduler.h"
#include "observe/metrics.h"

/* In which stage a request was given up: an index of the series below. */
typedef enum sv_cancel_stage {
    SV_STAGE_CANCELLED_FETCHING,
    SV_STAGE_CANCELLED_QUEUED,
    SV_STAGE_CANCELLED_BATCHED,
    SV_STAGE_CANCELLED_RUNNING,
    SV_STAGE_CANCELLED_STREAMING,
    SV_STAGE_CANCELLED_COUNT,
} sv_cancel_stage;

typedef struct sv_services {
    sv_registry *registry;
    sv_scheduler *scheduler;
    sv_fetching *fetching;
    sv_loop *fetch_loop; /* of `fetching`, which runs then */
    sv_fetcher *fetcher; /* of `fetching` */
    sv_pool *pool;
    sv_server *server;
    sv_metrics *metrics;
    sv_series *cancelled[SV_STAGE_CANCELLED_COUNT];
    sv_series *evictions;
    struct sv_shadows *shadows; /* shadow.h; NULL: none are made */
    sv_str image_schemes;       /* "http,https,data" */
    const char *app_version;
    _Atomic size_t n_generating; /* calls that language models answer: generation_answer.c */
    _Atomic bool gpu_available;  /* known once the models are loaded; requests come earlier */
    int64_t liveness_timeout_ms;
    bool is_read_only; /* calls that change models are refused: no keys, and no loopback address */
} sv_services;

#endif
