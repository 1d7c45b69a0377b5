/* test_conclusion.c: how requests end: answered from their head, late, while the server stops. */
#include "http_scene.h"

#include <string.h>

#include "http/connection.h"
#include "http/server_lanes.h"

#define HOLD "POST /hold HTTP/1.1\r\n" SCENE_HOST "Content-Length: 0\r\n\r\n"

static void test_refused_body_keeps_the_connection_when_short(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /nowhere HTTP/1.1\r\n" SCENE_HOST "Content-Length: 5\r\n\r\n");
    scene_assert_answers(here->client, 404);
    http_send(here->client, "GET /" SCENE_HELLO);
    scene_assert_answers(here->client, 404, 200);
    assert_false(sv_loopback_is_closed(here->client));
}

static void test_refused_body_closes_when_long(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /nowhere HTTP/1.1\r\n" SCENE_HOST "Content-Length: 100000\r\n\r\n" SCENE_HELLO);
    scene_assert_answers(here->client, 404);
    scene_assert_received(here, "\r\nConnection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_refused_chunks_end_the_connection(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /nowhere HTTP/1.1\r\n" SCENE_HOST "Transfer-Encoding: chunked\r\n\r\n");
    scene_assert_answers(here->client, 404);
    http_send(here->client, "xx\r\n" SCENE_HELLO);
    scene_assert_answers(here->client, 404);
    assert_true(sv_loopback_is_closed(here->client));
    assert_int_equal(here->fixture.seen.n_done, 1);
}

static void test_refusal_can_be_read_in_the_middle_of_an_upload(void **state)
{
    scene *here = *state;
    static char upload[100 * 1024];
    http_send(here->client, "POST /items HTTP/1.1\r\n" SCENE_HOST
                            "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        sv_loopback_send(here->client, (sv_str){upload, sizeof upload});
        http_settle(&here->fixture);
    }
    scene_assert_answers(here->client, 400);
    assert_true(sv_loopback_is_closed(here->client));
    sv_loopback_send_eof(here->client);
    http_settle(&here->fixture);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_idle, 0);
}

static void test_late_answer(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD SCENE_HELLO);
    sv_cancel *cancel = sv_cancel_ref(here->fixture.held->cancel);
    for (int i = 0; i < 20 && !sv_cancel_is_set(cancel); i++)
        http_run_ms(&here->fixture, 10);
    assert_int_equal(sv_cancel_get(cancel), SV_CANCEL_DEADLINE);
    scene_assert_answers(here->client, 504, 200);
    scene_assert_received(here, "DEADLINE_EXCEEDED");
    scene_assert_received(here, "\"path\":\"/hold\"");
    assert_int_equal(here->fixture.seen.n_done, 1);
    http_release(&here->fixture);
    assert_int_equal(here->fixture.seen.n_done, 2);
    assert_int_equal(here->fixture.seen.last_status, 504);
    scene_assert_answers(here->client, 504, 200);
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
    scene_assert_answers(here->client, 504);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, 504);
}

static void test_client_shortens_its_time(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /hold HTTP/1.1\r\n" SCENE_HOST "X-Request-Timeout: 0.03\r\n\r\n");
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    scene_assert_answers(here->client, 504);
}

static void test_draining_closes_after_the_answer(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD);
    sv_loopback *idle = sv_loopback_new(here->fixture.server, here->fixture.loop);
    http_send(idle, SCENE_HELLO);
    sv_server_drain(here->fixture.server, 0);
    sv_lane_drain(sv_server_loopback_lane(here->fixture.server, here->fixture.loop));
    assert_true(sv_loopback_is_closed(idle));
    assert_false(sv_loopback_is_closed(here->client));
    http_release(&here->fixture);
    scene_assert_answers(here->client, 200);
    scene_assert_received(here, "\r\nConnection: close\r\n");
    assert_true(sv_loopback_is_closed(here->client));
    sv_loopback_free(idle);
}

static void test_every_exchange_is_reported_once(void **state)
{
    scene *here = *state;
    http_send(here->client, SCENE_HELLO "GET /nowhere HTTP/1.1\r\n" SCENE_HOST "\r\n"
                                        "OPTIONS /items HTTP/1.1\r\n" SCENE_HOST "\r\n"
                                        "GET /silent HTTP/1.1\r\n" SCENE_HOST "\r\n"
                                        "GET /% HTTP/1.1\r\n" SCENE_HOST "\r\n");
    scene_assert_answers(here->client, 200, 404, 204, 500, 400);
    assert_int_equal(here->fixture.seen.n_done, 5);
    assert_int_equal(here->fixture.seen.n_after, 5);
    assert_int_equal(here->fixture.seen.n_before, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_refused_body_keeps_the_connection_when_short),
        scene_test(test_refused_body_closes_when_long),
        scene_test(test_refused_chunks_end_the_connection),
        scene_test(test_refusal_can_be_read_in_the_middle_of_an_upload),
        hasty_test(test_late_answer),
        hasty_test(test_late_answer_given_back_by_its_cancel_callback),
        scene_test(test_client_shortens_its_time),
        scene_test(test_draining_closes_after_the_answer),
        scene_test(test_every_exchange_is_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
