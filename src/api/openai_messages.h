/* openai_messages.h: the conversation of a chat request, as its body has it. */
#ifndef SERVAL_API_OPENAI_MESSAGES_H
#define SERVAL_API_OPENAI_MESSAGES_H

#include "api/openai_fields.h"

enum { SV_OPENAI_MAX_MESSAGES = 4096 };

typedef enum sv_openai_role {
    SV_OPENAI_SYSTEM, /* developer, too */
    SV_OPENAI_USER,
    SV_OPENAI_ASSISTANT,
    SV_OPENAI_TOOL, /* function, too */
} sv_openai_role;

typedef struct sv_openai_message {
    sv_openai_role role;
    sv_str content;        /* parts joined; empty: none */
    sv_str name;           /* of the participant or function; empty: none */
    sv_str call_id;        /* of a tool's answer; empty: none */
    const sv_value *calls; /* tool_calls of an assistant, all of them objects; NULL: none */
    bool has_content;
} sv_openai_message;

typedef struct sv_openai_messages {
    const sv_openai_message *items;
    size_t len;
} sv_openai_messages;

/* Reads `messages`. All in `arena`, or parts of the body. SV_INVALID with path and message;
 * SV_NO_MEMORY. */
sv_status sv_openai_messages_read(sv_arena *arena, const sv_value *body, sv_error *error,
                                  sv_openai_messages *ret_messages) SV_MUST_USE;

#endif
