/* Which slot a prompt goes on from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/prompt_match.h"

enum { N = 100 };

/* `n` tokens: 0, 1, 2… up to `different`, then others. */
static void fill(sv_token *tokens, size_t n, size_t different)
{
    for (size_t i = 0; i < n; i++)
        tokens[i] = (sv_token)(i < different ? i : i + 1000);
}

/* At every length and every place: blocks and what is left of them. Each array ends where its
 * memory does. */
static void a_common_beginning_ends_at_the_first_difference(void **state)
{
    (void)state;
    sv_token prompt[N];
    fill(prompt, N, N);
    for (size_t n = 0; n <= N; n++) {
        sv_token *held = malloc(n * sizeof *held + 1);
        assert_non_null(held);
        for (size_t different = 0; different <= n; different++) {
            fill(held, n, different);
            assert_int_equal(sv_prompt_match_length(held, n, prompt, N), different);
            assert_int_equal(sv_prompt_match_length(prompt, N, held, n), different);
        }
        free(held);
    }
}

static void tokens_after_a_difference_do_not_count(void **state)
{
    (void)state;
    sv_token prompt[N], held[N];
    fill(prompt, N, N);
    memcpy(held, prompt, sizeof held);
    held[40] = -1;
    assert_int_equal(sv_prompt_match_length(held, N, prompt, N), 40);
    assert_int_equal(sv_prompt_match_length(NULL, 0, prompt, N), 0);
    assert_int_equal(sv_prompt_match_length(NULL, 0, NULL, 0), 0);
}

static void the_longest_useful_beginning_is_chosen(void **state)
{
    (void)state;
    /* Of each slot: how many tokens, how many of them are the prompt's, which has 50. */
    static const struct {
        size_t slots[3][2];
        size_t min_useful, index, n_common;
    } cases[] = {
        {{{0, 0}, {10, 10}, {20, 20}}, 1, 2, 20},
        {{{30, 30}, {90, 40}, {35, 35}}, 1, 1, 40},
        {{{10, 9}, {10, 8}, {10, 7}}, 10, SIZE_MAX, 0},
        {{{10, 9}, {10, 10}, {10, 7}}, 10, 1, 10},
        {{{0, 0}, {0, 0}, {10, 0}}, 0, SIZE_MAX, 0},
        /* Equal: what loses least, then the first. */
        {{{80, 20}, {30, 20}, {40, 20}}, 1, 1, 20},
        {{{30, 20}, {30, 20}, {30, 20}}, 1, 0, 20},
        /* Longer than the prompt. */
        {{{49, 49}, {100, 100}, {60, 60}}, 1, 2, 50},
    };
    sv_token prompt[50], tokens[3][N];
    fill(prompt, 50, 50);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_held_prefix held[3];
        for (size_t j = 0; j < 3; j++) {
            fill(tokens[j], cases[i].slots[j][0], cases[i].slots[j][1]);
            held[j] = (sv_held_prefix){tokens[j], cases[i].slots[j][0]};
        }
        sv_prompt_match match = sv_prompt_match_best(held, 3, prompt, 50, cases[i].min_useful);
        assert_true(match.index == cases[i].index);
        assert_int_equal(match.n_common, cases[i].n_common);
    }
    assert_true(sv_prompt_match_best(NULL, 0, prompt, 50, 1).index == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_common_beginning_ends_at_the_first_difference),
        cmocka_unit_test(tokens_after_a_difference_do_not_count),
        cmocka_unit_test(the_longest_useful_beginning_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
