/* test_part_head.c: what a part of a form says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/part_head.h"

#define DISPOSITION "Content-Disposition: form-data; "

static const char invalid[] = "Invalid multipart data.";
static const char nameless[] = "The Content-Disposition header field \"name\" must be provided.";

static const char *show(sv_str text)
{
    return text.ptr ? text.ptr : "-";
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *expected; /* "name|filename|type", or the message */
    } rows[] = {
        {DISPOSITION "name=\"a\"\r\n", "a|-|-"},
        {DISPOSITION "name=a\r\n", "a|-|-"},
        {DISPOSITION "name\r\n", "|-|-"},
        {"content-disposition:FORM-DATA;NAME=\"\"\r\n", "|-|-"},
        {DISPOSITION "name=\" a \"; filename=\"\"\r\n", " a ||-"},
        {DISPOSITION "name=a; filename=\"a;b.png\"\r\nContent-Type: image/png\r\n",
         "a|a;b.png|image/png"},
        {DISPOSITION "name=a;filename=a b.png\r\nContent-Type:\r\n", "a|a b.png|"},
        {DISPOSITION "name=a; filename=\"C:\\\\x\\\\y.png\"\r\n", "a|y.png|-"},
        {DISPOSITION "name=a; filename=\"C:\\x\\y.png\"\r\n", "a|y.png|-"},
        {DISPOSITION "name=a; filename=\"\\\\\\\\h\\\\y.png\"\r\n", "a|y.png|-"},
        {DISPOSITION "name=a; filename=\"../../etc/passwd\"\r\n", "a|../../etc/passwd|-"},
        {DISPOSITION "name=\"a\\\"b\\\\c\\d\"\r\n", "a\"b\\c\\d|-|-"},
        {DISPOSITION "name=\"a%22b%0D%0a%41%\"\r\n", "a\"b\r\n%41%|-|-"},
        {DISPOSITION "name=a; filename*=UTF-8''x.png\r\n", "a|-|-"},
        {DISPOSITION "name=\"\xC3\xA9\"; filename=\"\xE9\"\r\n", "\xC3\xA9|\xC3\xA9|-"},
        {DISPOSITION "name=a; name=b\r\n", "b|-|-"},
        {DISPOSITION "name=a\r\n" DISPOSITION "name=b\r\n", "b|-|-"},
        {DISPOSITION "name=\"a\r\n", "\"a|-|-"},
        {"Content-Transfer-Encoding: base64\r\n" DISPOSITION "name=a\r\n", "a|-|-"},
        {"Content-Type: a/b\r\nContent-Type: c/d\r\n" DISPOSITION "name=a\r\n", "a|-|a/b"},
        {"", nameless},
        {"X-Y: 1\r\n", nameless},
        {"Content-Disposition: form-data\r\n", nameless},
        {"Content-Disposition: attachment; name=a\r\n", nameless},
        {DISPOSITION "name=a\r\nBad Header: x\r\n", invalid},
        {DISPOSITION "name=a\r\nNoColon\r\n", invalid},
        {DISPOSITION "name=a\r\n folded\r\n", invalid},
        {DISPOSITION "name=a\n", invalid},
        {DISPOSITION "name=a\x01\r\n", invalid},
        {": x\r\n", invalid},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_str lines = sv_arena_printf(arena, "%s\r\n", rows[i].lines);
        sv_error error = {0};
        sv_part_head head = {0};
        char text[512];
        if (sv_part_head_read(arena, lines, &error, &head) == SV_OK)
            snprintf(text, sizeof text, "%.*s|%.*s|%.*s", SV_STR_ARG(head.name),
                     head.filename.ptr ? (int)head.filename.len : 1, show(head.filename),
                     head.content_type.ptr ? (int)head.content_type.len : 1,
                     show(head.content_type));
        else
            snprintf(text, sizeof text, "%s", error.message);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: %s", rows[i].lines, text);
        sv_arena_free(arena);
    }
}

static void test_param(void **state)
{
    (void)state;
    static const struct {
        const char *value, *boundary; /* NULL: there is none */
    } rows[] = {
        {"multipart/form-data", NULL},
        {"multipart/form-data;", NULL},
        {"multipart/form-data; Boundary = X ", "X"},
        {"multipart/form-data; a=\"; boundary=Y\"; boundary=\"X;\"", "\"X;\""},
        {"multipart/form-data; boundary=", ""},
        {"boundary=X", NULL},
        {"a; boundary*=X", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_str found = sv_part_head_param(sv_str_from(rows[i].value), SV_STR("boundary"));
        assert_int_equal(found.ptr != NULL, rows[i].boundary != NULL);
        assert_true(sv_str_eq(found, sv_str_from(rows[i].boundary)));
    }
}

static void test_without_memory(void **state)
{
    (void)state;
    static const sv_str lines =
        SV_STR_INIT("Content-Disposition: form-data; name=0123456789abcdef; "
                    "filename=0123456789abcdef\xE9\r\nContent-Type: a/\xE9\r\n\r\n");
    sv_status status = SV_NO_MEMORY;
    size_t limit = 1;
    for (; status == SV_NO_MEMORY; limit++) {
        sv_part_head head;
        sv_arena *arena = sv_arena_new(limit);
        status = sv_part_head_read(arena, lines, NULL, &head);
        sv_arena_free(arena);
    }
    assert_int_equal(status, SV_OK);
    assert_true(limit > 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_param),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
