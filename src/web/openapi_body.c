/* openapi_body.c: what an operation reads, as OpenAPI's request body: JSON, a form, or bytes of
 * the media types that its row lists. */
#include "web/openapi_body.h"

#include <string.h>

static bool is_form_field(const sv_plan_field *field)
{
    return field->row->in == SV_IN_FORM;
}

/* The parameters of an operation: its own (index 0), then those of what it needs. False: no more.
 */
static bool get_params(const sv_bound_operation *operation, size_t index, const sv_plan **ret_plan)
{
    if (index && (!operation->needs || !operation->needs[index - 1]))
        return false;
    *ret_plan = index ? operation->need_params[index - 1] : operation->params;
    return true;
}

/* Form fields of the operation, copied to `fields` unless that is NULL. */
static size_t list_form(const sv_bound_operation *operation, sv_field *fields)
{
    size_t n = 0;
    const sv_plan *plan;
    for (size_t at = 0; get_params(operation, at, &plan); at++)
        for (size_t i = 0; plan && i < plan->n_fields; i++) {
            if (!is_form_field(&plan->fields[i]))
                continue;
            if (fields)
                fields[n] = *plan->fields[i].row;
            n++;
        }
    return n;
}

static bool has_file(const sv_bound_operation *operation)
{
    const sv_plan *plan;
    for (size_t at = 0; get_params(operation, at, &plan); at++)
        for (size_t i = 0; plan && i < plan->n_fields; i++)
            if (plan->fields[i].kind == SV_KIND_FILE ||
                (plan->fields[i].item && plan->fields[i].item->kind == SV_KIND_FILE))
                return true;
    return false;
}

static bool is_embedded(const sv_bound_operation *operation)
{
    return operation->in && operation->in->schema->embed;
}

bool sv_openapi_body_is_there(const sv_bound_operation *operation)
{
    const sv_operation *row = operation->row;
    return operation->in || row->raw_media || row->stream_body || list_form(operation, NULL);
}

/* FastAPI's component of a form; it lives as long as the document. */
static sv_status make_form(const sv_openapi_document *doc, const sv_bound_operation *operation,
                           size_t n_fields, sv_schema *ret_schema)
{
    sv_field *fields = sv_arena_alloc_array(doc->arena, n_fields, sizeof *fields);
    if (!fields)
        return SV_NO_MEMORY;
    list_form(operation, fields);
    *ret_schema = (sv_schema){.fields = fields, .n_fields = n_fields};
    return SV_OK;
}

static sv_str name_body(const sv_openapi_document *doc, sv_str id)
{
    return sv_arena_printf(doc->arena, "Body_%.*s", SV_STR_ARG(id));
}

sv_status sv_openapi_body_collect(const sv_openapi_document *doc,
                                  const sv_bound_operation *operation, sv_str id, sv_error *error)
{
    size_t n_fields = list_form(operation, NULL);
    if (!n_fields && !is_embedded(operation))
        return operation->in ? sv_json_schema_add(doc->schemas, operation->in->schema, error)
                             : SV_OK;
    sv_schema *schema = sv_arena_alloc(doc->arena, sizeof *schema);
    sv_str name = name_body(doc, id);
    if (!schema || !name.ptr)
        return SV_NO_MEMORY;
    if (n_fields) {
        sv_status status = make_form(doc, operation, n_fields, schema);
        if (status)
            return status;
    } else {
        *schema = *operation->in->schema;
    }
    schema->name = schema->component = name.ptr;
    return sv_json_schema_add(doc->schemas, schema, error);
}

/* `named` is the component of this operation's own body, if it has one. */
static void write_json(const sv_openapi_document *doc, const sv_bound_operation *operation,
                       const char *named)
{
    sv_writer *writer = doc->writer;
    const char *component = sv_json_schema_component(operation->in->schema);
    sv_writer_key(writer, SV_STR("application/json"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("schema"));
    if (is_embedded(operation)) {
        sv_json_schema_write_ref(writer, named);
    } else if (operation->row->optional_body) {
        sv_writer_begin_object(writer);
        sv_writer_key(writer, SV_STR("anyOf"));
        sv_writer_begin_array(writer);
        sv_json_schema_write_ref(writer, component);
        sv_writer_raw(writer, SV_STR("{\"type\":\"null\"}"));
        sv_writer_end_array(writer);
        sv_writer_key_cstr(writer, "title", "Body");
        sv_writer_end_object(writer);
    } else {
        sv_json_schema_write_ref(writer, component);
    }
    sv_writer_end_object(writer);
}

static void write_form(const sv_openapi_document *doc, const sv_bound_operation *operation,
                       const char *named)
{
    sv_writer *writer = doc->writer;
    sv_writer_key(writer, has_file(operation) ? SV_STR("multipart/form-data")
                                              : SV_STR("application/x-www-form-urlencoded"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("schema"));
    sv_json_schema_write_ref(writer, named);
    sv_writer_end_object(writer);
}

/* "image/" in a row is any picture; in OpenAPI a range. */
static sv_status write_raw_media(const sv_openapi_document *doc, const char *list, bool has_schema)
{
    sv_str rest = sv_str_from(list), media;
    while (sv_str_split(&rest, ',', &media)) {
        media = sv_str_trim_ows(media);
        if (has_schema && sv_str_eq(media, SV_STR("application/json")))
            continue; /* it was written as what the schema says */
        sv_str name = sv_arena_printf(doc->arena, "%.*s%s", SV_STR_ARG(media),
                                      sv_str_ends_with(media, SV_STR("/")) ? "*" : "");
        if (!name.ptr)
            return SV_NO_MEMORY;
        sv_writer_key(doc->writer, name);
        sv_writer_raw(doc->writer,
                      sv_str_eq(media, SV_STR("multipart/form-data"))
                          ? SV_STR("{\"schema\":{\"type\":\"object\"}}")
                          : SV_STR("{\"schema\":{\"type\":\"string\","
                                   "\"contentMediaType\":\"application/octet-stream\"}}"));
    }
    return SV_OK;
}

/* Whether a request without a body is refused. */
static bool is_required(const sv_bound_operation *operation)
{
    const sv_plan *plan = operation->in;
    if (!list_form(operation, NULL) && !is_embedded(operation))
        return !operation->row->optional_body;
    for (size_t i = 0; is_embedded(operation) && i < plan->n_fields; i++)
        if (plan->fields[i].required)
            return true;
    for (size_t at = 0; get_params(operation, at, &plan); at++)
        for (size_t i = 0; plan && i < plan->n_fields; i++)
            if (is_form_field(&plan->fields[i]) && plan->fields[i].required)
                return true;
    return false;
}

static sv_status write_content(const sv_openapi_document *doc, const sv_bound_operation *operation,
                               sv_str id)
{
    const sv_operation *row = operation->row;
    sv_str named = name_body(doc, id);
    if (!named.ptr)
        return SV_NO_MEMORY;
    if (operation->in)
        write_json(doc, operation, named.ptr);
    else if (list_form(operation, NULL))
        write_form(doc, operation, named.ptr);
    if (row->raw_media)
        return write_raw_media(doc, row->raw_media, operation->in != NULL);
    return row->stream_body ? write_raw_media(doc, "application/octet-stream", false) : SV_OK;
}

sv_status sv_openapi_body_write(const sv_openapi_document *doc, const sv_bound_operation *operation,
                                sv_str id)
{
    sv_writer *writer = doc->writer;
    if (!sv_openapi_body_is_there(operation))
        return SV_OK;
    sv_writer_key(writer, SV_STR("requestBody"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("content"));
    sv_writer_begin_object(writer);
    sv_status status = write_content(doc, operation, id);
    sv_writer_end_object(writer);
    if (is_required(operation))
        sv_writer_key_bool(writer, "required", true);
    sv_writer_end_object(writer);
    return status;
}
