/* test_form.c: forms in the form of a query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/form.h"

static void test_read(void **state)
{
    (void)state;
    static const struct {
        sv_str body;
        const char *parts; /* "name>value" lines */
    } rows[] = {
        {SV_STR_INIT(""), ""},
        {SV_STR_INIT("&"), ""},
        {SV_STR_INIT("a=1&b=%C3%A9+x&a=2"), "a>1\nb>\xC3\xA9 x\na>2\n"},
        {SV_STR_INIT("a"), "a>\n"},
        {SV_STR_INIT("=b"), ">b\n"},
        {SV_STR_INIT("&&a=1"), "a>1\n"},
        {SV_STR_INIT("a=%FF"), "a>\xEF\xBF\xBD\n"},
        {SV_STR_INIT("a=%zz"), "a>%zz\n"},
        {SV_STR_INIT("a=1;b=2"), "a>1;b=2\n"},
        {SV_STR_INIT("a=b=c"), "a>b=c\n"},
        {SV_STR_INIT("%61=1"), "a>1\n"},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_form form;
        char text[256] = "";
        size_t len = 0;
        assert_int_equal(sv_form_read(arena, rows[i].body, &sv_form_limits_default, NULL, &form),
                         SV_OK);
        for (size_t k = 0; k < form.n_parts; k++) {
            assert_null(form.parts[k].filename.ptr);
            assert_null(form.parts[k].content_type.ptr);
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "%.*s>%.*s\n",
                                 SV_STR_ARG(form.parts[k].name), SV_STR_ARG(form.parts[k].bytes));
        }
        assert_string_equal(text, rows[i].parts);
    }
    sv_arena_free(arena);
}

static void test_limits(void **state)
{
    (void)state;
    static const sv_form_limits limits = {.max_parts = 2, .max_field_bytes = 1024};
    char big[1100];
    memset(big, 'a', sizeof big);
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_form form;
    assert_int_equal(sv_form_read(arena, SV_STR("a&&b&"), &limits, &error, &form), SV_OK);
    assert_int_equal(sv_form_read(arena, SV_STR("a&b&c"), &limits, &error, &form), SV_TOO_LARGE);
    assert_string_equal(error.message, "Too many fields. Maximum number of fields is 2.");
    assert_ptr_equal(error.kind, &sv_kind_bad_request);
    assert_int_equal(sv_form_read(arena, (sv_str){big, 1024}, &limits, &error, &form), SV_OK);
    assert_int_equal(sv_form_read(arena, (sv_str){big, 1025}, &limits, &error, &form),
                     SV_TOO_LARGE);
    assert_string_equal(error.message, "Field exceeded maximum size of 1KB.");
    sv_arena_free(arena);
}

static void test_without_memory(void **state)
{
    (void)state;
    sv_form form;
    sv_arena *arena = sv_arena_new(sizeof(sv_form_part)); /* no room for what is decoded */
    assert_int_equal(sv_form_read(arena, SV_STR("a=%20"), &sv_form_limits_default, NULL, &form),
                     SV_NO_MEMORY);
    assert_int_equal(sv_form_read(arena, SV_STR("a"), &sv_form_limits_default, NULL, &form),
                     SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
