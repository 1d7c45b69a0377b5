/* oip_classes.c: the largest values of an output, as text. */
#include "api/oip_classes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TEXTS = 1 << 20, VALUE_SIZE = 340 };

/* Of every number: 64 bits of mantissa hold each integer. */
typedef long double (*get_number)(const void *elements, size_t index);
/* As C++'s std::to_string: floats have six decimals. */
typedef void (*show_number)(const void *elements, size_t index, char text[VALUE_SIZE]);

#define NUMBERS(NAME, TYPE, FORMAT, SHOWN)                                                         \
    static long double get_##NAME(const void *elements, size_t index)                              \
    {                                                                                              \
        return (long double)((const TYPE *)elements)[index];                                       \
    }                                                                                              \
    static void show_##NAME(const void *elements, size_t index, char text[VALUE_SIZE])             \
    {                                                                                              \
        snprintf(text, VALUE_SIZE, "%" FORMAT, (SHOWN)((const TYPE *)elements)[index]);            \
    }
NUMBERS(uint8, uint8_t, PRIu64, uint64_t)
NUMBERS(uint16, uint16_t, PRIu64, uint64_t)
NUMBERS(uint32, uint32_t, PRIu64, uint64_t)
NUMBERS(uint64, uint64_t, PRIu64, uint64_t)
NUMBERS(int8, int8_t, PRId64, int64_t)
NUMBERS(int16, int16_t, PRId64, int64_t)
NUMBERS(int32, int32_t, PRId64, int64_t)
NUMBERS(int64, int64_t, PRId64, int64_t)
NUMBERS(fp32, float, "f", double)
NUMBERS(fp64, double, "f", double)

typedef struct number_row {
    get_number get; /* NULL: no order, or no such numbers in C */
    show_number show;
} number_row;

static const number_row numbers[SV_DTYPE_COUNT] = {
    [SV_DTYPE_UINT8] = {get_uint8, show_uint8},    [SV_DTYPE_UINT16] = {get_uint16, show_uint16},
    [SV_DTYPE_UINT32] = {get_uint32, show_uint32}, [SV_DTYPE_UINT64] = {get_uint64, show_uint64},
    [SV_DTYPE_INT8] = {get_int8, show_int8},       [SV_DTYPE_INT16] = {get_int16, show_int16},
    [SV_DTYPE_INT32] = {get_int32, show_int32},    [SV_DTYPE_INT64] = {get_int64, show_int64},
    [SV_DTYPE_FP32] = {get_fp32, show_fp32},       [SV_DTYPE_FP64] = {get_fp64, show_fp64},
};

typedef struct ranked {
    long double value;
    size_t index;
} ranked;

/* Rows of the tensor. */
typedef struct grid {
    const number_row *numbers;
    const void *elements;
    size_t n_rows, n_columns, n_classes;
    const sv_strs *labels; /* may be NULL */
} grid;

/* The best of a row into `best`: few are kept, so inserting is quick. */
static void rank_row(const grid *g, size_t row, ranked *best)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_columns; i++) {
        long double value = g->numbers->get(g->elements, row * g->n_columns + i);
        if (isnan(value))
            value = -INFINITY;
        if (n == g->n_classes && !(value > best[n - 1].value))
            continue;
        size_t at = n < g->n_classes ? n++ : n - 1;
        for (; at && best[at - 1].value < value; at--)
            best[at] = best[at - 1];
        best[at] = (ranked){value, i};
    }
}

static bool write_row(sv_arena *arena, const grid *g, size_t row, const ranked *best, sv_str *texts)
{
    char value[VALUE_SIZE];
    for (size_t i = 0; i < g->n_classes; i++) {
        size_t index = best[i].index;
        bool has_label = g->labels && index < g->labels->len && g->labels->items[index].len;
        g->numbers->show(g->elements, row * g->n_columns + index, value);
        texts[i] = sv_arena_printf(arena, "%s:%zu%s%.*s", value, index, has_label ? ":" : "",
                                   SV_STR_ARG(has_label ? g->labels->items[index] : SV_STR("")));
        if (!texts[i].ptr)
            return false;
    }
    return true;
}

static grid lay_grid(const sv_tensor *tensor, const sv_oip_classes *classes)
{
    size_t count = tensor->size_bytes / sv_tensor_dtype_size(tensor->dtype);
    bool has_rows = classes->has_rows && tensor->shape.rank > 0;
    size_t n_rows = has_rows ? (size_t)tensor->shape.dims[0] : 1;
    grid g = {.numbers = &numbers[tensor->dtype],
              .elements = tensor->data,
              .n_rows = n_rows,
              .n_columns = n_rows ? count / n_rows : 0,
              .labels = classes->labels};
    g.n_classes = g.n_columns < classes->n_classes ? g.n_columns : classes->n_classes;
    return g;
}

sv_status sv_oip_classes_make(sv_arena *arena, const sv_tensor *tensor,
                              const sv_oip_classes *classes, sv_error *error, sv_tensor *ret_tensor)
{
    size_t n_texts;
    if (!numbers[tensor->dtype].get)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "class result not available for output due to unsupported type '%s'",
                            sv_tensor_dtype_name(tensor->dtype));
    grid g = lay_grid(tensor, classes);
    if (__builtin_mul_overflow(g.n_rows, g.n_classes, &n_texts) || n_texts > MAX_TEXTS)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "classification gives at most %d results in one response", MAX_TEXTS);
    sv_str *texts = sv_arena_alloc_array(arena, n_texts, sizeof *texts);
    ranked *best = sv_arena_alloc_array(arena, g.n_classes, sizeof *best);
    if (!texts || !best)
        return SV_NO_MEMORY;
    for (size_t row = 0; row < g.n_rows; row++) {
        rank_row(&g, row, best);
        if (!write_row(arena, &g, row, best, texts + row * g.n_classes))
            return SV_NO_MEMORY;
    }
    bool has_rows = classes->has_rows && tensor->shape.rank > 0;
    *ret_tensor = (sv_tensor){.name = tensor->name,
                              .dtype = SV_DTYPE_BYTES,
                              .shape = has_rows ? SV_SHAPE((int64_t)g.n_rows, (int64_t)g.n_classes)
                                                : SV_SHAPE((int64_t)g.n_classes),
                              .data = texts,
                              .size_bytes = n_texts * sizeof *texts};
    return SV_OK;
}
