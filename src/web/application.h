/* application.h: tables of operations bound to a router, a pool and a state. Built once, then only
 * read. */
#ifndef SERVAL_WEB_APPLICATION_H
#define SERVAL_WEB_APPLICATION_H

#include <serval/app.h>

#include "base/buf.h"
#include "http/router.h"
#include "io/pool.h"
#include "json/plan.h"

enum { SV_APPLICATION_MAX_OPERATIONS = 512 };

typedef struct sv_application sv_application;

/* An operation of a table and what was found out about it at start. */
typedef struct sv_bound_operation {
    const sv_operation *row;
    sv_application *application;
    sv_route route;
    const sv_plan *params, *in,
        *out; /* NULL where the handler has no schema; `in` also for sv_none */
    sv_str path_params[SV_ROUTER_MAX_PARAMS]; /* names, in template order */
    size_t n_path_params;
} sv_bound_operation;

typedef struct sv_application_config {
    const char *title, *version, *description, *root_path; /* NULL: defaults, "" */
    const sv_operation *const *tables;                     /* each ends with {0} */
    size_t n_tables;
    sv_pool *pool; /* for handlers that may block; must outlive the application */
    void *state;   /* sv_call_state */
    bool pages;    /* mount /openapi.json, /docs, /redoc */
    bool debug;    /* 5xx answers tell what else only the log would */
} sv_application_config;

/* Checks every row of every table. SV_INVALID: each mistake is a line of `problems`. */
sv_status sv_application_new(const sv_application_config *config, sv_buf *problems,
                             sv_application **ret_application) SV_MUST_USE;
/* No call may be under way. NULL is fine. */
void sv_application_free(sv_application *application);

const sv_router *sv_application_router(const sv_application *application);
sv_pool *sv_application_pool(const sv_application *application);
void *sv_application_state(const sv_application *application);
const sv_bound_operation *sv_application_operations(const sv_application *application,
                                                    size_t *ret_count);
const sv_application_config *sv_application_get_config(const sv_application *application);
/* The OpenAPI document; lives as long as the application. */
sv_str sv_application_openapi(const sv_application *application);

#endif
