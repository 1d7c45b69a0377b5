/* openapi_operation.c: one operation in OpenAPI: names, parameters, and in this order what its
 * other files write: body, responses, security. */
#include "web/openapi_operation.h"

#include <ctype.h>
#include <string.h>

#include "web/openapi_body.h"
#include "web/openapi_responses.h"
#include "web/openapi_security.h"
#include "web/operation.h"

/* One parameter; `field` is NULL for a segment of the path that no schema has. */
typedef struct parameter {
    sv_place in;
    sv_str name;
    const sv_plan_field *field;
} parameter;

typedef struct parameter_list {
    parameter *items;
    size_t len;
} parameter_list;

static const char *const place_names[] = {
    [SV_IN_PATH] = "path",
    [SV_IN_QUERY] = "query",
    [SV_IN_HEADER] = "header",
    [SV_IN_COOKIE] = "cookie",
};

sv_str sv_openapi_operation_path(const sv_openapi_document *doc,
                                 const sv_bound_operation *operation)
{
    const char *path = operation->path + strlen(sv_application_prefix(doc->application));
    const char *mark = strstr(path, ":path}");
    int len = (int)(mark ? (size_t)(mark - path) : strlen(path));
    return sv_arena_printf(doc->arena, "%.*s%s", len, path, mark ? "}" : "");
}

sv_str sv_openapi_operation_id(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    sv_str path = sv_openapi_operation_path(doc, operation);
    sv_str id = path;
    if (path.ptr)
        id = sv_arena_printf(doc->arena, "%s%s_%s", operation->row->handler->name, path.ptr,
                             operation->row->method);
    size_t method_at = id.len - strlen(operation->row->method);
    for (size_t i = 0; id.ptr && i < id.len; i++) {
        char *byte = (char *)id.ptr + i;
        if (!isalnum((unsigned char)*byte))
            *byte = '_';
        else if (i >= method_at)
            *byte = (char)tolower((unsigned char)*byte);
    }
    return id;
}

static void write_tags(const sv_openapi_document *doc, const char *tags)
{
    sv_str rest = sv_str_from(tags), tag;
    sv_writer_key(doc->writer, SV_STR("tags"));
    sv_writer_begin_array(doc->writer);
    while (sv_str_split(&rest, ',', &tag))
        sv_writer_str(doc->writer, sv_str_trim_ows(tag));
    sv_writer_end_array(doc->writer);
}

static void write_summary(const sv_openapi_document *doc, const sv_operation *row)
{
    sv_writer_key(doc->writer, SV_STR("summary"));
    if (row->summary)
        sv_writer_str(doc->writer, sv_str_from(row->summary));
    else
        sv_json_schema_write_title(doc->writer, sv_str_from(row->handler->name));
}

/* FastAPI gives a parameter that is declared several times the first place, and prefers the one
 * that is required. */
static void add_parameter(parameter_list *list, parameter added)
{
    for (size_t i = 0; i < list->len; i++) {
        parameter *known = &list->items[i];
        if (known->in != added.in || !sv_str_eq(known->name, added.name))
            continue;
        if (added.field && added.field->required && known->field && !known->field->required)
            *known = added;
        return;
    }
    list->items[list->len++] = added;
}

static void add_parameters(parameter_list *list, const sv_bound_operation *operation,
                           const sv_plan *plan, sv_place in)
{
    for (size_t i = 0; plan && i < plan->n_fields; i++) {
        const sv_plan_field *field = &plan->fields[i];
        if (!field->row->hidden && sv_operation_place_of(operation, field->row) == in)
            add_parameter(list, (parameter){in, field->name, field});
    }
}

/* Handlers that read the path themselves have segments without a field. */
static void add_segments(parameter_list *list, const sv_bound_operation *operation)
{
    for (size_t i = 0; i < operation->n_path_params; i++)
        add_parameter(list, (parameter){SV_IN_PATH, operation->path_params[i], NULL});
}

static size_t count_parameters(const sv_bound_operation *operation)
{
    size_t n = operation->n_path_params + (operation->params ? operation->params->n_fields : 0);
    for (size_t i = 0; operation->needs && operation->needs[i]; i++)
        n += operation->need_params[i] ? operation->need_params[i]->n_fields : 0;
    return n;
}

/* Place by place; in each its own first, then those of what it needs, as FastAPI has them. */
static sv_status list_parameters(const sv_openapi_document *doc,
                                 const sv_bound_operation *operation, parameter_list *ret_list)
{
    parameter_list list = {0};
    list.items =
        sv_arena_alloc_array(doc->arena, count_parameters(operation) + 1, sizeof *list.items);
    if (!list.items)
        return SV_NO_MEMORY;
    for (sv_place in = SV_IN_PATH; in <= SV_IN_COOKIE; in++) {
        add_parameters(&list, operation, operation->params, in);
        for (size_t i = 0; operation->needs && operation->needs[i]; i++)
            add_parameters(&list, operation, operation->need_params[i], in);
        if (in == SV_IN_PATH)
            add_segments(&list, operation);
    }
    *ret_list = list;
    return SV_OK;
}

static void write_plain_schema(sv_writer *writer, sv_str name)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "string");
    sv_writer_key(writer, SV_STR("title"));
    sv_json_schema_write_title(writer, name);
    sv_writer_end_object(writer);
}

static void write_parameter(sv_writer *writer, const parameter *shown)
{
    const sv_field *row = shown->field ? shown->field->row : NULL;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", shown->name);
    sv_writer_key_cstr(writer, "in", place_names[shown->in]);
    sv_writer_key_bool(writer, "required",
                       !row || shown->in == SV_IN_PATH || shown->field->required);
    sv_writer_key(writer, SV_STR("schema"));
    if (row)
        sv_json_schema_write_param(writer, row);
    else
        write_plain_schema(writer, shown->name);
    if (row && row->help)
        sv_writer_key_cstr(writer, "description", row->help);
    if (row && row->deprecated)
        sv_writer_key_bool(writer, "deprecated", true);
    sv_writer_end_object(writer);
}

static sv_status write_parameters(const sv_openapi_document *doc,
                                  const sv_bound_operation *operation)
{
    parameter_list list;
    sv_status status = list_parameters(doc, operation, &list);
    if (status || !list.len)
        return status;
    sv_writer_key(doc->writer, SV_STR("parameters"));
    sv_writer_begin_array(doc->writer);
    for (size_t i = 0; i < list.len; i++)
        write_parameter(doc->writer, &list.items[i]);
    sv_writer_end_array(doc->writer);
    return SV_OK;
}

/* What hidden parameters and the fields of a form refer to is of no use here, but does no harm. */
static sv_status collect_params(const sv_openapi_document *doc, const sv_plan *plan,
                                sv_error *error)
{
    return plan ? sv_json_schema_add_params(doc->schemas, plan->schema, error) : SV_OK;
}

sv_status sv_openapi_operation_collect(const sv_openapi_document *doc,
                                       const sv_bound_operation *operation, sv_error *error)
{
    sv_str id = sv_openapi_operation_id(doc, operation);
    if (!id.ptr)
        return SV_NO_MEMORY;
    sv_status status = collect_params(doc, operation->params, error);
    for (size_t i = 0; operation->needs && operation->needs[i] && !status; i++)
        status = collect_params(doc, operation->need_params[i], error);
    if (!status)
        status = sv_openapi_body_collect(doc, operation, id, error);
    return status ? status : sv_openapi_responses_collect(doc, operation, error);
}

sv_status sv_openapi_operation_write(const sv_openapi_document *doc,
                                     const sv_bound_operation *operation)
{
    const sv_operation *row = operation->row;
    sv_writer *writer = doc->writer;
    sv_str id = sv_openapi_operation_id(doc, operation);
    if (!id.ptr)
        return SV_NO_MEMORY;
    sv_writer_begin_object(writer);
    if (operation->tags)
        write_tags(doc, operation->tags);
    write_summary(doc, row);
    if (row->description)
        sv_writer_key_cstr(writer, "description", row->description);
    sv_writer_key_str(writer, "operationId", id);
    if (row->deprecated)
        sv_writer_key_bool(writer, "deprecated", true);
    sv_status status = write_parameters(doc, operation);
    if (!status)
        status = sv_openapi_body_write(doc, operation, id);
    if (!status)
        status = sv_openapi_responses_write(doc, operation);
    sv_openapi_security_write(doc, operation);
    sv_writer_end_object(writer);
    return status;
}
