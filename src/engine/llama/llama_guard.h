/* llama_guard.h: the calls of llama.cpp that can throw, with exceptions turned into a value. Each
 * is the library's function of that name, else. */
#ifndef SERVAL_ENGINE_LLAMA_LLAMA_GUARD_H
#define SERVAL_ENGINE_LLAMA_LLAMA_GUARD_H

#include <stdbool.h>

#include <llama.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns that threw. Each number of the library's own is above it. */
enum { SV_LLAMA_GUARD_THREW = -2000000000 };

bool sv_llama_guard_start(const char *directory);
/* NULL. */
struct llama_model *sv_llama_guard_load(const char *path, struct llama_model_params params);
/* NULL. */
struct llama_context *sv_llama_guard_context(struct llama_model *model,
                                             struct llama_context_params params);
/* SV_LLAMA_GUARD_THREW. */
int32_t sv_llama_guard_decode(struct llama_context *context, struct llama_batch batch);
/* False: the copy was not made. */
bool sv_llama_guard_copy(struct llama_context *context, llama_seq_id from, llama_seq_id to);
/* SV_LLAMA_GUARD_THREW. */
int32_t sv_llama_guard_tokenize(const struct llama_vocab *vocab, const char *text, int32_t len,
                                llama_token *tokens, int32_t capacity, bool begins,
                                bool is_special);
/* SV_LLAMA_GUARD_THREW. */
int32_t sv_llama_guard_piece(const struct llama_vocab *vocab, llama_token token, char *bytes,
                             int32_t capacity, bool with_special);
/* SV_LLAMA_GUARD_THREW. */
int32_t sv_llama_guard_chat(const char *chat_template, const struct llama_chat_message *messages,
                            size_t n, bool opens_answer, char *text, int32_t capacity);
/* NULL. */
struct llama_sampler *sv_llama_guard_grammar(const struct llama_vocab *vocab, const char *gbnf);
/* False. */
bool sv_llama_guard_apply(struct llama_sampler *sampler, llama_token_data_array *candidates);
bool sv_llama_guard_accept(struct llama_sampler *sampler, llama_token token);

#ifdef __cplusplus
}
#endif

#endif
