/* model_work.h: what every endpoint of models does around the work itself: finds the model and the
 * version, waits for a permit, tells times, counts, ends the call. What the work is: its `run`.
 *
 * An endpoint embeds the struct in a job of its own, in the call's arena:
 *
 *     struct job { sv_model_work work; … };
 *     job->work = (sv_model_work){.call = call, .run = run_job};
 *     sv_model_work_start(&job->work);
 *     sv_status status = sv_model_work_find(&job->work, name, version);
 *     return status ? status : sv_model_work_submit(&job->work);
 *
 * One thread at a time: the one that runs the handler, then the one that holds the permit. */
#ifndef SERVAL_API_MODEL_WORK_H
#define SERVAL_API_MODEL_WORK_H

#include "api/services.h"
#include "web/call.h"

typedef struct sv_model_work {
    sv_call *call;
    /* With a permit, on the thread that has it, which may block for as long as the model runs:
     * fills the call's `out`. A failure is told as by sv_call_fail_with. The call ends afterwards.
     */
    sv_status (*run)(struct sv_model_work *work, sv_error *error);

    /* Set by _start. */
    sv_services *services;
    int64_t started_ns;
    /* Set by _find. */
    sv_model *model;
    sv_model_version *version;
    /* Of this file. */
    sv_work queued;
} sv_model_work;

/* Takes the time and the services of the call. `call` and `run` must be set. */
void sv_model_work_start(sv_model_work *work);

/* Finds the model and the version; empty: the default ones. The version that is given wins over the
 * header X-Model-Version. The headers X-Model and X-Model-Version of the answer are set. SV_FAILED,
 * told to the call: 404 for what is unknown (`available` lists the versions), 503 for a version
 * that is not loaded. */
sv_status sv_model_work_find(sv_model_work *work, sv_str model, sv_str version) SV_MUST_USE;

/* Hands the work to the scheduler with the call's deadline and cancel token. SV_DEFERRED: `run` is
 * called, or was, and the call ends without the caller; the work is gone. Else it was refused, told
 * to the call with Retry-After, and the caller has it still. */
sv_status sv_model_work_submit(sv_model_work *work) SV_MUST_USE;

/* Ends a call whose handler has returned SV_DEFERRED, before the work was submitted; `error` may be
 * NULL. The work is gone. */
void sv_model_work_finish(sv_model_work *work, sv_status status, const sv_error *error);
void sv_model_work_count_cancelled(const sv_model_work *work, sv_cancel_stage stage);
/* Since _start, in milliseconds of two decimals: `inference_time_ms`. */
double sv_model_work_elapsed_ms(const sv_model_work *work);
/* Adds the time since `*since_ns` to a stage of Server-Timing, and sets it to now. */
void sv_model_work_add_stage(const sv_model_work *work, sv_stage stage, int64_t *since_ns);

#endif
