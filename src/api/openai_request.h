/* openai_request.h: bodies of /v1/chat/completions and /v1/completions -> plain structs. Knows no
 * model: prompts become tokens later. Everything lies in the arena or in the body's values. */
#ifndef SERVAL_API_OPENAI_REQUEST_H
#define SERVAL_API_OPENAI_REQUEST_H

#include "api/openai_fields.h"
#include "api/openai_messages.h"
#include "api/openai_tools.h"
#include "model/generation.h"

enum {
    SV_OPENAI_MAX_CHOICES = 16, /* n, and prompts times n */
    SV_OPENAI_MAX_PROMPTS = 16
};

typedef enum sv_openai_format {
    SV_OPENAI_FORMAT_TEXT,
    SV_OPENAI_FORMAT_JSON,   /* any object */
    SV_OPENAI_FORMAT_SCHEMA, /* what `schema` says */
} sv_openai_format;

/* What both requests have. */
typedef struct sv_openai_ask {
    sv_str model;         /* empty: the default */
    sv_sampling sampling; /* without a seed where has_seed is false: take a random one. Choice i of
                             one request takes seed + i */
    bool has_seed;
    const sv_str *stops;
    size_t n_stops;
    int64_t max_tokens; /* 0: as many as there is room for */
    int64_t min_tokens;
    int64_t n; /* choices, of each prompt */
    bool ignores_end;
    bool streams, includes_usage;
    bool has_logprobs;
    int64_t n_top_logprobs;
    sv_openai_format format;
    const sv_value
        *schema;          /* of SV_OPENAI_FORMAT_SCHEMA, and of JSON when there is one; an object */
    sv_str user;          /* for fair shares; empty: none */
    const char *not_here; /* a member that would bind the text and is for other servers; NULL */
} sv_openai_ask;

typedef struct sv_openai_chat {
    sv_openai_ask ask;
    sv_openai_messages messages;
    sv_openai_tools tools; /* n 0: none */
} sv_openai_chat;

/* A prompt is text, or tokens. */
typedef struct sv_openai_prompt {
    sv_str text;
    const int32_t *tokens; /* NULL: text */
    size_t n_tokens;       /* at least 1 */
} sv_openai_prompt;

typedef struct sv_openai_completion {
    sv_openai_ask ask;
    const sv_openai_prompt *prompts;
    size_t n_prompts; /* choice index = prompt x n + i */
    bool echoes;      /* the prompt is repeated before the answer */
} sv_openai_completion;

/* SV_INVALID, SV_NO_MEMORY: end the call with sv_openai_fields_fail. */
sv_status sv_openai_request_chat(sv_arena *arena, const sv_value *body, sv_error *error,
                                 sv_openai_chat *ret_chat) SV_MUST_USE;
sv_status sv_openai_request_completion(sv_arena *arena, const sv_value *body, sv_error *error,
                                       sv_openai_completion *ret_completion) SV_MUST_USE;
/* What needs no tokens: sampling, stops, limits, logprobs. The rest stays as it is. `choice` counts
 * within one prompt. */
void sv_openai_request_fill(const sv_openai_ask *ask, size_t choice,
                            sv_generation_request *request);

#endif
