/* runtime.h: everything a server program consists of, built bottom-up and torn down top-down. */
#ifndef SERVAL_APP_RUNTIME_H
#define SERVAL_APP_RUNTIME_H

#include "api/services.h"
#include "app/cli.h"
#include "app/start_plan.h"
#include "engine/engine_host.h"
#include "http/mw_metrics.h"
#include "observe/log.h"
#include "web/service.h"

/* Zeroed is empty; parts that are NULL were not built. */
typedef struct sv_runtime {
    sv_arena *arena;
    sv_buf problems, notices; /* lines for people */
    sv_cli cli;
    sv_settings_merge settings;
    const void *app_settings; /* the application's own, by its schema; NULL: none */
    sv_start_plan plan;
    sv_log *log;
    sv_metrics *metrics;
    sv_mw_metrics *http_metrics;
    sv_http_middleware middleware[2]; /* access log, metrics */
    sv_engine_host *engines;
    sv_repository repository;
    const char *const *model_paths; /* where it comes from; none: it is empty */
    size_t n_model_paths;
    sv_strs sets;
    sv_registry *registry;
    sv_loader *loader;
    sv_scheduler *scheduler;
    sv_fetching *fetching;
    sv_services services;
    sv_service *service;
} sv_runtime;

/* Reads options (`argv[0]` is the first of them) and all other sources of settings, those that the
 * application adds (NULL: none) included. Returns 0, or the exit code: 2 for wrong usage, 1 for
 * settings that cannot be. `problems` then has why. */
int sv_runtime_configure(sv_runtime *runtime, const sv_app *app, int argc,
                         char *const *argv) SV_MUST_USE;
/* Engines, repository and registry: what `check` and `models` need too. Nothing is loaded. */
sv_status sv_runtime_open_models(sv_runtime *runtime) SV_MUST_USE;
/* Loads every version on this thread; failures stay in the versions. Returns how many failed. */
size_t sv_runtime_load_models(sv_runtime *runtime);
/* The same on a thread that goes on looking after them. After sv_runtime_build. */
sv_status sv_runtime_start_loader(sv_runtime *runtime) SV_MUST_USE;
/* Whether each was tried once; waits for it at most `timeout_ms`. */
bool sv_runtime_has_loaded(sv_runtime *runtime, int64_t timeout_ms);
/* Log, metrics, scheduler, fetching, application and server. `tables` are the operations;
 * `with_models`: the runtime's services are the application's state. */
sv_status sv_runtime_build(sv_runtime *runtime, const sv_app *app,
                           const sv_operation *const *tables, size_t n_tables,
                           bool with_models) SV_MUST_USE;
/* Everything that was built. Accepts a zeroed one. */
void sv_runtime_deinit(sv_runtime *runtime);

#endif
