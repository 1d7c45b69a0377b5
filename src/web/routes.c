/* routes.c: tables, routers in routers, and what their rows inherit. One row: operation.c. */
#include "web/routes.h"

#include <string.h>

#include "web/operation.h"

enum { MAX_NESTING = 8 };

size_t sv_routes_count_table(const sv_operation *table)
{
    size_t n = 0;
    while (table && (table[n].method || table[n].path || table[n].handler))
        n++;
    return n;
}

static size_t count_router(const sv_api_router *router, int depth)
{
    size_t n = sv_routes_count_table(router->operations) + (depth == MAX_NESTING);
    for (size_t i = 0; depth < MAX_NESTING && n <= SV_APPLICATION_MAX_OPERATIONS && router->inner &&
                       router->inner[i];
         i++)
        n += count_router(router->inner[i], depth + 1);
    return n;
}

size_t sv_routes_count_app(const sv_app *app)
{
    size_t n = sv_routes_count_table(app->operations);
    for (size_t i = 0; app->routers && app->routers[i]; i++)
        n += count_router(app->routers[i], 0);
    return n;
}

static sv_status worse(sv_status a, sv_status b)
{
    return a ? a : b;
}

/* Text after text, `glue` between them when there are both; NULL when out of memory. */
static const char *join(sv_arena *arena, const char *a, const char *glue, const char *b)
{
    if (!a || !*a || !b || !*b)
        return a && *a ? a : b;
    return sv_arena_printf(arena, "%s%s%s", a, glue, b).ptr;
}

/* One NULL-terminated list after another. */
static const void *chain(sv_arena *arena, const void *first, const void *second)
{
    const void *const *a = first, *const *b = second;
    size_t n_a = 0, n_b = 0;
    while (a && a[n_a])
        n_a++;
    while (b && b[n_b])
        n_b++;
    if (!n_a || !n_b)
        return n_a ? first : second;
    const void **both = sv_arena_alloc_array(arena, n_a + n_b + 1, sizeof *both);
    if (!both)
        return NULL;
    memcpy(both, a, n_a * sizeof *both);
    memcpy(both + n_a, b, n_b * sizeof *both);
    return both;
}

static sv_status bind_row(sv_route_list *list, const sv_operation *row, const sv_route_scope *scope)
{
    sv_bound_operation *bound = &list->items[list->len];
    sv_arena *arena = scope->arena;
    *bound =
        (sv_bound_operation){.row = row,
                             .application = scope->application,
                             .path = row->path ? join(arena, scope->prefix, "", row->path) : NULL,
                             .tags = join(arena, scope->tags, ",", row->tags),
                             .rate_limit = row->rate_limit ? row->rate_limit : scope->rate_limit,
                             .folder = scope->folder,
                             .hidden = scope->hidden || row->hidden,
                             .needs = chain(arena, scope->needs, row->needs),
                             .errors = chain(arena, scope->errors, row->errors),
                             .security = chain(arena, scope->security, row->security)};
    sv_status status = sv_operation_bind(bound, arena, scope->problems);
    if (status)
        return status;
    bound->route.data = bound;
    sv_error error = {0};
    status = sv_router_add(list->router, &bound->route, &error);
    if (status) {
        sv_buf_printf(scope->problems, "%s %s: %s\n", row->method, bound->path, error.message);
        return status;
    }
    list->len++;
    return SV_OK;
}

sv_status sv_routes_bind_table(sv_route_list *list, const sv_operation *table,
                               const sv_route_scope *scope)
{
    sv_status status = SV_OK;
    size_t n = sv_routes_count_table(table);
    for (size_t i = 0; i < n; i++)
        status = worse(status, bind_row(list, &table[i], scope));
    return status;
}

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return text[0] == '/' && len > 1 && text[len - 1] != '/';
}

static sv_status bind_router(sv_route_list *list, const sv_api_router *router,
                             const sv_route_scope *outer, int depth)
{
    const char *prefix = router->prefix ? router->prefix : "";
    if (depth >= MAX_NESTING || (*prefix && !is_prefix(prefix))) {
        sv_buf_printf(outer->problems, "router %s: %s\n", prefix,
                      depth >= MAX_NESTING
                          ? "routers stand in routers too deeply"
                          : "a prefix starts with a slash and does not end with one");
        return SV_INVALID;
    }
    sv_arena *arena = outer->arena;
    sv_route_scope scope = *outer;
    scope.prefix = join(arena, outer->prefix, "", prefix);
    scope.tags = join(arena, outer->tags, ",", router->tags);
    scope.rate_limit = router->rate_limit ? router->rate_limit : outer->rate_limit;
    scope.hidden = outer->hidden || router->hidden;
    scope.needs = chain(arena, outer->needs, router->needs);
    scope.errors = chain(arena, outer->errors, router->errors);
    scope.security = chain(arena, outer->security, router->security);
    sv_status status = sv_routes_bind_table(list, router->operations, &scope);
    for (size_t i = 0; router->inner && router->inner[i]; i++)
        status = worse(status, bind_router(list, router->inner[i], &scope, depth + 1));
    return status;
}

sv_status sv_routes_bind_app(sv_route_list *list, const sv_app *app, const sv_route_scope *scope)
{
    sv_status status = sv_routes_bind_table(list, app->operations, scope);
    for (size_t i = 0; app->routers && app->routers[i]; i++)
        status = worse(status, bind_router(list, app->routers[i], scope, 0));
    return status;
}
