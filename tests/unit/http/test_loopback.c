/* test_loopback.c: the connection in memory itself: what it holds back, when it tells, how it ends.
 */
#include "http_fixture.h"

#include <string.h>

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

static int start(void **state)
{
    http_fixture *fixture = test_calloc(1, sizeof *fixture);
    http_init(fixture);
    http_start(fixture, false);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    http_stop(*state);
    test_free(*state);
    return 0;
}

static void test_received_can_be_consumed(void **state)
{
    http_fixture *fixture = *state;
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    http_send(client, HELLO);
    sv_buf *received = sv_loopback_received(client);
    assert_true(received->len > 0);
    sv_buf_consume(received, received->len);
    http_send(client, HELLO);
    assert_int_equal(strncmp(http_text(client), "HTTP/1.1 200 OK\r\n", 17), 0);
    sv_loopback_free(client);
}

static void test_limit_holds_back(void **state)
{
    http_fixture *fixture = *state;
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    sv_loopback_limit(client, 7);
    http_send(client, HELLO);
    assert_string_equal(http_text(client), "HTTP/1.");
    sv_loopback_take_held(client);
    assert_non_null(strstr(http_text(client), "\r\n\r\nhello"));
    sv_loopback_free(client);
}

static void test_free_in_the_middle(void **state)
{
    http_fixture *fixture = *state;
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    http_send(client, "POST /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    sv_loopback_free(client);
    assert_int_equal(sv_cancel_get(fixture->held->cancel), SV_CANCEL_CLIENT);
    sv_loopback_free(NULL);
}

static void test_sending_to_a_closed_one(void **state)
{
    http_fixture *fixture = *state;
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    sv_loopback_send_eof(client);
    assert_true(sv_loopback_is_closed(client));
    http_settle(fixture);
    http_send(client, HELLO);
    sv_loopback_reset(client);
    assert_string_equal(http_text(client), "");
    sv_loopback_free(client);
}

#define loopback_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        loopback_test(test_received_can_be_consumed),
        loopback_test(test_limit_holds_back),
        loopback_test(test_free_in_the_middle),
        loopback_test(test_sending_to_a_closed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
