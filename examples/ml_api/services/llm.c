#include "services/llm.h"

#include "config.h"
#include "errors.h"
#include "models/ml_models.h"

/* A text on its way. */
struct writing {
    const struct llm_request *request;
    sv_error *error;
    int64_t left; /* bytes until it fails; < 0: it does not */
};

static sv_status fail(sv_error *error)
{
    return sv_error_set(error, SV_FAILED, &llm_failed_error, "The language model failed");
}

/* What of a piece is passed on, in whole characters. */
static sv_str cut(sv_str piece, int64_t left)
{
    if (left < 0 || piece.len <= (size_t)left)
        return piece;
    while (left && ((unsigned char)piece.ptr[left] & 0xc0) == 0x80)
        left--;
    return sv_str_slice(piece, 0, (size_t)left);
}

static sv_status pass_on(void *arg, sv_str piece)
{
    struct writing *it = arg;
    const struct llm_request *request = it->request;
    sv_str kept = cut(piece, it->left);
    sv_status status = kept.len && request->take ? request->take(request->arg, kept) : SV_OK;
    if (it->left >= 0)
        it->left -= (int64_t)kept.len;
    return !status && kept.len < piece.len ? fail(it->error) : status;
}

sv_status llm_write(sv_call *call, const struct llm_request *request, sv_error *error,
                    sv_str *ret_text)
{
    struct writing it = {request, error, config_of(call)->llm_fails_after};
    sv_loaded_model model;
    sv_generated written;
    sv_status status = ml_models_llm(call, error, &model);
    if (status)
        return status;
    sv_generate_request wanted = {
        .model = &model,
        .prompt = request->prompt,
        .is_message = request->is_message,
        .max_tokens = request->max_tokens,
        .temperature = request->temperature,
        .stops = request->stops.items,
        .n_stops = request->stops.len,
        .on_text = pass_on,
        .arg = &it,
    };
    status = sv_models_generate(call, &wanted, error, &written);
    if (status == SV_FAILED)
        return fail(error); /* an engine's own words are not for clients */
    if (!status)
        *ret_text = written.text;
    return status;
}
