/* openai_grammar.c: forced calls and response formats as grammars. */
#include "api/openai_grammar.h"

#include "text/grammar.h"

enum { MAX_GRAMMAR = 1 << 20 };

static sv_status write_tools(const sv_openai_tools *tools, sv_buf *out, sv_error *error)
{
    sv_grammar_tool items[SV_OPENAI_MAX_TOOLS];
    for (size_t i = 0; i < tools->n; i++)
        items[i] = (sv_grammar_tool){tools->items[i].name, tools->items[i].parameters};
    return sv_grammar_from_tools(items, tools->n, out, error);
}

static sv_status write_format(const sv_openai_ask *ask, sv_buf *out, sv_error *error)
{
    switch (ask->format) {
    case SV_OPENAI_FORMAT_TEXT:
        break;
    case SV_OPENAI_FORMAT_JSON:
    case SV_OPENAI_FORMAT_SCHEMA:
        return ask->schema ? sv_grammar_from_schema(ask->schema, out, error)
                           : sv_grammar_json_object(out);
    }
    return SV_OK;
}

sv_status sv_openai_grammar_make(sv_arena *arena, const sv_openai_ask *ask,
                                 const sv_openai_tools *tools, sv_error *error, sv_str *ret_gbnf)
{
    bool is_call = tools && tools->n && sv_openai_tools_are_forced(tools);
    sv_error why = {0};
    sv_str gbnf = {0};
    sv_buf out;
    sv_buf_init(&out, MAX_GRAMMAR);
    sv_status status = is_call ? write_tools(tools, &out, &why) : write_format(ask, &out, &why);
    if (status == SV_TOO_LARGE)
        sv_error_set(&why, SV_TOO_LARGE, NULL, "it is too large");
    if (!status && out.len) {
        gbnf = sv_arena_copy(arena, sv_buf_str(&out));
        status = gbnf.ptr ? SV_OK : SV_NO_MEMORY;
    }
    sv_buf_deinit(&out);
    if (status == SV_INVALID || status == SV_TOO_LARGE)
        return sv_openai_fields_refuse(error, is_call ? "tools" : "response_format",
                                       "Invalid schema: %s.", why.message);
    if (!status)
        *ret_gbnf = gbnf;
    return status;
}
