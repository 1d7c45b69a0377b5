/* test_connection.c: the life of connections over loopback: departure, back-pressure, time. How
 * requests come in and end: test_reception.c, test_conclusion.c. */
#include "http_scene.h"

#include <string.h>

#include "http/connection.h"
#include "http/server_lanes.h"

#define HOLD "POST /hold HTTP/1.1\r\n" SCENE_HOST "Content-Length: 0\r\n\r\n"

/* Every limit 40 ms. */
static int start_hasty(void **state)
{
    sv_http_limits limits = sv_http_limits_default;
    limits.header_timeout_ms = limits.body_timeout_ms = limits.write_timeout_ms = 40;
    limits.keep_alive_ms = limits.request_timeout_ms = 40;
    return scene_start_with(state, &limits);
}

/* Order. */

static void test_pipelined_bytes_are_bounded(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    static char many[200000];
    size_t len = 0;
    while (len + sizeof SCENE_HELLO - 1 <= sizeof many) {
        memcpy(many + len, SCENE_HELLO, sizeof SCENE_HELLO - 1);
        len += sizeof SCENE_HELLO - 1;
    }
    for (size_t at = 0; at < len; at += 16000)
        sv_loopback_send(here->client, sv_str_slice((sv_str){many, len}, at, 16000));
    /* The server has stopped reading, so it does not see this yet. */
    sv_loopback_send_eof(here->client);
    assert_false(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    http_settle(&here->fixture);
    sv_loopback_received(here->client);
    assert_int_equal(here->fixture.seen.n_done, 1 + len / (sizeof SCENE_HELLO - 1));
    assert_true(sv_loopback_is_closed(here->client));
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
    http_send(here->client, SCENE_HELLO HOLD);
    sv_loopback_send_eof(here->client);
    assert_int_equal(sv_cancel_get(here->fixture.held->cancel), SV_CANCEL_CLIENT);
    assert_true(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.last_status, 499);
    scene_assert_answers(here->client, 200);
}

static void test_half_close_leaves_answers_on_their_way(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" SCENE_HOST "\r\n" SCENE_HELLO);
    sv_loopback_send_eof(here->client);
    http_settle(&here->fixture);
    assert_false(sv_loopback_is_closed(here->client));
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    scene_assert_answers(here->client, 200, 200);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_reset_in_the_middle_of_a_body(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /items HTTP/1.1\r\n" SCENE_HOST "Content-Length: 10\r\n\r\nabc");
    sv_loopback_reset(here->client);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 499);
}

/* Back-pressure. */

static void test_nothing_is_parsed_while_the_client_does_not_read(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" SCENE_HOST "\r\n" SCENE_HELLO SCENE_HELLO);
    assert_int_equal(here->fixture.seen.n_before, 1);
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    assert_int_equal(here->fixture.seen.n_before, 3);
    scene_assert_answers(here->client, 200, 200, 200);
}

static void test_stalled_client_is_closed(void **state)
{
    scene *here = *state;
    sv_loopback_limit(here->client, 1000);
    http_send(here->client, "GET /big HTTP/1.1\r\n" SCENE_HOST "\r\n");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
}

/* Time. */

static void test_header_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "GET /hello HTT");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    scene_assert_answers(here->client, 408);
    scene_assert_received(here, "REQUEST_TIMEOUT");
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
    scene_assert_answers(here->client, 408);
}

static void test_dripping_body_gets_no_more_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /items HTTP/1.1\r\n" SCENE_HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 12 && !sv_loopback_is_closed(here->client); i++) {
        http_send(here->client, "x");
        http_run_ms(&here->fixture, 10);
    }
    scene_assert_answers(here->client, 408);
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_silent_connection_is_closed_without_a_word(void **state)
{
    scene *here = *state;
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
    assert_string_equal(http_text(here->client), "");
}

static void test_empty_lines_are_silence(void **state)
{
    scene *here = *state;
    http_send(here->client, "\r\n");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    assert_true(sv_loopback_is_closed(here->client));
    assert_string_equal(http_text(here->client), "");
}

static void test_idle_connection_is_closed_without_a_word(void **state)
{
    scene *here = *state;
    http_send(here->client, SCENE_HELLO);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    scene_assert_answers(here->client, 200);
    assert_true(sv_loopback_is_closed(here->client));
}

/* Ends. */

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

static void test_turned_away(void **state)
{
    scene *here = *state;
    sv_loopback *other = sv_loopback_new(here->fixture.server, here->fixture.loop);
    sv_lane *lane = sv_server_loopback_lane(here->fixture.server, here->fixture.loop);
    sv_connection_turn_away(sv_connection_from_node(lane->connections.prev));
    scene_assert_answers(other, 503);
    assert_non_null(strstr(http_text(other), "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(http_text(other), "SERVER_OVERLOADED"));
    assert_true(sv_loopback_is_closed(other));
    sv_loopback_free(other);
}

#define all_hasty_test(name) cmocka_unit_test_setup_teardown(name, start_hasty, scene_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_pipelined_bytes_are_bounded),
        scene_test(test_reset_cancels_at_once),
        scene_test(test_half_close_cancels_work),
        scene_test(test_half_close_leaves_answers_on_their_way),
        scene_test(test_reset_in_the_middle_of_a_body),
        scene_test(test_nothing_is_parsed_while_the_client_does_not_read),
        all_hasty_test(test_stalled_client_is_closed),
        all_hasty_test(test_header_time),
        all_hasty_test(test_dripping_header_gets_no_more_time),
        all_hasty_test(test_dripping_body_gets_no_more_time),
        all_hasty_test(test_silent_connection_is_closed_without_a_word),
        all_hasty_test(test_empty_lines_are_silence),
        all_hasty_test(test_idle_connection_is_closed_without_a_word),
        scene_test(test_cut_cancels),
        scene_test(test_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
