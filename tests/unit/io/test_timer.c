/* Timers: never early, moved both ways, gone when freed. */
#include "io_fixture.h"

#include "failing_malloc.h"
#include "io/timer.h"

typedef struct alarm_clock {
    sv_loop *loop;
    sv_timer *timer;
    int n_rung;
    int64_t rung_ns;
    bool frees_itself, goes_on;
} alarm_clock;

static void ring(void *arg)
{
    alarm_clock *it = arg;
    it->n_rung++;
    it->rung_ns = sv_loop_now_ns(it->loop);
    if (it->frees_itself)
        sv_timer_free(it->timer);
    else if (it->goes_on && it->n_rung < 3)
        sv_timer_set(it->timer, it->rung_ns + SV_NS_PER_MS);
}

static void set_up(alarm_clock *it)
{
    *it = (alarm_clock){.loop = io_new_loop()};
    it->timer = sv_timer_new(it->loop, ring, it);
    assert_non_null(it->timer);
}

static void tear_down(alarm_clock *it)
{
    if (!it->frees_itself)
        sv_timer_free(it->timer);
    sv_timer_free(NULL);
    sv_loop_free(it->loop);
}

static int64_t after_ms(const alarm_clock *it, int64_t ms)
{
    return sv_loop_now_ns(it->loop) + ms * SV_NS_PER_MS;
}

static void test_never_early(void **state)
{
    (void)state;
    alarm_clock it;
    set_up(&it);
    for (int i = 1; i <= 20; i++) { /* also parts of a millisecond */
        int64_t deadline = sv_loop_now_ns(it.loop) + i * 333333;
        sv_timer_set(it.timer, deadline);
        io_run_until(it.loop, &it.n_rung, i);
        assert_true(it.rung_ns >= deadline);
    }
    sv_loop_step(it.loop, 5);
    assert_int_equal(it.n_rung, 20); /* once each */
    tear_down(&it);
}

static void test_moved_later(void **state)
{
    (void)state;
    alarm_clock it;
    set_up(&it);
    int64_t deadline = 0;
    for (int i = 0; i < 10; i++) {
        deadline = after_ms(&it, 5 + 5 * i);
        sv_timer_set(it.timer, deadline);
    }
    io_run_until(it.loop, &it.n_rung, 1);
    assert_true(it.rung_ns >= deadline);
    tear_down(&it);
}

static void test_moved_earlier(void **state)
{
    (void)state;
    alarm_clock it;
    set_up(&it);
    sv_timer_set(it.timer, after_ms(&it, 1000 * 3600));
    sv_timer_set(it.timer, after_ms(&it, 2));
    io_run_until(it.loop, &it.n_rung, 1);
    tear_down(&it);
}

static void test_never(void **state)
{
    (void)state;
    alarm_clock it, other;
    set_up(&it);
    other = (alarm_clock){.loop = it.loop};
    other.timer = sv_timer_new(it.loop, ring, &other);
    sv_timer_set(it.timer, after_ms(&it, 1));
    sv_timer_set(it.timer, SV_NEVER);
    sv_timer_set(other.timer, after_ms(&it, 5));
    io_run_until(it.loop, &other.n_rung, 1);
    assert_int_equal(it.n_rung, 0);
    sv_timer_set(it.timer, after_ms(&it, 1)); /* and back */
    io_run_until(it.loop, &it.n_rung, 1);
    sv_timer_free(other.timer);
    tear_down(&it);
}

static void test_past_deadlines_wait_for_the_round(void **state)
{
    (void)state;
    alarm_clock it;
    set_up(&it);
    sv_timer_set(it.timer, after_ms(&it, -1000));
    assert_int_equal(it.n_rung, 0);
    io_run_until(it.loop, &it.n_rung, 1);
    sv_timer_set(it.timer, 0);
    io_run_until(it.loop, &it.n_rung, 2);
    tear_down(&it);
}

static void test_set_and_freed_while_it_runs(void **state)
{
    (void)state;
    alarm_clock it;
    set_up(&it);
    it.goes_on = true;
    sv_timer_set(it.timer, after_ms(&it, 1));
    io_run_until(it.loop, &it.n_rung, 3);
    it.frees_itself = true;
    sv_timer_set(it.timer, after_ms(&it, 1));
    io_run_until(it.loop, &it.n_rung, 4);
    tear_down(&it);
}

static bool try_new(void *arg)
{
    sv_timer *timer = sv_timer_new(arg, ring, NULL);
    sv_timer_free(timer);
    return timer != NULL;
}

static void test_no_memory(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    assert_int_equal(failing_malloc_try_each(try_new, loop), 1);
    sv_loop_free(loop);
}

static int64_t read_put_ahead(void *ahead_ns)
{
    return sv_clock_now_ns(&sv_clock_system) + *(const int64_t *)ahead_ns;
}

static void test_a_clock_that_jumps(void **state)
{
    (void)state;
    enum { HOUR_MS = 60 * 60 * 1000 };
    int64_t ahead_ns = 0;
    sv_clock clock = {.monotonic_ns = read_put_ahead, .arg = &ahead_ns};
    alarm_clock it, other;
    set_up(&it);
    set_up(&other);
    sv_loop_set_clock(it.loop, &clock);
    sv_timer_set(it.timer, after_ms(&it, HOUR_MS));
    sv_timer_set(other.timer, after_ms(&other, HOUR_MS));
    ahead_ns = (HOUR_MS - 1000) * SV_NS_PER_MS;
    sv_timer_catch_up(it.loop);
    sv_loop_step(it.loop, 0);
    assert_int_equal(it.n_rung, 0); /* not yet */
    ahead_ns = HOUR_MS * SV_NS_PER_MS;
    sv_timer_catch_up(it.loop);
    sv_loop_step(it.loop, 0);
    sv_loop_step(other.loop, 0);
    assert_int_equal(it.n_rung, 1);
    assert_int_equal(other.n_rung, 0);
    tear_down(&it);
    tear_down(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_early),
        cmocka_unit_test(test_moved_later),
        cmocka_unit_test(test_moved_earlier),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_past_deadlines_wait_for_the_round),
        cmocka_unit_test(test_set_and_freed_while_it_runs),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_a_clock_that_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
