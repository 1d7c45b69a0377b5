/* test_multipart.c: forms in parts, whole and cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/multipart.h"

#define A "Content-Disposition: form-data; name=\"a\"\r\n"
#define FILE_A "Content-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n"

static const char invalid[] = "Invalid multipart data.";

enum { TEXT_SIZE = 4096 };

typedef struct transcript {
    char text[TEXT_SIZE];
    size_t len;
} transcript;

static void note(transcript *to, sv_str text)
{
    assert_true(to->len + text.len < TEXT_SIZE);
    memcpy(to->text + to->len, text.ptr, text.len);
    to->text[to->len += text.len] = '\0';
}

static void note_event(transcript *to, const sv_multipart_event *event)
{
    switch (event->kind) {
    case SV_MULTIPART_PART:
        note(to, event->head.name);
        note(to, event->head.filename.ptr ? SV_STR("@") : SV_STR("="));
        break;
    case SV_MULTIPART_DATA:
        assert_true(event->bytes.len > 0);
        note(to, event->bytes);
        break;
    case SV_MULTIPART_PART_END:
        note(to, SV_STR("|"));
        break;
    case SV_MULTIPART_END:
        note(to, SV_STR("."));
        break;
    case SV_MULTIPART_MORE:
        break;
    }
}

static sv_status feed(sv_multipart *parser, sv_str piece, sv_error *error, transcript *to)
{
    sv_multipart_event event = {.kind = SV_MULTIPART_END};
    while (event.kind) {
        sv_status status = sv_multipart_next(parser, &piece, error, &event);
        if (status)
            return status;
        note_event(to, &event);
    }
    assert_int_equal(piece.len, 0);
    return SV_OK;
}

/* Feeds the body in three pieces; the transcript ends in the message of a failure. */
static void read_cut(sv_str body, size_t first, size_t second, transcript *to)
{
    sv_arena *arena = sv_arena_new(0);
    sv_multipart *parser;
    sv_error error = {0};
    to->len = 0;
    to->text[0] = '\0';
    assert_int_equal(sv_multipart_new(arena, SV_STR("multipart/form-data; boundary=X"),
                                      &sv_form_limits_default, &error, &parser),
                     SV_OK);
    sv_status status = feed(parser, sv_str_slice(body, 0, first), &error, to);
    if (!status)
        status = feed(parser, sv_str_slice(body, first, second), &error, to);
    if (!status)
        status = feed(parser, sv_str_slice(body, first + second, body.len), &error, to);
    if (!status)
        status = sv_multipart_finish(parser, &error);
    if (status)
        note(to, sv_str_from(error.message));
    sv_arena_free(arena);
}

static void note_form(transcript *to, const sv_form *form)
{
    for (size_t i = 0; i < form->n_parts; i++) {
        note(to, form->parts[i].name);
        note(to, form->parts[i].filename.ptr ? SV_STR("@") : SV_STR("="));
        note(to, form->parts[i].bytes);
        note(to, SV_STR("|"));
    }
    note(to, SV_STR("."));
}

static sv_status collect(sv_arena *arena, sv_str body, const sv_form_limits *limits,
                         sv_error *error, sv_form *ret_form)
{
    sv_multipart *parser;
    sv_status status = sv_multipart_new(arena, SV_STR("multipart/form-data; boundary=\"X\""),
                                        limits, error, &parser);
    return status ? status : sv_multipart_collect(parser, body, error, ret_form);
}

static void read_whole(sv_str body, transcript *to)
{
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_form form;
    to->len = 0;
    if (collect(arena, body, &sv_form_limits_default, &error, &form) == SV_OK)
        note_form(to, &form);
    else
        note(to, sv_str_from(error.message));
    sv_arena_free(arena);
}

static const struct {
    sv_str body;
    const char *transcript; /* "name=value|" of fields, "name@bytes|" of files, "." */
} rows[] = {
    {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X--"), "a=v|."},
    {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X--\r\nepilogue\r\n--X\r\n"), "a=v|."},
    {SV_STR_INIT("\r\n--X\r\n" A "\r\nv\r\n--X--"), "a=v|."},
    {SV_STR_INIT("preamble --X\r\n--Xno\r\n--X\r\n" A "\r\nv\r\n--X--"), "a=v|."},
    {SV_STR_INIT("--X \t\r\n" A "\r\nv\r\n--X \t \r\n" A "\r\nw\r\n--X--"), "a=v|a=w|."},
    {SV_STR_INIT("--X\r\n" A "\r\n\r\n--X\r\n" FILE_A "\r\n\r\n--X--"), "a=|a@|."},
    {SV_STR_INIT("--X\r\n" FILE_A "\r\n\r\n--Xy\r\n--X-\r\n--X\r\r\n--X\r-\r\n--X--"),
     "a@\r\n--Xy\r\n--X-\r\n--X\r\r\n--X\r-|."},
    {SV_STR_INIT("--X\r\n" FILE_A "\r\n\r\r\r\n\r\n-\r\n--\r\n--X--"), "a@\r\r\r\n\r\n-\r\n--|."},
    {SV_STR_INIT("--X\r\n" A "\r\n\xC3\xA9\r\n--X--"), "a=\xC3\xA9|."},
    {SV_STR_INIT("--X--"), "."},
    {SV_STR_INIT(""), invalid},
    {SV_STR_INIT("garbage"), invalid},
    {SV_STR_INIT("--X\n" A "\n\nv\n--X--"), invalid},
};

static void assert_cuts(sv_str body, const char *expected)
{
    static transcript cut;
    for (size_t i = 0; i < (body.len + 1) * 4; i++) {
        read_cut(body, i / 4, i % 4, &cut);
        if (strcmp(cut.text, expected) != 0)
            fail_msg("cut at %zu+%zu: %s", i / 4, i % 4, cut.text);
    }
}

static void test_rows(void **state)
{
    (void)state;
    static transcript whole;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_whole(rows[i].body, &whole);
        if (strcmp(whole.text, rows[i].transcript) != 0)
            fail_msg("row %zu: %s", i, whole.text);
        assert_cuts(rows[i].body, rows[i].transcript);
    }
}

/* A failure comes after the events before it. */
static void test_broken(void **state)
{
    (void)state;
    static const struct {
        sv_str body;
        const char *transcript;
    } broken[] = {
        {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X\r\n" A "\r\nw\r\n"), "a=v|a=wInvalid"},
        {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X-"), "a=vInvalid"},
        {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X x"), "a=vInvalid"},
        {SV_STR_INIT("--X\r\n" A "\r\nv\r\n--X \rx"), "a=vInvalid"},
        {SV_STR_INIT("--X\r\n" A), "Invalid"},
        {SV_STR_INIT("--X\r\n"), "Invalid"},
        {SV_STR_INIT("--X\r\n\r\nv\r\n--X--"), "The Content-Disposition header"},
        {SV_STR_INIT("--X\r\n" A "No Colon\r\n\r\nv\r\n--X--"), "Invalid"},
    };
    static transcript got;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        for (size_t first = 0; first <= broken[i].body.len; first++) {
            read_cut(broken[i].body, first, 1, &got);
            if (!sv_str_starts_with(sv_str_from(got.text), sv_str_from(broken[i].transcript)))
                fail_msg("row %zu cut at %zu: %s", i, first, got.text);
        }
}

static void test_failure_is_final(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_multipart *parser;
    sv_multipart_event event;
    sv_str bad = SV_STR("--X y"), good = SV_STR("--X--");
    assert_int_equal(
        sv_multipart_new(arena, SV_STR("; boundary=X"), &sv_form_limits_default, NULL, &parser),
        SV_OK);
    assert_int_equal(sv_multipart_next(parser, &bad, NULL, &event), SV_INVALID);
    assert_int_equal(sv_multipart_next(parser, &good, NULL, &event), SV_INVALID);
    assert_int_equal(sv_multipart_finish(parser, NULL), SV_INVALID);
    sv_arena_free(arena);
}

static void test_boundary(void **state)
{
    (void)state;
    static const char seventy[] =
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    static const struct {
        const char *content_type, *message; /* NULL: it is taken */
    } types[] = {
        {"multipart/form-data; boundary=X", NULL},
        {"Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b'()+_,-./:=?\"", NULL},
        {"multipart/form-data", "Missing boundary in multipart."},
        {"multipart/form-data; boundary=", invalid},
        {"multipart/form-data; boundary=\"\"", invalid},
        {"multipart/form-data; boundary=\"a \"", invalid},
        {"multipart/form-data; boundary=\"a\tb\"", invalid},
        {"multipart/form-data; boundary=\xC3\xA9", invalid},
    };
    sv_arena *arena = sv_arena_new(0);
    sv_multipart *parser;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        sv_error error = {0};
        sv_status status = sv_multipart_new(arena, sv_str_from(types[i].content_type),
                                            &sv_form_limits_default, &error, &parser);
        assert_int_equal(status, types[i].message ? SV_INVALID : SV_OK);
        assert_string_equal(error.message, types[i].message ? types[i].message : "");
    }
    assert_int_equal(sv_multipart_new(arena, sv_arena_printf(arena, "; boundary=%s", seventy),
                                      &sv_form_limits_default, NULL, &parser),
                     SV_OK);
    assert_int_equal(sv_multipart_new(arena, sv_arena_printf(arena, "; boundary=%sb", seventy),
                                      &sv_form_limits_default, NULL, &parser),
                     SV_INVALID);
    sv_arena_free(arena);
}

static void test_limits(void **state)
{
    (void)state;
    static const sv_form_limits limits = {
        .max_parts = 2, .max_field_bytes = 1024, .max_head_bytes = 80};
    static const struct {
        const char *head, *message; /* of three parts */
    } types[] = {
        {A, "Too many fields. Maximum number of fields is 2."},
        {FILE_A, "Too many files. Maximum number of files is 2."},
        {A "X: 0123456789012345678901234567890123456789\r\n", invalid},
    };
    sv_arena *arena = sv_arena_new(0);
    sv_form form;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        sv_error error = {0};
        sv_str body =
            sv_arena_printf(arena, "--X\r\n%s\r\n\r\n--X\r\n%s\r\n\r\n--X\r\n%s\r\n\r\n--X--",
                            types[i].head, types[i].head, types[i].head);
        assert_true(collect(arena, body, &limits, &error, &form) != SV_OK);
        assert_string_equal(error.message, types[i].message);
    }
    for (int size = 1024; size <= 1025; size++) {
        sv_error error = {0};
        sv_str field = sv_arena_printf(arena, "--X\r\n" A "\r\n%*d\r\n--X--", size, 1);
        sv_str file = sv_arena_printf(arena, "--X\r\n" FILE_A "\r\n%*d\r\n--X--", size, 1);
        assert_int_equal(collect(arena, file, &limits, &error, &form), SV_OK);
        assert_int_equal(collect(arena, field, &limits, &error, &form),
                         size > 1024 ? SV_TOO_LARGE : SV_OK);
        assert_string_equal(error.message, size > 1024 ? "Part exceeded maximum size of 1KB." : "");
    }
    sv_arena_free(arena);
}

/* Files are not copied; text that is not UTF-8 is. */
static void test_spans(void **state)
{
    (void)state;
    sv_str body = SV_STR("--X\r\n" FILE_A "\r\n\xFF\r\n--Xy\r\n--X\r\n" A "\r\n\xE9\r\n--X--");
    sv_arena *arena = sv_arena_new(0);
    sv_form form;
    assert_int_equal(collect(arena, body, &sv_form_limits_default, NULL, &form), SV_OK);
    assert_int_equal(form.n_parts, 2);
    assert_true(sv_str_eq(form.parts[0].bytes, SV_STR("\xFF\r\n--Xy")));
    assert_ptr_equal(form.parts[0].bytes.ptr, strchr(body.ptr, '\xFF'));
    assert_true(sv_str_eq(form.parts[1].bytes, SV_STR("\xC3\xA9")));
    sv_arena_free(arena);
}

static void test_without_memory(void **state)
{
    (void)state;
    sv_str body = SV_STR("--X\r\n" A "\r\n\xE9\r\n--X--");
    sv_form_limits limits = {.max_parts = 1, .max_field_bytes = 99, .max_head_bytes = 99};
    sv_status status = SV_NO_MEMORY;
    size_t limit = 1;
    for (; status == SV_NO_MEMORY; limit++) {
        sv_arena *arena = sv_arena_new(limit);
        sv_form form;
        status = collect(arena, body, &limits, NULL, &form);
        sv_arena_free(arena);
    }
    assert_int_equal(status, SV_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_broken),
        cmocka_unit_test(test_boundary),       cmocka_unit_test(test_failure_is_final),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_spans),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
