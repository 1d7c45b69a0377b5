/* How long the pieces of prompts are, and who gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/step_plan.h"

static const int64_t MAX_GAP_NS = 200 * SV_NS_PER_MS;

/* Answers alone take 10 ms + 1 ms each, a token of a prompt 2 ms. */
static int64_t real_time(sv_step_load load)
{
    return (load.n_decoding ? 10 + (int64_t)load.n_decoding : 0) * SV_NS_PER_MS +
           2 * (int64_t)load.n_prompt * SV_NS_PER_MS;
}

static void learn(sv_step_speed *speed, sv_step_load load, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sv_step_plan_note(speed, load, real_time(load));
}

static void predictions_follow_what_was_measured(void **state)
{
    (void)state;
    static const sv_step_load loads[] = {{1, 0}, {4, 0}, {0, 100}, {4, 50}, {1, 10}};
    sv_step_speed speed = {0};
    assert_int_equal(sv_step_plan_predict(&speed, loads[3]), 0);
    learn(&speed, loads[0], 3);
    learn(&speed, loads[1], 3);
    learn(&speed, loads[2], 3);
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        int64_t error_ns = sv_step_plan_predict(&speed, loads[i]) - real_time(loads[i]);
        assert_in_range(error_ns + SV_NS_PER_MS, 0, 2 * SV_NS_PER_MS);
    }
}

static void numbers_that_were_not_seen_are_those_of_the_nearest(void **state)
{
    (void)state;
    sv_step_speed speed = {0};
    learn(&speed, (sv_step_load){4, 0}, 1);
    learn(&speed, (sv_step_load){SV_TEXT_MAX_SEQUENCES, 0}, 1);
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){5, 0}), 14 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){1, 0}), 14 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){60, 0}), 74 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){0, 0}), 0);
}

static void odd_measurements_do_no_harm(void **state)
{
    (void)state;
    sv_step_speed speed = {0};
    learn(&speed, (sv_step_load){4, 0}, 4);
    sv_step_plan_note(&speed, (sv_step_load){4, 20}, 1); /* quicker than without the prompt */
    sv_step_plan_note(&speed, (sv_step_load){0, 0}, SV_NS_PER_S);
    sv_step_plan_note(&speed, (sv_step_load){0, 1}, SV_NS_PER_S); /* too few to tell */
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){4, 100}), 14 * SV_NS_PER_MS);
    assert_in_range(sv_step_plan_prompt_budget(&speed, (sv_step_load){4}, MAX_GAP_NS, 512), 1, 64);
}

static void steps_stay_within_the_gap(void **state)
{
    (void)state;
    sv_step_speed speed = {0};
    for (size_t n = 1; n <= 16; n++)
        learn(&speed, (sv_step_load){n, 0}, 2);
    learn(&speed, (sv_step_load){0, 256}, 2);
    for (size_t n = 1; n <= 16; n++) {
        sv_step_load load = {
            n, sv_step_plan_prompt_budget(&speed, (sv_step_load){n}, MAX_GAP_NS, 512)};
        assert_in_range(load.n_prompt, 16, 512); /* and are of use */
        assert_in_range(real_time(load), 1, MAX_GAP_NS * 9 / 10);
    }
}

static void budgets_are_never_nothing_nor_too_much(void **state)
{
    (void)state;
    sv_step_speed slow = {0}, quick = {0};
    sv_step_plan_note(&slow, (sv_step_load){2, 0}, SV_NS_PER_S); /* longer than the gap by itself */
    sv_step_plan_note(&slow, (sv_step_load){0, 100}, 10 * SV_NS_PER_S);
    sv_step_plan_note(&quick, (sv_step_load){2, 0}, 1000);
    sv_step_plan_note(&quick, (sv_step_load){0, 100}, 1000);
    assert_int_equal(sv_step_plan_prompt_budget(&slow, (sv_step_load){2}, MAX_GAP_NS, 512), 16);
    assert_int_equal(sv_step_plan_prompt_budget(&quick, (sv_step_load){2}, MAX_GAP_NS, 512), 512);
    assert_int_equal(sv_step_plan_prompt_budget(&slow, (sv_step_load){0}, MAX_GAP_NS, 256),
                     256); /* none waits */
    sv_step_speed nothing = {0};
    assert_in_range(sv_step_plan_prompt_budget(&nothing, (sv_step_load){2}, MAX_GAP_NS, 512), 8,
                    64);
    assert_int_equal(sv_step_plan_prompt_budget(&nothing, (sv_step_load){2}, MAX_GAP_NS, 4), 4);
}

static void copies_have_their_time_in_a_step(void **state)
{
    (void)state;
    sv_step_speed speed = {0};
    assert_int_equal(sv_step_plan_copies(&speed, MAX_GAP_NS), 1); /* one, to measure it */
    assert_int_equal(sv_step_plan_copy_worth(&speed), 0);
    learn(&speed, (sv_step_load){4, 0}, 2);
    learn(&speed, (sv_step_load){0, 100}, 2);
    size_t before = sv_step_plan_prompt_budget(&speed, (sv_step_load){4}, MAX_GAP_NS, 512);
    sv_step_load load = {4, 10, 2}; /* 34 ms, and 16 for each copy */
    sv_step_plan_note(&speed, load, 66 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_predict(&speed, load), 66 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_predict(&speed, (sv_step_load){4, 10}), 34 * SV_NS_PER_MS);
    assert_int_equal(sv_step_plan_prompt_budget(&speed, load, MAX_GAP_NS, 512), before - 16);
    assert_int_equal(sv_step_plan_copies(&speed, MAX_GAP_NS), 3);
    assert_int_equal(sv_step_plan_copies(&speed, 1), 1);
    assert_int_equal(sv_step_plan_copies(&speed, 1000 * MAX_GAP_NS), SV_TEXT_MAX_SEQUENCES);
    assert_in_range(sv_step_plan_copy_worth(&speed), 8, 9);
}

/* ---- Shares ---- */

static const struct {
    size_t n, left[5], budget, shares[5];
} divisions[] = {
    {1, {100}, 30, {30}},
    {1, {10}, 30, {10}},
    {2, {100, 100}, 30, {30, 0}}, /* it has least left then */
    {2, {100, 10}, 30, {20, 10}},
    {3, {100, 50, 10}, 40, {20, 10, 10}},
    {3, {5, 50, 10}, 40, {5, 25, 10}},
    {3, {100, 7, 7}, 20, {10, 7, 3}},
    {3, {1, 1, 1}, 100, {1, 1, 1}},
    {2, {100, 100}, 1, {1, 0}},
    {4, {1000, 3, 2, 1}, 9, {5, 1, 2, 1}},
};

static void the_first_gets_half_and_the_shortest_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof divisions / sizeof *divisions; i++) {
        size_t shares[5];
        sv_step_plan_share(divisions[i].left, divisions[i].n, divisions[i].budget, shares);
        for (size_t j = 0; j < divisions[i].n; j++)
            if (shares[j] != divisions[i].shares[j])
                fail_msg("division %zu: %zu gets %zu", i, j, shares[j]);
    }
}

/* Whatever is left of whom: no more than there is, nothing unused that somebody could use, and the
 * first has its half. */
static void divisions_are_whole_and_fair(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (size_t round = 0; round < 2000; round++) {
        size_t left[SV_TEXT_MAX_SEQUENCES], shares[SV_TEXT_MAX_SEQUENCES], sum = 0, all = 0;
        size_t n = round % SV_TEXT_MAX_SEQUENCES + 1;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            left[i] = 1 + (seed >> 16) % 300;
            all += left[i];
        }
        size_t budget = 1 + (seed >> 8) % 512;
        sv_step_plan_share(left, n, budget, shares);
        for (size_t i = 0; i < n; i++) {
            assert_true(shares[i] <= left[i]);
            sum += shares[i];
        }
        assert_int_equal(sum, budget < all ? budget : all);
        assert_true(shares[0] >= (left[0] < budget / 2 ? left[0] : budget / 2));
    }
    sv_step_plan_share(NULL, 0, 10, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_follow_what_was_measured),
        cmocka_unit_test(numbers_that_were_not_seen_are_those_of_the_nearest),
        cmocka_unit_test(odd_measurements_do_no_harm),
        cmocka_unit_test(steps_stay_within_the_gap),
        cmocka_unit_test(budgets_are_never_nothing_nor_too_much),
        cmocka_unit_test(copies_have_their_time_in_a_step),
        cmocka_unit_test(the_first_gets_half_and_the_shortest_the_rest),
        cmocka_unit_test(divisions_are_whole_and_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
