/* llama_guard.cc: no exception of llama.cpp leaves this file: above it is C, which they would end. The
 * only C++ of Serval. */
#include "engine/llama/llama_guard.h"

namespace
{
template <typename Value, typename Call> Value guarded(Value otherwise, Call call)
{
    try {
        return call();
    } catch (...) {
        return otherwise;
    }
}

const int32_t threw = SV_LLAMA_GUARD_THREW;
} // namespace

bool sv_llama_guard_start(const char *directory)
{
    return guarded(false, [&] {
        ggml_backend_load_all_from_path(directory);
        llama_backend_init();
        return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) != nullptr;
    });
}

llama_model *sv_llama_guard_load(const char *path, llama_model_params params)
{
    return guarded<llama_model *>(nullptr,
                                  [&] { return llama_model_load_from_file(path, params); });
}

llama_context *sv_llama_guard_context(llama_model *model, llama_context_params params)
{
    return guarded<llama_context *>(nullptr, [&] { return llama_init_from_model(model, params); });
}

int32_t sv_llama_guard_decode(llama_context *context, llama_batch batch)
{
    return guarded(threw, [&] { return llama_decode(context, batch); });
}

bool sv_llama_guard_copy(llama_context *context, llama_seq_id from, llama_seq_id to)
{
    return guarded(false, [&] {
        llama_memory_seq_cp(llama_get_memory(context), from, to, -1, -1);
        return true;
    });
}

int32_t sv_llama_guard_tokenize(const llama_vocab *vocab, const char *text, int32_t len,
                          llama_token *tokens, int32_t capacity, bool begins, bool is_special)
{
    return guarded(threw, [&] {
        return llama_tokenize(vocab, text, len, tokens, capacity, begins, is_special);
    });
}

int32_t sv_llama_guard_piece(const llama_vocab *vocab, llama_token token, char *bytes, int32_t capacity,
                       bool with_special)
{
    return guarded(threw, [&] {
        return llama_token_to_piece(vocab, token, bytes, capacity, 0, with_special);
    });
}

int32_t sv_llama_guard_chat(const char *chat_template, const llama_chat_message *messages, size_t n,
                      bool opens_answer, char *text, int32_t capacity)
{
    return guarded(threw, [&] {
        return llama_chat_apply_template(chat_template, messages, n, opens_answer, text, capacity);
    });
}

llama_sampler *sv_llama_guard_grammar(const llama_vocab *vocab, const char *gbnf)
{
    return guarded<llama_sampler *>(
        nullptr, [&] { return llama_sampler_init_grammar(vocab, gbnf, "root"); });
}

bool sv_llama_guard_apply(llama_sampler *sampler, llama_token_data_array *candidates)
{
    return guarded(false, [&] {
        llama_sampler_apply(sampler, candidates);
        return true;
    });
}

bool sv_llama_guard_accept(llama_sampler *sampler, llama_token token)
{
    return guarded(false, [&] {
        llama_sampler_accept(sampler, token);
        return true;
    });
}
