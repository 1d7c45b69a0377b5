/* operation.c: checks a row of a table at start and binds it to its route. Not how it runs:
 * dispatch.c. */
#include "web/operation.h"

#include <string.h>

#include "http/message.h"
#include "web/dispatch.h"
#include "web/route_limit.h"

/* Collects the mistakes of one row. */
typedef struct row_check {
    const sv_operation *row;
    const char *path; /* with its prefixes */
    sv_buf *problems;
    bool failed;
} row_check;

static void report(row_check *check, const char *what, sv_str detail)
{
    const sv_operation *row = check->row;
    check->failed = true;
    sv_buf_printf(check->problems, "%s %s: %s%.*s\n", row->method ? row->method : "(no method)",
                  check->path ? check->path : "(no path)", what, SV_STR_ARG(detail));
}

/* Builds the plan of one schema; the mistakes found in it are those of the row. */
static const sv_plan *make_plan(row_check *check, sv_arena *arena, const sv_schema *schema,
                                sv_field_use use)
{
    if (!schema || schema == &sv_none_schema)
        return NULL;
    sv_buf mistakes;
    sv_buf_init(&mistakes, (size_t)64 * 1024);
    const sv_plan *plan = NULL;
    sv_status status = sv_plan_new(arena, schema, use, &mistakes, &plan);
    sv_str rest = sv_buf_str(&mistakes), line;
    while (status && sv_str_split(&rest, '\n', &line))
        if (line.len)
            report(check, "", line);
    if (status && !mistakes.len)
        report(check, "schema cannot be used: ", sv_str_from(sv_status_text(status)));
    sv_buf_deinit(&mistakes);
    return plan;
}

static bool has_field(const sv_schema *schema, sv_str name)
{
    for (size_t i = 0; schema && i < schema->n_fields; i++)
        if (sv_str_eq(sv_str_from(schema->fields[i].name), name))
            return true;
    return false;
}

static bool is_in_template(const sv_bound_operation *bound, sv_str name)
{
    for (size_t i = 0; i < bound->n_path_params; i++)
        if (sv_str_eq(bound->path_params[i], name))
            return true;
    return false;
}

/* A parameter of something that the operation needs. */
static bool is_needed(const sv_bound_operation *bound, sv_str name)
{
    for (size_t i = 0; bound->needs && bound->needs[i]; i++)
        if (has_field(bound->needs[i]->params, name))
            return true;
    return false;
}

static void check_path_params(row_check *check, const sv_bound_operation *bound)
{
    const sv_handler *handler = check->row->handler;
    if (!handler->in && !handler->params)
        return; /* raw handlers read the path themselves */
    for (size_t i = 0; i < bound->n_path_params; i++)
        if (!has_field(handler->params, bound->path_params[i]) &&
            !is_needed(bound, bound->path_params[i]))
            report(check, "the parameter schema has no field for a segment of the path: ",
                   bound->path_params[i]);
    for (size_t i = 0; handler->params && i < handler->params->n_fields; i++) {
        const sv_field *field = &handler->params->fields[i];
        if (field->in == SV_IN_PATH && !is_in_template(bound, sv_str_from(field->name)))
            report(check, "the path has no segment for parameter ", sv_str_from(field->name));
    }
}

static void check_errors(row_check *check, const sv_error_kind *const *kinds)
{
    for (; kinds && *kinds; kinds++)
        if (!(*kinds)->code || !(*kinds)->title || (*kinds)->status < 400 || (*kinds)->status > 599)
            report(check, "a declared error needs a code, a title and a status of 400 to 599: ",
                   sv_str_from((*kinds)->code));
}

static bool needs_parameter(sv_security_kind kind)
{
    return kind == SV_SECURITY_API_KEY_HEADER || kind == SV_SECURITY_API_KEY_QUERY ||
           kind == SV_SECURITY_API_KEY_COOKIE || kind == SV_SECURITY_OAUTH2_PASSWORD;
}

static void check_security(row_check *check, const sv_security *const *schemes)
{
    for (; schemes && *schemes; schemes++) {
        const sv_security *scheme = *schemes;
        if (!scheme->name || (unsigned)scheme->kind > SV_SECURITY_OAUTH2_PASSWORD)
            report(check, "a security scheme needs a name and a kind", SV_STR(""));
        else if (needs_parameter(scheme->kind) && !scheme->parameter)
            report(check,
                   "a security scheme of this kind needs `parameter`: ", sv_str_from(scheme->name));
    }
}

/* What no path of a request can have. */
static bool is_unreachable(const char *path)
{
    for (; *path; path++)
        if ((unsigned char)*path <= ' ' || *path == '?' || *path == '#' || *path == 0x7f)
            return true;
    return false;
}

static void check_row(row_check *check)
{
    const sv_operation *row = check->row;
    if (strcmp(row->method, "*") != 0 && !sv_message_is_method(sv_str_from(row->method)))
        report(check, "unknown method", SV_STR(""));
    if (row->path[0] ? row->path[0] != '/' : !check->path[0])
        report(check, "the path must start with a slash", SV_STR(""));
    if (is_unreachable(row->path))
        report(check, "the path has a blank, a control character, `?` or `#`", SV_STR(""));
    if (row->status && (row->status < 200 || row->status > 399))
        report(check, "`status` must be 200 to 399", SV_STR(""));
    if (row->timeout_ms < 0)
        report(check, "`timeout_ms` must not be negative", SV_STR(""));
    if (row->stream_body && row->run_inline)
        report(check, "`stream_body` waits for the client, which `run_inline` must not",
               SV_STR(""));
    if (row->stream_body && row->handler->in && row->handler->in != &sv_none_schema)
        report(check, "a body that is streamed has no schema: use sv_none", SV_STR(""));
}

static void check_rate_limit(row_check *check, const char *text)
{
    sv_buf mistakes;
    sv_rate_limit limit;
    sv_buf_init(&mistakes, 4096);
    if (text && sv_route_limit_read(text, "rate_limit", &mistakes, &limit))
        report(check, "", sv_str_trim(sv_buf_str(&mistakes)));
    sv_buf_deinit(&mistakes);
}

/* The parameters of what the operation needs. */
static void plan_needs(row_check *check, sv_arena *arena, sv_bound_operation *bound)
{
    size_t n = 0;
    while (bound->needs && bound->needs[n])
        n++;
    if (!n)
        return;
    const sv_dependency **needs = sv_arena_alloc_array(arena, n + 1, sizeof *needs);
    const sv_plan **plans = sv_arena_alloc_array(arena, n + 1, sizeof *plans);
    for (size_t i = 0; needs && plans && i < n; i++) {
        needs[i] = sv_application_resolve(bound->application, bound->needs[i]);
        if (!needs[i]->open)
            report(check, "a dependency has no `open`: ", sv_str_from(needs[i]->name));
        plans[i] = make_plan(check, arena, needs[i]->params, SV_FIELD_PARAMS);
    }
    if (!needs || !plans)
        report(check, "out of memory", SV_STR(""));
    bound->needs = needs;
    bound->need_params = plans;
}

/* Where parameters of a plan come from. */
static void note_places(sv_bound_operation *bound, const sv_plan *plan)
{
    for (size_t i = 0; plan && i < plan->n_fields; i++) {
        sv_place in = plan->fields[i].row->in;
        bound->has_header_params |= in == SV_IN_HEADER;
        bound->has_cookie_params |= in == SV_IN_COOKIE;
        bound->has_form |= in == SV_IN_FORM;
    }
}

static void make_route(sv_bound_operation *bound)
{
    const sv_operation *row = bound->row;
    bound->n_path_params = sv_router_param_names(bound->path, bound->path_params);
    bound->route = (sv_route){.method = row->method,
                              .path = bound->path,
                              .policy = {.max_body_bytes = row->max_body_bytes,
                                         .timeout_ms = row->timeout_ms,
                                         .media = row->raw_media,
                                         .stream_body = row->stream_body,
                                         .run_inline = row->run_inline},
                              .handle = sv_dispatch_exchange};
}

sv_status sv_operation_bind(sv_bound_operation *bound, sv_arena *arena, sv_buf *problems)
{
    const sv_operation *row = bound->row;
    row_check check = {row, bound->path, problems, false};
    if (!row->method || !row->path || !row->handler || !row->handler->run) {
        report(&check, "a row needs a method, a path and a handler", SV_STR(""));
        return SV_INVALID;
    }
    if (!bound->path)
        return SV_NO_MEMORY;
    make_route(bound);
    bound->params = make_plan(&check, arena, row->handler->params, SV_FIELD_PARAMS);
    bound->in = make_plan(&check, arena, row->handler->in, SV_FIELD_BODY);
    bound->out = make_plan(&check, arena, row->handler->out, SV_FIELD_BODY);
    bound->event = make_plan(&check, arena, row->handler->event, SV_FIELD_BODY);
    plan_needs(&check, arena, bound);
    note_places(bound, bound->params);
    for (size_t i = 0; bound->needs && bound->needs[i]; i++)
        note_places(bound, bound->need_params[i]);
    if (bound->has_form && bound->in)
        report(&check, "a form and a JSON body exclude each other", SV_STR(""));
    if (bound->has_form && row->stream_body)
        report(&check, "a body that is streamed cannot be a form", SV_STR(""));
    check_row(&check);
    check_errors(&check, bound->errors);
    check_rate_limit(&check, bound->rate_limit);
    check_security(&check, bound->security);
    check_path_params(&check, bound);
    return check.failed ? SV_INVALID : SV_OK;
}

sv_place sv_operation_place_of(const sv_bound_operation *bound, const sv_field *field)
{
    if (field->in != SV_IN_AUTO)
        return field->in;
    return is_in_template(bound, sv_str_from(field->name)) ? SV_IN_PATH : SV_IN_QUERY;
}
