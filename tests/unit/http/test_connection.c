/* test_connection.c: the life of connections over loopback: order, departure, back-pressure, early
 * answers, time. */
#include "http_fixture.h"

#include <string.h>

#include "http/connection.h"
#include "http/server_lanes.h"

#define HOST "Host: a\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" HOST "\r\n"
#define HOLD "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"

typedef struct scene {
    http_fixture fixture;
    sv_loopback *client;
} scene;

static int start(void **state)
{
    scene *made = test_calloc(1, sizeof *made);
    http_init(&made->fixture);
    http_start(&made->fixture, false);
    made->client = sv_loopback_new(made->fixture.server, made->fixture.loop);
    assert_non_null(made->client);
    *state = made;
    return 0;
}

/* Every limit 40 ms; the test runs for long enough to be past it, not for an exact time. */
static int start_hasty(void **state)
{
    scene *made = test_calloc(1, sizeof *made);
    http_init(&made->fixture);
    sv_http_limits *limits = &made->fixture.limits;
    limits->header_timeout_ms = limits->body_timeout_ms = limits->write_timeout_ms = 40;
    limits->keep_alive_ms = limits->request_timeout_ms = 40;
    http_start(&made->fixture, false);
    made->client = sv_loopback_new(made->fixture.server, made->fixture.loop);
    *state = made;
    return 0;
}

static int stop(void **state)
{
    scene *made = *state;
    sv_loopback_free(made->client);
    http_stop(&made->fixture);
    test_free(made);
    return 0;
}

#define LATER_MS 120

static void assert_statuses(sv_loopback *client, size_t n, const int *expected)
{
    int statuses[8];
    assert_int_equal(http_statuses(client, statuses, 8), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(statuses[i], expected[i]);
}

#define assert_answers(client, ...)                                                                \
    assert_statuses((client), sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

static void assert_received(sv_loopback *client, const char *text)
{
    if (!strstr(http_text(client), text))
        fail_msg("not received: %s\n%s", text, http_text(client));
}

static size_t count_active(scene *here)
{
    return sv_server_get_stats(here->fixture.server).n_active;
}

/* Order. */

static void test_pipelined_requests_wait_for_a_handler(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD HELLO HELLO);
    assert_int_equal(http_statuses(here->client, NULL, 0), 0);
    assert_int_equal(count_active(here), 1);
    http_release(&here->fixture);
    assert_answers(here->client, 200, 200, 200);
    assert_non_null(strstr(strstr(http_text(here->client), "\r\n\r\nheld"), "\r\n\r\nhello"));
    assert_int_equal(count_active(here), 0);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_idle, 1);
}

static void test_pipelined_bytes_are_bounded(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    static char many[200000];
    size_t len = 0;
    while (len + sizeof HELLO - 1 <= sizeof many) {
        memcpy(many + len, HELLO, sizeof HELLO - 1);
        len += sizeof HELLO - 1;
    }
    for (size_t at = 0; at < len; at += 16000)
        sv_loopback_send(here->client, sv_str_slice((sv_str){many, len}, at, 16000));
    /* The server has stopped reading, so it does not see this yet. */
    sv_loopback_send_eof(here->client);
    assert_false(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    http_settle(&here->fixture);
    sv_loopback_received(here->client);
    assert_int_equal(here->fixture.seen.n_done, 1 + len / (sizeof HELLO - 1));
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_answer_from_another_round(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    assert_true(sv_str_eq(here->fixture.held->body, SV_STR("abc")));
    http_settle(&here->fixture);
    http_release(&here->fixture);
    assert_answers(here->client, 200);
    http_send(here->client, HELLO);
    assert_answers(here->client, 200, 200);
}

/* Departure. */

static void test_reset_cancels_at_once(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    sv_cancel *cancel = sv_cancel_ref(here->fixture.held->cancel);
    assert_false(sv_cancel_is_set(cancel));
    sv_loopback_reset(here->client);
    assert_int_equal(sv_cancel_get(cancel), SV_CANCEL_CLIENT);
    assert_int_equal(here->fixture.seen.n_done, 0);
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 499);
    assert_int_equal(http_statuses(here->client, NULL, 0), 0);
    sv_cancel_unref(cancel);
}

static void test_half_close_cancels_work(void **state)
{
    scene *here = *state;
    http_send(here->client, HELLO HOLD);
    sv_loopback_send_eof(here->client);
    assert_int_equal(sv_cancel_get(here->fixture.held->cancel), SV_CANCEL_CLIENT);
    assert_true(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.last_status, 499);
    assert_answers(here->client, 200);
}

static void test_half_close_leaves_answers_on_their_way(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" HOST "\r\n" HELLO);
    sv_loopback_send_eof(here->client);
    http_settle(&here->fixture);
    assert_false(sv_loopback_is_closed(here->client));
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    assert_answers(here->client, 200, 200);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_reset_in_the_middle_of_a_body(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /items HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    sv_loopback_reset(here->client);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 499);
}

/* Back-pressure. */

static void test_nothing_is_parsed_while_the_client_does_not_read(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" HOST "\r\n" HELLO HELLO);
    assert_int_equal(here->fixture.seen.n_before, 1);
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    assert_int_equal(here->fixture.seen.n_before, 3);
    assert_answers(here->client, 200, 200, 200);
}

static void test_stalled_client_is_closed(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    http_run_ms(&here->fixture, LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
}

/* Early answers. */

static void test_refused_body_keeps_the_connection_when_short(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n");
    assert_answers(here->client, 404);
    http_send(here->client, "GET /" HELLO);
    assert_answers(here->client, 404, 200);
    assert_false(sv_loopback_is_closed(here->client));
}

static void test_refused_body_closes_when_long(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n" HELLO);
    assert_answers(here->client, 404);
    assert_received(here->client, "\r\nConnection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_refused_chunks_end_the_connection(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /nowhere HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    assert_answers(here->client, 404);
    http_send(here->client, "xx\r\n" HELLO);
    assert_answers(here->client, 404);
    assert_true(sv_loopback_is_closed(here->client));
    assert_int_equal(here->fixture.seen.n_done, 1);
}

static void test_refusal_can_be_read_in_the_middle_of_an_upload(void **state)
{
    scene *here = *state;
    static char upload[100 * 1024];
    http_send(here->client,
              "POST /items HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        sv_loopback_send(here->client, (sv_str){upload, sizeof upload});
        http_settle(&here->fixture);
    }
    assert_answers(here->client, 400);
    assert_true(sv_loopback_is_closed(here->client));
    sv_loopback_send_eof(here->client);
    http_settle(&here->fixture);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_idle, 0);
}

static void test_body_limit_of_a_route(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789");
    assert_answers(here->client, 200);
    http_send(here->client, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n");
    assert_answers(here->client, 200, 413);
    assert_received(here->client, "The body is larger than 10 bytes");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_running_count_of_a_body(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
    assert_int_equal(http_statuses(here->client, NULL, 0), 0);
    http_send(here->client, "5\r\nghijk\r\n");
    assert_answers(here->client, 413);
    assert_true(sv_loopback_is_closed(here->client));
    assert_int_equal(here->fixture.seen.n_done, 1);
}

static void test_continue_comes_before_the_body(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /items HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_string_equal(http_text(here->client), "HTTP/1.1 100 Continue\r\n\r\n");
    http_send(here->client, "hello");
    assert_answers(here->client, 200);
}

static void test_refused_expectation_has_no_continue(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /nowhere HTTP/1.1\r\n" HOST
                            "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n" HELLO);
    assert_answers(here->client, 404);
    assert_null(strstr(http_text(here->client), "HTTP/1.1 100"));
    assert_true(sv_loopback_is_closed(here->client));
}

/* Time. */

static void test_header_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "GET /hello HTT");
    http_run_ms(&here->fixture, LATER_MS);
    assert_answers(here->client, 408);
    assert_received(here->client, "REQUEST_TIMEOUT");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_dripping_header_gets_no_more_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "GET /hello HTTP/1.1\r\n");
    for (int i = 0; i < 12 && !sv_loopback_is_closed(here->client); i++) {
        http_send(here->client, "X: y\r\n");
        http_run_ms(&here->fixture, 10);
    }
    assert_answers(here->client, 408);
}

static void test_dripping_body_gets_no_more_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /items HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 12 && !sv_loopback_is_closed(here->client); i++) {
        http_send(here->client, "x");
        http_run_ms(&here->fixture, 10);
    }
    assert_answers(here->client, 408);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_silent_connection_is_closed_without_a_word(void **state)
{
    scene *here = *state;
    http_run_ms(&here->fixture, LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
    assert_string_equal(http_text(here->client), "");
}

static void test_empty_lines_are_silence(void **state)
{
    scene *here = *state;
    http_send(here->client, "\r\n");
    http_run_ms(&here->fixture, LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
    assert_string_equal(http_text(here->client), "");
}

static void test_idle_connection_is_closed_without_a_word(void **state)
{
    scene *here = *state;
    http_send(here->client, HELLO);
    http_run_ms(&here->fixture, LATER_MS);
    assert_answers(here->client, 200);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_late_answer(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD HELLO);
    sv_cancel *cancel = sv_cancel_ref(here->fixture.held->cancel);
    for (int i = 0; i < 20 && !sv_cancel_is_set(cancel); i++)
        http_run_ms(&here->fixture, 10);
    assert_int_equal(sv_cancel_get(cancel), SV_CANCEL_DEADLINE);
    assert_answers(here->client, 504, 200);
    assert_received(here->client, "DEADLINE_EXCEEDED");
    assert_received(here->client, "\"path\":\"/hold\"");
    assert_int_equal(here->fixture.seen.n_done, 1);
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.n_done, 2);
    assert_int_equal(here->fixture.seen.last_status, 504);
    assert_answers(here->client, 504, 200);
    sv_cancel_unref(cancel);
}

static void give_back(void *arg)
{
    http_release(arg);
}

static void test_late_answer_given_back_by_its_cancel_callback(void **state)
{
    scene *here = *state;
    sv_cancel_callback callback = {.run = give_back, .arg = &here->fixture};
    http_send(here->client, HOLD);
    sv_cancel_add(here->fixture.held->cancel, &callback);
    http_run_ms(&here->fixture, 60);
    assert_answers(here->client, 504);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 504);
}

static void test_client_shortens_its_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /hold HTTP/1.1\r\n" HOST "X-Request-Timeout: 0.03\r\n\r\n");
    http_run_ms(&here->fixture, LATER_MS);
    assert_answers(here->client, 504);
}

/* Ends. */

static void test_draining_closes_after_the_answer(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    sv_loopback *idle = sv_loopback_new(here->fixture.server, here->fixture.loop);
    http_send(idle, HELLO);
    sv_server_drain(here->fixture.server, 0);
    sv_lane_drain(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_true(sv_loopback_is_closed(idle));
    assert_false(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    assert_answers(here->client, 200);
    assert_received(here->client, "\r\nConnection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
    sv_loopback_free(idle);
}

static void test_cut_cancels(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    sv_lane_cut(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_int_equal(sv_cancel_get(here->fixture.held->cancel), SV_CANCEL_SHUTDOWN);
    assert_true(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.last_status, 503);
}

static void test_every_exchange_is_reported_once(void **state)
{
    scene *here = *state;
    http_send(here->client, HELLO "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"
                                  "OPTIONS /items HTTP/1.1\r\n" HOST "\r\n"
                                  "GET /silent HTTP/1.1\r\n" HOST "\r\n"
                                  "GET /% HTTP/1.1\r\n" HOST "\r\n");
    assert_answers(here->client, 200, 404, 204, 500, 400);
    assert_int_equal(here->fixture.seen.n_done, 5);
    assert_int_equal(here->fixture.seen.n_after, 5);
    assert_int_equal(here->fixture.seen.n_before, 4);
}

static void test_turned_away(void **state)
{
    scene *here = *state;
    sv_loopback *other = sv_loopback_new(here->fixture.server, here->fixture.loop);
    sv_lane *lane = sv_server_loopback_lane(here->fixture.server, here->fixture.loop);
    sv_connection_turn_away(sv_connection_from_node(lane->connections.prev));
    assert_answers(other, 503);
    assert_received(other, "\r\nRetry-After: 1\r\n");
    assert_received(other, "SERVER_OVERLOADED");
    assert_true(sv_loopback_is_closed(other));
    sv_loopback_free(other);
}

#define scene_test(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define hasty_test(name) cmocka_unit_test_setup_teardown(name, start_hasty, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_pipelined_requests_wait_for_a_handler),
        scene_test(test_pipelined_bytes_are_bounded),
        scene_test(test_answer_from_another_round),
        scene_test(test_reset_cancels_at_once),
        scene_test(test_half_close_cancels_work),
        scene_test(test_half_close_leaves_answers_on_their_way),
        scene_test(test_reset_in_the_middle_of_a_body),
        scene_test(test_nothing_is_parsed_while_the_client_does_not_read),
        hasty_test(test_stalled_client_is_closed),
        scene_test(test_refused_body_keeps_the_connection_when_short),
        scene_test(test_refused_body_closes_when_long),
        scene_test(test_refused_chunks_end_the_connection),
        scene_test(test_refusal_can_be_read_in_the_middle_of_an_upload),
        scene_test(test_body_limit_of_a_route),
        scene_test(test_running_count_of_a_body),
        scene_test(test_continue_comes_before_the_body),
        scene_test(test_refused_expectation_has_no_continue),
        hasty_test(test_header_time),
        hasty_test(test_dripping_header_gets_no_more_time),
        hasty_test(test_dripping_body_gets_no_more_time),
        hasty_test(test_silent_connection_is_closed_without_a_word),
        hasty_test(test_empty_lines_are_silence),
        hasty_test(test_idle_connection_is_closed_without_a_word),
        hasty_test(test_late_answer),
        hasty_test(test_late_answer_given_back_by_its_cancel_callback),
        scene_test(test_client_shortens_its_time),
        scene_test(test_draining_closes_after_the_answer),
        scene_test(test_cut_cancels),
        scene_test(test_every_exchange_is_reported_once),
        scene_test(test_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
