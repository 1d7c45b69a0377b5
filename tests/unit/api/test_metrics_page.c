/* The endpoint of the metrics: its type, and that what happened is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static void assert_line(const char *line)
{
    sv_reply reply = sv_test_get(lab.client, "/metrics");
    sv_str rest = reply.body, one;
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "Content-Type"),
                          SV_STR("text/plain; version=0.0.4; charset=utf-8")));
    while (sv_str_split(&rest, '\n', &one))
        if (sv_str_eq(one, sv_str_from(line)))
            return;
    fail_msg("no line %s in\n%.*s", line, SV_STR_ARG(reply.body));
}

static void test_requests_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(sv_test_get(lab.client, "/health").status, 200);
    assert_int_equal(sv_test_get(lab.client, "/nowhere").status, 404);
    assert_int_equal(sv_test_post(lab.client, "/api/v1/predict", "{}").status, 422);
    assert_line("http_requests_total{handler=\"/health\",method=\"GET\",status=\"2xx\"} 3.0");
    assert_line("http_requests_total{handler=\"none\",method=\"GET\",status=\"4xx\"} 1.0");
    assert_line(
        "http_requests_total{handler=\"/api/v1/predict\",method=\"POST\",status=\"4xx\"} 1.0");
}

static void test_model_work_is_measured(void **state)
{
    (void)state;
    server_lab_load(&lab);
    const char *body = server_lab_body(&lab, "digit-1.png");
    assert_int_equal(sv_test_post(lab.client, "/api/v1/predict", body).status, 200);
    assert_line("serval_queue_duration_seconds_count{model=\"digits\",version=\"2\"} 1.0");
    assert_line("serval_compute_duration_seconds_count{model=\"digits\",version=\"2\"} 1.0");
    assert_line("serval_compute_duration_seconds_count{model=\"digits\",version=\"1\"} 0.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_model_work_is_measured, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
