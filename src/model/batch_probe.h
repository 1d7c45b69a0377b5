/* batch_probe.h: whether a model gains by running several rows at once, and whether its answers
 * stay what they are: measured while it warms up, and told in words.
 *
 * It decides nothing about requests: batch.h joins those, the scheduler lets them meet. */
#ifndef SERVAL_MODEL_BATCH_PROBE_H
#define SERVAL_MODEL_BATCH_PROBE_H

#include "base/clock.h"
#include "engine/engine.h"

enum {
    SV_BATCH_PROBE_MAX_ROWS = 32,     /* more are never tried at once */
    SV_BATCH_PROBE_REASON_SIZE = 320, /* of a reason, with its zero */
};

typedef struct sv_batch_probe_options {
    /* One row of every input: name, datatype, shape [1, …] with no length free, bytes. Without
     * `data` rows are made up: floats between -2 and 2, UINT8 of the whole range, other integers
     * from 0 to 7, short texts; when the model refuses those, integers of 0 and 1. With `data`
     * every row has it. */
    const sv_tensor *row;
    size_t n_inputs;
    const sv_str *outputs; /* that are compared, by name; NULL: all */
    size_t n_outputs;
    size_t max_rows;       /* as many may run at once; at least 1 */
    bool is_wanted;        /* up to max_rows even where it does not pay; else up to the knee */
    int64_t budget_ns;     /* no run is begun that is expected to end beyond it */
    uint64_t seed;         /* of the made-up rows */
    sv_cancel *cancel;     /* ends the probe; may be NULL */
    const sv_clock *clock; /* NULL: the system's */
} sv_batch_probe_options;

typedef struct sv_batch_probe_result {
    size_t max_rows; /* as many rows should run at once; 1: batching stays off */
    double gain;     /* rows in the same time, beside one by one; at the size that `reason` names */
    bool is_equal;   /* no answer was seen to depend on its neighbours */
    bool is_paying;  /* gain is at least 1.2 */
    char reason[SV_BATCH_PROBE_REASON_SIZE]; /* "batching pays: 5.1 x the rows at 8 at once" */
} sv_batch_probe_result;

/* Runs made-up rows one by one and then 4, 8, 16 (below max_rows) and max_rows at once, in another
 * order and so beside other neighbours, on the calling thread. The knee is the last size that gave
 * a tenth more rows than the one before.
 *
 * Answers are equal when integers, booleans and texts are the same, and floats the same bits or
 * within 1e-5 of the largest of their row: kernels add up in another order when there are more
 * rows, which moves the last bits. Dynamic quantisation, whose scale depends on all rows, moves
 * much more. A model that cannot be probed (no free first axis, made-up input refused, no memory,
 * no time) stays off, with the reason. */
void sv_batch_probe_run(sv_engine_model *model, const sv_batch_probe_options *options,
                        sv_batch_probe_result *ret_result);

#endif
