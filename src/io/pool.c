/* pool.c: threads for work that blocks. What runs on them: web (handlers) and model (permits).
 *
 * DESIGN. Messages wait in one line. Idle threads form a stack: the one that went idle last works
 * next, its caches are warm, and those at the bottom end after their idle time. Only one thread at
 * a time is being called (woken or started): when it takes its message and sees more, it calls the
 * next one. What a turn of a loop submits is called for once, at its end. A burst of short
 * messages is so worked off by a few threads without a switch for each, a burst of long ones gets a
 * thread each within microseconds. Messages of a kind that has been brief many times in a row are
 * answered in bundles: the loop is woken when the thread has no more of them, or after a while
 * (loop.h). Nor is another thread called for them while they are done with sooner than it would be
 * worth; the loop that put them watches the line until it is empty, lest a thread that is held up
 * for once holds up all of them. A thread that ends joins the one
 * that ended before it, so that at most one is left for sv_pool_stop. */
#include "io/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "io/loop.h"

enum {
    MAX_UNCALLED = 16,    /* messages that wait for the end of a loop's turn */
    N_KINDS = 64,         /* kinds that share a place share their pace */
    BRIEF_RUNS = 8,       /* in a row */
    BRIEF_NS = 20 * 1000, /* on average: longer ones measured slower in bundles */
    PAUSED_NS =
        64 * 1000, /* a run counts as this at most: the thread was not running all the time */
    BLOCKED_NS = 1000 * 1000,
    BUNDLE_NS = 100 * 1000,     /* an answer waits so long for others, and for the run after that */
    SHORT_LINE_NS = 100 * 1000, /* of work: it is left to the threads that there are */
    HELD_UP_NS = 500 * 1000     /* without progress */
};

typedef struct worker {
    sv_pool *pool;
    struct worker *below; /* of the stack of idle ones, or of unused places */
    pthread_t thread;
    pthread_cond_t wake;
    bool is_called;        /* and has not come yet */
    int64_t owes_since_ns; /* a wake to a loop; 0: none */
} worker;

typedef struct waiting {
    sv_message *message;
    int64_t since_ns;
    bool is_watched; /* by the loop that put it */
} waiting;

/* What is known of a kind of messages. */
typedef struct pace {
    unsigned n_brief; /* runs in a row that did not block; at most BRIEF_RUNS */
    int64_t mean_ns;  /* of late */
} pace;

struct sv_pool {
    size_t max_threads, max_queued;
    int64_t idle_ms;
    pthread_mutex_t lock;
    /* Guarded by lock. */
    pthread_cond_t all_ended;
    waiting *line; /* ring of max_queued */
    size_t first, n_queued;
    worker *workers; /* max_threads places */
    worker *idle, *unused;
    size_t n_threads, n_idle;
    int64_t last_progress_ns;
    pace paces[N_KINDS];
    pthread_t ended; /* not joined yet, if has_ended */
    bool has_ended, is_calling, is_stopping;
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
    pool->max_threads = max_threads ? max_threads : 1;
    pool->max_queued = max_queued ? max_queued : 1;
    pool->idle_ms = idle_ms;
    pool->line = calloc(pool->max_queued, sizeof *pool->line);
    pool->workers = calloc(pool->max_threads, sizeof *pool->workers);
    if (!pool->line || !pool->workers) {
        free(pool->line);
        free(pool->workers);
        free(pool);
        return SV_NO_MEMORY;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->all_ended, NULL);
    for (size_t i = pool->max_threads; i-- > 0;) {
        worker *place = &pool->workers[i];
        *place = (worker){.pool = pool, .below = pool->unused};
        pthread_cond_init(&place->wake, NULL);
        pool->unused = place;
    }
    *ret_pool = pool;
    return SV_OK;
}

static void put_queued(sv_pool *pool, sv_message *message, bool is_watched)
{
    size_t last = (pool->first + pool->n_queued++) % pool->max_queued;
    pool->line[last] = (waiting){message, now_ns(), is_watched};
}

static sv_message *take_queued(sv_pool *pool)
{
    if (!pool->n_queued)
        return NULL;
    sv_message *message = pool->line[pool->first].message;
    pool->first = (pool->first + 1) % pool->max_queued;
    pool->n_queued--;
    pool->last_progress_ns = now_ns();
    return message;
}

static pace *find_pace(sv_pool *pool, const void *kind)
{
    uint32_t mixed = (uint32_t)((uintptr_t)kind >> 4) * 2654435769U;
    return &pool->paces[mixed >> 16 & (N_KINDS - 1)];
}

static bool is_brief(sv_pool *pool, const void *kind)
{
    const pace *known = find_pace(pool, kind);
    return kind && known->n_brief == BRIEF_RUNS && known->mean_ns < BRIEF_NS;
}

static void note_pace(sv_pool *pool, const void *kind, int64_t took_ns)
{
    if (!kind)
        return;
    pace *known = find_pace(pool, kind);
    known->mean_ns += ((took_ns < PAUSED_NS ? took_ns : PAUSED_NS) - known->mean_ns) / 8;
    if (took_ns > BLOCKED_NS)
        known->n_brief = 0;
    else if (known->n_brief < BRIEF_RUNS)
        known->n_brief++;
}

/* Whether those who work are soon done with what waits, or are watched if they are not. */
static bool is_short_line(sv_pool *pool)
{
    const waiting *head = &pool->line[pool->first];
    int64_t n_working = (int64_t)(pool->n_threads - pool->n_idle),
            n_waiting = (int64_t)pool->n_queued;
    return n_working && head->is_watched && is_brief(pool, head->message->kind) &&
           n_waiting * find_pace(pool, head->message->kind)->mean_ns < n_working * SHORT_LINE_NS;
}

static void leave_idle(sv_pool *pool, worker *self)
{
    worker **at = &pool->idle;
    while (*at != self)
        at = &(*at)->below;
    *at = self->below;
    pool->n_idle--;
}

static void *run_worker(void *arg);

/* Signals stay with the main thread. */
static bool start_worker(sv_pool *pool)
{
    worker *self = pool->unused;
    sigset_t all, before;
    if (!self)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&self->thread, NULL, run_worker, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        return false;
    pthread_setname_np(self->thread, "serval-worker");
    pool->unused = self->below;
    pool->n_threads++;
    self->is_called = true;
    return true;
}

/* Gets a thread for the line, unless one is on its way. One that is returned has to be signalled
 * after the lock is given back: it would only wait for it. */
static worker *call_worker(sv_pool *pool)
{
    worker *self = pool->idle;
    if (pool->is_calling || !pool->n_queued)
        return NULL;
    if (!self) {
        pool->is_calling = start_worker(pool);
        return NULL;
    }
    leave_idle(pool, self);
    self->is_called = pool->is_calling = true;
    return self;
}

static void unlock_and_wake(sv_pool *pool, worker *called)
{
    pthread_mutex_unlock(&pool->lock);
    if (called)
        pthread_cond_signal(&called->wake);
}

/* Until called, stopped, or the idle time is over (then false). */
static bool wait_idle(sv_pool *pool, worker *self)
{
    int64_t end_ns = sv_clock_deadline_ns(&sv_clock_system, pool->idle_ms);
    struct timespec end = {(time_t)(end_ns / SV_NS_PER_S), (long)(end_ns % SV_NS_PER_S)};
    self->below = pool->idle;
    pool->idle = self;
    pool->n_idle++;
    while (!self->is_called && !pool->is_stopping && now_ns() < end_ns)
        pthread_cond_clockwait(&self->wake, &pool->lock, CLOCK_MONOTONIC, &end);
    if (!self->is_called)
        leave_idle(pool, self);
    return self->is_called;
}

static void arrive(sv_pool *pool, worker *self)
{
    if (self->is_called)
        self->is_called = pool->is_calling = false;
}

static void settle(worker *self)
{
    sv_loop_settle();
    self->owes_since_ns = 0;
}

/* Without the lock. The message may be gone afterwards. */
static void run_message(worker *self, sv_message *message, bool is_brief, int64_t start_ns)
{
    bool is_overdue = self->owes_since_ns && start_ns - self->owes_since_ns > BUNDLE_NS;
    if (!is_brief || is_overdue)
        settle(self);
    sv_loop_delay_wakes(is_brief);
    message->run(message);
    if (!self->owes_since_ns && sv_loop_owes_wake())
        self->owes_since_ns = start_ns;
}

/* Takes the lock again. */
static void run_and_learn(sv_pool *pool, worker *self, sv_message *message)
{
    const void *kind = message->kind;
    int64_t start_ns = pool->last_progress_ns;
    bool brief = is_brief(pool, kind);
    unlock_and_wake(pool, pool->n_queued && is_short_line(pool) ? NULL : call_worker(pool));
    run_message(self, message, brief, start_ns);
    int64_t now = now_ns();
    pthread_mutex_lock(&pool->lock);
    pool->last_progress_ns = now;
    note_pace(pool, kind, now - start_ns);
}

/* Nothing is in line: whoever waits for a bundle gets it now. */
static void settle_unlocked(sv_pool *pool, worker *self)
{
    pthread_mutex_unlock(&pool->lock);
    settle(self);
    pthread_mutex_lock(&pool->lock);
}

static void work(sv_pool *pool, worker *self)
{
    for (;;) {
        arrive(pool, self);
        sv_message *message = take_queued(pool);
        if (!message && self->owes_since_ns) {
            settle_unlocked(pool, self);
        } else if (message) {
            run_and_learn(pool, self, message);
        } else if (pool->is_stopping || (!wait_idle(pool, self) && !pool->n_queued)) {
            return;
        }
    }
}

static void *run_worker(void *arg)
{
    worker *self = arg;
    sv_pool *pool = self->pool;
    pthread_mutex_lock(&pool->lock);
    work(pool, self);
    bool has_before = pool->has_ended;
    pthread_t before = pool->ended;
    pool->ended = self->thread;
    pool->has_ended = true;
    self->below = pool->unused;
    pool->unused = self;
    if (--pool->n_threads == 0)
        pthread_cond_broadcast(&pool->all_ended);
    pthread_mutex_unlock(&pool->lock);
    if (has_before)
        pthread_join(before, NULL);
    return NULL;
}

/* At the end of a turn. Brief work is looked after again at the end of the next one, which is not
 * far: the loop naps at most. */
static void call_for_line(void *arg)
{
    sv_pool *pool = arg;
    worker *called = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->n_queued) {
        bool is_held_up = now_ns() - pool->last_progress_ns > HELD_UP_NS;
        called = is_short_line(pool) && !is_held_up ? NULL : call_worker(pool);
        if (pool->line[pool->first].is_watched && sv_loop_at_end_of_turn(call_for_line, pool))
            sv_loop_expect_bundles();
    }
    unlock_and_wake(pool, called);
}

/* Whether the calling thread's loop looks after the line at the end of its turn. */
static bool watch(sv_pool *pool, const sv_message *message)
{
    if (!is_brief(pool, message->kind) || !sv_loop_at_end_of_turn(call_for_line, pool))
        return false;
    sv_loop_expect_bundles();
    return true;
}

/* Whether a thread is called later for what was put now. */
static bool leave_for_later(sv_pool *pool)
{
    return pool->n_threads && !pool->is_calling && pool->n_queued < MAX_UNCALLED &&
           sv_loop_at_end_of_turn(call_for_line, pool);
}

sv_status sv_pool_submit(sv_pool *pool, sv_message *message)
{
    sv_status status = SV_OK;
    worker *called = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_stopping || pool->n_queued == pool->max_queued) {
        status = SV_UNAVAILABLE;
    } else {
        put_queued(pool, message, watch(pool, message));
        called = leave_for_later(pool) ? NULL : call_worker(pool);
        if (!pool->n_threads) { /* none could be started: nobody would take it */
            pool->n_queued--;
            status = SV_UNAVAILABLE;
        }
    }
    unlock_and_wake(pool, called);
    return status;
}

bool sv_pool_stop_within(sv_pool *pool, int64_t timeout_ms)
{
    int64_t end_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    struct timespec end = {(time_t)(end_ns / SV_NS_PER_S), (long)(end_ns % SV_NS_PER_S)};
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    for (worker *idle = pool->idle; idle; idle = idle->below)
        pthread_cond_signal(&idle->wake);
    while (pool->n_threads && now_ns() < end_ns)
        pthread_cond_clockwait(&pool->all_ended, &pool->lock, CLOCK_MONOTONIC, &end);
    bool all_ended = !pool->n_threads;
    bool has_ended = all_ended && pool->has_ended;
    if (has_ended)
        pool->has_ended = false;
    pthread_mutex_unlock(&pool->lock);
    if (has_ended)
        pthread_join(pool->ended, NULL);
    return all_ended;
}

void sv_pool_stop(sv_pool *pool)
{
    (void)sv_pool_stop_within(pool, INT64_MAX);
}

void sv_pool_free(sv_pool *pool)
{
    if (!pool)
        return;
    sv_pool_stop(pool);
    for (size_t i = 0; i < pool->max_threads; i++)
        pthread_cond_destroy(&pool->workers[i].wake);
    pthread_cond_destroy(&pool->all_ended);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool->line);
    free(pool);
}

sv_pool_stats sv_pool_get_stats(sv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    int64_t oldest_ns = pool->n_queued ? pool->line[pool->first].since_ns : 0;
    sv_pool_stats stats = {.n_threads = pool->n_threads,
                           .n_idle = pool->n_idle,
                           .n_queued = pool->n_queued,
                           .oldest_queued_ns = oldest_ns,
                           .last_progress_ns = pool->last_progress_ns};
    pthread_mutex_unlock(&pool->lock);
    return stats;
}
