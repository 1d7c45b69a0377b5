/* test_text_engine.c: language models through the port: what they answer, and that nothing a caller
 * says ends the process. */
#include "text_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_stories_answer_as_expected(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_model *text = sv_engine_text_model(model);
    text_lab_tokens prompt, expected;
    char words[256];
    for (size_t i = 0; text_lab_expected(STORIES, "prompt_tokens", i, &prompt); i++) {
        sv_text_context *context = text_lab_context(model, 1, 512, 512);
        assert_true(text_lab_expected_text(STORIES, "prompt", i, words, sizeof words));
        text_lab_tokens got = text_lab_tokenize(text, words, (sv_tokenize_options){.begins = true});
        text_lab_assert_same(&got, &prompt);
        assert_true(text_lab_expected(STORIES, "tokens", i, &expected));
        got = text_lab_answer(text, context, &prompt, expected.n);
        text_lab_assert_same(&got, &expected);
        sv_text_context_free(context);
    }
    sv_engine_unload(model);
}

static void test_smol_answers_as_expected(void **state)
{
    /* The chats whose tokens no other kernel would change. */
    static const size_t safe[] = {2};
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, SMOL);
    text_lab_tokens prompt, expected;
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) {
        sv_text_context *context = text_lab_context(model, 1, 256, 256);
        assert_true(text_lab_expected(SMOL, "prompt_ids", safe[i], &prompt));
        /* each chat has its own tokens and those of a reference */
        assert_true(text_lab_expected(SMOL, "tokens", 2 * safe[i], &expected));
        text_lab_tokens got =
            text_lab_answer(sv_engine_text_model(model), context, &prompt, expected.n);
        text_lab_assert_same(&got, &expected);
        sv_text_context_free(context);
    }
    sv_engine_unload(model);
}

static void test_tokens_are_as_expected(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_model *text = sv_engine_text_model(model);
    text_lab_tokens expected;
    char words[256];
    size_t n_prompts = 0;
    while (text_lab_expected(STORIES, "prompt_tokens", n_prompts, &expected))
        n_prompts++;
    /* "tokens" of the plain texts come behind those of the answers; so do their "text". */
    for (size_t i = n_prompts; text_lab_expected(STORIES, "tokens", i, &expected); i++) {
        assert_true(text_lab_expected_text(STORIES, "text", i, words, sizeof words));
        text_lab_tokens got = text_lab_tokenize(text, words, (sv_tokenize_options){0});
        text_lab_assert_same(&got, &expected);
    }
    sv_engine_unload(model);
}

static void test_control_tokens_are_of_special_texts(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, SMOL);
    sv_text_model *text = sv_engine_text_model(model);
    text_lab_tokens marker =
        text_lab_tokenize(text, "<|im_end|>", (sv_tokenize_options){.is_special = true});
    text_lab_tokens plain = text_lab_tokenize(text, "<|im_end|>", (sv_tokenize_options){0});
    sv_buf piece;
    sv_buf_init(&piece, 64);
    assert_int_equal(marker.n, 1);
    assert_true(sv_text_is_control(text, marker.at[0]) && sv_text_ends(text, marker.at[0]));
    assert_true(plain.n > 1);
    assert_int_equal(sv_text_piece(text, marker.at[0], false, &piece), SV_OK);
    assert_int_equal(piece.len, 0);
    assert_int_equal(sv_text_piece(text, marker.at[0], true, &piece), SV_OK);
    assert_memory_equal(piece.ptr, "<|im_end|>", 10);
    sv_buf_deinit(&piece);
    sv_engine_unload(model);
}

static void test_texts_are_bounded_before_they_cost(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_model *text = sv_engine_text_model(model);
    size_t len = (size_t)10 << 20;
    char *large = malloc(len);
    sv_buf tokens;
    sv_tokenize_options options = {.max_tokens = 512};
    sv_buf_init(&tokens, 1 << 20);
    assert_non_null(large);
    memset(large, 'a', len);
    assert_int_equal(sv_text_tokenize(text, (sv_str){large, len}, &options, &tokens), SV_TOO_LARGE);
    assert_int_equal(tokens.capacity, 0); /* nothing was tried */
    assert_int_equal(sv_text_tokenize(text, (sv_str){large, 4096}, &options, &tokens),
                     SV_TOO_LARGE);
    assert_int_equal(tokens.len, 0);
    assert_int_equal(sv_text_tokenize(text, (sv_str){NULL, 0}, &options, &tokens), SV_OK);
    assert_int_equal(tokens.len, 0);
    options.max_tokens = 0;
    assert_int_equal(sv_text_tokenize(text, (sv_str){large, 1}, &options, &tokens), SV_TOO_LARGE);
    free(large);
    sv_buf_deinit(&tokens);
    sv_engine_unload(model);
}

static void test_no_token_is_harmless(void **state)
{
    static const sv_token none[] = {-1, 512, INT32_MAX, INT32_MIN};
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_model *text = sv_engine_text_model(model);
    sv_buf piece;
    sv_buf_init(&piece, 64);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(sv_text_piece(text, none[i], true, &piece), SV_INVALID);
        assert_false(sv_text_ends(text, none[i]));
        assert_false(sv_text_is_control(text, none[i]));
    }
    sv_buf_deinit(&piece);
    sv_engine_unload(model);
}

static void test_contexts_that_cannot_be(void **state)
{
    static const sv_text_context_options rows[] = {
        {0, 64, 64},
        {65, 64, 64},
        {300, 64, 64},
        {1, 0, 64},
        {1, 513, 64}, /* the model was trained for 512 */
        {1, 64, 0},
        {1, 64, 2049},
        {1, 64, 64, .threads = -1},
        {1, 64, 64, .threads = 100000},
    };
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_text_context *context = NULL;
        sv_error error = {0};
        assert_int_equal(
            sv_text_context_new(sv_engine_text_model(model), &rows[i], &error, &context),
            SV_INVALID);
        assert_true(error.message[0] && !context);
    }
    sv_text_context_free(NULL);
    sv_engine_unload(model);
}

/* Each of them ends the process or is answered by a number when the library is asked. */
static void test_steps_that_cannot_be(void **state)
{
    static const sv_text_entry rows[] = {
        {-1, 0, 0}, {512, 0, 0}, {1, 1, 0}, {1, -1, 0}, {1, 0, 2}, {1, 0, -1}, {1, INT32_MAX, 0},
    };
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_context *context = text_lab_context(model, 2, 8, 4);
    sv_text_entry many[5] = {{1, 0, 0}, {1, 1, 0}, {1, 2, 0}, {1, 3, 0}, {1, 4, 0}};
    sv_error error = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sv_text_step(context, &rows[i], 1, &error), SV_INVALID);
    assert_int_equal(sv_text_step(context, rows, 0, &error), SV_INVALID);
    assert_int_equal(sv_text_step(context, many, 5, &error), SV_INVALID);
    assert_int_equal(sv_text_held(context, 0), 0);
    assert_null(sv_text_logits(context, 0));
    text_lab_feed(context, 0, (const sv_token[]){1, 2, 3, 4, 5, 6, 7, 8}, 8, 4);
    assert_non_null(sv_text_logits(context, 3));
    assert_null(sv_text_logits(context, 0)); /* it did not ask */
    assert_null(sv_text_logits(context, 4));
    assert_null(sv_text_embedding(context, 0));
    assert_int_equal(sv_text_step(context, &(sv_text_entry){1, 8, 0}, 1, &error), SV_TOO_LARGE);
    assert_int_equal(sv_text_held(context, 0), 8);
    assert_true(sv_text_forget(context, 0, 6));
    assert_int_equal(sv_text_step(context, &(sv_text_entry){1, 6, 0}, 1, &error), SV_OK);
    assert_false(sv_text_forget(context, 2, 0) || sv_text_copy(context, 0, 2));
    sv_text_context_free(context);
    sv_engine_unload(model);
}

static bool is_ended(void *arg)
{
    return ++*(int *)arg > 0;
}

static void test_a_step_is_cancelled(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, SMOL);
    int asked = 0;
    sv_text_context_options options = {
        1, 512, 512, .threads = 1, .is_aborted = is_ended, .arg = &asked};
    sv_text_context *context = NULL;
    sv_text_entry entries[512];
    sv_error error = {0};
    assert_int_equal(sv_text_context_new(sv_engine_text_model(model), &options, &error, &context),
                     SV_OK);
    for (int i = 0; i < 512; i++)
        entries[i] = (sv_text_entry){5 + i, i, 0, i == 511};
    assert_int_equal(sv_text_step(context, entries, 512, &error), SV_CANCELLED);
    assert_true(asked > 0);
    assert_int_equal(sv_text_held(context, 0), 0);
    assert_null(sv_text_logits(context, 511));
    asked = INT32_MIN; /* not any more: it can be used again */
    assert_int_equal(sv_text_step(context, entries, 16, &error), SV_OK);
    sv_text_context_free(context);
    sv_engine_unload(model);
}

/* ---- Sequences ---- */

static void assert_logits(const float *got, const float *expected, size_t n)
{
    assert_non_null(got);
    for (size_t i = 0; i < n; i++)
        if (got[i] != expected[i])
            fail_msg("logit %zu is %g, not %g", i, (double)got[i], (double)expected[i]);
}

static void test_copies_are_identical(void **state)
{
    static const sv_token prompt[] = {1, 403, 407, 261, 378}, next = 432;
    enum { N = 512 };
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_context *context = text_lab_context(model, 4, 64, 32);
    float expected[N];
    text_lab_feed(context, 0, prompt, 5, 32);
    memcpy(expected, text_lab_feed(context, 0, &next, 1, 1), sizeof expected);
    assert_true(sv_text_forget(context, 0, 5));
    text_lab_feed(context, 3, (const sv_token[]){1, 2, 3}, 3, 32); /* gives way to the copy */
    assert_true(sv_text_copy(context, 0, 3));
    assert_int_equal(sv_text_held(context, 3), 5);
    assert_logits(text_lab_feed(context, 3, &next, 1, 1), expected, N);
    /* The source goes on as if nothing had been, and its end hurts no neighbour. */
    assert_logits(text_lab_feed(context, 0, &next, 1, 1), expected, N);
    assert_true(sv_text_forget(context, 0, 0));
    assert_true(sv_text_forget(context, 3, 5));
    assert_logits(text_lab_feed(context, 3, &next, 1, 1), expected, N);
    /* A longer source whose end the copy forgets. */
    assert_true(sv_text_copy(context, 3, 1) && sv_text_forget(context, 1, 5));
    text_lab_feed(context, 2, prompt, 5, 2);
    assert_logits(text_lab_feed(context, 1, &next, 1, 1), expected, N);
    sv_text_context_free(context);
    sv_engine_unload(model);
}

static void test_neighbours_do_not_disturb(void **state)
{
    static const sv_token tokens[] = {1, 403, 407, 261, 378, 432, 383, 286};
    enum { N = 8 };
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_context *alone = text_lab_context(model, 1, 64, 32);
    sv_text_context *many = text_lab_context(model, 4, 64, 32);
    sv_text_entry entries[4];
    sv_error error = {0};
    for (int i = 0; i < N; i++) {
        const float *expected = text_lab_feed(alone, 0, &tokens[i], 1, 1);
        if (i == 4)
            assert_true(sv_text_forget(many, 1, 0) && sv_text_copy(many, 2, 1));
        for (int s = 0; s < 4; s++)
            entries[s] = (sv_text_entry){tokens[i], i, s, true};
        assert_int_equal(sv_text_step(many, entries, 4, &error), SV_OK);
        for (size_t s = 0; s < 4; s++)
            assert_int_equal(text_lab_best(sv_text_logits(many, s), 512),
                             text_lab_best(expected, 512));
    }
    sv_text_context_free(alone);
    sv_text_context_free(many);
    sv_engine_unload(model);
}

static void test_embeddings(void **state)
{
    static const sv_token tokens[] = {1, 403, 407, 261, 378};
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_context_options options = {2, 64, 64, .embeds = true};
    sv_text_context *context = NULL;
    sv_error error = {0};
    sv_text_entry entries[10];
    assert_int_equal(sv_text_context_new(sv_engine_text_model(model), &options, &error, &context),
                     SV_OK);
    for (int i = 0; i < 10; i++)
        entries[i] = (sv_text_entry){tokens[i % 5], i % 5, i / 5, false};
    assert_int_equal(sv_text_step(context, entries, 10, &error), SV_OK);
    const float *one = sv_text_embedding(context, 0), *two = sv_text_embedding(context, 1);
    assert_true(one && two && !sv_text_embedding(context, 2) && !sv_text_logits(context, 0));
    float sum = 0;
    for (int i = 0; i < sv_text_info_of(sv_engine_text_model(model))->n_embedding; i++) {
        float difference = one[i] - two[i];
        assert_true(difference < 1e-4f && difference > -1e-4f);
        sum += one[i] * one[i];
    }
    assert_true(sum > 0);
    sv_text_context_free(context);
    sv_engine_unload(model);
}

/* ---- Grammars ---- */

static sv_token find_token(const sv_text_model *model, const char *text)
{
    text_lab_tokens tokens = text_lab_tokenize(model, text, (sv_tokenize_options){0});
    assert_int_equal(tokens.n, 1);
    return tokens.at[0];
}

static void test_a_grammar_is_followed(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, SMOL);
    sv_text_model *text = sv_engine_text_model(model);
    const sv_text_info *info = sv_text_info_of(text);
    sv_token yes = find_token(text, "yes"), no = find_token(text, "no");
    sv_text_grammar *grammar = NULL;
    sv_error error = {0};
    float *logits = calloc((size_t)info->n_vocabulary, sizeof *logits);
    assert_non_null(logits);
    assert_int_equal(
        sv_text_grammar_new(text, SV_STR("root ::= \"yes\" | \"maybe\""), &error, &grammar), SV_OK);
    assert_true(sv_text_grammar_allows(grammar, yes));
    assert_false(sv_text_grammar_allows(grammar, no));
    assert_false(sv_text_grammar_allows(grammar, info->eos));
    assert_false(sv_text_grammar_allows(grammar, -1));
    assert_false(sv_text_grammar_allows(grammar, info->n_vocabulary));
    assert_int_equal(sv_text_grammar_accept(grammar, no), SV_INVALID);
    assert_int_equal(sv_text_grammar_accept(grammar, info->eos), SV_INVALID);
    sv_text_grammar_mask(grammar, logits, (size_t)info->n_vocabulary);
    size_t n_allowed = 0;
    for (int32_t i = 0; i < info->n_vocabulary; i++) {
        bool is_in = logits[i] == 0;
        n_allowed += is_in;
        if (i % 97 == 0 || is_in)
            assert_int_equal(is_in, sv_text_grammar_allows(grammar, i));
    }
    assert_true(logits[yes] == 0 && n_allowed > 1 && n_allowed < 20);
    assert_int_equal(sv_text_grammar_accept(grammar, yes), SV_OK);
    assert_true(sv_text_grammar_allows(grammar, info->eos)); /* it is complete */
    assert_int_equal(sv_text_grammar_accept(grammar, yes), SV_INVALID);
    assert_int_equal(sv_text_grammar_accept(grammar, info->eos), SV_OK);
    sv_text_grammar_free(grammar);
    sv_text_grammar_free(NULL);
    free(logits);
    sv_engine_unload(model);
}

static void test_grammars_that_cannot_be(void **state)
{
    enum { DEEP = 100000 };
    static const char *const rows[] = {
        "",
        "root",
        "root ::= ",
        "root ::= (",
        "root ::= \"a",
        "root ::= [a",
        "other ::= \"a\"",
        "root ::= missing",
        "root ::= root \"a\"",
        "root ::= \"a\"{1000000}",
        "root ::= \"a\"{2,1}",
        "root ::= \"a\"{ 20 , 3 }",
        "root ::= \"\\",
        "\xff\xfe",
        "root ::= <[99999999]>",
    };
    (void)state;
    sv_engine_model *model = text_lab_load(text_lab_host, STORIES);
    sv_text_model *text = sv_engine_text_model(model);
    sv_error error = {0};
    char *deep = malloc(DEEP);
    assert_non_null(deep);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_text_grammar *grammar = NULL;
        sv_status status = sv_text_grammar_new(text, sv_str_from(rows[i]), &error, &grammar);
        /* Some of them can be read, and allow nothing. */
        assert_true(status == SV_OK || status == SV_INVALID);
        sv_text_grammar_free(grammar);
    }
    memcpy(deep, "root ::= ", 9);
    memset(deep + 9, '(', DEEP - 9);
    sv_text_grammar *grammar = NULL;
    assert_int_equal(sv_text_grammar_new(text, (sv_str){deep, DEEP}, &error, &grammar), SV_INVALID);
    assert_int_equal(
        sv_text_grammar_new(text, (sv_str){deep, SV_TEXT_MAX_GRAMMAR + 1}, &error, &grammar),
        SV_TOO_LARGE);
    assert_null(grammar);
    free(deep);
    sv_engine_unload(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories_answer_as_expected),
        cmocka_unit_test(test_smol_answers_as_expected),
        cmocka_unit_test(test_tokens_are_as_expected),
        cmocka_unit_test(test_control_tokens_are_of_special_texts),
        cmocka_unit_test(test_texts_are_bounded_before_they_cost),
        cmocka_unit_test(test_no_token_is_harmless),
        cmocka_unit_test(test_contexts_that_cannot_be),
        cmocka_unit_test(test_steps_that_cannot_be),
        cmocka_unit_test(test_a_step_is_cancelled),
        cmocka_unit_test(test_copies_are_identical),
        cmocka_unit_test(test_neighbours_do_not_disturb),
        cmocka_unit_test(test_embeddings),
        cmocka_unit_test(test_a_grammar_is_followed),
        cmocka_unit_test(test_grammars_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, text_lab_begin, text_lab_end);
}
