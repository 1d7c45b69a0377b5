/* yaml.c: YAML -> JSON text -> the values of value.h, with the line of each. The only file that
 * knows libyaml.
 *
 * DESIGN. libyaml's events are written as JSON while they come, and the line of every value and
 * name is noted in that order: it is the order in which a document numbers them (sv_value_index).
 * So settings and request bodies are one kind of tree. */
#include "json/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_JSON = 8 * SV_YAML_MAX_SIZE, MAX_LINES = 4 * SV_YAML_MAX_SIZE * (int)sizeof(uint32_t) };

/* An open mapping or sequence. */
typedef struct level {
    bool is_mapping, expects_name;
    size_t first_name; /* of this mapping in `names` */
} level;

typedef struct name {
    sv_str text;
    uint32_t line;
} name;

typedef struct reader {
    sv_arena *arena;
    sv_error *error;
    yaml_parser_t parser;
    sv_buf json, lines, names; /* names of the mappings that are open */
    sv_writer writer;
    level levels[SV_YAML_MAX_DEPTH];
    int depth;
    size_t n_documents;
} reader;

static uint32_t line_of(const yaml_mark_t *mark)
{
    return (uint32_t)mark->line + 1;
}

static sv_status fail(reader *r, uint32_t line, const char *message)
{
    sv_error_set_path(r->error, "line %u", line);
    return sv_error_set(r->error, SV_INVALID, NULL, "%s", message);
}

static sv_str text_of(const yaml_event_t *event)
{
    return (sv_str){(const char *)event->data.scalar.value, event->data.scalar.length};
}

static bool is_any(sv_str text, const char *const *words)
{
    for (; *words; words++)
        if (sv_str_eq(text, sv_str_from(*words)))
            return true;
    return false;
}

static size_t count_digits(sv_str text, size_t at, const char *digits)
{
    size_t start = at;
    while (at < text.len && text.ptr[at] && strchr(digits, text.ptr[at]))
        at++;
    return at - start;
}

static size_t sign_len(sv_str text)
{
    return text.len && (text.ptr[0] == '+' || text.ptr[0] == '-') ? 1 : 0;
}

static const char decimal_digits[] = "0123456789";

/* [-+]?[0-9]+ : its digits without leading zeros, whatever its size. */
static bool write_int(reader *r, sv_str text)
{
    size_t at = sign_len(text);
    size_t n = count_digits(text, at, decimal_digits);
    if (!n || at + n != text.len)
        return false;
    while (n > 1 && text.ptr[at] == '0') {
        at++;
        n--;
    }
    bool negative = text.ptr[0] == '-' && !(n == 1 && text.ptr[at] == '0');
    sv_str digits = sv_arena_printf(r->arena, "%s%.*s", negative ? "-" : "", (int)n, text.ptr + at);
    if (!digits.ptr)
        r->json.status = SV_NO_MEMORY;
    else
        sv_writer_raw(&r->writer, digits);
    return true;
}

/* 0o17 and 0x1F; what does not fit 64 bits stays text. */
static bool write_based_int(reader *r, sv_str text)
{
    bool octal = sv_str_starts_with(text, SV_STR("0o"));
    if (!octal && !sv_str_starts_with(text, SV_STR("0x")))
        return false;
    size_t n = count_digits(text, 2, octal ? "01234567" : "0123456789abcdefABCDEF");
    if (!n || n + 2 != text.len || n > (octal ? 21 : 16))
        return false;
    char digits[24] = {0};
    memcpy(digits, text.ptr + 2, n);
    sv_writer_uint(&r->writer, strtoull(digits, NULL, octal ? 8 : 16));
    return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool write_float(reader *r, sv_str text)
{
    char copy[64] = {0};
    size_t at = sign_len(text);
    size_t n_whole = count_digits(text, at, decimal_digits), n_fraction = 0;
    at += n_whole;
    if (at < text.len && text.ptr[at] == '.') {
        n_fraction = count_digits(text, ++at, decimal_digits);
        at += n_fraction;
    }
    if (!n_whole && !n_fraction)
        return false;
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += sign_len(sv_str_slice(text, at, 1));
        size_t n_exponent = count_digits(text, at, decimal_digits);
        if (!n_exponent)
            return false;
        at += n_exponent;
    }
    if (at != text.len || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    sv_writer_double(&r->writer, strtod(copy, NULL));
    return true;
}

/* A plain scalar is what the core schema of YAML 1.2 says; infinities and NaN are text, since JSON
 * has no word for them. */
static void write_plain(reader *r, sv_str text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (is_any(text, nulls))
        sv_writer_null(&r->writer);
    else if (is_any(text, trues))
        sv_writer_bool(&r->writer, true);
    else if (is_any(text, falses))
        sv_writer_bool(&r->writer, false);
    else if (!write_int(r, text) && !write_based_int(r, text) && !write_float(r, text))
        sv_writer_str(&r->writer, text);
}

static void note_line(reader *r, const yaml_event_t *event)
{
    uint32_t line = line_of(&event->start_mark);
    sv_buf_append(&r->lines, &line, sizeof line);
}

static level *innermost(reader *r)
{
    return r->depth ? &r->levels[r->depth - 1] : NULL;
}

static sv_status read_name(reader *r, const yaml_event_t *event)
{
    name added = {sv_arena_copy(r->arena, text_of(event)), line_of(&event->start_mark)};
    if (!added.text.ptr)
        return SV_NO_MEMORY;
    sv_buf_append(&r->names, &added, sizeof added);
    note_line(r, event);
    sv_writer_key(&r->writer, added.text);
    innermost(r)->expects_name = false;
    return SV_OK;
}

/* Anchors and tags change what a value means; none but !!str is needed for settings. */
static sv_status refuse_properties(reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                                   const yaml_char_t *tag)
{
    if (anchor)
        return fail(r, line_of(&event->start_mark), "anchors and aliases are not allowed");
    bool is_text = tag && strcmp((const char *)tag, YAML_STR_TAG) == 0;
    if (tag && !(is_text && event->type == YAML_SCALAR_EVENT))
        return fail(r, line_of(&event->start_mark), "tags other than !!str are not allowed");
    return SV_OK;
}

static void end_value(reader *r)
{
    level *parent = innermost(r);
    if (parent)
        parent->expects_name = parent->is_mapping;
}

static sv_status read_scalar(reader *r, const yaml_event_t *event)
{
    sv_status status =
        refuse_properties(r, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (status)
        return status;
    level *parent = innermost(r);
    if (parent && parent->expects_name)
        return read_name(r, event);
    note_line(r, event);
    if (event->data.scalar.plain_implicit)
        write_plain(r, text_of(event));
    else
        sv_writer_str(&r->writer, text_of(event));
    end_value(r);
    return SV_OK;
}

static sv_status open_level(reader *r, const yaml_event_t *event, bool is_mapping)
{
    level *parent = innermost(r);
    uint32_t line = line_of(&event->start_mark);
    sv_status status = is_mapping ? refuse_properties(r, event, event->data.mapping_start.anchor,
                                                      event->data.mapping_start.tag)
                                  : refuse_properties(r, event, event->data.sequence_start.anchor,
                                                      event->data.sequence_start.tag);
    if (status)
        return status;
    if (parent && parent->expects_name)
        return fail(r, line, "a name must be a scalar");
    if (r->depth == SV_YAML_MAX_DEPTH)
        return fail(r, line, "nested too deeply");
    note_line(r, event);
    r->levels[r->depth++] = (level){is_mapping, is_mapping, r->names.len};
    if (is_mapping)
        sv_writer_begin_object(&r->writer);
    else
        sv_writer_begin_array(&r->writer);
    return SV_OK;
}

static int compare_names(const void *a, const void *b)
{
    const name *left = a, *right = b;
    size_t len = left->text.len < right->text.len ? left->text.len : right->text.len;
    int order = memcmp(left->text.ptr, right->text.ptr, len);
    if (!order)
        order = (left->text.len > right->text.len) - (left->text.len < right->text.len);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* The names of the mapping that ends here, sorted, show which came twice. */
static sv_status refuse_repeated_names(reader *r, size_t first_name)
{
    if (sv_buf_status(&r->names) || r->names.len == first_name)
        return sv_buf_status(&r->names);
    name *names = (name *)(void *)(r->names.ptr + first_name);
    size_t n = (r->names.len - first_name) / sizeof *names;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++) {
        if (!sv_str_eq(names[i - 1].text, names[i].text))
            continue;
        sv_error_set_path(r->error, "line %u", names[i].line);
        return sv_error_set(r->error, SV_INVALID, NULL, "%.*s is given twice, first on line %u",
                            SV_STR_ARG(names[i].text), names[i - 1].line);
    }
    r->names.len = first_name;
    return SV_OK;
}

static sv_status close_level(reader *r)
{
    level closed = r->levels[--r->depth];
    if (closed.is_mapping)
        sv_writer_end_object(&r->writer);
    else
        sv_writer_end_array(&r->writer);
    end_value(r);
    return closed.is_mapping ? refuse_repeated_names(r, closed.first_name) : SV_OK;
}

static sv_status read_event(reader *r, const yaml_event_t *event)
{
    uint32_t line = line_of(&event->start_mark);
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return SV_OK;
    case YAML_DOCUMENT_START_EVENT:
        return r->n_documents++ ? fail(r, line, "more than one document") : SV_OK;
    case YAML_ALIAS_EVENT:
        return fail(r, line, "anchors and aliases are not allowed");
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(r, event, false);
    case YAML_MAPPING_START_EVENT:
        return open_level(r, event, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(r);
    }
    return SV_OK;
}

static sv_status parser_failure(reader *r)
{
    if (r->parser.error == YAML_MEMORY_ERROR)
        return SV_NO_MEMORY;
    const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
    bool has_mark = r->parser.error != YAML_READER_ERROR;
    return fail(r, has_mark ? line_of(&r->parser.problem_mark) : line_of(&r->parser.mark), problem);
}

static sv_status read_events(reader *r)
{
    for (bool ended = false; !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return parser_failure(r);
        ended = event.type == YAML_STREAM_END_EVENT;
        sv_status status = read_event(r, &event);
        yaml_event_delete(&event);
        if (!status)
            status = sv_buf_status(&r->json) ? sv_buf_status(&r->json) : sv_buf_status(&r->lines);
        if (status)
            return status;
    }
    return SV_OK;
}

/* What was written becomes values; an empty text is null on line 1. */
static sv_status finish(reader *r, sv_yaml *ret_yaml)
{
    if (!r->json.len) {
        uint32_t line = 1;
        sv_buf_append(&r->lines, &line, sizeof line);
        sv_writer_null(&r->writer);
    }
    if (sv_buf_status(&r->json) || sv_buf_status(&r->lines))
        return SV_NO_MEMORY;
    sv_value_error unused;
    sv_yaml yaml;
    sv_str lines = sv_arena_copy(r->arena, sv_buf_str(&r->lines));
    if (!lines.ptr)
        return SV_NO_MEMORY;
    yaml.lines = (const uint32_t *)(const void *)lines.ptr;
    sv_status status = sv_value_parse(r->arena, sv_buf_str(&r->json), NULL, &unused, &yaml.root);
    if (!status)
        *ret_yaml = yaml;
    return status;
}

sv_status sv_yaml_parse(sv_arena *arena, sv_str text, sv_error *error, sv_yaml *ret_yaml)
{
    if (text.len > SV_YAML_MAX_SIZE)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "larger than %d bytes", SV_YAML_MAX_SIZE);
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return SV_NO_MEMORY;
    r->arena = arena;
    r->error = error;
    sv_status status = SV_NO_MEMORY;
    sv_buf_init(&r->json, MAX_JSON);
    sv_buf_init(&r->lines, MAX_LINES);
    sv_buf_init(&r->names, (size_t)SV_YAML_MAX_SIZE * sizeof(name));
    sv_writer_init(&r->writer, &r->json);
    if (yaml_parser_initialize(&r->parser)) {
        yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r->parser, (const unsigned char *)text.ptr, text.len);
        status = read_events(r);
        if (!status)
            status = finish(r, ret_yaml);
        yaml_parser_delete(&r->parser);
    }
    sv_buf_deinit(&r->json);
    sv_buf_deinit(&r->lines);
    sv_buf_deinit(&r->names);
    free(r);
    return status;
}

uint32_t sv_yaml_line(const sv_yaml *yaml, const sv_value *value)
{
    return yaml->lines[sv_value_index(yaml->root, value)];
}
