/* scheduler.h: compute permits and the one line in which model work waits for them.
 *
 * DESIGN. `n_permits` works run at once, each on the thread that got its permit: the one that
 * submitted it, or one that has just finished another and goes on with the next in line, caches
 * hot. Waiting works hold no thread. A work is admitted only if its predicted finish (the work
 * before it and its own, by the lane's smoothed service time, over the permits) keeps its deadline:
 * refusing early is honest, computing for nobody is not. */
#ifndef SERVAL_MODEL_SCHEDULER_H
#define SERVAL_MODEL_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/list.h"
#include "io/pool.h"

typedef struct sv_scheduler sv_scheduler;

/* What is known of one model version's speed. In the owner's storage, zeroed at first; the
 * scheduler's lock guards it. */
typedef struct sv_lane {
    int64_t service_ns; /* exponentially weighted mean; 0: nothing measured yet */
} sv_lane;

/* One piece of model work, in the submitter's storage until `run` or `drop` is called: exactly one
 * of them, once. */
typedef struct sv_work {
    /* Holds a permit. The work is the callee's again: it may free it. */
    void (*run)(struct sv_work *work);
    /* Never ran: SV_CANCELLED. */
    void (*drop)(struct sv_work *work, sv_status status);
    sv_lane *lane;       /* must outlive the work */
    sv_cancel *cancel;   /* may be NULL */
    int64_t deadline_ns; /* monotonic; SV_NEVER: none */
    int64_t waited_ns;   /* out: time in line, set before `run` */

    /* The scheduler's. */
    sv_scheduler *scheduler;
    sv_list_node node;
    sv_cancel_callback on_cancel;
    sv_message message;
    int64_t submitted_ns, predicted_ns;
    bool is_waiting;
} sv_work;

typedef struct sv_scheduler_stats {
    size_t n_running, n_waiting;
    int64_t predicted_wait_ns; /* of a work that came now */
    int64_t last_progress_ns;  /* a work was last started or finished */
} sv_scheduler_stats;

typedef struct sv_scheduler_config {
    size_t n_permits;
    size_t max_waiting;    /* works in line, in all */
    sv_pool *pool;         /* runs `drop` of cancelled works; must outlive the scheduler */
    const sv_clock *clock; /* NULL: the system's */
} sv_scheduler_config;

sv_status sv_scheduler_new(const sv_scheduler_config *config,
                           sv_scheduler **ret_scheduler) SV_MUST_USE;
/* No work may be in line or running. NULL is fine. */
void sv_scheduler_free(sv_scheduler *scheduler);

/* Runs the work now on the calling thread, or puts it in line; any thread that may block for the
 * time of a work. SV_UNAVAILABLE: refused, nothing will be called; `*ret_retry_after_s` (≥ 1) is
 * when it should fit. */
sv_status sv_scheduler_submit(sv_scheduler *scheduler, sv_work *work,
                              int64_t *ret_retry_after_s) SV_MUST_USE;
/* Any thread. */
sv_scheduler_stats sv_scheduler_get_stats(sv_scheduler *scheduler);

#endif
