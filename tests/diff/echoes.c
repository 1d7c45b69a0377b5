/* echoes.c: every feature of schemas and parameters as one operation that echoes what it decoded.
 * The same application with FastAPI: echoes.py; tests/e2e/test_differential.py asks both. The
 * models of bodies are those of tests/unit/json/case_schemas.c and kind_schemas.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <serval/serval.h>

#include "case_schemas.h"

enum tint { TINT_RED, TINT_GREEN };
enum level { LEVEL_LOW = 1, LEVEL_HIGH = 2 };
SV_ENUM(tint, {"red", TINT_RED}, {"green", TINT_GREEN});
SV_ENUM_INT(level, {"low", LEVEL_LOW}, {"high", LEVEL_HIGH});
SV_LITERAL(words, {"a", 0}, {"b", 1});

/* Query: each kind of value, none required. */
struct kinds {
    sv_opt_datetime when;
    sv_opt_date day;
    sv_opt_time at;
    sv_opt_duration span;
    sv_opt_uuid id;
    sv_opt_decimal price;
    sv_opt_str site, mail, address, code, upper;
    sv_opt_bytes raw, coded;
    sv_opt_enum level, tint, word;
    sv_opt_int multiple;
    sv_opt_double ratio;
    sv_opt_bool on;
};
SV_SCHEMA(kinds, SV_FIELD(kinds, when, .default_json = "null"),
          SV_FIELD(kinds, day, .default_json = "null"), SV_FIELD(kinds, at, .default_json = "null"),
          SV_FIELD(kinds, span, .default_json = "null"),
          SV_FIELD(kinds, id, .default_json = "null"),
          SV_FIELD(kinds, price, .max_digits = 5, SV_DECIMAL_PLACES(2), .default_json = "null"),
          SV_FIELD(kinds, site, .format = SV_FORMAT_HTTP_URL, .default_json = "null"),
          SV_FIELD(kinds, mail, .format = SV_FORMAT_EMAIL, .default_json = "null"),
          SV_FIELD(kinds, address, .format = SV_FORMAT_IPV4, .default_json = "null"),
          SV_FIELD(kinds, code, .pattern = "^[a-z]+\\d?$", .max_len = 5, .default_json = "null"),
          SV_FIELD(kinds, upper, .strip = true, .upper = true, .min_len = 2,
                   .default_json = "null"),
          SV_FIELD(kinds, raw, .max_len = 4, .default_json = "null"),
          SV_FIELD(kinds, coded, .format = SV_FORMAT_BASE64, .default_json = "null"),
          SV_FIELD_ENUM(kinds, level, level, .default_json = "null"),
          SV_FIELD_ENUM(kinds, tint, tint, .default_json = "null"),
          SV_FIELD_ENUM(kinds, word, words, .default_json = "null"),
          SV_FIELD(kinds, multiple, SV_MULTIPLE_OF(5), SV_LE(100), .default_json = "null"),
          SV_FIELD(kinds, ratio, SV_GT(0), SV_LT(1.5), .default_json = "null"),
          SV_FIELD(kinds, on, .default_json = "null"));

struct lists {
    sv_ints ints, set;
    sv_doubles numbers;
    sv_strs texts;
    sv_opt_strs maybe;
    SV_LIST(enum tint) tints;
    SV_LIST(sv_uuid) ids;
    sv_bools flags;
};
SV_SCHEMA(
    lists, SV_FIELD(lists, ints, SV_GE(1), SV_LE(5)),
    SV_FIELD(lists, set, .unique = true, .min_items = 1, .max_items = 2, .default_json = "[3]"),
    SV_FIELD(lists, numbers, .default_json = "[0.5]"),
    SV_FIELD(lists, texts, .alias = "t", .max_items = 2, .max_item_len = 3, .default_json = "[]"),
    SV_FIELD(lists, maybe, .default_json = "null"),
    SV_FIELD_ENUMS(lists, tints, tint, .default_json = "[]"),
    SV_FIELD_ITEMS(lists, ids, .default_json = "[]"), SV_FIELD(lists, flags, .default_json = "[]"));

struct walk {
    sv_uuid id;
    sv_date day;
    enum level level;
    int64_t number;
    sv_str rest;
};
SV_SCHEMA(walk, SV_FIELD(walk, id), SV_FIELD(walk, day), SV_FIELD_ENUM(walk, level, level),
          SV_FIELD(walk, number, SV_GE(-5), SV_LT(100)), SV_FIELD(walk, rest));

struct headers {
    sv_str x_token;
    int64_t x_count;
    sv_strs x_tags;
    sv_opt_date custom;
    bool x_on;
};
SV_SCHEMA(headers, SV_FIELD(headers, x_token, .in = SV_IN_HEADER, .min_len = 2),
          SV_FIELD(headers, x_count, .in = SV_IN_HEADER, SV_LE(9), .default_json = "3"),
          SV_FIELD(headers, x_tags, .in = SV_IN_HEADER, .max_items = 2, .default_json = "[]"),
          SV_FIELD(headers, custom, .in = SV_IN_HEADER, .alias = "X-Day", .default_json = "null"),
          SV_FIELD(headers, x_on, .in = SV_IN_HEADER, .default_json = "false"));

struct cookies {
    sv_str session;
    int64_t visits;
    sv_opt_enum tint;
};
SV_SCHEMA(cookies, SV_FIELD(cookies, session, .in = SV_IN_COOKIE, .max_len = 8),
          SV_FIELD(cookies, visits, .in = SV_IN_COOKIE, SV_GE(0), .default_json = "1"),
          SV_FIELD_ENUM(cookies, tint, tint, .in = SV_IN_COOKIE, .default_json = "null"));

struct form {
    sv_str name;
    int64_t age;
    sv_strs tags;
    enum tint tint;
    sv_opt_datetime when;
    sv_opt_double ratio;
    bool agreed;
};
SV_SCHEMA(form, SV_FIELD(form, name, .in = SV_IN_FORM, .min_len = 2, .max_len = 5),
          SV_FIELD(form, age, .in = SV_IN_FORM, SV_GE(0), SV_LT(150)),
          SV_FIELD(form, tags, .in = SV_IN_FORM, .max_items = 3, .default_json = "[]"),
          SV_FIELD_ENUM(form, tint, tint, .in = SV_IN_FORM, .default_json = "\"red\""),
          SV_FIELD(form, when, .in = SV_IN_FORM, .alias = "at", .default_json = "null"),
          SV_FIELD(form, ratio, .in = SV_IN_FORM, .default_json = "null"),
          SV_FIELD(form, agreed, .in = SV_IN_FORM, .default_json = "false"));

struct upload {
    sv_file file;
    sv_opt_file maybe;
    sv_files files;
    sv_opt_bytes raw;
    sv_str note;
};
SV_SCHEMA(upload, SV_FIELD(upload, file, .in = SV_IN_FORM),
          SV_FIELD(upload, maybe, .in = SV_IN_FORM, .default_json = "null"),
          SV_FIELD(upload, files, .in = SV_IN_FORM, .default_json = "[]"),
          SV_FIELD(upload, raw, .in = SV_IN_FORM, .max_len = 4, .default_json = "null"),
          SV_FIELD(upload, note, .in = SV_IN_FORM, .default_json = "\"n\""));

/* Without a default that could be null: FastAPI's `q: int = Query(None)`. */
struct absent {
    sv_opt_int number;
    sv_opt_strs texts;
    sv_opt_date day;
};
SV_SCHEMA(absent, SV_FIELD(absent, number, SV_GE(1), .optional = true),
          SV_FIELD(absent, texts, .max_items = 2, .optional = true),
          SV_FIELD(absent, day, .in = SV_IN_HEADER, .optional = true));

/* Bodies of several parameters, and of one that has a name nevertheless. */
struct spot {
    int64_t x, y;
};
SV_SCHEMA(spot, SV_FIELD(spot, x), SV_FIELD(spot, y, .default_json = "1"));
/* Many things within each other. */
struct kitchen {
    sv_opt_datetime when;
    SV_MAP(struct spot) spots;
    struct kitchen *inner;
    SV_LIST(struct kitchen) more;
    sv_decimal prices[2];
    SV_LIST(sv_opt_double) maybes;
    sv_strs words;
};
SV_SCHEMA_DECLARE(kitchen);
SV_SCHEMA_WITH(kitchen, (.extra = SV_EXTRA_FORBID, .by_name_too = true),
               SV_FIELD(kitchen, when, .alias = "createdAt", .default_json = "null"),
               SV_FIELD_MAP_OBJECT(kitchen, spots, spot, .max_items = 2, .default_json = "{}"),
               SV_FIELD_OBJECT(kitchen, inner, kitchen, .default_json = "null"),
               SV_FIELD_LIST(kitchen, more, kitchen, .max_items = 3, .default_json = "[]"),
               SV_FIELD_ARRAY(kitchen, prices),
               SV_FIELD_ITEMS(kitchen, maybes, .default_json = "[null]"),
               SV_FIELD_ITEMS(kitchen, words, .unique = true,
                              .item = SV_EACH(sv_str, .strip = true, .lower = true),
                              .default_json = "[]"));
struct several {
    struct spot spot, *other;
    int64_t number;
    sv_strs texts;
};
SV_SCHEMA_WITH(several, (.embed = true), SV_FIELD_OBJECT(several, spot, spot),
               SV_FIELD_OBJECT(several, other, spot, .default_json = "null"),
               SV_FIELD(several, number, SV_GE(1)),
               SV_FIELD(several, texts, .max_items = 2, .default_json = "[\"t\"]"));
struct embedded {
    struct spot spot;
};
SV_SCHEMA_WITH(embedded, (.embed = true), SV_FIELD_OBJECT(embedded, spot, spot));

/* Parameters of every place, and those of a dependency, before a body. */
struct paging {
    int64_t limit, offset;
    sv_str key;
};
SV_SCHEMA(paging, SV_FIELD(paging, limit, SV_GE(1), SV_LE(50), .default_json = "10"),
          SV_FIELD(paging, offset, SV_GE(0)),
          SV_FIELD(paging, key, .in = SV_IN_HEADER, .alias = "x-key", .min_len = 2));
SV_DEPENDENCY_PARAMS(pager, struct paging, paging, pager_open, pager_close);
static sv_status pager_open(sv_call *call, const struct paging *params, struct paging *ret)
{
    (void)call;
    *ret = *params;
    return SV_OK;
}
static void pager_close(sv_call *call, struct paging *paging)
{
    (void)call, (void)paging;
}
struct places {
    int64_t id, q;
    int64_t x_number, cookie;
};
SV_SCHEMA(places, SV_FIELD(places, id, .in = SV_IN_PATH), SV_FIELD(places, q, SV_LE(9)),
          SV_FIELD(places, x_number, .in = SV_IN_HEADER),
          SV_FIELD(places, cookie, .in = SV_IN_COOKIE));
struct everything {
    struct paging paging;
    struct places places;
    struct spot body;
};
SV_SCHEMA(everything, SV_FIELD_OBJECT(everything, paging, paging),
          SV_FIELD_OBJECT(everything, places, places), SV_FIELD_OBJECT(everything, body, spot));

/* What a file was. */
struct received {
    sv_str filename;
    sv_opt_str content_type;
    sv_bytes content;
};
SV_SCHEMA(received, SV_FIELD(received, filename),
          SV_FIELD(received, content_type, .default_json = "null"),
          SV_FIELD(received, content, .format = SV_FORMAT_BASE64));
struct uploaded {
    struct received file, *maybe;
    SV_LIST(struct received) files;
    sv_opt_bytes raw;
    sv_str note;
};
SV_SCHEMA(uploaded, SV_FIELD_OBJECT(uploaded, file, received),
          SV_FIELD_OBJECT(uploaded, maybe, received, .default_json = "null"),
          SV_FIELD_LIST(uploaded, files, received),
          SV_FIELD(uploaded, raw, .format = SV_FORMAT_BASE64, .default_json = "null"),
          SV_FIELD(uploaded, note));

/* An answer of one member that may be null. */
struct answer_spot {
    struct spot *spot;
};
SV_SCHEMA(answer_spot, SV_FIELD_OBJECT(answer_spot, spot, spot));

SV_HANDLER_PARAMS(everything_echo, places, spot, everything);
static sv_status everything_echo(sv_call *call, const struct places *params, const struct spot *in,
                                 struct everything *out)
{
    const struct paging *paging = pager_of(call);
    if (!paging)
        return SV_FAILED;
    *out = (struct everything){*paging, *params, *in};
    return SV_OK;
}

static struct received describe(const sv_file *file)
{
    return (struct received){
        file->filename, {file->content_type.ptr != NULL, file->content_type}, file->content};
}

SV_HANDLER_PARAMS(upload_echo, upload, sv_none, uploaded);
static sv_status upload_echo(sv_call *call, const struct upload *params, const struct sv_none *in,
                             struct uploaded *out)
{
    (void)in;
    out->file = describe(&params->file);
    out->raw = params->raw;
    out->note = params->note;
    if (params->maybe.set) {
        out->maybe = sv_alloc(call, sizeof *out->maybe);
        if (!out->maybe)
            return SV_NO_MEMORY;
        *out->maybe = describe(&params->maybe.value);
    }
    for (size_t i = 0; i < params->files.len; i++) {
        struct received *file = sv_list_push(call, &out->files);
        if (!file)
            return SV_NO_MEMORY;
        *file = describe(&params->files.items[i]);
    }
    return SV_OK;
}

SV_HANDLER(optional_echo, spot, answer_spot);
static sv_status optional_echo(sv_call *call, const struct spot *in, struct answer_spot *out)
{
    (void)call;
    out->spot = (struct spot *)in;
    return SV_OK;
}

/* Echoes: the answer is the struct that was decoded, whose schema the address tells. */
static const struct echo {
    const char *method, *path;
    const sv_schema *schema;
} echoes[] = {
    {"GET", "/kinds", &kinds_schema},
    {"GET", "/lists", &lists_schema},
    {"GET", "/walk/{id}/{day}/{level}/{number}/{rest:path}", &walk_schema},
    {"GET", "/headers", &headers_schema},
    {"GET", "/cookies", &cookies_schema},
    {"POST", "/form", &form_schema},
    {"POST", "/several", &several_schema},
    {"POST", "/embedded", &embedded_schema},
    {"GET", "/absent", &absent_schema},
    {"POST", "/kitchen", &kitchen_schema},
};
enum { N_ECHOES = sizeof echoes / sizeof *echoes };

/* Of "/kinds", "/walk/…" or "/body/MODEL". */
static const sv_schema *find_schema(sv_str path)
{
    static const sv_str body = {"/body/", 6};
    if (sv_str_starts_with(path, body))
        return case_schema((sv_str){path.ptr + body.len, path.len - body.len});
    for (size_t i = 0; i < N_ECHOES; i++) {
        size_t len = strcspn(echoes[i].path + 1, "/") + 1;
        if (sv_str_starts_with(path, (sv_str){echoes[i].path, len}))
            return echoes[i].schema;
    }
    return NULL;
}

static sv_status echo_params(sv_call *call, const void *params, const void *in, void *out)
{
    (void)in;
    memcpy(out, params, find_schema(sv_request_path(call))->size);
    return SV_OK;
}

static sv_status echo_body(sv_call *call, const void *params, const void *in, void *out)
{
    (void)params;
    memcpy(out, in, find_schema(sv_request_path(call))->size);
    return SV_OK;
}

enum { MAX_OPERATIONS = 400 };
static sv_handler handlers[MAX_OPERATIONS];
static sv_operation operations[MAX_OPERATIONS];
static char paths[MAX_OPERATIONS][64];

static bool is_body(const sv_schema *schema)
{
    return schema->embed || schema == &kitchen_schema;
}

static size_t add_echo(size_t n, const struct echo *echo, bool takes_body)
{
    const sv_schema *none = &sv_none_schema;
    handlers[n] = (sv_handler){.name = echo->schema->name,
                               .params = takes_body ? NULL : echo->schema,
                               .in = takes_body ? echo->schema : none,
                               .out = echo->schema,
                               .run = takes_body ? echo_body : echo_params};
    operations[n] = (sv_operation){echo->method, echo->path, &handlers[n], .run_inline = true};
    return n + 1;
}

static size_t add_bodies(size_t n, const sv_schema *const *schemas)
{
    for (; *schemas && n < MAX_OPERATIONS; schemas++, n++) {
        snprintf(paths[n], sizeof paths[n], "/body/%s", (*schemas)->name);
        add_echo(n, &(struct echo){"POST", paths[n], *schemas}, true);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const sv_dependency *const needs[] = {&pager_dependency, NULL};
    static const sv_operation rest[] = {
        {"POST", "/everything/{id}", &everything_echo_handler, .needs = needs},
        {"POST", "/upload", &upload_echo_handler},
        {"POST", "/optional", &optional_echo_handler, .optional_body = true},
    };
    size_t n = sizeof rest / sizeof *rest;
    memcpy(operations, rest, sizeof rest);
    for (size_t i = 0; i < N_ECHOES; i++)
        n = add_echo(n, &echoes[i], is_body(echoes[i].schema));
    n = add_bodies(n, case_schemas);
    n = add_bodies(n, kind_schemas);
    return n < MAX_OPERATIONS
               ? sv_main(argc, argv, &(sv_app){.title = "Echoes", .operations = operations})
               : EXIT_FAILURE;
}
