#include "routers/text.h"

#include "errors.h"
#include "services/inference.h"
#include "services/llm.h"

SV_HANDLER(embed, embed_request, embed_response);
static sv_status embed(sv_call *call, const struct embed_request *in, struct embed_response *out)
{
    sv_str text = sv_str_trim(in->text);
    if (!text.len)
        return sv_fail(call, &invalid_input_error, "Text is empty");
    return embed_text(call, text, out);
}

SV_HANDLER(generate, generation_request, generation_response);
static sv_status generate(sv_call *call, const struct generation_request *in,
                          struct generation_response *out)
{
    struct llm_request request = {
        .prompt = in->prompt,
        .max_tokens = in->max_tokens,
        .temperature = in->temperature,
        .stops = in->stop_sequences.value,
    };
    sv_error error = {0};
    *out = (struct generation_response){
        .prompt = in->prompt,
        .max_tokens = in->max_tokens,
        .temperature = in->temperature,
        .stop_sequences = in->stop_sequences,
    };
    sv_status status = llm_write(call, &request, &error, &out->text);
    return status ? sv_fail_with(call, status, &error) : SV_OK;
}

static const sv_error_kind *const embed_errors[] = {&invalid_input_error, &model_not_loaded_error,
                                                    NULL};

static const sv_error_kind *const generate_errors[] = {&invalid_input_error, &llm_failed_error,
                                                       &model_not_loaded_error, NULL};

static const sv_operation operations[] = {
    {"POST", "/embed", &embed_handler, .errors = embed_errors},
    {"POST", "/generate", &generate_handler, .errors = generate_errors},
    {0},
};

const sv_api_router text_router = {.tags = "text", .operations = operations};
