/* llm.h: a language model that is only pretended: it repeats what it is told, token by token. Put
 * the client of a real one here. */
#ifndef LLM_H
#define LLM_H

#include <serval/serval.h>

/* An answer under way. */
struct llm_stream {
    sv_str rest;
    int64_t left; /* tokens until it fails; < 0: it does not */
};

/* Begins an answer of `greeting` and the message. */
sv_status llm_begin(sv_call *call, const char *greeting, sv_str message, struct llm_stream *ret);
/* The next token, with the blank in front of it; an empty one at the end. SV_IO: the model failed.
 */
sv_status llm_next(struct llm_stream *stream, sv_str *ret_token);
/* The first `max_tokens` words of the prompt, up to the first stop sequence. */
sv_str llm_complete(sv_str prompt, int64_t max_tokens, const sv_strs *stops);

#endif
