/* tensor_json.c: the shape is read off the first lists, all others are compared with it, then the
 * tensor is filled.
 *
 * DESIGN. A tensor has millions of elements and few rows: what depends on the datatype is chosen
 * once per row. A row that is wrong is looked at again, item by item, to say where. */
#include "api/tensor_json.h"

#include <math.h>

#include "base/half.h"

/* The first doubles that no int64_t and no uint64_t can be. */
static const double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;

/* One element: SV_ERROR_TYPE_NONE and `*out`, or why not. */
typedef sv_error_type (*read_element)(const sv_value *item, void *out);

/* Reading elements. */

static sv_error_type refuse_integer(const sv_value *item)
{
    switch (sv_value_get_type(item)) {
    case SV_VALUE_BIG_INT:
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    case SV_VALUE_DOUBLE:
        return SV_ERROR_TYPE_INT_FROM_FLOAT;
    case SV_VALUE_INFINITE:
        return SV_ERROR_TYPE_FINITE_NUMBER;
    case SV_VALUE_INT:
    case SV_VALUE_NULL:
    case SV_VALUE_BOOL:
    case SV_VALUE_STR:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return SV_ERROR_TYPE_INT_TYPE;
}

static sv_error_type read_signed(const sv_value *item, int64_t *out)
{
    sv_value_type type = sv_value_get_type(item);
    if (type == SV_VALUE_INT) {
        *out = sv_value_int(item);
        return SV_ERROR_TYPE_NONE;
    }
    double number = type == SV_VALUE_DOUBLE ? sv_value_double(item) : 0.5;
    if (number != trunc(number))
        return refuse_integer(item);
    if (number < -two_63 || number >= two_63)
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    *out = (int64_t)number;
    return SV_ERROR_TYPE_NONE;
}

static sv_error_type read_unsigned(const sv_value *item, uint64_t *out)
{
    if (sv_value_get_uint(item, out))
        return SV_ERROR_TYPE_NONE;
    sv_value_type type = sv_value_get_type(item);
    if (type == SV_VALUE_INT)
        return SV_ERROR_TYPE_GREATER_THAN_EQUAL; /* it is negative */
    double number = type == SV_VALUE_DOUBLE ? sv_value_double(item) : 0.5;
    if (number != trunc(number))
        return refuse_integer(item);
    if (number < 0)
        return SV_ERROR_TYPE_GREATER_THAN_EQUAL;
    if (number >= two_64)
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    *out = (uint64_t)number;
    return SV_ERROR_TYPE_NONE;
}

static sv_error_type read_number(const sv_value *item, double *out)
{
    switch (sv_value_get_type(item)) {
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
        *out = sv_value_double(item);
        return isfinite(*out) ? SV_ERROR_TYPE_NONE : SV_ERROR_TYPE_FINITE_NUMBER;
    case SV_VALUE_INFINITE:
        return SV_ERROR_TYPE_FINITE_NUMBER;
    case SV_VALUE_NULL:
    case SV_VALUE_BOOL:
    case SV_VALUE_STR:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return SV_ERROR_TYPE_FLOAT_TYPE;
}

#define DEFINE_READ_SIGNED(name, type, min, max)                                                   \
    static sv_error_type name(const sv_value *item, void *out)                                     \
    {                                                                                              \
        int64_t number = 0;                                                                        \
        sv_error_type problem = read_signed(item, &number);                                        \
        if (!problem && number > (max))                                                            \
            problem = SV_ERROR_TYPE_LESS_THAN_EQUAL;                                               \
        if (!problem && number < (min))                                                            \
            problem = SV_ERROR_TYPE_GREATER_THAN_EQUAL;                                            \
        *(type *)out = (type)number;                                                               \
        return problem;                                                                            \
    }
#define DEFINE_READ_UNSIGNED(name, type, max)                                                      \
    static sv_error_type name(const sv_value *item, void *out)                                     \
    {                                                                                              \
        uint64_t number = 0;                                                                       \
        sv_error_type problem = read_unsigned(item, &number);                                      \
        if (!problem && number > (max))                                                            \
            problem = SV_ERROR_TYPE_LESS_THAN_EQUAL;                                               \
        *(type *)out = (type)number;                                                               \
        return problem;                                                                            \
    }
DEFINE_READ_SIGNED(read_int8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_READ_SIGNED(read_int16, int16_t, INT16_MIN, INT16_MAX)
DEFINE_READ_SIGNED(read_int32, int32_t, INT32_MIN, INT32_MAX)
DEFINE_READ_UNSIGNED(read_uint8, uint8_t, UINT8_MAX)
DEFINE_READ_UNSIGNED(read_uint16, uint16_t, UINT16_MAX)
DEFINE_READ_UNSIGNED(read_uint32, uint32_t, UINT32_MAX)

static sv_error_type read_int64(const sv_value *item, void *out)
{
    return read_signed(item, out);
}

static sv_error_type read_uint64(const sv_value *item, void *out)
{
    return read_unsigned(item, out);
}

static sv_error_type read_fp64(const sv_value *item, void *out)
{
    return read_number(item, out);
}

static sv_error_type read_fp32(const sv_value *item, void *out)
{
    double number = 0;
    sv_error_type problem = read_number(item, &number);
    float rounded = (float)number;
    *(float *)out = rounded;
    return problem || isfinite(rounded) ? problem : SV_ERROR_TYPE_FINITE_NUMBER;
}

static sv_error_type read_half(const sv_value *item, uint16_t *out, sv_half_format format)
{
    double number = 0;
    sv_error_type problem = read_number(item, &number);
    *out = sv_half_from_double(number, format);
    bool fits = isfinite(sv_half_to_double(*out, format));
    return problem || fits ? problem : SV_ERROR_TYPE_FINITE_NUMBER;
}

static sv_error_type read_fp16(const sv_value *item, void *out)
{
    return read_half(item, out, SV_HALF_BINARY16);
}

static sv_error_type read_bf16(const sv_value *item, void *out)
{
    return read_half(item, out, SV_HALF_BFLOAT16);
}

static sv_error_type read_bool(const sv_value *item, void *out)
{
    if (sv_value_get_type(item) != SV_VALUE_BOOL)
        return SV_ERROR_TYPE_BOOL_TYPE;
    *(uint8_t *)out = sv_value_bool(item);
    return SV_ERROR_TYPE_NONE;
}

static sv_error_type read_bytes(const sv_value *item, void *out)
{
    if (sv_value_get_type(item) != SV_VALUE_STR)
        return SV_ERROR_TYPE_STRING_TYPE;
    *(sv_str *)out = sv_value_str(item);
    return SV_ERROR_TYPE_NONE;
}

/* Writing elements: false for what is not finite. */

static bool write_number(double number, sv_writer *writer)
{
    sv_writer_double(writer, number);
    return isfinite(number);
}

#define DEFINE_WRITE(name, type, function)                                                         \
    static bool name(const void *at, sv_writer *writer)                                            \
    {                                                                                              \
        function(writer, *(const type *)at);                                                       \
        return true;                                                                               \
    }
DEFINE_WRITE(write_int8, int8_t, sv_writer_int)
DEFINE_WRITE(write_int16, int16_t, sv_writer_int)
DEFINE_WRITE(write_int32, int32_t, sv_writer_int)
DEFINE_WRITE(write_int64, int64_t, sv_writer_int)
DEFINE_WRITE(write_uint8, uint8_t, sv_writer_uint)
DEFINE_WRITE(write_uint16, uint16_t, sv_writer_uint)
DEFINE_WRITE(write_uint32, uint32_t, sv_writer_uint)
DEFINE_WRITE(write_uint64, uint64_t, sv_writer_uint)
DEFINE_WRITE(write_bytes, sv_str, sv_writer_str)

static bool write_bool(const void *at, sv_writer *writer)
{
    sv_writer_bool(writer, *(const uint8_t *)at != 0);
    return true;
}

static bool write_fp64(const void *at, sv_writer *writer)
{
    return write_number(*(const double *)at, writer);
}

static bool write_fp32(const void *at, sv_writer *writer)
{
    return write_number((double)*(const float *)at, writer);
}

static bool write_fp16(const void *at, sv_writer *writer)
{
    return write_number(sv_half_to_double(*(const uint16_t *)at, SV_HALF_BINARY16), writer);
}

static bool write_bf16(const void *at, sv_writer *writer)
{
    return write_number(sv_half_to_double(*(const uint16_t *)at, SV_HALF_BFLOAT16), writer);
}

/* What differs between datatypes. */
typedef struct element {
    read_element read;
    bool (*write)(const void *at, sv_writer *writer);
    int64_t min, max; /* of integers of less than 64 bits, and 0 of unsigned ones */
} element;

static const element elements[SV_DTYPE_COUNT] = {
    [SV_DTYPE_BOOL] = {read_bool, write_bool, 0, 0},
    [SV_DTYPE_UINT8] = {read_uint8, write_uint8, 0, UINT8_MAX},
    [SV_DTYPE_UINT16] = {read_uint16, write_uint16, 0, UINT16_MAX},
    [SV_DTYPE_UINT32] = {read_uint32, write_uint32, 0, UINT32_MAX},
    [SV_DTYPE_UINT64] = {read_uint64, write_uint64, 0, 0},
    [SV_DTYPE_INT8] = {read_int8, write_int8, INT8_MIN, INT8_MAX},
    [SV_DTYPE_INT16] = {read_int16, write_int16, INT16_MIN, INT16_MAX},
    [SV_DTYPE_INT32] = {read_int32, write_int32, INT32_MIN, INT32_MAX},
    [SV_DTYPE_INT64] = {read_int64, write_int64, 0, 0},
    [SV_DTYPE_FP16] = {read_fp16, write_fp16, 0, 0},
    [SV_DTYPE_FP32] = {read_fp32, write_fp32, 0, 0},
    [SV_DTYPE_FP64] = {read_fp64, write_fp64, 0, 0},
    [SV_DTYPE_BF16] = {read_bf16, write_bf16, 0, 0},
    [SV_DTYPE_BYTES] = {read_bytes, write_bytes, 0, 0},
};

/* Reading. */

typedef struct reading {
    const element *element;
    const sv_shape *shape;
    size_t size; /* of an element */
    char *out;   /* where the next one goes */
    sv_errors *errors;
} reading;

static sv_status refuse_text(const reading *it, const sv_loc *where, const sv_value *value,
                             sv_str text)
{
    sv_context context = {.kind = SV_CONTEXT_ERROR, .text = text};
    if (!text.ptr)
        return SV_NO_MEMORY;
    sv_errors_add(it->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){.value = value},
                  &context);
    return it->errors->status;
}

static sv_status refuse_element(const reading *it, sv_error_type type, const sv_loc *where,
                                const sv_value *item)
{
    bool is_upper = type == SV_ERROR_TYPE_LESS_THAN_EQUAL;
    sv_context context = {.kind = SV_CONTEXT_INT,
                          .integer = is_upper ? it->element->max : it->element->min};
    sv_errors_add(it->errors, type, where, (sv_input){.value = item}, &context);
    return it->errors->status;
}

/* The lengths of the first lists, level by level. An empty one ends it: what would be in it is what
 * the model says. */
static sv_status find_shape(const reading *it, const sv_tensor_spec *spec, const sv_value *value,
                            const sv_loc *where, sv_shape *ret_shape)
{
    sv_shape shape = {0};
    while (sv_value_get_type(value) == SV_VALUE_ARRAY) {
        if (shape.rank == SV_TENSOR_MAX_RANK)
            return refuse_text(it, where, NULL, SV_STR("A tensor has at most 8 levels of lists"));
        size_t len = sv_value_len(value);
        shape.dims[shape.rank++] = (int64_t)len;
        sv_value_cursor cursor = sv_value_walk(value);
        if (!sv_value_next_item(&cursor, &value))
            break;
    }
    if (shape.rank > 0 && shape.dims[shape.rank - 1] == 0)
        for (; shape.rank < spec->shape.rank; shape.rank++)
            shape.dims[shape.rank] =
                spec->shape.dims[shape.rank] < 0 ? 0 : spec->shape.dims[shape.rank];
    *ret_shape = shape;
    return SV_OK;
}

/* A level below the first list: it is as long as the first one was. */
static sv_status check_list(const reading *it, const sv_value *value, int depth,
                            const sv_loc *where)
{
    long long wanted = (long long)it->shape->dims[depth];
    if (sv_value_get_type(value) != SV_VALUE_ARRAY)
        return refuse_text(it, where, value,
                           sv_arena_printf(it->errors->arena,
                                           "Expected a list of %lld item%s, as the first one has",
                                           wanted, wanted == 1 ? "" : "s"));
    if ((long long)sv_value_len(value) == wanted)
        return SV_OK;
    return refuse_text(it, where, NULL,
                       sv_arena_printf(it->errors->arena,
                                       "Expected %lld item%s, as in the first list, not %zu",
                                       wanted, wanted == 1 ? "" : "s", sv_value_len(value)));
}

static sv_status read_one(reading *it, const sv_value *item, const sv_loc *where)
{
    sv_error_type problem = it->element->read(item, it->out);
    it->out += it->size;
    if (!problem)
        return SV_OK;
    if (sv_value_get_type(item) == SV_VALUE_ARRAY)
        return refuse_text(it, where, NULL,
                           SV_STR("Expected a value, as the first one, not a list"));
    return refuse_element(it, problem, where, item);
}

sv_status sv_tensor_json_read_element(sv_dtype dtype, const sv_value *value, const sv_loc *where,
                                      sv_errors *errors, void *out)
{
    reading it = {.element = &elements[dtype], .errors = errors};
    sv_error_type problem = dtype ? it.element->read(value, out) : SV_ERROR_TYPE_NONE;
    if (!dtype)
        return SV_UNSUPPORTED;
    return problem ? refuse_element(&it, problem, where, value) : SV_OK;
}

/* A list of elements. */
static sv_status read_row(reading *it, const sv_value *list, const sv_loc *where)
{
    read_element read = it->element->read;
    const sv_value *item;
    size_t size = it->size;
    char *out = it->out;
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item) && !read(item, out))
        out += size;
    size_t n_good = (size_t)(out - it->out) / size, n = sv_value_len(list);
    it->out = out;
    sv_loc at = {.parent = where, .index = n_good};
    return n_good == n ? SV_OK : read_one(it, item, &at);
}

/* Every list is as long as the first one of its level. Without this, a tensor could be much larger
 * than its text. `depth` levels of lists are around the value. */
static sv_status check_level(const reading *it, const sv_value *value, int depth,
                             const sv_loc *where)
{
    if (depth == it->shape->rank)
        return SV_OK;
    sv_status status = check_list(it, value, depth, where);
    if (status || depth == it->shape->rank - 1)
        return status;
    sv_value_cursor cursor = sv_value_walk(value);
    sv_loc at = {.parent = where};
    for (const sv_value *item; !status && sv_value_next_item(&cursor, &item); at.index++)
        status = check_level(it, item, depth + 1, &at);
    return status;
}

static sv_status read_level(reading *it, const sv_value *value, int depth, const sv_loc *where)
{
    if (depth == it->shape->rank)
        return read_one(it, value, where);
    if (depth == it->shape->rank - 1)
        return read_row(it, value, where);
    sv_status status = SV_OK;
    sv_value_cursor cursor = sv_value_walk(value);
    sv_loc at = {.parent = where};
    for (const sv_value *item; !status && sv_value_next_item(&cursor, &item); at.index++)
        status = read_level(it, item, depth + 1, &at);
    return status;
}

sv_status sv_tensor_json_read(const sv_tensor_spec *spec, const sv_value *value,
                              const sv_loc *where, sv_errors *errors, sv_tensor *ret_tensor)
{
    sv_tensor tensor = {.name = spec->name, .dtype = spec->dtype};
    reading it = {.element = &elements[spec->dtype],
                  .shape = &tensor.shape,
                  .size = sv_tensor_dtype_size(spec->dtype),
                  .errors = errors};
    if (spec->dtype == SV_DTYPE_NONE)
        return SV_UNSUPPORTED;
    sv_status status = find_shape(&it, spec, value, where, &tensor.shape);
    if (!status)
        status = check_level(&it, value, 0, where);
    if (!status)
        status = sv_tensor_shape_bytes(&tensor.shape, tensor.dtype, &tensor.size_bytes);
    if (status)
        return status;
    it.out = sv_arena_alloc_raw(errors->arena, tensor.size_bytes);
    if (!it.out)
        return SV_NO_MEMORY;
    tensor.data = it.out;
    status = read_level(&it, value, 0, where);
    if (!status)
        *ret_tensor = tensor;
    return status;
}

/* Writing. */

typedef struct writing {
    const sv_tensor *tensor;
    const element *element;
    size_t size;
    const char *at;
    sv_writer *writer;
} writing;

static bool write_level(writing *it, int depth)
{
    bool is_good = true;
    if (depth == it->tensor->shape.rank) {
        is_good = it->element->write(it->at, it->writer);
        it->at += it->size;
        return is_good;
    }
    sv_writer_begin_array(it->writer);
    for (int64_t i = 0; is_good && i < it->tensor->shape.dims[depth]; i++)
        is_good = !sv_buf_status(it->writer->buf) && write_level(it, depth + 1);
    sv_writer_end_array(it->writer);
    return is_good;
}

sv_status sv_tensor_json_write(const sv_tensor *tensor, sv_writer *writer, sv_error *error)
{
    writing it = {.tensor = tensor,
                  .element = &elements[tensor->dtype],
                  .size = sv_tensor_dtype_size(tensor->dtype),
                  .at = tensor->data,
                  .writer = writer};
    if (write_level(&it, 0) || sv_buf_status(writer->buf))
        return sv_buf_status(writer->buf);
    return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                        "Output '%.*s' has a number that is not finite", SV_STR_ARG(tensor->name));
}
