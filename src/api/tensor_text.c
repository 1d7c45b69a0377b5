/* tensor_text.c: nested JSON lists of numbers, as text -> a tensor.
 *
 * DESIGN. Lists that are not empty have one comma less than numbers, all levels together: so the
 * commas tell how large the tensor is before anything is read. Then one pass fills it; the first
 * list that ends on a level says how long the others are. */
#include "api/tensor_text.h"

#include <string.h>

#include "api/oip_data.h"

static size_t count_bytes(sv_str text, char byte)
{
    const uint64_t ones = 0x0101010101010101u, low_halves = ones * 0x7f;
    size_t count = 0, i = 0;
    for (uint64_t eight; text.len - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text.ptr + i, sizeof eight);
        eight ^= ones * (unsigned char)byte;
        uint64_t others = ((eight & low_halves) + low_halves) | eight; /* highest bits */
        count += (size_t)(((~(others | low_halves) >> 7) * ones) >> 56);
    }
    for (; i < text.len; i++)
        count += text.ptr[i] == byte;
    return count;
}

static bool is_number(sv_dtype dtype, sv_str text)
{
    switch (dtype) {
    case SV_DTYPE_INT8:
    case SV_DTYPE_INT16:
    case SV_DTYPE_INT32:
    case SV_DTYPE_INT64:
    case SV_DTYPE_FP32:
    case SV_DTYPE_FP64:
        return true;
    case SV_DTYPE_UINT8:
    case SV_DTYPE_UINT16:
    case SV_DTYPE_UINT32:
    case SV_DTYPE_UINT64:
        return !memchr(text.ptr, '-', text.len); /* -0 is refused there */
    case SV_DTYPE_NONE:
    case SV_DTYPE_BOOL:
    case SV_DTYPE_FP16:
    case SV_DTYPE_BF16:
    case SV_DTYPE_BYTES:
    case SV_DTYPE_COUNT:
        break;
    }
    return false;
}

typedef struct reading {
    sv_oip_array array;
    size_t at, n_read;
    char *elements;
    sv_shape shape;                     /* rank: 0 before the first number, a length: 0 before the
                                           first list of its level ends */
    int64_t counts[SV_TENSOR_MAX_RANK]; /* items of the lists that are open */
    int depth;
} reading;

static char skip_space(reading *r)
{
    sv_str text = r->array.span;
    for (; r->at < text.len; r->at++) {
        char byte = text.ptr[r->at];
        if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r')
            return byte;
    }
    return '\0';
}

static bool open_list(reading *r)
{
    if (r->depth == SV_TENSOR_MAX_RANK || (r->shape.rank && r->depth == r->shape.rank))
        return false;
    r->counts[r->depth++] = 0;
    r->at++;
    return true;
}

static bool close_list(reading *r)
{
    int64_t *len = &r->shape.dims[--r->depth], count = r->counts[r->depth];
    r->at++;
    if (!*len)
        *len = count;
    if (r->depth)
        r->counts[r->depth - 1]++;
    return count && *len == count;
}

/* All numbers up to the end of their list. */
static bool read_row(reading *r)
{
    sv_error error;
    size_t n_before = r->n_read;
    if (!r->shape.rank)
        r->shape.rank = r->depth;
    if (r->depth != r->shape.rank || r->n_read == r->array.count ||
        sv_oip_data_read_numbers(&r->array, &r->at, &r->n_read, r->elements, &error))
        return false;
    r->counts[r->depth - 1] += (int64_t)(r->n_read - n_before);
    return skip_space(r) == ']';
}

/* From the first bracket to the one that closes it: an item or a list, then a comma or an end. */
static bool read_lists(reading *r)
{
    bool needs_item = true;
    do {
        char byte = skip_space(r);
        bool is_good = false;
        if (byte == '[' && needs_item) {
            is_good = open_list(r);
        } else if (byte == ']' && !needs_item) {
            is_good = close_list(r);
        } else if (byte == ',' && !needs_item) {
            r->at++;
            needs_item = true;
            continue;
        } else if (needs_item && r->depth) {
            is_good = read_row(r);
            needs_item = false;
        }
        if (!is_good)
            return false;
    } while (r->depth);
    return r->at == r->array.span.len && r->n_read == r->array.count;
}

sv_status sv_tensor_text_read(sv_arena *arena, const sv_tensor_spec *spec, sv_str text,
                              size_t *n_values, sv_tensor *ret_tensor)
{
    size_t count = count_bytes(text, ',') + 1, n_lists = count_bytes(text, '[');
    reading r = {.array = {.name = spec->name, .span = text, .dtype = spec->dtype, .count = count}};
    if (!n_lists || count + n_lists > *n_values || !is_number(spec->dtype, text))
        return SV_UNSUPPORTED;
    sv_tensor tensor = {.name = spec->name,
                        .dtype = spec->dtype,
                        .size_bytes = count * sv_tensor_dtype_size(spec->dtype)};
    tensor.data = r.elements = sv_arena_alloc_raw(arena, tensor.size_bytes);
    if (!r.elements)
        return SV_NO_MEMORY;
    if (!read_lists(&r))
        return SV_UNSUPPORTED;
    *n_values -= count + n_lists;
    tensor.shape = r.shape;
    *ret_tensor = tensor;
    return SV_OK;
}
