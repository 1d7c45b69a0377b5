/* openai_generation.h: what /v1/chat/completions and /v1/completions share: from what was asked to
 * generations, and the frames of their answers. What is in the frames: openai_answer.h; what is
 * asked: openai_request.h. */
#ifndef SERVAL_API_OPENAI_GENERATION_H
#define SERVAL_API_OPENAI_GENERATION_H

#include "api/generation_answer.h"
#include "api/openai_answer.h"
#include "api/openai_request.h"

enum { SV_OPENAI_TIMEOUT_MS = 600 * 1000 };

/* To be embedded in an endpoint's job, in the call's arena. */
typedef struct sv_openai_generation {
    sv_generation_answer answer; /* `work.call`, `work.begin` and `format` are the endpoint's */
    const sv_openai_ask *ask;    /* the same */
    /* Set by _open. */
    sv_openai_answer words;
    sv_openai_pieces pieces;
} sv_openai_generation;

sv_openai_generation *sv_openai_generation_of(sv_generation_answer *answer);

/* Finds the model that is asked for and goes on with the work's `begin`; as a handler returns. */
sv_status sv_openai_generation_find(sv_openai_generation *generation);
/* In `begin`, first: the model must write text; the words of its answer are prepared. Failures were
 * told to the call. */
sv_status sv_openai_generation_open(sv_openai_generation *generation,
                                    sv_openai_object object) SV_MUST_USE;
/* Ends with a failure of reading a prompt: `param` is to blame. */
sv_status sv_openai_generation_refuse(sv_openai_generation *generation, sv_status status,
                                      const char *param, sv_error *error);
/* Starts ask->n choices of each prompt, which are all tokens, one at least; `gbnf` may be empty.
 * Returns as sv_generation_answer_start. */
sv_status sv_openai_generation_start(sv_openai_generation *generation,
                                     const sv_openai_prompt *prompts, size_t n_prompts,
                                     sv_str gbnf) SV_MUST_USE;

/* Log-probabilities of a part; `*room` is filled. NULL: they were not asked for. */
const sv_openai_logprobs *sv_openai_generation_logprobs(const sv_openai_generation *generation,
                                                        const sv_generation_part *part,
                                                        size_t text_offset,
                                                        sv_openai_logprobs *room);

/* Around every chunk of a stream. */
void sv_openai_generation_open_frame(sv_buf *out);
void sv_openai_generation_close_frame(sv_buf *out);
/* Of sv_answer_format. */
sv_status sv_openai_generation_end(sv_generation_answer *answer, sv_buf *out);
sv_status sv_openai_generation_fail(sv_generation_answer *answer, const sv_error *error,
                                    sv_buf *out);
/* The whole answer. */
sv_status sv_openai_generation_respond(sv_openai_generation *generation,
                                       const sv_openai_choice_answer *choices);

#endif
