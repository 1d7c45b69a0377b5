/* openapi.c: tables of operations -> an OpenAPI 3.1 document in FastAPI's shape (names, order,
 * titles). One operation: openapi_operation.c; the schemas themselves: json/json_schema.c.
 *
 * DESIGN. What the document needs is collected first, then it is written in one pass. Names that
 * two things claim (a component, an operationId, a security scheme) are mistakes of the tables:
 * FastAPI renames such components by the modules of their classes, which C does not have. */
#include "web/openapi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <serval/version.h>

#include "web/openapi_operation.h"
#include "web/openapi_security.h"

/* An operation that is shown, with its place in the document. */
typedef struct entry {
    const sv_bound_operation *operation;
    sv_str path, id;
    struct entry *next; /* of the same path; NULL: none */
    bool is_first;      /* of its path */
} entry;

typedef struct entry_list {
    entry *items;
    size_t len;
} entry_list;

/* A mounted application has a document of its own. */
static bool is_shown(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    return operation->application == doc->application && !operation->hidden &&
           strcmp(operation->row->method, "*") != 0;
}

static sv_status list_entries(const sv_openapi_document *doc, entry_list *ret_list)
{
    size_t n;
    const sv_bound_operation *rows = sv_application_operations(doc->application, &n);
    entry_list list = {sv_arena_alloc_array(doc->arena, n + 1, sizeof *list.items), 0};
    if (!list.items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (!is_shown(doc, &rows[i]))
            continue;
        entry *item = &list.items[list.len++];
        *item = (entry){.operation = &rows[i],
                        .path = sv_openapi_operation_path(doc, &rows[i]),
                        .id = sv_openapi_operation_id(doc, &rows[i])};
        if (!item->path.ptr || !item->id.ptr)
            return SV_NO_MEMORY;
    }
    *ret_list = list;
    return SV_OK;
}

static int compare_rows(const entry *one, const entry *other)
{
    return (one->operation > other->operation) - (one->operation < other->operation);
}

static int compare_paths(const void *a, const void *b)
{
    const entry *one = *(const entry *const *)a, *other = *(const entry *const *)b;
    int order = strcmp(one->path.ptr, other->path.ptr);
    return order ? order : compare_rows(one, other);
}

static int compare_ids(const void *a, const void *b)
{
    const entry *one = *(const entry *const *)a, *other = *(const entry *const *)b;
    int order = strcmp(one->id.ptr, other->id.ptr);
    return order ? order : compare_rows(one, other);
}

/* A path stands once, at its first row, with the methods of all its rows. */
static void link_paths(entry **sorted, size_t n)
{
    qsort(sorted, n, sizeof(entry *), compare_paths);
    for (size_t i = 0; i < n; i++) {
        bool follows = i && sv_str_eq(sorted[i - 1]->path, sorted[i]->path);
        sorted[i]->is_first = !follows;
        if (follows)
            sorted[i - 1]->next = sorted[i];
    }
}

/* Generated clients name their functions by it. */
static sv_status check_ids(entry **sorted, size_t n, sv_error *error)
{
    qsort(sorted, n, sizeof(entry *), compare_ids);
    for (size_t i = 1; i < n; i++) {
        const sv_bound_operation *a = sorted[i - 1]->operation, *b = sorted[i]->operation;
        if (sv_str_eq(sorted[i - 1]->id, sorted[i]->id))
            return sv_error_set(error, SV_INVALID, NULL,
                                "%s %s and %s %s have the same operationId %s: give one handler "
                                "another name",
                                a->row->method, a->path, b->row->method, b->path,
                                sorted[i]->id.ptr);
    }
    return SV_OK;
}

static sv_status arrange(const sv_openapi_document *doc, entry_list *list, sv_error *error)
{
    entry **sorted = sv_arena_alloc_array(doc->arena, list->len + 1, sizeof *sorted);
    if (!sorted)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < list->len; i++)
        sorted[i] = &list->items[i];
    link_paths(sorted, list->len);
    return check_ids(sorted, list->len, error);
}

/* Whether two operations cannot stand in one document. */
static bool clash(const sv_openapi_document *doc, const entry *a, const entry *b)
{
    sv_error ignored;
    sv_openapi_document both = *doc;
    both.schemas = sv_json_schema_set_new(doc->arena);
    return both.schemas && !sv_openapi_operation_collect(&both, a->operation, &ignored) &&
           sv_openapi_operation_collect(&both, b->operation, &ignored) == SV_INVALID;
}

/* Says which operations bring the two schemas of one name. */
static void name_both(const sv_openapi_document *doc, const entry_list *list, size_t at,
                      sv_error *error)
{
    const sv_bound_operation *later = list->items[at].operation, *earlier = later;
    for (size_t i = 0; i < at && earlier == later; i++)
        if (clash(doc, &list->items[i], &list->items[at]))
            earlier = list->items[i].operation;
    char what[sizeof error->message];
    memcpy(what, error->message, sizeof what);
    (void)sv_error_set(error, SV_INVALID, NULL,
                       "%s %s and %s %s: %s; give one of them a `.component` of its own",
                       earlier->row->method, earlier->path, later->row->method, later->path, what);
}

static sv_status collect(const sv_openapi_document *doc, const entry_list *list, sv_error *error)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < list->len && !status; i++) {
        status = sv_openapi_operation_collect(doc, list->items[i].operation, error);
        if (status == SV_INVALID)
            name_both(doc, list, i, error);
    }
    return status;
}

static sv_status collect_schemes(const sv_openapi_document *doc, const entry_list *list,
                                 const sv_security *const **ret_schemes, sv_error *error)
{
    const sv_bound_operation **rows = sv_arena_alloc_array(doc->arena, list->len + 1, sizeof *rows);
    if (!rows)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < list->len; i++)
        rows[i] = list->items[i].operation;
    return sv_openapi_security_collect(doc, rows, ret_schemes, error);
}

/* "/" is what OpenAPI assumes without servers; linters want it said. */
static sv_status write_servers(const sv_openapi_document *doc)
{
    sv_writer *writer = doc->writer;
    const char *root_path = sv_application_get_config(doc->application)->root_path;
    sv_str url = sv_arena_printf(doc->arena, "%s%s", root_path ? root_path : "",
                                 sv_application_prefix(doc->application));
    if (!url.ptr)
        return SV_NO_MEMORY;
    sv_writer_key(writer, SV_STR("servers"));
    sv_writer_begin_array(writer);
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "url", url.len ? url : SV_STR("/"));
    sv_writer_end_object(writer);
    sv_writer_end_array(writer);
    return SV_OK;
}

static sv_status write_info(const sv_openapi_document *doc)
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
    return write_servers(doc);
}

static void write_method_key(const sv_openapi_document *doc, const char *method)
{
    char lower[16];
    size_t n = 0;
    for (; method[n] && n < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)method[n]);
    sv_writer_key(doc->writer, (sv_str){lower, n});
}

/* "/f/{x}" and "/f/{x:path}" are one path here: the route that requests meet first is described. */
static bool is_covered(const entry *first, const entry *item)
{
    for (; first != item; first = first->next)
        if (strcmp(first->operation->row->method, item->operation->row->method) == 0)
            return true;
    return false;
}

static sv_status write_paths(const sv_openapi_document *doc, const entry_list *list)
{
    sv_status status = SV_OK;
    sv_writer_key(doc->writer, SV_STR("paths"));
    sv_writer_begin_object(doc->writer);
    for (size_t i = 0; i < list->len && !status; i++) {
        if (!list->items[i].is_first)
            continue;
        sv_writer_key(doc->writer, list->items[i].path);
        sv_writer_begin_object(doc->writer);
        for (const entry *at = &list->items[i]; at && !status; at = at->next) {
            if (is_covered(&list->items[i], at))
                continue;
            write_method_key(doc, at->operation->row->method);
            status = sv_openapi_operation_write(doc, at->operation);
        }
        sv_writer_end_object(doc->writer);
    }
    sv_writer_end_object(doc->writer);
    return status;
}

static sv_status write_document(const sv_openapi_document *doc, sv_error *error)
{
    entry_list list;
    const sv_security *const *schemes = NULL;
    sv_writer *writer = doc->writer;
    sv_status status = list_entries(doc, &list);
    if (!status)
        status = arrange(doc, &list, error);
    if (!status)
        status = collect(doc, &list, error);
    if (!status)
        status = collect_schemes(doc, &list, &schemes, error);
    if (status)
        return status;
    sv_writer_begin_object(writer);
    status = write_info(doc);
    if (!status)
        status = write_paths(doc, &list);
    sv_writer_key(writer, SV_STR("components"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("schemas"));
    sv_json_schema_write_components(doc->schemas, writer);
    sv_openapi_security_write_schemes(doc, schemes);
    sv_writer_end_object(writer);
    sv_writer_key_raw(writer, "security", SV_STR("[]")); /* nothing but what operations say */
    sv_writer_end_object(writer);
    return status ? status : sv_buf_status(writer->buf);
}

sv_status sv_openapi_write(const sv_application *application, sv_buf *buf, sv_error *error)
{
    sv_writer writer;
    sv_writer_init(&writer, buf);
    sv_openapi_document doc = {
        .application = application, .writer = &writer, .arena = sv_arena_new(0)};
    if (doc.arena)
        doc.schemas = sv_json_schema_set_new(doc.arena);
    sv_status status = doc.schemas ? write_document(&doc, error) : SV_NO_MEMORY;
    sv_arena_free(doc.arena);
    return status;
}
