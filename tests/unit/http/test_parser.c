/* test_parser.c: bytes to events. Which requests are good or bad is in tests/cases/http. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/parser.h"

static const sv_parser_limits limits = {100, 1000, 10};

typedef struct bench {
    sv_arena *arena;
    sv_parser *parser;
    sv_buf log; /* events as text: H head, "…" body, C complete, R refused */
} bench;

static int start(void **state)
{
    bench *made = test_calloc(1, sizeof *made);
    made->arena = sv_arena_new(0);
    made->parser = sv_parser_new();
    sv_buf_init(&made->log, 1 << 20);
    *state = made;
    return 0;
}

static int stop(void **state)
{
    bench *made = *state;
    sv_parser_free(made->parser);
    sv_arena_free(made->arena);
    sv_buf_deinit(&made->log);
    test_free(made);
    return 0;
}

/* Feeds one piece; true when the request is over. */
static bool feed(bench *at, sv_str *input)
{
    sv_str piece;
    for (;;) {
        switch (sv_parser_next(at->parser, input, &piece)) {
        case SV_PARSER_MORE:
            assert_int_equal(input->len, 0);
            return false;
        case SV_PARSER_HEAD:
            sv_buf_append_byte(&at->log, 'H');
            break;
        case SV_PARSER_BODY:
            assert_true(piece.len > 0);
            sv_buf_append_str(&at->log, piece);
            break;
        case SV_PARSER_COMPLETE:
            sv_buf_append_byte(&at->log, 'C');
            return true;
        case SV_PARSER_REFUSED:
            sv_buf_append_byte(&at->log, 'R');
            return true;
        }
    }
}

static void begin(bench *at)
{
    sv_arena_reset(at->arena);
    sv_buf_clear(&at->log);
    sv_parser_start(at->parser, at->arena, limits);
}

static void assert_log(bench *at, const char *expected)
{
    if (!sv_str_eq(sv_buf_str(&at->log), sv_str_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SV_STR_ARG(sv_buf_str(&at->log)), expected);
}

#define HEAD "POST /a?b HTTP/1.1\r\nHost: example\r\nX-Empty:\r\nX-Trimmed: \t v w \t\r\n"

static void assert_head(bench *at)
{
    const sv_parser_head *head = sv_parser_get_head(at->parser);
    assert_true(sv_str_eq(head->line.method, SV_STR("POST")));
    assert_true(sv_str_eq(head->line.target, SV_STR("/a?b")));
    assert_int_equal(head->n_headers, 4);
    assert_true(sv_str_eq(head->headers[0].name, SV_STR("Host")));
    assert_true(sv_str_eq(head->headers[0].value, SV_STR("example")));
    assert_true(sv_str_eq(head->headers[1].value, SV_STR("")));
    assert_true(sv_str_eq(head->headers[2].value, SV_STR("v w")));
}

static void assert_good(bench *at, sv_str bytes, size_t first, size_t step)
{
    begin(at);
    sv_str piece = sv_str_slice(bytes, 0, first);
    bool over = feed(at, &piece);
    for (size_t done = first; done < bytes.len; done += step) {
        assert_false(over);
        piece = sv_str_slice(bytes, done, step);
        over = feed(at, &piece);
    }
    assert_true(over);
    assert_log(at, "HhelloC");
    assert_head(at);
}

static void test_cut_at_every_offset(void **state)
{
    bench *at = *state;
    static const char *const requests[] = {
        "\r\n" HEAD "Content-Length: 5\r\n\r\nhello",
        HEAD "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3 ; c\r\nllo\r\n0\r\nT: x\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        sv_str bytes = sv_str_from(requests[i]);
        for (size_t cut = 1; cut <= bytes.len; cut++)
            assert_good(at, bytes, cut, bytes.len);
        assert_good(at, bytes, 1, 1);
    }
}

static void test_what_follows_is_left(void **state)
{
    bench *at = *state;
    sv_str input = SV_STR("GET / HTTP/1.1\r\n\r\nGET /next");
    begin(at);
    assert_true(feed(at, &input));
    assert_log(at, "HC");
    assert_true(sv_str_eq(input, SV_STR("GET /next")));
    begin(at);
    assert_false(feed(at, &input));
    assert_log(at, "");
}

static void test_has_begun(void **state)
{
    bench *at = *state;
    sv_str input = SV_STR("\r\n\r");
    begin(at);
    assert_false(feed(at, &input));
    assert_false(sv_parser_has_begun(at->parser));
    input = SV_STR("\nG");
    assert_false(feed(at, &input));
    assert_true(sv_parser_has_begun(at->parser));
    assert_false(sv_parser_has_line(at->parser));
}

static void assert_status(bench *at, const char *bytes, int status)
{
    sv_str input = sv_str_from(bytes);
    begin(at);
    bool over = feed(at, &input);
    sv_refusal refusal = sv_parser_get_refusal(at->parser);
    if (!over || (refusal.kind ? refusal.kind->status : 0) != status)
        fail_msg("%.60s: %d, %s", bytes, over, refusal.message ? refusal.message : "-");
}

static void test_limits(void **state)
{
    bench *at = *state;
    char target[300], header[1200];
    snprintf(target, sizeof target, "GET /%099d HTTP/1.1\r\n\r\n", 0);
    assert_status(at, target, 0);
    snprintf(target, sizeof target, "GET /%0100d HTTP/1.1\r\n\r\n", 0);
    assert_status(at, target, 414);
    snprintf(target, sizeof target, "GET /%0250d", 0);
    assert_status(at, target, 414);
    snprintf(header, sizeof header, "GET / HTTP/1.1\r\nX: %0995d\r\n\r\n", 0);
    assert_status(at, header, 0);
    snprintf(header, sizeof header, "GET / HTTP/1.1\r\nX: %0996d\r\n\r\n", 0);
    assert_status(at, header, 431);
    snprintf(header, sizeof header, "GET / HTTP/1.1\r\nX: %01100d", 0);
    assert_status(at, header, 431);
    assert_status(
        at,
        "GET / "
        "HTTP/1.1\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\n\r\n",
        0);
    assert_status(
        at,
        "GET / "
        "HTTP/"
        "1.1\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\n\r\n",
        431);
}

static void test_no_memory(void **state)
{
    bench *at = *state;
    sv_arena *tiny = sv_arena_new(100);
    sv_str input = SV_STR("GET / HTTP/1.1\r\n");
    sv_parser_start(at->parser, tiny, limits);
    assert_true(feed(at, &input));
    assert_ptr_equal(sv_parser_get_refusal(at->parser).kind, &sv_kind_insufficient_memory);
    sv_arena_free(tiny);
}

#define bench_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_cut_at_every_offset), bench_test(test_what_follows_is_left),
        bench_test(test_has_begun),           bench_test(test_limits),
        bench_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
