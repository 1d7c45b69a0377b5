/* oip_generate.h: POST /v2/models/{model}[/versions/{version}]/generate and …/generate_stream:
 * Triton's generate extension for language models: `text_input` and parameters in, `text_output`
 * out. */
#ifndef SERVAL_API_OIP_GENERATE_H
#define SERVAL_API_OIP_GENERATE_H

#include "web/call.h"

enum { SV_OIP_GENERATE_TIMEOUT_MS = 600 * 1000 };

/* The handler of both. SV_DEFERRED, or SV_FAILED, told to the call; SV_NO_MEMORY. */
sv_status sv_oip_generate(sv_call *call, bool is_stream);

#endif
