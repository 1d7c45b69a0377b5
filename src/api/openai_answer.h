/* openai_answer.h: answers of /v1/chat/completions and /v1/completions as JSON: whole objects, and
 * the chunks of a stream. Only writing: no events (the frame around a chunk is the stream's), no
 * engine.
 *
 * DESIGN. What all chunks of an answer have in common is written once, in the beginning; a chunk is
 * that text, the index, and what is new. All functions append to a buffer and say nothing: look at
 * sv_buf_status at the end. */
#ifndef SERVAL_API_OPENAI_ANSWER_H
#define SERVAL_API_OPENAI_ANSWER_H

#include "base/arena.h"
#include "model/generation.h"

enum { SV_OPENAI_ID_SIZE = 48, SV_OPENAI_CALL_ID_SIZE = 32 };

typedef enum sv_openai_object {
    SV_OPENAI_OBJECT_CHAT,
    SV_OPENAI_OBJECT_TEXT, /* of completions */
} sv_openai_object;

/* One answer, the same for all of its choices and chunks. */
typedef struct sv_openai_answer {
    sv_openai_object object;
    char id[SV_OPENAI_ID_SIZE]; /* "chatcmpl-…" or "cmpl-…" */
    int64_t created;            /* seconds since 1970 */
    sv_str model;               /* borrowed */
    sv_str head;    /* a chunk up to the index of its choice: {"id":…,"choices":[{"index": */
    bool has_usage; /* chunks say that there is none yet: "usage":null */
} sv_openai_answer;

/* How a token reads: appends its bytes. */
typedef struct sv_openai_pieces {
    sv_status (*write)(void *arg, sv_token token, sv_buf *bytes);
    void *arg;
} sv_openai_pieces;

/* Log-probabilities that go with a text. */
typedef struct sv_openai_logprobs {
    const sv_generation_token *tokens;
    size_t n_tokens;
    const sv_openai_pieces *pieces;
    size_t text_offset; /* completions: characters of the choice's text before these tokens */
    size_t n_before;    /* bytes of this text, which are another's, before these tokens */
} sv_openai_logprobs;

typedef struct sv_openai_call {
    char id[SV_OPENAI_CALL_ID_SIZE];
    sv_str name, arguments; /* JSON, as the model wrote it */
} sv_openai_call;

typedef struct sv_openai_choice_answer {
    sv_str text;
    const sv_openai_call *calls; /* chat; NULL: none */
    size_t n_calls;
    const sv_openai_logprobs *logprobs; /* NULL: not asked for */
    sv_finish finish;
} sv_openai_choice_answer;

/* A new id; `created` of the system's clock. SV_NO_MEMORY. */
sv_status sv_openai_answer_new(sv_arena *arena, sv_openai_object object, sv_str model,
                               sv_openai_answer *ret_answer) SV_MUST_USE;
/* "call_…" */
void sv_openai_answer_make_call_id(char *id);

/* The whole answer, choices in the order of their index. */
void sv_openai_answer_write(const sv_openai_answer *answer, const sv_openai_choice_answer *choices,
                            size_t n, const sv_generation_usage *usage, sv_buf *buf);

/* Chunks, in this order for each index. The first one is chat's only. */
void sv_openai_answer_role(const sv_openai_answer *answer, size_t index, sv_buf *buf);
/* `logprobs` may be NULL. */
void sv_openai_answer_text(const sv_openai_answer *answer, size_t index, sv_str text,
                           const sv_openai_logprobs *logprobs, sv_buf *buf);
/* A call begins: its arguments follow. */
void sv_openai_answer_call(const sv_openai_answer *answer, size_t index, size_t call_index,
                           const sv_openai_call *call, sv_buf *buf);
void sv_openai_answer_arguments(const sv_openai_answer *answer, size_t index, size_t call_index,
                                sv_str piece, sv_buf *buf);
/* The last of an index. */
void sv_openai_answer_finish(const sv_openai_answer *answer, size_t index, sv_finish finish,
                             bool has_calls, sv_buf *buf);
/* After the last of all, when it was asked for. */
void sv_openai_answer_usage(const sv_openai_answer *answer, const sv_generation_usage *usage,
                            sv_buf *buf);

#endif
