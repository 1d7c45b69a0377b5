/* shadow_match.c: labels, vectors and tensors, compared. */
#include "model/shadow_match.h"

#include <math.h>
#include <string.h>

#include "base/half.h"

static const double max_confidence_difference = 0.1;
static const double min_cosine = 0.999;
static const double max_relative_difference = 1e-3, max_absolute_difference = 1e-6;

bool sv_shadow_match_labels(const sv_shadow_label *real, const sv_shadow_label *shadow, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!sv_str_eq(real[i].label, shadow[i].label) ||
            fabs(real[i].confidence - shadow[i].confidence) > max_confidence_difference)
            return false;
    return true;
}

/* Two vectors of nothing point the same way. */
static bool is_near(const float *a, const float *b, size_t n)
{
    double dot = 0, a_square = 0, b_square = 0;
    for (size_t i = 0; i < n; i++) {
        dot += (double)a[i] * b[i];
        a_square += (double)a[i] * a[i];
        b_square += (double)b[i] * b[i];
    }
    if (a_square == 0 || b_square == 0)
        return a_square == b_square;
    return dot >= min_cosine * sqrt(a_square) * sqrt(b_square);
}

bool sv_shadow_match_embeddings(const sv_embeddings *real, const sv_embeddings *shadow)
{
    size_t n = real->n_dimensions;
    if (n != shadow->n_dimensions || real->n_rows != shadow->n_rows)
        return false;
    for (size_t row = 0; row < real->n_rows; row++)
        if (!is_near(real->values + row * n, shadow->values + row * n, n))
            return false;
    return true;
}

/* Tensors. */

static bool is_close(double a, double b)
{
    double larger = fmax(fabs(a), fabs(b));
    if (a == b || (isnan(a) && isnan(b)))
        return true;
    if (isinf(larger))
        return false;
    return fabs(a - b) <= fmax(max_relative_difference * larger, max_absolute_difference);
}

static double read_number(const sv_tensor *tensor, size_t index)
{
    const char *at = (const char *)tensor->data + index * sv_tensor_dtype_size(tensor->dtype);
    uint16_t half;
    float single;
    double number;
    if (tensor->dtype == SV_DTYPE_FP64) {
        memcpy(&number, at, sizeof number);
        return number;
    }
    if (tensor->dtype == SV_DTYPE_FP32) {
        memcpy(&single, at, sizeof single);
        return single;
    }
    memcpy(&half, at, sizeof half);
    return sv_half_to_double(half,
                             tensor->dtype == SV_DTYPE_BF16 ? SV_HALF_BFLOAT16 : SV_HALF_BINARY16);
}

static bool has_fractions(sv_dtype dtype)
{
    return dtype == SV_DTYPE_FP16 || dtype == SV_DTYPE_BF16 || dtype == SV_DTYPE_FP32 ||
           dtype == SV_DTYPE_FP64;
}

static bool has_same_texts(const sv_tensor *a, const sv_tensor *b)
{
    const sv_str *left = a->data, *right = b->data;
    for (size_t i = 0; i < a->size_bytes / sizeof *left; i++)
        if (!sv_str_eq(left[i], right[i]))
            return false;
    return true;
}

static bool has_same_values(const sv_tensor *a, const sv_tensor *b)
{
    if (a->dtype == SV_DTYPE_BYTES)
        return has_same_texts(a, b);
    if (!has_fractions(a->dtype))
        return !a->size_bytes || memcmp(a->data, b->data, a->size_bytes) == 0;
    for (size_t i = 0; i < a->size_bytes / sv_tensor_dtype_size(a->dtype); i++)
        if (!is_close(read_number(a, i), read_number(b, i)))
            return false;
    return true;
}

static bool has_same_form(const sv_tensor *a, const sv_tensor *b)
{
    size_t rank_bytes = (size_t)a->shape.rank * sizeof *a->shape.dims;
    return sv_str_eq(a->name, b->name) && a->dtype == b->dtype && a->shape.rank == b->shape.rank &&
           memcmp(a->shape.dims, b->shape.dims, rank_bytes) == 0 && a->size_bytes == b->size_bytes;
}

bool sv_shadow_match_tensors(const sv_tensors *real, const sv_tensors *shadow)
{
    if (real->len != shadow->len)
        return false;
    for (size_t i = 0; i < real->len; i++)
        if (!has_same_form(&real->items[i], &shadow->items[i]) ||
            !has_same_values(&real->items[i], &shadow->items[i]))
            return false;
    return true;
}
