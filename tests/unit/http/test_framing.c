/* test_framing.c: request lines, chunk-size lines, framing fields, one row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/framing.h"

static void test_request_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status; /* 0: good */
        int minor;
    } rows[] = {
        {"GET / HTTP/1.1", 0, 1},
        {"GET / HTTP/1.0", 0, 0},
        {"DELETE /a?b HTTP/1.7", 0, 1},
        {"GET / HTTP/2.0", 505, 0},
        {"get / HTTP/2.0", 505, 0},
        {"get / HTTP/1.1", 501, 0},
        {"FOO / HTTP/1.1", 501, 0},
        {"FOO / HTTP/1.1 ", 400, 0},
        {"F(O / HTTP/1.1", 400, 0},
        {"GET / HTTP/1.10", 400, 0},
        {"GET / HTTP/1,1", 400, 0},
        {"GET / HTTP/a.1", 400, 0},
        {"GET / http/1.1", 400, 0},
        {"GET  HTTP/1.1", 400, 0},
        {"GET / ", 400, 0},
        {"GET /", 400, 0},
        {"GET", 400, 0},
        {"", 400, 0},
        {" ", 400, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_request_line line = {.minor = -1};
        sv_refusal refusal = sv_framing_read_request_line(sv_str_from(rows[i].line), &line);
        assert_int_equal(refusal.kind ? refusal.kind->status : 0, rows[i].status);
        if (!refusal.kind)
            assert_int_equal(line.minor, rows[i].minor);
    }
}

static void test_chunk_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_good;
        uint64_t size;
    } rows[] = {
        {"0", true, 0},
        {"1aF", true, 0x1af},
        {"7fffffffffffffff", true, INT64_MAX},
        {"8000000000000000", false, 0},
        {"00000000000000001", false, 0},
        {"5;a", true, 5},
        {"5 \t;\ta\t=\tb ;c=\"\\\"\"", true, 5},
        {"5;a=\"\xff\"", true, 5},
        {"5;a=\"", false, 0},
        {"5;a=\"b\\", false, 0},
        {"5;a=", false, 0},
        {"5;a=\"b\"c", false, 0},
        {"5;=b", false, 0},
        {"5;", false, 0},
        {"5 ", false, 0},
        {" 5", false, 0},
        {"5 5", false, 0},
        {"x", false, 0},
        {"", false, 0},
        {";a", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t size = 99;
        size_t extension_bytes;
        assert_int_equal(
            sv_framing_read_chunk_line(sv_str_from(rows[i].line), &size, &extension_bytes),
            rows[i].is_good);
        if (rows[i].is_good)
            assert_int_equal(size, rows[i].size);
    }
}

#define LENGTH(value) {SV_STR_INIT("content-LENGTH"), SV_STR_INIT(value)}
#define CODING(value) {SV_STR_INIT("transfer-ENCODING"), SV_STR_INIT(value)}
#define OTHER {SV_STR_INIT("x"), SV_STR_INIT("y")}

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        sv_http_header headers[3];
        int minor, status;
        bool chunked;
        uint64_t length;
    } rows[] = {
        {{OTHER, OTHER, OTHER}, 1, 0, false, 0},
        {{OTHER, LENGTH("5"), OTHER}, 1, 0, false, 5},
        {{OTHER, LENGTH("9223372036854775807"), OTHER}, 1, 0, false, INT64_MAX},
        {{OTHER, LENGTH("9223372036854775808"), OTHER}, 1, 400, false, 0},
        {{OTHER, LENGTH("5"), LENGTH("5")}, 1, 400, false, 0},
        {{LENGTH("5"), OTHER, CODING("chunked")}, 1, 400, false, 0},
        {{CODING("chunked"), OTHER, LENGTH("5")}, 1, 400, false, 0},
        {{CODING("chunked"), OTHER, CODING("chunked")}, 1, 400, false, 0},
        {{CODING("Chunked"), OTHER, OTHER}, 1, 0, true, 0},
        {{CODING("chunked"), OTHER, OTHER}, 0, 400, false, 0},
        {{CODING("gzip, chunked"), OTHER, OTHER}, 1, 501, false, 0},
        {{CODING("gzip ,\tchunked"), OTHER, OTHER}, 1, 501, false, 0},
        {{CODING("chunked, gzip"), OTHER, OTHER}, 1, 400, false, 0},
        {{CODING("chunked, chunked"), OTHER, OTHER}, 1, 400, false, 0},
        {{CODING("gzip;q=1, chunked"), OTHER, OTHER}, 1, 400, false, 0},
        {{CODING(", chunked"), OTHER, OTHER}, 1, 400, false, 0},
        {{CODING("identity"), OTHER, OTHER}, 1, 400, false, 0},
        {{CODING(""), OTHER, OTHER}, 1, 400, false, 0},
        {{LENGTH("+5"), OTHER, OTHER}, 1, 400, false, 0},
        {{LENGTH(""), OTHER, OTHER}, 1, 400, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_framing framing;
        sv_refusal refusal = sv_framing_read_fields(rows[i].headers, 3, rows[i].minor, &framing);
        assert_int_equal(refusal.kind ? refusal.kind->status : 0, rows[i].status);
        if (refusal.kind)
            continue;
        assert_int_equal(framing.chunked, rows[i].chunked);
        assert_int_equal(framing.content_length, rows[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_chunk_lines),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
