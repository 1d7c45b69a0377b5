/* oip_data.c: the `data` arrays of JSON inference requests.
 *
 * DESIGN. Data is nearly all of a request, and as JSON values each element would take 16 bytes. So
 * it is cut out before the rest is parsed, and read in one pass into the tensor: memory is the body
 * and the tensor. A loop and a counter in place of recursion: no nesting can exhaust the stack. */
#include "api/oip_data.h"

#include <math.h>
#include <string.h>

#include "api/oip_floats.h"
#include "api/oip_number.h"
#include "base/buf.h"
#include "engine/engine.h"
#include "json/value.h"

/* Splitting. */

typedef struct split {
    sv_str text;
    size_t at, copied; /* of `text` */
    int depth;
    sv_str word, key; /* the last text; the last one before a colon */
    bool in_inputs;
    bool are_lists; /* what inputs are: lists, not objects with data */
    sv_buf out;
    sv_str *spans;
    size_t n_spans;
} split;

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Letters may be written as \u0064. */
static bool is_key(sv_str key, const char *name)
{
    size_t at = 0;
    for (; *name; name++, at++) {
        if (at >= key.len)
            return false;
        int letter = (unsigned char)key.ptr[at];
        if (letter == '\\' && key.len - at >= 6 && key.ptr[at + 1] == 'u') {
            letter = 0;
            for (size_t i = 2; i < 6; i++)
                letter = letter * 16 + hex_value(key.ptr[at + i]);
            at += 5;
        }
        if (letter != *name)
            return false;
    }
    return at == key.len;
}

/* From the quote on; stands behind the text's end then. */
static sv_str skip_text(sv_str text, size_t *at)
{
    size_t start = ++*at;
    while (*at < text.len && text.ptr[*at] != '"')
        *at += text.ptr[*at] == '\\' ? 2 : 1;
    size_t end = *at < text.len ? *at : text.len;
    *at = end + (end < text.len);
    return sv_str_slice(text, start, end - start);
}

/* Whether none of eight bytes is a bracket or a quote. False also for others above '[': letters. */
static bool are_plain(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101u, highest = ones * 0x80;
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    uint64_t quotes = eight ^ ones * '"';
    return !((eight | (eight + ones * (0x80 - '[')) | ((quotes - ones) & ~quotes)) & highest);
}

/* Skips a whole array; its length, or 0: it is too deep. */
static size_t measure_array(sv_str text, size_t start, int depth)
{
    size_t at = start;
    int outside = depth;
    while (at < text.len) {
        if (text.len - at >= 8 && are_plain(text.ptr + at)) {
            at += 8;
            continue;
        }
        char byte = text.ptr[at];
        if (byte == '"') {
            skip_text(text, &at);
            continue;
        }
        at++;
        if (byte == '[' || byte == '{')
            depth++;
        else if (byte == ']' || byte == '}')
            depth--;
        if (depth > SV_OIP_MAX_DEPTH)
            return 0;
        if (depth == outside)
            break;
    }
    return at - start;
}

static sv_status refuse_depth(sv_error *error)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "JSON nesting depth exceeds maximum allowed limit (%d)", SV_OIP_MAX_DEPTH);
}

static sv_status cut_span(split *s, sv_error *error)
{
    size_t len = measure_array(s->text, s->at, s->depth);
    if (!len)
        return refuse_depth(error);
    if (s->n_spans == SV_ENGINE_MAX_TENSORS)
        return sv_error_set(error, SV_TOO_LARGE, &sv_kind_invalid_input,
                            "More than %d inputs in one request", SV_ENGINE_MAX_TENSORS);
    sv_buf_append_str(&s->out, sv_str_slice(s->text, s->copied, s->at - s->copied));
    sv_buf_printf(&s->out, "[%zu]", s->n_spans);
    s->spans[s->n_spans++] = sv_str_slice(s->text, s->at, len);
    s->at += len;
    s->copied = s->at;
    return SV_OK;
}

/* Whether the array that begins is data: {"inputs": {name: [ or {"inputs": [ { "data": [ */
static bool is_data(const split *s)
{
    enum { INPUTS = 2, INPUT = 3 };
    if (!s->in_inputs)
        return false;
    return s->are_lists ? s->depth == INPUTS : s->depth == INPUT && is_key(s->key, "data");
}

/* An array or object begins. */
static sv_status enter(split *s, char bracket, sv_error *error)
{
    enum { ROOT = 1 };
    if (bracket == '[' && is_data(s))
        return cut_span(s, error);
    if (s->depth == ROOT)
        s->in_inputs = bracket == (s->are_lists ? '{' : '[') && is_key(s->key, "inputs");
    s->at++;
    s->key = (sv_str){0};
    return ++s->depth > SV_OIP_MAX_DEPTH ? refuse_depth(error) : SV_OK;
}

static sv_status split_next(split *s, sv_error *error)
{
    char byte = s->text.ptr[s->at];
    if (byte == '{' || byte == '[')
        return enter(s, byte, error);
    if (byte == '"') {
        s->word = skip_text(s->text, &s->at);
        return SV_OK;
    }
    if (byte == ':')
        s->key = s->word;
    else if (byte == ',')
        s->key = s->word = (sv_str){0};
    else if ((byte == '}' || byte == ']') && s->depth)
        s->depth--;
    s->at++;
    return SV_OK;
}

static sv_status split_request(sv_arena *arena, split s, sv_error *error, sv_oip_split *ret_split)
{
    sv_str request = s.text;
    s.spans = sv_arena_alloc_array(arena, SV_ENGINE_MAX_TENSORS, sizeof *s.spans);
    if (!s.spans)
        return SV_NO_MEMORY;
    sv_buf_init(&s.out, request.len + SV_ENGINE_MAX_TENSORS * sizeof "[255]");
    sv_status status = SV_OK;
    while (s.at < request.len && !status)
        status = split_next(&s, error);
    sv_str text = request;
    if (!status && s.n_spans) { /* else nothing was cut out */
        sv_buf_append_str(&s.out, sv_str_slice(request, s.copied, request.len));
        status = sv_buf_status(&s.out);
        text = status ? text : sv_arena_copy(arena, sv_buf_str(&s.out));
    }
    sv_buf_deinit(&s.out);
    if (!status && !text.ptr)
        status = SV_NO_MEMORY;
    if (!status)
        *ret_split = (sv_oip_split){text, s.spans, s.n_spans};
    return status;
}

sv_status sv_oip_data_split(sv_arena *arena, sv_str request, sv_error *error,
                            sv_oip_split *ret_split)
{
    return split_request(arena, (split){.text = request}, error, ret_split);
}

sv_status sv_oip_data_split_lists(sv_arena *arena, sv_str request, sv_error *error,
                                  sv_oip_split *ret_split)
{
    return split_request(arena, (split){.text = request, .are_lists = true}, error, ret_split);
}

/* Reading. */

typedef struct reading {
    const sv_oip_array *array;
    sv_str text;
    size_t at;
    sv_arena *arena;
    sv_error *error;
} reading;

static char peek(const reading *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static void skip_space(reading *r)
{
    char byte;
    while ((byte = peek(r)) == ' ' || byte == '\n' || byte == '\t' || byte == '\r')
        r->at++;
}

static sv_status refuse_syntax(const reading *r)
{
    return sv_error_set(
        r->error, SV_INVALID, &sv_kind_invalid_input,
        "failed to parse the request JSON buffer: Invalid value. in 'data' of input "
        "'%.*s' at %zu",
        SV_STR_ARG(sv_str_slice(r->array->name, 0, 64)), r->at);
}

static sv_status refuse_element(const reading *r, size_t index)
{
    return sv_error_set(
        r->error, SV_INVALID, &sv_kind_invalid_input,
        "Unable to parse 'data': attempt to access JSON element %zu of input '%.*s' "
        "as %s",
        index, SV_STR_ARG(sv_str_slice(r->array->name, 0, 64)),
        sv_tensor_dtype_name(r->array->dtype));
}

/* The largest values, by the table of datatypes. */
static const uint64_t largest[SV_DTYPE_COUNT] = {
    [SV_DTYPE_UINT8] = UINT8_MAX,   [SV_DTYPE_UINT16] = UINT16_MAX, [SV_DTYPE_UINT32] = UINT32_MAX,
    [SV_DTYPE_UINT64] = UINT64_MAX, [SV_DTYPE_INT8] = INT8_MAX,     [SV_DTYPE_INT16] = INT16_MAX,
    [SV_DTYPE_INT32] = INT32_MAX,   [SV_DTYPE_INT64] = INT64_MAX};

static bool is_signed(sv_dtype dtype)
{
    return dtype >= SV_DTYPE_INT8 && dtype <= SV_DTYPE_INT64;
}

static bool store_integer(sv_dtype dtype, const sv_oip_number *n, void *element)
{
    uint64_t limit = largest[dtype] + (n->negative && is_signed(dtype));
    if (!n->is_integer || n->overflows || n->value > limit ||
        (n->negative && n->value && !is_signed(dtype)))
        return false;
    uint64_t bits = n->negative ? 0 - n->value : n->value; /* two's complement, any width */
    memcpy(element, &bits, sv_tensor_dtype_size(dtype));   /* little-endian */
    return true;
}

static bool store_double(sv_dtype dtype, double value, void *element)
{
    float narrow = (float)value;
    if (dtype == SV_DTYPE_FP32)
        memcpy(element, &narrow, sizeof narrow);
    else
        memcpy(element, &value, sizeof value);
    return isfinite(dtype == SV_DTYPE_FP32 ? (double)narrow : value);
}

static bool store_float(sv_dtype dtype, const sv_oip_number *n, void *element)
{
    bool is_zero = n->is_integer && !n->value && !n->overflows; /* -0 has no sign, as in Python */
    return store_double(dtype, is_zero ? 0 : sv_oip_number_to_double(n), element);
}

static bool begins_number(char byte)
{
    return byte == '-' || (byte >= '0' && byte <= '9');
}

/* Whether a comma and then a number follow: what nearly all of a list is. Skips the comma. */
static bool skip_to_number(reading *r)
{
    size_t start = r->at;
    skip_space(r);
    if (peek(r) == ',') {
        r->at++;
        skip_space(r);
        if (begins_number(peek(r)))
            return true;
    }
    r->at = start;
    return false;
}

static inline sv_status read_number(reading *r, size_t index, bool is_float, void *element)
{
    sv_dtype dtype = r->array->dtype;
    sv_oip_number n;
    if (!sv_oip_number_read(r->text, &r->at, &n))
        return refuse_syntax(r);
    bool is_stored = is_float ? store_float(dtype, &n, element) : store_integer(dtype, &n, element);
    return is_stored ? SV_OK : refuse_element(r, index);
}

/* Numbers up to whatever else stands between them. */
static sv_status read_numbers(reading *r, size_t *n_read, char *elements)
{
    sv_dtype dtype = r->array->dtype;
    bool is_float = dtype == SV_DTYPE_FP32 || dtype == SV_DTYPE_FP64;
    size_t size = sv_tensor_dtype_size(dtype);
    if (!begins_number(peek(r)))
        return refuse_element(r, *n_read);
    do {
        if (is_float)
            *n_read += sv_oip_floats_read(r->text, &r->at, dtype == SV_DTYPE_FP32,
                                          elements + *n_read * size, r->array->count - *n_read - 1);
        sv_status status = read_number(r, *n_read, is_float, elements + *n_read * size);
        if (status)
            return status;
        ++*n_read;
    } while (*n_read < r->array->count && skip_to_number(r));
    return SV_OK;
}

static sv_status read_bool(reading *r, size_t index, void *element)
{
    sv_str rest = sv_str_slice(r->text, r->at, r->text.len);
    bool is_true = sv_str_starts_with(rest, SV_STR("true"));
    if (!is_true && !sv_str_starts_with(rest, SV_STR("false")))
        return refuse_element(r, index);
    r->at += is_true ? 4 : 5;
    *(unsigned char *)element = is_true;
    return SV_OK;
}

static bool is_plain(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\\' || (unsigned char)text.ptr[i] < 0x20)
            return false;
    return true;
}

static sv_status read_bytes(reading *r, size_t index, void *element)
{
    size_t start = r->at;
    if (peek(r) != '"')
        return refuse_element(r, index);
    sv_str text = skip_text(r->text, &r->at);
    if (!is_plain(text)) { /* with escapes: as any text of JSON is read */
        sv_value_error why;
        const sv_value *value;
        sv_str quoted = sv_str_slice(r->text, start, r->at - start);
        sv_status status = sv_value_parse(r->arena, quoted, NULL, &why, &value);
        if (status)
            return status == SV_NO_MEMORY ? status : refuse_syntax(r);
        text = sv_value_str(value);
    } else if (r->text.ptr[r->at - 1] != '"' || !sv_str_is_utf8(text)) {
        return refuse_syntax(r);
    }
    memcpy(element, &text, sizeof text);
    return SV_OK;
}

/* At least one element. */
static sv_status read_elements(reading *r, size_t *n_read, char *elements)
{
    sv_dtype dtype = r->array->dtype;
    if (dtype != SV_DTYPE_BOOL && dtype != SV_DTYPE_BYTES)
        return read_numbers(r, n_read, elements);
    char *element = elements + *n_read * sv_tensor_dtype_size(dtype);
    sv_status status =
        dtype == SV_DTYPE_BOOL ? read_bool(r, *n_read, element) : read_bytes(r, *n_read, element);
    *n_read += !status;
    return status;
}

static sv_status refuse_count(const reading *r, const char *message)
{
    return sv_error_set(r->error, SV_INVALID, &sv_kind_invalid_input, "%s", message);
}

/* The next thing of an array. A comma stands between two values, a bracket may end any level. */
static sv_status read_items(reading *r, char *elements)
{
    size_t n = 0;
    int depth = 0;
    bool needs_value = true, may_end = true; /* `[` was read: both a value and `]` may come */
    do {
        skip_space(r);
        char byte = peek(r);
        if (byte == ']' ? !may_end && needs_value : (byte == ',') == needs_value)
            return refuse_syntax(r);
        if (byte == ']' || byte == '[' || byte == ',') {
            r->at++;
            depth += byte == '[' ? 1 : byte == ']' ? -1 : 0;
            needs_value = byte != ']';
            may_end = byte == '[';
            continue;
        }
        if (n == r->array->count)
            return refuse_count(r, "Shape does not match true shape of 'data' field");
        sv_status status = read_elements(r, &n, elements);
        if (status)
            return status;
        needs_value = false;
    } while (depth);
    if (n < r->array->count)
        return refuse_count(r, "Failed to parse 'data' field: shape does not match true shape");
    return r->at == r->text.len ? SV_OK : refuse_syntax(r);
}

sv_status sv_oip_data_read(sv_arena *arena, const sv_oip_array *array, void *elements,
                           sv_error *error)
{
    reading r = {.array = array, .text = array->span, .arena = arena, .error = error};
    if (array->dtype == SV_DTYPE_FP16 || array->dtype == SV_DTYPE_BF16)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "sending %s data via JSON is not supported. Please use the binary data "
                            "format for input %.*s",
                            sv_tensor_dtype_name(array->dtype), SV_STR_ARG(array->name));
    return read_items(&r, elements);
}

sv_status sv_oip_data_read_numbers(const sv_oip_array *array, size_t *at, size_t *n_read,
                                   void *elements, sv_error *error)
{
    reading r = {.array = array, .text = array->span, .at = *at, .error = error};
    sv_status status = read_numbers(&r, n_read, elements);
    *at = r.at;
    return status;
}
