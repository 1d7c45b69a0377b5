/* Answers as the client reads them: heads, and the three framings of bodies. */
#include "client_lab.h"

#include "web/client_answer.h"

typedef struct answer_case {
    const char *text;
    bool is_to_head;
    const char *pieces;           /* each followed by '|' */
    sv_client_answer_state state; /* after all came, before the connection closes */
    bool is_complete;             /* after it has */
} answer_case;

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static const answer_case cases[] = {
    {OK "Content-Length: 3\r\n\r\nabcd", false, "abc|", SV_CLIENT_ANSWER_END, true},
    {OK "Content-Length: 3\r\n\r\nab", false, "ab|", SV_CLIENT_ANSWER_LENGTH, false},
    {OK "Content-Length: 0\r\n\r\n", false, "", SV_CLIENT_ANSWER_END, true},
    {OK "Content-Length: x\r\n\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {OK "Content-Length: 3\r\n\r\n", true, "", SV_CLIENT_ANSWER_END, true},
    {OK "\r\nabc", false, "abc|", SV_CLIENT_ANSWER_UNTIL_CLOSE, true},
    {"HTTP/1.1 204 No\r\n\r\n", false, "", SV_CLIENT_ANSWER_END, true},
    {"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n", false, "", SV_CLIENT_ANSWER_END, true},
    {"HTTP/1.1 100 Go\r\n\r\n" OK "Content-Length: 1\r\n\r\na", false, "a|", SV_CLIENT_ANSWER_END,
     true},
    {CHUNKED "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", false, "abc|0123456789|",
     SV_CLIENT_ANSWER_END, true},
    {CHUNKED "1\r\na\r\n0\r\nTrailer: x\r\n\r\n", false, "a|", SV_CLIENT_ANSWER_END, true},
    {CHUNKED "1\r\na\r\n0\r\n", false, "a|", SV_CLIENT_ANSWER_CHUNKED, false},
    {CHUNKED "3\r\nab", false, "", SV_CLIENT_ANSWER_CHUNKED, false},
    {CHUNKED "1\r\nabc\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {CHUNKED "x\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {CHUNKED "\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {CHUNKED "ffffffffffffffff\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {OK "no colon\r\n\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {"HTTP/1.1 20\r\n\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
    {"SPDY/1.1 200 OK\r\n\r\n", false, "", SV_CLIENT_ANSWER_WRONG, false},
};

static void read_all(sv_client_answer *answer, sv_arena *arena, sv_buf *received, sv_buf *pieces)
{
    sv_str piece;
    if (answer->state == SV_CLIENT_ANSWER_HEAD &&
        sv_client_answer_read_head(answer, arena, received) == SV_UNAVAILABLE)
        return;
    sv_str rest = sv_buf_str(received);
    while (sv_client_answer_next(answer, &rest, &piece)) {
        sv_buf_append_str(pieces, piece);
        sv_buf_append_byte(pieces, '|');
    }
    sv_buf_consume(received, received->len - rest.len);
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_client_answer answer = {.is_to_head = cases[i].is_to_head};
        sv_arena *arena = sv_arena_new(0);
        sv_buf received, pieces;
        sv_buf_init(&received, 10000);
        sv_buf_init(&pieces, 10000);
        sv_buf_append_str(&received, sv_str_from(cases[i].text));
        read_all(&answer, arena, &received, &pieces);
        if (!sv_str_eq(sv_buf_str(&pieces), sv_str_from(cases[i].pieces)) ||
            answer.state != cases[i].state)
            fail_msg("case %zu: %.*s, state %d", i, SV_STR_ARG(sv_buf_str(&pieces)), answer.state);
        sv_client_answer_close(&answer);
        assert_int_equal(answer.state == SV_CLIENT_ANSWER_END, cases[i].is_complete);
        sv_buf_deinit(&received);
        sv_buf_deinit(&pieces);
        sv_arena_free(arena);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_client_answer answer = {.is_to_head = cases[i].is_to_head};
        sv_arena *arena = sv_arena_new(0);
        sv_buf received, pieces;
        sv_buf_init(&received, 10000);
        sv_buf_init(&pieces, 10000);
        for (const char *at = cases[i].text; *at; at++) {
            sv_buf_append_byte(&received, *at);
            read_all(&answer, arena, &received, &pieces);
        }
        assert_int_equal(answer.state, cases[i].state);
        sv_client_answer_close(&answer);
        assert_int_equal(answer.state == SV_CLIENT_ANSWER_END, cases[i].is_complete);
        sv_buf_deinit(&received);
        sv_buf_deinit(&pieces);
        sv_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
