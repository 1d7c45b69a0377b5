/* tensor_json.h: nested JSON lists <-> tensors, e.g. [[1,2],[3,4]] <-> FP32 [2,2]. A scalar, of
 * rank 0, is a bare value. Pure. */
#ifndef SERVAL_API_TENSOR_JSON_H
#define SERVAL_API_TENSOR_JSON_H

#include "base/writer.h"
#include "engine/tensor.h"
#include "json/errors.h"
#include "json/value.h"

/* Reads a tensor of the datatype that `spec` says, in the shape that the lists have; where they are
 * empty, the rest of the shape is what `spec` says. Whether the shape fits the model is not asked.
 * Integers are exact: 1.0 is one, 1.5 is none; BOOL takes true and false only, BYTES texts only.
 * The elements are in the arena of `errors`, texts are those of the value. The name is the spec's.
 * SV_INVALID: all mistakes were added to `errors`, at their places below `where`: lists of
 * different lengths or more levels than a tensor can have, else values of another type or out of
 * range; SV_UNSUPPORTED: the spec is no tensor; SV_TOO_LARGE; SV_NO_MEMORY. */
sv_status sv_tensor_json_read(const sv_tensor_spec *spec, const sv_value *value,
                              const sv_loc *where, sv_errors *errors,
                              sv_tensor *ret_tensor) SV_MUST_USE;

/* Reads one element of a datatype (not SV_DTYPE_NONE) to `out`, which has room for it. A mistake is
 * added to `errors`. */
void sv_tensor_json_read_element(sv_dtype dtype, const sv_value *value, const sv_loc *where,
                                 sv_errors *errors, void *out);

/* Writes a tensor as nested lists. SV_FAILED, kind sv_kind_invalid_model_output: a number is not
 * finite; what was written is not complete then. Other failures are the buffer's. */
sv_status sv_tensor_json_write(const sv_tensor *tensor, sv_writer *writer,
                               sv_error *error) SV_MUST_USE;

#endif
