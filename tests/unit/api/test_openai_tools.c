/* test_openai_tools.c: which functions may be called, and what the model is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_tools.h"

#define TOOLS                                                                                      \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","        \
    "\"parameters\":{\"type\":\"object\"},\"strict\":true}},"                                      \
    "{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]"
#define NAMED(name) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"}}"

static const sv_value *parse(sv_arena *arena, const char *json)
{
    const sv_value *value;
    sv_value_error why;
    if (sv_value_parse(arena, sv_str_from(json), NULL, &why, &value))
        fail_msg("%s: %s", json, why.message);
    return value;
}

static void reads_choices(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t n;
        sv_openai_choice choice;
        bool is_single, is_forced;
    } rows[] = {
        {"{}", 0, SV_OPENAI_CHOICE_NONE, false, false},
        {"{" TOOLS "}", 2, SV_OPENAI_CHOICE_AUTO, false, false},
        {"{" TOOLS ",\"tool_choice\":\"none\"}", 2, SV_OPENAI_CHOICE_NONE, false, false},
        {"{" TOOLS ",\"tool_choice\":\"required\",\"parallel_tool_calls\":false}", 2,
         SV_OPENAI_CHOICE_REQUIRED, true, true},
        {"{" TOOLS ",\"tool_choice\":" NAMED("g") "}", 1, SV_OPENAI_CHOICE_NAMED, true, true},
        {"{" TOOLS ",\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":"
         "\"required\",\"tools\":[" NAMED("g") "]}}}",
         1, SV_OPENAI_CHOICE_REQUIRED, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_openai_tools tools;
        assert_int_equal(sv_openai_tools_read(arena, parse(arena, rows[i].json), &error, &tools),
                         SV_OK);
        assert_int_equal(tools.n, rows[i].n);
        assert_int_equal(tools.choice, rows[i].choice);
        assert_int_equal(tools.is_single, rows[i].is_single);
        assert_int_equal(sv_openai_tools_are_forced(&tools), rows[i].is_forced);
        if (tools.n == 1)
            assert_true(sv_openai_tools_find(&tools, SV_STR("g")) == tools.items);
        assert_null(sv_openai_tools_find(&tools, SV_STR("h")));
        sv_arena_free(arena);
    }
}

static void apply(const char *json, const char *const *expected)
{
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_openai_tools tools;
    sv_openai_messages messages;
    const sv_chat_message *made;
    size_t n, i = 0;
    const sv_value *body = parse(arena, json);
    assert_int_equal(sv_openai_tools_read(arena, body, &error, &tools), SV_OK);
    assert_int_equal(sv_openai_messages_read(arena, body, &error, &messages), SV_OK);
    assert_int_equal(sv_openai_tools_apply(arena, &messages, &tools, &made, &n), SV_OK);
    for (; expected[2 * i]; i++) {
        assert_true(i < n);
        if (!sv_str_eq(made[i].role, sv_str_from(expected[2 * i])) ||
            !sv_str_eq(made[i].content, sv_str_from(expected[2 * i + 1])))
            fail_msg("%.*s: %.*s", SV_STR_ARG(made[i].role), SV_STR_ARG(made[i].content));
    }
    assert_int_equal(i, n);
    sv_arena_free(arena);
}

#define APPENDIX                                                                                   \
    "You can call these functions:\n"                                                              \
    "{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}\n"                \
    "{\"name\":\"g\"}\n"                                                                           \
    "To call one, answer with nothing but JSON: {\"name\": \"the function\", \"arguments\": {…}}"

static void tells_the_model(void **state)
{
    (void)state;
    static const char *const plain[] = {"system", "s", "user", "u", NULL};
    apply("{\"messages\":[{\"role\":\"developer\",\"content\":\"s\"},{\"role\":\"user\","
          "\"content\":\"u\"}]}",
          plain);
    apply("{\"messages\":[{\"role\":\"developer\",\"content\":\"s\"},{\"role\":\"user\","
          "\"content\":\"u\"}]," TOOLS ",\"tool_choice\":\"none\"}",
          plain);
    static const char *const added[] = {"system", APPENDIX, "user", "u", NULL};
    apply("{\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]," TOOLS "}", added);
    static const char *const forced[] = {"system", "s\n\n" APPENDIX "\nYou have to call one now.",
                                         NULL};
    apply("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]," TOOLS
          ",\"tool_choice\":\"required\"}",
          forced);
    static const char *const past[] = {"assistant",
                                       "a\n{\"name\":\"f\",\"arguments\":{\"x\":1}}\n"
                                       "{\"name\":\"g\",\"arguments\":{}}",
                                       "user", "Result of c1:\n42", NULL};
    apply("{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":["
          "{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},{\"function\":{"
          "\"name\":\"g\",\"arguments\":\"\"}}]},"
          "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"42\"}]}",
          past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_choices),
        cmocka_unit_test(tells_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
