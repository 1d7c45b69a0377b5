/* test_mw_limit.c: limits of routes and of the server as clients see them, over loopback. Time is
 * the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/loopback.h"
#include "http/mw_limit.h"

#define HOST "Host: a\r\n"

static const int64_t EPOCH = 1800000000 * INT64_C(1000000000);
static int64_t passed;

static int64_t read_time(void *arg)
{
    (void)arg;
    return EPOCH + passed;
}

static const sv_clock fake_clock = {read_time, read_time, NULL};

static void handle(sv_exchange *exchange)
{
    exchange->answer.status = *(const int *)exchange->route->data;
    exchange->answer.body = SV_STR("x");
    exchange->answer.n_headers = 0; /* as a handler that knows nothing of what was decided */
    sv_exchange_respond(exchange);
}

static sv_exchange *held;

static void hold(sv_exchange *exchange)
{
    held = exchange;
}

static const int ok = 200, bad = 400, unprocessable = 422;
static sv_rate_limit two, other_two, overall;
static sv_route routes[] = {
    {"GET", "/two", {.rate_limit = &two}, handle, (void *)&ok},
    {"POST", "/bad", {.rate_limit = &two}, handle, (void *)&bad},
    {"POST", "/unprocessable", {.rate_limit = &other_two}, handle, (void *)&unprocessable},
    {"POST", "/hold", {.rate_limit = &two, .timeout_ms = 1}, hold, NULL},
    {"GET", "/open", {.max_body_bytes = 0}, handle, (void *)&ok},
    {"GET", "/health", {.rate_exempt = true}, handle, (void *)&ok},
};

static sv_loop *loop;
static sv_router *router;
static sv_server *server;
static sv_mw_limit mw;
static sv_http_middleware middleware;

static sv_rate_limit parse(const char *text)
{
    sv_rate_limit limit = {.n_rules = 0};
    assert_int_equal(sv_rate_rule_parse(sv_str_from(text), NULL, &limit), SV_OK);
    return limit;
}

static int start(void **state)
{
    (void)state;
    passed = 0;
    two = other_two = parse("2/minute");
    overall = parse("5/hour");
    mw = (sv_mw_limit){.table = sv_rate_table_new(0, &fake_clock)};
    middleware = sv_mw_limit_middleware(&mw);
    router = sv_router_new();
    assert_non_null(router);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        assert_int_equal(sv_router_add(router, &routes[i], NULL), SV_OK);
    sv_server_config config = {.router = router,
                               .middleware = &middleware,
                               .n_middleware = 1,
                               .limits = sv_http_limits_default};
    assert_int_equal(sv_loop_new(NULL, &loop), SV_OK);
    assert_int_equal(sv_server_new(&config, &server), SV_OK);
    return 0;
}

static int start_overall(void **state)
{
    start(state);
    mw.overall = &overall;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sv_server_free(server);
    sv_loop_free(loop);
    sv_router_free(router);
    sv_rate_table_free(mw.table);
    return 0;
}

/* The whole answer to a request of this line, without body; lives until the next call. */
static const char *ask(const char *line)
{
    static char text[4096];
    char request[256];
    snprintf(request, sizeof request, "%s HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", line);
    sv_loopback *client = sv_loopback_new(server, loop);
    assert_non_null(client);
    sv_loopback_send(client, sv_str_from(request));
    while (!sv_loopback_received(client)->len)
        sv_loop_step(loop, 10);
    snprintf(text, sizeof text, "%.*s", SV_STR_ARG(sv_buf_str(sv_loopback_received(client))));
    sv_loopback_free(client);
    for (int i = 0; i < 4; i++)
        sv_loop_step(loop, 0);
    return text;
}

static void expect(const char *line, int status, const char *wanted)
{
    int got = 0;
    const char *text = ask(line);
    sscanf(text, "HTTP/1.1 %d", &got);
    if (got != status || !strstr(text, wanted))
        fail_msg("%s: expected %d and %s:\n%s", line, status, wanted, text);
}

static void expect_no_fields(const char *line, int status)
{
    expect(line, status, "\r\n\r\n");
    assert_null(strstr(ask(line), "RateLimit"));
}

#define FIELDS(limit, remaining, reset)                                                            \
    "\r\nX-RateLimit-Limit: " limit "\r\nX-RateLimit-Remaining: " remaining                        \
    "\r\nX-RateLimit-Reset: " reset "\r\n"

static void test_route(void **state)
{
    (void)state;
    expect("GET /two", 200, FIELDS("2", "1", "1800000030"));
    expect("HEAD /two", 200, FIELDS("2", "0", "1800000060"));
    expect("GET /two", 429, FIELDS("2", "0", "1800000060") "Retry-After: 30\r\n");
    expect("GET /two", 429,
           "{\"error\":\"RATE_LIMITED\",\"message\":\"Rate limit exceeded: 2 per 1 minute\","
           "\"path\":\"/two\",");
    expect_no_fields("PUT /two", 405);
    expect_no_fields("OPTIONS /two", 204);
    expect_no_fields("GET /two/", 307);
    expect_no_fields("GET /open", 200);
    passed = INT64_C(30000000000);
    expect("GET /two", 200, FIELDS("2", "0", "1800000090"));
    expect("GET /two", 429, "\r\nRetry-After: 30\r\n");
}

static void test_retry_after_only_on_refusals(void **state)
{
    (void)state;
    assert_null(strstr(ask("GET /two"), "Retry-After"));
    assert_null(strstr(ask("GET /two"), "Retry-After"));
    assert_non_null(strstr(ask("GET /two"), "Retry-After"));
}

/* Whatever the answer is: it counts, and carries the fields. */
static void test_every_answer_counts(void **state)
{
    (void)state;
    expect("POST /bad", 400, FIELDS("2", "1", "1800000030"));
    expect("POST /hold", 504, FIELDS("2", "0", "1800000060"));
    expect("POST /bad", 429, FIELDS("2", "0", "1800000060"));
    expect("POST /unprocessable", 422, FIELDS("2", "1", "1800000030"));
    sv_exchange_respond(held);
}

static void test_overall(void **state)
{
    (void)state;
    expect("GET /open", 200, FIELDS("5", "4", "1800000720"));
    expect("GET /nowhere", 404, FIELDS("5", "3", "1800001440"));
    expect("PUT /open", 405, FIELDS("5", "2", "1800002160"));
    expect("GET /two", 200, FIELDS("2", "1", "1800000030")); /* a tie: the route's comes first */
    expect("GET /two/", 307, FIELDS("5", "0", "1800003600"));
    expect("GET /nowhere", 429, FIELDS("5", "0", "1800003600") "Retry-After: 720\r\n");
    expect("GET /two", 429, "Rate limit exceeded: 5 per 1 hour");
    expect("OPTIONS /two", 204, "\r\n");
    expect_no_fields("GET /health", 200);
    expect_no_fields("OPTIONS /open", 204);
}

/* What the route refuses does not use up the overall limit. */
static void test_refused_is_not_charged(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        ask("GET /two");
    expect("GET /open", 200, FIELDS("5", "2", "1800002160"));
}

/* 429 comes at headers-complete: no 100, and the body is not waited for. */
static void test_body_is_not_read(void **state)
{
    (void)state;
    ask("POST /bad");
    ask("POST /bad");
    sv_loopback *client = sv_loopback_new(server, loop);
    assert_non_null(client);
    sv_loopback_send(client, SV_STR("POST /bad HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                                    "Content-Length: 5000000\r\n\r\n"));
    sv_str text = sv_buf_str(sv_loopback_received(client));
    assert_true(sv_str_starts_with(text, SV_STR("HTTP/1.1 429 ")));
    sv_loopback_free(client);
    for (int i = 0; i < 4; i++)
        sv_loop_step(loop, 0);
}

static void test_nothing_is_limited_without_a_table(void **state)
{
    (void)state;
    sv_rate_table *table = mw.table;
    mw.table = NULL;
    for (int i = 0; i < 3; i++)
        expect_no_fields("GET /two", 200);
    mw.table = table;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_route, start, stop),
        cmocka_unit_test_setup_teardown(test_retry_after_only_on_refusals, start, stop),
        cmocka_unit_test_setup_teardown(test_every_answer_counts, start, stop),
        cmocka_unit_test_setup_teardown(test_overall, start_overall, stop),
        cmocka_unit_test_setup_teardown(test_refused_is_not_charged, start_overall, stop),
        cmocka_unit_test_setup_teardown(test_body_is_not_read, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_is_limited_without_a_table, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
