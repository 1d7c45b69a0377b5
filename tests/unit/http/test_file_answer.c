/* test_file_answer.c: a file as an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/file_answer.h"

static const char bytes[] = "0123456789";
static char path[] = "/tmp/serval-answer-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, 10), 10);
    static const struct timespec times[2] = {{784111777, 5}, {784111777, 5}};
    assert_int_equal(futimens(fd, times), 0);
    return close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static sv_found_file find(void)
{
    sv_found_file file;
    assert_int_equal(sv_file_lookup(path, NULL, &file), SV_OK);
    return file;
}

static bool is_closed(int fd)
{
    struct stat is;
    return fstat(fd, &is) != 0;
}

/* "Name: value" lines of the answer. */
static void show_fields(const sv_file_answer *answer, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < answer->n_headers; i++)
        len += (size_t)snprintf(text + len, size - len, "%.*s: %.*s\n",
                                SV_STR_ARG(answer->headers[i].name),
                                SV_STR_ARG(answer->headers[i].value));
}

#define VALIDATORS                                                                                 \
    "Accept-Ranges: bytes\nETag: \"ae1b981bc490a05-a\"\n"                                          \
    "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const struct {
    const char *method, *name, *value; /* one field of the request; NULL: none */
    int status;
    size_t length;
    const char *body, *fields;
} rows[] = {
    {"GET", NULL, NULL, 200, 10, bytes, VALIDATORS},
    {"HEAD", NULL, NULL, 200, 10, "", VALIDATORS},
    {"GET", "Range", "bytes=2-4", 206, 3, "234", VALIDATORS "Content-Range: bytes 2-4/10\n"},
    {"GET", "Range", "bytes=-1", 206, 1, "9", VALIDATORS "Content-Range: bytes 9-9/10\n"},
    {"GET", "Range", "bytes=10-", 416, 0, "", VALIDATORS "Content-Range: bytes */10\n"},
    {"GET", "If-None-Match", "\"ae1b981bc490a05-a\"", 304, 0, "", VALIDATORS},
    {"GET", "If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", 304, 0, "", VALIDATORS},
    {"GET", "If-Match", "\"x\"", 412, 0, "", VALIDATORS},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_http_header header = {sv_str_from(rows[i].name), sv_str_from(rows[i].value)};
        sv_file_question question = {.method = sv_str_from(rows[i].method),
                                     .headers = &header,
                                     .n_headers = rows[i].name != NULL,
                                     .max_whole_bytes = 10};
        sv_file_answer answer;
        sv_found_file file = find();
        char fields[512];
        assert_int_equal(sv_file_answer_make(arena, &file, &question, NULL, &answer), SV_OK);
        assert_int_equal(answer.status, rows[i].status);
        assert_int_equal(answer.length, rows[i].length);
        assert_true(sv_str_eq(answer.body, sv_str_from(rows[i].body)));
        assert_true(sv_str_eq(answer.content_type, SV_STR("application/octet-stream")));
        show_fields(&answer, fields, sizeof fields);
        assert_string_equal(fields, rows[i].fields);
        assert_null(answer.reader);
        assert_true(is_closed(file.fd));
        sv_arena_free(arena);
    }
}

static void test_pieces(void **state)
{
    (void)state;
    sv_http_header header = {SV_STR("Range"), SV_STR("bytes=1-8")};
    sv_file_question question = {SV_STR("GET"), &header, 1, 7};
    sv_arena *arena = sv_arena_new(0);
    sv_file_answer answer;
    sv_found_file file = find();
    char piece[5];
    size_t len;
    assert_int_equal(sv_file_answer_make(arena, &file, &question, NULL, &answer), SV_OK);
    assert_non_null(answer.reader);
    assert_int_equal(answer.length, 8);
    assert_int_equal(sv_file_answer_read(answer.reader, piece, sizeof piece, &len), SV_OK);
    assert_true(sv_str_eq((sv_str){piece, len}, SV_STR("12345")));
    assert_int_equal(sv_file_answer_read(answer.reader, piece, sizeof piece, &len), SV_OK);
    assert_true(sv_str_eq((sv_str){piece, len}, SV_STR("678")));
    assert_int_equal(sv_file_answer_read(answer.reader, piece, sizeof piece, &len), SV_OK);
    assert_int_equal(len, 0);
    assert_false(is_closed(file.fd));
    sv_arena_free(arena);
    assert_true(is_closed(file.fd));
}

/* As if it had been cut after its size was asked. */
static void test_shorter(void **state)
{
    (void)state;
    sv_file_question question = {SV_STR("GET"), NULL, 0, 100};
    sv_arena *arena = sv_arena_new(0);
    sv_file_answer answer;
    sv_error error = {0};
    char piece[32];
    size_t len;
    sv_found_file file = find();
    file.size_bytes = 20;
    assert_int_equal(sv_file_answer_make(arena, &file, &question, &error, &answer), SV_IO);
    assert_true(error.message[0] != '\0');
    assert_true(is_closed(file.fd));
    file = find();
    file.size_bytes = 20;
    question.max_whole_bytes = 0;
    assert_int_equal(sv_file_answer_make(arena, &file, &question, &error, &answer), SV_OK);
    assert_int_equal(sv_file_answer_read(answer.reader, piece, sizeof piece, &len), SV_IO);
    sv_arena_free(arena);
}

static void test_without_memory(void **state)
{
    (void)state;
    for (size_t whole = 0; whole <= 10; whole += 10) {
        sv_file_question question = {SV_STR("GET"), NULL, 0, whole};
        sv_status status = SV_NO_MEMORY;
        for (size_t limit = 1; status == SV_NO_MEMORY; limit += 8) {
            sv_arena *arena = sv_arena_new(limit);
            sv_file_answer answer;
            sv_found_file file = find();
            status = sv_file_answer_make(arena, &file, &question, NULL, &answer);
            sv_arena_free(arena);
            assert_true(is_closed(file.fd));
        }
        assert_int_equal(status, SV_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_shorter),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
