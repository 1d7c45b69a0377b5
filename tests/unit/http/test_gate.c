/* test_gate.c: what is decided from a request's head and its route's policy, over loopback. */
#include "http_fixture.h"

#include <stdio.h>
#include <string.h>

#define HOST "Host: a\r\n"

static int start(void **state)
{
    http_fixture *fixture = test_calloc(1, sizeof *fixture);
    http_init(fixture);
    http_start(fixture, false);
    *state = fixture;
    return 0;
}

static int start_behind_prefix(void **state)
{
    http_fixture *fixture = test_calloc(1, sizeof *fixture);
    http_init(fixture);
    fixture->root_path = "/pre";
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

/* Sends one request without body; the answer must have the status and all texts. */
static void expect(http_fixture *fixture, const char *request, int status, const char *text)
{
    int got = 0;
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    sv_loopback_send(client, sv_str_from(request));
    http_statuses(client, &got, 1);
    if (got != status || !strstr(http_text(client), text))
        fail_msg("%s: %d, expected %d and %s\n%s", request, got, status, text, http_text(client));
    sv_loopback_free(client);
    http_settle(fixture);
}

static void test_methods(void **state)
{
    static const struct {
        const char *line;
        int status;
        const char *text;
    } rows[] = {
        {"GET /items", 200, "hello"},
        {"HEAD /items", 200, "Content-Length: 5\r\n"},
        {"POST /items", 200, ""},
        {"PUT /items", 405, "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"},
        {"PUT /items", 405, "\"error\":\"METHOD_NOT_ALLOWED\""},
        {"PUT /items", 405, "\"detail\":\"Method Not Allowed\""},
        {"TRACE /items", 405, "\r\nAllow: "},
        {"HEAD /small", 405, "\r\nAllow: POST, OPTIONS\r\n"},
        {"OPTIONS /items", 204, "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"},
        {"OPTIONS /items/7", 204, "\r\nAllow: GET, HEAD, OPTIONS\r\n"},
        {"OPTIONS /nowhere", 404, ""},
        {"OPTIONS *", 204, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"},
        {"GET /nowhere", 404, "\"detail\":\"Not Found\""},
        {"GET /nowhere?secret", 404, "\"path\":\"/nowhere\""},
        {"GET /v1/nowhere", 404, ""},
        {"GET /none", 204, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char request[200];
        snprintf(request, sizeof request, "%s HTTP/1.1\r\n" HOST "\r\n", rows[i].line);
        expect(*state, request, rows[i].status, rows[i].text);
    }
}

static void test_slashes(void **state)
{
    expect(*state, "GET /items/ HTTP/1.1\r\n" HOST "\r\n", 307, "\r\nLocation: /items\r\n");
    expect(*state, "POST /items/?a=b%20c HTTP/1.1\r\n" HOST "\r\n", 307,
           "\r\nLocation: /items?a=b%20c\r\n");
    expect(*state, "GET /items/a%2Fb/ HTTP/1.1\r\n" HOST "\r\n", 307,
           "\r\nLocation: /items/a%2Fb\r\n");
    expect(*state, "GET http://evil/items/ HTTP/1.1\r\n" HOST "\r\n", 307,
           "\r\nLocation: /items\r\n");
    expect(*state, "GET //items/ HTTP/1.1\r\n" HOST "\r\n", 404, "");
    expect(*state, "GET /nowhere/ HTTP/1.1\r\n" HOST "\r\n", 404, "");
}

static void test_slashes_behind_a_prefix(void **state)
{
    expect(*state, "GET /items/?a HTTP/1.1\r\n" HOST "\r\n", 307, "\r\nLocation: /pre/items?a\r\n");
}

static void test_params(void **state)
{
    expect(*state, "GET /items/a%2Fb%20c HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\na/b c");
    expect(*state, "GET /items/a%252Fb HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\na%2Fb");
    expect(*state, "GET /x/../items/7 HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\n7");
}

static void test_media(void **state)
{
    static const char *const good[] = {"application/json", "application/x+json; charset=utf-8",
                                       "image/png", "IMAGE/jpeg"};
    static const char *const bad[] = {"Content-Type: text/plain\r\n", "Content-Type: image/\r\n",
                                      ""};
    char request[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(request, sizeof request,
                 "POST /picture HTTP/1.1\r\n" HOST "Content-Type: %s\r\n\r\n", good[i]);
        expect(*state, request, 200, "");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(request, sizeof request,
                 "POST /picture HTTP/1.1\r\n" HOST "%sContent-Length: 9\r\n\r\n", bad[i]);
        expect(*state, request, 415, "\r\nAccept-Post: application/json, image/*\r\n");
    }
}

#define TIMEOUT(value) "GET /hello HTTP/1.1\r\n" HOST "X-Request-Timeout: " value "\r\n\r\n"

static void test_timeout_header(void **state)
{
    static const char *const good[] = {TIMEOUT("1"),
                                       TIMEOUT("0.5"),
                                       TIMEOUT(".5"),
                                       TIMEOUT("5."),
                                       TIMEOUT("99999999999999999999999999"),
                                       TIMEOUT("0.00000001")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect(*state, good[i], 200, "hello");
    static const char *const bad[] = {TIMEOUT("abc"), TIMEOUT(""),      TIMEOUT("1s"),
                                      TIMEOUT("1e3"), TIMEOUT("."),     TIMEOUT("-"),
                                      TIMEOUT("nan"), TIMEOUT("1.2.3"), TIMEOUT("+1")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(*state, bad[i], 422, "\"type\":\"float_parsing\"");
    expect(*state, TIMEOUT("abc"), 422,
           "\"detail\":[{\"type\":\"float_parsing\",\"loc\":[\"header\",\"x-request-timeout\"],"
           "\"msg\":\"Input should be a "
           "valid number, unable to parse string as a number\",\"input\":\"abc\"}]");
    expect(*state, TIMEOUT("0.0"), 422,
           "\"detail\":[{\"type\":\"greater_than\",\"loc\":[\"header\",\"x-request-timeout\"],"
           "\"msg\":\"Input should be "
           "greater than 0\",\"input\":\"0.0\",\"ctx\":{\"gt\":0.0}}]");
    expect(*state, TIMEOUT("-1.5"), 422, "\"type\":\"greater_than\"");
}

static void test_announced_length(void **state)
{
    expect(*state, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", 413,
           "\"error\":\"PAYLOAD_TOO_LARGE\"");
    expect(*state, "POST /items HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775807\r\n\r\n",
           413, "");
}

static bool refuse_all(sv_exchange *exchange, void *arg)
{
    (void)arg;
    sv_exchange_fail(exchange,
                     &(sv_failure){.kind = &sv_kind_rate_limited, .message = SV_STR("slow down")});
    return false;
}

static void test_middleware_refuses_first(void **state)
{
    http_fixture *fixture = *state;
    fixture->middleware.before = refuse_all;
    expect(fixture, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", 429,
           "\r\nRetry-After: 1\r\n");
    expect(fixture, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 429, "slow down");
    expect(fixture, "GET / HTTP/1.1\r\n\r\n", 400, "Host");
}

#define gate_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        gate_test(test_methods),
        gate_test(test_slashes),
        cmocka_unit_test_setup_teardown(test_slashes_behind_a_prefix, start_behind_prefix, stop),
        gate_test(test_params),
        gate_test(test_media),
        gate_test(test_timeout_header),
        gate_test(test_announced_length),
        gate_test(test_middleware_refuses_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
