/* tensor_json.c: the shape is read off the first lists, all others are compared with it, then the
 * tensor is filled.
 *
 * DESIGN. A tensor has millions of elements and few rows: what depends on the datatype is chosen
 * once per row. Mistakes are collected, as those of any body. */
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
    return sv_writer_floats(writer, at, 1);
}

static bool write_fp64_row(const void *at, size_t n, sv_writer *writer)
{
    return sv_writer_doubles(writer, at, n);
}

static bool write_fp32_row(const void *at, size_t n, sv_writer *writer)
{
    return sv_writer_floats(writer, at, n);
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
    bool (*write_row)(const void *at, size_t n, sv_writer *writer); /* NULL: one by one */
    int64_t min, max; /* of integers of less than 64 bits, and 0 of unsigned ones */
} element;

static const element elements[SV_DTYPE_COUNT] = {
    [SV_DTYPE_BOOL] = {read_bool, write_bool, NULL, 0, 0},
    [SV_DTYPE_UINT8] = {read_uint8, write_uint8, NULL, 0, UINT8_MAX},
    [SV_DTYPE_UINT16] = {read_uint16, write_uint16, NULL, 0, UINT16_MAX},
    [SV_DTYPE_UINT32] = {read_uint32, write_uint32, NULL, 0, UINT32_MAX},
    [SV_DTYPE_UINT64] = {read_uint64, write_uint64, NULL, 0, 0},
    [SV_DTYPE_INT8] = {read_int8, write_int8, NULL, INT8_MIN, INT8_MAX},
    [SV_DTYPE_INT16] = {read_int16, write_int16, NULL, INT16_MIN, INT16_MAX},
    [SV_DTYPE_INT32] = {read_int32, write_int32, NULL, INT32_MIN, INT32_MAX},
    [SV_DTYPE_INT64] = {read_int64, write_int64, NULL, 0, 0},
    [SV_DTYPE_FP16] = {read_fp16, write_fp16, NULL, 0, 0},
    [SV_DTYPE_FP32] = {read_fp32, write_fp32, write_fp32_row, 0, 0},
    [SV_DTYPE_FP64] = {read_fp64, write_fp64, write_fp64_row, 0, 0},
    [SV_DTYPE_BF16] = {read_bf16, write_bf16, NULL, 0, 0},
    [SV_DTYPE_BYTES] = {read_bytes, write_bytes, NULL, 0, 0},
};

/* Reading. */

typedef struct reading {
    const element *element;
    const sv_shape *shape;
    size_t size; /* of an element */
    char *out;   /* where the next one goes */
    sv_errors *errors;
} reading;

static void refuse_text(const reading *it, const sv_loc *where, const sv_value *value, sv_str text)
{
    sv_context context = {.kind = SV_CONTEXT_ERROR, .text = text};
    if (text.ptr)
        sv_errors_add(it->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){.value = value},
                      &context);
    else
        it->errors->status = SV_NO_MEMORY;
}

static void refuse_element(const reading *it, sv_error_type type, const sv_loc *where,
                           const sv_value *item)
{
    bool is_upper = type == SV_ERROR_TYPE_LESS_THAN_EQUAL;
    sv_context context = {.kind = SV_CONTEXT_INT,
                          .integer = is_upper ? it->element->max : it->element->min};
    sv_errors_add(it->errors, type, where, (sv_input){.value = item}, &context);
}

/* The lengths of the first lists, level by level. An empty one ends it: what would be in it is what
 * the model says. */
static sv_shape find_shape(const reading *it, const sv_tensor_spec *spec, const sv_value *value,
                           const sv_loc *where)
{
    sv_shape shape = {0};
    while (sv_value_get_type(value) == SV_VALUE_ARRAY) {
        if (shape.rank == SV_TENSOR_MAX_RANK) {
            refuse_text(it, where, NULL, SV_STR("A tensor has at most 8 levels of lists"));
            return shape;
        }
        shape.dims[shape.rank++] = (int64_t)sv_value_len(value);
        sv_value_cursor cursor = sv_value_walk(value);
        if (!sv_value_next_item(&cursor, &value))
            break;
    }
    if (shape.rank > 0 && shape.dims[shape.rank - 1] == 0)
        for (; shape.rank < spec->shape.rank; shape.rank++)
            shape.dims[shape.rank] =
                spec->shape.dims[shape.rank] < 0 ? 0 : spec->shape.dims[shape.rank];
    return shape;
}

/* Whether it is a list as long as the first one of its level. */
static bool check_list(const reading *it, const sv_value *value, int depth, const sv_loc *where)
{
    sv_arena *arena = it->errors->arena;
    long long wanted = (long long)it->shape->dims[depth];
    const char *plural = wanted == 1 ? "" : "s";
    bool is_list = sv_value_get_type(value) == SV_VALUE_ARRAY;
    if (!is_list)
        refuse_text(it, where, value,
                    sv_arena_printf(arena, "Expected a list of %lld item%s, as the first one has",
                                    wanted, plural));
    else if ((long long)sv_value_len(value) != wanted)
        refuse_text(it, where, NULL,
                    sv_arena_printf(arena, "Expected %lld item%s, as in the first list, not %zu",
                                    wanted, plural, sv_value_len(value)));
    else
        return true;
    return false;
}

/* Every list is as long as the first one of its level. Without this, a tensor could be much larger
 * than its text. `depth` levels of lists are around the value. */
static void check_level(const reading *it, const sv_value *value, int depth, const sv_loc *where)
{
    if (depth == it->shape->rank || !check_list(it, value, depth, where) ||
        depth == it->shape->rank - 1)
        return;
    sv_value_cursor cursor = sv_value_walk(value);
    sv_loc at = {.parent = where};
    const sv_value *item;
    for (; !sv_errors_is_full(it->errors) && sv_value_next_item(&cursor, &item); at.index++)
        check_level(it, item, depth + 1, &at);
}

static void read_one(reading *it, const sv_value *item, const sv_loc *where)
{
    sv_error_type problem = it->element->read(item, it->out);
    it->out += it->size;
    if (problem && sv_value_get_type(item) == SV_VALUE_ARRAY)
        refuse_text(it, where, NULL, SV_STR("Expected a value, as the first one, not a list"));
    else if (problem)
        refuse_element(it, problem, where, item);
}

void sv_tensor_json_read_element(sv_dtype dtype, const sv_value *value, const sv_loc *where,
                                 sv_errors *errors, void *out)
{
    reading it = {.element = &elements[dtype], .out = out, .errors = errors};
    read_one(&it, value, where);
}

/* A list of elements. */
static void read_row(reading *it, const sv_value *list, const sv_loc *where)
{
    read_element read = it->element->read;
    const char *first = it->out;
    const sv_value *item;
    sv_value_cursor cursor = sv_value_walk(list);
    while (!sv_errors_is_full(it->errors)) {
        char *out = it->out;
        bool has_more;
        while ((has_more = sv_value_next_item(&cursor, &item)) && !read(item, out))
            out += it->size;
        it->out = out;
        if (!has_more)
            return;
        sv_loc at = {.parent = where, .index = (size_t)(out - first) / it->size};
        read_one(it, item, &at);
    }
}

static void read_level(reading *it, const sv_value *value, int depth, const sv_loc *where)
{
    if (depth == it->shape->rank) {
        read_one(it, value, where);
        return;
    }
    if (depth == it->shape->rank - 1) {
        read_row(it, value, where);
        return;
    }
    sv_value_cursor cursor = sv_value_walk(value);
    sv_loc at = {.parent = where};
    const sv_value *item;
    for (; !sv_errors_is_full(it->errors) && sv_value_next_item(&cursor, &item); at.index++)
        read_level(it, item, depth + 1, &at);
}

/* SV_OK, or why there were more errors than before. */
static sv_status status_since(const sv_errors *errors, size_t n_before)
{
    return errors->count > n_before || errors->status == SV_NO_MEMORY ? errors->status : SV_OK;
}

sv_status sv_tensor_json_read(const sv_tensor_spec *spec, const sv_value *value,
                              const sv_loc *where, sv_errors *errors, sv_tensor *ret_tensor)
{
    sv_tensor tensor = {.name = spec->name, .dtype = spec->dtype};
    size_t n_before = errors->count;
    reading it = {.element = &elements[spec->dtype],
                  .shape = &tensor.shape,
                  .size = sv_tensor_dtype_size(spec->dtype),
                  .errors = errors};
    if (spec->dtype == SV_DTYPE_NONE)
        return SV_UNSUPPORTED;
    tensor.shape = find_shape(&it, spec, value, where);
    if (!status_since(errors, n_before))
        check_level(&it, value, 0, where);
    sv_status status = status_since(errors, n_before);
    if (!status)
        status = sv_tensor_shape_bytes(&tensor.shape, tensor.dtype, &tensor.size_bytes);
    if (status)
        return status;
    it.out = sv_arena_alloc_raw(errors->arena, tensor.size_bytes);
    if (!it.out)
        return SV_NO_MEMORY;
    tensor.data = it.out;
    read_level(&it, value, 0, where);
    status = status_since(errors, n_before);
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
    int64_t len = it->tensor->shape.dims[depth];
    bool is_row = depth == it->tensor->shape.rank - 1 && it->element->write_row;
    sv_writer_begin_array(it->writer);
    if (is_row) {
        is_good = it->element->write_row(it->at, (size_t)len, it->writer);
        it->at += (size_t)len * it->size;
    }
    for (int64_t i = 0; !is_row && is_good && i < len; i++)
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
