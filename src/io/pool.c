/* pool.c: threads for work that blocks.
 *
 * DESIGN. Idle threads form a stack: the one that went idle last works next, its caches are warm, and the ones at the
 * bottom end after their idle time. Each waits on a condition of its own, so that a submit wakes exactly one. */
#include "io/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

typedef struct worker {
    struct worker *below; /* of the stack of idle ones */
    pthread_cond_t wake;
    sv_message *message; /* handed over by a submit */
    bool is_idle;
} worker;

/* A waiting message: its `next` links the line, its time stands beside it. */
typedef struct waiting {
    sv_message *message;
    int64_t since_ns;
} waiting;

struct sv_pool {
    size_t max_threads, max_queued;
    int64_t idle_ms;
    pthread_mutex_t lock;
    /* Guarded by lock. */
    pthread_cond_t all_ended;
    waiting *line; /* ring of max_queued */
    size_t first, n_queued;
    worker *idle;
    size_t n_threads, n_idle;
    int64_t last_progress_ns;
    bool stopping;
};

static int64_t now_ns(void)
{
    return sv_clock_now_ns(&sv_clock_system);
}

sv_status sv_pool_new(size_t max_threads, size_t max_queued, int64_t idle_ms, sv_pool **ret_pool)
{
    sv_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return SV_NO_MEMORY;
    pool->line = calloc(max_queued ? max_queued : 1, sizeof *pool->line);
    if (!pool->line) {
        free(pool);
        return SV_NO_MEMORY;
    }
    pool->max_threads = max_threads ? max_threads : 1;
    pool->max_queued = max_queued;
    pool->idle_ms = idle_ms;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->all_ended, NULL);
    *ret_pool = pool;
    return SV_OK;
}

static sv_message *take_queued(sv_pool *pool)
{
    if (!pool->n_queued)
        return NULL;
    sv_message *message = pool->line[pool->first].message;
    pool->first = (pool->first + 1) % pool->max_queued;
    pool->n_queued--;
    return message;
}

static void leave_idle(sv_pool *pool, worker *self)
{
    for (worker **at = &pool->idle; *at; at = &(*at)->below) {
        if (*at == self) {
            *at = self->below;
            break;
        }
    }
    self->is_idle = false;
    pool->n_idle--;
}

/* With the lock held: waits for a message; NULL after the idle time, or when the pool stops. */
static sv_message *wait_idle(sv_pool *pool, worker *self)
{
    struct timespec until;
    int64_t end = now_ns() + pool->idle_ms * SV_NS_PER_MS;
    until.tv_sec = (time_t)(end / SV_NS_PER_S);
    until.tv_nsec = (long)(end % SV_NS_PER_S);
    self->message = NULL;
    self->is_idle = true;
    self->below = pool->idle;
    pool->idle = self;
    pool->n_idle++;
    while (self->is_idle && !pool->stopping && now_ns() < end)
        pthread_cond_clockwait(&self->wake, &pool->lock, CLOCK_MONOTONIC, &until);
    if (self->is_idle)
        leave_idle(pool, self);
    return self->message;
}

static void *run_worker(void *arg)
{
    sv_pool *pool = arg;
    worker self = {0};
    pthread_cond_init(&self.wake, NULL);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        sv_message *message = take_queued(pool);
        if (!message && !pool->stopping)
            message = wait_idle(pool, &self);
        if (!message && !(message = take_queued(pool)))
            break;
        pool->last_progress_ns = now_ns();
        pthread_mutex_unlock(&pool->lock);
        message->run(message);
        pthread_mutex_lock(&pool->lock);
        pool->last_progress_ns = now_ns();
    }
    if (--pool->n_threads == 0)
        pthread_cond_broadcast(&pool->all_ended);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&self.wake);
    return NULL;
}

/* With the lock held. Signals stay with the main thread. */
static bool start_worker(sv_pool *pool)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, run_worker, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        return false;
    pthread_detach(thread);
    pool->n_threads++;
    return true;
}

static void enqueue(sv_pool *pool, sv_message *message)
{
    size_t last = (pool->first + pool->n_queued) % pool->max_queued;
    pool->line[last] = (waiting){message, now_ns()};
    pool->n_queued++;
    if (pool->n_threads < pool->max_threads)
        (void)start_worker(pool);
}

sv_status sv_pool_submit(sv_pool *pool, sv_message *message)
{
    sv_status status = SV_OK;
    pthread_mutex_lock(&pool->lock);
    worker *idle = pool->idle;
    if (pool->stopping || (!idle && pool->n_queued == pool->max_queued)) {
        status = SV_UNAVAILABLE;
    } else if (idle) {
        pool->idle = idle->below;
        pool->n_idle--;
        idle->is_idle = false;
        idle->message = message;
        pthread_cond_signal(&idle->wake);
    } else {
        enqueue(pool, message);
        if (!pool->n_threads) { /* no thread could be started and none will take it */
            pool->n_queued--;
            status = SV_UNAVAILABLE;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void sv_pool_stop(sv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    for (worker *idle = pool->idle; idle; idle = idle->below)
        pthread_cond_signal(&idle->wake);
    while (pool->n_threads)
        pthread_cond_wait(&pool->all_ended, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void sv_pool_free(sv_pool *pool)
{
    if (!pool)
        return;
    sv_pool_stop(pool);
    pthread_cond_destroy(&pool->all_ended);
    pthread_mutex_destroy(&pool->lock);
    free(pool->line);
    free(pool);
}

sv_pool_stats sv_pool_get_stats(sv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    sv_pool_stats stats = {.n_threads = pool->n_threads,
                           .n_idle = pool->n_idle,
                           .n_queued = pool->n_queued,
                           .oldest_queued_ns = pool->n_queued ? pool->line[pool->first].since_ns : 0,
                           .last_progress_ns = pool->last_progress_ns};
    pthread_mutex_unlock(&pool->lock);
    return stats;
}
