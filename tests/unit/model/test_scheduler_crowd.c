/* Many threads submit, cancel and run at once: nothing is lost, nothing happens twice. To be run
 * with ThreadSanitizer, too. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/scheduler.h"

/* Each work is on the heap and freed by whichever callback it gets, so that
 * a second touch is seen. */
enum { N_THREADS = 8, N_ROUNDS = 300, N_PERMITS = 3 };

typedef struct crowd {
    sv_scheduler *scheduler;
    sv_line line;
    sv_lane lanes[2]; /* of one line */
    atomic_int n_running, n_most, n_ran, n_dropped;
    bool cancels, mixes;
} crowd;

typedef struct member {
    sv_work work;
    crowd *crowd;
} member;

static void free_member(member *self)
{
    sv_cancel_unref(self->work.cancel);
    free(self);
}

static void run_members(sv_work *const *works, size_t n)
{
    crowd *all = SV_CONTAINER_OF(works[0], member, work)->crowd;
    int running = atomic_fetch_add(&all->n_running, 1) + 1, most = atomic_load(&all->n_most);
    while (running > most && !atomic_compare_exchange_weak(&all->n_most, &most, running))
        ;
    sched_yield();
    for (size_t i = 0; i < n; i++)
        free_member(SV_CONTAINER_OF(works[i], member, work));
    atomic_fetch_sub(&all->n_running, 1);
    atomic_fetch_add(&all->n_ran, (int)n);
}

static void run_member(sv_work *work)
{
    run_members(&work, 1);
}

static void drop_member(sv_work *work, sv_status status)
{
    member *self = SV_CONTAINER_OF(work, member, work);
    crowd *all = self->crowd;
    assert_true(status == SV_CANCELLED || work->priority == SV_PRIORITY_SHADOW);
    free_member(self);
    atomic_fetch_add(&all->n_dropped, 1);
}

/* Of all priorities, clients, sizes and classes. */
static void mix(sv_work *work, int i)
{
    work->priority = (sv_priority)(i % 4);
    work->client = (uint32_t)(i % 5);
    work->units = (uint32_t)(i % 3);
    work->batch_class = (uint64_t)(i % 3);
    work->max_batch_units = 4;
    work->run_batch = run_members;
}

static void *submit_many(void *arg)
{
    crowd *all = arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        member *self = calloc(1, sizeof *self);
        sv_cancel *cancel = all->cancels ? sv_cancel_new() : NULL;
        sv_work_refusal refusal;
        assert_non_null(self);
        *self = (member){.crowd = all,
                         .work = {.run = run_member,
                                  .drop = drop_member,
                                  .lane = &all->lanes[all->mixes ? i % 2 : 0],
                                  .cancel = cancel ? sv_cancel_ref(cancel) : NULL,
                                  .deadline_ns = SV_NEVER}};
        if (all->mixes)
            mix(&self->work, i);
        sv_status status = all->mixes && i % 4 >= 2
                               ? sv_scheduler_post(all->scheduler, &self->work, &refusal)
                               : sv_scheduler_submit(all->scheduler, &self->work, &refusal);
        if (status) {
            assert_int_equal(self->work.priority, SV_PRIORITY_SHADOW);
            drop_member(&self->work, SV_CANCELLED);
        }
        if (cancel) {
            sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
            sv_cancel_unref(cancel);
        }
    }
    return NULL;
}

static void run_crowd(crowd *all)
{
    pthread_t threads[N_THREADS];
    sv_pool *pool = NULL;
    assert_int_equal(sv_pool_new(4, 10000, 1000, &pool), SV_OK);
    sv_scheduler_config config = {.n_permits = N_PERMITS, .max_waiting = 10000, .pool = pool};
    assert_int_equal(sv_scheduler_new(&config, &all->scheduler), SV_OK);
    sv_line_init(&all->line);
    for (int i = 0; i < 2; i++)
        all->lanes[i] = (sv_lane){.line = &all->line, .max_running = 2};
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, all), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    sv_pool_free(pool);
    assert_int_equal(sv_scheduler_get_stats(all->scheduler).n_running, 0);
    sv_scheduler_free(all->scheduler);
    assert_int_equal(all->n_ran + all->n_dropped, N_THREADS * N_ROUNDS);
    assert_true(all->n_most <= N_PERMITS);
}

static void test_permits_are_respected(void **state)
{
    (void)state;
    crowd all = {0};
    run_crowd(&all);
    assert_int_equal(all.n_dropped, 0);
}

static void test_each_work_ends_once(void **state)
{
    (void)state;
    crowd all = {.cancels = true};
    run_crowd(&all);
}

static void test_mixed_works_end_once(void **state)
{
    (void)state;
    crowd all = {.mixes = true};
    run_crowd(&all);
    crowd leaving = {.mixes = true, .cancels = true};
    run_crowd(&leaving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permits_are_respected),
        cmocka_unit_test(test_each_work_ends_once),
        cmocka_unit_test(test_mixed_works_end_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
