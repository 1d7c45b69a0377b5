/* batch.h: several requests for one model as one run of it: their inputs joined along the first
 * axis, and for each request the rows of the outputs that are its own.
 *
 * Who meets whom, and how long a request waits for others, is the scheduler's affair; whether a
 * model gains by it, batch_probe.h's. */
#ifndef SERVAL_MODEL_BATCH_H
#define SERVAL_MODEL_BATCH_H

#include "model/joint_cancel.h"
#include "model/task_tensor.h"

/* Whether the first axis of a model is one of rows, as far as it says so: every input, and every
 * output in `outputs` (`n_outputs` names; NULL: all), is a tensor whose first axis is free; axes
 * that have a name have the same. SV_OK, or SV_UNSUPPORTED with the reason for people. Pure. */
sv_status sv_batch_check(const sv_engine_info *info, const sv_str *outputs, size_t n_outputs,
                         sv_error *error) SV_MUST_USE;

/* The rows of a request: the first dimension of its inputs; 0 when they differ or have none. */
size_t sv_batch_rows(const sv_tensor_request *request);

/* Requests for one model can be joined when their classes are equal: the same inputs, in any order,
 * of the same datatypes and the same lengths behind the first axis. Outputs asked for may differ.
 * 0: the request cannot be joined with any other (sv_batch_check, or no rows). Pure. */
uint64_t sv_batch_class(const sv_engine_info *info, const sv_tensor_request *request);

/* One of those who run together: fill `request`. */
typedef struct sv_batch_member {
    const sv_tensor_request *request;
    /* What came of it: as of sv_task_tensor_run. */
    sv_status status;
    sv_tensors outputs;
    sv_error error;
    /* Where its rows lie in the run of all; n_rows is 0 when it had no part in it. */
    size_t first_row, n_rows;
    /* Private. */
    bool is_pending;
    sv_joint_cancel_seat seat;
} sv_batch_member;

typedef enum sv_batch_outcome {
    SV_BATCH_OUTCOME_ALONE,  /* each by itself: fewer than two are left, or they do not fit */
    SV_BATCH_OUTCOME_JOINED, /* all that could run did so at once */
    SV_BATCH_OUTCOME_FAILED, /* the run of all failed; each was run again by itself */
    SV_BATCH_OUTCOME_UNEVEN, /* the outputs have not one row for each: each was run again by itself,
                                and so it will be the next time: do not batch this model */
} sv_batch_outcome;

/* Memory for joined inputs, kept from run to run. Zeroed is empty; one run at a time. */
typedef struct sv_batch_room {
    void *ptr;
    size_t size_bytes;
} sv_batch_room;
/* Accepts a zeroed one. */
void sv_batch_room_deinit(sv_batch_room *room);

/* Runs the model for all members on the calling thread, which owns their arenas meanwhile. One
 * member runs as by sv_task_tensor_run, without a copy. A failure is told only to whom it belongs.
 * A member that is cancelled before the run has no part in it, one that is cancelled during the run
 * gets SV_CANCELLED after it; the run is ended early when all are cancelled. Every member's
 * timeline gets the whole time. Outputs lie in memory that all share: they live as long as the
 * member's arena, arenas may go in any order on any threads, and the model must be loaded until the
 * last has gone. */
sv_batch_outcome sv_batch_run(sv_engine_model *model, sv_batch_member *members, size_t n_members,
                              sv_batch_room *room);

#endif
