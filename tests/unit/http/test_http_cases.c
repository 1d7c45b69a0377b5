/* test_http_cases.c: the cases of tests/cases/http against a server in memory: sent whole, byte by
 * byte, and (short ones) in two pieces, cut at every offset. How bytes are cut must never matter.
 */
#include "http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_cases.h"

enum { MAX_SPLIT_BYTES = 250, MAX_DRIP_BYTES = 10000 };
static const size_t MAX_ARENA = (size_t)256 << 20;

typedef struct reply {
    int status;
    sv_str head, body;
} reply;

/* Cuts the next answer off `*text`. An answer without its announced body was for HEAD when nothing,
 * or another answer, follows. */
static bool take_reply(sv_str *text, reply *ret_reply)
{
    const char *end = text->len ? strstr(text->ptr, "\r\n\r\n") : NULL;
    if (!end)
        return false;
    size_t head_len = (size_t)(end - text->ptr) + 4;
    reply taken = {.status = atoi(text->ptr + 9), .head = {text->ptr, head_len}};
    *text = sv_str_slice(*text, head_len, text->len);
    const char *length = strstr(taken.head.ptr, "Content-Length: ");
    size_t body_len = length && length < end ? (size_t)atol(length + 16) : 0;
    bool has_none = !text->len || sv_str_starts_with(*text, SV_STR("HTTP/1.1 "));
    taken.body = sv_str_slice(*text, 0, has_none ? 0 : body_len);
    *text = sv_str_slice(*text, taken.body.len, text->len);
    *ret_reply = taken;
    return true;
}

static bool is_expected(const http_case *tried, size_t index, int status)
{
    for (size_t i = 0; i < HTTP_CASE_MAX_CHOICES; i++)
        if (index < tried->n_answers && tried->statuses[index][i] == status)
            return true;
    return false;
}

static bool has_header(sv_str head, sv_str header)
{
    return !header.len || memmem(head.ptr, head.len, header.ptr, header.len);
}

static bool has_usual_headers(sv_str head, int status)
{
    return status < 200 || (has_header(head, SV_STR("\r\nX-Request-ID: ")) &&
                            has_header(head, SV_STR("\r\nDate: ")) &&
                            (status == 204) != has_header(head, SV_STR("\r\nContent-Length: ")));
}

/* Why the answers are not the expected ones, or NULL. */
static const char *judge(const http_case *tried, sv_loopback *client)
{
    const char *received = http_text(client);
    sv_str text = {received, sv_loopback_received(client)->len};
    reply taken = {0};
    size_t n = 0, n_final = 0;
    for (; take_reply(&text, &taken); n++) {
        if (!is_expected(tried, n, taken.status))
            return "another status";
        if (!has_usual_headers(taken.head, taken.status))
            return "a header is missing";
        if (taken.status >= 200 && n_final < tried->n_bodies &&
            !sv_str_eq(taken.body, tried->bodies[n_final]))
            return "another body";
        n_final += taken.status >= 200;
        bool closes = has_header(taken.head, SV_STR("\r\nConnection: close\r\n"));
        if (closes && n + 1 < tried->n_answers)
            return "Connection: close too early";
    }
    if (n != tried->n_answers)
        return "fewer answers";
    if (!has_header(taken.head, tried->header))
        return "the header is missing";
    return sv_loopback_is_closed(client) == tried->is_closed ? NULL : "closed or open";
}

typedef struct cut {
    size_t first, step; /* the first piece, then pieces of this size */
} cut;

static void run_case(http_fixture *fixture, const http_case *tried, cut how)
{
    sv_loopback *client = sv_loopback_new(fixture->server, fixture->loop);
    sv_loopback_send(client, sv_str_slice(tried->bytes, 0, how.first));
    for (size_t at = how.first; at < tried->bytes.len; at += how.step)
        sv_loopback_send(client, sv_str_slice(tried->bytes, at, how.step));
    if (tried->ends)
        sv_loopback_send_eof(client);
    const char *fault = judge(tried, client);
    if (fault)
        fail_msg("%s, \"%.*s\", cut at %zu: %s\n%.3000s", tried->file, SV_STR_ARG(tried->name),
                 how.first, fault, http_text(client));
    sv_loopback_free(client);
    sv_loop_step(fixture->loop, 0);
}

typedef struct suite {
    http_fixture fixture;
    sv_arena *arena;
    http_case *cases;
    size_t n_cases;
} suite;

static int start(void **state)
{
    suite *made = test_calloc(1, sizeof *made);
    made->arena = sv_arena_new(MAX_ARENA);
    made->cases = http_cases_read(made->arena, SV_SOURCE_DIR "/tests/cases/http", &made->n_cases);
    http_init(&made->fixture);
    http_start(&made->fixture, true);
    *state = made;
    return 0;
}

static int stop(void **state)
{
    suite *made = *state;
    http_stop(&made->fixture);
    sv_arena_free(made->arena);
    test_free(made);
    return 0;
}

static void test_whole(void **state)
{
    suite *made = *state;
    assert_true(made->n_cases > 300);
    for (size_t i = 0; i < made->n_cases; i++)
        run_case(&made->fixture, &made->cases[i], (cut){made->cases[i].bytes.len + 1, 1});
}

static void test_byte_by_byte(void **state)
{
    suite *made = *state;
    for (size_t i = 0; i < made->n_cases; i++)
        if (made->cases[i].bytes.len <= MAX_DRIP_BYTES)
            run_case(&made->fixture, &made->cases[i], (cut){1, 1});
}

static void test_cut_everywhere(void **state)
{
    suite *made = *state;
    for (size_t i = 0; i < made->n_cases; i++)
        for (size_t at = 1;
             made->cases[i].bytes.len <= MAX_SPLIT_BYTES && at < made->cases[i].bytes.len; at++)
            run_case(&made->fixture, &made->cases[i], (cut){at, made->cases[i].bytes.len});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, start, stop),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, start, stop),
        cmocka_unit_test_setup_teardown(test_cut_everywhere, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
