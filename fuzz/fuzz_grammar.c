/* fuzz_grammar.c: hostile schemas become grammars that are bounded, or are refused with a message.
 * The schema serves once as a response's, once as the parameters of a function. */
#include <stdlib.h>
#include <string.h>

#include "text/grammar.h"
#include "text/grammar_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(sv_status status, const sv_buf *out, const sv_error *error)
{
    require(status == SV_OK || status == SV_INVALID);
    require(status ? out->len == 0 && error->message[0] != '\0'
                   : out->len > 0 && out->len <= SV_GRAMMAR_MAX_BYTES);
    require(status || (sv_str_starts_with(sv_buf_str(out), SV_STR("root ::= ")) &&
                       sv_str_is_utf8(sv_buf_str(out))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str input = {(const char *)data, size};
    sv_arena *arena = sv_arena_new(0);
    sv_value_error problem;
    sv_error error = {0};
    const sv_value *schema;
    sv_buf out;
    require(arena != NULL);
    sv_buf_init(&out, 1 << 20);
    if (!sv_value_parse(arena, input, NULL, &problem, &schema)) {
        sv_status status = sv_grammar_from_schema(schema, &out, &error);
        check(status, &out, &error);
        sv_buf_clear(&out);
        const sv_grammar_tool tools[] = {{SV_STR("f\"\\"), schema}, {SV_STR("g"), NULL}};
        require(sv_grammar_from_tools(tools, 2, &out, &error) == status || !status);
        require(sv_buf_status(&out) == SV_OK);
    }
    sv_buf_deinit(&out);
    sv_arena_free(arena);
    return 0;
}
