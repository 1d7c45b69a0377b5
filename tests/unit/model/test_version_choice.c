/* Which version answers: shares over many users, and who moves when something changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/version_choice.h"

enum { N_KEYS = 100000, MOST = 8 };

/* Names of the versions; what is NULL is not there. */
typedef struct scene {
    sv_version_share shares[MOST];
    size_t n, default_index;
} scene;

static scene make_scene(const int64_t *weights, size_t n, size_t default_index)
{
    scene made = {.n = n, .default_index = default_index};
    for (size_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", i + 1);
        made.shares[i] = (sv_version_share){
            .seed = sv_version_choice_seed(sv_str_from(name)),
            .weight = weights[i],
            .is_ready = true,
        };
    }
    return made;
}
#define SCENE(default_index, ...)                                                                  \
    make_scene((const int64_t[]){__VA_ARGS__},                                                     \
               sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), default_index)

static size_t pick(const scene *from, const char *key, uint64_t random)
{
    return sv_version_choice_pick(from->shares, from->n, from->default_index, sv_str_from(key),
                                  random);
}

/* The version of user number `i`. */
static size_t pick_user(const scene *from, size_t i)
{
    char key[24];
    snprintf(key, sizeof key, "user-%zu", i);
    return pick(from, key, 0);
}

/* A stream of random numbers that is the same in each run (xorshift64). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void count(const scene *from, bool sticky, size_t counts[MOST])
{
    uint64_t state = 88172645463325252U;
    memset(counts, 0, MOST * sizeof *counts);
    for (size_t i = 0; i < N_KEYS; i++)
        counts[sticky ? pick_user(from, i) : pick(from, "", next_random(&state))]++;
}

/* Within 4 standard deviations of `part` of N_KEYS. */
static void assert_share(size_t counted, double part)
{
    double wanted = part * N_KEYS, off = (double)counted - wanted;
    if (off * off > 16 * wanted * (1 - part))
        fail_msg("%zu of %d is not %.4f", counted, N_KEYS, part);
}

static void test_shares(void **state)
{
    (void)state;
    static const int64_t cases[][4] = {
        {90, 10, 0, 0}, {1, 1, 1, 1}, {1, 999, 0, 0}, {0, 5, 0, 15}, {1000000, 1000000, 1, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        scene from = make_scene(cases[c], 4, 0);
        double sum = 0;
        for (size_t i = 0; i < 4; i++)
            sum += (double)cases[c][i];
        for (int sticky = 0; sticky < 2; sticky++) {
            size_t counts[MOST];
            count(&from, sticky, counts);
            for (size_t i = 0; i < 4; i++)
                assert_share(counts[i], (double)cases[c][i] / sum);
        }
    }
}

static void test_who_cannot_answer_leaves_to_the_default(void **state)
{
    (void)state;
    for (int tripped = 0; tripped < 2; tripped++) {
        scene before = SCENE(0, 50, 30, 20), after = before;
        after.shares[2].is_ready = tripped;
        after.shares[2].is_tripped = tripped;
        for (size_t i = 0; i < N_KEYS / 10; i++) {
            size_t was = pick_user(&before, i);
            assert_int_equal(pick_user(&after, i), was == 2 ? 0 : was);
        }
    }
}

/* A tripped default still answers: there is nobody to go back to. */
static void test_the_default_is_never_tripped(void **state)
{
    (void)state;
    scene from = SCENE(1, 50, 50);
    from.shares[1].is_tripped = true;
    size_t counts[MOST];
    count(&from, true, counts);
    assert_share(counts[1], 0.5);
}

static void test_without_the_default_the_rest_shares(void **state)
{
    (void)state;
    scene from = SCENE(0, 50, 30, 20), all = from;
    from.shares[0].is_ready = false;
    size_t counts[MOST];
    for (int sticky = 0; sticky < 2; sticky++) {
        count(&from, sticky, counts);
        assert_int_equal(counts[0], 0);
        assert_share(counts[1], 0.6);
        assert_share(counts[2], 0.4);
    }
    for (size_t i = 0; i < N_KEYS / 10; i++) /* who had another version keeps it */
        if (pick_user(&all, i))
            assert_int_equal(pick_user(&from, i), pick_user(&all, i));
}

static void test_nothing_can_answer(void **state)
{
    (void)state;
    scene zero = SCENE(2, 0, 0, 0), down = SCENE(1, 1, 0, 1), idle = SCENE(1, 0, 1, 0);
    for (size_t i = 0; i < 3; i++)
        down.shares[i].is_ready = false;
    idle.shares[1].is_ready = false; /* the others have no share */
    for (uint64_t random = 1; random < 100; random++) {
        assert_int_equal(pick(&zero, "", random), 2);
        assert_int_equal(pick(&down, "", random), 1);
        assert_int_equal(pick(&down, "key", random), 1);
        assert_int_equal(pick(&idle, "", random), 1);
    }
}

static void test_a_user_stays(void **state)
{
    (void)state;
    scene from = SCENE(0, 50, 50);
    for (size_t i = 0; i < 1000; i++) {
        char key[24];
        snprintf(key, sizeof key, "user-%zu", i);
        size_t first = pick(&from, key, 1);
        for (uint64_t random = 2; random < 6; random++)
            assert_int_equal(pick(&from, key, random), first);
    }
}

/* Of 90:10 to 70:30, a fifth moves, all of them to the version that grew. */
static void test_a_changed_weight_moves_only_its_share(void **state)
{
    (void)state;
    scene before = SCENE(0, 90, 10), after = SCENE(0, 90, 90 * 3.0 / 7 + 0.5);
    double share = (double)after.shares[1].weight / (double)(90 + after.shares[1].weight);
    size_t moved = 0;
    for (size_t i = 0; i < N_KEYS; i++) {
        size_t was = pick_user(&before, i), is = pick_user(&after, i);
        moved += was != is;
        assert_true(was == is || is == 1);
    }
    assert_share(moved, share - 0.1);
}

/* Doubling every weight changes nothing for anybody. */
static void test_only_proportions_count(void **state)
{
    (void)state;
    scene before = SCENE(0, 5, 3, 2), after = SCENE(0, 10, 6, 4);
    for (size_t i = 0; i < N_KEYS / 10; i++)
        assert_int_equal(pick_user(&before, i), pick_user(&after, i));
}

static void test_a_version_that_is_gone_moves_its_own_users(void **state)
{
    (void)state;
    scene before = SCENE(0, 40, 30, 30), after = before;
    after.shares[1] = before.shares[2]; /* the place of the last one changes, not its users */
    after.n = 2;
    size_t new_place[] = {0, 9, 1};
    for (size_t i = 0; i < N_KEYS / 10; i++) {
        size_t was = pick_user(&before, i);
        if (was != 1)
            assert_int_equal(pick_user(&after, i), new_place[was]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_who_cannot_answer_leaves_to_the_default),
        cmocka_unit_test(test_the_default_is_never_tripped),
        cmocka_unit_test(test_without_the_default_the_rest_shares),
        cmocka_unit_test(test_nothing_can_answer),
        cmocka_unit_test(test_a_user_stays),
        cmocka_unit_test(test_a_changed_weight_moves_only_its_share),
        cmocka_unit_test(test_only_proportions_count),
        cmocka_unit_test(test_a_version_that_is_gone_moves_its_own_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
