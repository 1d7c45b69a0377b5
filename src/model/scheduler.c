/* scheduler.c: permits, the line, admission by predicted finish. See scheduler.h for the design.
 *
 * Lock order: a work's cancel token is locked by whoever fires it and calls on_cancel, which takes
 * the scheduler's lock; so no token is touched while the scheduler's lock is held. */
#include "model/scheduler.h"

#include <pthread.h>
#include <stdlib.h>

/* Weight of the newest service time: 1/8, as TCP smooths its round trips (RFC 6298). */
enum { SMOOTHING = 8 };

struct sv_scheduler {
    sv_scheduler_config config;
    pthread_mutex_t lock;
    /* Guarded by lock. */
    sv_list_node line;
    size_t n_running, n_waiting;
    int64_t waiting_ns; /* sum of the predicted service times in line */
    int64_t last_progress_ns;
};

sv_status sv_scheduler_new(const sv_scheduler_config *config, sv_scheduler **ret_scheduler)
{
    sv_scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return SV_NO_MEMORY;
    scheduler->config = *config;
    if (!scheduler->config.clock)
        scheduler->config.clock = &sv_clock_system;
    pthread_mutex_init(&scheduler->lock, NULL);
    sv_list_init(&scheduler->line);
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
    return sv_clock_now_ns(scheduler->config.clock);
}

/* Until a work that came now would start: what waits, and half of each that runs, over the permits.
 */
static int64_t predict_wait(const sv_scheduler *scheduler, int64_t service_ns)
{
    int64_t permits = (int64_t)scheduler->config.n_permits;
    if (scheduler->n_running < scheduler->config.n_permits)
        return 0;
    return (scheduler->waiting_ns + (int64_t)scheduler->n_running * service_ns / 2) / permits;
}

static int64_t to_whole_seconds(int64_t ns)
{
    int64_t seconds = (ns + SV_NS_PER_S - 1) / SV_NS_PER_S;
    return seconds < 1 ? 1 : seconds;
}

/* With the lock held: whether the work may wait, and if not, when it should come back. */
static bool admit(const sv_scheduler *scheduler, const sv_work *work, int64_t now,
                  int64_t *ret_retry_after_s)
{
    int64_t service = work->lane->service_ns;
    int64_t wait = predict_wait(scheduler, service);
    bool in_time = work->deadline_ns == SV_NEVER || wait + service <= work->deadline_ns - now;
    if (in_time && scheduler->n_waiting < scheduler->config.max_waiting)
        return true;
    int64_t patience = work->deadline_ns == SV_NEVER ? 0 : work->deadline_ns - now;
    *ret_retry_after_s = to_whole_seconds(in_time ? wait : wait + service - patience);
    return false;
}

static void leave_line(sv_scheduler *scheduler, sv_work *work)
{
    sv_list_remove(&work->node);
    work->is_waiting = false;
    scheduler->n_waiting--;
    scheduler->waiting_ns -= work->predicted_ns;
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
    work->message.run = run_drop;
    pthread_mutex_lock(&scheduler->lock);
    if (work->is_waiting && sv_pool_submit(scheduler->config.pool, &work->message) == SV_OK)
        leave_line(scheduler, work);
    pthread_mutex_unlock(&scheduler->lock);
}

static void enter_line(sv_scheduler *scheduler, sv_work *work)
{
    work->predicted_ns = work->lane->service_ns;
    work->is_waiting = true;
    sv_list_append(&scheduler->line, &work->node);
    scheduler->n_waiting++;
    scheduler->waiting_ns += work->predicted_ns;
}

/* Runs a work that has a permit and learns how long it took. */
static void run_work(sv_scheduler *scheduler, sv_work *work)
{
    sv_lane *lane = work->lane;
    int64_t start = read_now(scheduler);
    work->waited_ns = start - work->submitted_ns;
    bool cancelled = sv_cancel_is_set(work->cancel);
    if (cancelled)
        work->drop(work, SV_CANCELLED);
    else
        work->run(work); /* `work` is gone from here on */
    int64_t end = read_now(scheduler);
    pthread_mutex_lock(&scheduler->lock);
    scheduler->last_progress_ns = end;
    if (!cancelled)
        lane->service_ns += (end - start - lane->service_ns) / (lane->service_ns ? SMOOTHING : 1);
    pthread_mutex_unlock(&scheduler->lock);
}

/* Takes the next work for a permit that has become free; NULL: the permit is given back. */
static sv_work *take_next(sv_scheduler *scheduler)
{
    sv_work *work = NULL;
    pthread_mutex_lock(&scheduler->lock);
    if (sv_list_is_empty(&scheduler->line)) {
        scheduler->n_running--;
    } else {
        work = SV_CONTAINER_OF(scheduler->line.next, sv_work, node);
        leave_line(scheduler, work);
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (work && work->cancel)
        sv_cancel_remove(work->cancel, &work->on_cancel);
    return work;
}

static void run_with_permit(sv_scheduler *scheduler, sv_work *work)
{
    while (work) {
        run_work(scheduler, work);
        work = take_next(scheduler);
    }
}

/* The cancel callback is registered while the work cannot be started by anybody else: it is not in
 * line yet. */
static void wait_in_line(sv_scheduler *scheduler, sv_work *work)
{
    if (work->cancel)
        sv_cancel_add(work->cancel, &work->on_cancel);
    pthread_mutex_lock(&scheduler->lock);
    bool run_now = scheduler->n_running < scheduler->config.n_permits;
    if (run_now)
        scheduler->n_running++;
    else
        enter_line(scheduler, work);
    pthread_mutex_unlock(&scheduler->lock);
    if (!run_now)
        return;
    if (work->cancel)
        sv_cancel_remove(work->cancel, &work->on_cancel);
    run_with_permit(scheduler, work);
}

sv_status sv_scheduler_submit(sv_scheduler *scheduler, sv_work *work, int64_t *ret_retry_after_s)
{
    int64_t now = read_now(scheduler);
    work->scheduler = scheduler;
    work->submitted_ns = now;
    work->is_waiting = false;
    work->on_cancel = (sv_cancel_callback){.run = drop_waiting, .arg = work};
    pthread_mutex_lock(&scheduler->lock);
    bool free_permit = scheduler->n_running < scheduler->config.n_permits;
    bool admitted = free_permit || admit(scheduler, work, now, ret_retry_after_s);
    if (free_permit)
        scheduler->n_running++;
    if (admitted && scheduler->n_waiting == 0)
        scheduler->last_progress_ns = now;
    pthread_mutex_unlock(&scheduler->lock);
    if (!admitted)
        return SV_UNAVAILABLE;
    if (free_permit)
        run_with_permit(scheduler, work);
    else
        wait_in_line(scheduler, work);
    return SV_OK;
}

sv_scheduler_stats sv_scheduler_get_stats(sv_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    sv_scheduler_stats stats = {scheduler->n_running, scheduler->n_waiting,
                                predict_wait(scheduler, 0), scheduler->last_progress_ns};
    pthread_mutex_unlock(&scheduler->lock);
    return stats;
}
