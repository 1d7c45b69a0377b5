/* llama_parts.h: what the files of the adapter know of each other. */
#ifndef SERVAL_ENGINE_LLAMA_LLAMA_PARTS_H
#define SERVAL_ENGINE_LLAMA_LLAMA_PARTS_H

#include "engine/llama/llama_adapter.h"
#include "engine/llama/llama_guard.h"

typedef struct sv_llama_model {
    sv_llama_any_model any;
    struct llama_model *llama;
    const struct llama_vocab *vocab;
    sv_text_info info;
    char description[128];
    char *metadata_text; /* what the entries point to */
    sv_engine_entry *metadata;
    size_t n_metadata;
} sv_llama_model;

/* llama_adapter.c. Writes into a message of SV_TEXT_MESSAGE_SIZE bytes and returns `status`. */
sv_status sv_llama_adapter_tell(char *message, sv_status status, const char *format, ...)
    SV_PRINTF(3, 4);
/* The last error line that the library wrote on this thread since it was forgotten, or "". */
const char *sv_llama_adapter_last_error(void);
void sv_llama_adapter_forget_error(void);

/* llama_model.c */
sv_status sv_llama_model_load(const char *path, char *message, sv_llama_any_model **ret_model,
                              sv_engine_info *ret_info);
void sv_llama_model_unload(sv_llama_any_model *model);

/* llama_words.c: the model's text */
const sv_text_info *sv_llama_words_info(const void *model);
size_t sv_llama_words_tokenize(const void *model, sv_str text, const sv_tokenize_options *options,
                               sv_token *tokens, size_t capacity);
size_t sv_llama_words_piece(const void *model, sv_token token, bool with_special, char *bytes,
                            size_t capacity);
bool sv_llama_words_end(const void *model, sv_token token);
bool sv_llama_words_are_control(const void *model, sv_token token);
size_t sv_llama_words_chat(const sv_chat_message *messages, size_t n,
                           const sv_chat_options *options, char *text, size_t capacity);
/* The first of the library's templates that renders as `chat_template` does; NULL. Static. */
const char *sv_llama_words_template_name(const char *chat_template);

/* llama_sequences.c: contexts */
sv_status sv_llama_sequences_new(void *model, const sv_text_context_options *options, char *message,
                                 void **ret_context);
void sv_llama_sequences_free(void *context);
sv_status sv_llama_sequences_step(void *context, const sv_text_entry *entries, size_t n,
                                  char *message);
float *sv_llama_sequences_logits(void *context, size_t index);
bool sv_llama_sequences_forget(void *context, int32_t sequence, int32_t position);
bool sv_llama_sequences_copy(void *context, int32_t from, int32_t to);
const float *sv_llama_sequences_embedding(void *context, int32_t sequence);

/* llama_rules.c: grammars */
sv_status sv_llama_rules_new(void *model, sv_str gbnf, char *message, void **ret_grammar);
void sv_llama_rules_free(void *grammar);
bool sv_llama_rules_allow(void *grammar, sv_token token);
void sv_llama_rules_mask(void *grammar, float *logits, size_t n);
bool sv_llama_rules_accept(void *grammar, sv_token token);

#endif
