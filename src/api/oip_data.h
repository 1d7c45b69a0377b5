/* oip_data.h: the `data` arrays of JSON inference requests: text -> elements of a tensor, straight,
 * without a value for each element in between.
 *
 * Two steps. Splitting finds the arrays without looking into them and leaves a small text that any
 * JSON parser reads; reading turns one array into elements once datatype and count are known. */
#ifndef SERVAL_API_OIP_DATA_H
#define SERVAL_API_OIP_DATA_H

#include "base/arena.h"
#include "engine/tensor.h"

enum { SV_OIP_MAX_DEPTH = 100 }; /* levels of arrays and objects in a request */

/* What a request is without its data. */
typedef struct sv_oip_split {
    sv_str text; /* each array `data` of an input is `[I]`: index of its span; in the arena */
    const sv_str *spans; /* "[1,2,[3]]", parts of the request */
    size_t n_spans;
} sv_oip_split;

/* Splits a request. Only brackets and texts are looked at: what is no JSON stays none, in `text` or
 * in a span. SV_INVALID, kind sv_kind_invalid_input: more than SV_OIP_MAX_DEPTH levels;
 * SV_TOO_LARGE: more than SV_ENGINE_MAX_TENSORS arrays; SV_NO_MEMORY. */
sv_status sv_oip_data_split(sv_arena *arena, sv_str request, sv_error *error,
                            sv_oip_split *ret_split) SV_MUST_USE;

/* The same of a body {"inputs": {name: lists, …}}: the arrays are those of the inputs themselves.
 */
sv_status sv_oip_data_split_lists(sv_arena *arena, sv_str request, sv_error *error,
                                  sv_oip_split *ret_split) SV_MUST_USE;

/* Reads the `count` elements of a span, nested in any way, row by row, into `elements`, which has
 * room for them and is aligned. Integers out of the range of `dtype`, and what is no element of it,
 * are refused. Texts of BYTES are parts of the span, or in the arena when they had escapes. `name`
 * is the input's, for messages. SV_INVALID, kind sv_kind_invalid_input; SV_NO_MEMORY. FP16 and BF16
 * have no form in JSON. */
typedef struct sv_oip_array {
    sv_str name, span;
    sv_dtype dtype;
    size_t count;
} sv_oip_array;
sv_status sv_oip_data_read(sv_arena *arena, const sv_oip_array *array, void *elements,
                           sv_error *error) SV_MUST_USE;

/* Reads numbers with commas between them, from `*at` of the span on, up to whatever else stands
 * there or the `count`-th one; `*n_read` counts on. SV_INVALID as above. */
sv_status sv_oip_data_read_numbers(const sv_oip_array *array, size_t *at, size_t *n_read,
                                   void *elements, sv_error *error) SV_MUST_USE;

#endif
