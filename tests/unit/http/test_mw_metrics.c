/* test_mw_metrics.c: every answer is counted once, under names that the server knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "http/mw_metrics.h"
#include "observe/prometheus.h"

/* As an application keeps them: among other things. */
static const struct {
    int other;
    sv_route route;
} rows[] = {{1, {.method = "GET", .path = "/items/{id}"}},
            {2, {.method = "POST", .path = "/items/{id}"}},
            {3, {.method = "*", .path = "/{rest:path}"}}};
enum { N_ROWS = sizeof rows / sizeof *rows };

static sv_metrics *metrics;
static sv_mw_metrics *mw;
static sv_buf scrape;

static void begin(void)
{
    metrics = sv_metrics_new();
    assert_non_null(metrics);
    mw = sv_mw_metrics_new(metrics, &rows->route, sizeof *rows, N_ROWS);
    assert_non_null(mw);
    sv_buf_init(&scrape, 1 << 20);
}

static void end(void)
{
    sv_buf_deinit(&scrape);
    sv_mw_metrics_free(mw);
    sv_metrics_free(metrics);
}

static void count(sv_exchange exchange)
{
    sv_http_middleware middleware = sv_mw_metrics_middleware(mw);
    middleware.done(&exchange, middleware.arg);
}

static const char *read_scrape(void)
{
    sv_buf_clear(&scrape);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &scrape), SV_OK);
    assert_int_equal(sv_buf_append_byte(&scrape, '\0'), SV_OK);
    return scrape.ptr;
}

static void assert_line(const char *line)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(read_scrape(), wanted))
        fail_msg("no line %s in %s", line, scrape.ptr);
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        int row; /* -1: no route */
        const char *method;
        int status;
        const char *line;
    } cases[] = {
        {0, "GET", 200, "handler=\"/items/{id}\",method=\"GET\",status=\"2xx\""},
        {0, "HEAD", 304, "handler=\"/items/{id}\",method=\"HEAD\",status=\"3xx\""},
        {1, "POST", 422, "handler=\"/items/{id}\",method=\"POST\",status=\"4xx\""},
        {2, "PATCH", 503, "handler=\"/{rest:path}\",method=\"PATCH\",status=\"5xx\""},
        {2, "BREW", 200, "handler=\"/{rest:path}\",method=\"_OTHER\",status=\"2xx\""},
        {0, "OPTIONS", 204, "handler=\"none\",method=\"OPTIONS\",status=\"2xx\""},
        {-1, "GET", 404, "handler=\"none\",method=\"GET\",status=\"4xx\""},
        {-1, "get", 501, "handler=\"none\",method=\"_OTHER\",status=\"5xx\""},
        {-1, "", 400, "handler=\"none\",method=\"_OTHER\",status=\"4xx\""},
        {-1, "", 499, "handler=\"none\",method=\"_OTHER\",status=\"4xx\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256];
        begin();
        count((sv_exchange){.method = sv_str_from(cases[i].method),
                            .route = cases[i].row < 0 ? NULL : &rows[cases[i].row].route,
                            .answer = {.status = cases[i].status}});
        snprintf(line, sizeof line, "http_requests_total{%s} 1.0", cases[i].line);
        assert_line(line);
        assert_line("http_request_duration_highr_seconds_count 1.0");
        end();
    }
}

static void test_sizes_and_times(void **state)
{
    (void)state;
    const sv_http_header length = {SV_STR("Content-Length"), SV_STR("5")};
    sv_exchange exchange = {.method = SV_STR("POST"),
                            .route = &rows[1].route,
                            .headers = &length,
                            .n_headers = 1,
                            .body = SV_STR("hello"),
                            .started_ns = 1000,
                            .finished_ns = 200001000,
                            .answer = {.status = 200, .body = SV_STR("good bye")}};
    begin();
    count(exchange);
    exchange.n_headers = 0; /* a chunked body: no length was announced */
    count(exchange);
    assert_line("http_request_size_bytes_count{handler=\"/items/{id}\"} 2.0");
    assert_line("http_request_size_bytes_sum{handler=\"/items/{id}\"} 5.0");
    assert_line("http_response_size_bytes_sum{handler=\"/items/{id}\"} 16.0");
    assert_line("http_request_duration_seconds_bucket{handler=\"/items/{id}\",method=\"POST\","
                "le=\"0.1\"} 0.0");
    assert_line("http_request_duration_seconds_bucket{handler=\"/items/{id}\",method=\"POST\","
                "le=\"0.5\"} 2.0");
    assert_line("http_request_duration_seconds_sum{handler=\"/items/{id}\",method=\"POST\"} 0.4");
    end();
}

/* The sum over all reasons. */
static int count_rejected(void)
{
    int n = 0;
    for (const char *at = read_scrape(); (at = strstr(at, "\nserval_rejected_total{")); at++)
        n += atoi(strchr(at + 1, ' '));
    return n;
}

static void test_rejections(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int status;
        const char *line; /* NULL: none is counted */
    } cases[] = {
        {"SERVER_OVERLOADED", 503, "serval_rejected_total{reason=\"queue_full\"} 1.0"},
        {"DEADLINE_EXCEEDED", 504, "serval_rejected_total{reason=\"timeout\"} 1.0"},
        {"RATE_LIMITED", 429, "serval_rejected_total{reason=\"rate_limit\"} 1.0"},
        {"DRAINING", 503, "serval_rejected_total{reason=\"draining\"} 1.0"},
        {"PAYLOAD_TOO_LARGE", 413, "serval_rejected_total{reason=\"too_large\"} 1.0"},
        {"DEADLINE_EXCEEDED", 499, NULL},
        {"NOT_FOUND", 404, NULL},
        {NULL, 200, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        count((sv_exchange){.method = SV_STR("GET"),
                            .answer = {.status = cases[i].status, .error_code = cases[i].code}});
        if (cases[i].line)
            assert_line(cases[i].line);
        assert_int_equal(count_rejected(), cases[i].line ? 1 : 0);
        end();
    }
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

/* Clients cannot make series: the thousandth strange request makes none that the first has not. */
static void test_made_up_names_make_no_series(void **state)
{
    (void)state;
    size_t n_first = 0;
    begin();
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "X%d", i);
        count((sv_exchange){
            .method = sv_str_from(name), .path = sv_str_from(name), .answer = {.status = 404}});
        if (i == 0)
            n_first = count_lines(read_scrape());
    }
    assert_int_equal(count_lines(read_scrape()), n_first);
    assert_line("http_requests_total{handler=\"none\",method=\"_OTHER\",status=\"4xx\"} 1000.0");
    end();
}

static bool make_and_count(void *arg)
{
    (void)arg;
    metrics = sv_metrics_new();
    mw = metrics ? sv_mw_metrics_new(metrics, &rows->route, sizeof *rows, N_ROWS) : NULL;
    if (mw)
        count((sv_exchange){.method = SV_STR("GET"), .answer = {.status = 200}});
    bool good = mw != NULL;
    sv_mw_metrics_free(mw);
    sv_metrics_free(metrics);
    return good;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(make_and_count, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_sizes_and_times),
        cmocka_unit_test(test_rejections),
        cmocka_unit_test(test_made_up_names_make_no_series),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
