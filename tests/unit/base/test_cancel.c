/* Cancel tokens: the first reason stays, callbacks run once, removing waits. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "failing_malloc.h"

static void count(void *arg)
{
    ++*(int *)arg;
}

static void test_first_reason_stays(void **state)
{
    (void)state;
    sv_cancel *cancel = sv_cancel_new();
    assert_int_equal(sv_cancel_get(NULL), SV_CANCEL_NONE);
    assert_false(sv_cancel_is_set(cancel));
    sv_cancel_fire(cancel, SV_CANCEL_DEADLINE);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_int_equal(sv_cancel_get(cancel), SV_CANCEL_DEADLINE);
    sv_cancel_unref(cancel);
    sv_cancel_unref(NULL);
}

static void test_callbacks_run_once(void **state)
{
    (void)state;
    int n_first = 0, n_removed = 0, n_late = 0;
    sv_cancel *cancel = sv_cancel_new();
    sv_cancel_callback first = {count, &n_first}, removed = {count, &n_removed};
    sv_cancel_callback late = {count, &n_late}, never = {0};
    sv_cancel_add(cancel, &first);
    sv_cancel_add(cancel, &removed);
    sv_cancel_remove(cancel, &removed);
    sv_cancel_remove(cancel, &never);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_cancel_add(cancel, &late);
    assert_int_equal(n_first, 1);
    assert_int_equal(n_removed, 0);
    assert_int_equal(n_late, 1); /* at once */
    sv_cancel_remove(cancel, &first);
    sv_cancel_remove(cancel, &late);
    sv_cancel_unref(cancel);
}

static void test_no_token_is_never_cancelled(void **state)
{
    (void)state;
    int n = 0;
    sv_cancel_callback callback = {count, &n};
    sv_cancel_add(NULL, &callback);
    sv_cancel_remove(NULL, &callback);
    assert_int_equal(n, 0);
}

static void test_fresh(void **state)
{
    (void)state;
    sv_cancel *cancel = sv_cancel_new();
    assert_true(sv_cancel_is_fresh(cancel));
    assert_ptr_equal(sv_cancel_ref(cancel), cancel);
    assert_false(sv_cancel_is_fresh(cancel));
    sv_cancel_unref(cancel);
    assert_true(sv_cancel_is_fresh(cancel));
    sv_cancel_fire(cancel, SV_CANCEL_REQUEST);
    assert_false(sv_cancel_is_fresh(cancel));
    sv_cancel_unref(cancel);
}

/* A callback that is under way on another thread when it is removed. */
typedef struct slow_callback {
    sv_cancel *cancel;
    atomic_bool has_begun, may_end, has_ended;
} slow_callback;

static void run_slowly(void *arg)
{
    slow_callback *slow = arg;
    atomic_store(&slow->has_begun, true);
    while (!atomic_load(&slow->may_end))
        ;
    atomic_store(&slow->has_ended, true);
}

static void *fire(void *arg)
{
    sv_cancel_fire(((slow_callback *)arg)->cancel, SV_CANCEL_SHUTDOWN);
    return NULL;
}

static void *let_end(void *arg)
{
    atomic_store(&((slow_callback *)arg)->may_end, true);
    return NULL;
}

static void test_remove_waits_for_a_running_callback(void **state)
{
    (void)state;
    slow_callback slow = {.cancel = sv_cancel_new()};
    sv_cancel_callback callback = {run_slowly, &slow};
    pthread_t firing, ending;
    sv_cancel_add(slow.cancel, &callback);
    assert_int_equal(pthread_create(&firing, NULL, fire, &slow), 0);
    while (!atomic_load(&slow.has_begun))
        ;
    assert_int_equal(pthread_create(&ending, NULL, let_end, &slow), 0);
    sv_cancel_remove(slow.cancel, &callback);
    assert_true(atomic_load(&slow.has_ended));
    pthread_join(firing, NULL);
    pthread_join(ending, NULL);
    sv_cancel_unref(slow.cancel);
}

static bool make(void *arg)
{
    (void)arg;
    sv_cancel *cancel = sv_cancel_new();
    sv_cancel_unref(cancel);
    return cancel != NULL;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(failing_malloc_try_each(make, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_reason_stays),
        cmocka_unit_test(test_callbacks_run_once),
        cmocka_unit_test(test_no_token_is_never_cancelled),
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_remove_waits_for_a_running_callback),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
