/* The text of the exposition format, whole metrics at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/prometheus.h"

static sv_buf write_text(sv_metrics *metrics)
{
    sv_buf buf;
    sv_buf_init(&buf, 1 << 20);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &buf), SV_OK);
    return buf;
}

static void assert_has(const sv_buf *buf, const char *text)
{
    if (!memmem(buf->ptr, buf->len, text, strlen(text)))
        fail_msg("missing:\n%s\nin:\n%.*s", text, (int)buf->len, buf->ptr);
}

static void test_counter_and_summary(void **state)
{
    (void)state;
    const char *request[SV_METRICS_MAX_LABELS] = {"/predict", "POST", "2xx"};
    sv_metrics *metrics = sv_metrics_new();
    sv_metrics_count(sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUESTS, request), 3);
    sv_metrics_observe(sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUEST_SIZE, request), 1500);
    sv_buf buf = write_text(metrics);
    assert_has(
        &buf, "# HELP http_requests_total Total number of requests by method, status and handler.\n"
              "# TYPE http_requests_total counter\n"
              "http_requests_total{handler=\"/predict\",method=\"POST\",status=\"2xx\"} 3.0\n");
    assert_has(&buf, "# TYPE http_request_size_bytes summary\n"
                     "http_request_size_bytes_count{handler=\"/predict\"} 1.0\n"
                     "http_request_size_bytes_sum{handler=\"/predict\"} 1500.0\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_buckets_are_cumulative(void **state)
{
    (void)state;
    const char *labels[SV_METRICS_MAX_LABELS] = {"/", "GET"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series = sv_metrics_add_series(metrics, SV_METRIC_HTTP_DURATION, labels);
    sv_metrics_observe(series, 100000000);  /* on the bound: it belongs to it */
    sv_metrics_observe(series, 100000001);  /* just above */
    sv_metrics_observe(series, 2000000000); /* above all */
    sv_metrics_observe(series, -5);         /* a clock that went back adds no time */
    sv_buf buf = write_text(metrics);
    assert_has(
        &buf, "http_request_duration_seconds_bucket{handler=\"/\",method=\"GET\",le=\"0.1\"} 2.0\n"
              "http_request_duration_seconds_bucket{handler=\"/\",method=\"GET\",le=\"0.5\"} 3.0\n"
              "http_request_duration_seconds_bucket{handler=\"/\",method=\"GET\",le=\"1.0\"} 3.0\n"
              "http_request_duration_seconds_bucket{handler=\"/\",method=\"GET\",le=\"+Inf\"} 4.0\n"
              "http_request_duration_seconds_count{handler=\"/\",method=\"GET\"} 4.0\n"
              "http_request_duration_seconds_sum{handler=\"/\",method=\"GET\"} 2.200000001\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_a_histogram_without_labels(void **state)
{
    (void)state;
    const char *none[SV_METRICS_MAX_LABELS] = {NULL};
    sv_metrics *metrics = sv_metrics_new();
    sv_metrics_observe(sv_metrics_add_series(metrics, SV_METRIC_HTTP_DURATION_HIGHR, none), 1);
    sv_buf buf = write_text(metrics);
    assert_has(&buf, "http_request_duration_highr_seconds_bucket{le=\"0.01\"} 1.0\n");
    assert_has(&buf, "http_request_duration_highr_seconds_bucket{le=\"+Inf\"} 1.0\n"
                     "http_request_duration_highr_seconds_count 1.0\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_a_quiet_series_speaks_when_it_counts(void **state)
{
    (void)state;
    const char *labels[SV_METRICS_MAX_LABELS] = {"/", "GET", "4xx"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series = sv_metrics_add_quiet_series(metrics, SV_METRIC_HTTP_REQUESTS, labels);
    sv_buf buf = write_text(metrics);
    assert_null(memmem(buf.ptr, buf.len, "4xx", 3));
    sv_buf_deinit(&buf);
    sv_metrics_count(series, 1);
    buf = write_text(metrics);
    assert_has(&buf, "status=\"4xx\"} 1.0\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static double read_given(void *arg)
{
    return *(const double *)arg;
}

static void test_numbers_that_are_not_finite(void **state)
{
    (void)state;
    double values[] = {INFINITY, -INFINITY, NAN, 1e300};
    sv_metrics *metrics = sv_metrics_new();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *model[SV_METRICS_MAX_LABELS] = {(const char *[]){"a", "b", "c", "d"}[i]};
        const sv_metrics_reader reader = {.read = read_given, .arg = &values[i]};
        assert_non_null(sv_metrics_add_reader(metrics, SV_METRIC_QUEUE_LIMIT, model, &reader));
    }
    sv_buf buf = write_text(metrics);
    assert_has(&buf,
               "\nserval_queue_limit{model=\"a\"} +Inf\nserval_queue_limit{model=\"b\"} -Inf\n"
               "serval_queue_limit{model=\"c\"} NaN\nserval_queue_limit{model=\"d\"} 1e+300\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_units(void **state)
{
    (void)state;
    const char *labels[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *batch = sv_metrics_add_series(metrics, SV_METRIC_BATCH_SIZE, labels);
    for (int size = 1; size <= 129; size += 128)
        sv_metrics_observe(batch, size);
    sv_metrics_count(sv_metrics_add_series(metrics, SV_METRIC_NV_QUEUE_US, labels), 1234999);
    sv_buf buf = write_text(metrics);
    assert_has(&buf, "serval_batch_size_bucket{model=\"digits\",version=\"1\",le=\"1.0\"} 1.0\n"
                     "serval_batch_size_bucket{model=\"digits\",version=\"1\",le=\"2.0\"} 1.0\n");
    assert_has(&buf, "serval_batch_size_bucket{model=\"digits\",version=\"1\",le=\"128.0\"} 1.0\n"
                     "serval_batch_size_bucket{model=\"digits\",version=\"1\",le=\"+Inf\"} 2.0\n"
                     "serval_batch_size_count{model=\"digits\",version=\"1\"} 2.0\n"
                     "serval_batch_size_sum{model=\"digits\",version=\"1\"} 130.0\n");
    assert_has(&buf, "nv_inference_queue_duration_us{model=\"digits\",version=\"1\"} 1234.0\n");
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_open_metrics(void **state)
{
    (void)state;
    static const char end[] = "\n# EOF\n";
    const char *labels[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    sv_metrics *metrics = sv_metrics_new();
    sv_metrics_count(sv_metrics_add_series(metrics, SV_METRIC_REJECTED, labels), 2);
    sv_metrics_count(sv_metrics_add_series(metrics, SV_METRIC_NV_SUCCESS, labels), 3);
    sv_buf buf;
    sv_buf_init(&buf, 1 << 20);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_OPEN_METRICS, &buf), SV_OK);
    assert_has(&buf, "# TYPE serval_rejected counter\n"
                     "serval_rejected_total{reason=\"digits\"} 2.0\n");
    assert_has(&buf, "# TYPE nv_inference_request_success unknown\n"
                     "nv_inference_request_success{model=\"digits\",version=\"1\"} 3.0\n");
    assert_memory_equal(buf.ptr + buf.len - strlen(end), end, strlen(end));
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

static void test_a_full_buffer_is_told(void **state)
{
    (void)state;
    sv_metrics *metrics = sv_metrics_new();
    sv_buf buf;
    sv_buf_init(&buf, 100);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &buf), SV_TOO_LARGE);
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter_and_summary),
        cmocka_unit_test(test_buckets_are_cumulative),
        cmocka_unit_test(test_a_histogram_without_labels),
        cmocka_unit_test(test_a_quiet_series_speaks_when_it_counts),
        cmocka_unit_test(test_numbers_that_are_not_finite),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_open_metrics),
        cmocka_unit_test(test_a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
