/* test_cookie.c: cookies, as Starlette reads and writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/cookie.h"

/* Name and value of every cookie, each followed by a line feed; "name>value". */
static void assert_pairs(const char *field, const char *expected)
{
    sv_arena *arena = sv_arena_new(0);
    sv_str rest = sv_str_from(field), name, value;
    char text[512] = "";
    size_t len = 0;
    while (sv_cookie_next(&rest, arena, &name, &value))
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s>%.*s\n", SV_STR_ARG(name),
                                SV_STR_ARG(value));
    if (strcmp(text, expected) != 0)
        fail_msg("%s: %s", field, text);
    sv_arena_free(arena);
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *field, *pairs;
    } rows[] = {
        {"", ""},
        {"a=b; c=\"d e\"", "a>b\nc>d e\n"},
        {"a=1; a=2", "a>1\na>2\n"},
        {"a=\"x\\\"y\\\\z\\054\"", "a>x\"y\\z,\n"},
        {"a", ">a\n"},
        {"=", ""},
        {"=b", ">b\n"},
        {";;", ""},
        {"a=", "a>\n"},
        {"a=b=c", "a>b=c\n"},
        {"\t a = b ", "a>b\n"},
        {"a=\"", "a>\"\n"},
        {"a=\"\"", "a>\n"},
        {"\"a\"=b", "\"a\">b\n"},
        {"a=\"\\", "a>\"\\\n"},
        {"a=\"b\" c", "a>\"b\" c\n"},
        {"a=\"\\351\\012\"", "a>\xC3\xA9\n\n"},
        {"a=\"\\400\\34\\38x\"", "a>4003438x\n"},
        {"a=\"x\\\"", "a>x\\\n"},
        {"a=\"\\\n\"", "a>\\\n\n"},
        {"a=\"\\\xC3\xA9\"", "a>\xC3\xA9\n"},
        {"a=\xC3\xA9; \xE9=x", "a>\xC3\xA9\n\xEF\xBF\xBD>x\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_pairs(rows[i].field, rows[i].pairs);
}

static void test_read_without_memory(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(1);
    sv_str rest = SV_STR("a=b; c=\"\\054\""), name, value;
    sv_arena_alloc(arena, 1);
    assert_true(sv_cookie_next(&rest, arena, &name, &value));
    assert_false(sv_cookie_next(&rest, arena, &name, &value));
    sv_arena_free(arena);
}

#define NAMED(...) {.name = SV_STR_INIT("k"), __VA_ARGS__}
#define VALUE(text)                                                                                \
    {.name = SV_STR_INIT("k"),                                                                     \
     .value = SV_STR_INIT(text),                                                                   \
     .same_site = SV_SAME_SITE_UNSET,                                                              \
     .path = SV_STR_INIT("")}

static void test_write(void **state)
{
    (void)state;
    static const struct {
        sv_cookie cookie;
        const char *field;
    } rows[] = {
        {NAMED(.value = SV_STR_INIT("v")), "k=v; Path=/; SameSite=lax"},
        {NAMED(.value = SV_STR_INIT("v"), .has_max_age = true, .max_age_s = 3600,
               .has_expires = true, .expires = 1795509000, .path = SV_STR_INIT("/x"),
               .domain = SV_STR_INIT("example.com"), .secure = true, .http_only = true,
               .same_site = SV_SAME_SITE_NONE),
         "k=v; Domain=example.com; expires=Tue, 24 Nov 2026 08:30:00 GMT; HttpOnly; Max-Age=3600; "
         "Path=/x; SameSite=none; Secure"},
        {NAMED(.has_max_age = true, .max_age_s = -5, .same_site = SV_SAME_SITE_STRICT),
         "k=\"\"; Max-Age=-5; Path=/; SameSite=strict"},
        {VALUE("a b"), "k=\"a b\""},
        {VALUE("a;b,\n\x7F"), "k=\"a\\073b\\054\\012\\177\""},
        {VALUE("a\"b\\c"), "k=\"a\\\"b\\\\c\""},
        {VALUE("\xC3\xA9\xC2\x80"), "k=\"\\351\\200\""},
        {VALUE("a\0b"), "k=\"a\\000b\""},
        {VALUE("!#$%&'*+-.^_`|~:"), "k=!#$%&'*+-.^_`|~:"},
        {VALUE("()/<=>?@[]{}"), "k=\"()/<=>?@[]{}\""},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_str field;
        assert_int_equal(sv_cookie_format(arena, &rows[i].cookie, NULL, &field), SV_OK);
        if (!sv_str_eq(field, sv_str_from(rows[i].field)))
            fail_msg("%.*s", SV_STR_ARG(field));
    }
    sv_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    char big[5000];
    memset(big, 'x', sizeof big);
    const sv_cookie rows[] = {
        {.name = SV_STR("")},
        {.name = SV_STR("a b")},
        {.name = SV_STR("a=")},
        {.name = SV_STR("\xC3\xA9")},
        {.name = SV_STR("Max-Age")},
        NAMED(.value = SV_STR("\xE2\x82\xAC")),
        NAMED(.value = SV_STR("\xC3")),
        NAMED(.path = SV_STR("/;x")),
        NAMED(.domain = SV_STR("a\r\nb")),
        NAMED(.has_expires = true, .expires = -1),
        NAMED(.has_expires = true, .expires = INT64_MAX),
        NAMED(.value = {big, sizeof big}),
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_error error = {0};
        sv_str field;
        if (sv_cookie_format(arena, &rows[i], &error, &field) != SV_INVALID || !*error.message)
            fail_msg("row %zu is taken", i);
    }
    sv_arena_free(arena);
}

static void test_write_without_memory(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(1);
    sv_cookie plain = NAMED(.value = SV_STR("v")), quoted = NAMED(.value = SV_STR(" "));
    sv_str field;
    assert_int_equal(sv_cookie_format(arena, &plain, NULL, &field), SV_NO_MEMORY);
    assert_int_equal(sv_cookie_format(arena, &quoted, NULL, &field), SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_without_memory),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_write_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
