/* Events out of bytes: the standard's rules, however the bytes are cut, within limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "io/event_parser.h"

enum { MAX_BYTES = 64, MAX_TEXT = 4096 };

/* What an event looks like in the tables: type|id|data|retry and a semicolon. */
typedef struct notes {
    char text[MAX_TEXT];
    size_t len;
    int n_events, stop_after; /* 0: never */
} notes;

static bool note(void *arg, const sv_parsed_event *event)
{
    notes *it = arg;
    it->len += (size_t)snprintf(it->text + it->len, sizeof it->text - it->len, "%.*s|%.*s|%.*s|%d;",
                                SV_STR_ARG(event->type), SV_STR_ARG(event->id),
                                SV_STR_ARG(event->data), (int)event->retry_ms);
    return ++it->n_events != it->stop_after;
}

/* Fed with a copy of its own, so that reading behind it is seen. */
static sv_status feed(sv_event_parser *parser, sv_str bytes, notes *to)
{
    char *copy = malloc(bytes.len ? bytes.len : 1);
    memcpy(copy, bytes.ptr, bytes.len);
    sv_str rest = {copy, bytes.len};
    sv_status status = sv_event_parser_feed(parser, &rest, note, to);
    assert_true(status || !rest.len);
    free(copy);
    return status;
}

typedef struct row {
    sv_str bytes;
    const char *events;
    sv_status status;
} row;
#define ROW(bytes, ...) {SV_STR_INIT(bytes), __VA_ARGS__}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define Y250 X60 X60 X60 X60 X10

static const row rows[] = {
    ROW("", ""),
    ROW("data: a\n\n", "message||a|0;"),
    ROW("data: a\r\n\r\n", "message||a|0;"),
    ROW("data: a\r\r", "message||a|0;"),
    ROW("data: a\r\n\n", "message||a|0;"),
    ROW("data: a\n\r\n", "message||a|0;"),
    ROW("data: a\n\r", "message||a|0;"),
    ROW("data: a\rdata: b\ndata: c\r\n\r\n", "message||a\nb\nc|0;"),
    ROW("data: a\n\n\n\n\ndata: b\n\n", "message||a|0;message||b|0;"),
    ROW("\n\r\r\n\ndata: a\n\n", "message||a|0;"),
    /* the byte order mark */
    ROW("\xEF\xBB\xBF"
        "data: a\n\n",
        "message||a|0;"),
    ROW("\xEF\xBB\xBF\n"
        "data: a\n\n",
        "message||a|0;"),
    ROW("\xEF\xBB\xBF\xEF\xBB\xBF"
        "data: a\n\n",
        ""),
    ROW("\n\xEF\xBB\xBF"
        "data: a\n\n",
        ""),
    ROW("data: a\n\n\xEF\xBB\xBF"
        "data: b\n\n",
        "message||a|0;"),
    ROW("\xEF\xBB"
        "data: a\n\n",
        ""),
    /* values */
    ROW("data:a\n\n", "message||a|0;"),
    ROW("data:  a \n\n", "message|| a |0;"),
    ROW("data:\ta\n\n", "message||\ta|0;"),
    ROW("data: a: b\n\n", "message||a: b|0;"),
    ROW("data\n\n", "message|||0;"),
    ROW("data:\n\n", "message|||0;"),
    ROW("data: \n\n", "message|||0;"),
    ROW("data\ndata\n\n", "message||\n|0;"),
    ROW("data: a\ndata\n\n", "message||a\n|0;"),
    ROW("data: \xC3\xA4\xFF\n\n", "message||\xC3\xA4\xFF|0;"),
    /* names */
    ROW("DATA: a\n\n data: b\n\ndata : c\n\ndatas: d\n\ndat: e\n\nfoo\n\n", ""),
    ROW("foo: x\ndata: a\nbar\n\n", "message||a|0;"),
    /* comments */
    ROW(": ping\n\n:\n\n::\n\ndata: a\n: b\ndata: c\n\n", "message||a\nc|0;"),
    ROW(":data: a\n\n", ""),
    /* the type lasts for one event */
    ROW("event: t\ndata: a\n\ndata: b\n\n", "t||a|0;message||b|0;"),
    ROW("data: a\nevent: t\n\n", "t||a|0;"),
    ROW("event: t\nevent: u\ndata: a\n\n", "u||a|0;"),
    ROW("event: t\nevent\ndata: a\n\n", "message||a|0;"),
    ROW("event: t\n\ndata: a\n\n", "message||a|0;"),
    /* the id stays */
    ROW("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
        "message|1|a|0;message|1|b|0;message||c|0;"),
    ROW("id: 1\n\ndata: a\n\n", "message|1|a|0;"),
    ROW("id: 1\nid: 2\0\ndata: a\n\n", "message|1|a|0;"),
    /* the reconnection time */
    ROW("retry: 1500\n\ndata: a\n\n", "message||a|1500;"),
    ROW("retry: 7\nretry: 1.5\nretry: -1\nretry:\nretry: 1s\nretry:  2\ndata: a\n\n",
        "message||a|7;"),
    ROW("retry: 99999999999999999999\ndata: a\n\n", "message||a|0;"),
    ROW("retry: 9223372036854775808\ndata: a\n\n", "message||a|0;"),
    ROW("retry: 007\ndata: a\n\n", "message||a|7;"),
    /* the end of the stream drops what is not complete */
    ROW("data: a\n\ndata: b\n", "message||a|0;"),
    ROW("data: a\n\ndata: b", "message||a|0;"),
    ROW("data: a", ""),
    ROW("data: a\r\n", ""),
    /* limits: of 64 bytes for the data and the line that comes */
    ROW("data: a\n\ndata: " X10 X10 X10 X10 X10 "12345678\n\ndata: b\n\n",
        "message||a|0;message||" X10 X10 X10 X10 X10 "12345678|0;message||b|0;"),
    ROW("data: a\n\ndata: " X10 X10 X10 X10 X10 "123456789\n\ndata: b\n\n", "message||a|0;",
        SV_TOO_LARGE),
    ROW("data: a\n\n:" X60 X10, "message||a|0;", SV_TOO_LARGE),
    ROW("data:" X10 X10 X10 X10 X10 "1234\ndata:45678\n\n", "", SV_TOO_LARGE),
    ROW("data:" X10 X10 X10 X10 X10 "123\ndata:45678\n\n",
        "message||" X10 X10 X10 X10 X10 "123\n45678|0;"),
    ROW("data\ndata\ndata\ndata\ndata: a\n\n", "message||\n\n\n\na|0;"),
    ROW("id:" X60 "1\nevent:" X10 X10 X10 X10 X10 "12345678\ndata:a\n\n",
        X10 X10 X10 X10 X10 "12345678|" X60 "1|a|0;"),
};

static sv_status feed_cut(sv_str bytes, size_t first, size_t step, notes *to)
{
    sv_event_parser parser;
    sv_event_parser_init(&parser, MAX_BYTES);
    sv_status status = feed(&parser, sv_str_slice(bytes, 0, first), to);
    for (size_t at = first; at < bytes.len; at += step)
        status = feed(&parser, sv_str_slice(bytes, at, step), to);
    assert_true(parser.buf.len <= MAX_BYTES);
    sv_event_parser_deinit(&parser);
    return status;
}

static void expect(const row *it, size_t first, size_t step)
{
    notes found = {0};
    sv_status status = feed_cut(it->bytes, first, step, &found);
    if (status != it->status || strcmp(found.text, it->events) != 0)
        fail_msg("%.*s (cut at %zu, then every %zu): %s, %s", SV_STR_ARG(it->bytes), first, step,
                 found.text, sv_status_text(status));
}

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(&rows[i], rows[i].bytes.len, 1);
}

/* Wherever the bytes are cut, and even when each comes alone. */
static void test_any_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = rows[i].bytes.len;
        for (size_t first = 0; first <= len; first++)
            expect(&rows[i], first, len + 1);
        for (size_t step = 1; step < 9; step++)
            expect(&rows[i], 0, step);
    }
}

static void test_long_names(void **state)
{
    (void)state;
    static const row long_rows[] = {
        ROW("event:" Y250 "123456\nid:" Y250 "654321\ndata:a\n\n",
            Y250 "123456|" Y250 "654321|a|0;"),
        ROW("event:" Y250 "1234567\ndata:a\n\n", "", SV_TOO_LARGE),
        ROW("data: a\n\nid:" Y250 "1234567\ndata:a\n\n", "message||a|0;", SV_TOO_LARGE),
    };
    for (size_t i = 0; i < sizeof long_rows / sizeof *long_rows; i++) {
        sv_event_parser parser;
        notes found = {0};
        sv_event_parser_init(&parser, 1000);
        assert_int_equal(feed(&parser, long_rows[i].bytes, &found), long_rows[i].status);
        assert_string_equal(found.text, long_rows[i].events);
        sv_event_parser_deinit(&parser);
    }
}

/* A failure stays, and nothing comes after it. */
static void test_failure_is_final(void **state)
{
    (void)state;
    sv_event_parser parser;
    notes found = {0};
    sv_event_parser_init(&parser, 10);
    assert_int_equal(feed(&parser, SV_STR("data: 12345\n\n"), &found), SV_TOO_LARGE);
    assert_int_equal(feed(&parser, SV_STR("\n\ndata: a\n\n"), &found), SV_TOO_LARGE);
    assert_int_equal(feed(&parser, SV_STR(""), &found), SV_TOO_LARGE);
    assert_int_equal(found.n_events, 0);
    sv_event_parser_deinit(&parser);
    parser = (sv_event_parser){0};
    sv_event_parser_deinit(&parser);
}

/* The taker says when it has enough; the rest is there for the next call. */
static void test_stop_and_go_on(void **state)
{
    (void)state;
    static const char bytes[] = "data: a\r\n\r\ndata: b\n\n\ndata: c\n\ndata: d";
    sv_event_parser parser;
    notes found = {.stop_after = 1};
    sv_str rest = sv_str_from(bytes);
    sv_event_parser_init(&parser, MAX_BYTES);
    assert_int_equal(sv_event_parser_feed(&parser, &rest, note, &found), SV_OK);
    assert_string_equal(found.text, "message||a|0;");
    found.stop_after = 3;
    assert_int_equal(sv_event_parser_feed(&parser, &rest, note, &found), SV_OK);
    assert_string_equal(found.text, "message||a|0;message||b|0;message||c|0;");
    assert_int_equal(rest.len, 7);
    assert_memory_equal(rest.ptr, "data: d", 7);
    assert_int_equal(sv_event_parser_feed(&parser, &rest, note, &found), SV_OK);
    assert_int_equal(rest.len, 0);
    rest = SV_STR("d\n\n");
    assert_int_equal(sv_event_parser_feed(&parser, &rest, note, &found), SV_OK);
    assert_string_equal(found.text, "message||a|0;message||b|0;message||c|0;message||dd|0;");
    sv_event_parser_deinit(&parser);
}

static bool try_feed(void *arg)
{
    sv_event_parser parser;
    notes found = {0};
    (void)arg;
    sv_event_parser_init(&parser, MAX_BYTES);
    sv_str first = SV_STR("data: a\nda"), second = SV_STR("ta: bbbbbbbbbbbbbbbbbbbbbbbbbb\n\n");
    sv_status status = sv_event_parser_feed(&parser, &first, note, &found);
    if (!status)
        status = sv_event_parser_feed(&parser, &second, note, &found);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    assert_int_equal(found.n_events, status == SV_OK);
    sv_event_parser_deinit(&parser);
    return status == SV_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_feed, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),          cmocka_unit_test(test_any_split),
        cmocka_unit_test(test_long_names),     cmocka_unit_test(test_failure_is_final),
        cmocka_unit_test(test_stop_and_go_on), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
