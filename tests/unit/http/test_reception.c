/* test_reception.c: how requests come in: one after the other, their bodies within limits, invited
 * or not. */
#include "http_scene.h"

#include <string.h>

#define HOLD "POST /hold HTTP/1.1\r\n" SCENE_HOST "Content-Length: 0\r\n\r\n"

static void test_pipelined_requests_wait_for_a_handler(void **state)
{
    scene *here = *state;
    http_send(here->client, HOLD SCENE_HELLO SCENE_HELLO);
    assert_int_equal(http_statuses(here->client, NULL, 0), 0);
    assert_int_equal(scene_count_active(here), 1);
    http_release(&here->fixture);
    scene_assert_answers(here->client, 200, 200, 200);
    assert_non_null(strstr(strstr(http_text(here->client), "\r\n\r\nheld"), "\r\n\r\nhello"));
    assert_int_equal(scene_count_active(here), 0);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_idle, 1);
}

static void test_answer_from_another_round(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /hold HTTP/1.1\r\n" SCENE_HOST "Content-Length: 3\r\n\r\nabc");
    assert_true(sv_str_eq(here->fixture.held->body, SV_STR("abc")));
    http_settle(&here->fixture);
    http_release(&here->fixture);
    scene_assert_answers(here->client, 200);
    http_send(here->client, SCENE_HELLO);
    scene_assert_answers(here->client, 200, 200);
}

static void test_body_limit_of_a_route(void **state)
{
    scene *here = *state;
    http_send(here->client,
              "POST /small HTTP/1.1\r\n" SCENE_HOST "Content-Length: 10\r\n\r\n0123456789");
    scene_assert_answers(here->client, 200);
    http_send(here->client, "POST /small HTTP/1.1\r\n" SCENE_HOST "Content-Length: 11\r\n\r\n");
    scene_assert_answers(here->client, 200, 413);
    scene_assert_received(here, "The body is larger than 10 bytes");
    assert_true(sv_loopback_is_closed(here->client));
}

static void test_running_count_of_a_body(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /small HTTP/1.1\r\n" SCENE_HOST
                            "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
    assert_int_equal(http_statuses(here->client, NULL, 0), 0);
    http_send(here->client, "5\r\nghijk\r\n");
    scene_assert_answers(here->client, 413);
    assert_true(sv_loopback_is_closed(here->client));
    assert_int_equal(here->fixture.seen.n_done, 1);
}

static void test_continue_comes_before_the_body(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /items HTTP/1.1\r\n" SCENE_HOST
                            "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_string_equal(http_text(here->client), "HTTP/1.1 100 Continue\r\n\r\n");
    http_send(here->client, "hello");
    scene_assert_answers(here->client, 200);
}

static void test_refused_expectation_has_no_continue(void **state)
{
    scene *here = *state;
    http_send(here->client, "POST /nowhere HTTP/1.1\r\n" SCENE_HOST
                            "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n" SCENE_HELLO);
    scene_assert_answers(here->client, 404);
    assert_null(strstr(http_text(here->client), "HTTP/1.1 100"));
    assert_true(sv_loopback_is_closed(here->client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_pipelined_requests_wait_for_a_handler),
        scene_test(test_answer_from_another_round),
        scene_test(test_body_limit_of_a_route),
        scene_test(test_running_count_of_a_body),
        scene_test(test_continue_comes_before_the_body),
        scene_test(test_refused_expectation_has_no_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
