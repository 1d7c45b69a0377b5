/* route_limit.c: the rate limits of rows and settings, parsed once and put into policies. */
#include "web/route_limit.h"

#include "base/nearest.h"

enum { MAX_NAME = 512 };

sv_status sv_route_limit_read(const char *text, const char *where, sv_buf *problems,
                              sv_rate_limit *ret_limit)
{
    sv_error error = {0};
    sv_str trimmed = sv_str_trim(sv_str_from(text));
    if (!trimmed.len || sv_str_eq_nocase(trimmed, SV_STR("none"))) {
        *ret_limit = (sv_rate_limit){.n_rules = 0};
        return SV_OK;
    }
    sv_status status = sv_rate_rule_parse(trimmed, &error, ret_limit);
    if (status)
        sv_buf_printf(problems, "%s: %s\n", where, error.message);
    return status;
}

static sv_status set_limit(sv_bound_operation *operation, const char *text, const char *where,
                           sv_arena *arena, sv_buf *problems)
{
    sv_rate_limit limit;
    sv_status status = sv_route_limit_read(text, where, problems, &limit);
    if (status)
        return status;
    operation->route.policy.rate_limit = NULL;
    if (!limit.n_rules)
        return SV_OK;
    sv_rate_limit *kept = sv_arena_alloc(arena, sizeof *kept);
    if (!kept)
        return SV_NO_MEMORY;
    *kept = limit;
    operation->route.policy.rate_limit = kept;
    return SV_OK;
}

static sv_status report_unknown(const sv_bound_operation *operations, size_t n, const char *name,
                                sv_arena *arena, sv_buf *problems)
{
    sv_nearest search = sv_nearest_begin(sv_str_slice(sv_str_from(name), 0, MAX_NAME));
    for (size_t i = 0; i < n; i++) {
        const sv_route *route = &operations[i].route;
        sv_str known = sv_arena_printf(arena, "%s %s", route->method, route->path);
        if (!known.ptr)
            return SV_NO_MEMORY;
        sv_nearest_offer(&search, known.ptr);
    }
    sv_buf_printf(problems, "rate_limits: there is no operation '%.*s'%s%s%s\n", MAX_NAME, name,
                  search.best ? "; did you mean '" : "; expected a method and a path, e.g. '",
                  search.best ? search.best : "POST /api/v1/predict", search.best ? "'?" : "'");
    return SV_INVALID;
}

/* Whether this is the operation that "POST /items" means. */
static bool is_named(const sv_bound_operation *operation, sv_str name)
{
    size_t space = sv_str_find(name, ' ');
    return sv_str_eq(sv_str_slice(name, 0, space), sv_str_from(operation->route.method)) &&
           sv_str_eq(sv_str_trim_ows(sv_str_slice(name, space, name.len)),
                     sv_str_from(operation->route.path));
}

/* What one member of the setting says. */
static sv_status apply_setting(sv_bound_operation *operations, size_t n,
                               const sv_route_limit *limit, sv_arena *arena, sv_buf *problems)
{
    sv_str where = sv_arena_printf(arena, "rate_limits: %s", limit->route);
    if (!where.ptr)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (is_named(&operations[i], sv_str_trim(sv_str_from(limit->route))))
            return set_limit(&operations[i], limit->text, where.ptr, arena, problems);
    return report_unknown(operations, n, limit->route, arena, problems);
}

/* What the row says, or the router that it stands in. */
static sv_status apply_row(sv_bound_operation *operation, sv_arena *arena, sv_buf *problems)
{
    const sv_route *route = &operation->route;
    operation->route.policy.rate_exempt = operation->row->rate_exempt;
    if (!operation->rate_limit)
        return SV_OK;
    sv_str where = sv_arena_printf(arena, "%s %s: rate_limit", route->method, route->path);
    return where.ptr ? set_limit(operation, operation->rate_limit, where.ptr, arena, problems)
                     : SV_NO_MEMORY;
}

sv_status sv_route_limit_apply(sv_bound_operation *operations, size_t n,
                               const sv_application_config *config, sv_arena *arena,
                               sv_buf *problems)
{
    sv_status worst = SV_OK;
    for (size_t i = 0; i < n; i++) {
        sv_status status = apply_row(&operations[i], arena, problems);
        worst = status ? status : worst;
    }
    for (size_t i = 0; i < config->n_rate_limits; i++) {
        sv_status status = apply_setting(operations, n, &config->rate_limits[i], arena, problems);
        worst = status ? status : worst;
    }
    return worst;
}
