/* test_request.c: exchanges that are made once and used again, and bodies that grow as they come.
 */
#include "http_fixture.h"

#include <string.h>

#include "http/request.h"
#include "http/server_lanes.h"

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

static sv_request *take(http_fixture *fixture)
{
    sv_request *request =
        sv_lane_take_request(sv_server_loopback_lane(fixture->server, fixture->loop));
    assert_non_null(request);
    return request;
}

static void read_head(sv_request *request, const char *head)
{
    sv_str input = sv_str_from(head), piece;
    assert_int_equal(sv_parser_next(request->parser, &input, &piece), SV_PARSER_HEAD);
    assert_null(sv_request_read_head(request).kind);
}

static void test_head(void **state)
{
    sv_request *request = take(*state);
    read_head(
        request,
        "GET http://h:8/a%2Fb/../c%20d?e=f HTTP/1.1\r\nHost: other\r\nX-Request-ID: me\r\n\r\n");
    const sv_exchange *exchange = &request->exchange;
    assert_true(sv_str_eq(exchange->method, SV_STR("GET")));
    assert_true(sv_str_eq(exchange->target, SV_STR("http://h:8/a%2Fb/../c%20d?e=f")));
    assert_true(sv_str_eq(exchange->raw_path, SV_STR("/a%2Fb/../c%20d")));
    assert_true(sv_str_eq(exchange->path, SV_STR("/c d")));
    assert_true(sv_str_eq(exchange->query, SV_STR("e=f")));
    assert_true(sv_str_eq(exchange->request_id, SV_STR("me")));
    assert_true(sv_str_eq(sv_exchange_header(exchange, SV_STR("host")), SV_STR("h:8")));
    assert_true(request->keep_alive);
    assert_false(sv_request_has_body(request));
    sv_lane_put_request(request->lane, request);
}

/* The exchange may outlive the connection, and with it the text that the address came from. */
static void test_client_is_copied(void **state)
{
    sv_request *request = take(*state);
    char address[] = "::1 and much more than an address can be, up to here";
    sv_request_set_peer(request, (sv_str){address, 3}, 4711);
    memset(address, 'x', 3);
    assert_true(sv_str_eq(request->exchange.client, SV_STR("::1")));
    assert_int_equal(request->exchange.client_port, 4711);
    sv_request_set_peer(request, sv_str_from(address), 1);
    assert_int_equal(request->exchange.client.len, SV_NETWORK_MAX_TEXT);
    sv_request_set_peer(request, SV_STR(""), 0);
    assert_int_equal(request->exchange.client.len, 0);
    sv_lane_put_request(request->lane, request);
}

/* What trusted proxies say counts for one request; who is connected is known all the same. */
static void test_proxies(void **state)
{
    (void)state;
    http_fixture fixture;
    sv_forwarded_trust *trust = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1000);
    http_init(&fixture);
    assert_int_equal(sv_forwarded_trust_new(SV_STR("10.0.0.1"), &problems, &trust), SV_OK);
    fixture.trusted_proxies = trust;
    http_start(&fixture, false);
    static const char *const peers[] = {"10.0.0.1", "10.0.0.2", "10.0.0.1"};
    for (size_t i = 0; i < 3; i++) {
        sv_request *request = take(&fixture);
        const sv_exchange *exchange = &request->exchange;
        sv_request_set_peer(request, sv_str_from(peers[i]), 4711);
        read_head(request, i == 2 ? "GET / HTTP/1.0\r\n\r\n"
                                  : "GET / HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1\r\n"
                                    "X-Forwarded-Proto: https\r\n\r\n");
        bool is_believed = i == 0;
        assert_true(sv_str_eq(exchange->peer, sv_str_from(peers[i])));
        assert_true(
            sv_str_eq(exchange->client, is_believed ? SV_STR("192.0.2.1") : exchange->peer));
        assert_int_equal(exchange->client_port, is_believed ? 0 : 4711);
        assert_true(sv_str_eq(exchange->scheme, is_believed ? SV_STR("https") : SV_STR("http")));
        sv_lane_put_request(request->lane, request);
    }
    http_stop(&fixture);
    sv_forwarded_trust_free(trust);
}

static void test_used_again(void **state)
{
    sv_request *first = take(*state);
    sv_lane *lane = first->lane;
    sv_cancel *cancel = first->exchange.cancel;
    read_head(first, "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(sv_request_append_body(first, SV_STR("abc")), SV_OK);
    sv_lane_put_request(lane, first);
    sv_request *second = take(*state);
    assert_ptr_equal(second, first);
    assert_ptr_equal(second->exchange.cancel, cancel);
    assert_int_equal(second->body.len, 0);
    assert_null(second->exchange.method.ptr);
    assert_false(sv_parser_has_begun(second->parser));
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_lane_put_request(lane, second);
    sv_request *third = take(*state);
    assert_false(sv_cancel_is_set(third->exchange.cancel));
    sv_lane_put_request(lane, third);
}

/* What somebody still refers to is not used again. */
static void test_referred_cancel_is_left_alone(void **state)
{
    sv_request *request = take(*state);
    sv_lane *lane = request->lane;
    sv_cancel *kept = sv_cancel_ref(request->exchange.cancel);
    sv_lane_put_request(lane, request);
    request = take(*state);
    assert_ptr_not_equal(request->exchange.cancel, kept);
    sv_lane_put_request(lane, request);
    sv_cancel_unref(kept);
}

static void test_announcements_cost_nothing(void **state)
{
    sv_request *request = take(*state);
    static char piece[50000];
    read_head(request, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
    assert_int_equal(sv_request_append_body(request, SV_STR("a")), SV_OK);
    assert_true(request->body.capacity <= 64 * 1024);
    size_t total = 1;
    while (total < 10000000) {
        size_t len = 10000000 - total < sizeof piece ? 10000000 - total : sizeof piece;
        assert_int_equal(sv_request_append_body(request, (sv_str){piece, len}), SV_OK);
        total += len;
        assert_true(request->body.capacity <= 64 * 1024 || request->body.capacity <= total * 8);
    }
    assert_int_equal(request->body.len, 10000000);
    sv_lane_put_request(request->lane, request);
    assert_int_equal(request->body.capacity, 0);
}

static void test_body_limit(void **state)
{
    sv_request *request = take(*state);
    request->max_body_bytes = 4;
    read_head(request, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(sv_request_has_body(request));
    assert_int_equal(sv_request_append_body(request, SV_STR("abcd")), SV_OK);
    assert_int_equal(sv_request_append_body(request, SV_STR("e")), SV_TOO_LARGE);
    sv_lane_put_request(request->lane, request);
}

#define request_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        request_test(test_head),
        request_test(test_client_is_copied),
        cmocka_unit_test(test_proxies),
        request_test(test_used_again),
        request_test(test_referred_cancel_is_left_alone),
        request_test(test_announcements_cost_nothing),
        request_test(test_body_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
