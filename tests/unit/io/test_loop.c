/* The event loop: messages, stopping, heartbeat, whose thread it is. */
#include "io_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>

#include "failing_malloc.h"
#include "io/loop.h"

typedef struct note {
    sv_message message;
    sv_loop *loop;
    int *trace, number;
    int *counter;
} note;

static void write_down(sv_message *message)
{
    note *it = (note *)message;
    it->trace[(*it->counter)++] = it->number;
}

static void test_messages_run_in_order(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int trace[3] = {0}, counter = 0;
    note notes[3];
    for (int i = 0; i < 3; i++) {
        notes[i] = (note){{.run = write_down}, loop, trace, i + 1, &counter};
        sv_loop_post(loop, &notes[i].message);
    }
    io_run_until(loop, &counter, 3);
    assert_int_equal(trace[0], 1);
    assert_int_equal(trace[1], 2);
    assert_int_equal(trace[2], 3);
    sv_loop_free(loop);
    sv_loop_free(NULL);
}

static void count_turn(void *arg)
{
    ++*(int *)arg;
}

/* Each asks for the same; whoever is fifth has to do it himself. */
static void wish_thrice(sv_message *message)
{
    note *it = (note *)message;
    for (int i = 0; i < 3; i++)
        assert_true(sv_loop_at_end_of_turn(count_turn, it->trace));
    for (int i = 0; i < 3; i++)
        assert_true(sv_loop_at_end_of_turn(count_turn, it->trace + 1 + i));
    assert_false(sv_loop_at_end_of_turn(count_turn, it->trace + 4));
    assert_int_equal(it->trace[0], 0);
    ++*it->counter;
}

static void test_the_end_of_a_turn(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int turns[5] = {0}, counter = 0;
    note it = {{.run = wish_thrice}, loop, turns, 0, &counter};
    assert_false(sv_loop_at_end_of_turn(count_turn, turns)); /* no turn of any loop */
    sv_loop_post(loop, &it.message);
    io_run_until(loop, &counter, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(turns[i], 1);
    assert_int_equal(turns[4], 0);
    sv_loop_free(loop);
}

static void free_itself(sv_message *message)
{
    note *it = (note *)message;
    ++*it->counter;
    free(it);
}

static void post_heir(sv_message *message)
{
    note *it = (note *)message;
    it->message.run = free_itself;
    sv_loop_post(it->loop, message);
}

static void test_messages_may_post_and_vanish(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int counter = 0;
    for (int i = 0; i < 3; i++) {
        note *it = malloc(sizeof *it);
        assert_non_null(it);
        *it = (note){{.run = i < 2 ? free_itself : post_heir}, loop, NULL, 0, &counter};
        sv_loop_post(loop, &it->message);
    }
    io_run_until(loop, &counter, 3);
    sv_loop_free(loop);
}

static void test_free_runs_what_waits(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int trace[1], counter = 0;
    note it = {{.run = write_down}, loop, trace, 1, &counter};
    sv_loop_post(loop, &it.message);
    sv_loop_free(loop);
    assert_int_equal(counter, 1);
}

typedef struct visit {
    sv_message message;
    sv_loop *loop;
    bool was_current;
    sigset_t blocked;
    sem_t done;
} visit;

static void look_around(sv_message *message)
{
    visit *it = (visit *)message;
    it->was_current = sv_loop_is_current(it->loop);
    pthread_sigmask(SIG_BLOCK, NULL, &it->blocked);
    sem_post(&it->done);
}

static void test_thread_of_its_own(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    visit it = {.message.run = look_around, .loop = loop};
    sem_init(&it.done, 0, 0);
    assert_false(sv_loop_is_current(loop)); /* nobody's yet */
    assert_int_equal(sv_loop_start(loop, NULL), SV_OK);
    sv_loop_post(loop, &it.message);
    sem_wait(&it.done);
    assert_true(it.was_current);
    assert_true(sigismember(&it.blocked, SIGTERM));
    assert_true(sigismember(&it.blocked, SIGPIPE));
    sv_loop_stop(loop);
    sv_loop_join(loop);
    sv_loop_stop(loop);
    sv_loop_join(loop);
    assert_false(sv_loop_is_current(loop));
    sv_loop_step(loop, 0);
    assert_true(sv_loop_is_current(loop));
    sem_destroy(&it.done);
    sv_loop_free(loop);
}

typedef struct bundle {
    sv_message message;
    atomic_int *n_run;
} bundle;

static void expect_bundles(sv_message *message)
{
    sv_loop_expect_bundles();
    atomic_fetch_add(((bundle *)message)->n_run, 1);
}

static bool have_all_run(void *arg)
{
    return atomic_load((atomic_int *)arg) == 0;
}

/* A thread that owes a wake and forgets about it: the loop comes by itself. */
static void test_wakes_come_late_but_come(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    bundle bundles[200];
    assert_int_equal(sv_loop_start(loop, NULL), SV_OK);
    sv_loop_expect_bundles(); /* not a loop's thread: nothing */
    sv_loop_settle();         /* nothing is owed */
    for (int round = 0; round < 2; round++) {
        atomic_int left = -200;
        sv_loop_delay_wakes(true);
        for (int i = 0; i < 200; i++) {
            bundles[i] = (bundle){{.run = expect_bundles}, &left};
            sv_loop_post(loop, &bundles[i].message);
        }
        if (round == 1)
            sv_loop_settle();
        sv_loop_delay_wakes(false);
        io_wait_until(have_all_run, &left);
    }
    sv_loop_settle();
    assert_false(sv_loop_owes_wake());
    sv_loop_join(loop);
    sv_loop_free(loop);
}

static void stop_from_inside(sv_message *message)
{
    sv_loop_stop(((note *)message)->loop);
}

static void test_stop(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    sv_loop_stop(loop); /* before: the run ends at once */
    sv_loop_run(loop);
    note it = {{.run = stop_from_inside}, loop, NULL, 0, NULL};
    sv_loop_post(loop, &it.message);
    sv_loop_run(loop); /* and it can be run again */
    sv_loop_stop(loop);
    sv_loop_step(loop, 0); /* the step eats the wake-up, not the order to stop */
    sv_loop_run(loop);
    sv_loop_free(loop);
}

static void test_a_step_ends(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int64_t start = io_now_ns();
    sv_loop_step(loop, 0);
    sv_loop_step(loop, -1);
    sv_loop_step(loop, 1);
    assert_true(io_now_ns() - start < IO_PATIENCE_MS * SV_NS_PER_MS);
    sv_loop_free(loop);
}

static void test_time_is_the_clocks(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    int64_t before = io_now_ns(), now = sv_loop_now_ns(loop), after = io_now_ns();
    assert_true(before <= now && now <= after);
    sv_loop_free(loop);
}

typedef struct watch {
    sv_loop *loop;
    int64_t since_ns;
} watch;

static bool has_come_round(void *arg)
{
    watch *it = arg;
    return sv_loop_last_round_ns(it->loop) > it->since_ns;
}

static bool is_late(void *arg)
{
    watch *it = arg;
    return io_now_ns() - sv_loop_last_round_ns(it->loop) > 500 * SV_NS_PER_MS;
}

static void block(sv_message *message)
{
    sem_wait(&((visit *)message)->done);
}

static void test_heartbeat(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    watch it = {loop, io_now_ns()};
    assert_int_equal(sv_loop_start(loop, NULL), SV_OK);
    for (int i = 0; i < 3; i++) { /* idle, and yet it comes round */
        io_wait_until(has_come_round, &it);
        it.since_ns = io_now_ns();
    }
    visit stop = {.message.run = block};
    sem_init(&stop.done, 0, 0);
    sv_loop_post(loop, &stop.message);
    io_wait_until(is_late, &it); /* blocked: it does not */
    it.since_ns = io_now_ns();
    sem_post(&stop.done);
    io_wait_until(has_come_round, &it);
    sv_loop_free(loop); /* stops and joins */
    sem_destroy(&stop.done);
}

static bool try_new(void *arg)
{
    sv_loop *loop = NULL;
    (void)arg;
    if (sv_loop_new(NULL, &loop)) {
        assert_null(loop);
        return false;
    }
    sv_loop_free(loop);
    return true;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_new, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_run_in_order),
        cmocka_unit_test(test_messages_may_post_and_vanish),
        cmocka_unit_test(test_free_runs_what_waits),
        cmocka_unit_test(test_thread_of_its_own),
        cmocka_unit_test(test_the_end_of_a_turn),
        cmocka_unit_test(test_wakes_come_late_but_come),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_a_step_ends),
        cmocka_unit_test(test_time_is_the_clocks),
        cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
