/* http_fixture.c: see http_fixture.h. */
#include "http_fixture.h"

#include <stdlib.h>
#include <string.h>

static void answer(sv_exchange *exchange, sv_str body)
{
    exchange->answer.status = 200;
    exchange->answer.content_type = SV_STR("application/octet-stream");
    exchange->answer.body = body;
    sv_exchange_respond(exchange);
}

static void handle_hello(sv_exchange *exchange)
{
    answer(exchange, SV_STR("hello"));
}

static void handle_echo(sv_exchange *exchange)
{
    assert_int_equal(sv_exchange_add_header(exchange, SV_STR("X-Echo-Method"), exchange->method),
                     SV_OK);
    assert_int_equal(sv_exchange_add_header(exchange, SV_STR("X-Echo-Path"), exchange->raw_path),
                     SV_OK);
    answer(exchange, exchange->body);
}

static void handle_item(sv_exchange *exchange)
{
    answer(exchange, exchange->params[0]);
}

static void handle_hold(sv_exchange *exchange)
{
    http_fixture *fixture = exchange->route->data;
    fixture->held = exchange;
}

static void handle_big(sv_exchange *exchange)
{
    size_t len = (size_t)1 << 20;
    char *bytes = sv_arena_alloc_raw(exchange->arena, len);
    assert_non_null(bytes);
    memset(bytes, 'b', len);
    answer(exchange, (sv_str){bytes, len});
}

static void handle_none(sv_exchange *exchange)
{
    exchange->answer.status = 204;
    sv_exchange_respond(exchange);
}

static void handle_silent(sv_exchange *exchange)
{
    sv_exchange_respond(exchange);
}

static sv_route routes[] = {
    {.method = "GET", .path = "/hello", .handle = handle_hello},
    {.method = "POST", .path = "/hold", .handle = handle_hold},
    {.method = "GET", .path = "/stream", .handle = handle_hold},
    {.method = "POST",
     .path = "/upload",
     .handle = handle_hold,
     .policy = {.stream_body = true, .max_body_bytes = 1000 * 1000}},
    {.method = "GET", .path = "/items", .handle = handle_hello},
    {.method = "POST", .path = "/items", .handle = handle_echo},
    {.method = "GET", .path = "/items/{id}", .handle = handle_item},
    {.method = "POST", .path = "/small", .handle = handle_echo, .policy = {.max_body_bytes = 10}},
    {.method = "POST", .path = "/picture", .handle = handle_echo, .policy = {.media = "image/"}},
    {.method = "GET", .path = "/big", .handle = handle_big},
    {.method = "GET", .path = "/none", .handle = handle_none},
    {.method = "GET", .path = "/silent", .handle = handle_silent},
    {.method = "*", .path = "/{rest:path}", .handle = handle_echo},
};

static bool see_before(sv_exchange *exchange, void *arg)
{
    (void)exchange;
    ((http_seen *)arg)->n_before++;
    return true;
}

static void see_after(sv_exchange *exchange, void *arg)
{
    (void)exchange;
    ((http_seen *)arg)->n_after++;
}

static void see_done(sv_exchange *exchange, void *arg)
{
    http_seen *seen = arg;
    seen->n_done++;
    seen->last_status = exchange->answer.status;
    seen->last_cancel = sv_cancel_get(exchange->cancel);
    seen->last_answer_bytes = exchange->answer_bytes;
}

void http_init(http_fixture *fixture)
{
    *fixture = (http_fixture){.limits = sv_http_limits_default};
    fixture->middleware = (sv_http_middleware){see_before, see_after, see_done, &fixture->seen};
}

void http_start(http_fixture *fixture, bool with_echo)
{
    size_t n = sizeof routes / sizeof *routes - !with_echo;
    fixture->router = sv_router_new();
    assert_non_null(fixture->router);
    for (size_t i = 0; i < n; i++) {
        routes[i].data = fixture;
        assert_int_equal(sv_router_add(fixture->router, &routes[i], NULL), SV_OK);
    }
    sv_server_config config = {.router = fixture->router,
                               .middleware = &fixture->middleware,
                               .n_middleware = 1,
                               .limits = fixture->limits,
                               .root_path = fixture->root_path,
                               .trusted_proxies = fixture->trusted_proxies};
    assert_int_equal(sv_loop_new(NULL, &fixture->loop), SV_OK);
    assert_int_equal(sv_server_new(&config, &fixture->server), SV_OK);
}

void http_stop(http_fixture *fixture)
{
    if (fixture->held)
        http_release(fixture);
    sv_server_free(fixture->server);
    sv_loop_free(fixture->loop);
    sv_router_free(fixture->router);
}

void http_release(http_fixture *fixture)
{
    sv_exchange *held = fixture->held;
    fixture->held = NULL;
    answer(held, SV_STR("held"));
}

void http_settle(http_fixture *fixture)
{
    for (int i = 0; i < 4; i++)
        sv_loop_step(fixture->loop, 0);
}

void http_run_ms(http_fixture *fixture, int ms)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, ms);
    int64_t left;
    while ((left = sv_clock_left_ms(&sv_clock_system, end)) > 0)
        sv_loop_step(fixture->loop, (int)left);
}

const char *http_text(sv_loopback *client)
{
    sv_buf *received = sv_loopback_received(client);
    char *end = sv_buf_reserve(received, 1);
    assert_non_null(end);
    *end = '\0';
    return received->ptr;
}

size_t http_statuses(sv_loopback *client, int *statuses, size_t max)
{
    size_t n = 0;
    for (const char *at = http_text(client); (at = strstr(at, "HTTP/1.1 ")); at += 9) {
        int status = atoi(at + 9);
        if (status >= 200 && n < max)
            statuses[n++] = status;
    }
    return n;
}
