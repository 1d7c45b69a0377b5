/* test_exchange.c: what the owner of an exchange can ask and say; giving it back from another
 * thread. */
#include "http_fixture.h"

#include <pthread.h>
#include <string.h>

static void test_header(void **state)
{
    (void)state;
    sv_http_header headers[] = {{SV_STR("Accept"), SV_STR("a")}, {SV_STR("accept"), SV_STR("b")}};
    sv_exchange exchange = {.headers = headers, .n_headers = 2};
    assert_true(sv_str_eq(sv_exchange_header(&exchange, SV_STR("ACCEPT")), SV_STR("a")));
    assert_null(sv_exchange_header(&exchange, SV_STR("other")).ptr);
}

static void test_add_header(void **state)
{
    (void)state;
    sv_exchange exchange = {.arena = sv_arena_new(0)};
    char value[] = "value";
    assert_int_equal(sv_exchange_add_header(&exchange, SV_STR("X"), (sv_str){value, 5}), SV_OK);
    value[0] = '-';
    assert_true(sv_str_eq(exchange.answer.headers[0].value, SV_STR("value")));
    assert_int_equal(sv_exchange_add_header(&exchange, SV_STR("X"), SV_STR("a\r\nB: c")),
                     SV_INVALID);
    assert_int_equal(sv_exchange_add_header(&exchange, SV_STR("X:"), SV_STR("a")), SV_INVALID);
    for (int i = 1; i < 16; i++)
        assert_int_equal(sv_exchange_add_header(&exchange, SV_STR("X"), SV_STR("a")), SV_OK);
    assert_int_equal(sv_exchange_add_header(&exchange, SV_STR("X"), SV_STR("a")), SV_TOO_LARGE);
    sv_arena_free(exchange.arena);
}

static void *respond(void *arg)
{
    sv_exchange *exchange = arg;
    exchange->answer.status = 200;
    exchange->answer.body = SV_STR("from afar");
    sv_exchange_respond(exchange);
    return NULL;
}

static void test_respond_from_another_thread(void **state)
{
    (void)state;
    http_fixture fixture;
    http_init(&fixture);
    http_start(&fixture, false);
    sv_loopback *client = sv_loopback_new(fixture.server, fixture.loop);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        http_send(client, "POST /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(pthread_create(&thread, NULL, respond, fixture.held), 0);
        fixture.held = NULL;
        while (fixture.seen.n_done == i)
            sv_loop_step(fixture.loop, 10);
        pthread_join(thread, NULL);
    }
    int statuses[4];
    assert_int_equal(http_statuses(client, statuses, 4), 3);
    assert_non_null(strstr(http_text(client), "from afar"));
    sv_loopback_free(client);
    http_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_add_header),
        cmocka_unit_test(test_respond_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
