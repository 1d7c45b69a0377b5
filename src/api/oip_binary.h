/* oip_binary.h: the binary tensor data extension: where the JSON ends, and tensors as bytes:
 * little-endian, row by row; each text of BYTES behind its length in four bytes. Pure. */
#ifndef SERVAL_API_OIP_BINARY_H
#define SERVAL_API_OIP_BINARY_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/tensor.h"

/* Reads Inference-Header-Content-Length: the bytes of JSON at the start of a body of `body_bytes`;
 * a NULL pointer (no such header): all of it. SV_INVALID, kind sv_kind_invalid_input. */
sv_status sv_oip_binary_split(sv_str header, size_t body_bytes, sv_error *error,
                              size_t *ret_json_bytes) SV_MUST_USE;

/* Makes `tensor` of the bytes; its name, datatype and shape are set. They stay where they are when
 * they are aligned; else they are copied to the heap, freed with the arena. Texts of BYTES stay in
 * any case. SV_INVALID, kind sv_kind_invalid_input: not the bytes of this shape, or lengths of
 * texts that do not add up; `model` is for the message. SV_NO_MEMORY. */
sv_status sv_oip_binary_read(sv_arena *arena, sv_str bytes, sv_str model, sv_error *error,
                             sv_tensor *tensor) SV_MUST_USE;

/* A raw request is the one input of a model and nothing else: makes a tensor of the shape that the
 * number of bytes leaves (at most one length may be free); of BYTES it is the one text. Errors as
 * sv_oip_binary_read. */
sv_status sv_oip_binary_read_raw(sv_arena *arena, sv_str bytes, const sv_tensor_spec *spec,
                                 sv_error *error, sv_tensor *ret_tensor) SV_MUST_USE;

/* How many bytes the tensor takes on the wire. */
size_t sv_oip_binary_size(const sv_tensor *tensor);
/* Appends them; what failed is in the buffer. */
void sv_oip_binary_write(const sv_tensor *tensor, sv_buf *out);

/* Memory for tensors: on the heap, not counted by the arena but freed with it; aligned for every
 * element. NULL when out of memory. A size of 0 gives a valid pointer. */
void *sv_oip_binary_alloc(sv_arena *arena, size_t size_bytes);

#endif
