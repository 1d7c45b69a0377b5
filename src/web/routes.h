/* routes.h: walks the tables, routers and mounts of an application and binds every row. */
#ifndef SERVAL_WEB_ROUTES_H
#define SERVAL_WEB_ROUTES_H

#include "web/application.h"

/* What rows inherit from what is around them. Zeroed is the root's. Lists end with NULL. */
typedef struct sv_route_scope {
    sv_application *application;
    sv_arena *arena; /* of everything bound */
    sv_buf *problems;
    const char *prefix, *tags, *rate_limit, *folder;
    const sv_dependency *const *needs;
    const sv_error_kind *const *errors;
    const sv_security *const *security;
    bool hidden;
} sv_route_scope;

/* Where bound rows go. */
typedef struct sv_route_list {
    sv_bound_operation *items; /* room for sv_routes_count */
    size_t len;
    sv_router *router;
} sv_route_list;

/* Rows of a table that ends with {0}; NULL has none. */
size_t sv_routes_count_table(const sv_operation *table);
/* Rows of an app's own table and routers; not of its mounts. */
size_t sv_routes_count_app(const sv_app *app);
/* Binds a table. Every row is tried: SV_INVALID when one has mistakes, which are lines of
 * `scope->problems`. */
sv_status sv_routes_bind_table(sv_route_list *list, const sv_operation *table,
                               const sv_route_scope *scope) SV_MUST_USE;
/* The same for an app's own table and its routers. */
sv_status sv_routes_bind_app(sv_route_list *list, const sv_app *app,
                             const sv_route_scope *scope) SV_MUST_USE;

#endif
