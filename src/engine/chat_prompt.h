/* chat_prompt.h: a conversation as tokens, in which no text of a user can become a control token.
 * Knows the port of language models (text_engine.h) only. */
#ifndef SERVAL_ENGINE_CHAT_PROMPT_H
#define SERVAL_ENGINE_CHAT_PROMPT_H

#include "engine/text_engine.h"

typedef struct sv_chat_prompt {
    const sv_chat_message *messages;
    size_t n_messages; /* 1..SV_CHAT_PROMPT_MAX_MESSAGES */
    const char
        *template_text; /* or a name of the engine's set; NULL: the model's own, else ChatML */
    bool opens_answer;  /* ends with what begins the assistant's answer */
    size_t max_tokens;
} sv_chat_prompt;

enum { SV_CHAT_PROMPT_MAX_MESSAGES = 4096 };

/* Appends the conversation's tokens to `tokens`, an array of sv_token; on failure that is as it
 * was. Contents are texts, whatever they look like; what the template writes around them are
 * markers. A template's own default system message is used when the conversation begins with none.
 * Blanks around a content go where the template takes them away. Any thread. SV_UNSUPPORTED: the
 * template is of no known kind. SV_INVALID, kind sv_kind_invalid_input: roles, no or too many
 * messages, a NUL in a content. SV_TOO_LARGE: more than max_tokens. SV_FAILED: the vocabulary
 * cannot spell a text. SV_NO_MEMORY. */
sv_status sv_chat_prompt_tokens(const sv_text_model *model, const sv_chat_prompt *prompt,
                                sv_error *error, sv_buf *tokens) SV_MUST_USE;

/* The system message that a ChatML-like Jinja template writes itself when a conversation has none;
 * empty: it writes none. Borrowed from `template_text`. Pure. */
sv_str sv_chat_prompt_default_system(const char *template_text);

#endif
