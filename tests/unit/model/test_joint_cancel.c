/* A token that is set when all of several are: in every order, with one that never is, and from
 * several threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "model/joint_cancel.h"

enum { N = 3 };

static void test_when_it_is_set(void **state)
{
    (void)state;
    static const struct {
        bool has_token[N];
        bool is_set_before; /* the first, before it takes its seat */
        size_t order[N], n_fired;
        bool is_set;
    } cases[] = {
        {{true, true, true}, false, {0, 1, 2}, 3, true},
        {{true, true, true}, true, {2, 1}, 2, true},
        {{true, true, true}, false, {2, 0}, 2, false},
        {{true, false, true}, false, {0, 2}, 2, false},
        {{true, true, true}, false, {0}, 0, false},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        sv_joint_cancel joint;
        sv_joint_cancel_seat seats[N];
        sv_cancel *tokens[N];
        assert_int_equal(sv_joint_cancel_init(&joint, N), SV_OK);
        for (size_t i = 0; i < N; i++)
            tokens[i] = cases[c].has_token[i] ? sv_cancel_new() : NULL;
        if (cases[c].is_set_before)
            sv_cancel_fire(tokens[0], SV_CANCEL_CLIENT);
        for (size_t i = 0; i < N; i++)
            sv_joint_cancel_sit(&joint, &seats[i], tokens[i]);
        for (size_t i = 0; i < cases[c].n_fired; i++) {
            assert_false(sv_cancel_is_set(joint.token));
            sv_cancel_fire(tokens[cases[c].order[i]], SV_CANCEL_DEADLINE);
        }
        assert_int_equal(sv_cancel_get(joint.token),
                         cases[c].is_set ? SV_CANCEL_DEADLINE : SV_CANCEL_NONE);
        for (size_t i = 0; i < N; i++) {
            sv_joint_cancel_leave(&seats[i]);
            sv_cancel_unref(tokens[i]);
        }
        sv_joint_cancel_deinit(&joint);
    }
}

static void test_who_has_left(void **state)
{
    (void)state;
    sv_joint_cancel joint;
    sv_joint_cancel_seat seat, empty = {0};
    sv_cancel *cancel = sv_cancel_new();
    assert_int_equal(sv_joint_cancel_init(&joint, 1), SV_OK);
    sv_joint_cancel_sit(&joint, &seat, cancel);
    sv_joint_cancel_leave(&seat);
    sv_joint_cancel_leave(&empty);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_false(sv_cancel_is_set(joint.token));
    sv_cancel_unref(cancel);
    sv_joint_cancel_deinit(&joint);
}

static void *fire(void *cancel)
{
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    return NULL;
}

static void test_from_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        sv_joint_cancel joint;
        sv_joint_cancel_seat seats[N];
        sv_cancel *tokens[N];
        pthread_t threads[N];
        assert_int_equal(sv_joint_cancel_init(&joint, N), SV_OK);
        for (size_t i = 0; i < N; i++) {
            tokens[i] = sv_cancel_new();
            assert_int_equal(pthread_create(&threads[i], NULL, fire, tokens[i]), 0);
            sv_joint_cancel_sit(&joint, &seats[i], tokens[i]);
        }
        for (size_t i = 0; i < N; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(sv_cancel_get(joint.token), SV_CANCEL_CLIENT);
        for (size_t i = 0; i < N; i++) {
            sv_joint_cancel_leave(&seats[i]);
            sv_cancel_unref(tokens[i]);
        }
        sv_joint_cancel_deinit(&joint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_is_set),
        cmocka_unit_test(test_who_has_left),
        cmocka_unit_test(test_from_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
