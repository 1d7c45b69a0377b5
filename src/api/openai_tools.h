/* openai_tools.h: functions that a chat may call: what the request says of them, and how a model
 * without a template for tools is told. What it answers: openai_calls.h.
 *
 * DESIGN. A model answers with {"name": "f", "arguments": {…}}, which is what the appendix of the
 * system message asks for and what the grammar of a forced call has. */
#ifndef SERVAL_API_OPENAI_TOOLS_H
#define SERVAL_API_OPENAI_TOOLS_H

#include "api/openai_messages.h"
#include "base/buf.h"
#include "engine/text_engine.h"

enum { SV_OPENAI_MAX_TOOLS = 128, SV_OPENAI_MAX_TOOL_NAME = 64 };

typedef struct sv_openai_tool {
    sv_str name; /* 1 to 64 of A-Z a-z 0-9 _ - */
    sv_str description;
    const sv_value *parameters; /* JSON Schema of an object; NULL: it takes none */
    bool is_strict;
} sv_openai_tool;

typedef enum sv_openai_choice {
    SV_OPENAI_CHOICE_NONE,     /* text only */
    SV_OPENAI_CHOICE_AUTO,     /* as the model likes */
    SV_OPENAI_CHOICE_REQUIRED, /* one of the tools at least */
    SV_OPENAI_CHOICE_NAMED,    /* the one that is left in the list */
} sv_openai_choice;

/* Those that may be called: a choice of some (named, allowed_tools) leaves only these. */
typedef struct sv_openai_tools {
    const sv_openai_tool *items;
    size_t n;
    sv_openai_choice choice;
    bool is_single; /* parallel_tool_calls is false, or a name was chosen */
} sv_openai_tools;

/* Reads tools, tool_choice and parallel_tool_calls. SV_INVALID, SV_NO_MEMORY. */
sv_status sv_openai_tools_read(sv_arena *arena, const sv_value *body, sv_error *error,
                               sv_openai_tools *ret_tools) SV_MUST_USE;
/* The answer has to be a call. */
bool sv_openai_tools_are_forced(const sv_openai_tools *tools);
/* NULL: there is none of this name. */
const sv_openai_tool *sv_openai_tools_find(const sv_openai_tools *tools, sv_str name);

/* The conversation as templates take it: tools are described at the end of the system message
 * (which is made when there is none), earlier calls are the JSON above, results are a user's
 * message that says whose they are. In `arena`. SV_NO_MEMORY, SV_TOO_LARGE. */
sv_status sv_openai_tools_apply(sv_arena *arena, const sv_openai_messages *messages,
                                const sv_openai_tools *tools, const sv_chat_message **ret_messages,
                                size_t *ret_n) SV_MUST_USE;

#endif
