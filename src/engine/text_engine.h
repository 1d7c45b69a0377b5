/* text_engine.h: language models: the port's slots for sequences of tokens.
 *
 * A *text model* tokenises, names pieces and applies chat templates: const, for any thread. A
 * *context* holds the attention memory (KV cache) of a fixed number of sequences and computes; it
 * belongs to one thread at a time. A *grammar* follows one sequence and says which tokens may come
 * next. What holds for every engine is checked in text_engine.c before an engine is called; no
 * argument may end the process. */
#ifndef SERVAL_ENGINE_TEXT_ENGINE_H
#define SERVAL_ENGINE_TEXT_ENGINE_H

#include "base/buf.h"
#include "engine/engine.h"

typedef int32_t sv_token;

enum {
    SV_NO_TOKEN = -1,
    SV_TEXT_MAX_SEQUENCES = 64, /* of one context */
    SV_TEXT_MAX_BATCH = 2048,   /* tokens of one step */
    SV_TEXT_MAX_THREADS = 256,  /* of one context */
    SV_TEXT_MAX_GRAMMAR = 1 << 20,
    SV_TEXT_MAX_GRAMMAR_DEPTH = 200,
    SV_TEXT_MAX_CHAT = 64 << 20 /* bytes of a conversation as text */
};

/* What a language model is. Lives as long as the model. */
typedef struct sv_text_info {
    int32_t n_vocabulary;
    int32_t n_context;   /* tokens it was trained for: no sequence may be longer */
    int32_t n_embedding; /* width of its hidden state */
    sv_token bos, eos;   /* SV_NO_TOKEN: it has none */
    bool adds_bos;       /* it wants BOS at the beginning of a text */
    uint64_t n_parameters;
    uint64_t kv_bytes_per_token;    /* of one sequence's memory, 16-bit */
    const char *description;        /* "llama 135M Q4_K - Medium" */
    const char *chat_template;      /* as its file has it; NULL: none */
    const char *chat_template_name; /* of the engine's set, when it knows that; NULL */
} sv_text_info;

typedef struct sv_chat_message {
    sv_str role, content; /* no NUL inside */
} sv_chat_message;

typedef struct sv_text_context_options {
    uint32_t n_sequences;           /* 1..SV_TEXT_MAX_SEQUENCES */
    uint32_t n_tokens_per_sequence; /* at most the model's n_context */
    uint32_t max_batch;             /* tokens of one step, 1..SV_TEXT_MAX_BATCH */
    int threads;                    /* that share a step; 0: 1 */
    bool spin;                      /* they wait busily between the parts of a step */
    bool embeds;                   /* for sv_text_embedding instead of logits: mean of the tokens */
    bool (*is_aborted)(void *arg); /* asked often during a step, also by other threads; NULL */
    void *arg;
} sv_text_context_options;

/* One token of a step. Tokens of one sequence are in order and follow on what it holds. */
typedef struct sv_text_entry {
    sv_token token;
    int32_t position; /* from 0 */
    int32_t sequence; /* below n_sequences */
    bool has_logits;  /* what may come next is wanted */
} sv_text_entry;

typedef struct sv_text_model sv_text_model; /* = the engine's model */
typedef struct sv_text_context sv_text_context;
typedef struct sv_text_grammar sv_text_grammar;

/* NULL: it is no language model. Any thread. */
sv_text_model *sv_engine_text_model(sv_engine_model *model);

/* ---- Text; any thread ---- */

const sv_text_info *sv_text_info_of(const sv_text_model *model);
/* Appends the tokens of `text` to those in `tokens`, an array of sv_token. `is_special`: texts of
 * control tokens ("<|im_end|>") become those tokens; only for text that is not a user's.
 * `begins`: with what the model wants at the beginning (BOS). `continues`: the text goes on behind
 * other text, without the space that some vocabularies put before a text. SV_TOO_LARGE: more than
 * `max_tokens` in all (or so many bytes that it was not tried), nothing was appended. SV_FAILED:
 * the vocabulary lacks what it needs for this text. SV_NO_MEMORY. */
typedef struct sv_tokenize_options {
    bool is_special, begins, continues;
    size_t max_tokens;
} sv_tokenize_options;
sv_status sv_text_tokenize(const sv_text_model *model, sv_str text,
                           const sv_tokenize_options *options, sv_buf *tokens) SV_MUST_USE;
/* Appends the bytes of a token, which need not be whole characters; control tokens have none
 * unless `with_special`. SV_INVALID: no such token. SV_NO_MEMORY. */
sv_status sv_text_piece(const sv_text_model *model, sv_token token, bool with_special,
                        sv_buf *bytes) SV_MUST_USE;
/* The sequence is at its end with it. */
bool sv_text_ends(const sv_text_model *model, sv_token token);
/* A token of the vocabulary that stands for no text. False also for what is no token. */
bool sv_text_is_control(const sv_text_model *model, sv_token token);
/* Appends the conversation as text, by `name` of the engine's templates or a template's own text;
 * NULL: ChatML. `opens_answer`: ends with what begins the assistant's answer. SV_UNSUPPORTED: no
 * template of that kind is known. SV_INVALID: a role that is no word of a-z, A-Z, 0-9, '_' and '-',
 * a NUL, or no message at all. SV_TOO_LARGE, SV_NO_MEMORY. chat_prompt.h makes tokens of it. */
typedef struct sv_chat_options {
    const char *template_text;
    bool opens_answer;
} sv_chat_options;
sv_status sv_text_apply_chat(const sv_text_model *model, const sv_chat_message *messages, size_t n,
                             const sv_chat_options *options, sv_buf *text) SV_MUST_USE;

/* ---- Contexts; one thread at a time ---- */

/* Takes the memory of all its sequences at once. SV_INVALID, SV_NO_MEMORY, SV_FAILED. */
sv_status sv_text_context_new(sv_text_model *model, const sv_text_context_options *options,
                              sv_error *error, sv_text_context **ret_context) SV_MUST_USE;
/* NULL is fine. Before its model. */
void sv_text_context_free(sv_text_context *context);
/* One step. SV_INVALID: positions, sequences or tokens that cannot be, or none or more than
 * max_batch; SV_TOO_LARGE: a sequence would be longer than n_tokens_per_sequence; nothing was done.
 * SV_CANCELLED: is_aborted said so; SV_TOO_LARGE: no room; SV_FAILED: the engine failed. After
 * these three the sequences of the step hold what they held before, or nothing where the engine
 * cannot take back: sv_text_held tells. */
sv_status sv_text_step(sv_text_context *context, const sv_text_entry *entries, size_t n,
                       sv_error *error) SV_MUST_USE;
/* The n_vocabulary logits that entry `index` of the last step asked for; the caller may write into
 * them; good until the next step. NULL: it asked for none. */
float *sv_text_logits(sv_text_context *context, size_t index);
/* How many tokens a sequence holds: the position of its next one. 0 for what is no sequence. */
int32_t sv_text_held(const sv_text_context *context, int32_t sequence);
/* What sequence holds from `position` on is forgotten. False: the model cannot forget a part
 * (recurrent ones), the sequence holds nothing now. */
bool sv_text_forget(sv_text_context *context, int32_t sequence, int32_t position);
/* `to` holds what `from` holds, instead of what it held. The time is that of copying the memory of
 * a whole sequence of n_tokens_per_sequence, and is taken by the next step. False: it cannot be
 * copied, `to` holds nothing. */
bool sv_text_copy(sv_text_context *context, int32_t from, int32_t to);
/* Of a context that embeds, after a step: n_embedding numbers for a sequence, not normalised. NULL:
 * the step did not have it. */
const float *sv_text_embedding(sv_text_context *context, int32_t sequence);

/* ---- Grammars; one thread at a time ---- */

/* `gbnf` has a rule `root`, at most SV_TEXT_MAX_GRAMMAR bytes and parentheses at most
 * SV_TEXT_MAX_GRAMMAR_DEPTH deep. SV_INVALID: it cannot be read. SV_TOO_LARGE. SV_NO_MEMORY. */
sv_status sv_text_grammar_new(sv_text_model *model, sv_str gbnf, sv_error *error,
                              sv_text_grammar **ret_grammar) SV_MUST_USE;
void sv_text_grammar_free(sv_text_grammar *grammar);
/* May `token` come next? */
bool sv_text_grammar_allows(sv_text_grammar *grammar, sv_token token);
/* Sets the logits of all tokens that may not come next to -INFINITY; takes milliseconds for a large
 * vocabulary: ask sv_text_grammar_allows for a candidate first. */
void sv_text_grammar_mask(sv_text_grammar *grammar, float *logits, size_t n);
/* `token` came. SV_INVALID: it may not; nothing changed. */
sv_status sv_text_grammar_accept(sv_text_grammar *grammar, sv_token token) SV_MUST_USE;

/* ---- The port ---- */

/* An engine's functions of the same names, without the checks; `model` is what its `load` made.
 * Errors are texts in `message`, of SV_TEXT_MESSAGE_SIZE bytes, ends in zero. */
enum { SV_TEXT_MESSAGE_SIZE = 512 };

typedef struct sv_text_engine {
    const sv_text_info *(*info)(const void *model);
    /* Writes the tokens when they are at most `capacity`; returns how many there are, also when
     * there are more; SIZE_MAX: it failed. */
    size_t (*tokenize)(const void *model, sv_str text, const sv_tokenize_options *options,
                       sv_token *tokens, size_t capacity);
    /* Returns how long it is; writes it when that is at most `capacity`. */
    size_t (*piece)(const void *model, sv_token token, bool with_special, char *bytes,
                    size_t capacity);
    bool (*ends)(const void *model, sv_token token);
    bool (*is_control)(const void *model, sv_token token);
    /* Returns how long it is, SIZE_MAX: unknown template; writes it when it fits. */
    size_t (*apply_chat)(const sv_chat_message *messages, size_t n, const sv_chat_options *options,
                         char *text, size_t capacity);

    sv_status (*context_new)(void *model, const sv_text_context_options *options, char *message,
                             void **ret_context);
    void (*context_free)(void *context);
    sv_status (*step)(void *context, const sv_text_entry *entries, size_t n, char *message);
    float *(*logits)(void *context, size_t index);
    bool (*forget)(void *context, int32_t sequence, int32_t position);
    bool (*copy)(void *context, int32_t from, int32_t to);
    const float *(*embedding)(void *context, int32_t sequence);

    sv_status (*grammar_new)(void *model, sv_str gbnf, char *message, void **ret_grammar);
    void (*grammar_free)(void *grammar);
    bool (*grammar_allows)(void *grammar, sv_token token);
    void (*grammar_mask)(void *grammar, float *logits, size_t n);
    bool (*grammar_accept)(void *grammar, sv_token token); /* one that is allowed */
} sv_text_engine;

#endif
