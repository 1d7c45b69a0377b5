/* openai_completions.h: POST /v1/completions: prompts -> what a language model goes on with. */
#ifndef SERVAL_API_OPENAI_COMPLETIONS_H
#define SERVAL_API_OPENAI_COMPLETIONS_H

#include <serval/call.h>

/* The handler; as of sv_operation. */
sv_status sv_openai_completions(sv_call *call);

#endif
