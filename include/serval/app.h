/* app.h: an application: what it answers, what it is made of, and the program that serves it. */
#ifndef SERVAL_APP_H
#define SERVAL_APP_H

#include <serval/attr.h>
#include <serval/dependency.h>
#include <serval/middleware.h>
#include <serval/operation.h>
#include <serval/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operations that have something in common (FastAPI's APIRouter). Routers may stand in routers. */
typedef struct sv_api_router {
    const char *prefix;                       /* "/api/v1", or NULL */
    const char *tags;                         /* comma-separated, before those of the rows */
    const sv_operation *operations;           /* ends with {0}; may be NULL */
    const sv_dependency *const *needs;        /* before those of the rows; NULL-terminated */
    const sv_security *const *security;       /* for OpenAPI; NULL-terminated */
    const sv_error_kind *const *errors;       /* declared for all rows; NULL-terminated */
    const struct sv_api_router *const *inner; /* NULL-terminated */
    const char *rate_limit;                   /* of rows that have none of their own */
    bool hidden;                              /* not in OpenAPI */
} sv_api_router;

typedef struct sv_app sv_app;

/* What answers everything below a prefix: another application with its own documentation, states
 * and middleware, or a folder of files. */
typedef struct sv_mount {
    const char *prefix; /* "/admin"; no slash at the end */
    const sv_app *app;
    const char *folder; /* that exists; its files are answered; "/" is index.html */
} sv_mount;

/* One thing to do around serving. `start` in the order of the table, once all states are open,
 * before the first request; `stop` in reverse, after the last. A start that fails is printed, and
 * undoes what was started. Either may be NULL. */
typedef struct sv_lifecycle {
    const char *name;
    sv_status (*start)(sv_application *application, sv_error *error);
    void (*stop)(sv_application *application);
} sv_lifecycle;

/* In tests: what stands in for a dependency or a state of the same type (NULL: nothing does). */
typedef struct sv_override {
    const void *original; /* a sv_dependency or a sv_state */
    const void *instead;
} sv_override;

/* Describes an application; the caller's memory, const and alive as long as anything made from it.
 * Tables end with {0}, lists of pointers with NULL. */
struct sv_app {
    const char *title;              /* NULL: "ML API" */
    const char *version;            /* NULL: the library's */
    const char *description;        /* Markdown, for OpenAPI; may be NULL */
    const sv_operation *operations; /* may be NULL when there are routers */
    bool no_pages;                  /* without /openapi.json, /docs and /redoc */
    const sv_api_router *const *routers;
    const sv_mount *mounts;
    const sv_state *const *states; /* opened in this order, closed in reverse */
    const sv_lifecycle *lifecycle;
    const sv_middleware *middleware;   /* outermost first */
    const sv_dependency *const *needs; /* of every operation */
    const sv_security *const *security;
    const sv_error_kind *const *errors;
    const sv_override *overrides;
    const sv_schema *settings; /* its own settings (settings.h); NULL: none */
};

/* Serves the application until SIGINT or SIGTERM: reads flags, environment, `.env` and
 * `serval.yaml` (--help lists them), prints the ready line on stderr, drains at the end. Call it
 * from main. Returns the exit code: 0 after a drain, 1 when it could not start (every mistake of
 * the tables is listed on stderr), 2 for wrong usage. */
SV_API int sv_main(int argc, char **argv, const sv_app *app);

/* An application served by a program that goes on with its own affairs. Any number may run in one
 * process, each with its own loops, threads, settings and log. */
typedef struct sv_serving sv_serving;

/* Starts serving in the background and returns once requests are answered. `options` are those of
 * the command line ("--port", "0", …), NULL-terminated, may be NULL; files and environment are read
 * as by sv_main unless `options` say otherwise. Signals stay the program's. SV_INVALID: every
 * mistake is a line of `error` (as far as it fits). Not on a thread of another application. */
SV_API sv_status sv_app_start(const sv_app *app, const char *const *options, sv_error *error,
                              sv_serving **ret_serving);
/* The port that is listened on; 0 on a Unix socket. */
SV_API int sv_serving_port(const sv_serving *serving);
SV_API sv_application *sv_serving_application(const sv_serving *serving);
/* Drains (at most `shutdown_timeout`), closes the states, frees everything. NULL is fine. */
SV_API void sv_serving_stop(sv_serving *serving);

#ifdef __cplusplus
}
#endif

#endif
