/* openai_tokenize.h: POST /tokenize and /detokenize: texts to a language model's tokens and back,
 * in the shapes of llama-server ("content") and vLLM ("prompt") at once. */
#ifndef SERVAL_API_OPENAI_TOKENIZE_H
#define SERVAL_API_OPENAI_TOKENIZE_H

#include <serval/call.h>

/* Handlers; as of sv_operation. */
sv_status sv_openai_tokenize(sv_call *call);
sv_status sv_openai_tokenize_back(sv_call *call);

#endif
