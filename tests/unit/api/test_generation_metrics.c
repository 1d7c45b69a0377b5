/* The series of a language model: all there at zero, what tokens and ends of answers add, and that
 * they go. With a model: tests/e2e/test_generation_metrics.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/generation_metrics.h"
#include "failing_malloc.h"
#include "observe/prometheus.h"

#define OF_CHAT "model_name=\"chat\",engine=\"0\""
static const int64_t MS = 1000000;

typedef struct metrics_scene {
    sv_metrics *metrics;
    sv_generation_metrics *series;
} metrics_scene;

static metrics_scene open_scene(void)
{
    metrics_scene made = {.metrics = sv_metrics_new()};
    assert_non_null(made.metrics);
    assert_int_equal(sv_generation_metrics_open(made.metrics, "chat", "1", &made.series), SV_OK);
    return made;
}

static void close_scene(metrics_scene *scene)
{
    sv_generation_metrics_close(scene->series);
    sv_metrics_free(scene->metrics);
}

static size_t count_text(sv_metrics *metrics, const char *text)
{
    sv_buf buf;
    size_t n = 0;
    sv_buf_init(&buf, 1 << 24);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &buf), SV_OK);
    for (const char *at = buf.ptr, *end = buf.ptr + buf.len;
         (at = memmem(at, (size_t)(end - at), text, strlen(text))); at++)
        n++;
    sv_buf_deinit(&buf);
    return n;
}

typedef struct sample {
    const char *name, *value;
} sample;

static void assert_samples(const metrics_scene *scene, const sample *samples, size_t n)
{
    char line[256];
    for (size_t i = 0; i < n; i++) {
        snprintf(line, sizeof line, "\n%s %s\n", samples[i].name, samples[i].value);
        if (count_text(scene->metrics, line) != 1)
            fail_msg("missing: %s", line);
    }
}

#define VLLM(name) "vllm:" name "{" OF_CHAT "}"
#define ENDED(reason) "vllm:request_success_total{" OF_CHAT ",finished_reason=\"" reason "\"}"
#define CHECK(scene, samples) assert_samples(scene, samples, sizeof(samples) / sizeof *(samples))

static void test_all_are_there_at_zero(void **state)
{
    static const sample samples[] = {
        {VLLM("num_requests_running"), "0.0"},
        {VLLM("num_requests_waiting"), "0.0"},
        {VLLM("kv_cache_usage_perc"), "0.0"},
        {VLLM("num_preemptions_total"), "0.0"},
        {VLLM("prompt_tokens_total"), "0.0"},
        {VLLM("generation_tokens_total"), "0.0"},
        {VLLM("prefix_cache_queries_total"), "0.0"},
        {VLLM("prefix_cache_hits_total"), "0.0"},
        {VLLM("time_to_first_token_seconds_count"), "0.0"},
        {VLLM("time_per_output_token_seconds_count"), "0.0"},
        {VLLM("inter_token_latency_seconds_count"), "0.0"},
        {VLLM("e2e_request_latency_seconds_count"), "0.0"},
        {VLLM("request_queue_time_seconds_count"), "0.0"},
        {VLLM("request_inference_time_seconds_count"), "0.0"},
        {VLLM("request_prefill_time_seconds_count"), "0.0"},
        {VLLM("request_decode_time_seconds_count"), "0.0"},
        {VLLM("request_prompt_tokens_count"), "0.0"},
        {VLLM("request_generation_tokens_count"), "0.0"},
        {VLLM("request_params_max_tokens_count"), "0.0"},
        {VLLM("request_max_num_generation_tokens_count"), "0.0"},
        {VLLM("request_params_n_count"), "0.0"},
        {ENDED("stop"), "0.0"},
        {ENDED("length"), "0.0"},
        {ENDED("abort"), "0.0"},
        {ENDED("error"), "0.0"},
        {"llamacpp:prompt_tokens_total", "0.0"},
        {"llamacpp:n_busy_slots_per_decode", "0.0"},
        {"serval_generation_slots{model=\"chat\",version=\"1\"}", "0.0"},
        {"serval_generation_kv_tokens{model=\"chat\",version=\"1\",state=\"busy\"}", "0.0"},
    };
    (void)state;
    metrics_scene scene = open_scene();
    CHECK(&scene, samples);
    close_scene(&scene);
}

/* Asked at 1 ms, begun at 3, first token at 10, last at 30. */
static sv_generation make_answer(sv_finish finish)
{
    return (sv_generation){
        .request = {.max_tokens = 64},
        .usage = {.n_prompt = 20, .n_cached = 15},
        .times = {2 * MS, 3 * MS, 10 * MS, 30 * MS},
        .finish = finish,
    };
}

static void write_tokens(const metrics_scene *scene, sv_generation *answer, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        sv_generation_metrics_token(scene->series, answer, 8 * MS, MS);
        answer->usage.n_completion++;
    }
}

static void test_an_answer_counts_its_tokens_and_times(void **state)
{
    static const sample before[] = {
        {VLLM("generation_tokens_total"), "3.0"},
        {VLLM("time_to_first_token_seconds_sum"), "0.009"},
        {VLLM("time_to_first_token_seconds_count"), "1.0"},
        {VLLM("time_per_output_token_seconds_sum"), "0.016"},
        {VLLM("inter_token_latency_seconds_count"), "2.0"},
        {VLLM("e2e_request_latency_seconds_count"), "0.0"},
    };
    static const sample after[] = {
        {ENDED("stop"), "1.0"},
        {VLLM("generation_tokens_total"), "3.0"},
        {VLLM("prompt_tokens_total"), "20.0"},
        {VLLM("prefix_cache_queries_total"), "20.0"},
        {VLLM("prefix_cache_hits_total"), "15.0"},
        {VLLM("e2e_request_latency_seconds_sum"), "0.029"},
        {VLLM("request_queue_time_seconds_sum"), "0.001"},
        {VLLM("request_inference_time_seconds_sum"), "0.027"},
        {VLLM("request_prefill_time_seconds_sum"), "0.007"},
        {VLLM("request_decode_time_seconds_sum"), "0.02"},
        {VLLM("request_prompt_tokens_sum"), "20.0"},
        {VLLM("request_generation_tokens_sum"), "3.0"},
        {VLLM("request_params_max_tokens_sum"), "64.0"},
        {VLLM("request_params_n_sum"), "1.0"},
        {"llamacpp:prompt_tokens_total", "5.0"},
        {"llamacpp:prompt_seconds_total", "0.007"},
        {"llamacpp:tokens_predicted_total", "3.0"},
        {"llamacpp:tokens_predicted_seconds_total", "0.02"},
    };
    (void)state;
    metrics_scene scene = open_scene();
    sv_generation answer = make_answer(SV_FINISH_STOP), *answers[] = {&answer};
    write_tokens(&scene, &answer, 3);
    CHECK(&scene, before);
    sv_generation_metrics_end(scene.series, answers, 1, MS);
    CHECK(&scene, after);
    close_scene(&scene);
}

static void test_several_answers_are_one_request(void **state)
{
    static const sample samples[] = {
        {ENDED("stop"), "1.0"},
        {ENDED("length"), "1.0"},
        {VLLM("request_generation_tokens_sum"), "6.0"},
        {VLLM("request_max_num_generation_tokens_sum"), "4.0"},
        {VLLM("request_prompt_tokens_count"), "1.0"},
        {VLLM("request_params_n_sum"), "2.0"},
    };
    (void)state;
    metrics_scene scene = open_scene();
    sv_generation one = make_answer(SV_FINISH_STOP), two = make_answer(SV_FINISH_LENGTH);
    sv_generation *answers[] = {&one, &two};
    write_tokens(&scene, &one, 2);
    write_tokens(&scene, &two, 4);
    sv_generation_metrics_end(scene.series, answers, 2, MS);
    CHECK(&scene, samples);
    close_scene(&scene);
}

/* Their tokens were written; their times say nothing of how fast it is. */
static void test_ends_before_the_end(void **state)
{
    static const struct {
        sv_finish finish;
        sv_status status;
        const char *name;
    } cases[] = {{SV_FINISH_CANCELLED, SV_OK, ENDED("abort")},
                 {SV_FINISH_FAILED, SV_TIMEOUT, ENDED("abort")},
                 {SV_FINISH_FAILED, SV_FAILED, ENDED("error")}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sample samples[] = {{cases[i].name, "1.0"},
                                  {VLLM("generation_tokens_total"), "2.0"},
                                  {"llamacpp:tokens_predicted_total", "2.0"},
                                  {VLLM("e2e_request_latency_seconds_count"), "0.0"},
                                  {VLLM("request_prompt_tokens_count"), "0.0"}};
        metrics_scene scene = open_scene();
        sv_generation answer = make_answer(cases[i].finish), *answers[] = {&answer};
        answer.status = cases[i].status;
        write_tokens(&scene, &answer, 2);
        sv_generation_metrics_end(scene.series, answers, 1, MS);
        CHECK(&scene, samples);
        close_scene(&scene);
    }
}

/* An upstream's answer: told at once, or in other pieces than tokens; its failures are answers. */
static void test_tokens_that_are_told_at_the_end(void **state)
{
    static const sample samples[] = {{VLLM("generation_tokens_total"), "9.0"},
                                     {VLLM("time_to_first_token_seconds_count"), "1.0"},
                                     {VLLM("time_per_output_token_seconds_count"), "1.0"},
                                     {VLLM("prompt_tokens_total"), "20.0"},
                                     {ENDED("stop"), "1.0"},
                                     {ENDED("error"), "1.0"}};
    (void)state;
    metrics_scene scene = open_scene();
    sv_generation answer = make_answer(SV_FINISH_STOP), *answers[] = {&answer};
    sv_generation_metrics_token(scene.series, &answer, 8 * MS, MS);
    sv_generation_metrics_token(scene.series, &answer, 8 * MS, MS);
    answer.usage.n_completion = 9;
    sv_generation_metrics_end(scene.series, answers, 1, MS);
    sv_generation refused = {.finish = SV_FINISH_FAILED, .status = SV_UNAVAILABLE};
    refused.times.started_ns = MS;
    answers[0] = &refused;
    sv_generation_metrics_end(scene.series, answers, 1, MS);
    CHECK(&scene, samples);
    close_scene(&scene);
}

static void test_who_never_got_in_line_does_not_count(void **state)
{
    static const sample samples[] = {{ENDED("abort"), "0.0"}, {ENDED("error"), "0.0"}};
    (void)state;
    metrics_scene scene = open_scene();
    sv_generation answer = {.finish = SV_FINISH_FAILED, .status = SV_UNAVAILABLE};
    sv_generation *answers[] = {&answer};
    sv_generation_metrics_end(scene.series, answers, 1, MS);
    CHECK(&scene, samples);
    close_scene(&scene);
}

/* Versions of one model count together, and the model's series go with the last of them. */
static void test_series_are_shared_and_go(void **state)
{
    (void)state;
    metrics_scene scene = open_scene();
    sv_generation_metrics *other;
    assert_int_equal(sv_generation_metrics_open(scene.metrics, "chat", "2", &other), SV_OK);
    sv_generation_metrics_close(scene.series);
    assert_int_equal(count_text(scene.metrics, "\nvllm:num_requests_running{"), 1);
    assert_int_equal(count_text(scene.metrics, "\nserval_generation_slots{"), 1);
    sv_generation_metrics_close(other);
    assert_int_equal(count_text(scene.metrics, OF_CHAT), 0);
    assert_int_equal(count_text(scene.metrics, "\nllamacpp:requests_processing "), 0);
    sv_metrics_free(scene.metrics);
}

static void test_nobody_counts_nothing(void **state)
{
    (void)state;
    sv_generation answer = make_answer(SV_FINISH_STOP), *answers[] = {&answer};
    sv_generation_metrics_token(NULL, &answer, MS, 0);
    sv_generation_metrics_end(NULL, answers, 1, 0);
    sv_generation_metrics_close(NULL);
}

static bool open_and_close(void *metrics)
{
    sv_generation_metrics *series;
    if (sv_generation_metrics_open(metrics, "chat", "1", &series))
        return false;
    sv_generation_metrics_close(series);
    return true;
}

static void test_survives_failing_allocations(void **state)
{
    (void)state;
    sv_metrics *metrics = sv_metrics_new();
    assert_non_null(metrics);
    assert_true(failing_malloc_try_each(open_and_close, metrics) > 50);
    assert_int_equal(count_text(metrics, OF_CHAT), 0);
    sv_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_there_at_zero),
        cmocka_unit_test(test_an_answer_counts_its_tokens_and_times),
        cmocka_unit_test(test_several_answers_are_one_request),
        cmocka_unit_test(test_ends_before_the_end),
        cmocka_unit_test(test_tokens_that_are_told_at_the_end),
        cmocka_unit_test(test_who_never_got_in_line_does_not_count),
        cmocka_unit_test(test_series_are_shared_and_go),
        cmocka_unit_test(test_nobody_counts_nothing),
        cmocka_unit_test(test_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
