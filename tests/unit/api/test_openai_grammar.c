/* test_openai_grammar.c: which grammar a request asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_grammar.h"

#define CHAT(more) "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" more "}"
#define FORMAT(json) CHAT(",\"response_format\":" json)
#define SCHEMA(json)                                                                               \
    FORMAT("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":" json "}}")
#define TOOL(parameters)                                                                           \
    ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"ask\",\"parameters\":" parameters \
    "}}]"

static void makes_grammars(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        sv_status status;
        const char *part; /* of the grammar; of the message with a failure; NULL: no grammar */
        const char *param;
    } rows[] = {
        {CHAT(""), SV_OK, NULL, NULL},
        {FORMAT("{\"type\":\"text\"}"), SV_OK, NULL, NULL},
        {FORMAT("{\"type\":\"json_object\"}"), SV_OK, "root", NULL},
        {SCHEMA("{\"type\":\"object\",\"properties\":{\"colour\":{\"type\":\"string\"}}}"), SV_OK,
         "colour", NULL},
        {SCHEMA("{\"not\":{}}"), SV_INVALID, "not", "response_format"},
        {CHAT(TOOL("{\"type\":\"object\"}")), SV_OK, NULL, NULL},
        {CHAT(TOOL("{\"type\":\"object\"}") ",\"tool_choice\":\"required\""), SV_OK, "ask", NULL},
        {CHAT(TOOL("{\"not\":{}}") ",\"tool_choice\":\"required\""), SV_INVALID, "not", "tools"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_value_error why;
        const sv_value *body;
        sv_openai_chat chat;
        sv_str gbnf = {0};
        assert_int_equal(sv_value_parse(arena, sv_str_from(rows[i].json), NULL, &why, &body),
                         SV_OK);
        assert_int_equal(sv_openai_request_chat(arena, body, &error, &chat), SV_OK);
        sv_status status = sv_openai_grammar_make(arena, &chat.ask, &chat.tools, &error, &gbnf);
        sv_str text = status ? sv_str_from(error.message) : gbnf;
        if (status != rows[i].status || (text.len != 0) != (rows[i].part != NULL) ||
            (text.len && !memmem(text.ptr, text.len, rows[i].part, strlen(rows[i].part))))
            fail_msg("%s: %d %.*s", rows[i].json, status, SV_STR_ARG(text));
        assert_string_equal(error.path, rows[i].param ? rows[i].param : "");
        sv_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_grammars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
