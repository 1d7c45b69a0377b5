/* tensor.c: the table of datatypes, sizes that cannot overflow, and whether a tensor fits a model.
 */
#include "engine/tensor.h"

#include <stdio.h>

typedef struct dtype_row {
    size_t size;
    const char *oip, *numpy;
} dtype_row;

static const dtype_row dtypes[SV_DTYPE_COUNT] = {[SV_DTYPE_NONE] = {0, "NONE", "none"},
#define DTYPE_ROW(name, size, oip, numpy) [SV_DTYPE_##name] = {size, oip, numpy},
                                                 SV_DTYPE_MAP(DTYPE_ROW)
#undef DTYPE_ROW
};

const char *sv_tensor_dtype_name(sv_dtype dtype)
{
    return dtypes[dtype].oip;
}

const char *sv_tensor_dtype_numpy(sv_dtype dtype)
{
    return dtypes[dtype].numpy;
}

size_t sv_tensor_dtype_size(sv_dtype dtype)
{
    return dtypes[dtype].size;
}

sv_dtype sv_tensor_dtype_find(sv_str name)
{
    for (int i = SV_DTYPE_NONE + 1; i < SV_DTYPE_COUNT; i++)
        if (sv_str_eq(name, sv_str_from(dtypes[i].oip)) ||
            sv_str_eq(name, sv_str_from(dtypes[i].numpy)))
            return (sv_dtype)i;
    return SV_DTYPE_NONE;
}

sv_status sv_tensor_shape_count(const sv_shape *shape, size_t *ret_n_elements)
{
    int64_t count = 1;
    bool is_empty = false, is_too_large = false;
    if (shape->rank < 0 || shape->rank > SV_TENSOR_MAX_RANK)
        return SV_INVALID;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0)
            return SV_INVALID;
        is_empty |= shape->dims[i] == 0;
        is_too_large |= __builtin_mul_overflow(count, shape->dims[i], &count);
    }
    if (is_too_large && !is_empty)
        return SV_TOO_LARGE;
    *ret_n_elements = is_empty ? 0 : (size_t)count;
    return SV_OK;
}

sv_status sv_tensor_shape_bytes(const sv_shape *shape, sv_dtype dtype, size_t *ret_bytes)
{
    size_t count, bytes;
    sv_status status = sv_tensor_shape_count(shape, &count);
    if (status)
        return status;
    if (__builtin_mul_overflow(count, sv_tensor_dtype_size(dtype), &bytes) || bytes > PTRDIFF_MAX)
        return SV_TOO_LARGE;
    *ret_bytes = bytes;
    return SV_OK;
}

bool sv_tensor_shape_fits(const sv_shape *declared, const sv_shape *got)
{
    if (declared->rank != got->rank)
        return false;
    for (int i = 0; i < got->rank; i++)
        if (declared->dims[i] >= 0 && declared->dims[i] != got->dims[i])
            return false;
    return true;
}

const char *sv_tensor_shape_format(const sv_shape *shape, char *text)
{
    size_t len = 0;
    text[len++] = '[';
    for (int i = 0; i < shape->rank && i < SV_TENSOR_MAX_RANK; i++)
        len += (size_t)snprintf(text + len, SV_TENSOR_SHAPE_TEXT_SIZE - len, "%s%lld", i ? "," : "",
                                (long long)shape->dims[i]);
    text[len++] = ']';
    text[len] = '\0';
    return text;
}

static sv_status check_shape(const sv_tensor_spec *spec, const sv_tensor *tensor, sv_error *error)
{
    char expected[SV_TENSOR_SHAPE_TEXT_SIZE], got[SV_TENSOR_SHAPE_TEXT_SIZE];
    if (spec->is_any_shape || sv_tensor_shape_fits(&spec->shape, &tensor->shape))
        return SV_OK;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input '%.*s' has shape %s, expected %s", SV_STR_ARG(spec->name),
                        sv_tensor_shape_format(&tensor->shape, got),
                        sv_tensor_shape_format(&spec->shape, expected));
}

/* A tensor without elements says for free how long it is elsewhere, and what a model makes of those
 * lengths (sums over no elements, one for each row) need not be empty. */
static bool is_vast_and_empty(const sv_shape *shape)
{
    int64_t others = 1;
    bool is_empty = false, is_vast = false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] == 0)
            is_empty = true;
        else
            is_vast |= __builtin_mul_overflow(others, shape->dims[i], &others);
    return is_empty && (is_vast || others > SV_TENSOR_MAX_EMPTY);
}

static sv_status check_size(const sv_tensor_spec *spec, const sv_tensor *tensor, sv_error *error)
{
    char shape[SV_TENSOR_SHAPE_TEXT_SIZE];
    size_t bytes;
    sv_tensor_shape_format(&tensor->shape, shape);
    if (sv_tensor_shape_bytes(&tensor->shape, tensor->dtype, &bytes))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "input '%.*s' has shape %s, which no tensor can have",
                            SV_STR_ARG(spec->name), shape);
    if (is_vast_and_empty(&tensor->shape))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "input '%.*s' has shape %s: it is empty, and its other lengths make "
                            "more than %d",
                            SV_STR_ARG(spec->name), shape, SV_TENSOR_MAX_EMPTY);
    if (bytes == tensor->size_bytes && (tensor->data || bytes == 0))
        return SV_OK;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input '%.*s' has %zu bytes, expected %zu for shape %s of %s",
                        SV_STR_ARG(spec->name), tensor->size_bytes, bytes, shape,
                        sv_tensor_dtype_name(tensor->dtype));
}

sv_status sv_tensor_check(const sv_tensor_spec *spec, const sv_tensor *tensor, sv_error *error)
{
    if (spec->dtype == SV_DTYPE_NONE)
        return sv_error_set(error, SV_UNSUPPORTED, &sv_kind_invalid_input,
                            "input '%.*s' is a %s, which cannot be sent", SV_STR_ARG(spec->name),
                            spec->type_text);
    if (spec->dtype != tensor->dtype)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "input '%.*s' has datatype %s, expected %s", SV_STR_ARG(spec->name),
                            sv_tensor_dtype_name(tensor->dtype), sv_tensor_dtype_name(spec->dtype));
    sv_status status = check_size(spec, tensor, error);
    return status ? status : check_shape(spec, tensor, error);
}
