/* model_work.h: what every endpoint of models does around the work itself: finds the model and the
 * version, waits until it is loaded, waits for a permit, tells times, counts, ends the call. What
 * the work is: its `begin` and its `run`.
 *
 * An endpoint embeds the struct in a job of its own, in the call's arena:
 *
 *     struct job { sv_model_work work; … };
 *     job->work = (sv_model_work){.call = call, .begin = begin_job, .run = run_job};
 *     return sv_model_work_start(&job->work, &(sv_wish){.model = name});
 *
 * `begin` reads the input and ends with sv_model_work_submit. One thread at a time: the one that
 * runs the handler or a later one of the pool, then the one that holds the permit. */
#ifndef SERVAL_API_MODEL_WORK_H
#define SERVAL_API_MODEL_WORK_H

#include "api/services.h"
#include "model/loader.h"
#include "web/call.h"

typedef struct sv_model_work {
    sv_call *call;
    /* With the instance, on a thread that may block for as long as reading takes. SV_DEFERRED: the
     * work was submitted, or goes its own way to it. Else the call ends with what it returns. */
    sv_status (*begin)(struct sv_model_work *work);
    /* With a permit, on the thread that has it, which may block for as long as the model runs:
     * fills the call's `out`. A failure is told as by sv_call_fail_with. The call ends afterwards.
     */
    sv_status (*run)(struct sv_model_work *work, sv_error *error);
    sv_priority priority;
    uint32_t units; /* rows of the input, when it is known: how much work it is; 0 counts as 1 */
    int64_t
        deadline_ns; /* of the run's start and end, when it is sooner than the call's; 0: none */

    /* How it may run together with others, instead of by `run`: batch_work.h. */
    const struct sv_batch_steps *steps;
    void (*run_batch)(sv_work *const *queued, size_t n); /* NULL: it runs alone */
    uint64_t batch_class;

    /* Set by _start. */
    sv_services *services;
    int64_t started_ns;
    /* Set before `begin`. */
    sv_model *model;
    sv_model_version *version;
    sv_instance *instance; /* held until the call's memory goes */
    /* Set by _begin_run; whoever runs several at once sets them then. */
    size_t executed_rows; /* of the run that this work stands for; 0: another stands for it */
    int64_t ran_until_ns; /* when the model was through; 0: known from the call's stages */
    /* Of this file. */
    sv_wish wish;
    sv_load_ticket ticket;
    sv_work queued;
} sv_model_work;

/* Finds what `wish` (`arena` need not be set) asks for, waits for it if need be, and goes on with
 * `begin`. The header X-Model-Version counts where the wish names no version. The headers X-Model
 * and X-Model-Version of the answer are set. Returns what `begin` returns, or SV_DEFERRED when it
 * has to be loaded first; else the failure was told to the call: 404 for what is unknown
 * (`available` lists the versions), 503 for what cannot answer. */
sv_status sv_model_work_start(sv_model_work *work, const sv_wish *wish) SV_MUST_USE;

/* Hands the work to the scheduler with the call's deadline and cancel token. SV_DEFERRED: `run` is
 * called, or was, and the call ends without the caller; the work is gone. Else it was refused, told
 * to the call with Retry-After, and the caller has it still. */
sv_status sv_model_work_submit(sv_model_work *work) SV_MUST_USE;

/* Of work that goes another way than the scheduler's: it waits, until it begins to run. */
void sv_model_work_await(sv_model_work *work);
/* Who asks, for fair shares: a hash of the address; 0: not known. */
uint32_t sv_model_work_client(const sv_call *call);

/* What `run` is wrapped in, for who runs several: the work has its permit; and it has run, which
 * ends its call. Returns whether it broke off since its client has left. The work is gone. */
void sv_model_work_begin_run(sv_model_work *work);
bool sv_model_work_end_run(sv_model_work *work, sv_status status, sv_error *error);
/* The end of work that went another way: both at once. `stage` is where it was when it ended: what
 * was given up, came too late or was refused in line never ran. `queued.waited_ns` and
 * `.submitted_ns` are set. */
void sv_model_work_end_at(sv_model_work *work, sv_cancel_stage stage, sv_status status,
                          sv_error *error);

/* Ends a call whose handler has returned SV_DEFERRED, before the work was submitted; `error` may be
 * NULL. The work is gone. */
void sv_model_work_finish(sv_model_work *work, sv_status status, const sv_error *error);
void sv_model_work_count_cancelled(const sv_model_work *work, sv_cancel_stage stage);
/* Since _start, in milliseconds of two decimals: `inference_time_ms`. */
double sv_model_work_elapsed_ms(const sv_model_work *work);
/* Adds the time since `*since_ns` to a stage of Server-Timing, and sets it to now. */
void sv_model_work_add_stage(const sv_model_work *work, sv_stage stage, int64_t *since_ns);

#endif
