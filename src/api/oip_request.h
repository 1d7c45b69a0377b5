/* oip_request.h: inference requests of the Open Inference Protocol: what the JSON says, and the
 * tensors that it and the bytes behind it make for a model. Pure; the layout of bytes is
 * oip_binary.c's. */
#ifndef SERVAL_API_OIP_REQUEST_H
#define SERVAL_API_OIP_REQUEST_H

#include "base/arena.h"
#include "engine/engine.h"

typedef struct sv_oip_input {
    sv_str name;
    sv_dtype dtype;
    sv_shape shape;
    sv_str data;     /* the JSON array; NULL pointer: the tensor is binary */
    size_t n_binary; /* bytes of a binary one */
} sv_oip_input;

typedef struct sv_oip_output {
    sv_str name;
    bool is_binary;
    size_t n_classes; /* 0: the tensor itself */
} sv_oip_output;

typedef struct sv_oip_request {
    sv_str id; /* empty: none */
    sv_oip_input *inputs;
    size_t n_inputs;
    sv_oip_output *outputs; /* in the order asked for */
    size_t n_outputs;       /* 0: all */
    bool all_binary;        /* of outputs that are not listed */
    uint64_t timeout_us;    /* in line, at most; 0: the server's */
    uint64_t priority;      /* 1: before all others; 0: the usual one */
} sv_oip_request;

/* The model that a request is for, and what came with it. */
typedef struct sv_oip_target {
    sv_str model; /* its name, for messages */
    const sv_engine_info *info;
    sv_str bytes; /* behind the JSON */
} sv_oip_target;

/* Reads the JSON. Knows no model. All in `arena`, or parts of `json`. Errors are in the words that
 * users of this protocol know. SV_INVALID, kind sv_kind_invalid_input; SV_TOO_LARGE; SV_NO_MEMORY.
 */
sv_status sv_oip_request_parse(sv_arena *arena, sv_str json, sv_error *error,
                               sv_oip_request *ret_request) SV_MUST_USE;

/* Makes the input tensors, after all was compared with what the model declares. Binary tensors stay
 * where they are when they are aligned. Large tensors are on the heap and freed with the arena.
 * Errors as sv_oip_request_parse. */
sv_status sv_oip_request_tensors(sv_arena *arena, const sv_oip_request *request,
                                 const sv_oip_target *target, sv_error *error,
                                 const sv_tensor **ret_tensors) SV_MUST_USE;
/* Whether the tensors or the request itself have parts of what was read. False for requests whose
 * inputs are all numbers in JSON: these are copies. */
bool sv_oip_request_needs_body(const sv_oip_request *request);

#endif
