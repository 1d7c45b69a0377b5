/* scheduler.c: threads, tokens and a lock around the policies of backlog.h and admission.h. See
 * scheduler.h for the design.
 *
 * Lock order: a work's cancel token is locked by whoever fires it and calls on_cancel, which takes
 * the scheduler's lock; so no token is touched while the scheduler's lock is held. */
#include "model/scheduler.h"

#include <pthread.h>
#include <stdlib.h>

#include "model/admission.h"

/* On its way to a thread of the pool, with a permit for what is in line. */
typedef struct runner {
    sv_message message;
    sv_scheduler *scheduler;
    struct runner *next;
} runner;

struct sv_scheduler {
    sv_pool *pool;
    const sv_clock *clock;
    pthread_mutex_t lock;
    /* Guarded by lock. */
    sv_backlog backlog;
    int64_t last_progress_ns;
    runner *idle; /* of one for each permit */
    runner runners[];
};

static void run_runner(sv_message *message);

/* What a thread does with its permit. */
typedef struct turn {
    sv_backlog_run run;
    int64_t started_ns;
    int64_t units; /* that did run */
    bool was_left;
    sv_work *works[SV_BACKLOG_MAX_BATCH];
} turn;

/* With the lock held. */
static void put_idle(sv_scheduler *scheduler, runner *self)
{
    *self = (runner){.message.run = run_runner, .scheduler = scheduler, .next = scheduler->idle};
    scheduler->idle = self;
}

sv_status sv_scheduler_new(const sv_scheduler_config *config, sv_scheduler **ret_scheduler)
{
    sv_scheduler *scheduler =
        calloc(1, sizeof *scheduler + config->n_permits * sizeof *scheduler->runners);
    if (!scheduler)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < config->n_permits; i++)
        put_idle(scheduler, &scheduler->runners[i]);
    scheduler->pool = config->pool;
    scheduler->clock = config->clock ? config->clock : &sv_clock_system;
    pthread_mutex_init(&scheduler->lock, NULL);
    sv_backlog_init(&scheduler->backlog, config->n_permits, config->max_waiting);
    *ret_scheduler = scheduler;
    return SV_OK;
}

void sv_scheduler_free(sv_scheduler *scheduler)
{
    if (!scheduler)
        return;
    pthread_mutex_destroy(&scheduler->lock);
    free(scheduler);
}

static int64_t read_now(const sv_scheduler *scheduler)
{
    return sv_clock_now_ns(scheduler->clock);
}

/* On the pool. Removing the callback waits for the canceller to let go of the work. */
static void run_drop(sv_message *message)
{
    sv_work *work = SV_CONTAINER_OF(message, sv_work, message);
    sv_cancel_remove(work->cancel, &work->on_cancel);
    work->drop(work, SV_CANCELLED);
}

/* On the canceller's thread, which must not end the call itself: the pool does. A pool that has no
 * room leaves the work in line, where it is dropped when its turn comes. */
static void drop_waiting(void *arg)
{
    sv_work *work = arg;
    sv_scheduler *scheduler = work->scheduler;
    bool left = sv_cancel_get(work->cancel) != SV_CANCEL_SHUTDOWN;
    int64_t now = read_now(scheduler);
    work->message.run = run_drop;
    pthread_mutex_lock(&scheduler->lock);
    if (work->is_waiting && sv_pool_submit(scheduler->pool, &work->message) == SV_OK)
        sv_backlog_leave(&scheduler->backlog, work, left, now);
    pthread_mutex_unlock(&scheduler->lock);
}

/* Drops those that are cancelled, keeps the others in order; returns how many these are. */
static size_t drop_cancelled(turn *held)
{
    size_t n = 0;
    for (size_t i = 0; i < held->run.n_works; i++) {
        sv_work *work = held->works[i];
        work->waited_ns = held->started_ns - work->submitted_ns;
        work->ret_was_left = &held->was_left;
        if (sv_cancel_is_set(work->cancel)) {
            work->drop(work, SV_CANCELLED);
            continue;
        }
        held->units += sv_work_units(work);
        held->works[n++] = work;
    }
    return n;
}

/* The works are gone afterwards. */
static void run_works(const sv_scheduler *scheduler, turn *held)
{
    held->started_ns = read_now(scheduler);
    held->units = 0;
    held->was_left = false;
    size_t n = held->run.n_works = drop_cancelled(held);
    if (n == 0)
        return;
    sv_work *first = held->works[0];
    if (n == 1 && first->run)
        first->run(first);
    else
        first->run_batch(held->works, n);
}

/* Outside of the lock: those that were taken are out of the cancellers' reach now. */
static bool let_go(turn *held, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sv_cancel_remove(held->works[i]->cancel, &held->works[i]->on_cancel);
    return n > 0;
}

/* Learns from the turn and takes the next works for the permit. False: it was given back. */
static bool finish_turn(sv_scheduler *scheduler, turn *held)
{
    int64_t now = read_now(scheduler);
    sv_backlog_end end = {.now_ns = now,
                          .took_ns = now - held->started_ns,
                          .units = held->units,
                          .was_left = held->was_left};
    pthread_mutex_lock(&scheduler->lock);
    scheduler->last_progress_ns = now;
    sv_backlog_finish(&scheduler->backlog, &held->run, &end);
    size_t n = sv_backlog_take(&scheduler->backlog, now, held->works, &held->run);
    pthread_mutex_unlock(&scheduler->lock);
    return let_go(held, n);
}

/* Until nothing is left for the permit. */
static void run_turns(sv_scheduler *scheduler, turn *held)
{
    do
        run_works(scheduler, held);
    while (finish_turn(scheduler, held));
}

static void run_with_permit(sv_scheduler *scheduler, sv_work *work, const sv_backlog_run *run)
{
    turn held;
    held.run = *run;
    held.works[0] = work;
    run_turns(scheduler, &held);
}

/* On the pool, with a permit. */
static void run_runner(sv_message *message)
{
    runner *self = SV_CONTAINER_OF(message, runner, message);
    sv_scheduler *scheduler = self->scheduler;
    int64_t now = read_now(scheduler);
    turn held;
    pthread_mutex_lock(&scheduler->lock);
    put_idle(scheduler, self);
    size_t n = sv_backlog_take(&scheduler->backlog, now, held.works, &held.run);
    pthread_mutex_unlock(&scheduler->lock);
    if (let_go(&held, n))
        run_turns(scheduler, &held);
}

/* With the lock held: sends a free permit to the pool. False: the pool takes nothing. */
static bool call_runner(sv_scheduler *scheduler)
{
    runner *self = scheduler->idle;
    scheduler->idle = self->next; /* there is one for each permit that is free */
    if (sv_pool_submit(scheduler->pool, &self->message) == SV_OK) {
        scheduler->backlog.n_running++;
        return true;
    }
    put_idle(scheduler, self);
    return false;
}

/* The cancel callback is registered while the work cannot be started by anybody else: it is not in
 * line yet. One that was cancelled before that is told by nobody: it does not get there. */
static void wait_in_line(sv_scheduler *scheduler, sv_work *work)
{
    sv_backlog_run run;
    sv_cancel_add(work->cancel, &work->on_cancel);
    pthread_mutex_lock(&scheduler->lock);
    bool is_cancelled = sv_cancel_is_set(work->cancel);
    bool run_now = !is_cancelled && sv_backlog_start(&scheduler->backlog, work, &run);
    bool waits = !is_cancelled && !run_now;
    if (waits)
        sv_backlog_enter(&scheduler->backlog, work);
    pthread_mutex_unlock(&scheduler->lock);
    if (waits)
        return;
    sv_cancel_remove(work->cancel, &work->on_cancel);
    if (run_now)
        run_with_permit(scheduler, work, &run);
    else
        work->drop(work, SV_CANCELLED);
}

static void prepare(sv_scheduler *scheduler, sv_work *work, int64_t now)
{
    work->scheduler = scheduler;
    work->submitted_ns = now;
    work->is_waiting = work->was_batched = false;
    work->on_cancel = (sv_cancel_callback){.run = drop_waiting, .arg = work};
}

static void drop_shadow(sv_work *shadow)
{
    if (!shadow)
        return;
    sv_cancel_remove(shadow->cancel, &shadow->on_cancel);
    shadow->drop(shadow, SV_UNAVAILABLE);
}

sv_status sv_scheduler_submit(sv_scheduler *scheduler, sv_work *work, sv_work_refusal *ret_refusal)
{
    sv_backlog *backlog = &scheduler->backlog;
    sv_backlog_run run;
    sv_work *shadow = NULL;
    int64_t now = read_now(scheduler);
    prepare(scheduler, work, now);
    pthread_mutex_lock(&scheduler->lock);
    sv_admission_note(backlog, work, now);
    bool runs = sv_backlog_start(backlog, work, &run);
    bool admitted = runs || sv_admission_decide(backlog, work, now, ret_refusal);
    if (admitted && !runs && backlog->n_waiting >= backlog->max_waiting)
        shadow = sv_backlog_evict(backlog);
    if (admitted && backlog->n_waiting == 0)
        scheduler->last_progress_ns = now;
    pthread_mutex_unlock(&scheduler->lock);
    drop_shadow(shadow);
    if (!admitted)
        return SV_UNAVAILABLE;
    if (runs)
        run_with_permit(scheduler, work, &run);
    else
        wait_in_line(scheduler, work);
    return SV_OK;
}

/* With the lock held: into the line. False: nobody would come for it. */
static bool enter(sv_scheduler *scheduler, sv_work *work)
{
    sv_backlog *backlog = &scheduler->backlog;
    bool is_called = sv_backlog_may_start(backlog, work) && call_runner(scheduler);
    if (!is_called && backlog->n_running == 0)
        return false;
    sv_backlog_enter(backlog, work);
    return true;
}

static sv_status enter_posted(sv_scheduler *scheduler, sv_work *work, sv_work_refusal *ret_refusal)
{
    sv_cancel_add(work->cancel, &work->on_cancel);
    pthread_mutex_lock(&scheduler->lock);
    bool is_cancelled = sv_cancel_is_set(work->cancel);
    bool has_entered = !is_cancelled && enter(scheduler, work);
    pthread_mutex_unlock(&scheduler->lock);
    if (has_entered)
        return SV_OK;
    sv_cancel_remove(work->cancel, &work->on_cancel);
    if (is_cancelled) {
        work->drop(work, SV_CANCELLED);
        return SV_OK;
    }
    *ret_refusal = (sv_work_refusal){.reason = SV_REFUSED_LINE_FULL, .retry_after_s = 1};
    return SV_UNAVAILABLE;
}

sv_status sv_scheduler_post(sv_scheduler *scheduler, sv_work *work, sv_work_refusal *ret_refusal)
{
    sv_backlog *backlog = &scheduler->backlog;
    sv_work *shadow = NULL;
    int64_t now = read_now(scheduler);
    prepare(scheduler, work, now);
    pthread_mutex_lock(&scheduler->lock);
    sv_admission_note(backlog, work, now);
    bool admitted =
        sv_backlog_may_start(backlog, work) || sv_admission_decide(backlog, work, now, ret_refusal);
    if (admitted && backlog->n_waiting >= backlog->max_waiting)
        shadow = sv_backlog_evict(backlog);
    if (admitted && backlog->n_waiting == 0)
        scheduler->last_progress_ns = now;
    pthread_mutex_unlock(&scheduler->lock);
    drop_shadow(shadow);
    return admitted ? enter_posted(scheduler, work, ret_refusal) : SV_UNAVAILABLE;
}

static sv_forecast predict(const sv_backlog *backlog, sv_work *imagined, const sv_lane *lane)
{
    *imagined = (sv_work){.lane = (sv_lane *)lane, .deadline_ns = SV_NEVER};
    return sv_admission_predict(backlog, imagined);
}

sv_line_stats sv_scheduler_get_line_stats(sv_scheduler *scheduler, const sv_lane *lane)
{
    const sv_backlog *backlog = &scheduler->backlog;
    sv_work imagined;
    int64_t now = read_now(scheduler);
    sv_line_stats stats = {.limit = backlog->max_waiting};
    pthread_mutex_lock(&scheduler->lock);
    if (lane->line) {
        stats.n_waiting = lane->line->n_waiting;
        stats.predicted_wait_ns = predict(backlog, &imagined, lane).wait_ns;
        stats.limit_ns = sv_admission_limit_ns(backlog, &imagined, now);
        int64_t each_ns = lane->service_ns / (int64_t)backlog->n_permits;
        if (each_ns && (size_t)(stats.limit_ns / each_ns) < stats.limit)
            stats.limit = (size_t)(stats.limit_ns / each_ns);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return stats;
}

bool sv_scheduler_is_lane_idle(sv_scheduler *scheduler, const sv_lane *lane)
{
    pthread_mutex_lock(&scheduler->lock);
    bool is_idle = lane->n_running == 0 && lane->n_waiting == 0;
    pthread_mutex_unlock(&scheduler->lock);
    return is_idle;
}

sv_scheduler_stats sv_scheduler_get_stats(sv_scheduler *scheduler)
{
    const sv_backlog *backlog = &scheduler->backlog;
    pthread_mutex_lock(&scheduler->lock);
    sv_scheduler_stats stats = {.n_running = backlog->n_running,
                                .n_waiting = backlog->n_waiting,
                                .predicted_wait_ns = sv_backlog_wait_ns(backlog),
                                .last_progress_ns = scheduler->last_progress_ns};
    pthread_mutex_unlock(&scheduler->lock);
    return stats;
}
