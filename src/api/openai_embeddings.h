/* openai_embeddings.h: POST /v1/embeddings: texts or tokens -> vectors, as numbers or in base64. */
#ifndef SERVAL_API_OPENAI_EMBEDDINGS_H
#define SERVAL_API_OPENAI_EMBEDDINGS_H

#include <serval/call.h>

enum { SV_OPENAI_MAX_INPUTS = 2048 };

/* The handler; as of sv_operation. */
sv_status sv_openai_embeddings(sv_call *call);

#endif
