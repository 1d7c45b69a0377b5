/* task_tensor.h: a model as it is: named tensors in, named tensors out. What they mean is the
 * caller's affair. */
#ifndef SERVAL_MODEL_TASK_TENSOR_H
#define SERVAL_MODEL_TASK_TENSOR_H

#include "base/arena.h"
#include "base/cancel.h"
#include "engine/engine.h"
#include "observe/timeline.h"

typedef struct sv_tensor_request {
    const sv_tensor *inputs; /* every input of the model, once, in any order */
    size_t n_inputs;
    const sv_str *outputs; /* by name, each at most once; NULL: all, in the model's order */
    size_t n_outputs;
    bool maps_as_rows;     /* those that are sequences of maps: see sv_engine_output */
    sv_arena *arena;       /* of the answer */
    sv_cancel *cancel;     /* may be NULL */
    sv_timeline *timeline; /* infer is added; may be NULL */
} sv_tensor_request;

/* In the order asked for. */
typedef struct sv_tensors {
    const sv_tensor *items;
    size_t len;
} sv_tensors;

/* What the model declares under this name. SV_INVALID, kind sv_kind_invalid_input: it has no such
 * input; the message lists those it has. */
sv_status sv_task_tensor_find_input(const sv_engine_info *info, sv_str name, sv_error *error,
                                    const sv_tensor_spec **ret_spec) SV_MUST_USE;

/* Whether the model would take the request: worth asking before it waits for a permit. Pure. All
 * with sv_kind_invalid_input and a message that says what is allowed: SV_INVALID: a name that is
 * unknown, missing or there twice, a datatype or shape that does not fit; SV_UNSUPPORTED: an input
 * or output that is asked for is not a tensor. */
sv_status sv_task_tensor_check(const sv_engine_info *info, const sv_tensor_request *request,
                               sv_error *error) SV_MUST_USE;

/* Runs the model on the calling thread. The outputs are the engine's own memory: they live as long
 * as the arena, and the model must be loaded until then. Errors as sv_engine_run and
 * sv_task_tensor_check. */
sv_status sv_task_tensor_run(sv_engine_model *model, const sv_tensor_request *request,
                             sv_error *error, sv_tensors *ret_outputs) SV_MUST_USE;

/* For tasks that make tensors themselves: the client sent none, so one that the model does not take
 * is no fault of its. Makes SV_INVALID and SV_UNSUPPORTED of a run a SV_FAILED of kind
 * sv_kind_inference_failed; other statuses stay. */
sv_status sv_task_tensor_own_up(sv_status status, sv_error *error) SV_MUST_USE;

#endif
