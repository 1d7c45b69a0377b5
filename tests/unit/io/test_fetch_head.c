/* Heads of answers: sizes and lengths. */
#include "io_fixture.h"

#include <string.h>

#include "io/fetch_head.h"

enum { MAX_LINES = 5 };

typedef struct head_row {
    const char *lines[MAX_LINES];
    bool is_good, has_length;
    uint64_t length;
} head_row;

static const head_row rows[] = {
    {{"HTTP/1.1 200 OK\r\n", "\r\n"}, true, false, 0},
    {{"HTTP/1.1 200 OK\n", "\n"}, true, false, 0},
    {{"HTTP/1.1 200 OK\r\n", "content-length:7\r\n"}, true, true, 7},
    {{"Content-Length: \t 7 \t\r\n"}, true, true, 7},
    {{"Content-Length: 0\r\n"}, true, true, 0},
    {{"Content-Length: 007\r\n"}, true, true, 7},
    {{"Content-Length: 18446744073709551615\r\n"}, true, true, UINT64_MAX},
    {{"Content-Length: 7\r\n", "Content-Length: 7\r\n"}, true, true, 7},
    {{"HTTP/1.1 103 Early Hints\r\n", "Content-Length: 1\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
      "Content-Length: 7\r\n"},
     true,
     true,
     7},
    {{"HTTP/1.1 103 Early Hints\r\n", "Content-Length: 1\r\n", "\r\n", "HTTP/1.1 200 OK\r\n"},
     true,
     false,
     0},
    {{"X-Content-Length: x\r\n", "Content-Lengths: x\r\n", "Content-Length\r"}, false, false, 0},
    {{"Content-Length: 7\r\n", "Content-Length: 8\r\n"}, false, false, 0},
    {{"Content-Length: 18446744073709551616\r\n"}, false, false, 0},
    {{"Content-Length: -7\r\n"}, false, false, 0},
    {{"Content-Length: +7\r\n"}, false, false, 0},
    {{"Content-Length: 0x7\r\n"}, false, false, 0},
    {{"Content-Length: 7e0\r\n"}, false, false, 0},
    {{"Content-Length: 7.0\r\n"}, false, false, 0},
    {{"Content-Length: 7 7\r\n"}, false, false, 0},
    {{"Content-Length: 7, 7\r\n"}, false, false, 0},
    {{"Content-Length:\r\n"}, false, false, 0},
    {{"Content-Length : 7\r\n"}, false, false, 0},
    {{" Content-Length: 7\r\n"}, false, false, 0},
    {{"Content-Length: \xEF\xBC\x97\r\n"}, false, false, 0},
};

static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const head_row *row = &rows[i];
        sv_fetch_head head = {0};
        const char *reason = NULL;
        for (int j = 0; j < MAX_LINES && row->lines[j] && !reason; j++)
            reason = sv_fetch_head_take(&head, sv_str_from(row->lines[j]));
        if (!reason != row->is_good)
            fail_msg("%s: %s", row->lines[0], reason ? reason : "was taken");
        if (reason)
            continue;
        assert_int_equal(head.has_length, row->has_length);
        if (row->has_length)
            assert_true(head.length == row->length);
    }
}

static void test_end(void **state)
{
    (void)state;
    sv_fetch_head head = {0};
    assert_null(sv_fetch_head_take(&head, SV_STR("HTTP/1.1 200 OK\r\n")));
    assert_false(head.is_complete);
    assert_null(sv_fetch_head_take(&head, SV_STR("\r\n")));
    assert_true(head.is_complete);
    assert_null(sv_fetch_head_take(&head, SV_STR("Trailer: x\r\n")));
    assert_false(head.is_complete);
    assert_int_equal(head.size_bytes, 17 + 2 + 12);
}

static void test_size(void **state)
{
    (void)state;
    static char line[SV_FETCH_HEAD_MAX];
    sv_fetch_head head = {0};
    memset(line, 'x', sizeof line);
    assert_null(sv_fetch_head_take(&head, (sv_str){line, sizeof line}));
    assert_string_equal(sv_fetch_head_take(&head, SV_STR("\n")), sv_fetch_head_too_large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
