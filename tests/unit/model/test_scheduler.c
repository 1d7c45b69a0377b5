/* Permits, the line, refusals and cancelled works. The clock is made up; threads meet at
 * semaphores, so nothing depends on how fast they are. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "model/scheduler.h"

enum { MAX_TOLD = 64 };

static _Atomic int64_t now_ns;

static int64_t read_made_up(void *arg)
{
    (void)arg;
    return atomic_load(&now_ns);
}

static const sv_clock made_up = {read_made_up, read_made_up, NULL};

/* What happened, in order: the id of a work that ran, its negative when it was dropped. */
static struct {
    pthread_mutex_t lock;
    int ids[MAX_TOLD];
    size_t n;
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct job {
    sv_work work;
    int id;
    int64_t takes_ns, waited_ns;
    sem_t *started, *may_end; /* NULL: it ends at once */
    sem_t done;
} job;

static void tell(int id)
{
    pthread_mutex_lock(&told.lock);
    told.ids[told.n++] = id;
    pthread_mutex_unlock(&told.lock);
}

static void run_job(sv_work *work)
{
    job *self = SV_CONTAINER_OF(work, job, work);
    self->waited_ns = work->waited_ns;
    if (self->started) {
        sem_post(self->started);
        sem_wait(self->may_end);
    }
    atomic_fetch_add(&now_ns, self->takes_ns);
    tell(self->id);
    sem_post(&self->done);
}

static void drop_job(sv_work *work, sv_status status)
{
    job *self = SV_CONTAINER_OF(work, job, work);
    assert_int_equal(status, SV_CANCELLED);
    tell(-self->id);
    sem_post(&self->done);
}

/* A scheduler of one permit, which a first job holds until it is let go. */
typedef struct busy {
    sv_pool *pool;
    sv_scheduler *scheduler;
    sv_line line;
    sv_lane lane;
    job holder;
    sem_t started, may_end;
    pthread_t thread;
} busy;

static void init_job(job *self, int id, sv_lane *lane)
{
    *self =
        (job){.id = id,
              .work = {.run = run_job, .drop = drop_job, .lane = lane, .deadline_ns = SV_NEVER}};
    sem_init(&self->done, 0, 0);
}

static void *submit_holder(void *arg)
{
    busy *self = arg;
    sv_work_refusal refusal;
    assert_int_equal(sv_scheduler_submit(self->scheduler, &self->holder.work, &refusal), SV_OK);
    return NULL;
}

static void start_idle(busy *self, size_t n_threads, size_t max_waiting)
{
    *self = (busy){0};
    told.n = 0;
    sem_init(&self->started, 0, 0);
    sem_init(&self->may_end, 0, 0);
    assert_int_equal(sv_pool_new(n_threads, 64, 1000, &self->pool), SV_OK);
    sv_scheduler_config config = {
        .n_permits = 1, .max_waiting = max_waiting, .pool = self->pool, .clock = &made_up};
    assert_int_equal(sv_scheduler_new(&config, &self->scheduler), SV_OK);
    sv_line_init(&self->line);
    self->lane.line = &self->line;
}

static void start_busy(busy *self, size_t max_waiting)
{
    start_idle(self, 4, max_waiting);
    init_job(&self->holder, 1, &self->lane);
    self->holder.started = &self->started;
    self->holder.may_end = &self->may_end;
    assert_int_equal(pthread_create(&self->thread, NULL, submit_holder, self), 0);
    sem_wait(&self->started);
}

/* Lets the first job go; its thread runs all that wait. */
static void finish_busy(busy *self)
{
    sem_post(&self->may_end);
    pthread_join(self->thread, NULL);
    sv_scheduler_stats stats = sv_scheduler_get_stats(self->scheduler);
    assert_int_equal(stats.n_running, 0);
    assert_int_equal(stats.n_waiting, 0);
    sv_scheduler_free(self->scheduler);
    sv_pool_free(self->pool);
}

static void assert_told(const int *ids, size_t n)
{
    assert_int_equal(told.n, n);
    assert_memory_equal(told.ids, ids, n * sizeof *ids);
}

static void submit(busy *self, job *work)
{
    sv_work_refusal refusal;
    assert_int_equal(sv_scheduler_submit(self->scheduler, &work->work, &refusal), SV_OK);
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    static const int order[] = {1, 2, 3, 4};
    busy lab;
    job jobs[3];
    start_busy(&lab, 10);
    for (int i = 0; i < 3; i++) {
        init_job(&jobs[i], i + 2, &lab.lane);
        jobs[i].takes_ns = SV_NS_PER_S;
        submit(&lab, &jobs[i]);
        assert_int_equal(sv_scheduler_get_stats(lab.scheduler).n_waiting, i + 1);
    }
    lab.holder.takes_ns = SV_NS_PER_S;
    finish_busy(&lab);
    assert_told(order, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs[i].waited_ns, (i + 1) * SV_NS_PER_S);
}

static void test_service_time_is_smoothed(void **state)
{
    (void)state;
    busy lab;
    job next;
    start_busy(&lab, 10);
    init_job(&next, 2, &lab.lane);
    lab.holder.takes_ns = 8 * SV_NS_PER_S; /* the first measurement counts whole */
    next.takes_ns = 16 * SV_NS_PER_S;      /* later ones an eighth */
    submit(&lab, &next);
    finish_busy(&lab);
    assert_int_equal(lab.lane.service_ns, 9 * SV_NS_PER_S);
}

/* One works, one waits, each for 10 s: the next would start in 15 s and be done in 25 s. */
static void test_refusal_by_predicted_finish(void **state)
{
    (void)state;
    static const struct {
        int64_t left_s, retry_s; /* retry 0: it is admitted */
    } cases[] = {{25, 0}, {24, 1}, {20, 5}, {1, 24}, {0, 25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        busy lab;
        job waiting, late;
        sv_work_refusal refusal = {0};
        start_busy(&lab, 10);
        lab.lane.service_ns = 10 * SV_NS_PER_S;
        init_job(&waiting, 2, &lab.lane);
        init_job(&late, 3, &lab.lane);
        submit(&lab, &waiting);
        late.work.deadline_ns = now_ns + cases[i].left_s * SV_NS_PER_S;
        sv_status status = sv_scheduler_submit(lab.scheduler, &late.work, &refusal);
        assert_int_equal(status, cases[i].retry_s ? SV_UNAVAILABLE : SV_OK);
        assert_int_equal(refusal.retry_after_s, cases[i].retry_s);
        finish_busy(&lab);
        assert_int_equal(told.n, cases[i].retry_s ? 2 : 3);
    }
}

static void test_the_line_has_an_end(void **state)
{
    (void)state;
    busy lab;
    job jobs[3];
    sv_work_refusal refusal = {0};
    start_busy(&lab, 2);
    for (int i = 0; i < 3; i++)
        init_job(&jobs[i], i + 2, &lab.lane);
    submit(&lab, &jobs[0]);
    submit(&lab, &jobs[1]);
    assert_int_equal(sv_scheduler_submit(lab.scheduler, &jobs[2].work, &refusal), SV_UNAVAILABLE);
    assert_int_equal(refusal.retry_after_s, 1);
    finish_busy(&lab);
    assert_int_equal(told.n, 3);
}

static void test_cancelled_while_waiting(void **state)
{
    (void)state;
    static const int order[] = {-3, 1, 2, 4};
    busy lab;
    job jobs[3];
    sv_cancel *cancel = sv_cancel_new();
    start_busy(&lab, 10);
    for (int i = 0; i < 3; i++)
        init_job(&jobs[i], i + 2, &lab.lane);
    jobs[1].work.cancel = cancel;
    for (int i = 0; i < 3; i++)
        submit(&lab, &jobs[i]);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sem_wait(&jobs[1].done); /* while the permit is still held */
    assert_int_equal(sv_scheduler_get_stats(lab.scheduler).n_waiting, 2);
    finish_busy(&lab);
    assert_told(order, 4);
    sv_cancel_unref(cancel);
}

/* A token that is set already: nobody would take the work out of the line again. */
static void test_cancelled_before_it_came(void **state)
{
    (void)state;
    static const int order[] = {-2, -4, 1, -3};
    busy lab;
    job waiting, posted, alone;
    sv_cancel *cancel = sv_cancel_new();
    sv_cancel_fire(cancel, SV_CANCEL_DEADLINE);
    start_busy(&lab, 10);
    init_job(&waiting, 2, &lab.lane);
    waiting.work.cancel = cancel;
    submit(&lab, &waiting);
    init_job(&posted, 4, &lab.lane);
    posted.work.cancel = cancel;
    assert_int_equal(sv_scheduler_post(lab.scheduler, &posted.work, NULL), SV_OK);
    assert_int_equal(sv_scheduler_get_stats(lab.scheduler).n_waiting, 0);
    sem_post(&lab.may_end);
    pthread_join(lab.thread, NULL);
    init_job(&alone, 3, &lab.lane);
    alone.work.cancel = cancel;
    submit(&lab, &alone); /* a permit is free */
    assert_told(order, 4);
    assert_int_equal(lab.lane.service_ns, 0); /* nothing was learned from what did not run */
    sv_scheduler_free(lab.scheduler);
    sv_pool_free(lab.pool);
    sv_cancel_unref(cancel);
}

/* A pool without room cannot drop it: it is dropped at its turn. */
static void test_cancelled_when_the_pool_is_gone(void **state)
{
    (void)state;
    static const int order[] = {1, -2};
    busy lab;
    job waiting;
    sv_cancel *cancel = sv_cancel_new();
    start_busy(&lab, 10);
    init_job(&waiting, 2, &lab.lane);
    waiting.work.cancel = cancel;
    submit(&lab, &waiting);
    sv_pool_stop(lab.pool);
    sv_cancel_fire(cancel, SV_CANCEL_SHUTDOWN);
    finish_busy(&lab);
    assert_told(order, 2);
    sv_cancel_unref(cancel);
}

static void test_stats(void **state)
{
    (void)state;
    busy lab;
    job waiting;
    start_busy(&lab, 10);
    lab.lane.service_ns = 10 * SV_NS_PER_S;
    init_job(&waiting, 2, &lab.lane);
    submit(&lab, &waiting);
    sv_scheduler_stats stats = sv_scheduler_get_stats(lab.scheduler);
    assert_int_equal(stats.n_running, 1);
    assert_int_equal(stats.n_waiting, 1);
    assert_int_equal(stats.predicted_wait_ns, 10 * SV_NS_PER_S);
    assert_int_equal(stats.last_progress_ns, now_ns);
    finish_busy(&lab);
}

/* Tells how many there are, then each. */
static void run_jobs(sv_work *const *works, size_t n)
{
    tell(100 + (int)n);
    for (size_t i = 0; i < n; i++) {
        assert_true(works[i]->was_batched);
        run_job(works[i]);
    }
}

static void make_batched(job *self, int id, sv_lane *lane)
{
    init_job(self, id, lane);
    self->work.batch_class = 1;
    self->work.max_batch_units = 3;
    self->work.run_batch = run_jobs;
}

static void test_those_who_wait_run_as_one(void **state)
{
    (void)state;
    static const int order[] = {1, 103, 2, 3, 4, 5};
    busy lab;
    job jobs[4];
    start_busy(&lab, 10);
    for (int i = 0; i < 4; i++) {
        make_batched(&jobs[i], i + 2, &lab.lane);
        jobs[i].takes_ns = SV_NS_PER_S;
        submit(&lab, &jobs[i]);
    }
    finish_busy(&lab);
    assert_told(order, 6); /* the last one runs alone, by `run` */
    assert_int_equal(lab.lane.service_ns, SV_NS_PER_S);
}

static void run_alone(sv_work *const *works, size_t n)
{
    assert_int_equal(n, 1);
    assert_false(works[0]->was_batched);
    run_job(works[0]);
}

static void test_run_batch_alone_is_enough(void **state)
{
    (void)state;
    static const int order[] = {1, 2};
    busy lab;
    job waiting;
    start_busy(&lab, 10);
    make_batched(&waiting, 2, &lab.lane);
    waiting.work.run = NULL;
    waiting.work.run_batch = run_alone;
    submit(&lab, &waiting);
    finish_busy(&lab);
    assert_told(order, 2);
}

static bool was_batched_when_dropped;

static void drop_batched(sv_work *work, sv_status status)
{
    was_batched_when_dropped = work->was_batched;
    drop_job(work, status);
}

/* Cancelled when the batch has been taken: it leaves, the others run. */
static void test_a_batch_shrinks(void **state)
{
    (void)state;
    static const int order[] = {1, -3, 102, 2, 4};
    busy lab;
    job jobs[3];
    sv_cancel *cancel = sv_cancel_new();
    start_busy(&lab, 10);
    for (int i = 0; i < 3; i++)
        make_batched(&jobs[i], i + 2, &lab.lane);
    jobs[1].work.cancel = cancel;
    jobs[1].work.drop = drop_batched;
    for (int i = 0; i < 3; i++)
        submit(&lab, &jobs[i]);
    sv_pool_stop(lab.pool); /* so that it stays in line */
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    finish_busy(&lab);
    assert_told(order, 5);
    assert_true(was_batched_when_dropped);
    sv_cancel_unref(cancel);
}

static void drop_for_room(sv_work *work, sv_status status)
{
    job *self = SV_CONTAINER_OF(work, job, work);
    assert_int_equal(status, SV_UNAVAILABLE);
    tell(-self->id);
}

static void test_a_shadow_is_dropped_first(void **state)
{
    (void)state;
    static const int order[] = {-2, 1, 3};
    busy lab;
    job shadow, real, none;
    sv_work_refusal refusal;
    start_busy(&lab, 1);
    init_job(&shadow, 2, &lab.lane);
    init_job(&real, 3, &lab.lane);
    init_job(&none, 4, &lab.lane);
    shadow.work.priority = SV_PRIORITY_SHADOW;
    shadow.work.drop = drop_for_room;
    submit(&lab, &shadow);
    submit(&lab, &real);
    assert_int_equal(sv_scheduler_submit(lab.scheduler, &none.work, &refusal), SV_UNAVAILABLE);
    assert_int_equal(refusal.reason, SV_REFUSED_LINE_FULL);
    finish_busy(&lab);
    assert_told(order, 3);
}

static void run_left(sv_work *work)
{
    *work->ret_was_left = true;
    run_job(work);
}

/* Runs that are broken off tell how long clients wait, not how long runs take. */
static void test_clients_that_leave_while_it_runs(void **state)
{
    (void)state;
    busy lab;
    job jobs[8];
    start_busy(&lab, 10);
    for (int i = 0; i < 8; i++) {
        init_job(&jobs[i], i + 2, &lab.lane);
        jobs[i].work.run = run_left;
        jobs[i].takes_ns = SV_NS_PER_S / 16;
        submit(&lab, &jobs[i]);
    }
    lab.holder.takes_ns = SV_NS_PER_S;
    finish_busy(&lab);
    assert_int_equal(lab.lane.service_ns, SV_NS_PER_S);
    assert_in_range(sv_patience_get(&lab.line.patience), SV_NS_PER_S * 3 / 4, SV_NS_PER_S * 5 / 4);
}

static void test_line_stats(void **state)
{
    (void)state;
    busy lab;
    job waiting;
    sv_lane other = {0};
    start_busy(&lab, 10);
    lab.lane.service_ns = 10 * SV_NS_PER_S;
    init_job(&waiting, 2, &lab.lane);
    submit(&lab, &waiting);
    assert_false(sv_scheduler_is_lane_idle(lab.scheduler, &lab.lane));
    sv_line_stats stats = sv_scheduler_get_line_stats(lab.scheduler, &lab.lane);
    assert_int_equal(stats.n_waiting, 1);
    assert_int_equal(stats.predicted_wait_ns, 15 * SV_NS_PER_S);
    assert_int_equal(stats.limit, 3);
    assert_int_equal(stats.limit_ns, 30 * SV_NS_PER_S);
    stats = sv_scheduler_get_line_stats(lab.scheduler, &other);
    assert_int_equal(stats.n_waiting, 0);
    assert_int_equal(stats.limit, 10);
    sem_post(&lab.may_end);
    pthread_join(lab.thread, NULL);
    assert_true(sv_scheduler_is_lane_idle(lab.scheduler, &lab.lane));
    sv_scheduler_free(lab.scheduler);
    sv_pool_free(lab.pool);
}

/* A pool of one thread, which is busy until it is let go; the permit is free. */
typedef struct busy_pool {
    busy lab;
    sv_message message;
} busy_pool;

static void wait_for_end(sv_message *message)
{
    sem_wait(&SV_CONTAINER_OF(message, busy_pool, message)->lab.may_end);
}

static void start_busy_pool(busy_pool *self)
{
    start_idle(&self->lab, 1, 10);
    self->message = (sv_message){.run = wait_for_end};
    assert_int_equal(sv_pool_submit(self->lab.pool, &self->message), SV_OK);
}

/* All jobs were told by then. */
static void finish_busy_pool(busy_pool *self)
{
    assert_int_equal(sv_scheduler_get_stats(self->lab.scheduler).n_waiting, 0);
    sv_pool_free(self->lab.pool);
    assert_int_equal(sv_scheduler_get_stats(self->lab.scheduler).n_running, 0);
    sv_scheduler_free(self->lab.scheduler);
}

/* Though a permit is free when the first comes. */
static void test_posted_works_meet(void **state)
{
    (void)state;
    static const int order[] = {103, 1, 2, 3, 4};
    busy_pool at;
    job jobs[4];
    start_busy_pool(&at);
    for (int i = 0; i < 4; i++) {
        sv_work_refusal refusal;
        make_batched(&jobs[i], i + 1, &at.lab.lane);
        assert_int_equal(sv_scheduler_post(at.lab.scheduler, &jobs[i].work, &refusal), SV_OK);
    }
    assert_int_equal(sv_scheduler_get_stats(at.lab.scheduler).n_waiting, 4); /* none has run */
    sem_post(&at.lab.may_end);
    for (int i = 0; i < 4; i++)
        sem_wait(&jobs[i].done);
    finish_busy_pool(&at);
    assert_told(order, 5);
}

/* The permit comes for nothing, and is given back. */
static void test_posted_and_cancelled(void **state)
{
    (void)state;
    busy_pool at;
    job left;
    sv_work_refusal refusal;
    start_busy_pool(&at);
    init_job(&left, 1, &at.lab.lane);
    left.work.cancel = sv_cancel_new();
    assert_int_equal(sv_scheduler_post(at.lab.scheduler, &left.work, &refusal), SV_OK);
    sv_cancel_fire(left.work.cancel, SV_CANCEL_CLIENT);
    sem_post(&at.lab.may_end);
    sem_wait(&left.done);
    finish_busy_pool(&at);
    assert_told((const int[]){-1}, 1);
    sv_cancel_unref(left.work.cancel);
}

static void test_posted_when_the_pool_is_gone(void **state)
{
    (void)state;
    busy_pool at;
    job late;
    sv_work_refusal refusal = {.reason = SV_REFUSED_SHARE};
    start_busy_pool(&at);
    sem_post(&at.lab.may_end);
    sv_pool_stop(at.lab.pool);
    init_job(&late, 1, &at.lab.lane);
    assert_int_equal(sv_scheduler_post(at.lab.scheduler, &late.work, &refusal), SV_UNAVAILABLE);
    assert_int_equal(refusal.reason, SV_REFUSED_LINE_FULL);
    assert_int_equal(refusal.retry_after_s, 1);
    finish_busy_pool(&at);
    assert_int_equal(told.n, 0);
}

static bool make_scheduler(void *arg)
{
    sv_scheduler_config config = {.n_permits = 1, .max_waiting = 1};
    sv_scheduler *scheduler = arg; /* NULL */
    sv_status status = sv_scheduler_new(&config, &scheduler);
    sv_scheduler_free(scheduler);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(make_scheduler, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_service_time_is_smoothed),
        cmocka_unit_test(test_refusal_by_predicted_finish),
        cmocka_unit_test(test_the_line_has_an_end),
        cmocka_unit_test(test_cancelled_while_waiting),
        cmocka_unit_test(test_cancelled_before_it_came),
        cmocka_unit_test(test_cancelled_when_the_pool_is_gone),
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_those_who_wait_run_as_one),
        cmocka_unit_test(test_run_batch_alone_is_enough),
        cmocka_unit_test(test_a_batch_shrinks),
        cmocka_unit_test(test_a_shadow_is_dropped_first),
        cmocka_unit_test(test_clients_that_leave_while_it_runs),
        cmocka_unit_test(test_line_stats),
        cmocka_unit_test(test_posted_works_meet),
        cmocka_unit_test(test_posted_and_cancelled),
        cmocka_unit_test(test_posted_when_the_pool_is_gone),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
