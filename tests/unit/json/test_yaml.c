/* test_yaml.c: what YAML says, as JSON, with lines; and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "json_cases.h"
#include "json/yaml.h"

static const struct {
    const char *yaml, *json;
} texts[] = {
    {"", "null"},
    {"# nothing\n", "null"},
    {"a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n  d: {}\n",
     "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"],\"c\":{\"d\":{}}}"},
    {"[~, null, Null, NULL, '']", "[null,null,null,null,\"\"]"},
    {"- \n- x", "[null,\"x\"]"},
    {"[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]"},
    {"[yes, no, on, off, y, n, tRue]", "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRue\"]"},
    {"[0, -0, +12, 010, -007, 12345678901234567890123]", "[0,0,12,10,-7,12345678901234567890123]"},
    {"[0o17, 0x1F, 0xg, 0o8, 0x, 0b1, 1_000]", "[15,31,\"0xg\",\"0o8\",\"0x\",\"0b1\",\"1_000\"]"},
    {"[0xFFFFFFFFFFFFFFFF, 0x10000000000000000]", "[18446744073709551615,\"0x10000000000000000\"]"},
    {"[1.5, .5, 1., -2.5E+4, 1e3, +.25, 1e-7]", "[1.5,0.5,1.0,-25000.0,1000.0,0.25,1e-7]"},
    {"[., 1.2.3, 1e, e5, 1:30, 2ms, 2001-01-01]",
     "[\".\",\"1.2.3\",\"1e\",\"e5\",\"1:30\",\"2ms\",\"2001-01-01\"]"},
    {"[.inf, -.inf, .nan, inf]", "[\".inf\",\"-.inf\",\".nan\",\"inf\"]"},
    {"['1', \"true\", !!str 1]", "[\"1\",\"true\",\"1\"]"},
    {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
    {"1: a\ntrue: b\n~: c\n", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
    {"é: '😀'", "{\"é\":\"😀\"}"},
    {"--- 5\n...\n", "5"},
    {"{versions: {default: \"2\"}, weights: {\"1\": 90}}",
     "{\"versions\":{\"default\":\"2\"},\"weights\":{\"1\":90}}"},
};

static void test_texts(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_yaml yaml;
        sv_error error = {0};
        if (sv_yaml_parse(arena, sv_str_from(texts[i].yaml), &error, &yaml))
            fail_msg("%s: %s %s", texts[i].yaml, error.path, error.message);
        assert_string_equal(cases_text(arena, yaml.root).ptr, texts[i].json);
    }
    sv_arena_free(arena);
}

static const struct {
    const char *yaml, *path, *message;
} refused[] = {
    {"a: &x 1\nb: *x", "line 1", "anchors and aliases are not allowed"},
    {"a: 1\nb: *x", "line 2", "anchors and aliases are not allowed"},
    {"a: &x {}", "line 1", "anchors and aliases are not allowed"},
    {"a: &x []", "line 1", "anchors and aliases are not allowed"},
    {"a: !!int 1", "line 1", "tags other than !!str are not allowed"},
    {"a: !mine {}", "line 1", "tags other than !!str are not allowed"},
    {"a: 1\nb: 2\na: 3", "line 3", "a is given twice, first on line 1"},
    {"x:\n  - {b: 1,\n     b: 2}", "line 3", "b is given twice, first on line 2"},
    {"? [1]\n: 2", "line 1", "a name must be a scalar"},
    {"{{a: 1}: 2}", "line 1", "a name must be a scalar"},
    {"--- 1\n--- 2", "line 2", "more than one document"},
    {"a: [1\nb: 2", "line 2", "did not find expected ',' or ']'"},
    {"a:\n\t- 1", "line 2", "found character that cannot start any token"},
    {"a: \"x", "line 1", "found unexpected end of stream"},
    {"a: \xFF", "line 1", "invalid leading UTF-8 octet"},
};

static void test_refused(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sv_yaml yaml;
        sv_error error = {0};
        assert_int_equal(sv_yaml_parse(arena, sv_str_from(refused[i].yaml), &error, &yaml),
                         SV_INVALID);
        assert_string_equal(error.message, refused[i].message);
        assert_string_equal(error.path, refused[i].path);
        assert_int_equal(sv_yaml_parse(arena, sv_str_from(refused[i].yaml), NULL, &yaml),
                         SV_INVALID);
    }
    sv_arena_free(arena);
}

static void test_lines(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_yaml yaml;
    sv_str text = SV_STR("# head\na: 1\nb:\n  c: x\n  d:\n    - 5\n    - {e: 6,\n       f: 7}\n");
    assert_int_equal(sv_yaml_parse(arena, text, NULL, &yaml), SV_OK);
    const sv_value *b = cases_get(yaml.root, "b"), *d = cases_get(b, "d"), *item;
    assert_int_equal(sv_yaml_line(&yaml, yaml.root), 2);
    assert_int_equal(sv_yaml_line(&yaml, cases_get(yaml.root, "a")), 2);
    assert_int_equal(sv_yaml_line(&yaml, b), 4);
    assert_int_equal(sv_yaml_line(&yaml, cases_get(b, "c")), 4);
    assert_int_equal(sv_yaml_line(&yaml, d), 6);
    sv_value_cursor cursor = sv_value_walk(d);
    assert_true(sv_value_next_item(&cursor, &item));
    assert_int_equal(sv_yaml_line(&yaml, item), 6);
    assert_true(sv_value_next_item(&cursor, &item));
    assert_int_equal(sv_yaml_line(&yaml, item), 7);
    assert_int_equal(sv_yaml_line(&yaml, cases_get(item, "f")), 8);
    assert_int_equal(sv_yaml_parse(arena, SV_STR(""), NULL, &yaml), SV_OK);
    assert_int_equal(sv_yaml_line(&yaml, yaml.root), 1);
    sv_arena_free(arena);
}

static sv_status parse_repeated(const char *piece, size_t n)
{
    sv_arena *arena = sv_arena_new(0);
    size_t len = strlen(piece) * n;
    char *text = malloc(len + 1), *at = text;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, piece);
    sv_yaml yaml;
    sv_status status = sv_yaml_parse(arena, (sv_str){text, len}, NULL, &yaml);
    free(text);
    sv_arena_free(arena);
    return status;
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("- 1\n", SV_YAML_MAX_SIZE / 4), SV_OK);
    assert_int_equal(parse_repeated("- 1\n", SV_YAML_MAX_SIZE / 4 + 1), SV_TOO_LARGE);
    assert_int_equal(parse_repeated("[", 100000), SV_INVALID);
    assert_int_equal(parse_repeated("- ", 100000), SV_INVALID);
    assert_int_equal(parse_repeated("{a: ", 100000), SV_INVALID);
    assert_int_equal(parse_repeated("? ", 100000), SV_INVALID);
    assert_int_equal(parse_repeated("a: 1\n", 100000), SV_INVALID); /* names that come twice */
}

static bool parse_with_failures(void *text)
{
    sv_arena *arena = sv_arena_new(0);
    sv_yaml yaml;
    sv_error error;
    sv_status status = SV_NO_MEMORY;
    if (arena)
        status = sv_yaml_parse(arena, sv_str_from(text), &error, &yaml);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    char text[] = "a: {b: [1, 2.5, x]}\nc: 'text of some length to fill the buffer with'\n"
                  "d: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]\n";
    assert_true(failing_malloc_try_each(parse_with_failures, text) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
