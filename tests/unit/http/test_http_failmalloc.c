/* test_http_failmalloc.c: every allocation of a server's life fails once: from its making over
 * requests of all kinds to its end. Nothing leaks (ASan), nothing crashes; a client gets its
 * answers or a closed connection. */
#include "http_fixture.h"

#include <string.h>

#include "failing_malloc.h"
#include "http/body_stream.h"
#include "http/event_replay.h"

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

static void handle_upload(sv_exchange *exchange)
{
    char bytes[10];
    size_t len;
    exchange->answer.status = 200;
    if (sv_body_stream_read(exchange, bytes, sizeof bytes, &len) == SV_UNAVAILABLE)
        exchange->answer.body = SV_STR("nothing yet");
    sv_exchange_respond(exchange);
}

static void end_follow(void *arg, sv_status status)
{
    if (status)
        sv_stream_abort(arg);
    else
        sv_exchange_respond(arg);
}

static void handle_events(sv_exchange *exchange)
{
    sv_event_replay *replay = NULL;
    sv_event_fields event = {.data = SV_STR("replayed")};
    sv_event_follow how = {.on_end = end_follow, .arg = exchange};
    sv_status status = sv_event_replay_new(4, 1000, &replay);
    if (!status)
        status = sv_event_replay_publish(replay, &event);
    if (!status)
        status = sv_event_replay_follow(replay, exchange, &how);
    sv_event_replay_free(replay);
    if (!status)
        return;
    exchange->answer.status = 503;
    sv_exchange_respond(exchange);
}

static const sv_route streams[] = {
    {.method = "PUT", .path = "/stream", .handle = handle_stream},
    {.method = "PUT", .path = "/events", .handle = handle_events},
    {.method = "PUT", .path = "/upload", .handle = handle_upload, .policy = {.stream_body = true}},
};
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
                                           "data: replayed\nid: 1\n\n\r\n0\r\n\r\n",
                                           "nothing yet",
                                           NULL};
    sv_loopback *client = sv_loopback_new(server, loop);
    if (!client)
        return false;
    http_send(client, REQUESTS);
    sv_loopback_send(client, (sv_str){body, sizeof body});
    http_send(client, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPUT /stream HTTP/1.1\r\nHost: a\r\n\r\n"
                      "PUT /events HTTP/1.1\r\nHost: a\r\n\r\n"
                      "PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nhello\r\n0\r\nT: x\r\n\r\n"
                      "GET /% HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 8; i++)
        sv_loop_step(loop, 0);
    sv_loopback_send_eof(client);
    assert_true(sv_loopback_is_closed(client));
    bool succeeded = has_all(sv_buf_str(sv_loopback_received(client)), statuses);
    sv_loopback_free(client);
    return succeeded;
}

static bool add_routes(sv_router *router)
{
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (sv_router_add(router, &streams[i], NULL))
            return false;
    return !sv_router_add(router, &echo, NULL);
}

static bool run_server(void *arg)
{
    (void)arg;
    sv_loop *loop = NULL;
    sv_server *server = NULL;
    sv_router *router = sv_router_new();
    bool succeeded = false;
    if (router && add_routes(router) && !sv_loop_new(NULL, &loop)) {
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
