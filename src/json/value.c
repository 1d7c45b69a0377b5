/* value.c: JSON values: parsed by yyjson, walked, written. The only file that knows yyjson; JSON
 * Schema and rules of requests are elsewhere.
 *
 * DESIGN. A sv_value is a yyjson_val by another name (value_tape.h): a document is used as the
 * parser laid it out, without a copy. That gives walking without recursion and a number to every
 * value. */
#include "json/value.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "json/json_scan.h"

enum {
    LARGEST_IN_ARENA = 16 * 1024,
    YYJSON_OWN_VALUES = 16,      /* more than yyjson keeps for itself among its values */
    MOST_COMPARED_MEMBERS = 256, /* bounds the search for names that came twice */
    CLIP_SLACK = 4               /* a character that is cut lies behind the part that is kept */
};

static_assert(sizeof(sv_value) == sizeof(yyjson_val), "a value");
static_assert(offsetof(sv_value, tag) == offsetof(yyjson_val, tag), "its tag");
static_assert(offsetof(sv_value, as) == offsetof(yyjson_val, uni), "its payload");
static_assert(SV_VALUE_TAG_RAW == YYJSON_TYPE_RAW && SV_VALUE_TAG_NULL == YYJSON_TYPE_NULL &&
                  SV_VALUE_TAG_BOOL == YYJSON_TYPE_BOOL && SV_VALUE_TAG_NUMBER == YYJSON_TYPE_NUM &&
                  SV_VALUE_TAG_STR == YYJSON_TYPE_STR && SV_VALUE_TAG_ARRAY == YYJSON_TYPE_ARR &&
                  SV_VALUE_TAG_OBJECT == YYJSON_TYPE_OBJ && SV_VALUE_TAG_KIND == YYJSON_TYPE_MASK,
              "kinds");
static_assert(SV_VALUE_TAG_TRUE == YYJSON_SUBTYPE_TRUE &&
                  SV_VALUE_TAG_REAL == YYJSON_SUBTYPE_REAL &&
                  SV_VALUE_TAG_SIGNED == YYJSON_SUBTYPE_SINT && YYJSON_SUBTYPE_UINT == 0 &&
                  SV_VALUE_TAG_DETAIL == YYJSON_SUBTYPE_MASK && SV_VALUE_TAG_LEN == YYJSON_TAG_BIT,
              "details");

static const sv_value *root_of(const yyjson_doc *doc)
{
    return (const sv_value *)doc->root;
}

static void *alloc_in_arena(void *arena, size_t size)
{
    return sv_arena_alloc_raw(arena, size);
}

static void *realloc_in_arena(void *arena, void *old, size_t old_size, size_t size)
{
    void *grown = sv_arena_alloc_raw(arena, size);
    if (grown)
        memcpy(grown, old, old_size < size ? old_size : size);
    return grown;
}

static void free_in_arena(void *arena, void *piece)
{
    (void)arena, (void)piece;
}

static void *alloc_on_heap(void *unused, size_t size)
{
    (void)unused;
    return malloc(size);
}

/* Values start with room for as many as such a text usually has; when it is full, more come by
 * realloc, half as many again. What is full beyond the limit gets no more. */
typedef struct heap {
    size_t limit; /* bytes of values */
    bool has_refused;
} heap;

static void *realloc_on_heap(void *heap_arg, void *old, size_t old_size, size_t size)
{
    heap *values = heap_arg;
    values->has_refused = old_size > values->limit;
    return values->has_refused ? NULL : realloc(old, size);
}

static void free_on_heap(void *unused, void *piece)
{
    (void)unused;
    free(piece);
}

static void free_doc(void *doc)
{
    yyjson_doc_free(doc);
}

/* yyjson takes every depth, so that ours is checked on its result. Each level holds a value at
 * least: what has fewer values than levels are left is not entered. */
static bool is_too_deep(const yyjson_doc *doc, int max_depth)
{
    const sv_value *ends[SV_VALUE_MAX_DEPTH], *at = root_of(doc), *end = at + doc->val_read;
    int depth = 0;
    while (at < end) {
        while (depth && at >= ends[depth - 1])
            depth--;
        const sv_value *next = sv_value_behind(at);
        if (next - at <= max_depth - depth) {
            at = next;
            continue;
        }
        bool is_container = sv_value_is_container(at);
        if (depth == max_depth && is_container)
            return true;
        if (is_container)
            ends[depth++] = next;
        at++;
    }
    return false;
}

static sv_value_limits defaulted(const sv_value_limits *limits)
{
    sv_value_limits used = limits ? *limits : (sv_value_limits){0};
    if (used.max_depth <= 0 || used.max_depth > SV_VALUE_MAX_DEPTH)
        used.max_depth = SV_VALUE_MAX_DEPTH;
    if (!used.max_values)
        used.max_values = SV_VALUE_MAX_VALUES;
    return used;
}

static sv_str without_byte_order_mark(sv_str text)
{
    bool has_mark = sv_str_starts_with(text, SV_STR("\xEF\xBB\xBF"));
    return has_mark ? sv_str_slice(text, 3, text.len) : text;
}

static sv_status explain(sv_str text, int max_depth, sv_value_error *error)
{
    if (sv_json_scan(text, max_depth, error)) /* never, says fuzz_json: both know the same JSON */
        *error = (sv_value_error){.problem = SV_VALUE_SYNTAX, .message = "Expecting value"};
    return SV_INVALID;
}

/* Without the in-situ flag yyjson only reads the text: the cast is its interface. */
static yyjson_doc *read(sv_str text, const yyjson_alc *memory, yyjson_read_err *ret_failure)
{
    char *bytes = (char *)(uintptr_t)(text.len ? text.ptr : "");
    return yyjson_read_opts(bytes, text.len, YYJSON_READ_BIGNUM_AS_RAW, memory, ret_failure);
}

static sv_status parse_in_arena(sv_arena *arena, sv_str text, yyjson_doc **ret_doc)
{
    const yyjson_alc memory = {alloc_in_arena, realloc_in_arena, free_in_arena, arena};
    yyjson_read_err failure = {0};
    *ret_doc = read(text, &memory, &failure);
    return failure.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? SV_NO_MEMORY : SV_OK;
}

static sv_status parse_on_heap(sv_arena *arena, sv_str text, size_t max_values,
                               yyjson_doc **ret_doc)
{
    heap values = {.limit = (max_values + YYJSON_OWN_VALUES) * sizeof(sv_value)};
    const yyjson_alc memory = {alloc_on_heap, realloc_on_heap, free_on_heap, &values};
    yyjson_read_err failure = {0};
    yyjson_doc *doc = read(text, &memory, &failure);
    if (values.has_refused)
        return SV_TOO_LARGE;
    if (failure.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return SV_NO_MEMORY;
    if (doc && sv_arena_defer(arena, free_doc, doc)) {
        yyjson_doc_free(doc);
        return SV_NO_MEMORY;
    }
    *ret_doc = doc;
    return SV_OK;
}

sv_status sv_value_parse(sv_arena *arena, sv_str text, const sv_value_limits *limits,
                         sv_value_error *error, const sv_value **ret_value)
{
    sv_value_limits used = defaulted(limits);
    yyjson_doc *doc = NULL;
    text = without_byte_order_mark(text);
    sv_status status = text.len <= LARGEST_IN_ARENA
                           ? parse_in_arena(arena, text, &doc)
                           : parse_on_heap(arena, text, used.max_values, &doc);
    if (status)
        return status;
    if (!doc)
        return explain(text, used.max_depth, error);
    if (doc->val_read > used.max_values)
        return SV_TOO_LARGE;
    if (is_too_deep(doc, used.max_depth)) {
        *error = (sv_value_error){.problem = SV_VALUE_TOO_DEEP, .message = "Nested too deeply"};
        return SV_INVALID;
    }
    *ret_value = root_of(doc);
    return SV_OK;
}

static sv_value make_str(sv_str text)
{
    return (sv_value){.tag = (uint64_t)text.len << SV_VALUE_TAG_LEN | SV_VALUE_TAG_STR,
                      .as.str = text.ptr};
}

const sv_value *sv_value_from_str(sv_arena *arena, sv_str text)
{
    sv_value *value = sv_arena_alloc_raw(arena, sizeof *value);
    if (value)
        *value = make_str(text);
    return value;
}

static sv_value make_array(size_t len)
{
    return (sv_value){.tag = (uint64_t)len << SV_VALUE_TAG_LEN | SV_VALUE_TAG_ARRAY,
                      .as.size = (len + 1) * sizeof(sv_value)};
}

const sv_value *sv_value_from_strs(sv_arena *arena, const sv_str *texts, size_t n_texts)
{
    sv_value *array = sv_arena_alloc_array(arena, n_texts + 1, sizeof *array);
    if (!array)
        return NULL;
    *array = make_array(n_texts);
    for (size_t i = 0; i < n_texts; i++)
        array[1 + i] = texts[i].ptr ? make_str(texts[i]) : make_array(0);
    return array;
}

/* Big integers come as raw text, as do numbers with a point or exponent beyond a double. */
sv_value_type sv_value_type_of_raw(const sv_value *value)
{
    sv_str text = sv_value_str(value);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' || (text.ptr[i] | 0x20) == 'e')
            return SV_VALUE_INFINITE;
    return SV_VALUE_BIG_INT;
}

/* strtod reads no point: which byte that is depends on the locale. */
static double double_of_raw(const sv_value *value)
{
    if (sv_value_type_of_raw(value) == SV_VALUE_INFINITE)
        return *value->as.str == '-' ? -INFINITY : INFINITY;
    return strtod(value->as.str, NULL);
}

double sv_value_double(const sv_value *value)
{
    if ((value->tag & SV_VALUE_TAG_KIND) == SV_VALUE_TAG_RAW)
        return double_of_raw(value);
    if ((value->tag & SV_VALUE_TAG_DETAIL) == SV_VALUE_TAG_REAL)
        return value->as.f64;
    bool is_signed = (value->tag & SV_VALUE_TAG_DETAIL) == SV_VALUE_TAG_SIGNED;
    return is_signed ? (double)value->as.i64 : (double)value->as.u64;
}

const sv_value *sv_value_get(const sv_value *object, sv_str name)
{
    const sv_value *found = NULL, *value;
    sv_str key;
    if (sv_value_get_type(object) != SV_VALUE_OBJECT)
        return NULL;
    sv_value_cursor cursor = sv_value_walk(object);
    while (sv_value_next_member(&cursor, &key, &value))
        if (sv_str_eq(key, name))
            found = value;
    return found;
}

size_t sv_value_index(const sv_value *root, const sv_value *value)
{
    return (size_t)(value - root);
}

/* An array or object that is being written. */
typedef struct level {
    const sv_value *container;
    sv_value_cursor cursor;
} level;

/* Text as far as it can matter when only `max_bytes` (0: all) will be kept. */
static sv_str clip(sv_str text, size_t max_bytes)
{
    return max_bytes ? sv_str_slice(text, 0, max_bytes + CLIP_SLACK) : text;
}

static void write_number(const sv_value *value, sv_writer *writer, size_t max_bytes)
{
    sv_value_type type = sv_value_get_type(value);
    if (type == SV_VALUE_DOUBLE)
        sv_writer_double(writer, sv_value_double(value));
    else if (type == SV_VALUE_INT)
        sv_writer_int(writer, sv_value_int(value));
    else if ((value->tag & SV_VALUE_TAG_KIND) == SV_VALUE_TAG_NUMBER)
        sv_writer_uint(writer, value->as.u64);
    else if (type == SV_VALUE_BIG_INT)
        sv_writer_raw(writer, clip(sv_value_str(value), max_bytes));
    else
        sv_writer_str(writer, clip(sv_value_str(value), max_bytes));
}

static void write_scalar(const sv_value *value, sv_writer *writer, size_t max_bytes)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_NULL:
        sv_writer_null(writer);
        break;
    case SV_VALUE_BOOL:
        sv_writer_bool(writer, sv_value_bool(value));
        break;
    case SV_VALUE_STR:
        sv_writer_str(writer, clip(sv_value_str(value), max_bytes));
        break;
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
        write_number(value, writer, max_bytes);
        break;
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
}

/* Was there a member of this name among the first `n`? */
static bool was_named_before(const sv_value *object, size_t n, sv_str name)
{
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str key;
    const sv_value *value;
    while (n-- > 0 && sv_value_next_member(&cursor, &key, &value))
        if (sv_str_eq(key, name))
            return true;
    return false;
}

/* The next member whose name has not been written yet, with the value that counts. */
static bool next_unwritten_member(level *open, sv_str *ret_name, const sv_value **ret_value)
{
    size_t n_members = sv_value_len(open->container);
    while (sv_value_next_member(&open->cursor, ret_name, ret_value)) {
        if (n_members > MOST_COMPARED_MEMBERS)
            return true;
        size_t n_before = n_members - open->cursor.left - 1;
        if (was_named_before(open->container, n_before, *ret_name))
            continue;
        *ret_value = sv_value_get(open->container, *ret_name);
        return true;
    }
    return false;
}

/* Goes on in an open array or object: writes a name or the closing bracket. False at its end. */
static bool go_on(level *open, sv_writer *writer, size_t max_bytes, const sv_value **ret_value)
{
    sv_str name;
    if (sv_value_get_type(open->container) == SV_VALUE_OBJECT) {
        if (next_unwritten_member(open, &name, ret_value)) {
            sv_writer_key(writer, clip(name, max_bytes));
            return true;
        }
        sv_writer_end_object(writer);
        return false;
    }
    if (sv_value_next_item(&open->cursor, ret_value))
        return true;
    sv_writer_end_array(writer);
    return false;
}

void sv_value_write(const sv_value *value, sv_writer *writer, size_t max_bytes)
{
    level levels[SV_VALUE_MAX_DEPTH];
    int depth = 0;
    size_t end = max_bytes ? writer->buf->len + max_bytes : SIZE_MAX;
    while (writer->buf->len <= end && !sv_buf_status(writer->buf)) {
        sv_value_type type = sv_value_get_type(value);
        if (type == SV_VALUE_ARRAY || type == SV_VALUE_OBJECT)
            levels[depth++] = (level){value, sv_value_walk(value)};
        if (type == SV_VALUE_ARRAY)
            sv_writer_begin_array(writer);
        else if (type == SV_VALUE_OBJECT)
            sv_writer_begin_object(writer);
        else
            write_scalar(value, writer, max_bytes);
        while (depth && !go_on(&levels[depth - 1], writer, max_bytes, &value))
            depth--;
        if (!depth)
            return;
    }
}
