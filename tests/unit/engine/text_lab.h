/* text_lab.h: what tests of language models share: models of ../shared/models/llm with what they
 * are expected to answer, tokens of texts, greedy answers. All skip with a word when the models or
 * the adapter are absent. */
#ifndef SERVAL_TESTS_TEXT_LAB_H
#define SERVAL_TESTS_TEXT_LAB_H

#include "engine/engine_host.h"
#include "engine/text_engine.h"

#define STORIES "stories260k"
#define SMOL "smollm2-135m-instruct"

/* A host that looks for llama.cpp where this build put the adapter. NULL: it is not there. */
sv_engine_host *text_lab_open(void);
/* Set-up and tear-down of a group of tests: the host is what `text_lab_host` is then. */
extern sv_engine_host *text_lab_host;
int text_lab_begin(void **state);
int text_lab_end(void **state);
/* Version 1 of a model, or skips the test. */
sv_engine_model *text_lab_load(sv_engine_host *host, const char *name);
sv_engine_model *text_lab_load_file(sv_engine_host *host, const char *path);
sv_text_context *text_lab_context(sv_engine_model *model, uint32_t n_sequences, uint32_t n_tokens,
                                  uint32_t max_batch);

/* A list of tokens. */
typedef struct text_lab_tokens {
    sv_token at[1024];
    size_t n;
} text_lab_tokens;

/* Of EXPECTED.json: the text, zero-ended, or the numbers that follow the `index`-th `"key":`. */
bool text_lab_expected(const char *name, const char *key, size_t index,
                       text_lab_tokens *ret_tokens);
bool text_lab_expected_text(const char *name, const char *key, size_t index, char *text,
                            size_t size);

text_lab_tokens text_lab_tokenize(const sv_text_model *model, const char *text,
                                  sv_tokenize_options options);
void text_lab_assert_same(const text_lab_tokens *got, const text_lab_tokens *expected);
/* Feeds tokens to a sequence, in steps of at most `chunk`; the last one's logits. */
float *text_lab_feed(sv_text_context *context, int32_t sequence, const sv_token *tokens, size_t n,
                     size_t chunk);
sv_token text_lab_best(const float *logits, int32_t n);
/* The `n` most likely tokens one after another, fewer when the model ends. */
text_lab_tokens text_lab_answer(sv_text_model *model, sv_text_context *context,
                                const text_lab_tokens *prompt, size_t n);

#endif
