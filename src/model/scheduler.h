/* scheduler.h: compute permits and the one place in which model work waits for them.
 *
 * DESIGN. `n_permits` works run at once, each on the thread that got its permit: the one that
 * submitted it, one of the pool that was called for what was posted, or one that has just finished
 * another and goes on with the next in line, caches hot. Waiting works hold no thread. A work that
 * finds a free permit runs at once, alone; one that finds none waits in its model's line (line.h),
 * is refused (admission.h), and is chosen by fair shares (backlog.h). Works of one lane and batch
 * class that wait when a permit comes free run as one, on the thread that got the permit. No permit
 * is ever kept waiting for company: under load a batch has formed meanwhile, and without load it
 * would only cost time; so `max_delay_ns`, the upper bound of such a wait, is always kept.
 *
 * The policies are pure and know no threads; this file gives them a lock, a clock and threads. */
#ifndef SERVAL_MODEL_SCHEDULER_H
#define SERVAL_MODEL_SCHEDULER_H

#include "io/pool.h"
#include "model/backlog.h"

typedef struct sv_scheduler sv_scheduler;

typedef struct sv_scheduler_stats {
    size_t n_running, n_waiting;
    int64_t predicted_wait_ns; /* of a work that came now */
    int64_t last_progress_ns;  /* a work was last started or finished */
} sv_scheduler_stats;

typedef struct sv_line_stats {
    size_t n_waiting;
    int64_t predicted_wait_ns;
    size_t limit;     /* works that may wait */
    int64_t limit_ns; /* the same in time */
} sv_line_stats;

typedef struct sv_scheduler_config {
    size_t n_permits;
    size_t max_waiting; /* works in all lines */
    sv_pool *pool;      /* runs `drop` of works cancelled in line, and what is posted; must outlive
                           the scheduler */
    const sv_clock *clock; /* NULL: the system's */
} sv_scheduler_config;

sv_status sv_scheduler_new(const sv_scheduler_config *config,
                           sv_scheduler **ret_scheduler) SV_MUST_USE;
/* No work may be in line or running. NULL is fine. */
void sv_scheduler_free(sv_scheduler *scheduler);

/* Puts the work in line, whether or not a permit is free; if one is, a thread of the pool comes for
 * it: so works that are posted one after the other may meet in a batch. Any thread, an event loop's
 * too: it never runs the work. What it returns is that of sv_scheduler_submit. */
sv_status sv_scheduler_post(sv_scheduler *scheduler, sv_work *work,
                            sv_work_refusal *ret_refusal) SV_MUST_USE;
/* Runs the work now on the calling thread, or puts it in line; any thread that may block for the
 * time of a work. One that is cancelled already is dropped before it waits, by the calling thread:
 * SV_OK. SV_UNAVAILABLE: refused, nothing will be called; `*ret_refusal` tells why, and is written
 * only then. */
sv_status sv_scheduler_submit(sv_scheduler *scheduler, sv_work *work,
                              sv_work_refusal *ret_refusal) SV_MUST_USE;
/* Any thread. */
sv_scheduler_stats sv_scheduler_get_stats(sv_scheduler *scheduler);
/* Of one model, for a work of `lane` that came now. Any thread. */
sv_line_stats sv_scheduler_get_line_stats(sv_scheduler *scheduler, const sv_lane *lane);
/* Nothing of the lane waits or runs, and the scheduler has done with the lane: once nothing more is
 * submitted, it may go. A work's own callback comes before that. Any thread. */
bool sv_scheduler_is_lane_idle(sv_scheduler *scheduler, const sv_lane *lane);

#endif
