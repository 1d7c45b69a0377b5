/* openai.c: the table of OpenAI's API. It is not in OpenAPI: OpenAI publishes a description of its
 * own, and answers are bytes. What requests say: openai_request.c; answers: openai_answer.c. */
#include "api/openai.h"

#include <serval/version.h>

#include "api/openai_chat.h"
#include "api/openai_completions.h"
#include "api/openai_embeddings.h"
#include "api/openai_generation.h"
#include "api/openai_models.h"
#include "api/openai_tokenize.h"

#define HANDLER(NAME, FUNCTION)                                                                    \
    SV_HANDLER_RAW(NAME);                                                                          \
    static sv_status NAME(sv_call *call)                                                           \
    {                                                                                              \
        return FUNCTION(call);                                                                     \
    }

HANDLER(openai_models, sv_openai_models_list)
HANDLER(openai_model, sv_openai_models_get)
HANDLER(openai_embeddings, sv_openai_embeddings)
HANDLER(openai_chat, sv_openai_chat_completions)
HANDLER(openai_completions, sv_openai_completions)
HANDLER(openai_tokenize, sv_openai_tokenize)
HANDLER(openai_detokenize, sv_openai_tokenize_back)

/* As vLLM has it. */
SV_HANDLER_RAW(openai_version);
static sv_status openai_version(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{\"version\":\"" SV_VERSION "\"}"));
}

#define GET(PATH, HANDLER) {"GET", PATH, &HANDLER##_handler, .hidden = true}
#define POST(PATH, HANDLER, TIMEOUT)                                                               \
    {"POST",                                                                                       \
     PATH,                                                                                         \
     &HANDLER##_handler,                                                                           \
     .hidden = true,                                                                               \
     .raw_media = "application/json",                                                              \
     .timeout_ms = TIMEOUT}

enum { USUAL = 0 }; /* the server's own time limit */

const sv_operation *sv_openai_operations(void)
{
    static const sv_operation operations[] = {
        GET("/v1/models", openai_models),
        GET("/v1/models/{id:path}", openai_model),
        POST("/v1/chat/completions", openai_chat, SV_OPENAI_TIMEOUT_MS),
        POST("/v1/completions", openai_completions, SV_OPENAI_TIMEOUT_MS),
        POST("/v1/embeddings", openai_embeddings, USUAL),
        POST("/tokenize", openai_tokenize, USUAL),
        POST("/detokenize", openai_detokenize, USUAL),
        {"GET", "/version", &openai_version_handler, .hidden = true, .run_inline = true},
        {0}};
    return operations;
}
