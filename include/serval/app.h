/* app.h: an application: a title, a version and a table of operations, and the program that serves
 * it. */
#ifndef SERVAL_APP_H
#define SERVAL_APP_H

#include <serval/attr.h>
#include <serval/operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Describes an application; the caller's memory, const and alive as long as anything made from it.
 */
typedef struct sv_app {
    const char *title;              /* NULL: "ML API" */
    const char *version;            /* NULL: the library's */
    const char *description;        /* Markdown, for OpenAPI; may be NULL */
    const sv_operation *operations; /* ends with {0} */
    bool no_pages;                  /* without /openapi.json, /docs and /redoc */
} sv_app;

/* Serves the application until SIGINT or SIGTERM: reads flags, environment, `.env` and
 * `serval.yaml` (--help lists them), prints the ready line on stderr, drains at the end. Call it
 * from main. Returns the exit code: 0 after a drain, 1 when it could not start (every mistake of
 * the tables is listed on stderr), 2 for wrong usage. */
SV_API int sv_main(int argc, char **argv, const sv_app *app);

#ifdef __cplusplus
}
#endif

#endif
