/* test_text_engine.c: language models through the port: what they answer, and that nothing a caller
 * says ends the process. */
#include "text_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static sv_engine_host *host;

static void test_stories_answer_as_expected(void **state)
{
    (void)state;
    sv_engine_model *model = text_lab_load(host, STORIES);
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
    sv_engine_model *model = text_lab_load(host, SMOL);
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

static int open_host(void **state)
{
    (void)state;
    host = text_lab_open();
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    sv_engine_host_free(host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories_answer_as_expected),
        cmocka_unit_test(test_smol_answers_as_expected),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
