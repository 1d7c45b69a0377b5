/* test_body_stream.c: bodies that are read while they come: order, back-pressure, ends of every
 * kind. */
#include "http_scene.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "http/body_stream.h"
#include "http/server_lanes.h"

#define UPLOAD "POST /upload HTTP/1.1\r\n" SCENE_HOST
#define LENGTH(n) "Content-Length: " n "\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

enum { LIMIT = 1000 * 1000 };

/* Reads once, on the loop's thread. */
static void assert_read(sv_exchange *exchange, const char *expected)
{
    char bytes[100];
    size_t len;
    sv_status status = sv_body_stream_read(exchange, bytes, sizeof bytes, &len);
    assert_int_equal(status, SV_OK);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, len);
}

static void assert_read_fails(sv_exchange *exchange, sv_status expected)
{
    char bytes[100];
    size_t len = 7;
    assert_int_equal(sv_body_stream_read(exchange, bytes, sizeof bytes, &len), expected);
    assert_int_equal(len, 7);
}

static void send_zeros(sv_loopback *client, size_t n)
{
    static char zeros[LIMIT + 1];
    sv_loopback_send(client, (sv_str){zeros, n});
}

static void test_pieces_as_they_come(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    assert_int_equal(exchange->body.len, 0);
    assert_read(exchange, "one");
    assert_read_fails(exchange, SV_UNAVAILABLE);
    http_send(here->client, "two");
    assert_read(exchange, "two");
    http_send(here->client, "end" SCENE_HELLO);
    char byte;
    size_t len;
    assert_int_equal(sv_body_stream_read(exchange, &byte, 1, &len), SV_OK);
    assert_int_equal(byte, 'e');
    assert_read(exchange, "nd");
    assert_read(exchange, "");
    assert_read(exchange, "");
    scene_assert_not_received(here, "hello");
    exchange->answer.body = SV_STR("taken");
    scene_end(here, exchange);
    scene_assert_received(here, "\r\n\r\ntaken");
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_chunks(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD CHUNKED "3;a=b\r\none\r\n3\r");
    assert_read(exchange, "one");
    assert_non_null(sv_arena_copy(exchange->arena, SV_STR("the owner's arena is its own")).ptr);
    http_send(here->client, "\ntwo\r\n0\r\nTrailer: x\r\n");
    assert_read(exchange, "two");
    assert_read_fails(exchange, SV_UNAVAILABLE);
    http_send(here->client, "\r\n");
    assert_read(exchange, "");
    assert_true(sv_str_eq(sv_exchange_header(exchange, SV_STR("host")), SV_STR("a")));
    scene_end(here, exchange);
    scene_assert_done(here, 200);
    assert_false(sv_loopback_is_closed(here->client));
}

static void test_no_body(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("0"));
    assert_read(exchange, "");
    scene_end(here, exchange);
    exchange = scene_ask(here, "POST /hold HTTP/1.1\r\n" SCENE_HOST LENGTH("1") "x");
    assert_read_fails(exchange, SV_INVALID); /* not a route that streams */
    scene_end(here, exchange);
}

static void test_both_ways_at_once(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("6") "one");
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_read(exchange, "one");
    assert_int_equal(sv_stream_write(exchange, SV_STR("eno")), SV_OK);
    scene_assert_received(here, "3\r\neno\r\n");
    http_send(here->client, "two");
    assert_read(exchange, "two");
    assert_int_equal(sv_stream_write(exchange, SV_STR("owt")), SV_OK);
    scene_end(here, exchange);
    scene_assert_received(here, "3\r\nowt\r\n0\r\n\r\n");
    assert_false(sv_loopback_is_closed(here->client));
}

/* Back-pressure. */

static void test_unread_body_stays_with_the_client(void **state)
{
    scene *here = *state;
    char bytes[SV_BODY_STREAM_MAX_BYTES];
    size_t len, sum = 0;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("1000000"));
    for (int i = 0; i < 100; i++)
        send_zeros(here->client, 10000); /* of which the server takes what fits */
    http_settle(&here->fixture);
    while (sum < LIMIT) {
        assert_int_equal(sv_body_stream_read(exchange, bytes, sizeof bytes, &len), SV_OK);
        sum += len;
        http_settle(&here->fixture);
        sv_loopback_received(here->client); /* lets the client send on */
    }
    assert_int_equal(sum, LIMIT);
    assert_read(exchange, "");
    scene_end(here, exchange);
    scene_assert_done(here, 200);
}

/* A chunk-size line at the very end of the room must not stop everything. */
static void test_many_small_chunks(void **state)
{
    scene *here = *state;
    enum { N = 30000 };
    static char chunks[N * 8 + 6];
    char bytes[997];
    size_t len = 1, sum = 0;
    sv_exchange *exchange = scene_ask(here, UPLOAD CHUNKED);
    for (size_t i = 0; i < N; i++)
        memcpy(chunks + i * 8, "3\r\nabc\r\n", 8);
    strcpy(chunks + N * 8, "0\r\n\r\n");
    sv_loopback_send(here->client, (sv_str){chunks, N * 8 + 5});
    while (len) {
        assert_int_equal(sv_body_stream_read(exchange, bytes, sizeof bytes, &len), SV_OK);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(bytes[i], "abc"[(sum + i) % 3]);
        sum += len;
        http_settle(&here->fixture);
    }
    assert_int_equal(sum, N * 3);
    scene_end(here, exchange);
}

/* Answers before the end of the body. */

static void test_short_rest_is_skipped(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    scene_end(here, exchange);
    scene_assert_received(here, "HTTP/1.1 200 ");
    http_send(here->client, "twoend" SCENE_HELLO);
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_long_rest_closes(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("100000") "one");
    scene_end(here, exchange);
    scene_assert_received(here, "Connection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_rest_that_is_short_by_now_is_skipped(void **state)
{
    scene *here = *state;
    char bytes[SV_BODY_STREAM_MAX_BYTES];
    size_t len;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("100000"));
    send_zeros(here->client, 60000);
    assert_int_equal(sv_body_stream_read(exchange, bytes, sizeof bytes, &len), SV_OK);
    scene_end(here, exchange);
    send_zeros(here->client, 40000);
    http_send(here->client, SCENE_HELLO);
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_streamed_answer_before_the_body(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("6") "one");
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(sv_stream_write(exchange, SV_STR("early")), SV_OK);
    scene_end(here, exchange);
    http_send(here->client, "two" SCENE_HELLO);
    scene_assert_received(here, "5\r\nearly\r\n0\r\n\r\nHTTP/1.1 200 ");
    scene_assert_received(here, "\r\n\r\nhello");
}

/* What ends with the connection cannot go on with skipping. */
static void test_streamed_answer_of_http_1_0_before_the_body(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, "POST /upload HTTP/1.0\r\n" SCENE_HOST
                                            "Connection: keep-alive\r\n" LENGTH("6") "one");
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    scene_end(here, exchange);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_no_beats_behind_the_end(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("6") "one");
    assert_int_equal(sv_stream_start_beating(exchange, SV_STR("beat"), 10), SV_OK);
    scene_end(here, exchange);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_true(sv_str_ends_with(sv_str_from(http_text(here->client)), SV_STR("\r\n0\r\n\r\n")));
}

/* Ends of other kinds. */

static void test_announced_too_large_has_no_handler(void **state)
{
    scene *here = *state;
    http_send(here->client, UPLOAD LENGTH("1000001"));
    assert_null(here->fixture.held);
    scene_assert_received(here, "HTTP/1.1 413 ");
}

static void test_too_large(void **state)
{
    scene *here = *state;
    char bytes[SV_BODY_STREAM_MAX_BYTES], line[20];
    size_t len, sum = 0;
    sv_exchange *exchange = scene_ask(here, UPLOAD CHUNKED);
    snprintf(line, sizeof line, "%x\r\n", LIMIT + 1);
    sv_loopback_send(here->client, sv_str_from(line));
    send_zeros(here->client, LIMIT + 1);
    sv_status status;
    while (!(status = sv_body_stream_read(exchange, bytes, sizeof bytes, &len))) {
        sum += len;
        http_settle(&here->fixture);
    }
    assert_int_equal(status, SV_TOO_LARGE);
    assert_true(sum <= LIMIT);
    exchange->answer.status = 413;
    scene_end(here, exchange);
    scene_assert_received(here, "HTTP/1.1 413 ");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_body_that_is_no_http(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD CHUNKED "3\r\nonex");
    assert_read(exchange, "one");
    assert_read_fails(exchange, SV_INVALID);
    exchange->answer.status = 400;
    scene_end(here, exchange);
    scene_assert_done(here, 400);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_client_leaves(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    sv_loopback_reset(here->client);
    assert_int_equal(sv_cancel_get(exchange->cancel), SV_CANCEL_CLIENT);
    assert_read_fails(exchange, SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
}

static void test_half_a_body(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    sv_loopback_send_eof(here->client);
    assert_read_fails(exchange, SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
}

static void test_cut(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    sv_lane_cut(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_read_fails(exchange, SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 503);
}

static void test_body_is_late(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_read(exchange, "one");
    assert_read_fails(exchange, SV_TIMEOUT);
    exchange->answer.status = 408;
    scene_end(here, exchange);
    scene_assert_done(here, 408);
    scene_assert_received(here, "Connection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
}

/* The client cannot send what the handler does not take. */
static void test_owner_is_late(void **state)
{
    scene *here = *state;
    char bytes[SV_BODY_STREAM_MAX_BYTES];
    size_t len;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("65540"));
    send_zeros(here->client, 65536);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_int_equal(sv_body_stream_read(exchange, bytes, sizeof bytes, &len), SV_OK);
    assert_int_equal(len, 65536);
    http_settle(&here->fixture);
    http_send(here->client, "last");
    assert_read(exchange, "last");
    assert_read(exchange, "");
    scene_end(here, exchange);
    scene_assert_done(here, 200);
}

static void test_answer_is_late(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD LENGTH("9") "one");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_read_fails(exchange, SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 504);
    scene_assert_received(here, "HTTP/1.1 504 ");
    assert_true(sv_loopback_is_closed(here->client));
}

static int start_with_short_body_time(void **state)
{
    sv_http_limits limits = sv_http_limits_default;
    limits.body_timeout_ms = 40;
    return scene_start_with(state, &limits);
}

/* 100-continue. */

#define EXPECT "Expect: 100-continue\r\n"

static void test_continue_when_it_is_read(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD EXPECT LENGTH("3"));
    scene_assert_not_received(here, "HTTP/1.1 100 Continue");
    assert_read_fails(exchange, SV_UNAVAILABLE);
    scene_assert_received(here, "HTTP/1.1 100 Continue\r\n\r\n");
    http_send(here->client, "one");
    assert_read(exchange, "one");
    assert_read(exchange, "");
    scene_end(here, exchange);
    scene_assert_received(here, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_false(sv_loopback_is_closed(here->client));
}

static void test_no_continue_without_reading(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD EXPECT LENGTH("3"));
    exchange->answer.status = 403;
    scene_end(here, exchange);
    scene_assert_not_received(here, "100 Continue");
    scene_assert_received(here, "Connection: close\r\n");
}

static void test_no_continue_when_it_comes_anyway(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, UPLOAD EXPECT LENGTH("3") "one");
    assert_read(exchange, "one");
    scene_end(here, exchange);
    scene_assert_not_received(here, "100 Continue");
    assert_false(sv_loopback_is_closed(here->client));
}

/* Threads. */

typedef struct reader {
    pthread_t thread;
    sv_exchange *exchange;
    size_t sum;
    sv_status status;
    atomic_bool is_done;
} reader;

static void *read_all(void *arg)
{
    reader *self = arg;
    char bytes[5000];
    size_t len = 1;
    while (!self->status && len) {
        self->status = sv_body_stream_read(self->exchange, bytes, sizeof bytes, &len);
        self->sum += self->status ? 0 : len;
        (void)sv_arena_alloc(self->exchange->arena, 100);
    }
    sv_exchange_respond(self->exchange);
    self->is_done = true;
    return NULL;
}

static reader *begin_reading(scene *here, const char *request)
{
    reader *made = test_calloc(1, sizeof *made);
    made->exchange = scene_ask(here, request);
    assert_int_equal(pthread_create(&made->thread, NULL, read_all, made), 0);
    return made;
}

static void end_reading(scene *here, reader *self, sv_status status, size_t sum)
{
    while (!self->is_done) {
        sv_loop_step(here->fixture.loop, 1);
        sv_loopback_received(here->client);
    }
    pthread_join(self->thread, NULL);
    assert_int_equal(self->status, status);
    assert_int_equal(self->sum, sum);
    test_free(self);
}

static void test_thread_reads_a_length(void **state)
{
    scene *here = *state;
    reader *self = begin_reading(here, UPLOAD EXPECT LENGTH("1000000"));
    send_zeros(here->client, LIMIT);
    end_reading(here, self, SV_OK, LIMIT);
    scene_assert_done(here, 200);
}

static void test_thread_reads_chunks(void **state)
{
    scene *here = *state;
    reader *self = begin_reading(here, UPLOAD CHUNKED);
    for (int i = 0; i < 100; i++) {
        http_send(here->client, "2710;x=y\r\n");
        send_zeros(here->client, 10000);
        http_send(here->client, "\r\n");
        sv_loop_step(here->fixture.loop, 0);
    }
    http_send(here->client, "0\r\nTrailer: x\r\n\r\n");
    end_reading(here, self, SV_OK, LIMIT);
    scene_assert_done(here, 200);
}

static void test_departure_frees_a_thread_that_waits(void **state)
{
    scene *here = *state;
    reader *self = begin_reading(here, UPLOAD LENGTH("9"));
    http_run_ms(&here->fixture, 20);
    assert_false(self->is_done);
    sv_loopback_reset(here->client);
    end_reading(here, self, SV_CANCELLED, 0);
    scene_assert_done(here, 499);
}

#define late_test(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, start_with_short_body_time, scene_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_pieces_as_they_come),
        scene_test(test_chunks),
        scene_test(test_no_body),
        scene_test(test_both_ways_at_once),
        scene_test(test_unread_body_stays_with_the_client),
        scene_test(test_many_small_chunks),
        scene_test(test_short_rest_is_skipped),
        scene_test(test_long_rest_closes),
        scene_test(test_rest_that_is_short_by_now_is_skipped),
        scene_test(test_streamed_answer_before_the_body),
        scene_test(test_streamed_answer_of_http_1_0_before_the_body),
        scene_test(test_no_beats_behind_the_end),
        scene_test(test_announced_too_large_has_no_handler),
        scene_test(test_too_large),
        scene_test(test_body_that_is_no_http),
        scene_test(test_client_leaves),
        scene_test(test_half_a_body),
        scene_test(test_cut),
        late_test(test_body_is_late),
        late_test(test_owner_is_late),
        hasty_test(test_answer_is_late),
        scene_test(test_continue_when_it_is_read),
        scene_test(test_no_continue_without_reading),
        scene_test(test_no_continue_when_it_comes_anyway),
        scene_test(test_thread_reads_a_length),
        scene_test(test_thread_reads_chunks),
        scene_test(test_departure_frees_a_thread_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
