/* tensor.h: what an engine takes and gives: a datatype, a shape and a span of bytes; and what a
 * model says about them.
 *
 * Plain data without ownership: the bytes belong to whoever made the tensor. All functions are
 * pure; any thread. */
#ifndef SERVAL_ENGINE_TENSOR_H
#define SERVAL_ENGINE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

/* X(name, bytes of one element, name in the Open Inference Protocol, name in NumPy). An element of
 * BYTES is an sv_str; FP16 and BF16 are the 16 bits as they are. */
#define SV_DTYPE_MAP(X)                                                                            \
    X(BOOL, 1, "BOOL", "bool")                                                                     \
    X(UINT8, 1, "UINT8", "uint8")                                                                  \
    X(UINT16, 2, "UINT16", "uint16")                                                               \
    X(UINT32, 4, "UINT32", "uint32")                                                               \
    X(UINT64, 8, "UINT64", "uint64")                                                               \
    X(INT8, 1, "INT8", "int8")                                                                     \
    X(INT16, 2, "INT16", "int16")                                                                  \
    X(INT32, 4, "INT32", "int32")                                                                  \
    X(INT64, 8, "INT64", "int64")                                                                  \
    X(FP16, 2, "FP16", "float16")                                                                  \
    X(FP32, 4, "FP32", "float32")                                                                  \
    X(FP64, 8, "FP64", "float64")                                                                  \
    X(BF16, 2, "BF16", "bfloat16")                                                                 \
    X(BYTES, sizeof(sv_str), "BYTES", "object")

/* SV_DTYPE_NONE: not a tensor, or of elements that are not in the list. */
typedef enum sv_dtype {
    SV_DTYPE_NONE,
#define SV_DTYPE_ENUM(name, size, oip, numpy) SV_DTYPE_##name,
    SV_DTYPE_MAP(SV_DTYPE_ENUM)
#undef SV_DTYPE_ENUM
        SV_DTYPE_COUNT
} sv_dtype;

enum {
    SV_TENSOR_MAX_RANK = 8,
    SV_TENSOR_MAX_EMPTY = 1 << 24, /* product of the other lengths of a tensor without elements */
    SV_TENSOR_SHAPE_TEXT_SIZE = 22 * SV_TENSOR_MAX_RANK + 3, /* "[-1,3,224,224]" and the zero */
};

/* Dimensions, outermost first. A rank of 0 is a scalar, one element. */
typedef struct sv_shape {
    int rank;                         /* 0..SV_TENSOR_MAX_RANK */
    int64_t dims[SV_TENSOR_MAX_RANK]; /* -1, in what a model declares only: any length */
} sv_shape;

/* Shape from literals: SV_SHAPE(1, 3, 224, 224). For a scalar write (sv_shape){0}. */
#define SV_SHAPE(...)                                                                              \
    ((sv_shape){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})

/* A tensor, row-major. `data` is aligned for its elements and may be NULL when `size_bytes` is 0.
 */
typedef struct sv_tensor {
    sv_str name;
    sv_dtype dtype;
    sv_shape shape;
    const void *data;
    size_t size_bytes;            /* of the elements; texts of BYTES lie elsewhere */
    const struct sv_tensor *keys; /* of a sequence of maps, read as a matrix: what its columns are
                                     called, INT64 or BYTES [columns]. Else NULL */
} sv_tensor;

/* What a model declares about one input or output. */
typedef struct sv_tensor_spec {
    sv_str name;
    sv_dtype dtype;    /* SV_DTYPE_NONE: cannot be carried, `type_text` says what it is */
    bool is_any_shape; /* nothing is said about the shape; its rank is 0 then */
    sv_shape shape;    /* -1 where the length is free */
    sv_str axes[SV_TENSOR_MAX_RANK]; /* the model's names of free axes ("batch"); empty: none */
    sv_dtype map_keys;     /* of a sequence of maps to floats: INT64 or BYTES; dtype is NONE then */
    const char *type_text; /* for messages: "tensor(float)", "sequence of maps" */
} sv_tensor_spec;

/* "FP32"; "NONE" for SV_DTYPE_NONE. Static. */
const char *sv_tensor_dtype_name(sv_dtype dtype);
/* "float32"; "none" for SV_DTYPE_NONE. Static. */
const char *sv_tensor_dtype_numpy(sv_dtype dtype);
/* Bytes of one element; 0 for SV_DTYPE_NONE. */
size_t sv_tensor_dtype_size(sv_dtype dtype);
/* From either name, exact in case; SV_DTYPE_NONE when there is no such type. */
sv_dtype sv_tensor_dtype_find(sv_str name);

/* Product of the dimensions. SV_INVALID for a rank or dimension out of range (-1 too), SV_TOO_LARGE
 * when it does not fit in an int64_t. */
sv_status sv_tensor_shape_count(const sv_shape *shape, size_t *ret_n_elements) SV_MUST_USE;
/* Bytes of the elements; errors as sv_tensor_shape_count. */
sv_status sv_tensor_shape_bytes(const sv_shape *shape, sv_dtype dtype,
                                size_t *ret_bytes) SV_MUST_USE;
/* True when `got` has the rank of `declared` and its lengths wherever they are not free. */
bool sv_tensor_shape_fits(const sv_shape *declared, const sv_shape *got);
/* "[-1,3,224,224]" into `text` of SV_TENSOR_SHAPE_TEXT_SIZE bytes; returns `text`. */
const char *sv_tensor_shape_format(const sv_shape *shape, char *text);

/* Does `tensor` fit what the model declares, and do its bytes fit its shape? SV_OK, or SV_INVALID
 * with a message for the client (input, expected, got) and sv_kind_invalid_input; SV_UNSUPPORTED
 * when the model's input is of a type that cannot be carried. Names are not compared. */
sv_status sv_tensor_check(const sv_tensor_spec *spec, const sv_tensor *tensor,
                          sv_error *error) SV_MUST_USE;

#endif
