/* test_value.c: what JSON text becomes, how it is walked and written, and where parsing ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "json_cases.h"

static const struct {
    const char *json;
    sv_value_type type;
    const char *written; /* NULL: as it was */
} kinds[] = {
    {"null", SV_VALUE_NULL, NULL},
    {"true", SV_VALUE_BOOL, NULL},
    {"\"a\"", SV_VALUE_STR, NULL},
    {"[]", SV_VALUE_ARRAY, NULL},
    {"{}", SV_VALUE_OBJECT, NULL},
    {"0", SV_VALUE_INT, NULL},
    {"-0", SV_VALUE_INT, "0"},
    {"9223372036854775807", SV_VALUE_INT, NULL},
    {"-9223372036854775808", SV_VALUE_INT, NULL},
    {"9223372036854775808", SV_VALUE_BIG_INT, NULL},
    {"18446744073709551615", SV_VALUE_BIG_INT, NULL},
    {"18446744073709551616", SV_VALUE_BIG_INT, NULL},
    {"-9223372036854775809", SV_VALUE_BIG_INT, NULL},
    {"123456789012345678901234567890", SV_VALUE_BIG_INT, NULL},
    {"1.0", SV_VALUE_DOUBLE, NULL},
    {"-0.0", SV_VALUE_DOUBLE, NULL},
    {"1e2", SV_VALUE_DOUBLE, "100.0"},
    {"0.00001", SV_VALUE_DOUBLE, NULL},
    {"1E-400", SV_VALUE_DOUBLE, "0.0"},
    {"1e400", SV_VALUE_INFINITE, "\"1e400\""},
    {"-1.5E999", SV_VALUE_INFINITE, "\"-1.5E999\""},
    {"{\"a\":1,\"b\":2,\"a\":[3]}", SV_VALUE_OBJECT, "{\"a\":[3],\"b\":2}"},
    {"[{\"a\":{\"x\":1,\"x\":2}},{\"\":null}]", SV_VALUE_ARRAY, "[{\"a\":{\"x\":2}},{\"\":null}]"},
    {"\"\\ud83d\\ude00\\u0000\\n\\u001f/\"", SV_VALUE_STR, "\"😀\\u0000\\n\\u001f/\""},
    {" [ 1 , [ ] , { \"a\" : [ { } ] } ] ", SV_VALUE_ARRAY, "[1,[],{\"a\":[{}]}]"},
};

static void test_kinds(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const sv_value *value = cases_parse(arena, kinds[i].json);
        assert_int_equal(sv_value_get_type(value), kinds[i].type);
        assert_string_equal(cases_text(arena, value).ptr,
                            kinds[i].written ? kinds[i].written : kinds[i].json);
    }
    sv_arena_free(arena);
}

static void test_numbers_as_doubles(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    assert_true(sv_value_double(cases_parse(arena, "-3")) == -3);
    assert_true(sv_value_double(cases_parse(arena, "18446744073709551615")) == 0x1p64);
    assert_true(sv_value_double(cases_parse(arena, "123456789012345678901234567890")) ==
                123456789012345678901234567890.0);
    assert_true(sv_value_double(cases_parse(arena, "1.5")) == 1.5);
    assert_true(isinf(sv_value_double(cases_parse(arena, "1e400"))));
    assert_true(isinf(sv_value_double(cases_parse(arena, "1.5e400"))));
    assert_true(sv_value_double(cases_parse(arena, "-1e400")) == -INFINITY);
    sv_arena_free(arena);
}

static void test_walk(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_value *root = cases_parse(arena, "{\"a\":[1,[2]],\"b\":3,\"a\":4}"), *value, *item;
    sv_value_cursor cursor = sv_value_walk(root);
    sv_str name;
    assert_int_equal(sv_value_len(root), 3);
    assert_true(sv_value_next_member(&cursor, &name, &value));
    assert_true(sv_str_eq(name, SV_STR("a")));
    assert_int_equal(sv_value_index(root, value), 2);
    sv_value_cursor inner = sv_value_walk(value);
    assert_true(sv_value_next_item(&inner, &item) && sv_value_int(item) == 1);
    assert_true(sv_value_next_item(&inner, &item) && sv_value_len(item) == 1);
    assert_false(sv_value_next_item(&inner, &item));
    assert_true(sv_value_next_member(&cursor, &name, &value) && sv_value_int(value) == 3);
    assert_true(sv_value_next_member(&cursor, &name, &value) && sv_value_int(value) == 4);
    assert_false(sv_value_next_member(&cursor, &name, &value));
    assert_int_equal(sv_value_int(sv_value_get(root, SV_STR("a"))), 4);
    assert_null(sv_value_get(root, SV_STR("c")));
    assert_null(sv_value_get(item, SV_STR("a")));
    sv_arena_free(arena);
}

static void test_made_from_texts(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_str texts[] = {SV_STR_INIT("a"), SV_STR_INIT(""), SV_STR_INIT("c\"")};
    assert_string_equal(cases_text(arena, sv_value_from_str(arena, texts[2])).ptr, "\"c\\\"\"");
    assert_string_equal(cases_text(arena, sv_value_from_strs(arena, texts, 3)).ptr,
                        "[\"a\",\"\",\"c\\\"\"]");
    assert_string_equal(cases_text(arena, sv_value_from_strs(arena, texts, 0)).ptr, "[]");
    sv_arena_free(arena);
}

static void test_text_may_go(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    char text[] = "\xEF\xBB\xBF[\"abc\",123456789012345678901234567890]";
    sv_value_error error;
    const sv_value *value;
    sv_str whole = {text, sizeof text - 1};
    assert_int_equal(sv_value_parse(arena, whole, NULL, &error, &value), SV_OK);
    memset(text, 'x', sizeof text);
    assert_string_equal(cases_text(arena, value).ptr, "[\"abc\",123456789012345678901234567890]");
    sv_arena_free(arena);
}

/* `n` times `before`, `middle`, `n` times `after`; the caller frees. */
static char *nest(size_t n, const char *before, const char *middle, const char *after)
{
    size_t size = n * (strlen(before) + strlen(after)) + strlen(middle) + 1;
    char *text = malloc(size), *at = text;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, before);
    at = stpcpy(at, middle);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, after);
    return text;
}

static sv_value_problem problem_of(char *text, int max_depth)
{
    sv_arena *arena = sv_arena_new(0);
    sv_value_error error = {.problem = (sv_value_problem)-1};
    const sv_value *value;
    const sv_value_limits limits = {max_depth};
    sv_status status = sv_value_parse(arena, sv_str_from(text), &limits, &error, &value);
    assert_int_equal(status, error.message ? SV_INVALID : SV_OK);
    if (!status)
        assert_string_equal(cases_text(arena, value).ptr, text);
    sv_arena_free(arena);
    free(text);
    return error.problem;
}

static void test_depth(void **state)
{
    (void)state;
    const sv_value_problem none = (sv_value_problem)-1;
    assert_int_equal(problem_of(nest(1000, "[", "", "]"), 0), none);
    assert_int_equal(problem_of(nest(1001, "[", "", "]"), 0), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(999, "{\"a\":", "[]", "}"), 0), none);
    assert_int_equal(problem_of(nest(1000, "{\"a\":", "[]", "}"), 0), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(100, "[", "1", "]"), 100), none);
    assert_int_equal(problem_of(nest(100, "[", "[1]", "]"), 100), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(999, "[[],", "1", "]"), 0), none);
    assert_int_equal(problem_of(nest(250000, "[", "", "]"), 0), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(250000, "[", "", ""), 0), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(250000, "{\"a\":", "1", "}"), 0), SV_VALUE_TOO_DEEP);
    assert_int_equal(problem_of(nest(250000, "[{\"a\":", "", ""), 0), SV_VALUE_TOO_DEEP);
}

static void test_writing_stops(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    static const char *const values[] = {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]",
                                         "\"abcdefghijklmnopqrstuvwxyz\"",
                                         "{\"abcdefghijklmnopqrstuvwxyz\":1}", "[\"éééééééé\"]"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        sv_buf buf;
        sv_writer writer;
        sv_buf_init(&buf, 64);
        sv_writer_init(&writer, &buf);
        sv_value_write(cases_parse(arena, values[i]), &writer, 8);
        assert_int_equal(sv_buf_status(&buf), SV_OK);
        assert_true(buf.len > 8 && buf.len < 24);
        assert_memory_equal(buf.ptr, values[i], 8);
        sv_buf_deinit(&buf);
    }
    sv_arena_free(arena);
}

static void test_many_members(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    char *text = nest(100000, "{\"a\":1},", "", "");
    text[strlen(text) - 1] = ' ';
    sv_str list = sv_arena_printf(arena, "[%s]", text);
    free(text);
    assert_int_equal(sv_value_len(cases_parse(arena, list.ptr)), 100000);

    char *same = nest(100000, "\"a\":1,", "\"a\":2", "");
    sv_str object = sv_arena_printf(arena, "{%s}", same);
    free(same);
    const sv_value *value = cases_parse(arena, object.ptr);
    assert_int_equal(sv_value_int(sv_value_get(value, SV_STR("a"))), 2);
    assert_string_equal(cases_text(arena, value).ptr, object.ptr); /* too many to compare */
    sv_arena_free(arena);
}

static sv_status parse_list_of(size_t n, size_t max_values)
{
    sv_arena *arena = sv_arena_new(0);
    sv_value_error error;
    const sv_value *value;
    char *text = malloc(2 * n + 2);
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < n; i++)
        memcpy(text + 1 + 2 * i, "0,", 2);
    text[2 * n] = ']';
    const sv_value_limits limits = {.max_values = max_values};
    sv_status status = sv_value_parse(arena, (sv_str){text, 2 * n + 1}, &limits, &error, &value);
    if (!status)
        assert_int_equal(sv_value_len(value), n);
    free(text);
    sv_arena_free(arena);
    return status;
}

static void test_many_values(void **state)
{
    (void)state;
    assert_int_equal(parse_list_of(100000, 0), SV_OK);
    assert_int_equal(parse_list_of(100000, 160000), SV_OK);
    assert_int_equal(parse_list_of(100000, 100001), SV_OK); /* the list is a value too */
    assert_int_equal(parse_list_of(100000, 100000), SV_TOO_LARGE);
    assert_int_equal(parse_list_of(10, 11), SV_OK);
    assert_int_equal(parse_list_of(10, 10), SV_TOO_LARGE);
    assert_int_equal(parse_list_of(SV_VALUE_MAX_VALUES - 1, 0), SV_OK);
    assert_int_equal(parse_list_of(SV_VALUE_MAX_VALUES, 0), SV_TOO_LARGE);
    assert_int_equal(parse_list_of(3000000, 0), SV_TOO_LARGE);
}

static bool parse_with_failures(void *text)
{
    sv_arena *arena = sv_arena_new(0);
    sv_value_error error;
    const sv_value *value;
    sv_status status = SV_NO_MEMORY;
    if (arena)
        status = sv_value_parse(arena, sv_str_from(text), NULL, &error, &value);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    char *small = nest(500, "[1,", "2", "]"),
         *large = nest(900, "[1,\"abcdefghijklmno\",", "2", "]");
    assert_true(strlen(large) > 16 * 1024);
    assert_true(failing_malloc_try_each(parse_with_failures, small) >= 2);
    assert_true(failing_malloc_try_each(parse_with_failures, large) >= 4);
    free(small);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),         cmocka_unit_test(test_numbers_as_doubles),
        cmocka_unit_test(test_walk),          cmocka_unit_test(test_made_from_texts),
        cmocka_unit_test(test_text_may_go),   cmocka_unit_test(test_depth),
        cmocka_unit_test(test_writing_stops), cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_many_values),   cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
