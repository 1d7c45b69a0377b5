/* The series of a version: all there at zero, what each kind of ending adds, and that they go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/model_metrics.h"
#include "failing_malloc.h"
#include "observe/prometheus.h"

#define OF_DIGITS "model=\"digits\",version=\"1\""

static const sv_version_run run = {.total_ns = 10000000,
                                   .queue_ns = 2000000,
                                   .input_ns = 1000000,
                                   .infer_ns = 3000000,
                                   .output_ns = 500000};

typedef struct version_scene {
    sv_metrics *metrics;
    sv_model_metrics *series;
} version_scene;

static version_scene open_scene(void)
{
    version_scene made = {.metrics = sv_metrics_new()};
    assert_non_null(made.metrics);
    assert_int_equal(
        sv_model_metrics_open(made.metrics, SV_STR("digits"), SV_STR("1"), &made.series), SV_OK);
    return made;
}

static void close_scene(version_scene *scene)
{
    sv_model_metrics_close(scene->series);
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

/* `name{model="digits",version="1"more} value` is a line. */
static void assert_sample(const version_scene *scene, const char *name, const char *more,
                          const char *value)
{
    char line[256];
    snprintf(line, sizeof line, "\n%s{" OF_DIGITS "%s} %s\n", name, more, value);
    if (count_text(scene->metrics, line) != 1)
        fail_msg("missing: %s", line);
}

static const char *const counters[] = {"nv_inference_request_success",
                                       "nv_inference_count",
                                       "nv_inference_exec_count",
                                       "nv_inference_request_duration_us",
                                       "nv_inference_queue_duration_us",
                                       "nv_inference_compute_input_duration_us",
                                       "nv_inference_compute_infer_duration_us",
                                       "nv_inference_compute_output_duration_us"};
static const char *const failures[] = {"REJECTED", "CANCELED", "BACKEND", "OTHER"};
enum { N_COUNTERS = sizeof counters / sizeof *counters };

static void assert_failure(const version_scene *scene, const char *reason, const char *value)
{
    char label[64];
    snprintf(label, sizeof label, ",reason=\"%s\"", reason);
    assert_sample(scene, "nv_inference_request_failure", label, value);
}

static void test_all_are_there_at_zero(void **state)
{
    (void)state;
    version_scene scene = open_scene();
    for (size_t i = 0; i < N_COUNTERS; i++)
        assert_sample(&scene, counters[i], "", "0.0");
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        assert_failure(&scene, failures[i], "0.0");
    assert_sample(&scene, "nv_inference_pending_request_count", "", "0.0");
    assert_sample(&scene, "nv_model_load_duration_secs", "", "0.0");
    assert_sample(&scene, "serval_queue_duration_seconds_count", "", "0.0");
    assert_sample(&scene, "serval_compute_duration_seconds_count", "", "0.0");
    assert_sample(&scene, "serval_batch_size_count", "", "0.0");
    assert_sample(&scene, "serval_model_loads_total", ",result=\"success\"", "0.0");
    assert_sample(&scene, "serval_model_loads_total", ",result=\"failure\"", "0.0");
    assert_sample(&scene, "serval_shadow_total", ",result=\"dropped\"", "0.0");
    assert_int_equal(count_text(scene.metrics, "\nserval_queue_depth{model=\"digits\"} 0.0\n"), 1);
    close_scene(&scene);
}

static void test_a_success_counts_its_times(void **state)
{
    (void)state;
    static const char *const values[N_COUNTERS] = {"2.0",    "9.0",    "1.0",    "20000.0",
                                                   "4000.0", "2000.0", "6000.0", "1000.0"};
    version_scene scene = open_scene();
    sv_model_metrics_observe(scene.series, &run, SV_MODEL_SUCCEEDED, 8);
    sv_model_metrics_observe(scene.series, &run, SV_MODEL_SUCCEEDED, 1);
    sv_model_metrics_executed(scene.series, 9);
    for (size_t i = 0; i < N_COUNTERS; i++)
        assert_sample(&scene, counters[i], "", values[i]);
    assert_sample(&scene, "serval_queue_duration_seconds_sum", "", "0.004");
    assert_sample(&scene, "serval_compute_duration_seconds_sum", "", "0.009");
    assert_sample(&scene, "serval_batch_size_sum", "", "9.0");
    assert_sample(&scene, "serval_batch_size_bucket", ",le=\"8.0\"", "0.0");
    assert_sample(&scene, "serval_batch_size_bucket", ",le=\"16.0\"", "1.0");
    close_scene(&scene);
}

static void test_failures_count_by_reason(void **state)
{
    (void)state;
    static const struct {
        sv_model_outcome outcome;
        const char *reason, *n_timed;
    } cases[] = {{SV_MODEL_REJECTED, "REJECTED", "0.0"},
                 {SV_MODEL_CANCELED, "CANCELED", "0.0"},
                 {SV_MODEL_BACKEND, "BACKEND", "1.0"},
                 {SV_MODEL_OTHER, "OTHER", "1.0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        version_scene scene = open_scene();
        sv_model_metrics_observe(scene.series, &run, cases[i].outcome, 4);
        for (size_t k = 0; k < sizeof failures / sizeof *failures; k++)
            assert_failure(&scene, failures[k],
                           strcmp(failures[k], cases[i].reason) == 0 ? "1.0" : "0.0");
        for (size_t k = 0; k < N_COUNTERS; k++)
            assert_sample(&scene, counters[k], "", "0.0");
        assert_sample(&scene, "serval_queue_duration_seconds_count", "", cases[i].n_timed);
        assert_sample(&scene, "serval_compute_duration_seconds_count", "", cases[i].n_timed);
        close_scene(&scene);
    }
}

static void test_pending_is_of_the_model_and_of_the_version(void **state)
{
    (void)state;
    sv_model_metrics *other;
    version_scene scene = open_scene();
    assert_int_equal(sv_model_metrics_open(scene.metrics, SV_STR("digits"), SV_STR("2"), &other),
                     SV_OK);
    sv_model_metrics_pending(scene.series, 1);
    sv_model_metrics_pending(scene.series, 1);
    sv_model_metrics_pending(other, 1);
    sv_model_metrics_pending(scene.series, -1);
    sv_model_metrics_set_queue_limit(other, 64);
    assert_sample(&scene, "nv_inference_pending_request_count", "", "1.0");
    assert_int_equal(count_text(scene.metrics, "\nserval_queue_depth{model=\"digits\"} 2.0\n"), 1);
    assert_int_equal(count_text(scene.metrics, "\nserval_queue_limit{model=\"digits\"} 64.0\n"), 1);
    sv_model_metrics_close(other);
    assert_int_equal(count_text(scene.metrics, "version=\"2\""), 0);
    close_scene(&scene);
}

static void test_loads_and_states(void **state)
{
    (void)state;
    version_scene scene = open_scene();
    sv_model_metrics_set_state(scene.series, "loading");
    sv_model_metrics_loaded(scene.series, false, 5, 5);
    assert_sample(&scene, "nv_model_load_duration_secs", "", "0.0");
    sv_model_metrics_loaded(scene.series, true, 250000000, 1 << 20);
    sv_model_metrics_set_state(scene.series, "ready");
    assert_sample(&scene, "serval_model_loads_total", ",result=\"failure\"", "1.0");
    assert_sample(&scene, "serval_model_loads_total", ",result=\"success\"", "1.0");
    assert_sample(&scene, "nv_model_load_duration_secs", "", "0.25");
    assert_sample(&scene, "serval_model_memory_bytes", "", "1048576.0");
    assert_sample(&scene, "serval_model_state", ",state=\"ready\"", "1.0");
    assert_sample(&scene, "serval_model_state", ",state=\"loading\"", "0.0");
    sv_model_metrics_unloaded(scene.series);
    assert_sample(&scene, "serval_model_memory_bytes", "", "0.0");
    close_scene(&scene);
}

static void test_shadows_count_by_result(void **state)
{
    (void)state;
    static const char *const labels[SV_SHADOW_RESULT_COUNT] = {
        ",result=\"match\"", ",result=\"differ\"", ",result=\"failed\"", ",result=\"dropped\""};
    version_scene scene = open_scene();
    for (int i = 0; i < SV_SHADOW_RESULT_COUNT; i++) {
        assert_sample(&scene, "serval_shadow_total", labels[i], "0.0");
        sv_model_metrics_shadowed(scene.series, (sv_shadow_result)i);
        assert_sample(&scene, "serval_shadow_total", labels[i], "1.0");
    }
    close_scene(&scene);
}

static void test_a_version_that_takes_anothers_place_goes_on_counting(void **state)
{
    (void)state;
    sv_model_metrics *newer;
    version_scene scene = open_scene();
    sv_model_metrics_observe(scene.series, &run, SV_MODEL_SUCCEEDED, 1);
    assert_int_equal(sv_model_metrics_open(scene.metrics, SV_STR("digits"), SV_STR("1"), &newer),
                     SV_OK);
    sv_model_metrics_close(scene.series);
    sv_model_metrics_observe(newer, &run, SV_MODEL_SUCCEEDED, 1);
    assert_sample(&scene, "nv_inference_request_success", "", "2.0");
    sv_model_metrics_close(newer);
    assert_int_equal(count_text(scene.metrics, "digits"), 0);
    sv_metrics_free(scene.metrics);
}

static void test_without_the_dialect_only_our_own(void **state)
{
    (void)state;
    version_scene scene = {.metrics = sv_metrics_new()};
    sv_metrics_leave_out(scene.metrics, "nv_");
    assert_int_equal(
        sv_model_metrics_open(scene.metrics, SV_STR("digits"), SV_STR("1"), &scene.series), SV_OK);
    sv_model_metrics_observe(scene.series, &run, SV_MODEL_SUCCEEDED, 1);
    assert_int_equal(count_text(scene.metrics, "nv_"), 0);
    assert_sample(&scene, "serval_queue_duration_seconds_count", "", "1.0");
    close_scene(&scene);
}

static void test_nothing_counts_nothing(void **state)
{
    (void)state;
    sv_model_metrics_observe(NULL, &run, SV_MODEL_SUCCEEDED, 1);
    sv_model_metrics_pending(NULL, 1);
    sv_model_metrics_executed(NULL, 1);
    sv_model_metrics_loaded(NULL, true, 1, 1);
    sv_model_metrics_unloaded(NULL);
    sv_model_metrics_set_state(NULL, "ready");
    sv_model_metrics_set_queue_limit(NULL, 1);
    sv_model_metrics_shadowed(NULL, SV_SHADOW_MATCH);
    sv_model_metrics_close(NULL);
}

static bool open_and_close(void *arg)
{
    sv_model_metrics *series;
    if (sv_model_metrics_open(arg, SV_STR("digits"), SV_STR("1"), &series))
        return false;
    sv_model_metrics_observe(series, &run, SV_MODEL_BACKEND, 1);
    sv_model_metrics_close(series);
    return true;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    sv_metrics *metrics = sv_metrics_new();
    assert_true(failing_malloc_try_each(open_and_close, metrics) > 50);
    assert_int_equal(count_text(metrics, "digits"), 0);
    sv_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_there_at_zero),
        cmocka_unit_test(test_a_success_counts_its_times),
        cmocka_unit_test(test_failures_count_by_reason),
        cmocka_unit_test(test_pending_is_of_the_model_and_of_the_version),
        cmocka_unit_test(test_loads_and_states),
        cmocka_unit_test(test_shadows_count_by_result),
        cmocka_unit_test(test_a_version_that_takes_anothers_place_goes_on_counting),
        cmocka_unit_test(test_without_the_dialect_only_our_own),
        cmocka_unit_test(test_nothing_counts_nothing),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
