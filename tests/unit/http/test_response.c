/* test_response.c: heads of answers, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/response.h"

static void assert_head(const sv_exchange *exchange, sv_response_frame frame, const char *expected)
{
    sv_buf out;
    sv_buf_init(&out, 1 << 20);
    frame.date = SV_STR("D");
    sv_response_write_head(&out, exchange, &frame);
    sv_buf_append_byte(&out, '\0');
    assert_string_equal(out.ptr, expected);
    sv_buf_deinit(&out);
}

#define COMMON "Server: serval\r\nX-Content-Type-Options: nosniff\r\nDate: D\r\n"

static void test_heads(void **state)
{
    (void)state;
    sv_exchange exchange = {.request_id = SV_STR("id")};
    exchange.answer =
        (sv_answer){.status = 200, .content_type = SV_STR("text/plain"), .body = SV_STR("hello")};
    assert_head(&exchange, (sv_response_frame){0},
                "HTTP/1.1 200 OK\r\n" COMMON
                "Content-Type: text/plain\r\nContent-Length: 5\r\nX-Request-ID: id\r\n\r\n");
    exchange.answer.status = 204;
    assert_head(&exchange, (sv_response_frame){.closes = true},
                "HTTP/1.1 204 No Content\r\n" COMMON
                "X-Request-ID: id\r\nConnection: close\r\n\r\n");
    exchange.answer = (sv_answer){.status = 304};
    assert_head(&exchange, (sv_response_frame){.says_keep_alive = true},
                "HTTP/1.1 304 Not Modified\r\n" COMMON
                "X-Request-ID: id\r\nConnection: keep-alive\r\n\r\n");
    exchange.answer = (sv_answer){.status = 503};
    assert_head(&exchange, (sv_response_frame){0},
                "HTTP/1.1 503 Service Unavailable\r\n" COMMON
                "Content-Length: 0\r\nX-Request-ID: id\r\nRetry-After: 1\r\n\r\n");
}

static void test_heads_of_streams(void **state)
{
    (void)state;
    sv_exchange exchange = {.answer = {.status = 200, .body = SV_STR("hello")}};
    assert_head(&exchange, (sv_response_frame){.length = SV_RESPONSE_CHUNKED},
                "HTTP/1.1 200 OK\r\n" COMMON "Transfer-Encoding: chunked\r\n\r\n");
    assert_head(&exchange, (sv_response_frame){.length = SV_RESPONSE_UNTIL_CLOSE, .closes = true},
                "HTTP/1.1 200 OK\r\n" COMMON "Connection: close\r\n\r\n");
    exchange.answer.status = 204;
    assert_head(&exchange, (sv_response_frame){.length = SV_RESPONSE_CHUNKED},
                "HTTP/1.1 204 No Content\r\n" COMMON "\r\n");
}

static void test_extra_headers(void **state)
{
    (void)state;
    sv_exchange exchange = {.request_id = SV_STR("")};
    exchange.answer = (sv_answer){.status = 429,
                                  .headers = {{SV_STR("Retry-After"), SV_STR("7")},
                                              {SV_STR("content-length"), SV_STR("99")},
                                              {SV_STR("Transfer-Encoding"), SV_STR("chunked")},
                                              {SV_STR("CONNECTION"), SV_STR("close")},
                                              {SV_STR("X"), SV_STR("y")}},
                                  .n_headers = 5};
    assert_head(&exchange, (sv_response_frame){0},
                "HTTP/1.1 429 Too Many Requests\r\n" COMMON
                "Content-Length: 0\r\nRetry-After: 7\r\nX: y\r\n\r\n");
    exchange.answer = (sv_answer){
        .status = 204, .headers = {{SV_STR("connection"), SV_STR("Keep-Alive")}}, .n_headers = 1};
    assert_head(&exchange, (sv_response_frame){0},
                "HTTP/1.1 204 No Content\r\n" COMMON "Connection: keep-alive\r\n\r\n");
    assert_head(&exchange, (sv_response_frame){.closes = true},
                "HTTP/1.1 204 No Content\r\n" COMMON "Connection: close\r\n\r\n");
}

static void test_which_have_a_body(void **state)
{
    (void)state;
    assert_true(sv_response_has_body(200) && sv_response_has_body(404));
    assert_false(sv_response_has_body(204) || sv_response_has_body(304) ||
                 sv_response_has_body(100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_heads_of_streams),
        cmocka_unit_test(test_extra_headers),
        cmocka_unit_test(test_which_have_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
