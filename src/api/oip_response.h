/* oip_response.h: inference responses of the Open Inference Protocol: tensors -> JSON, and the
 * bytes behind it. Pure. */
#ifndef SERVAL_API_OIP_RESPONSE_H
#define SERVAL_API_OIP_RESPONSE_H

#include "base/buf.h"
#include "engine/tensor.h"

typedef struct sv_oip_part {
    const sv_tensor *tensor;
    bool is_binary;
} sv_oip_part;

typedef struct sv_oip_response {
    sv_str id; /* empty: none */
    sv_str model, version;
    const sv_oip_part *parts;
    size_t n_parts;
} sv_oip_response;

/* Appends the JSON and the bytes to `out`. `*ret_json_bytes` is the length of the JSON: what is
 * behind it are the binary parts. SV_INVALID, kind sv_kind_invalid_input: a part that JSON cannot
 * carry (FP16, BF16, numbers that are not finite, bytes that are not UTF-8): it has to be asked for
 * as binary. SV_TOO_LARGE, SV_NO_MEMORY. */
sv_status sv_oip_response_write(const sv_oip_response *response, sv_buf *out, sv_error *error,
                                size_t *ret_json_bytes) SV_MUST_USE;

#endif
