/* tensor_text.h: nested JSON lists of numbers, as text -> a tensor, straight, without a value for
 * each number in between. For what is right; what is wrong with the rest, tensor_json.h tells. */
#ifndef SERVAL_API_TENSOR_TEXT_H
#define SERVAL_API_TENSOR_TEXT_H

#include "base/arena.h"
#include "engine/tensor.h"

/* Reads a tensor as sv_tensor_json_read does. The elements are in the arena. `*n_values` is how
 * many more values of JSON the text may hold, lists included, and what is left of them. On any
 * failure read the text as JSON: SV_UNSUPPORTED, for elements that are no numbers, for mistakes,
 * for lists that are empty and for too many values; SV_TOO_LARGE; SV_NO_MEMORY. */
sv_status sv_tensor_text_read(sv_arena *arena, const sv_tensor_spec *spec, sv_str text,
                              size_t *n_values, sv_tensor *ret_tensor) SV_MUST_USE;

#endif
