/* test_http_failmalloc.c: every allocation of a server's life fails once: from its making over
 * requests of all kinds to its end. Nothing leaks (ASan), nothing crashes; a client gets its
 * answers or a closed connection. */
#include "http_fixture.h"

#include <string.h>

#include "failing_malloc.h"
#include "http/stream.h"

static void handle_echo(sv_exchange *exchange)
{
    exchange->answer.status = 200;
    exchange->answer.body = exchange->body;
    sv_exchange_respond(exchange);
}

static void handle_stream(sv_exchange *exchange)
{
    exchange->answer.status = 200;
    if (!sv_stream_start(exchange) && sv_stream_write(exchange, SV_STR("streamed")))
        sv_stream_abort(exchange);
    else
        sv_exchange_respond(exchange);
}

static const sv_route stream = {.method = "PUT", .path = "/stream", .handle = handle_stream};
static const sv_route echo = {.method = "POST", .path = "/{name}", .handle = handle_echo};

#define REQUESTS                                                                                   \
    "POST /a%2Fb/./../%ff HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"               \
    "5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n"                                                          \
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n"

static bool has_all(sv_str text, const char *const *statuses)
{
    for (; *statuses; statuses++)
        if (!memmem(text.ptr, text.len, *statuses, strlen(*statuses)))
            return false;
    return true;
}

static bool serve(sv_server *server, sv_loop *loop)
{
    static char body[3000];
    static const char *const statuses[] = {"HTTP/1.1 200 ",
                                           "hello",
                                           "HTTP/1.1 405 ",
                                           "HTTP/1.1 400 ",
                                           "8\r\nstreamed\r\n0\r\n\r\n",
                                           NULL};
    sv_loopback *client = sv_loopback_new(server, loop);
    if (!client)
        return false;
    http_send(client, REQUESTS);
    sv_loopback_send(client, (sv_str){body, sizeof body});
    http_send(client, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPUT /stream HTTP/1.1\r\nHost: a\r\n\r\n"
                      "GET /% HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 4; i++)
        sv_loop_step(loop, 0);
    sv_loopback_send_eof(client);
    assert_true(sv_loopback_is_closed(client));
    bool succeeded = has_all(sv_buf_str(sv_loopback_received(client)), statuses);
    sv_loopback_free(client);
    return succeeded;
}

static bool run_server(void *arg)
{
    (void)arg;
    sv_loop *loop = NULL;
    sv_server *server = NULL;
    sv_router *router = sv_router_new();
    bool succeeded = false;
    if (router && !sv_router_add(router, &stream, NULL) && !sv_router_add(router, &echo, NULL) &&
        !sv_loop_new(NULL, &loop)) {
        sv_server_config config = {.router = router, .limits = sv_http_limits_default};
        if (!sv_server_new(&config, &server))
            succeeded = serve(server, loop);
    }
    sv_server_free(server);
    sv_loop_free(loop);
    sv_router_free(router);
    return succeeded;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(run_server, NULL) > 10);
}

static bool listen_once(void *arg)
{
    (void)arg;
    sv_server *server = NULL;
    sv_router *router = sv_router_new();
    sv_tcp_address address = {.host = "127.0.0.1"};
    sv_server_config config = {.router = router, .limits = sv_http_limits_default};
    bool succeeded =
        router && !sv_server_new(&config, &server) && !sv_server_listen(server, &address, 2, NULL);
    sv_server_free(server);
    sv_router_free(router);
    return succeeded;
}

static void test_listening_is_all_or_nothing(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(listen_once, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_listening_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
