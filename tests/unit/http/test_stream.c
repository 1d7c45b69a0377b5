/* test_stream.c: streamed answers: their bytes, back-pressure, departures in every phase, time. */
#include "http_scene.h"

#include <pthread.h>
#include <string.h>

#include "http/server_lanes.h"
#include "http/stream.h"

#define write_text(exchange, literal) sv_stream_write((exchange), SV_STR(literal))

/* Bytes. */

static void test_pieces_are_chunks(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    exchange->answer.body = SV_STR("ignored");
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(here->fixture.seen.n_after, 1);
    scene_assert_received(here, "HTTP/1.1 200 OK\r\n");
    scene_assert_received(here, "Transfer-Encoding: chunked\r\n");
    scene_assert_not_received(here, "Content-Length");
    scene_assert_not_received(here, "Connection: close");
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    scene_assert_received(here, "\r\n\r\n3\r\none\r\n");
    assert_int_equal(write_text(exchange, ""), SV_OK);
    assert_int_equal(write_text(exchange, "two, which is longer"), SV_OK);
    scene_assert_received(here, "one\r\n14\r\ntwo, which is longer\r\n");
    scene_assert_not_received(here, "\r\n0\r\n");
    scene_end(here, exchange);
    scene_assert_received(here, "longer\r\n0\r\n\r\n");
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 200);
    assert_int_equal(here->fixture.seen.last_answer_bytes, strlen(http_text(here->client)));
    assert_false(sv_loopback_is_closed(here->client));
}

static void test_next_request_waits_for_the_end(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM SCENE_HELLO);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "first"), SV_OK);
    scene_assert_not_received(here, "hello");
    scene_end(here, exchange);
    scene_assert_received(here, "5\r\nfirst\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n");
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_end_without_a_piece(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    scene_end(here, exchange);
    scene_assert_received(here, "\r\n\r\n0\r\n\r\n");
}

static void test_http_1_0_ends_with_the_connection(void **state)
{
    scene *here = *state;
    sv_exchange *exchange =
        scene_ask(here, "GET /stream HTTP/1.0\r\n" SCENE_HOST "Connection: keep-alive\r\n\r\n");
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    assert_int_equal(write_text(exchange, "two"), SV_OK);
    scene_assert_received(here, "Connection: close\r\n\r\nonetwo");
    scene_assert_not_received(here, "Transfer-Encoding");
    assert_false(sv_loopback_is_closed(here->client));
    scene_end(here, exchange);
    assert_true(sv_loopback_is_closed(here->client));
    assert_true(sv_str_ends_with(sv_str_from(http_text(here->client)), SV_STR("\r\n\r\nonetwo")));
}

static void test_a_length_that_is_known(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM SCENE_HELLO);
    exchange->answer.absent_bytes = 6;
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    assert_int_equal(write_text(exchange, "more"), SV_TOO_LARGE);
    assert_int_equal(write_text(exchange, "two"), SV_OK);
    scene_assert_received(here, "Content-Length: 6\r\n");
    scene_assert_not_received(here, "Transfer-Encoding");
    scene_end(here, exchange);
    scene_assert_received(here, "\r\n\r\nonetwoHTTP/1.1 200 OK\r\n");
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_a_length_that_is_not_kept(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM SCENE_HELLO);
    exchange->answer.absent_bytes = 6;
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    scene_end(here, exchange);
    assert_true(sv_loopback_is_closed(here->client));
    scene_assert_not_received(here, "hello");
}

/* Answers without body: their head is the answer, and the exchange counts as answered. */
static void check_mute(scene *here, const char *request, int status)
{
    sv_exchange *exchange = scene_ask(here, request);
    exchange->answer.status = status;
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_CANCELLED);
    assert_false(sv_cancel_is_set(exchange->cancel));
    scene_end(here, exchange);
    assert_true(sv_str_ends_with(sv_str_from(http_text(here->client)), SV_STR("\r\n\r\n")));
    scene_assert_not_received(here, "one");
    scene_assert_not_received(here, "\r\n0\r\n");
    assert_int_equal(here->fixture.seen.last_status, status);
    http_send(here->client, SCENE_HELLO);
    scene_assert_received(here, "\r\n\r\nhello");
}

static void test_head(void **state)
{
    check_mute(*state, "HEAD /stream HTTP/1.1\r\n" SCENE_HOST "\r\n", 200);
    scene_assert_received(*state, "Transfer-Encoding: chunked\r\n");
}

static void test_no_content(void **state)
{
    check_mute(*state, SCENE_STREAM, 204);
    scene_assert_not_received(*state, "Transfer-Encoding");
}

static void test_not_modified(void **state)
{
    check_mute(*state, SCENE_STREAM, 304);
}

static void test_misuse(void **state)
{
    static char huge[SV_STREAM_MAX_PIECE + 1];
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(write_text(exchange, "early"), SV_INVALID);
    exchange->answer.status = 101;
    assert_int_equal(sv_stream_start(exchange), SV_INVALID);
    exchange->answer.status = 200;
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(sv_stream_start(exchange), SV_INVALID);
    assert_int_equal(sv_stream_write(exchange, (sv_str){huge, sizeof huge}), SV_TOO_LARGE);
    assert_int_equal(sv_stream_write(exchange, (sv_str){huge, sizeof huge - 1}), SV_OK);
    scene_end(here, exchange);
    scene_assert_received(here, "\r\nfff0\r\n");
}

static void test_abort_leaves_the_body_open(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM SCENE_HELLO);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "half"), SV_OK);
    sv_stream_abort(exchange);
    scene_assert_received(here, "4\r\nhalf\r\n");
    scene_assert_not_received(here, "\r\n0\r\n");
    scene_assert_not_received(here, "hello");
    assert_true(sv_loopback_is_closed(here->client));
    assert_int_equal(here->fixture.seen.n_done, 1);
}

/* Back-pressure. */

static void count_call(void *arg)
{
    ++*(int *)arg;
}

static void test_slow_reader_fills_the_buffer(void **state)
{
    scene *here = *state;
    static char piece[1000];
    int n_called = 0;
    size_t n_taken = 0;
    sv_status status;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    memset(piece, 'p', sizeof piece);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_loopback_limit(here->client, 0);
    while (!(status = sv_stream_try_write(exchange, (sv_str){piece, sizeof piece})))
        n_taken++;
    assert_int_equal(status, SV_UNAVAILABLE);
    assert_true(n_taken * sizeof piece <= 2 * (size_t)SV_STREAM_MAX_BYTES);
    sv_stream_on_writable(exchange, count_call, &n_called);
    http_settle(&here->fixture);
    assert_int_equal(n_called, 0);
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    http_settle(&here->fixture);
    assert_int_equal(n_called, 1);
    assert_int_equal(write_text(exchange, "last"), SV_OK);
    scene_end(here, exchange);
    assert_int_equal(n_called, 1);
    size_t n_received = 0;
    for (const char *at = http_text(here->client); (at = strstr(at, "3e8\r\nppp")); at++)
        n_received++;
    assert_int_equal(n_received, n_taken);
    scene_assert_received(here, "ppp\r\n4\r\nlast\r\n0\r\n\r\n");
}

static void test_writable_at_once(void **state)
{
    scene *here = *state;
    int n_called = 0;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_stream_on_writable(exchange, count_call, &n_called);
    assert_int_equal(n_called, 0);
    http_settle(&here->fixture);
    assert_int_equal(n_called, 1);
    sv_stream_on_writable(exchange, count_call, &n_called);
    scene_end(here, exchange); /* takes the wish back */
    assert_int_equal(n_called, 1);
}

/* The end is written while the reader is stuck. */
static void test_end_behind_a_full_socket(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM SCENE_HELLO);
    sv_loopback_limit(here->client, 10);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "late"), SV_OK);
    http_settle(&here->fixture);
    scene_end(here, exchange);
    assert_int_equal(here->fixture.seen.n_done, 1);
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    scene_assert_received(here, "4\r\nlate\r\n0\r\n\r\n");
    scene_assert_received(here, "\r\n\r\nhello");
}

/* Departures. */

static void respond(void *arg)
{
    sv_exchange_respond(arg);
}

static void test_client_leaves_before_the_start(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    sv_loopback_reset(here->client);
    assert_int_equal(sv_stream_start(exchange), SV_CANCELLED);
    assert_int_equal(write_text(exchange, "one"), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
}

static void test_client_leaves_a_stream(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    sv_loopback_reset(here->client);
    assert_int_equal(sv_cancel_get(exchange->cancel), SV_CANCEL_CLIENT);
    assert_int_equal(write_text(exchange, "two"), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
}

static void test_client_leaves_an_owner_that_waits_for_room(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    http_settle(&here->fixture);
    sv_loopback_limit(here->client, 0);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    http_settle(&here->fixture);
    assert_int_equal(write_text(exchange, "two"), SV_OK);
    sv_stream_on_writable(exchange, respond, exchange);
    http_settle(&here->fixture);
    assert_int_equal(here->fixture.seen.n_done, 0);
    sv_loopback_reset(here->client);
    scene_assert_done(here, 499);
}

static void test_cancel_callback_gives_back(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    sv_cancel_callback callback = {.run = respond, .arg = exchange};
    sv_cancel_add(exchange->cancel, &callback);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    sv_loopback_reset(here->client); /* before the loop has taken the piece */
    scene_assert_done(here, 499);
}

static void test_half_close_is_a_departure(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_loopback_send_eof(here->client);
    assert_int_equal(write_text(exchange, "one"), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
}

/* Time. */

static void test_deadline_counts_up_to_the_start(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_false(sv_cancel_is_set(exchange->cancel));
    assert_int_equal(write_text(exchange, "late"), SV_OK);
    scene_end(here, exchange);
    scene_assert_received(here, "\r\n\r\n4\r\nlate\r\n0\r\n\r\n");
}

static void test_start_after_the_deadline(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_int_equal(sv_stream_start(exchange), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 504);
    scene_assert_received(here, "HTTP/1.1 504 ");
    scene_assert_not_received(here, "chunked");
}

static void test_reader_that_takes_nothing_is_cut(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_loopback_limit(here->client, 0);
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_int_equal(sv_cancel_get(exchange->cancel), SV_CANCEL_CLIENT);
    assert_int_equal(write_text(exchange, "two"), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 499);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_beats_fill_the_silence(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start_beating(exchange, SV_STR("beat"), 10), SV_OK);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    scene_assert_received(here, "\r\n\r\n4\r\nbeat\r\n4\r\nbeat\r\n");
    sv_loopback_limit(here->client, 0); /* no beats to a reader that is stuck */
    assert_int_equal(write_text(exchange, "one"), SV_OK);
    http_settle(&here->fixture);
    http_run_ms(&here->fixture, 20);
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    scene_end(here, exchange);
    scene_assert_received(here, "3\r\none\r\n0\r\n\r\n");
}

/* Drain. */

static void test_drain_lets_a_stream_end(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_server_drain(here->fixture.server, 0);
    sv_lane_drain(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_int_equal(write_text(exchange, "last"), SV_OK);
    scene_end(here, exchange);
    scene_assert_received(here, "4\r\nlast\r\n0\r\n\r\n");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_cut_ends_a_stream(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_stream_start(exchange), SV_OK);
    sv_lane_cut(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_int_equal(sv_cancel_get(exchange->cancel), SV_CANCEL_SHUTDOWN);
    assert_int_equal(write_text(exchange, "last"), SV_CANCELLED);
    sv_exchange_respond(exchange);
    scene_assert_done(here, 503);
}

/* Threads. */

enum { N_PIECES = 300, PIECE_BYTES = 1500, HUGE_BYTES = 200 * 1000 };

typedef struct author {
    pthread_t thread;
    sv_exchange *exchange;
    sv_status started, written; /* the first that is not SV_OK */
    atomic_bool is_done;
} author;

static void *write_much(void *arg)
{
    static char bytes[HUGE_BYTES];
    author *self = arg;
    memset(bytes, 'w', sizeof bytes);
    self->started = sv_stream_start(self->exchange);
    for (int i = 0; i < N_PIECES && !self->written; i++)
        self->written = sv_stream_write(self->exchange, (sv_str){bytes, PIECE_BYTES});
    if (!self->written)
        self->written = sv_stream_write(self->exchange, (sv_str){bytes, sizeof bytes});
    sv_exchange_respond(self->exchange);
    self->is_done = true;
    return NULL;
}

static author *begin_writing(scene *here)
{
    author *made = test_calloc(1, sizeof *made);
    made->exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(pthread_create(&made->thread, NULL, write_much, made), 0);
    return made;
}

static void end_writing(scene *here, author *self, sv_status written)
{
    while (!self->is_done)
        sv_loop_step(here->fixture.loop, 10);
    http_settle(&here->fixture);
    pthread_join(self->thread, NULL);
    assert_int_equal(self->written, written);
    assert_int_equal(here->fixture.seen.n_done, 1);
    test_free(self);
}

static size_t count_char(sv_str text, char wanted)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == wanted;
    return n;
}

static void test_thread_writes_while_the_loop_takes(void **state)
{
    scene *here = *state;
    author *self = begin_writing(here);
    end_writing(here, self, SV_OK);
    sv_str received = sv_buf_str(sv_loopback_received(here->client));
    assert_true(sv_str_ends_with(received, SV_STR("\r\n0\r\n\r\n")));
    assert_int_equal(count_char(received, 'w'), N_PIECES * PIECE_BYTES + HUGE_BYTES);
}

static void test_thread_waits_for_a_slow_reader(void **state)
{
    scene *here = *state;
    author *self = begin_writing(here);
    sv_loopback_limit(here->client, 1000);
    while (!self->is_done) {
        sv_loop_step(here->fixture.loop, 1);
        sv_loopback_limit(here->client, 20000);
        sv_loopback_take_held(here->client);
    }
    sv_loopback_limit(here->client, SIZE_MAX);
    end_writing(here, self, SV_OK);
    sv_loopback_take_held(here->client);
    sv_str received = sv_buf_str(sv_loopback_received(here->client));
    assert_true(sv_str_ends_with(received, SV_STR("\r\n0\r\n\r\n")));
    assert_int_equal(count_char(received, 'w'), N_PIECES * PIECE_BYTES + HUGE_BYTES);
}

static void test_departure_frees_a_thread_that_waits(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    author *self = begin_writing(here);
    http_run_ms(&here->fixture, 20);
    assert_false(self->is_done);
    sv_loopback_reset(here->client);
    end_writing(here, self, SV_CANCELLED);
    assert_int_equal(here->fixture.seen.last_status, 499);
}

static void test_cut_frees_a_thread_that_waits(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    author *self = begin_writing(here);
    http_run_ms(&here->fixture, 20);
    sv_lane_cut(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    end_writing(here, self, SV_CANCELLED);
    assert_int_equal(here->fixture.seen.last_status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_pieces_are_chunks),
        scene_test(test_next_request_waits_for_the_end),
        scene_test(test_end_without_a_piece),
        scene_test(test_http_1_0_ends_with_the_connection),
        scene_test(test_a_length_that_is_known),
        scene_test(test_a_length_that_is_not_kept),
        scene_test(test_head),
        scene_test(test_no_content),
        scene_test(test_not_modified),
        scene_test(test_misuse),
        scene_test(test_abort_leaves_the_body_open),
        scene_test(test_slow_reader_fills_the_buffer),
        scene_test(test_writable_at_once),
        scene_test(test_end_behind_a_full_socket),
        scene_test(test_client_leaves_before_the_start),
        scene_test(test_client_leaves_a_stream),
        scene_test(test_client_leaves_an_owner_that_waits_for_room),
        scene_test(test_cancel_callback_gives_back),
        scene_test(test_half_close_is_a_departure),
        hasty_test(test_deadline_counts_up_to_the_start),
        hasty_test(test_start_after_the_deadline),
        hasty_test(test_reader_that_takes_nothing_is_cut),
        scene_test(test_beats_fill_the_silence),
        scene_test(test_drain_lets_a_stream_end),
        scene_test(test_cut_ends_a_stream),
        scene_test(test_thread_writes_while_the_loop_takes),
        scene_test(test_thread_waits_for_a_slow_reader),
        scene_test(test_departure_frees_a_thread_that_waits),
        scene_test(test_cut_frees_a_thread_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
