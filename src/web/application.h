/* application.h: a running application: tables of operations bound to a router, a pool and states.
 * Built once, then only read; its states are opened and closed around serving. */
#ifndef SERVAL_WEB_APPLICATION_H
#define SERVAL_WEB_APPLICATION_H

#include <serval/app.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/router.h"
#include "io/pool.h"
#include "json/plan.h"

enum { SV_APPLICATION_MAX_OPERATIONS = 10000 };

struct sv_call_store;

/* An operation of a table and what was found out about it at start: what the row says itself, and
 * what the routers and applications around it add. */
typedef struct sv_bound_operation {
    const sv_operation *row;
    sv_application *application; /* the innermost: root or mounted */
    sv_route route;
    const char *path;       /* with the prefixes of routers and mounts */
    const char *tags;       /* comma-separated; NULL: none */
    const char *rate_limit; /* NULL: none */
    const char *folder;     /* of a mounted folder's files; else NULL */
    bool hidden;
    bool has_header_params, has_cookie_params, has_form; /* of its own or of what it needs */
    const sv_plan *params, *in, *out, *event; /* NULL where the handler has no schema, or sv_none */
    const sv_dependency *const *needs;        /* NULL-terminated */
    const sv_plan *const *need_params;        /* one for each of `needs`; NULL: it has none */
    const sv_error_kind *const *errors;       /* NULL-terminated */
    const sv_security *const *security;       /* NULL-terminated */
    sv_str path_params[SV_ROUTER_MAX_PARAMS]; /* names, in template order */
    size_t n_path_params;
} sv_bound_operation;

/* What the settings say of one operation. */
typedef struct sv_route_limit {
    const char *route; /* "POST /api/v1/predict" */
    const char *text;  /* "10/minute"; "none" lifts the row's own */
} sv_route_limit;

/* One row of middleware and the application that lists it. */
typedef struct sv_hook {
    const sv_middleware *middleware;
    sv_application *application;
} sv_hook;

typedef struct sv_application_config {
    const sv_app *app; /* NULL: only `tables`, with the titles below */
    const char *title, *version, *description, *root_path; /* NULL: the app's, defaults, "" */
    const sv_operation *const *tables;                     /* more operations; each ends with {0} */
    size_t n_tables;
    const sv_route_limit *rate_limits; /* before what rows say themselves */
    size_t n_rate_limits;
    sv_pool *pool;        /* for handlers that may block; must outlive the application */
    void *state;          /* sv_call_state */
    const void *settings; /* the struct of the app's settings; NULL: the defaults */
    bool pages;           /* mount /openapi.json, /docs, /redoc */
    bool debug;           /* 5xx answers tell what else only the log would */
    /* Told what went wrong inside the program of the application (a handler that answers twice, a
     * task that fails …): one line. Any thread. NULL: nobody listens. */
    void (*report)(void *arg, const char *line);
    void *report_arg;
    /* What calls count their time and deadlines by; the same as the loops'. NULL: the system's. */
    const sv_clock *clock;
} sv_application_config;

/* Checks every row of every table. SV_INVALID: each mistake is a line of `problems`. */
sv_status sv_application_new(const sv_application_config *config, sv_buf *problems,
                             sv_application **ret_application) SV_MUST_USE;
/* Opens the states and runs the lifecycle, of mounted applications too; all or nothing. */
sv_status sv_application_start(sv_application *application, sv_error *error) SV_MUST_USE;
/* Undoes it; idempotent. No call may be under way, but deferred ones: they are ended (and reported)
 * first. */
void sv_application_stop(sv_application *application);
/* Ends deferred calls that nobody has completed. When nothing runs on the pool any more. */
void sv_application_abandon(sv_application *application);
/* Stops first. NULL is fine. */
void sv_application_free(sv_application *application);

/* The one that all others are mounted in. */
const sv_application *sv_application_root(const sv_application *application);
const sv_router *sv_application_router(const sv_application *application);
sv_pool *sv_application_pool(const sv_application *application);
void *sv_application_state(const sv_application *application);
/* NULL as application: the system's. */
const sv_clock *sv_application_clock(const sv_application *application);
struct sv_call_store *sv_application_calls(const sv_application *application);
/* All of the root application's operations, those of mounted applications included. */
const sv_bound_operation *sv_application_operations(const sv_application *application,
                                                    size_t *ret_count);
const sv_application_config *sv_application_get_config(const sv_application *application);
/* The middleware around its operations, outermost first: of all it is mounted in, then its own. */
const sv_hook *sv_application_hooks(const sv_application *application, size_t *ret_count);
/* Whether any application of the tree has middleware. */
bool sv_application_has_hooks(const sv_application *application);
/* What stands before all its paths; "" for the root. */
const char *sv_application_prefix(const sv_application *application);
/* The OpenAPI document; lives as long as the application. */
sv_str sv_application_openapi(const sv_application *application);
/* What stands in for a dependency in this application, or the dependency itself. */
const sv_dependency *sv_application_resolve(const sv_application *application,
                                            const sv_dependency *dependency);
/* The plan of a schema that no operation names, made when first asked for. Any thread. */
sv_status sv_application_plan(sv_application *application, const sv_schema *schema,
                              const sv_plan **ret_plan) SV_MUST_USE;
/* Reports every handler that has been running for longer than `min_ms`; returns how many. Any
 * thread. */
size_t sv_application_report_running(const sv_application *application, int64_t min_ms);
/* One line to whoever listens (printf format). Any thread. */
void sv_application_report(const sv_application *application, const char *format, ...)
    SV_PRINTF(2, 3);

#endif
