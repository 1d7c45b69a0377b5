/* test_openai_calls.c: calls found in text, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_calls.h"

/* What came out: text as it is, a call as "[n:name]", arguments as they are. */
static sv_status take_text(void *arg, sv_str text)
{
    return sv_buf_append_str(arg, text);
}

static sv_status take_call(void *arg, size_t index, sv_str name)
{
    return sv_buf_printf(arg, "[%zu:%.*s]", index, SV_STR_ARG(name));
}

static sv_status take_arguments(void *arg, size_t index, sv_str piece)
{
    (void)index;
    return sv_buf_append_str(arg, piece);
}

static void check_as(const char *text, const char *expected, size_t piece, sv_openai_tools tools)
{
    static const sv_openai_tool items[] = {{.name = SV_STR_INIT("f")},
                                           {.name = SV_STR_INIT("g-2")}};
    tools.items = items;
    tools.n = 2;
    sv_buf out;
    sv_buf_init(&out, 4096);
    sv_openai_calls calls = {
        .tools = &tools,
        .sink = {.text = take_text, .call = take_call, .arguments = take_arguments, .arg = &out}};
    for (size_t at = 0; at < strlen(text); at += piece)
        assert_int_equal(sv_openai_calls_add(&calls, sv_str_slice(sv_str_from(text), at, piece)),
                         SV_OK);
    assert_int_equal(sv_openai_calls_end(&calls), SV_OK);
    if (!sv_str_eq(sv_buf_str(&out), sv_str_from(expected)))
        fail_msg("%s in pieces of %zu: %.*s", text, piece, SV_STR_ARG(sv_buf_str(&out)));
    sv_buf_deinit(&out);
}

static void check(const char *text, const char *expected, size_t piece, bool is_single)
{
    check_as(text, expected, piece, (sv_openai_tools){.is_single = is_single});
}

static void finds_calls_in_any_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"hello {\"name\": \"f\"}", "hello {\"name\": \"f\"}"},
        {"{\"name\":\"f\",\"arguments\":{}}", "[0:f]{}"},
        {" \n{ \"name\" : \"g-2\" , \"arguments\" : {\"a\": [1, {}]} } bye",
         "[0:g-2]{\"a\": [1, {}]}"},
        {"{\"name\":\"f\",\"parameters\":{\"a\":1}}", "[0:f]{\"a\":1}"},
        {"{\"name\":\"f\",\"arguments\":{\"a\":\"}\\\"{\"}}", "[0:f]{\"a\":\"}\\\"{\"}"},
        {"[{\"name\":\"f\",\"arguments\":{\"a\":1}}, {\"name\":\"g-2\",\"arguments\":{}}]",
         "[0:f]{\"a\":1}[1:g-2]{}"},
        {"<tool_call>\n{\"name\":\"f\",\"arguments\":{}}\n</tool_call>\n<tool_call>\n"
         "{\"name\":\"f\",\"arguments\":{}}\n</tool_call>",
         "[0:f]{}[1:f]{}"},
        {"{\"name\":\"h\",\"arguments\":{}}", "{\"name\":\"h\",\"arguments\":{}}"},
        {"{\"name\":\"f\",\"arguments\":5}", "{\"name\":\"f\",\"arguments\":5}"},
        {"{\"name\":\"f\"}", "{\"name\":\"f\"}"},
        {"{\"nam", "{\"nam"},
        {"[1, 2]", "[1, 2]"},
        {"{\"name\":\"f\",\"arguments\":{\"a\":", "[0:f]{\"a\":"},
        {"  ", "  "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece <= 40; piece++)
            check(rows[i].text, rows[i].expected, piece, false);
}

static void gives_one_when_one_is_wanted(void **state)
{
    (void)state;
    check("[{\"name\":\"f\",\"arguments\":{}},{\"name\":\"f\",\"arguments\":{}}]", "[0:f]{}", 7,
          true);
}

static void a_forced_call_that_is_cut_off_is_no_text(void **state)
{
    (void)state;
    const sv_openai_tools forced = {.choice = SV_OPENAI_CHOICE_REQUIRED};
    check_as("{ \"name\":", "", 3, forced);
    check_as("{\"name\":\"f\",\"arguments\":{\"a", "[0:f]{\"a", 3, forced);
}

static void holds_no_more_than_a_head(void **state)
{
    (void)state;
    char text[2 * SV_OPENAI_CALLS_MAX_HEAD + 1];
    memset(text, ' ', sizeof text);
    text[sizeof text - 1] = '\0';
    check(text, text, 3, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_calls_in_any_pieces),
        cmocka_unit_test(gives_one_when_one_is_wanted),
        cmocka_unit_test(a_forced_call_that_is_cut_off_is_no_text),
        cmocka_unit_test(holds_no_more_than_a_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
