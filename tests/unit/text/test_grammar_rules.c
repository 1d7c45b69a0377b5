/* Rules of a grammar as text: repetitions, terminals, ready-made rules and limits. */
#include "text/grammar_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gbnf.h"

static sv_buf out, line;
static sv_grammar_rules rules;

static int set_up(void **state)
{
    (void)state;
    sv_buf_init(&out, SV_GRAMMAR_MAX_BYTES);
    sv_buf_init(&line, SV_GRAMMAR_MAX_BYTES);
    sv_grammar_rules_init(&rules, &out);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&out);
    sv_buf_deinit(&line);
    return 0;
}

static void assert_text(const sv_buf *buf, const char *text)
{
    if (!sv_str_eq(sv_buf_str(buf), sv_str_from(text)))
        fail_msg("%.*s, not %s", SV_STR_ARG(sv_buf_str(buf)), text);
}

static void test_repetitions(void **state)
{
    (void)state;
    static const struct {
        size_t min, max;
        const char *text;
    } cases[] = {
        {0, SIZE_MAX, "*"},    {1, SIZE_MAX, "+"}, {0, 1, "?"},     {1, 1, "{1,1}"},
        {3, SIZE_MAX, "{3,}"}, {2, 5, "{2,5}"},    {4, 4, "{4,4}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_buf_clear(&line);
        sv_grammar_rules_repeat(&rules, &line, cases[i].min, cases[i].max);
        assert_text(&line, cases[i].text);
    }
    assert_int_equal(sv_grammar_rules_check(&rules, NULL), SV_OK);
}

static void test_terminals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *terminal, *json_terminal;
    } cases[] = {
        {"a b", "\"a b\"", "\"\\\"a b\\\"\""},
        {"\"", "\"\\\"\"", "\"\\\"\\\\\\\"\\\"\""},
        {"\\", "\"\\\\\"", "\"\\\"\\\\\\\\\\\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_buf_clear(&line);
        sv_grammar_rules_write_text(&line, sv_str_from(cases[i].text));
        assert_text(&line, cases[i].terminal);
        sv_buf_clear(&line);
        assert_int_equal(sv_grammar_rules_write_json_text(&line, sv_str_from(cases[i].text)),
                         SV_OK);
        assert_text(&line, cases[i].json_terminal);
    }
}

/* Each comes with all that it names, and reads as it should. */
static void test_ready_made_rules(void **state)
{
    (void)state;
    static const struct {
        sv_grammar_builtin builtin;
        const char *name, *fits, *fails;
    } cases[] = {
        {SV_GRAMMAR_STRING, "string", "\"a\\n\"", "\"a\n\""},
        {SV_GRAMMAR_INTEGER, "integer", "-10", "01"},
        {SV_GRAMMAR_NUMBER, "number", "1.5e-3", "1."},
        {SV_GRAMMAR_BOOLEAN, "boolean", "true", "True"},
        {SV_GRAMMAR_NULL, "null", "null", "nil"},
        {SV_GRAMMAR_VALUE, "value", "{\"a\": [1, {}, null]}", "{\"a\": }"},
        {SV_GRAMMAR_DATE, "date", "\"2024-02-28\"", "\"2024-02-30\""},
        {SV_GRAMMAR_UUID, "uuid", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"1\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_buf_clear(&out);
        sv_buf_clear(&line);
        sv_grammar_rules_init(&rules, &out);
        assert_string_equal(sv_grammar_rules_use(&rules, cases[i].builtin), cases[i].name);
        sv_buf_append_str(&line, sv_str_from(cases[i].name));
        sv_grammar_rules_add(&rules, "root", &line);
        sv_grammar_rules_finish(&rules);
        assert_int_equal(sv_grammar_rules_check(&rules, NULL), SV_OK);
        assert_true(gbnf_matches(sv_buf_str(&out), cases[i].fits));
        assert_false(gbnf_matches(sv_buf_str(&out), cases[i].fails));
    }
}

static void add_rules(size_t n)
{
    sv_buf_clear(&line);
    sv_buf_append_str(&line, SV_STR("\"\""));
    for (size_t i = 0; i < n; i++)
        sv_grammar_rules_add(&rules, "a", &line);
}

static void test_limits(void **state)
{
    (void)state;
    sv_error error = {0};
    add_rules(SV_GRAMMAR_MAX_RULES + 1);
    assert_int_equal(sv_grammar_rules_check(&rules, &error), SV_INVALID);
    assert_true(error.message[0] != '\0');
    sv_buf_clear(&out);
    sv_grammar_rules_init(&rules, &out);
    sv_grammar_rules_repeat(&rules, &line, 0, SV_GRAMMAR_MAX_REPEAT + 1);
    assert_int_equal(sv_grammar_rules_check(&rules, &error), SV_INVALID);
    sv_buf_clear(&out);
    sv_grammar_rules_init(&rules, &out);
    for (size_t i = 0; i <= SV_GRAMMAR_MAX_ALL_REPEATS / SV_GRAMMAR_MAX_REPEAT; i++)
        sv_grammar_rules_repeat(&rules, &line, 0, SV_GRAMMAR_MAX_REPEAT);
    assert_int_equal(sv_grammar_rules_check(&rules, &error), SV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repetitions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_terminals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ready_made_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
