/* test_conditional.c: what is answered to conditions and ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/conditional.h"

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define EXACTLY "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

enum { MAX_FIELDS = 4 };

typedef struct row {
    const char *method;
    const char *fields[MAX_FIELDS]; /* "Name: value" */
    int status;
    uint64_t first, length;
} row;

/* Of a thing of 1000 bytes with the tag "a,b", modified EXACTLY. */
static const row rows[] = {
    {"GET", {0}, 200, 0, 1000},
    {"HEAD", {0}, 200, 0, 1000},

    {"GET", {"If-Match: \"a,b\""}, 200, 0, 1000},
    {"GET", {"If-Match: *"}, 200, 0, 1000},
    {"GET", {"If-Match: \"x\" , , \"a,b\""}, 200, 0, 1000},
    {"GET", {"If-Match: \"x\"", "if-match: \"a,b\""}, 200, 0, 1000},
    {"GET", {"If-Match: W/\"a,b\""}, 412, 0, 0},
    {"GET", {"If-Match: \"x\""}, 412, 0, 0},
    {"GET", {"If-Match: a,b"}, 412, 0, 0},
    {"PUT", {"If-Match: \"x\""}, 412, 0, 0},

    {"GET", {"If-Unmodified-Since: " BEFORE}, 412, 0, 0},
    {"GET", {"If-Unmodified-Since: " EXACTLY}, 200, 0, 1000},
    {"GET", {"If-Unmodified-Since: yesterday"}, 200, 0, 1000},
    {"GET", {"If-Match: *", "If-Unmodified-Since: " BEFORE}, 200, 0, 1000},

    {"GET", {"If-None-Match: \"a,b\""}, 304, 0, 0},
    {"HEAD", {"If-None-Match: W/\"a,b\""}, 304, 0, 0},
    {"GET", {"If-None-Match: \"x\",\"a,b\""}, 304, 0, 0},
    {"GET", {"If-None-Match: *"}, 304, 0, 0},
    {"PUT", {"If-None-Match: *"}, 412, 0, 0},
    {"GET", {"If-None-Match: \"x\""}, 200, 0, 1000},
    {"GET", {"If-None-Match: \"a,b"}, 200, 0, 1000},
    {"GET", {"If-None-Match: \"x\"", "If-Modified-Since: " AFTER}, 200, 0, 1000},
    {"GET", {"If-Match: \"x\"", "If-None-Match: \"a,b\""}, 412, 0, 0},

    {"GET", {"If-Modified-Since: " BEFORE}, 200, 0, 1000},
    {"GET", {"If-Modified-Since: " EXACTLY}, 304, 0, 0},
    {"HEAD", {"If-Modified-Since: " AFTER}, 304, 0, 0},
    {"POST", {"If-Modified-Since: " AFTER}, 200, 0, 1000},
    {"GET", {"If-Modified-Since: soon"}, 200, 0, 1000},

    {"GET", {"Range: bytes=0-0"}, 206, 0, 1},
    {"GET", {"Range: bytes=0-"}, 206, 0, 1000},
    {"GET", {"Range: Bytes= 10-19 "}, 206, 10, 10},
    {"GET", {"Range: bytes=990-2000"}, 206, 990, 10},
    {"GET", {"Range: bytes=-10"}, 206, 990, 10},
    {"GET", {"Range: bytes=-2000"}, 206, 0, 1000},
    {"GET", {"Range: bytes=999-99999999999999999999999"}, 206, 999, 1},
    {"GET", {"Range: bytes=1000-"}, 416, 0, 0},
    {"GET", {"Range: bytes=-0"}, 416, 0, 0},
    {"GET", {"Range: bytes=99999999999999999999999-"}, 416, 0, 0},
    {"HEAD", {"Range: bytes=0-0"}, 200, 0, 1000},
    {"GET", {"Range: bytes=0-0,2-3"}, 200, 0, 1000},
    {"GET", {"Range: bytes=0-0", "Range: bytes=2-3"}, 200, 0, 1000},
    {"GET", {"Range: bytes=5-4"}, 200, 0, 1000},
    {"GET", {"Range: bytes=-"}, 200, 0, 1000},
    {"GET", {"Range: bytes=a-b"}, 200, 0, 1000},
    {"GET", {"Range: bytes=+1-2"}, 200, 0, 1000},
    {"GET", {"Range: bytes=1"}, 200, 0, 1000},
    {"GET", {"Range: bytes"}, 200, 0, 1000},
    {"GET", {"Range: items=0-1"}, 200, 0, 1000},
    {"GET", {"Range: "}, 200, 0, 1000},

    {"GET", {"Range: bytes=0-0", "If-Range: \"a,b\""}, 206, 0, 1},
    {"GET", {"Range: bytes=0-0", "If-Range: W/\"a,b\""}, 200, 0, 1000},
    {"GET", {"Range: bytes=0-0", "If-Range: \"x\""}, 200, 0, 1000},
    {"GET", {"Range: bytes=0-0", "If-Range: " EXACTLY}, 206, 0, 1},
    {"GET", {"Range: bytes=0-0", "If-Range: " AFTER}, 200, 0, 1000},
    {"GET", {"Range: bytes=2000-", "If-Range: \"x\""}, 200, 0, 1000},
    {"GET", {"If-Range: \"x\""}, 200, 0, 1000},
    {"GET", {"Range: bytes=0-0", "If-None-Match: \"a,b\""}, 304, 0, 0},
    {"GET", {"Range: bytes=2000-", "If-Match: \"x\""}, 412, 0, 0},
};

static size_t read_fields(const row *it, sv_http_header *headers)
{
    size_t n = 0;
    for (; n < MAX_FIELDS && it->fields[n]; n++) {
        sv_str line = sv_str_from(it->fields[n]);
        size_t colon = sv_str_find(line, ':');
        headers[n].name = sv_str_slice(line, 0, colon);
        headers[n].value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    }
    return n;
}

static void assert_row(const row *it, const sv_conditional_state *thing)
{
    sv_http_header headers[MAX_FIELDS];
    size_t n = read_fields(it, headers);
    sv_conditional_answer answer =
        sv_conditional_decide(sv_str_from(it->method), headers, n, thing);
    if (answer.status != it->status || answer.first != it->first || answer.length != it->length)
        fail_msg("%s %s: %d, %d from %d", it->method, n ? it->fields[0] : "", answer.status,
                 (int)answer.length, (int)answer.first);
}

static void test_rows(void **state)
{
    (void)state;
    static const sv_conditional_state thing = {1000, SV_STR_INIT("\"a,b\""), 784111777};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_row(&rows[i], &thing);
}

static void test_empty(void **state)
{
    (void)state;
    static const row empty_rows[] = {
        {"GET", {0}, 200, 0, 0},
        {"GET", {"Range: bytes=0-"}, 416, 0, 0},
        {"GET", {"Range: bytes=-1"}, 416, 0, 0},
        {"GET", {"If-Modified-Since: " AFTER}, 200, 0, 0},
        {"GET", {"If-Unmodified-Since: " BEFORE}, 200, 0, 0},
        {"GET", {"Range: bytes=0-", "If-Range: \"\""}, 200, 0, 0},
        {"GET", {"If-None-Match: \"\""}, 200, 0, 0},
    };
    static const sv_conditional_state thing = {.modified_s = -1}; /* nothing is known of it */
    for (size_t i = 0; i < sizeof empty_rows / sizeof *empty_rows; i++)
        assert_row(&empty_rows[i], &thing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
