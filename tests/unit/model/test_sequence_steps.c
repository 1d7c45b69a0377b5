/* Answers of real models, step by step on one thread: the expected ones alone and in company, with
 * prefixes shared, moved, cancelled, at the end of the context. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "sequence_lab.h"

static sequence_lab lab;
static sv_sequence_steps *steps;
static sequence_lab_answer answers[SV_TEXT_MAX_SEQUENCES];

static int close_lab(void **state)
{
    (void)state;
    if (steps)
        sequence_lab_free_steps(steps);
    steps = NULL;
    for (size_t i = 0; i < SV_TEXT_MAX_SEQUENCES; i++)
        sequence_lab_drop(&answers[i]);
    sequence_lab_close(&lab);
    return 0;
}

static void open_lab(const char *name, uint32_t n_slots, uint32_t n_context)
{
    sequence_lab_open(&lab, name);
    steps = sequence_lab_steps(&lab, n_slots, n_context);
}

/* What a slot is said to hold is what the context holds. */
static void assert_in_step(void)
{
    for (size_t i = 0; i < steps->held.n_slots; i++)
        assert_int_equal(sv_held_tokens_count(&steps->held, i),
                         sv_text_held(steps->context, (int32_t)i));
}

/* One answer, alone, in slot `at` of the answers. */
static sequence_lab_answer *answer_alone(size_t at, const sv_generation_request *request)
{
    sequence_lab_drop(&answers[at]);
    sequence_lab_seat(steps, &answers[at], request);
    sequence_lab_finish(steps, &answers[at], 1);
    assert_in_step();
    return &answers[at];
}

/* ---- What is expected ---- */

typedef struct expectation {
    text_lab_tokens prompt, tokens;
    char text[4096];
} expectation;

/* Of the shared model whose expected answers have no two tokens within 0.01 of each other. */
enum { N_EXPECTED = 3 };

static void read_expectation(size_t index, expectation *ret)
{
    assert_true(text_lab_expected(STORIES, "prompt_tokens", index, &ret->prompt));
    assert_true(text_lab_expected(STORIES, "tokens", index, &ret->tokens));
    assert_true(text_lab_expected_text(STORIES, "text", index, ret->text, sizeof ret->text));
}

static void assert_expected(const sequence_lab_answer *answer, const expectation *it)
{
    text_lab_assert_same(&answer->tokens, &it->tokens);
    bool begins_word = answer->text[0] == ' ' && it->text[0] != ' '; /* as they were written down */
    assert_string_equal(answer->text + begins_word, it->text);
    assert_int_equal(answer->finish, SV_FINISH_LENGTH);
}

static void greedy_answers_alone_are_the_expected_ones(void **state)
{
    (void)state;
    static expectation it;
    open_lab(STORIES, 2, 512);
    for (size_t i = 0; i < N_EXPECTED; i++) {
        read_expectation(i, &it);
        sv_generation_request request = sequence_lab_request(&it.prompt, 64);
        request.has_logprobs = true;
        assert_expected(answer_alone(0, &request), &it);
        request.has_logprobs = false;
        answer_alone(1, &request);
        assert_string_equal(answers[1].text, answers[0].text);
    }
}

/* Three expected ones among five that are sampled, of which some leave and come meanwhile. */
static void greedy_answers_in_company_are_the_expected_ones(void **state)
{
    (void)state;
    static expectation its[N_EXPECTED];
    open_lab(STORIES, 8, 512);
    for (size_t i = 0; i < N_EXPECTED; i++)
        read_expectation(i, &its[i]);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < 8; i++) {
            bool is_sampled = i % 2 == 0 || i == 7;
            const expectation *it = &its[is_sampled ? round : i / 2];
            sv_generation_request request =
                sequence_lab_request(&it->prompt, is_sampled ? 10 + 9 * (uint32_t)i : 64);
            request.has_logprobs = true;
            request.sampling.temperature = is_sampled ? 1 : 0;
            request.sampling.seed = 100 * round + i;
            sequence_lab_seat(steps, &answers[i], &request);
        }
        sequence_lab_finish(steps, answers, 8);
        assert_in_step();
        for (size_t i = 1; i < 7; i += 2)
            assert_expected(&answers[i], &its[i / 2]);
        for (size_t i = 0; i < 8; i++)
            sequence_lab_drop(&answers[i]);
    }
}

/* ---- Prefixes, moves ---- */

static void what_was_computed_before_changes_nothing(void **state)
{
    (void)state;
    char first[8192];
    open_lab(NULL, 4, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Where does the zebra live?", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    strcpy(first, answer_alone(0, &request)->text);
    assert_int_equal(answers[0].generation->usage.n_cached, 0);
    assert_string_equal(answer_alone(0, &request)->text, first);
    assert_int_equal(answers[0].generation->usage.n_cached, prompt.n - 1);
    assert_int_equal(steps->counts.n_cached_tokens, prompt.n - 1);
    assert_int_equal(steps->counts.n_prompt_tokens, prompt.n + 1);
}

static void a_prefix_of_one_under_way_is_copied(void **state)
{
    (void)state;
    char alone[8192];
    open_lab(NULL, 4, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    strcpy(alone, answer_alone(3, &request)->text);
    sequence_lab_free_steps(steps);
    steps = sequence_lab_steps(&lab, 4, 256);
    sequence_lab_seat(steps, &answers[0], &request);
    for (size_t i = 0; i < 5; i++)
        assert_true(sv_sequence_steps_run(steps));
    sequence_lab_seat(steps, &answers[1], &request);
    assert_int_equal(answers[1].generation->usage.n_cached, prompt.n - 1);
    sequence_lab_finish(steps, answers, 2);
    assert_in_step();
    assert_string_equal(answers[0].text, alone);
    assert_string_equal(answers[1].text, alone);
}

static void who_is_moved_goes_on_as_before(void **state)
{
    (void)state;
    enum { N = 6 };
    static char alone[N][8192];
    static const char *const questions[N] = {"Hello!",
                                             "Where does the zebra live?",
                                             "Tell me about the owl.",
                                             "Tell me a story about the frog.",
                                             "What does the lion eat?",
                                             "Tell me a story about the owl."};
    open_lab(NULL, N, 256);
    for (size_t i = 0; i < N; i++) {
        text_lab_tokens prompt = sequence_lab_prompt(&lab, questions[i], true);
        sv_generation_request request = sequence_lab_request(&prompt, 60);
        strcpy(alone[i], answer_alone(0, &request)->text);
        sequence_lab_drop(&answers[0]);
    }
    sequence_lab_free_steps(steps);
    steps = sequence_lab_steps(&lab, N, 256);
    for (size_t i = 0; i < N; i++) {
        text_lab_tokens prompt = sequence_lab_prompt(&lab, questions[i], true);
        sv_generation_request request = sequence_lab_request(&prompt, i % 2 ? 60 : 3);
        sequence_lab_seat(steps, &answers[i], &request);
    }
    sequence_lab_finish(steps, answers, N);
    assert_true(steps->counts.n_moves >= 1);
    assert_in_step();
    for (size_t i = 1; i < N; i += 2)
        assert_string_equal(answers[i].text, alone[i]);
}

/* ---- Seeds, lengths ---- */

static void seeds_reproduce(void **state)
{
    (void)state;
    char first[8192];
    open_lab(NULL, 2, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    request.sampling.temperature = 1.5;
    request.sampling.seed = 7;
    strcpy(first, answer_alone(0, &request)->text);
    assert_string_equal(answer_alone(0, &request)->text, first);
    request.sampling.seed = 8;
    assert_string_not_equal(answer_alone(0, &request)->text, first);
}

static void lengths_are_kept(void **state)
{
    (void)state;
    open_lab(NULL, 1, 64);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 3);
    assert_int_equal(answer_alone(0, &request)->finish, SV_FINISH_LENGTH);
    assert_int_equal(answers[0].generation->usage.n_completion, 3);
    request.max_tokens = 1000;
    assert_int_equal(answer_alone(0, &request)->finish, SV_FINISH_STOP);
    uint32_t n_own = answers[0].generation->usage.n_completion;
    assert_in_range(n_own, 4, 40);
    request.min_tokens = n_own + 5;
    answer_alone(0, &request);
    assert_in_range(answers[0].generation->usage.n_completion, n_own + 5, 1000);
    request.min_tokens = 0;
    request.ignores_end = true;
    assert_int_equal(answer_alone(0, &request)->finish, SV_FINISH_LENGTH); /* the context's end */
    assert_int_equal(answers[0].generation->usage.n_completion, 64 - prompt.n);
}

static void a_prompt_may_leave_room_for_one_token(void **state)
{
    (void)state;
    open_lab(NULL, 2, 64);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    for (size_t n = prompt.n; prompt.n < 63; prompt.n++)
        prompt.at[prompt.n] = prompt.at[prompt.n % n];
    sv_generation_request request = sequence_lab_request(&prompt, 10);
    request.ignores_end = true;
    sequence_lab_seat(steps, &answers[0], &request);
    sequence_lab_seat(steps, &answers[1], &request);
    sequence_lab_finish(steps, answers, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(answers[i].finish, SV_FINISH_LENGTH);
        assert_int_equal(answers[i].generation->usage.n_completion, 1);
    }
}

/* ---- Words ---- */

static void stops_end_the_text_before_them(void **state)
{
    (void)state;
    char whole[8192];
    open_lab(NULL, 1, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 100);
    strcpy(whole, answer_alone(0, &request)->text);
    assert_true(strlen(whole) > 12);
    /* Every part of seven bytes, wherever tokens begin and end. */
    for (size_t at = 0; at + 7 <= strlen(whole); at++) {
        sv_str stops[] = {SV_STR("never said"), {whole + at, 7}};
        request.stops = stops;
        request.n_stops = 2;
        sequence_lab_answer *answer = answer_alone(0, &request);
        assert_int_equal(answer->finish, SV_FINISH_STOP);
        assert_int_equal(answer->generation->stop_index, 1);
        char stop[8] = {0};
        memcpy(stop, whole + at, 7);
        assert_int_equal(answer->len, strstr(whole, stop) - whole);
        assert_memory_equal(answer->text, whole, answer->len);
    }
}

static void logprobs_are_of_what_was_chosen(void **state)
{
    (void)state;
    open_lab(NULL, 1, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 5);
    request.has_logprobs = true;
    request.n_top_logprobs = 3;
    sequence_lab_seat(steps, &answers[0], &request);
    while (sv_sequence_steps_run(steps))
        continue;
    sv_generation_part part;
    assert_true(sv_generation_take(answers[0].generation, &part));
    assert_int_equal(part.finish, SV_FINISH_LENGTH);
    assert_int_equal(part.n_tokens, 5);
    size_t n_bytes = 0;
    for (size_t i = 0; i < part.n_tokens; i++) {
        const sv_generation_token *token = &part.tokens[i];
        assert_int_equal(token->n_top, 3);
        assert_int_equal(token->top[0].token, token->chosen.token); /* greedy */
        assert_true(token->top[0].logprob == token->chosen.logprob);
        assert_true(token->top[0].logprob >= token->top[1].logprob);
        assert_true(token->top[0].logprob <= 0);
        n_bytes += token->n_text_bytes;
    }
    assert_int_equal(n_bytes, part.text.len);
}

static void choices_of_one_prompt_differ_by_their_seeds(void **state)
{
    (void)state;
    open_lab(NULL, 3, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 40);
    request.sampling.temperature = 1.5;
    for (size_t i = 0; i < 3; i++) {
        request.sampling.seed = i;
        sequence_lab_seat(steps, &answers[i], &request);
    }
    sequence_lab_finish(steps, answers, 3);
    assert_string_not_equal(answers[0].text, answers[1].text);
    assert_string_not_equal(answers[0].text, answers[2].text);
}

/* ---- Grammars ---- */

#define JSON_PAIRS                                                                                 \
    "root ::= \"{\" pair (\",\" pair)? \"}\"\n"                                                    \
    "pair ::= \"\\\"\" [a-z]{1,5} \"\\\":\" [0-9]{1,3}\n"

static void grammars_are_kept_to(void **state)
{
    (void)state;
    open_lab(NULL, 2, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 100);
    request.grammar = SV_STR(JSON_PAIRS);
    for (unsigned seed = 0; seed < 10; seed++) {
        request.sampling.temperature = seed ? 1.5 : 0;
        request.sampling.seed = seed;
        sequence_lab_answer *answer = answer_alone(0, &request);
        assert_int_equal(answer->finish, SV_FINISH_STOP);
        assert_int_equal(answer->text[0], '{');
        assert_int_equal(answer->text[answer->len - 1], '}');
        assert_non_null(strstr(answer->text, "\":"));
    }
}

/* There is nothing it could go on with: the end, not a failure. */
static void a_grammar_that_is_complete_ends_the_answer(void **state)
{
    (void)state;
    open_lab(NULL, 1, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 100);
    request.grammar = SV_STR("root ::= \"yes\"");
    request.ignores_end = true;
    sequence_lab_answer *answer = answer_alone(0, &request);
    assert_int_equal(answer->finish, SV_FINISH_STOP);
    assert_string_equal(answer->text, "yes");
}

static void a_grammar_that_cannot_be_read_fails_alone(void **state)
{
    (void)state;
    open_lab(NULL, 2, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 5);
    sequence_lab_seat(steps, &answers[0], &request);
    request.grammar = SV_STR("root ::= (");
    sequence_lab_seat(steps, &answers[1], &request);
    sequence_lab_finish(steps, answers, 2);
    assert_int_equal(answers[0].finish, SV_FINISH_LENGTH);
    assert_int_equal(answers[1].finish, SV_FINISH_FAILED);
    assert_int_equal(answers[1].generation->status, SV_INVALID);
}

/* ---- Unwanted ones, slow readers ---- */

static void who_is_not_wanted_leaves_before_the_next_step(void **state)
{
    (void)state;
    open_lab(NULL, 3, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    sv_cancel *cancel = sv_cancel_new();
    sequence_lab_seat(steps, &answers[0], &request);
    request.cancel = cancel;
    sequence_lab_seat(steps, &answers[1], &request);
    request.cancel = NULL;
    request.deadline_ns = sv_clock_now_ns(&sv_clock_system); /* is over */
    sequence_lab_seat(steps, &answers[2], &request);
    assert_true(sv_sequence_steps_run(steps));
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_sequence_steps_drop_unwanted(steps);
    for (size_t i = 0; i < 3; i++)
        sequence_lab_take(&answers[i]);
    assert_int_equal(answers[0].finish, SV_FINISH_NONE);
    assert_int_equal(answers[1].finish, SV_FINISH_CANCELLED);
    assert_int_equal(answers[2].finish, SV_FINISH_FAILED);
    assert_int_equal(answers[2].generation->status, SV_TIMEOUT);
    sequence_lab_finish(steps, answers, 1);
    assert_in_step();
    sv_cancel_unref(cancel);
}

/* The first deadline is for the first token only. */
static void first_deadlines_end_with_the_first_token(void **state)
{
    (void)state;
    open_lab(NULL, 1, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 5);
    request.first_deadline_ns = sv_clock_now_ns(&sv_clock_system) + 3600 * SV_NS_PER_S;
    sequence_lab_seat(steps, &answers[0], &request);
    while (!answers[0].generation->times.first_ns)
        assert_true(sv_sequence_steps_run(steps));
    assert_int_equal(sv_sequence_steps_judge(answers[0].generation, SV_NEVER - 1), SV_OK);
}

static void all_unwanted_break_off_the_step(void **state)
{
    (void)state;
    open_lab(NULL, 2, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    sv_cancel *cancel = sv_cancel_new();
    request.cancel = cancel;
    sequence_lab_seat(steps, &answers[0], &request);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT); /* as if while the step is computed */
    assert_true(sv_sequence_steps_run(steps));
    assert_in_step();
    assert_int_equal(sv_held_tokens_count(&steps->held, 0), 0);
    assert_int_equal(steps->counts.n_steps, 0);
    sequence_lab_finish(steps, answers, 1);
    assert_int_equal(answers[0].finish, SV_FINISH_CANCELLED);
    sv_cancel_unref(cancel);
}

static void slow_readers_rest_and_lose_nothing(void **state)
{
    (void)state;
    char alone[8192];
    open_lab(NULL, 2, 512);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 400);
    request.ignores_end = true;
    request.has_logprobs = true;
    strcpy(alone, answer_alone(0, &request)->text);
    sequence_lab_drop(&answers[0]);
    sequence_lab_seat(steps, &answers[0], &request);
    size_t n_rests = 0;
    for (;;) { /* reads only when nothing goes on any more */
        while (sv_sequence_steps_run(steps))
            continue;
        sequence_lab_take(&answers[0]);
        if (answers[0].finish)
            break;
        n_rests++;
    }
    assert_in_range(n_rests, 1, 20);
    assert_string_equal(answers[0].text, alone);
}

/* ---- Memory ---- */

typedef struct attempt {
    const sv_generation_request *request;
    char text[8192];
} attempt;

static bool answer_once(void *arg)
{
    const attempt *it = arg;
    if (!sequence_lab_try(&answers[0], it->request))
        return false;
    sv_sequence_steps_seat(steps, answers[0].generation);
    while (sv_sequence_steps_run(steps))
        sv_sequence_steps_close_gaps(steps, false);
    sequence_lab_take(&answers[0]);
    bool is_well = answers[0].finish == SV_FINISH_LENGTH;
    if (is_well)
        assert_string_equal(answers[0].text, it->text);
    else
        assert_int_equal(answers[0].generation->status, SV_NO_MEMORY);
    assert_in_step();
    sequence_lab_drop(&answers[0]);
    return is_well;
}

/* Whatever fails, the answer fails or is right, and the next one finds all in order. */
static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    static attempt it;
    open_lab(NULL, 2, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, 20);
    request.has_logprobs = true;
    request.sampling.presence_penalty = 0.1;
    it.request = &request;
    strcpy(it.text, answer_alone(0, &request)->text);
    sequence_lab_drop(&answers[0]);
    sequence_lab_free_steps(steps);
    steps = sequence_lab_steps(&lab, 2, 256);
    assert_true(failing_malloc_try_each(answer_once, &it) >= 8);
}

static void the_end_of_all_is_told_to_all(void **state)
{
    (void)state;
    open_lab(NULL, 3, 256);
    text_lab_tokens prompt = sequence_lab_prompt(&lab, "Hello!", true);
    sv_generation_request request = sequence_lab_request(&prompt, 60);
    for (size_t i = 0; i < 3; i++)
        sequence_lab_seat(steps, &answers[i], &request);
    assert_false(sv_sequence_steps_has_room(steps));
    assert_true(sv_sequence_steps_run(steps));
    sv_sequence_steps_end_all(steps);
    for (size_t i = 0; i < 3; i++) {
        sequence_lab_take(&answers[i]);
        assert_int_equal(answers[i].finish, SV_FINISH_CANCELLED);
    }
    assert_false(sv_sequence_steps_run(steps));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(greedy_answers_alone_are_the_expected_ones, close_lab),
        cmocka_unit_test_teardown(greedy_answers_in_company_are_the_expected_ones, close_lab),
        cmocka_unit_test_teardown(what_was_computed_before_changes_nothing, close_lab),
        cmocka_unit_test_teardown(a_prefix_of_one_under_way_is_copied, close_lab),
        cmocka_unit_test_teardown(who_is_moved_goes_on_as_before, close_lab),
        cmocka_unit_test_teardown(seeds_reproduce, close_lab),
        cmocka_unit_test_teardown(lengths_are_kept, close_lab),
        cmocka_unit_test_teardown(a_prompt_may_leave_room_for_one_token, close_lab),
        cmocka_unit_test_teardown(stops_end_the_text_before_them, close_lab),
        cmocka_unit_test_teardown(logprobs_are_of_what_was_chosen, close_lab),
        cmocka_unit_test_teardown(choices_of_one_prompt_differ_by_their_seeds, close_lab),
        cmocka_unit_test_teardown(grammars_are_kept_to, close_lab),
        cmocka_unit_test_teardown(a_grammar_that_is_complete_ends_the_answer, close_lab),
        cmocka_unit_test_teardown(a_grammar_that_cannot_be_read_fails_alone, close_lab),
        cmocka_unit_test_teardown(who_is_not_wanted_leaves_before_the_next_step, close_lab),
        cmocka_unit_test_teardown(first_deadlines_end_with_the_first_token, close_lab),
        cmocka_unit_test_teardown(all_unwanted_break_off_the_step, close_lab),
        cmocka_unit_test_teardown(slow_readers_rest_and_lose_nothing, close_lab),
        cmocka_unit_test_teardown(every_failing_allocation_is_survived, close_lab),
        cmocka_unit_test_teardown(the_end_of_all_is_told_to_all, close_lab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
