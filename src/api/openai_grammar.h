/* openai_grammar.h: what a chat or completion has to fit: a forced call, or a response format, as a
 * grammar for the engine. */
#ifndef SERVAL_API_OPENAI_GRAMMAR_H
#define SERVAL_API_OPENAI_GRAMMAR_H

#include "api/openai_request.h"

/* Empty: any text. `tools` may be NULL; a call that is forced goes before the format. In `arena`.
 * SV_INVALID: a schema that is not understood; end the call with sv_openai_fields_fail.
 * SV_NO_MEMORY. */
sv_status sv_openai_grammar_make(sv_arena *arena, const sv_openai_ask *ask,
                                 const sv_openai_tools *tools, sv_error *error,
                                 sv_str *ret_gbnf) SV_MUST_USE;

#endif
