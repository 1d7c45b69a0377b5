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
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &buf), SV_OK);
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
    const char *one[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    const char *other[SV_METRICS_MAX_LABELS] = {"digits", "2"};
    const sv_metrics_reader reader = {.read = read_number, .arg = &number};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series = sv_metrics_add_reader(metrics, SV_METRIC_MODEL_MEMORY, one, &reader);
    assert_non_null(series);
    assert_null(sv_metrics_add_reader(metrics, SV_METRIC_MODEL_MEMORY, one, &reader));
    assert_null(sv_metrics_add_series(metrics, SV_METRIC_MODEL_MEMORY, one));
    assert_non_null(sv_metrics_add_reader(metrics, SV_METRIC_MODEL_MEMORY, other, &reader));
    assert_true(has_line(metrics, "serval_model_memory_bytes{model=\"digits\",version=\"1\"} 2.5"));
    number = 3;
    assert_true(has_line(metrics, "serval_model_memory_bytes{model=\"digits\",version=\"1\"} 3.0"));
    sv_metrics_remove_series(metrics, series);
    assert_false(
        has_line(metrics, "serval_model_memory_bytes{model=\"digits\",version=\"1\"} 3.0"));
    assert_true(has_line(metrics, "serval_model_memory_bytes{model=\"digits\",version=\"2\"} 3.0"));
    sv_metrics_free(metrics);
}

static void note_free(void *arg)
{
    ++*(int *)arg;
}

static double read_one(void *arg)
{
    (void)arg;
    return 1;
}

static void test_a_reader_frees_what_it_owns_once(void **state)
{
    (void)state;
    int n_freed = 0;
    const char *one[SV_METRICS_MAX_LABELS] = {"digits"}, *other[SV_METRICS_MAX_LABELS] = {"mnist"};
    const sv_metrics_reader reader = {.read = read_one, .arg = &n_freed, .free_arg = note_free};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *series = sv_metrics_add_reader(metrics, SV_METRIC_QUEUE_DEPTH, one, &reader);
    assert_null(sv_metrics_add_reader(metrics, SV_METRIC_QUEUE_DEPTH, one, &reader));
    assert_int_equal(n_freed, 0);
    sv_metrics_remove_series(metrics, series);
    assert_int_equal(n_freed, 1);
    assert_non_null(sv_metrics_add_reader(metrics, SV_METRIC_QUEUE_DEPTH, other, &reader));
    sv_metrics_free(metrics);
    assert_int_equal(n_freed, 2);
}

static void test_gauges_are_moved_or_set(void **state)
{
    (void)state;
    const char *values[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *moved = sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DEPTH, values);
    sv_series *set = sv_metrics_add_series(metrics, SV_METRIC_NV_LOAD_SECS, values);
    sv_metrics_move(moved, 3);
    sv_metrics_move(moved, -1);
    sv_metrics_set(set, 2000000000);
    sv_metrics_set(set, 1500000000);
    assert_true(has_line(metrics, "serval_queue_depth{model=\"digits\"} 2.0"));
    assert_true(
        has_line(metrics, "nv_model_load_duration_secs{model=\"digits\",version=\"1\"} 1.5"));
    sv_metrics_move(moved, -3);
    assert_true(has_line(metrics, "serval_queue_depth{model=\"digits\"} -1.0"));
    sv_metrics_free(metrics);
}

static void test_a_series_lives_until_its_last_share(void **state)
{
    (void)state;
    const char *line = "serval_queue_depth{model=\"digits\"} 1.0";
    const char *values[SV_METRICS_MAX_LABELS] = {"digits"};
    sv_metrics *metrics = sv_metrics_new();
    sv_series *old = sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DEPTH, values);
    sv_series *new = sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DEPTH, values);
    sv_metrics_move(old, 1);
    sv_metrics_remove_series(metrics, old);
    assert_true(has_line(metrics, line));
    sv_metrics_move(new, 1);
    sv_metrics_remove_series(metrics, new);
    assert_false(has_line(metrics, line));
    sv_metrics_remove_series(metrics, NULL);
    /* Made again it begins at zero. */
    assert_non_null(sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DEPTH, values));
    assert_true(has_line(metrics, "serval_queue_depth{model=\"digits\"} 0.0"));
    sv_metrics_free(metrics);
}

static void test_series_that_are_gone_make_room(void **state)
{
    (void)state;
    char name[16];
    const char *values[SV_METRICS_MAX_LABELS] = {name};
    sv_metrics *metrics = sv_metrics_new();
    for (int i = 0; i < 2 * SV_METRICS_MAX_SERIES; i++) {
        snprintf(name, sizeof name, "%d", i);
        sv_series *series = sv_metrics_add_series(metrics, SV_METRIC_QUEUE_DEPTH, values);
        assert_non_null(series);
        sv_metrics_remove_series(metrics, series);
    }
    sv_metrics_free(metrics);
}

static void test_a_dialect_is_left_out(void **state)
{
    (void)state;
    const char *values[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    sv_metrics *metrics = sv_metrics_new();
    sv_metrics_leave_out(metrics, "nv_");
    assert_null(sv_metrics_add_series(metrics, SV_METRIC_NV_SUCCESS, values));
    assert_non_null(sv_metrics_add_series(metrics, SV_METRIC_BATCH_SIZE, values));
    assert_false(has_line(metrics, "# TYPE nv_inference_count counter"));
    assert_true(has_line(metrics, "# TYPE serval_batch_size histogram"));
    sv_metrics_free(metrics);
}

/* Makes, fills and removes the series of one version again and again, as a hot reload does. */
static void *come_and_go(void *arg)
{
    const char *values[SV_METRICS_MAX_LABELS] = {"digits", "1"};
    for (int i = 0; i < 300; i++) {
        sv_series *series = sv_metrics_add_series(arg, SV_METRIC_BATCH_SIZE, values);
        sv_metrics_observe(series, i);
        sv_metrics_remove_series(arg, series);
    }
    return NULL;
}

static void test_series_come_and_go_during_scrapes(void **state)
{
    (void)state;
    pthread_t threads[4];
    sv_metrics *metrics = sv_metrics_new();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, metrics), 0);
    for (int i = 0; i < 50; i++)
        assert_false(has_line(metrics, "no line"));
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_false(has_line(metrics, "serval_batch_size_count{model=\"digits\",version=\"1\"} 0.0"));
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
        cmocka_unit_test(test_a_reader_frees_what_it_owns_once),
        cmocka_unit_test(test_gauges_are_moved_or_set),
        cmocka_unit_test(test_a_series_lives_until_its_last_share),
        cmocka_unit_test(test_series_that_are_gone_make_room),
        cmocka_unit_test(test_a_dialect_is_left_out),
        cmocka_unit_test(test_series_come_and_go_during_scrapes),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
