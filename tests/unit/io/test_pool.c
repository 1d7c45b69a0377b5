/* The handler pool: every message once and in order, as many threads as needed and no more. */
#include "io_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/list.h"
#include "failing_malloc.h"
#include "io/loop.h"
#include "io/pool.h"

enum { LONG_MS = 3600 * 1000 };

static sv_pool *new_pool(size_t max_threads, size_t max_queued, int64_t idle_ms)
{
    sv_pool *pool = NULL;
    assert_int_equal(sv_pool_new(max_threads, max_queued, idle_ms, &pool), SV_OK);
    return pool;
}

/* A message that says where it ran, and may wait to be let go. */
typedef struct task {
    sv_message message;
    atomic_int *n_running, *n_done;
    sem_t *gate;
    pthread_t thread;
    int order;
} task;

static void run_task(sv_message *message)
{
    task *it = (task *)message;
    it->thread = pthread_self();
    if (it->n_running)
        atomic_fetch_add(it->n_running, 1);
    if (it->gate)
        sem_wait(it->gate);
    it->order = atomic_fetch_add(it->n_done, 1);
}

static void submit(sv_pool *pool, task *it)
{
    it->message.run = run_task;
    assert_int_equal(sv_pool_submit(pool, &it->message), SV_OK);
}

typedef struct count {
    atomic_int *value;
    int n;
} count;

static bool has_reached(void *arg)
{
    count *it = arg;
    return atomic_load(it->value) >= it->n;
}

static void wait_for(atomic_int *value, int n)
{
    io_wait_until(has_reached, &(count){value, n});
}

static bool is_idle(void *arg)
{
    sv_pool_stats stats = sv_pool_get_stats(arg);
    return stats.n_idle == stats.n_threads;
}

static bool has_no_threads(void *arg)
{
    return sv_pool_get_stats(arg).n_threads == 0;
}

static void test_in_order(void **state)
{
    (void)state;
    enum { N = 100 };
    sv_pool *pool = new_pool(1, N, LONG_MS);
    atomic_int n_done = 0;
    task tasks[N] = {0};
    for (int i = 0; i < N; i++) {
        tasks[i].n_done = &n_done;
        submit(pool, &tasks[i]);
    }
    sv_pool_free(pool); /* runs what waits */
    for (int i = 0; i < N; i++)
        assert_int_equal(tasks[i].order, i);
    sv_pool_free(NULL);
}

static void test_as_many_threads_as_block(void **state)
{
    (void)state;
    enum { N = 10, THREADS = 4 };
    sv_pool *pool = new_pool(THREADS, N, LONG_MS);
    atomic_int n_running = 0, n_done = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    task tasks[N] = {0};
    int64_t before = io_now_ns();
    for (int i = 0; i < N; i++) {
        tasks[i] = (task){.n_running = &n_running, .n_done = &n_done, .gate = &gate};
        submit(pool, &tasks[i]);
    }
    wait_for(&n_running, THREADS);
    sv_pool_stats stats = sv_pool_get_stats(pool);
    assert_int_equal(stats.n_threads, THREADS);
    assert_int_equal(stats.n_idle, 0);
    assert_int_equal(stats.n_queued, N - THREADS);
    assert_true(stats.oldest_queued_ns >= before && stats.oldest_queued_ns <= io_now_ns());
    assert_true(stats.last_progress_ns >= before && stats.last_progress_ns <= io_now_ns());
    for (int i = 0; i < N; i++)
        sem_post(&gate);
    wait_for(&n_done, N);
    io_wait_until(is_idle, pool);
    stats = sv_pool_get_stats(pool);
    assert_int_equal(stats.n_queued, 0);
    assert_int_equal(stats.oldest_queued_ns, 0);
    sv_pool_free(pool);
    sem_destroy(&gate);
}

static void wait_for_next(sv_message *message)
{
    task *it = (task *)message;
    sem_wait(&it->gate[0]);
    sem_post(&it->gate[1]);
    atomic_fetch_add(it->n_done, 1);
}

/* Each waits for the one that was put after it: all must get threads, however they are called. */
static void test_messages_that_need_each_other(void **state)
{
    (void)state;
    enum { N = 8 };
    sv_pool *pool = new_pool(N, N, LONG_MS);
    for (int round = 0; round < 50; round++) {
        atomic_int n_done = 0;
        sem_t gates[N + 1];
        task tasks[N] = {0};
        for (int i = 0; i <= N; i++)
            sem_init(&gates[i], 0, 0);
        for (int i = 0; i < N; i++) {
            tasks[i] =
                (task){.message.run = wait_for_next, .n_done = &n_done, .gate = &gates[N - 1 - i]};
            assert_int_equal(sv_pool_submit(pool, &tasks[i].message), SV_OK);
        }
        sem_post(&gates[0]);
        wait_for(&n_done, N);
        io_wait_until(is_idle, pool);
        for (int i = 0; i <= N; i++)
            sem_destroy(&gates[i]);
    }
    sv_pool_free(pool);
}

static void test_full_line(void **state)
{
    (void)state;
    sv_pool *pool = new_pool(1, 2, LONG_MS);
    atomic_int n_running = 0, n_done = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    task tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = (task){
            .message.run = run_task, .n_running = &n_running, .n_done = &n_done, .gate = &gate};
    submit(pool, &tasks[0]);
    wait_for(&n_running, 1);
    submit(pool, &tasks[1]);
    submit(pool, &tasks[2]);
    assert_int_equal(sv_pool_submit(pool, &tasks[3].message), SV_UNAVAILABLE);
    for (int i = 0; i < 4; i++)
        sem_post(&gate);
    wait_for(&n_done, 3);
    submit(pool, &tasks[3]);
    wait_for(&n_done, 4);
    sv_pool_free(pool);
    sem_destroy(&gate);
}

static void test_warm_thread_first(void **state)
{
    (void)state;
    sv_pool *pool = new_pool(4, 8, LONG_MS);
    atomic_int n_done = 0;
    task first = {.n_done = &n_done};
    submit(pool, &first);
    for (int i = 1; i <= 20; i++) {
        wait_for(&n_done, i);
        io_wait_until(is_idle, pool);
        task next = {.n_done = &n_done};
        submit(pool, &next);
        wait_for(&n_done, i + 1);
        assert_true(pthread_equal(next.thread, first.thread));
    }
    assert_int_equal(sv_pool_get_stats(pool).n_threads, 1);
    sv_pool_free(pool);
}

static void test_idle_threads_end(void **state)
{
    (void)state;
    sv_pool *pool = new_pool(4, 8, 1);
    atomic_int n_done = 0;
    assert_int_equal(sv_pool_get_stats(pool).n_threads, 0); /* none before there is work */
    for (int i = 1; i <= 5; i++) {
        task it = {.n_done = &n_done};
        submit(pool, &it);
        wait_for(&n_done, i);
        io_wait_until(has_no_threads, pool);
    }
    sv_pool_free(pool);
}

static void test_stop(void **state)
{
    (void)state;
    enum { N = 50 };
    sv_pool *pool = new_pool(3, N, LONG_MS);
    atomic_int n_done = 0;
    task tasks[N];
    for (int i = 0; i < N; i++) {
        tasks[i] = (task){.n_done = &n_done};
        submit(pool, &tasks[i]);
    }
    sv_pool_stop(pool);
    assert_int_equal(atomic_load(&n_done), N);
    assert_int_equal(sv_pool_submit(pool, &tasks[0].message), SV_UNAVAILABLE);
    sv_pool_stop(pool);
    assert_true(has_no_threads(pool));
    sv_pool_free(pool);
    pool = new_pool(3, N, LONG_MS); /* one that never had work */
    sv_pool_free(pool);
}

static void note_signals(sv_message *message)
{
    task *it = (task *)message;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    it->order = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGPIPE);
}

static void test_signals_are_blocked(void **state)
{
    (void)state;
    sv_pool *pool = new_pool(1, 1, LONG_MS);
    task it = {.message.run = note_signals};
    assert_int_equal(sv_pool_submit(pool, &it.message), SV_OK);
    sv_pool_free(pool);
    assert_true(it.order);
}

enum { N_SUBMITTERS = 4, N_EACH = 5000 };

typedef struct submitter {
    sv_pool *pool;
    atomic_int *n_done;
    task tasks[N_EACH];
} submitter;

static void *submit_all(void *arg)
{
    submitter *self = arg;
    for (int i = 0; i < N_EACH; i++) {
        self->tasks[i] = (task){.message.run = run_task, .n_done = self->n_done};
        while (sv_pool_submit(self->pool, &self->tasks[i].message) != SV_OK)
            ;
    }
    return NULL;
}

/* Threads that end at once, so that ending, calling and starting meet in every way. */
static void test_many_submitters(void **state)
{
    (void)state;
    static submitter submitters[N_SUBMITTERS];
    for (int64_t idle_ms = 0; idle_ms <= 1; idle_ms++) {
        sv_pool *pool = new_pool(3, 64, idle_ms);
        atomic_int n_done = 0;
        pthread_t threads[N_SUBMITTERS];
        for (int i = 0; i < N_SUBMITTERS; i++) {
            submitters[i].pool = pool;
            submitters[i].n_done = &n_done;
            assert_int_equal(pthread_create(&threads[i], NULL, submit_all, &submitters[i]), 0);
        }
        for (int i = 0; i < N_SUBMITTERS; i++)
            pthread_join(threads[i], NULL);
        sv_pool_free(pool);
        assert_int_equal(atomic_load(&n_done), N_SUBMITTERS * N_EACH);
    }
}

static bool try_new(void *arg)
{
    sv_pool *pool = NULL;
    (void)arg;
    if (sv_pool_new(2, 2, 1, &pool)) {
        assert_null(pool);
        return false;
    }
    sv_pool_free(pool);
    return true;
}

enum { N_BALLS = 16, N_THROWS = 4000 };

/* What goes to the pool and back to the loop, again and again. */
typedef struct ball {
    sv_message there, back;
    struct game *game;
    bool sticks; /* the pool holds it until all the others have come back for good */
} ball;

typedef struct game {
    sv_loop *loop;
    sv_pool *pool;
    atomic_int n_back; /* only the loop's thread counts */
    int n_throws;
    sem_t gate;
    ball balls[N_BALLS];
    sv_message start;
} game;

static void hit(sv_message *message)
{
    ball *it = SV_CONTAINER_OF(message, ball, there);
    if (it->sticks)
        sem_wait(&it->game->gate);
    sv_loop_post(it->game->loop, &it->back);
}

static void throw_again(sv_message *message)
{
    ball *it = SV_CONTAINER_OF(message, ball, back);
    game *g = it->game;
    int n_back = atomic_fetch_add(&g->n_back, 1) + 1;
    if (n_back == g->n_throws - 1)
        sem_post(&g->gate); /* what sticks is the last */
    if (n_back + N_BALLS > g->n_throws)
        return;
    it->sticks = n_back + N_BALLS == g->n_throws / 2;
    assert_int_equal(sv_pool_submit(g->pool, &it->there), SV_OK);
}

static void throw_all(sv_message *message)
{
    game *g = SV_CONTAINER_OF(message, game, start);
    for (int i = 0; i < N_BALLS; i++)
        assert_int_equal(sv_pool_submit(g->pool, &g->balls[i].there), SV_OK);
}

/* Brief messages of one kind are answered in bundles; one that holds up its thread for once holds
 * up neither those in line nor the answers before it. */
static void test_brief_messages(void **state)
{
    (void)state;
    static game g;
    g = (game){.loop = io_new_loop(), .pool = new_pool(4, 64, LONG_MS), .n_throws = N_THROWS};
    g.start.run = throw_all;
    sem_init(&g.gate, 0, 0);
    for (int i = 0; i < N_BALLS; i++)
        g.balls[i] = (ball){{.run = hit, .kind = &g}, {.run = throw_again}, &g, false};
    assert_int_equal(sv_loop_start(g.loop, NULL), SV_OK);
    sv_loop_post(g.loop, &g.start);
    wait_for(&g.n_back, N_THROWS);
    sv_pool_free(g.pool);
    sv_loop_join(g.loop);
    sv_loop_free(g.loop);
    sem_destroy(&g.gate);
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_new, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_as_many_threads_as_block),
        cmocka_unit_test(test_messages_that_need_each_other),
        cmocka_unit_test(test_full_line),
        cmocka_unit_test(test_warm_thread_first),
        cmocka_unit_test(test_idle_threads_end),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_signals_are_blocked),
        cmocka_unit_test(test_many_submitters),
        cmocka_unit_test(test_brief_messages),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
