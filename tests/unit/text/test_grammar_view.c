/* What one place of a JSON Schema says, with references and allOf brought in. */
#include "text/grammar_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static sv_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    return 0;
}

static const sv_value *parse(const char *json)
{
    const sv_value *value = NULL;
    sv_value_error problem;
    assert_int_equal(sv_value_parse(arena, sv_str_from(json), NULL, &problem, &value), SV_OK);
    return value;
}

static void test_what_is_said(void **state)
{
    (void)state;
#define ABOUT(what) (1u << SV_GRAMMAR_ABOUT_##what)
    static const struct {
        const char *schema;
        size_t n_parts;
        unsigned about;
    } cases[] = {
        {"true", 0, 0},
        {"{}", 1, 0},
        {"{\"type\":\"array\",\"items\":{}}", 1, ABOUT(TYPE) | ABOUT(ARRAY)},
        {"{\"minimum\":1,\"minLength\":1}", 1, ABOUT(NUMBER) | ABOUT(STRING)},
        {"{\"allOf\":[{\"minimum\":1},{\"enum\":[1]}]}", 3, ABOUT(NUMBER) | ABOUT(VALUES)},
        {"{\"$ref\":\"#/$defs/a~1b\",\"$defs\":{\"a/b\":{\"anyOf\":[true]}}}", 2, ABOUT(CHOICE)},
    };
    const unsigned ignored = ABOUT(NOTHING) | ABOUT(PARTS);
#undef ABOUT
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_value *schema = parse(cases[i].schema);
        sv_grammar_view view;
        sv_error error = {0};
        if (sv_grammar_view_read(schema, schema, &view, &error))
            fail_msg("%s: %s", cases[i].schema, error.message);
        if (view.n_parts != cases[i].n_parts || (view.about & ~ignored) != cases[i].about)
            fail_msg("%s: %zu parts, about %x", cases[i].schema, view.n_parts, view.about);
    }
}

static void test_get(void **state)
{
    (void)state;
    const sv_value *schema = parse("{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}");
    sv_grammar_view view;
    assert_int_equal(sv_grammar_view_read(schema, schema, &view, NULL), SV_OK);
    assert_int_equal(sv_value_int(sv_grammar_view_get(&view, "minimum")), 1);
    assert_int_equal(sv_value_int(sv_grammar_view_get(&view, "maximum")), 2);
    assert_null(sv_grammar_view_get(&view, "type"));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *message;
    } cases[] = {
        {"{\"not\":{}}", "unsupported keyword \"not\""},
        {"1", "a schema is an object or true"},
        {"{\"$ref\":1}", "\"$ref\" is no text"},
        {"{\"$ref\":\"x.json\"}", "only references within the schema are followed, not \"x.json\""},
        {"{\"$ref\":\"#/a\"}", "nothing is at the reference \"#/a\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_value *schema = parse(cases[i].schema);
        sv_grammar_view view;
        sv_error error = {0};
        assert_int_equal(sv_grammar_view_read(schema, schema, &view, &error), SV_INVALID);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void test_follow(void **state)
{
    (void)state;
    const sv_value *root = parse("{\"a\":{\"$ref\":\"#/b\"},\"b\":{\"type\":\"null\"},"
                                 "\"c\":{\"$ref\":\"#/c\"}}");
    const sv_value *schema = sv_value_get(root, SV_STR("a"));
    sv_error error = {0};
    sv_str ref;
    assert_int_equal(sv_grammar_view_follow(root, &schema, &ref, &error), SV_OK);
    assert_ptr_equal(schema, sv_value_get(root, SV_STR("b")));
    assert_true(sv_str_eq(ref, SV_STR("#/b")));
    assert_int_equal(sv_grammar_view_follow(root, &schema, &ref, &error), SV_OK);
    assert_int_equal(ref.len, 0);
    schema = sv_value_get(root, SV_STR("c"));
    assert_int_equal(sv_grammar_view_follow(root, &schema, &ref, &error), SV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_follow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
