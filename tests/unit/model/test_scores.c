/* Rows of scores into labels. */
#include "model/scores.h"

#include <math.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static sv_str names[] = {SV_STR_INIT("a"), SV_STR_INIT("b"), SV_STR_INIT("c")};
static const sv_strs labels = {names, 3}, no_labels = {NULL, 0};

static void ranks_scores(void **state)
{
    static const struct {
        float scores[3];
        bool softmax;
        int64_t top_k;
        const char *best;
        double confidence;
    } cases[] = {
        {{0, 1, 0}, true, 3, "b", 1},       {{0.2F, 0.5F, 0.3F}, true, 1, "b", 0.5},
        {{3, 3, 3}, true, 2, "a", 1.0 / 3}, {{0, 0, 1000}, true, 3, "c", 1},
        {{-2, 7, 0.5F}, false, 3, "b", 1},  {{-2, -1, -3}, false, 3, "b", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_predictions found;
        sv_scores_rules rules = {&labels, cases[i].softmax, cases[i].top_k};
        assert_int_equal(
            sv_scores_rank(&rules, (sv_scores_row){cases[i].scores, 3}, arena, &error, &found),
            SV_OK);
        assert_int_equal(found.len, cases[i].top_k);
        assert_true(sv_str_eq(found.items[0].label, sv_str_from(cases[i].best)));
        assert_true(fabs(found.items[0].confidence - cases[i].confidence) < 1e-6);
        sv_arena_free(arena);
    }
}

static void counts_where_there_are_no_labels(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_predictions found;
    sv_scores_rules rules = {&no_labels, true, 10};
    const float scores[] = {1, 2};
    assert_int_equal(sv_scores_rank(&rules, (sv_scores_row){scores, 2}, arena, &error, &found),
                     SV_OK);
    assert_int_equal(found.len, 2);
    assert_true(sv_str_eq(found.items[0].label, SV_STR("1")));
    sv_arena_free(arena);
}

static void refuses_what_are_no_scores(void **state)
{
    const float bad[] = {1, NAN};
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_predictions found;
    sv_scores_rules rules = {&labels, true, 1};
    for (size_t n = 0; n <= 2; n += 2) {
        sv_error error = {0};
        assert_int_equal(sv_scores_rank(&rules, (sv_scores_row){bad, n}, arena, &error, &found),
                         SV_FAILED);
        assert_ptr_equal(error.kind, &sv_kind_invalid_model_output);
    }
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_scores),
        cmocka_unit_test(counts_where_there_are_no_labels),
        cmocka_unit_test(refuses_what_are_no_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
