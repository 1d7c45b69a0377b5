/* test_stream_sockets.c: streams of a listening server: handlers on a pool, clients on sockets that
 * read, do not read, or leave. */
#include "http_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/body_stream.h"
#include "http/event_replay.h"
#include "io/pool.h"

enum { N_CLIENTS = 8, ECHO_BYTES = 1000 * 1000, N_EVENTS = 100 };

typedef struct house {
    sv_pool *pool;
    sv_router *router;
    sv_server *server;
    sv_event_replay *replay;
    sv_http_middleware middleware;
    atomic_int n_done, n_lost, last_status; /* lost: a handler was told that nobody reads */
    atomic_size_t n_written;
} house;

/* A handler's work on the pool. */
typedef struct job {
    sv_message message;
    sv_exchange *exchange;
    void (*work)(house *here, sv_exchange *exchange);
} job;

static void run_job(sv_message *message)
{
    job *self = SV_CONTAINER_OF(message, job, message);
    self->work(self->exchange->route->data, self->exchange);
}

static void submit(sv_exchange *exchange, void (*work)(house *here, sv_exchange *exchange))
{
    job *made = sv_arena_alloc(exchange->arena, sizeof *made);
    assert_non_null(made);
    *made = (job){{.run = run_job}, exchange, work};
    exchange->answer.status = 200;
    assert_int_equal(sv_pool_submit(((house *)exchange->route->data)->pool, &made->message), SV_OK);
}

static void end(house *here, sv_exchange *exchange, sv_status status)
{
    here->n_lost += status == SV_CANCELLED;
    if (status)
        sv_stream_abort(exchange);
    else
        sv_exchange_respond(exchange);
}

static void echo(house *here, sv_exchange *exchange)
{
    char bytes[7000];
    size_t len = 1;
    sv_status status = sv_stream_start(exchange);
    while (!status && len) {
        status = sv_body_stream_read(exchange, bytes, sizeof bytes, &len);
        if (!status)
            status = sv_stream_write(exchange, (sv_str){bytes, len});
    }
    end(here, exchange, status);
}

static void flood(house *here, sv_exchange *exchange)
{
    char bytes[10000] = {0};
    sv_status status = sv_stream_start(exchange);
    while (!(status = status ? status : sv_stream_write(exchange, (sv_str){bytes, sizeof bytes})))
        here->n_written += sizeof bytes;
    end(here, exchange, status);
}

static void say_one(house *here, sv_exchange *exchange)
{
    sv_status status = sv_stream_start(exchange);
    if (!status)
        status = sv_stream_write(exchange, SV_STR("one"));
    while (!status && !sv_server_is_draining(here->server))
        usleep(1000);
    if (!status)
        status = sv_stream_write(exchange, SV_STR("last"));
    end(here, exchange, status);
}

static void end_follow(void *arg, sv_status status)
{
    sv_exchange *exchange = arg;
    end(exchange->route->data, exchange, status);
}

static void follow(house *here, sv_exchange *exchange)
{
    sv_event_follow how = {.on_end = end_follow, .arg = exchange};
    sv_status status = sv_event_replay_follow(here->replay, exchange, &how);
    if (status)
        end(here, exchange, status);
}

static void handle_echo(sv_exchange *exchange)
{
    submit(exchange, echo);
}

static void handle_flood(sv_exchange *exchange)
{
    submit(exchange, flood);
}

static void handle_one(sv_exchange *exchange)
{
    submit(exchange, say_one);
}

static void handle_follow(sv_exchange *exchange)
{
    submit(exchange, follow);
}

static sv_route routes[] = {
    {.method = "POST", .path = "/echo", .handle = handle_echo, .policy = {.stream_body = true}},
    {.method = "GET", .path = "/flood", .handle = handle_flood},
    {.method = "GET", .path = "/one", .handle = handle_one},
    {.method = "GET", .path = "/follow", .handle = handle_follow},
};

static void see_done(sv_exchange *exchange, void *arg)
{
    house *here = arg;
    here->last_status = exchange->answer.status;
    here->n_done++;
}

static int start(void **state)
{
    house *made = test_calloc(1, sizeof *made);
    made->middleware = (sv_http_middleware){.done = see_done, .arg = made};
    sv_server_config config = {
        .middleware = &made->middleware, .n_middleware = 1, .limits = sv_http_limits_default};
    sv_tcp_address address = {.host = "127.0.0.1"};
    config.limits.write_timeout_ms = 200;
    config.router = made->router = sv_router_new();
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        routes[i].data = made;
        assert_int_equal(sv_router_add(made->router, &routes[i], NULL), SV_OK);
    }
    assert_int_equal(sv_pool_new(N_CLIENTS, 100, 1000, &made->pool), SV_OK);
    assert_int_equal(sv_event_replay_new(N_EVENTS, 1 << 20, &made->replay), SV_OK);
    assert_int_equal(sv_server_new(&config, &made->server), SV_OK);
    assert_int_equal(sv_server_listen(made->server, &address, 2, NULL), SV_OK);
    *state = made;
    return 0;
}

static int stop(void **state)
{
    house *here = *state;
    sv_server_free(here->server);
    sv_pool_free(here->pool);
    sv_event_replay_free(here->replay);
    sv_router_free(here->router);
    test_free(here);
    return 0;
}

/* Clients. */

static int connect_to(house *here)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sv_server_port(here->server))};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int ask(house *here, const char *path)
{
    char request[200];
    int fd = connect_to(here);
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
    return fd;
}

/* Reads up to the text or the end; whether the text came. */
static bool hear(int fd, sv_buf *heard, const char *awaited)
{
    char bytes[10000];
    ssize_t got = 1;
    sv_str found = {0};
    while (!found.ptr && got > 0) {
        got = recv(fd, bytes, sizeof bytes, 0);
        sv_buf_append(heard, bytes, got > 0 ? (size_t)got : 0);
        size_t tail = heard->len < sizeof bytes * 2 ? heard->len : sizeof bytes * 2;
        found.ptr = memmem(heard->ptr + heard->len - tail, tail, awaited, strlen(awaited));
    }
    return found.ptr != NULL;
}

static void wait_for(atomic_int *count, int wanted)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, 20 * 1000);
    while (*count < wanted && sv_clock_left_ms(&sv_clock_system, end))
        usleep(1000);
    assert_int_equal(*count, wanted);
}

static void *send_body(void *arg)
{
    int fd = *(int *)arg;
    static char body[ECHO_BYTES];
    for (size_t at = 0; at < sizeof body;) {
        ssize_t sent = send(fd, body + at, sizeof body - at, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    return NULL;
}

/* Sends and reads at the same time; returns the bytes of the answer's body that are zeros. */
static void *echo_client(void *arg)
{
    house *here = arg;
    pthread_t sender;
    sv_buf heard;
    int fd = connect_to(here);
    static const char head[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    sv_buf_init(&heard, 2 * ECHO_BYTES);
    assert_int_equal(send(fd, head, sizeof head - 1, MSG_NOSIGNAL), sizeof head - 1);
    pthread_create(&sender, NULL, send_body, &fd);
    bool has_ended = hear(fd, &heard, "\r\n0\r\n\r\n");
    size_t n_zeros = 0;
    for (size_t i = 0; i < heard.len; i++)
        n_zeros += heard.ptr[i] == '\0';
    pthread_join(sender, NULL);
    sv_buf_deinit(&heard);
    close(fd);
    return has_ended && n_zeros == ECHO_BYTES ? arg : NULL;
}

static void test_echo_both_ways(void **state)
{
    house *here = *state;
    pthread_t clients[N_CLIENTS];
    void *succeeded;
    for (int i = 0; i < N_CLIENTS; i++)
        pthread_create(&clients[i], NULL, echo_client, here);
    for (int i = 0; i < N_CLIENTS; i++) {
        pthread_join(clients[i], &succeeded);
        assert_non_null(succeeded);
    }
    wait_for(&here->n_done, N_CLIENTS);
    assert_int_equal(here->n_lost, 0);
}

static void test_client_that_leaves(void **state)
{
    house *here = *state;
    sv_buf heard;
    sv_buf_init(&heard, 1 << 20);
    int fd = ask(here, "/flood");
    assert_true(hear(fd, &heard, "2710\r\n"));
    close(fd);
    wait_for(&here->n_done, 1);
    assert_int_equal(here->n_lost, 1);
    assert_int_equal(here->last_status, 499);
    sv_buf_deinit(&heard);
}

/* It is cut after write_timeout_ms, and till then holds no more than buffers hold. */
static void test_client_that_does_not_read(void **state)
{
    house *here = *state;
    int fd = ask(here, "/flood");
    wait_for(&here->n_done, 1);
    assert_int_equal(here->n_lost, 1);
    assert_true(here->n_written < (size_t)64 << 20); /* the kernel's share is a few MiB */
    close(fd);
}

static void test_drain_waits_for_streams(void **state)
{
    house *here = *state;
    sv_buf heard;
    sv_buf_init(&heard, 1 << 20);
    int fd = ask(here, "/one");
    assert_true(hear(fd, &heard, "3\r\none\r\n"));
    sv_server_drain(here->server, 20 * 1000);
    assert_true(hear(fd, &heard, "4\r\nlast\r\n0\r\n\r\n"));
    assert_int_equal(here->n_done, 1);
    assert_int_equal(here->last_status, 200);
    sv_buf_deinit(&heard);
    close(fd);
}

static void test_drain_cuts_streams_that_do_not_end(void **state)
{
    house *here = *state;
    sv_buf heard;
    sv_buf_init(&heard, 1 << 20);
    int fd = ask(here, "/follow");
    assert_true(hear(fd, &heard, "\r\n\r\n"));
    sv_server_drain(here->server, 20);
    wait_for(&here->n_done, 1);
    assert_int_equal(here->n_lost, 1);
    assert_int_equal(here->last_status, 503);
    assert_false(hear(fd, &heard, "\r\n0\r\n\r\n"));
    sv_buf_deinit(&heard);
    close(fd);
}

static void test_all_followers_get_all_events(void **state)
{
    house *here = *state;
    int clients[N_CLIENTS];
    sv_event_fields event = {.data = SV_STR("x")};
    for (int i = 0; i < N_EVENTS; i++) {
        if (i % 20 == 0 && i / 20 < N_CLIENTS)
            clients[i / 20] = ask(here, "/follow");
        assert_int_equal(sv_event_replay_publish(here->replay, &event), SV_OK);
    }
    for (int i = 0; i < N_EVENTS / 20; i++) {
        sv_buf heard;
        sv_buf_init(&heard, 1 << 20);
        assert_true(hear(clients[i], &heard, "\nid: 100\n\n"));
        int n_events = 0;
        sv_str rest = sv_buf_str(&heard);
        for (char *at; (at = memmem(rest.ptr, rest.len, "\nid: ", 5)); n_events++) {
            assert_int_equal(atoi(at + 5), n_events + 1);
            rest = sv_str_slice(rest, (size_t)(at + 5 - rest.ptr), rest.len);
        }
        assert_int_equal(n_events, N_EVENTS);
        sv_buf_deinit(&heard);
        close(clients[i]);
    }
}

#define house_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        house_test(test_echo_both_ways),
        house_test(test_client_that_leaves),
        house_test(test_client_that_does_not_read),
        house_test(test_drain_waits_for_streams),
        house_test(test_drain_cuts_streams_that_do_not_end),
        house_test(test_all_followers_get_all_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
