/* openapi_responses.c: what an operation answers, as OpenAPI's responses.
 *
 * DESIGN. FastAPI describes a stream of events by `itemSchema`, which OpenAPI 3.1 does not have.
 * Here the stream is the array of its events, which means the same. */
#include "web/openapi_responses.h"

#include <string.h>

#include "web/openapi_body.h"

enum { MAX_KINDS = 64, MAX_DESCRIPTION = 4096 };

/* What is written for errors other than 422. */
static const char error_response_schema[] =
    "{\"properties\":{"
    "\"error\":{\"type\":\"string\",\"title\":\"Error\",\"description\":\"Stable code\"},"
    "\"message\":{\"type\":\"string\",\"title\":\"Message\"},"
    "\"path\":{\"type\":\"string\",\"title\":\"Path\"},"
    "\"request_id\":{\"type\":\"string\",\"title\":\"Request Id\"},"
    "\"detail\":{\"title\":\"Detail\"}},"
    "\"type\":\"object\",\"required\":[\"error\",\"message\",\"path\",\"request_id\",\"detail\"],"
    "\"title\":\"ErrorResponse\"}";

/* The errors of one operation, each once. */
typedef struct kind_list {
    const sv_error_kind *items[MAX_KINDS];
    size_t len;
} kind_list;

static void add_kind(kind_list *list, const sv_error_kind *kind)
{
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->items[i]->code, kind->code) == 0)
            return;
    if (list->len < MAX_KINDS)
        list->items[list->len++] = kind;
}

static bool has_params(const sv_bound_operation *operation)
{
    for (size_t i = 0; operation->needs && operation->needs[i]; i++)
        if (operation->need_params[i])
            return true;
    return operation->params;
}

/* What the layers around the handler can answer, then what the row declares. */
static kind_list list_errors(const sv_bound_operation *operation)
{
    kind_list list = {0};
    const sv_operation *row = operation->row;
    if (operation->in)
        add_kind(&list, &sv_kind_invalid_json);
    if (has_params(operation))
        add_kind(&list, &sv_kind_bad_request);
    if (sv_openapi_body_is_there(operation))
        add_kind(&list, &sv_kind_payload_too_large);
    if (row->raw_media)
        add_kind(&list, &sv_kind_unsupported_media_type);
    if (operation->in || has_params(operation))
        add_kind(&list, &sv_kind_validation_error);
    add_kind(&list, &sv_kind_method_not_allowed);
    if (operation->route.policy.rate_limit)
        add_kind(&list, &sv_kind_rate_limited);
    add_kind(&list, &sv_kind_internal_error);
    if (!row->run_inline) {
        add_kind(&list, &sv_kind_server_overloaded);
        add_kind(&list, &sv_kind_deadline_exceeded);
    }
    for (const sv_error_kind *const *kind = operation->errors; kind && *kind; kind++)
        add_kind(&list, *kind);
    return list;
}

sv_status sv_openapi_responses_collect(const sv_openapi_document *doc,
                                       const sv_bound_operation *operation, sv_error *error)
{
    sv_status status =
        sv_json_schema_add_json(doc->schemas, "ErrorResponse", error_response_schema, error);
    kind_list list = list_errors(operation);
    for (size_t i = 0; i < list.len && !status; i++)
        if (list.items[i]->status == 422)
            status = sv_json_schema_add_validation_error(doc->schemas, error);
    if (!status && operation->out)
        status = sv_json_schema_add(doc->schemas, operation->out->schema, error);
    if (!status && operation->event)
        status = sv_json_schema_add(doc->schemas, operation->event->schema, error);
    return status;
}

static void write_status(const sv_openapi_document *doc, int status)
{
    char name[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                   (char)('0' + status % 10)};
    sv_writer_key(doc->writer, (sv_str){name, sizeof name});
}

static void write_content(const sv_openapi_document *doc, const char *media)
{
    sv_writer_key(doc->writer, SV_STR("content"));
    sv_writer_begin_object(doc->writer);
    sv_writer_key(doc->writer, sv_str_from(media));
    sv_writer_begin_object(doc->writer);
    sv_writer_key(doc->writer, SV_STR("schema"));
}

static void end_content(const sv_openapi_document *doc)
{
    sv_writer_end_object(doc->writer);
    sv_writer_end_object(doc->writer);
}

/* All kinds of one status become one response. */
static sv_status write_error(const sv_openapi_document *doc, const kind_list *list, int status)
{
    sv_buf text;
    sv_buf_init(&text, MAX_DESCRIPTION);
    for (size_t i = 0; i < list->len; i++)
        if (list->items[i]->status == status)
            sv_buf_printf(&text, "%s%s", text.len ? ", or " : "", list->items[i]->title);
    sv_writer *writer = doc->writer;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "description", sv_buf_str(&text));
    write_content(doc, "application/json");
    sv_json_schema_write_ref(writer, status == 422 ? "HTTPValidationError" : "ErrorResponse");
    end_content(doc);
    sv_writer_end_object(writer);
    sv_status written = sv_buf_status(&text);
    sv_buf_deinit(&text);
    return written;
}

static sv_status write_errors(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    kind_list list = list_errors(operation);
    sv_status written = SV_OK;
    for (int status = 400; status < 600 && !written; status++) {
        bool used = false;
        for (size_t i = 0; i < list.len; i++)
            used = used || list.items[i]->status == status;
        if (!used)
            continue;
        write_status(doc, status);
        written = write_error(doc, &list, status);
    }
    return written;
}

static bool is_json(const char *media)
{
    sv_str text = sv_str_from(media);
    return sv_str_starts_with(text, SV_STR("application/json")) ||
           sv_str_ends_with(text, SV_STR("+json"));
}

/* `event` describes what `data` holds as JSON; NULL: any text. */
static void write_event_data(const sv_openapi_document *doc, const sv_plan *event)
{
    sv_writer *writer = doc->writer;
    sv_writer_key(writer, SV_STR("data"));
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "string");
    if (event) {
        sv_writer_key_cstr(writer, "contentMediaType", "application/json");
        sv_writer_key(writer, SV_STR("contentSchema"));
        sv_json_schema_write_ref(writer, sv_json_schema_component(event->schema));
    }
    sv_writer_end_object(writer);
}

static void write_events(const sv_openapi_document *doc, const sv_plan *event)
{
    sv_writer *writer = doc->writer;
    write_content(doc, "text/event-stream");
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "array");
    sv_writer_key(writer, SV_STR("items"));
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "object");
    sv_writer_key(writer, SV_STR("properties"));
    sv_writer_begin_object(writer);
    write_event_data(doc, event);
    sv_writer_key_raw(writer, "event", SV_STR("{\"type\":\"string\"}"));
    sv_writer_key_raw(writer, "id", SV_STR("{\"type\":\"string\"}"));
    sv_writer_key_raw(writer, "retry", SV_STR("{\"type\":\"integer\",\"minimum\":0}"));
    sv_writer_end_object(writer);
    if (event)
        sv_writer_key_raw(writer, "required", SV_STR("[\"data\"]"));
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
    end_content(doc);
}

static void write_answer(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    const char *media = operation->row->response_media;
    write_content(doc, media ? media : "application/json");
    if (operation->out)
        sv_json_schema_write_ref(doc->writer, sv_json_schema_component(operation->out->schema));
    else if (!media || is_json(media))
        sv_writer_raw(doc->writer, SV_STR("{}"));
    else
        sv_writer_raw(doc->writer, SV_STR("{\"type\":\"string\"}"));
    end_content(doc);
}

static void write_success(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    sv_writer *writer = doc->writer;
    int status = operation->row->status ? operation->row->status : 200;
    bool is_empty = status == 204 || status == 205 || (status >= 300 && !operation->out);
    write_status(doc, status);
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "description", "Successful Response");
    if (operation->row->handler->event)
        write_events(doc, operation->event);
    else if (!is_empty)
        write_answer(doc, operation);
    sv_writer_end_object(writer);
}

sv_status sv_openapi_responses_write(const sv_openapi_document *doc,
                                     const sv_bound_operation *operation)
{
    sv_writer_key(doc->writer, SV_STR("responses"));
    sv_writer_begin_object(doc->writer);
    write_success(doc, operation);
    sv_status status = write_errors(doc, operation);
    sv_writer_end_object(doc->writer);
    return status;
}
