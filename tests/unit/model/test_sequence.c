/* From logits to text: tokens are forced by logits made by hand, so that what comes out is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "failing_malloc.h"
#include "sequence_lab.h"

static sequence_lab lab;
static sv_sequence_model shared;
static sv_token ends[16];
static size_t n_vocabulary;
static float *logits;
static sequence_lab_answer answer;
static sv_sequence *sequence;

static int open_all(void **state)
{
    (void)state;
    sequence_lab_open(&lab, NULL);
    n_vocabulary = (size_t)sv_text_info_of(lab.model)->n_vocabulary;
    logits = calloc(n_vocabulary, sizeof *logits);
    shared = (sv_sequence_model){.model = lab.model, .ends = ends};
    sv_buf_init(&shared.bytes, 1 << 16);
    sv_buf_init(&shared.whole, 1 << 20);
    sv_buf_init(&shared.text, 1 << 16);
    for (sv_token token = 0; token < (sv_token)n_vocabulary; token++)
        if (sv_text_ends(lab.model, token) && shared.n_ends < 16)
            ends[shared.n_ends++] = token;
    assert_true(shared.n_ends > 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    free(logits);
    sv_buf_deinit(&shared.bytes);
    sv_buf_deinit(&shared.whole);
    sv_buf_deinit(&shared.text);
    sequence_lab_close(&lab);
    return 0;
}

static int end_one(void **state)
{
    (void)state;
    if (sequence)
        sv_sequence_free(sequence);
    sequence = NULL;
    sequence_lab_drop(&answer);
    return 0;
}

static sv_generation_request make_request(void)
{
    static text_lab_tokens prompt = {.at = {5, 6}, .n = 2};
    return sequence_lab_request(&prompt, 1000);
}

static void start(const sv_generation_request *request)
{
    end_one(NULL);
    sequence_lab_make(&answer, request);
    assert_int_equal(sv_sequence_new(&shared, answer.generation, 100, &sequence), SV_OK);
}

static sv_finish choose(sv_token token)
{
    for (size_t i = 0; i < n_vocabulary; i++)
        logits[i] = 0;
    logits[token] = 20;
    return sv_sequence_choose(sequence, logits);
}

/* Says the text token by token; why it ended, if it did. */
static sv_finish say(const char *text)
{
    text_lab_tokens tokens = text_lab_tokenize(lab.model, text, (sv_tokenize_options){0});
    sv_finish finish = SV_FINISH_NONE;
    for (size_t i = 0; i < tokens.n && !finish; i++) {
        finish = choose(tokens.at[i]);
        if (!finish)
            assert_int_equal(sequence->next, tokens.at[i]);
    }
    return finish;
}

static void assert_ended(sv_finish finish, const char *text)
{
    sv_sequence_end(sequence, finish);
    sequence_lab_take(&answer);
    assert_string_equal(answer.text, text);
    assert_int_equal(answer.finish, finish);
}

static void only_whole_characters_come_out(void **state)
{
    (void)state;
    static const char text[] =
        "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x98\x80 \xE4\xBD\xA0\xE5\xA5\xBD!";
    sv_generation_request request = make_request();
    start(&request);
    text_lab_tokens tokens = text_lab_tokenize(lab.model, text, (sv_tokenize_options){0});
    for (size_t i = 0; i < tokens.n; i++) {
        assert_int_equal(choose(tokens.at[i]), SV_FINISH_NONE);
        sequence_lab_take(&answer);
        assert_memory_equal(answer.text, text, answer.len);
        assert_int_not_equal((unsigned char)text[answer.len] & 0xC0, 0x80); /* between characters */
    }
    assert_ended(SV_FINISH_LENGTH, text);
    assert_int_equal(answer.generation->usage.n_completion, tokens.n);
}

static void half_a_character_at_the_end_is_no_text(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    text_lab_tokens tokens =
        text_lab_tokenize(lab.model, "\xF0\x9F\x98\x80", (sv_tokenize_options){0});
    assert_true(tokens.n > 1); /* its bytes are tokens */
    start(&request);
    assert_int_equal(choose(tokens.at[0]), SV_FINISH_NONE);
    assert_ended(SV_FINISH_LENGTH, "");
}

/* What is said, what comes out of it, and why it ended; stops "END" and "over and out". */
static const struct {
    const char *said, *text;
    sv_finish finish;
    int stop_index;
} stopped[] = {
    {"Go on END of it", "Go on ", SV_FINISH_STOP, 0},
    {"END", "", SV_FINISH_STOP, 0},
    {"Go on, over and outside", "Go on, ", SV_FINISH_STOP, 1},
    {"over and over and out", "over and ", SV_FINISH_STOP, 1},
    {"over and EN", "over and EN", SV_FINISH_LENGTH, -1}, /* held back, and no stop after all */
    {"ENDING", "", SV_FINISH_STOP, 0},
    {"E N D", "E N D", SV_FINISH_LENGTH, -1},
};

static void stops_never_leak(void **state)
{
    (void)state;
    sv_str stops[] = {SV_STR("END"), SV_STR("over and out")};
    sv_generation_request request = make_request();
    request.stops = stops;
    request.n_stops = 2;
    for (size_t i = 0; i < sizeof stopped / sizeof *stopped; i++) {
        start(&request);
        sv_finish finish = say(stopped[i].said);
        assert_int_equal(finish ? finish : SV_FINISH_LENGTH, stopped[i].finish);
        assert_ended(stopped[i].finish, stopped[i].text);
        assert_int_equal(answer.generation->stop_index, stopped[i].stop_index);
    }
}

/* "bc" was complete, and waited for "abcd", which had begun before it. */
static void a_stop_that_waited_for_another_counts_at_the_end(void **state)
{
    (void)state;
    sv_str stops[] = {SV_STR("abcd"), SV_STR("bc")};
    sv_generation_request request = make_request();
    request.stops = stops;
    request.n_stops = 2;
    start(&request);
    assert_int_equal(say("x abc"), SV_FINISH_NONE);
    sv_sequence_end(sequence, SV_FINISH_LENGTH);
    sequence_lab_take(&answer);
    assert_string_equal(answer.text, "x a");
    assert_int_equal(answer.finish, SV_FINISH_STOP);
    assert_int_equal(answer.generation->stop_index, 1);
}

static void the_model_ends_its_own_answer(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    start(&request);
    assert_int_equal(say("Well"), SV_FINISH_NONE);
    assert_int_equal(choose(ends[0]), SV_FINISH_STOP);
    assert_ended(SV_FINISH_STOP, "Well");
    assert_int_equal(answer.generation->stop_index, -1);
}

static void an_end_that_comes_too_early_is_not_chosen(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    request.min_tokens = 2;
    start(&request);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(choose(ends[0]), SV_FINISH_NONE);
        assert_false(sv_text_ends(lab.model, sequence->next));
    }
    assert_int_equal(choose(ends[0]), SV_FINISH_STOP);
    request.min_tokens = 0;
    request.ignores_end = true;
    start(&request);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(choose(ends[0]), SV_FINISH_NONE);
}

static void the_room_of_an_answer_is_the_least_of_both(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    request.max_tokens = 2;
    start(&request);
    assert_int_equal(choose(70), SV_FINISH_NONE);
    assert_int_equal(choose(70), SV_FINISH_LENGTH);
    request.max_tokens = 1000;
    start(&request); /* 100 behind the prompt */
    for (size_t i = 0; i < 99; i++)
        assert_int_equal(choose(70), SV_FINISH_NONE);
    assert_int_equal(choose(70), SV_FINISH_LENGTH);
}

static void numbers_that_are_none_fail_the_answer(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    start(&request);
    for (size_t i = 0; i < n_vocabulary; i++)
        logits[i] = NAN;
    assert_int_equal(sv_sequence_choose(sequence, logits), SV_FINISH_FAILED);
    sv_sequence_end(sequence, SV_FINISH_FAILED);
    sequence_lab_take(&answer);
    assert_int_equal(answer.finish, SV_FINISH_FAILED);
    assert_int_equal(answer.generation->status, SV_FAILED);
    assert_non_null(strstr(answer.generation->error.message, "no number"));
}

static void hooks_tell_of_each_token(sv_generation *generation, int64_t gap_ns)
{
    (void)generation;
    assert_true(gap_ns >= 0);
    answer.logprobs += 1; /* counts */
}

static void each_token_is_told(void **state)
{
    (void)state;
    sv_generation_request request = make_request();
    start(&request);
    answer.generation->on_token = hooks_tell_of_each_token;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(choose(70), SV_FINISH_NONE);
    assert_int_equal((int)answer.logprobs, 3);
    assert_true(answer.generation->times.first_ns > 0);
}

/* A failed start tells the consumer, and leaves nothing. */
static sv_token letter;

static bool start_and_say(void *arg)
{
    const sv_generation_request *request = arg;
    sv_sequence *one;
    if (!sequence_lab_try(&answer, request))
        return false;
    sv_finish finish = SV_FINISH_FAILED;
    if (sv_sequence_new(&shared, answer.generation, 100, &one) == SV_OK) {
        sequence = one;
        finish = choose(letter);
        sv_sequence_end(sequence, finish ? finish : SV_FINISH_LENGTH);
        sv_sequence_free(sequence);
        sequence = NULL;
    }
    sequence_lab_take(&answer);
    bool is_well = answer.finish == SV_FINISH_LENGTH;
    assert_true(is_well || answer.finish == SV_FINISH_FAILED);
    if (!is_well)
        assert_int_equal(answer.generation->status, SV_NO_MEMORY);
    sequence_lab_drop(&answer);
    return is_well;
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    sv_str stops[] = {SV_STR("END"), SV_STR("over")};
    sv_generation_request request = make_request();
    request.stops = stops;
    request.n_stops = 2;
    request.has_logprobs = true;
    request.sampling.presence_penalty = 1;
    request.grammar = SV_STR("root ::= [a-z]*");
    letter = text_lab_tokenize(lab.model, "a", (sv_tokenize_options){0}).at[0];
    assert_true(failing_malloc_try_each(start_and_say, &request) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(only_whole_characters_come_out, end_one),
        cmocka_unit_test_teardown(half_a_character_at_the_end_is_no_text, end_one),
        cmocka_unit_test_teardown(stops_never_leak, end_one),
        cmocka_unit_test_teardown(a_stop_that_waited_for_another_counts_at_the_end, end_one),
        cmocka_unit_test_teardown(the_model_ends_its_own_answer, end_one),
        cmocka_unit_test_teardown(an_end_that_comes_too_early_is_not_chosen, end_one),
        cmocka_unit_test_teardown(the_room_of_an_answer_is_the_least_of_both, end_one),
        cmocka_unit_test_teardown(numbers_that_are_none_fail_the_answer, end_one),
        cmocka_unit_test_teardown(each_token_is_told, end_one),
        cmocka_unit_test_teardown(every_failing_allocation_is_survived, end_one),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
