/* test_json_scan.c: every message and place is that of Python's json module, from
 * tests/cases/validation/syntax.json. */
#include "json_cases.h"
#include "json/json_scan.h"

static bool is_as_recorded(const sv_value *test)
{
    sv_str text = sv_value_str(cases_get(test, "text"));
    const sv_value *message = cases_get(test, "message");
    if (sv_str_starts_with(text, SV_STR("\xEF\xBB\xBF")))
        text = sv_str_slice(text, 3, text.len);
    sv_value_error error;
    bool valid = sv_json_scan(text, SV_VALUE_MAX_DEPTH, &error);
    if (sv_value_get_type(message) == SV_VALUE_NULL)
        return cases_same(text, SV_STR("valid"), sv_str_from(valid ? "valid" : error.message));
    if (valid || error.problem != SV_VALUE_SYNTAX)
        return cases_same(text, sv_value_str(message), SV_STR("no syntax error"));
    size_t position = (size_t)sv_value_int(cases_get(test, "position"));
    if (position != error.position)
        print_error("%.*s: expected at %zu, is %zu\n", SV_STR_ARG(text), position, error.position);
    return cases_same(text, sv_value_str(message), sv_str_from(error.message)) &&
           position == error.position;
}

static void test_messages_and_places(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_value *cases = cases_read(arena, "syntax.json"), *test;
    sv_value_cursor cursor = sv_value_walk(cases);
    size_t n_wrong = 0;
    while (sv_value_next_item(&cursor, &test))
        n_wrong += !is_as_recorded(test);
    assert_true(sv_value_len(cases) > 150);
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}

static const struct {
    const char *text;
    size_t len;
    sv_value_problem problem;
} unreadable[] = {
    {"\"\\ud800\"", 8, SV_VALUE_LONE_SURROGATE},
    {"\"\\udc00\"", 8, SV_VALUE_LONE_SURROGATE},
    {"\"\\ud800\\ud800\"", 14, SV_VALUE_LONE_SURROGATE},
    {"\"\\ud83dx\"", 9, SV_VALUE_LONE_SURROGATE},
    {"{\"\\udfff\":1}", 12, SV_VALUE_LONE_SURROGATE},
    {"[\"\\ud800\",]", 11, SV_VALUE_SYNTAX}, /* FastAPI knows no surrogates: the comma is told */
    {"\"\xFF\"", 3, SV_VALUE_NOT_UTF8},
    {"\"\xED\xA0\x80\"", 5, SV_VALUE_NOT_UTF8},
    {"\"\xC0\xAF\"", 4, SV_VALUE_NOT_UTF8},
    {"\"\xE2\x82\"", 4, SV_VALUE_NOT_UTF8},
    {"\xFF\xFE{\0}\0", 6, SV_VALUE_NOT_UTF8},
    {"{\0}\0", 4, SV_VALUE_NOT_UTF8},
    {"\0{\0}", 4, SV_VALUE_NOT_UTF8},
    {"1\0", 2, SV_VALUE_NOT_UTF8},
    {"1\0\0\0", 4, SV_VALUE_NOT_UTF8},
    {"\0\0\0001", 4, SV_VALUE_NOT_UTF8},
    {"[[[[[1]]]]]", 11, SV_VALUE_TOO_DEEP},
    {"[[[[[", 5, SV_VALUE_TOO_DEEP},
    {"{\"a\":{\"a\":{\"a\":{\"a\":[]}}}}", 26, SV_VALUE_TOO_DEEP},
    {"[[[[1]]],[[[", 12, SV_VALUE_SYNTAX},
};

static void test_texts_that_are_no_syntax_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++) {
        sv_value_error error;
        sv_str text = {unreadable[i].text, unreadable[i].len};
        assert_false(sv_json_scan(text, 4, &error));
        if (error.problem != unreadable[i].problem)
            fail_msg("row %zu: %d, %s", i, (int)error.problem, error.message);
    }
}

static void test_valid_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"1",
                                        "-0",
                                        "[]",
                                        "{}",
                                        " [ 1 , 2 ] ",
                                        "1e5",
                                        "\"\\ud83d\\ude00\"",
                                        "null",
                                        "[[[[]]]]",
                                        "{\"a\":{\"a\":[{}]},\"b\":[[[1.5E-3]]]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_value_error error;
        assert_true(sv_json_scan(sv_str_from(texts[i]), 4, &error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_and_places),
        cmocka_unit_test(test_texts_that_are_no_syntax_errors),
        cmocka_unit_test(test_valid_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
