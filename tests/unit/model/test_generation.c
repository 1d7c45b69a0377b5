/* One answer's pipe: who is woken when, resting and going on, whole answers, and either side
 * leaving first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "model/generation.h"

typedef struct counts {
    int woken, resumed;
} counts;

static void count_wake(sv_generation *generation, void *arg)
{
    (void)generation;
    ((counts *)arg)->woken++;
}

static void count_resumed(sv_generation *generation)
{
    ((counts *)generation->producer)->resumed++;
}

static const sv_token PROMPT[] = {1, 2, 3};

static sv_generation_request make_request(void)
{
    return (sv_generation_request){.prompt = PROMPT,
                                   .n_prompt = 3,
                                   .sampling = sv_sampling_defaults(),
                                   .max_tokens = 5,
                                   .first_deadline_ns = SV_NEVER,
                                   .deadline_ns = SV_NEVER};
}

static sv_generation *make(const sv_generation_request *request, counts *seen)
{
    sv_generation *generation = NULL;
    assert_int_equal(sv_generation_new(request, &generation), SV_OK);
    generation->wake = count_wake;
    generation->arg = seen;
    generation->resumed = count_resumed;
    generation->producer = seen;
    return generation;
}

static void drop_both(sv_generation *generation)
{
    sv_generation_drop(generation);
    sv_generation_drop(generation);
}

static void put(sv_generation *generation, const char *text)
{
    assert_int_equal(sv_generation_put(generation, sv_str_from(text), NULL), SV_OK);
}

static void assert_taken(sv_generation *generation, const char *text, sv_finish finish)
{
    sv_generation_part part;
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.text.len, strlen(text));
    assert_memory_equal(part.text.ptr, text, part.text.len);
    assert_int_equal(part.finish, finish);
}

static void assert_empty(sv_generation *generation)
{
    sv_generation_part part;
    assert_false(sv_generation_take(generation, &part));
}

/* ---- Requests ---- */

static void requests_out_of_range_are_refused(void **state)
{
    (void)state;
    const sv_generation_request base = make_request();
    sv_generation_request bad[] = {base, base, base, base, base};
    bad[0].n_prompt = 0;
    bad[1].max_tokens = 0;
    bad[2].n_stops = SV_GENERATION_MAX_STOPS + 1;
    bad[3].n_top_logprobs = SV_SAMPLER_MAX_TOP_LOGPROBS + 1;
    bad[4].sampling.n_biases = SV_SAMPLER_MAX_BIASES + 1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_generation *generation = NULL;
        assert_int_equal(sv_generation_new(&bad[i], &generation), SV_INVALID);
        assert_null(generation);
    }
}

static void a_request_is_copied_with_all_it_points_to(void **state)
{
    (void)state;
    sv_token prompt[] = {7, 8};
    char stop[] = "END", gbnf[] = "root ::= \"a\"";
    sv_str stops[] = {sv_str_from(stop)};
    sv_logit_bias biases[] = {{.token = 4, .bias = 2}};
    counts seen = {0};
    sv_generation_request request = make_request();
    request.prompt = prompt;
    request.n_prompt = 2;
    request.stops = stops;
    request.n_stops = 1;
    request.grammar = sv_str_from(gbnf);
    request.sampling.biases = biases;
    request.sampling.n_biases = 1;
    sv_generation *generation = make(&request, &seen);
    memset(prompt, 0, sizeof prompt);
    memset(stop, 'x', 3);
    memset(gbnf, 'x', 4);
    memset(stops, 0, sizeof stops);
    memset(biases, 0, sizeof biases);
    const sv_generation_request *kept = &generation->request;
    assert_int_equal(kept->prompt[1], 8);
    assert_true(sv_str_eq(kept->stops[0], SV_STR("END")));
    assert_true(sv_str_eq(kept->grammar, SV_STR("root ::= \"a\"")));
    assert_int_equal(kept->sampling.biases[0].token, 4);
    drop_both(generation);
}

/* ---- Waking ---- */

static void a_consumer_is_woken_once_until_it_has_taken_all(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    assert_empty(generation);
    assert_int_equal(seen.woken, 0);
    put(generation, "a");
    assert_int_equal(seen.woken, 1);
    put(generation, "b");
    assert_int_equal(seen.woken, 1); /* it was told, and has not looked yet */
    assert_taken(generation, "ab", SV_FINISH_NONE);
    put(generation, "c"); /* between two looks: no need to be told */
    assert_int_equal(seen.woken, 1);
    assert_taken(generation, "c", SV_FINISH_NONE);
    assert_empty(generation);
    put(generation, "d"); /* it found nothing and relies on being told */
    assert_int_equal(seen.woken, 2);
    assert_taken(generation, "d", SV_FINISH_NONE);
    assert_empty(generation);
    sv_generation_finish(generation, SV_FINISH_STOP);
    assert_int_equal(seen.woken, 3);
    assert_taken(generation, "", SV_FINISH_STOP);
    drop_both(generation);
}

static void nothing_put_wakes_nobody(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    put(generation, "");
    assert_int_equal(seen.woken, 0);
    assert_empty(generation);
    drop_both(generation);
}

static void text_and_finish_are_taken_together(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    put(generation, "end");
    sv_generation_finish(generation, SV_FINISH_LENGTH);
    assert_int_equal(seen.woken, 1);
    assert_taken(generation, "end", SV_FINISH_LENGTH);
    assert_true(generation->times.finished_ns > 0);
    drop_both(generation);
}

static void tokens_come_with_their_text(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_request request = make_request();
    request.has_logprobs = true;
    sv_generation *generation = make(&request, &seen);
    sv_generation_part part;
    for (sv_token i = 0; i < 3; i++) {
        sv_generation_token token = {.chosen = {.token = i}, .n_text_bytes = i ? 1 : 0};
        sv_str text = i ? SV_STR("x") : (sv_str){0}; /* a token may have no text, and is told of */
        assert_int_equal(sv_generation_put(generation, text, &token), SV_OK);
        assert_int_equal(seen.woken, 1);
    }
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.n_tokens, 3);
    assert_int_equal(part.tokens[2].chosen.token, 2);
    assert_int_equal(part.text.len, 2);
    drop_both(generation);
}

/* ---- Resting ---- */

static void fill(sv_generation *generation, size_t n_bytes)
{
    char text[1024];
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n < n_bytes; n += sizeof text)
        assert_int_equal(sv_generation_put(generation, (sv_str){text, sizeof text}, NULL), SV_OK);
}

static void a_full_pipe_rests_until_it_is_taken(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_part part;
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    assert_true(sv_generation_has_room(generation));
    fill(generation, SV_GENERATION_MAX_UNREAD - 1024);
    assert_true(sv_generation_has_room(generation));
    fill(generation, 1024);
    assert_true(sv_generation_take(generation, &part)); /* nobody had asked for room */
    assert_int_equal(seen.resumed, 0);
    fill(generation, SV_GENERATION_MAX_UNREAD);
    assert_false(sv_generation_has_room(generation));
    assert_false(sv_generation_has_room(generation));
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.text.len, SV_GENERATION_MAX_UNREAD);
    assert_int_equal(seen.resumed, 1);
    assert_true(sv_generation_has_room(generation));
    assert_empty(generation);
    assert_int_equal(seen.resumed, 1);
    drop_both(generation);
}

static void tokens_without_text_fill_the_pipe_too(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_request request = make_request();
    request.has_logprobs = true;
    sv_generation *generation = make(&request, &seen);
    sv_generation_token token = {.n_top = 0};
    size_t n = 0;
    for (; sv_generation_has_room(generation) && n < 4096; n++)
        assert_int_equal(sv_generation_put(generation, (sv_str){0}, &token), SV_OK);
    assert_in_range(n, 64, SV_GENERATION_MAX_UNREAD_TOKENS / sizeof token + 1);
    drop_both(generation);
}

/* Its producer may be gone: the answer has ended. */
static void one_that_has_finished_resumes_nobody(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_part part;
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    fill(generation, SV_GENERATION_MAX_UNREAD);
    assert_false(sv_generation_has_room(generation));
    sv_generation_finish(generation, SV_FINISH_CANCELLED);
    sv_generation_drop(generation);
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.finish, SV_FINISH_CANCELLED);
    assert_int_equal(seen.resumed, 0);
    sv_generation_drop(generation);
}

/* ---- Whole answers ---- */

static void a_whole_answer_wakes_once_and_never_rests(void **state)
{
    (void)state;
    counts seen = {0};
    sv_generation_part part;
    sv_generation_request request = make_request();
    request.is_collected = true;
    sv_generation *generation = make(&request, &seen);
    fill(generation, (size_t)4 * SV_GENERATION_MAX_UNREAD);
    assert_true(sv_generation_has_room(generation));
    assert_int_equal(seen.woken, 0);
    sv_generation_finish(generation, SV_FINISH_STOP);
    assert_int_equal(seen.woken, 1);
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.text.len, 4 * SV_GENERATION_MAX_UNREAD);
    assert_int_equal(part.finish, SV_FINISH_STOP);
    drop_both(generation);
}

/* ---- Ends ---- */

static void a_failure_tells_what_it_was(void **state)
{
    (void)state;
    counts seen = {0};
    sv_error error = {0};
    sv_generation_request request = make_request();
    sv_generation *generation = make(&request, &seen);
    sv_error_set(&error, SV_FAILED, &sv_kind_inference_failed, "it broke");
    put(generation, "half");
    sv_generation_fail(generation, SV_FAILED, &error);
    assert_taken(generation, "half", SV_FINISH_FAILED);
    assert_int_equal(generation->status, SV_FAILED);
    assert_string_equal(generation->error.message, "it broke");
    drop_both(generation);
}

static void either_side_may_leave_first(void **state)
{
    (void)state;
    for (int producer_first = 0; producer_first < 2; producer_first++) {
        counts seen = {0};
        sv_generation_request request = make_request();
        request.cancel = sv_cancel_new();
        sv_generation *generation = make(&request, &seen);
        put(generation, "text");
        if (producer_first) {
            sv_generation_finish(generation, SV_FINISH_STOP);
            sv_generation_drop(generation);
            assert_taken(generation, "text", SV_FINISH_STOP);
        } else {
            sv_generation_drop(generation);
            put(generation, "more");
            sv_generation_finish(generation, SV_FINISH_CANCELLED);
        }
        sv_generation_drop(generation);
        assert_true(sv_cancel_is_fresh(request.cancel)); /* its own reference is gone */
        sv_cancel_unref(request.cancel);
    }
    sv_generation_drop(NULL);
}

/* ---- Memory ---- */

static bool make_and_use(void *arg)
{
    sv_generation_request *request = arg;
    sv_generation *generation;
    sv_generation_token token = {.n_top = 1};
    counts seen = {0};
    if (sv_generation_new(request, &generation))
        return false;
    generation->wake = count_wake;
    generation->arg = &seen;
    sv_status status = sv_generation_put(generation, SV_STR("text"), &token);
    if (status)
        sv_generation_fail(generation, status, NULL);
    else
        sv_generation_finish(generation, SV_FINISH_STOP);
    sv_generation_part part;
    assert_true(sv_generation_take(generation, &part));
    assert_int_equal(part.finish, status ? SV_FINISH_FAILED : SV_FINISH_STOP);
    assert_int_equal(seen.woken, 1);
    drop_both(generation);
    return !status;
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    sv_str stops[] = {SV_STR("one"), SV_STR("two")};
    sv_logit_bias bias = {.token = 1, .bias = 1};
    sv_generation_request request = make_request();
    request.stops = stops;
    request.n_stops = 2;
    request.grammar = SV_STR("root ::= \"a\"");
    request.sampling.biases = &bias;
    request.sampling.n_biases = 1;
    assert_true(failing_malloc_try_each(make_and_use, &request) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_out_of_range_are_refused),
        cmocka_unit_test(a_request_is_copied_with_all_it_points_to),
        cmocka_unit_test(a_consumer_is_woken_once_until_it_has_taken_all),
        cmocka_unit_test(nothing_put_wakes_nobody),
        cmocka_unit_test(text_and_finish_are_taken_together),
        cmocka_unit_test(tokens_come_with_their_text),
        cmocka_unit_test(a_full_pipe_rests_until_it_is_taken),
        cmocka_unit_test(tokens_without_text_fill_the_pipe_too),
        cmocka_unit_test(one_that_has_finished_resumes_nobody),
        cmocka_unit_test(a_whole_answer_wakes_once_and_never_rests),
        cmocka_unit_test(a_failure_tells_what_it_was),
        cmocka_unit_test(either_side_may_leave_first),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
