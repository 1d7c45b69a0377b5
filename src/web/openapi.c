/* openapi.c: tables of operations -> OpenAPI 3.1, in FastAPI's shape (names, order, titles), with
 * every error that a route can answer. The schemas themselves: json/json_schema.c. */
#include "web/openapi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <serval/version.h>

#include "web/operation.h"
#include "json/json_schema.h"

enum { MAX_KINDS = 64 };

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

/* One document being written. */
typedef struct document {
    const sv_application *application;
    sv_writer *writer;
    sv_arena *arena;
    sv_json_schema_set *schemas;
} document;

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

static bool has_body(const sv_bound_operation *operation)
{
    return operation->in || operation->row->raw_media;
}

/* What the layers around the handler can answer, then what the row declares. */
static kind_list list_errors(const sv_bound_operation *operation)
{
    kind_list list = {0};
    const sv_operation *row = operation->row;
    if (operation->in)
        add_kind(&list, &sv_kind_invalid_json);
    if (has_body(operation))
        add_kind(&list, &sv_kind_payload_too_large);
    if (row->raw_media)
        add_kind(&list, &sv_kind_unsupported_media_type);
    if (operation->in || operation->params)
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

static void write_content(document *doc, const char *media)
{
    sv_writer_key(doc->writer, SV_STR("content"));
    sv_writer_begin_object(doc->writer);
    sv_writer_key(doc->writer, sv_str_from(media));
    sv_writer_begin_object(doc->writer);
    sv_writer_key(doc->writer, SV_STR("schema"));
}

static void end_content(document *doc)
{
    sv_writer_end_object(doc->writer);
    sv_writer_end_object(doc->writer);
}

/* All kinds of one status become one response. */
static void write_error(document *doc, const kind_list *list, int status)
{
    sv_buf text;
    sv_buf_init(&text, 4096);
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
    sv_buf_deinit(&text);
}

static void write_errors(document *doc, const sv_bound_operation *operation)
{
    kind_list list = list_errors(operation);
    for (int status = 400; status < 600; status++) {
        bool used = false;
        for (size_t i = 0; i < list.len; i++)
            used = used || list.items[i]->status == status;
        if (!used)
            continue;
        char name[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                       (char)('0' + status % 10)};
        sv_writer_key(doc->writer, (sv_str){name, sizeof name});
        write_error(doc, &list, status);
    }
}

static void write_success(document *doc, const sv_bound_operation *operation)
{
    sv_writer *writer = doc->writer;
    const sv_operation *row = operation->row;
    int status = row->status ? row->status : 200;
    char name[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                   (char)('0' + status % 10)};
    sv_writer_key(writer, (sv_str){name, sizeof name});
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "description", "Successful Response");
    if (status != 204) {
        write_content(doc, row->response_media ? row->response_media : "application/json");
        if (operation->out)
            sv_json_schema_write_ref(writer, sv_json_schema_component(operation->out->schema));
        else
            sv_writer_raw(writer, SV_STR("{}"));
        end_content(doc);
    }
    sv_writer_end_object(writer);
}

static void write_parameter(document *doc, const sv_plan_field *field, sv_place place)
{
    sv_writer *writer = doc->writer;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", field->name);
    sv_writer_key_cstr(writer, "in", place == SV_IN_PATH ? "path" : "query");
    sv_writer_key_bool(writer, "required", place == SV_IN_PATH || field->required);
    sv_writer_key(writer, SV_STR("schema"));
    sv_json_schema_write_param(writer, field->row);
    if (field->row->help)
        sv_writer_key_cstr(writer, "description", field->row->help);
    sv_writer_end_object(writer);
}

static void write_parameters_of(document *doc, const sv_bound_operation *operation, sv_place place)
{
    for (size_t i = 0; i < operation->params->n_fields; i++)
        if (sv_operation_place_of(operation, operation->params->fields[i].row) == place)
            write_parameter(doc, &operation->params->fields[i], place);
}

static void write_parameters(document *doc, const sv_bound_operation *operation)
{
    if (!operation->params)
        return;
    sv_writer_key(doc->writer, SV_STR("parameters"));
    sv_writer_begin_array(doc->writer);
    write_parameters_of(doc, operation, SV_IN_PATH);
    write_parameters_of(doc, operation, SV_IN_QUERY);
    sv_writer_end_array(doc->writer);
}

/* "image/" in a row is any picture; in OpenAPI a range. */
static void write_raw_media(document *doc, const char *list)
{
    sv_str rest = sv_str_from(list), media;
    while (sv_str_split(&rest, ',', &media)) {
        media = sv_str_trim_ows(media);
        sv_str name = sv_arena_printf(doc->arena, "%.*s%s", SV_STR_ARG(media),
                                      sv_str_ends_with(media, SV_STR("/")) ? "*" : "");
        sv_writer_key(doc->writer, name);
        sv_writer_raw(doc->writer,
                      sv_str_eq(media, SV_STR("multipart/form-data"))
                          ? SV_STR("{\"schema\":{\"type\":\"object\"}}")
                          : SV_STR("{\"schema\":{\"type\":\"string\","
                                   "\"contentMediaType\":\"application/octet-stream\"}}"));
    }
}

static void write_request_body(document *doc, const sv_bound_operation *operation)
{
    sv_writer *writer = doc->writer;
    if (!has_body(operation))
        return;
    sv_writer_key(writer, SV_STR("requestBody"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("content"));
    sv_writer_begin_object(writer);
    if (operation->in) {
        sv_writer_key(writer, SV_STR("application/json"));
        sv_writer_begin_object(writer);
        sv_writer_key(writer, SV_STR("schema"));
        sv_json_schema_write_ref(writer, sv_json_schema_component(operation->in->schema));
        sv_writer_end_object(writer);
    }
    if (operation->row->raw_media)
        write_raw_media(doc, operation->row->raw_media);
    sv_writer_end_object(writer);
    sv_writer_key_bool(writer, "required", true);
    sv_writer_end_object(writer);
}

static void write_tags(document *doc, const char *tags)
{
    sv_str rest = sv_str_from(tags), tag;
    sv_writer_key(doc->writer, SV_STR("tags"));
    sv_writer_begin_array(doc->writer);
    while (sv_str_split(&rest, ',', &tag))
        sv_writer_str(doc->writer, sv_str_trim_ows(tag));
    sv_writer_end_array(doc->writer);
}

/* A text made by one of the functions of operation.c, as a member. */
static void write_made_text(document *doc, const char *name, const sv_bound_operation *operation,
                            sv_status (*make)(const sv_bound_operation *bound, sv_buf *buf))
{
    sv_buf text;
    sv_buf_init(&text, 4096);
    make(operation, &text);
    sv_writer_key_str(doc->writer, name, sv_buf_str(&text));
    sv_buf_deinit(&text);
}

static void write_operation(document *doc, const sv_bound_operation *operation)
{
    const sv_operation *row = operation->row;
    sv_writer *writer = doc->writer;
    sv_writer_begin_object(writer);
    if (operation->tags)
        write_tags(doc, operation->tags);
    write_made_text(doc, "summary", operation, sv_operation_summary);
    if (row->description)
        sv_writer_key_cstr(writer, "description", row->description);
    write_made_text(doc, "operationId", operation, sv_operation_id);
    write_parameters(doc, operation);
    write_request_body(doc, operation);
    sv_writer_key(writer, SV_STR("responses"));
    sv_writer_begin_object(writer);
    write_success(doc, operation);
    write_errors(doc, operation);
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

/* A mounted application has a document of its own. */
static bool is_shown(const document *doc, const sv_bound_operation *operation)
{
    return operation->application == doc->application && !operation->hidden &&
           strcmp(operation->row->method, "*") != 0;
}

static void write_method_key(document *doc, const char *method)
{
    char lower[16];
    size_t n = 0;
    for (; method[n] && n < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)method[n]);
    sv_writer_key(doc->writer, (sv_str){lower, n});
}

/* "{rest:path}" is "{rest}" for OpenAPI. */
static void write_path_key(document *doc, const char *path)
{
    const char *mark = strstr(path, ":path}");
    int len = mark ? (int)(mark - path) : (int)strlen(path);
    sv_writer_key(doc->writer, sv_arena_printf(doc->arena, "%.*s%s", len, path, mark ? "}" : ""));
}

static int compare_paths(const void *a, const void *b)
{
    const sv_bound_operation *one = *(const sv_bound_operation *const *)a;
    const sv_bound_operation *other = *(const sv_bound_operation *const *)b;
    int order = strcmp(one->path, other->path);
    return order ? order : (one > other) - (one < other);
}

/* Which of the rows that are shown belong to one path; an item for each row. */
typedef struct path_links {
    const sv_bound_operation **next; /* the next row of its path; NULL: none */
    bool *is_first;                  /* of its path */
} path_links;

static sv_status link_paths(document *doc, const sv_bound_operation *rows, size_t n,
                            path_links *ret_links)
{
    path_links links = {sv_arena_alloc_array(doc->arena, n + 1, sizeof *links.next),
                        sv_arena_alloc_array(doc->arena, n + 1, sizeof *links.is_first)};
    const sv_bound_operation **sorted = sv_arena_alloc_array(doc->arena, n + 1, sizeof *sorted);
    size_t n_shown = 0;
    if (!links.next || !links.is_first || !sorted)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (is_shown(doc, &rows[i]))
            sorted[n_shown++] = &rows[i];
    qsort(sorted, n_shown, sizeof *sorted, compare_paths);
    for (size_t i = 0; i < n_shown; i++) {
        bool follows = i && strcmp(sorted[i - 1]->path, sorted[i]->path) == 0;
        links.is_first[sorted[i] - rows] = !follows;
        if (follows)
            links.next[sorted[i - 1] - rows] = sorted[i];
    }
    *ret_links = links;
    return SV_OK;
}

/* A path stands once, at its first row, with the methods of all its rows. */
static sv_status write_paths(document *doc)
{
    size_t n;
    path_links links;
    const sv_bound_operation *rows = sv_application_operations(doc->application, &n);
    sv_status status = link_paths(doc, rows, n, &links);
    if (status)
        return status;
    sv_writer_key(doc->writer, SV_STR("paths"));
    sv_writer_begin_object(doc->writer);
    for (size_t i = 0; i < n; i++) {
        if (!links.is_first[i])
            continue;
        write_path_key(doc, rows[i].path + strlen(sv_application_prefix(doc->application)));
        sv_writer_begin_object(doc->writer);
        for (const sv_bound_operation *at = &rows[i]; at; at = links.next[at - rows]) {
            write_method_key(doc, at->row->method);
            write_operation(doc, at);
        }
        sv_writer_end_object(doc->writer);
    }
    sv_writer_end_object(doc->writer);
    return SV_OK;
}

static sv_status collect_schemas(document *doc, sv_error *error)
{
    size_t n;
    const sv_bound_operation *rows = sv_application_operations(doc->application, &n);
    sv_status status = sv_json_schema_add_validation_error(doc->schemas, error);
    if (!status)
        status =
            sv_json_schema_add_json(doc->schemas, "ErrorResponse", error_response_schema, error);
    for (size_t i = 0; i < n && !status; i++) {
        if (!is_shown(doc, &rows[i]))
            continue;
        if (rows[i].in)
            status = sv_json_schema_add(doc->schemas, rows[i].in->schema, error);
        if (!status && rows[i].out)
            status = sv_json_schema_add(doc->schemas, rows[i].out->schema, error);
        if (!status && rows[i].params)
            status = sv_json_schema_add_params(doc->schemas, rows[i].params->schema, error);
    }
    return status;
}

static void write_info(document *doc)
{
    const sv_application_config *config = sv_application_get_config(doc->application);
    sv_writer *writer = doc->writer;
    sv_writer_key_cstr(writer, "openapi", "3.1.0");
    sv_writer_key(writer, SV_STR("info"));
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "title", config->title ? config->title : "ML API");
    if (config->description)
        sv_writer_key_cstr(writer, "description", config->description);
    sv_writer_key_cstr(writer, "version", config->version ? config->version : SV_VERSION);
    sv_writer_end_object(writer);
    const char *root_path = config->root_path ? config->root_path : "";
    sv_str url =
        sv_arena_printf(doc->arena, "%s%s", root_path, sv_application_prefix(doc->application));
    if (!url.len)
        return;
    sv_writer_key(writer, SV_STR("servers"));
    sv_writer_begin_array(writer);
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "url", url);
    sv_writer_end_object(writer);
    sv_writer_end_array(writer);
}

static sv_status write_document(document *doc, sv_error *error)
{
    sv_status status = collect_schemas(doc, error);
    if (status)
        return status;
    sv_writer *writer = doc->writer;
    sv_writer_begin_object(writer);
    write_info(doc);
    status = write_paths(doc);
    if (status)
        return status;
    sv_writer_key(writer, SV_STR("components"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("schemas"));
    sv_json_schema_write_components(doc->schemas, writer);
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
    return sv_buf_status(writer->buf);
}

sv_status sv_openapi_write(const sv_application *application, sv_buf *buf, sv_error *error)
{
    sv_writer writer;
    sv_writer_init(&writer, buf);
    document doc = {.application = application, .writer = &writer, .arena = sv_arena_new(0)};
    if (doc.arena)
        doc.schemas = sv_json_schema_set_new(doc.arena);
    sv_status status = doc.schemas ? write_document(&doc, error) : SV_NO_MEMORY;
    sv_arena_free(doc.arena);
    return status;
}
