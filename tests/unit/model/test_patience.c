/* How long clients wait, learned from who left and who did not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/patience.h"

enum { LATER_MS = 1000000, MOMENT_MS = 50 };

/* An estimate is the start of a bucket: at most a quarter below. */
static void assert_about(const sv_patience *patience, int64_t ms)
{
    int64_t is_ns = sv_patience_get(patience);
    assert_in_range(is_ns, ms * SV_NS_PER_MS * 3 / 4, ms * SV_NS_PER_MS);
}

static void stay(sv_patience *patience, size_t n, int64_t age_ms, int64_t now_ms)
{
    sv_patience_note_answered(patience, n, age_ms * SV_NS_PER_MS, now_ms * SV_NS_PER_MS);
}

static void leave(sv_patience *patience, size_t n, int64_t age_ms, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++)
        sv_patience_note_left(patience, age_ms * SV_NS_PER_MS, now_ms * SV_NS_PER_MS);
    stay(patience, 0, 1, now_ms + MOMENT_MS); /* they count from then on */
}

static void test_nobody_leaves(void **state)
{
    (void)state;
    sv_patience patience = {0};
    assert_true(sv_patience_get(&patience) == SV_NEVER);
    stay(&patience, 1000, 20000, LATER_MS);
    assert_true(sv_patience_get(&patience) == SV_NEVER);
}

static void test_all_leave_at_one_age(void **state)
{
    (void)state;
    static const int64_t ages_ms[] = {2, 10, 300, 1000, 5000, 30000};
    for (size_t i = 0; i < sizeof ages_ms / sizeof *ages_ms; i++) {
        sv_patience patience = {0};
        leave(&patience, 8, ages_ms[i], LATER_MS);
        assert_about(&patience, ages_ms[i]);
    }
}

static void test_odd_ages(void **state)
{
    (void)state;
    static const int64_t ages_ns[] = {-1, 0, 1, INT64_MAX};
    for (size_t i = 0; i < sizeof ages_ns / sizeof *ages_ns; i++) {
        sv_patience patience = {0};
        for (int n = 0; n < 20; n++)
            sv_patience_note_left(&patience, ages_ns[i], (LATER_MS + 50 * n) * SV_NS_PER_MS);
        assert_true(sv_patience_get(&patience) > 0);
    }
}

/* Windows that are closed now and then say nothing about the others. */
static void test_a_few_that_leave_are_an_accident(void **state)
{
    (void)state;
    sv_patience patience = {0};
    for (int i = 0; i < 1000; i++) {
        leave(&patience, 1, 10, LATER_MS);
        stay(&patience, 40, 5, LATER_MS);
    }
    assert_true(sv_patience_get(&patience) == SV_NEVER);
}

/* Those who were answered early hide how long they would have waited; they do not dilute it. */
static void test_answers_in_time_hide_nothing(void **state)
{
    (void)state;
    sv_patience patience = {0};
    leave(&patience, 50, 1000, LATER_MS);
    stay(&patience, 1000, 100, LATER_MS);
    assert_about(&patience, 1000);
}

static void test_one_of_ten_does_not_decide(void **state)
{
    (void)state;
    sv_patience patience = {0};
    leave(&patience, 8, 100, LATER_MS);
    leave(&patience, 92, 2000, LATER_MS);
    stay(&patience, 1, 1, LATER_MS); /* a new estimate */
    leave(&patience, 16, 2000, LATER_MS);
    assert_about(&patience, 2000);
}

static void test_what_was_learned_fades(void **state)
{
    (void)state;
    sv_patience patience = {0};
    leave(&patience, 100, 1000, LATER_MS);
    stay(&patience, 1, 10, LATER_MS + 30 * 1000);
    assert_about(&patience, 1000);
    stay(&patience, 1, 10, LATER_MS + 600 * 1000);
    assert_true(sv_patience_get(&patience) == SV_NEVER);
}

/* 64 clients of one test, which is over: they wait for 1 to 64 s, and leave together. */
static void test_all_who_leave_at_once_teach_nothing(void **state)
{
    (void)state;
    for (int empties = 0; empties < 2; empties++) {
        sv_patience patience = {0};
        for (int64_t i = 1; i <= 64; i++)
            sv_patience_note_left(&patience, i * SV_NS_PER_S, (LATER_MS * SV_NS_PER_MS) + i);
        if (empties)
            sv_patience_note_empty(&patience);
        stay(&patience, 1, 1, LATER_MS + MOMENT_MS + 1);
        assert_true((sv_patience_get(&patience) == SV_NEVER) == empties);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_leaves),
        cmocka_unit_test(test_all_leave_at_one_age),
        cmocka_unit_test(test_odd_ages),
        cmocka_unit_test(test_a_few_that_leave_are_an_accident),
        cmocka_unit_test(test_answers_in_time_hide_nothing),
        cmocka_unit_test(test_one_of_ten_does_not_decide),
        cmocka_unit_test(test_what_was_learned_fades),
        cmocka_unit_test(test_all_who_leave_at_once_teach_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
