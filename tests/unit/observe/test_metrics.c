/* Counting from many threads, label values, limits; the numbers are read from their text. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "observe/metrics.h"
#include "observe/prometheus.h"

enum { N_THREADS = 12, N_ROUNDS = 5000 };

/* Whether the metrics' text has this line. */
static bool has_line(sv_metrics *metrics, const char *line)
{
    sv_buf buf;
    sv_buf_init(&buf, 1 << 24);
    assert_int_equal(sv_prometheus_write(metrics, &buf), SV_OK);
    sv_str rest = sv_buf_str(&buf), one;
    bool found = false;
    while (!found && sv_str_split(&rest, '\n', &one))
        found = sv_str_eq(one, sv_str_from(line));
    sv_buf_deinit(&buf);
    return found;
}

static void *count_many(void *arg)
{
    sv_series **series = arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        sv_metrics_count(series[0], 1);
        sv_metrics_observe(series[1], 3);
    }
    return NULL;
}

static void test_threads_lose_nothing(void **state)
{
    (void)state;
    const char *reason[SV_METRICS_MAX_LABELS] = {"overload"},
               *handler[SV_METRICS_MAX_LABELS] = {"/"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series[] = {sv_metrics_add_series(metrics, SV_METRIC_REJECTED, reason),
                           sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUEST_SIZE, handler)};
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, series), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(has_line(metrics, "serval_rejected_total{reason=\"overload\"} 60000.0"));
    assert_true(has_line(metrics, "http_request_size_bytes_count{handler=\"/\"} 60000.0"));
    assert_true(has_line(metrics, "http_request_size_bytes_sum{handler=\"/\"} 180000.0"));
    sv_metrics_free(metrics);
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text;
    } cases[] = {
        {"a\"b", "a\\\"b"}, {"a\\b", "a\\\\b"},
        {"a\nb", "a\\nb"},  {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
        {"a\xFF", "a?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        const char *values[SV_METRICS_MAX_LABELS] = {cases[i].value};
        sv_metrics *metrics = sv_metrics_new();
        sv_metrics_count(sv_metrics_add_series(metrics, SV_METRIC_REJECTED, values), 7);
        snprintf(line, sizeof line, "serval_rejected_total{reason=\"%s\"} 7.0", cases[i].text);
        if (!has_line(metrics, line))
            fail_msg("not written: %s", line);
        sv_metrics_free(metrics);
    }
}

static void test_the_same_labels_give_the_same_series(void **state)
{
    (void)state;
    const char *values[SV_METRICS_MAX_LABELS] = {"/", "GET", "2xx"};
    const char *others[SV_METRICS_MAX_LABELS] = {"/", "GET", "5xx"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series = sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUESTS, values);
    assert_non_null(series);
    assert_ptr_equal(series, sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUESTS, values));
    assert_ptr_not_equal(series, sv_metrics_add_series(metrics, SV_METRIC_HTTP_REQUESTS, others));
    sv_metrics_free(metrics);
}

static void test_no_more_series_than_the_limit(void **state)
{
    (void)state;
    char name[16];
    const char *values[SV_METRICS_MAX_LABELS] = {name};
    sv_metrics *metrics = sv_metrics_new();
    /* Looking for the same labels takes longer the more there are: the limit is spread. */
    for (int i = 0; i < SV_METRICS_MAX_SERIES; i++) {
        snprintf(name, sizeof name, "%d", i / 8);
        static const sv_metric_id ids[] = {
            SV_METRIC_REJECTED,           SV_METRIC_CANCELLED,    SV_METRIC_HTTP_REQUEST_SIZE,
            SV_METRIC_HTTP_RESPONSE_SIZE, SV_METRIC_CONNECTIONS,  SV_METRIC_QUEUE_DURATION,
            SV_METRIC_COMPUTE_DURATION,   SV_METRIC_HTTP_DURATION};
        assert_non_null(sv_metrics_add_series(metrics, ids[i % 8], values));
    }
    snprintf(name, sizeof name, "one more");
    sv_series *series = sv_metrics_add_series(metrics, SV_METRIC_REJECTED, values);
    assert_null(series);
    sv_metrics_count(series, 1); /* a series that is not there takes it */
    sv_metrics_observe(series, 1);
    sv_metrics_free(metrics);
}

static void test_a_label_that_is_too_long_makes_no_series(void **state)
{
    (void)state;
    char name[4096];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const char *values[SV_METRICS_MAX_LABELS] = {name};
    sv_metrics *metrics = sv_metrics_new();
    assert_null(sv_metrics_add_series(metrics, SV_METRIC_REJECTED, values));
    sv_metrics_free(metrics);
}

static double read_number(void *arg)
{
    return *(double *)arg;
}

static void test_readers(void **state)
{
    (void)state;
    double number = 2.5;
    sv_metrics *metrics = sv_metrics_new();
    for (int i = 0; i < SV_METRICS_MAX_GAUGES; i++)
        assert_int_equal(sv_metrics_add_reader(metrics, SV_METRIC_CONNECTIONS,
                                               i ? "idle" : "active", read_number, &number),
                         SV_OK);
    assert_int_equal(sv_metrics_add_reader(metrics, SV_METRIC_OPEN_FDS, NULL, read_number, &number),
                     SV_TOO_LARGE);
    assert_true(has_line(metrics, "serval_connections{state=\"active\"} 2.5"));
    number = 3;
    assert_true(has_line(metrics, "serval_connections{state=\"active\"} 3.0"));
    sv_metrics_free(metrics);
}

static bool make_and_count(void *arg)
{
    (void)arg;
    const char *values[SV_METRICS_MAX_LABELS] = {"resnet", "1"};
    sv_metrics *metrics = sv_metrics_new();
    if (!metrics)
        return false;
    sv_series *series = sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DURATION, values);
    sv_metrics_observe(series, 1000);
    sv_metrics_free(metrics);
    return series != NULL;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(make_and_count, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_lose_nothing),
        cmocka_unit_test(test_label_values_are_escaped),
        cmocka_unit_test(test_the_same_labels_give_the_same_series),
        cmocka_unit_test(test_no_more_series_than_the_limit),
        cmocka_unit_test(test_a_label_that_is_too_long_makes_no_series),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
