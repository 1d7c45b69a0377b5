/* tensor_work.h: a call that runs a model as it is: {"inputs": {name: nested lists}} ->
 * {"outputs": {name: nested lists}}. */
#ifndef SERVAL_API_TENSOR_WORK_H
#define SERVAL_API_TENSOR_WORK_H

#include "api/model_work.h"
#include "model/task_tensor.h"
#include "json/value.h"

/* In the call's arena; owned by one step at a time. */
typedef struct sv_tensor_work {
    sv_model_work work; /* `call` is set; _find was called */
    /* Of this file. */
    sv_tensor_request request;
    sv_arena *memory; /* of the inputs of a large body, until they were run; else NULL */
} sv_tensor_work;

/* Reads the parsed body (sv_model_body_read), checks it against what the model declares and has it
 * run. SV_DEFERRED: the call ends without the caller, with an answer of bytes. Else the failure was
 * told to the call. */
sv_status sv_tensor_work_begin(sv_tensor_work *job, const sv_value *body) SV_MUST_USE;

/* The same from the bytes of the body, in less time and memory. SV_UNSUPPORTED: there is something
 * about them that sv_tensor_work_begin has to judge; nothing was told to the call. */
sv_status sv_tensor_work_begin_text(sv_tensor_work *job, sv_str body) SV_MUST_USE;

#endif
