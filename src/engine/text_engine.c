/* text_engine.c: the checks that hold for every engine with sequences of tokens. Engines are called
 * with what cannot be refused only: some of them end the process for a wrong argument.
 *
 * DESIGN. A context keeps its own count of what each sequence holds, so that wrong positions are
 * seen here. After a failed step the engine is told to take back what the step may have left. */
#include "engine/text_engine.h"

#include <stdlib.h>
#include <string.h>

#include "engine/engine_model.h"

/* A token stands for at most so many bytes of text that it is worth to be tried. */
enum { BYTES_PER_TOKEN = 64, FIRST_GUESS = 64, CHAT_GUESS = 1024, MAX_ROLE = 64 };

struct sv_text_context {
    const sv_text_engine *engine;
    void *context;
    sv_text_context_options options;
    int32_t n_vocabulary;
    size_t n_last;                       /* entries of the last step */
    int32_t held[SV_TEXT_MAX_SEQUENCES]; /* tokens of each sequence */
    bool is_in_last[SV_TEXT_MAX_SEQUENCES];
    bool has_logits[]; /* of the last step; max_batch of them */
};

struct sv_text_grammar {
    const sv_text_engine *engine;
    void *grammar;
    int32_t n_vocabulary;
};

static const sv_engine_model *inside(const sv_text_model *model)
{
    return (const sv_engine_model *)model;
}

static const sv_text_engine *engine_of(const sv_text_model *model)
{
    return inside(model)->loaded.text;
}

static void *model_of(const sv_text_model *model)
{
    return inside(model)->loaded.model;
}

sv_text_model *sv_engine_text_model(sv_engine_model *model)
{
    return model->loaded.text ? (sv_text_model *)model : NULL;
}

const sv_text_info *sv_text_info_of(const sv_text_model *model)
{
    return engine_of(model)->info(model_of(model));
}

static bool is_token(const sv_text_model *model, sv_token token)
{
    return token >= 0 && token < sv_text_info_of(model)->n_vocabulary;
}

/* ---- Text ---- */

sv_status sv_text_tokenize(const sv_text_model *model, sv_str text,
                           const sv_tokenize_options *options, sv_buf *tokens)
{
    size_t n_before = tokens->len / sizeof(sv_token);
    if (n_before > options->max_tokens ||
        text.len / BYTES_PER_TOKEN > options->max_tokens - n_before || text.len > INT32_MAX / 2)
        return SV_TOO_LARGE;
    size_t room = options->max_tokens - n_before;
    /* Few texts have more tokens than bytes; the rest is seen at the second try. */
    size_t capacity = text.len + FIRST_GUESS < room ? text.len + FIRST_GUESS : room;
    if (text.len == 0)
        text.ptr = "";
    for (;;) {
        char *at = sv_buf_reserve(tokens, capacity * sizeof(sv_token));
        if (!at && capacity)
            return sv_buf_status(tokens);
        size_t n = engine_of(model)->tokenize(model_of(model), text, options,
                                              (sv_token *)(void *)at, capacity);
        if (n == SIZE_MAX)
            return SV_FAILED;
        if (n > room)
            return SV_TOO_LARGE;
        if (n <= capacity) {
            sv_buf_advance(tokens, n * sizeof(sv_token));
            return SV_OK;
        }
        capacity = n;
    }
}

sv_status sv_text_piece(const sv_text_model *model, sv_token token, bool with_special,
                        sv_buf *bytes)
{
    if (!is_token(model, token))
        return SV_INVALID;
    for (size_t capacity = FIRST_GUESS;;) {
        char *at = sv_buf_reserve(bytes, capacity);
        if (!at)
            return sv_buf_status(bytes);
        size_t len = engine_of(model)->piece(model_of(model), token, with_special, at, capacity);
        if (len <= capacity) {
            sv_buf_advance(bytes, len);
            return SV_OK;
        }
        capacity = len;
    }
}

bool sv_text_ends(const sv_text_model *model, sv_token token)
{
    return is_token(model, token) && engine_of(model)->ends(model_of(model), token);
}

bool sv_text_is_control(const sv_text_model *model, sv_token token)
{
    return is_token(model, token) && engine_of(model)->is_control(model_of(model), token);
}

static bool is_role(sv_str role)
{
    for (size_t i = 0; i < role.len; i++) {
        char c = role.ptr[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!fits)
            return false;
    }
    return role.len > 0 && role.len <= MAX_ROLE;
}

static sv_status check_messages(const sv_chat_message *messages, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        sv_str content = messages[i].content;
        if (!is_role(messages[i].role) || (content.len && memchr(content.ptr, '\0', content.len)))
            return SV_INVALID;
        if (content.len > SV_TEXT_MAX_CHAT - bytes)
            return SV_TOO_LARGE;
        bytes += content.len;
    }
    return n ? SV_OK : SV_INVALID;
}

sv_status sv_text_apply_chat(const sv_text_model *model, const sv_chat_message *messages, size_t n,
                             const sv_chat_options *options, sv_buf *text)
{
    sv_status status = check_messages(messages, n);
    if (status)
        return status;
    for (size_t capacity = CHAT_GUESS;;) {
        char *at = sv_buf_reserve(text, capacity);
        if (!at)
            return sv_buf_status(text);
        size_t len = engine_of(model)->apply_chat(messages, n, options, at, capacity);
        if (len == SIZE_MAX)
            return SV_UNSUPPORTED;
        if (len <= capacity) {
            sv_buf_advance(text, len);
            return SV_OK;
        }
        capacity = len;
    }
}

/* ---- Contexts ---- */

static sv_status check_options(const sv_text_info *info, const sv_text_context_options *options,
                               sv_error *error)
{
    const struct {
        const char *name;
        int64_t value, low, high;
    } rows[] = {
        {"n_sequences", options->n_sequences, 1, SV_TEXT_MAX_SEQUENCES},
        {"n_tokens_per_sequence", options->n_tokens_per_sequence, 1, info->n_context},
        {"max_batch", options->max_batch, 1, SV_TEXT_MAX_BATCH},
        {"threads", options->threads, 0, SV_TEXT_MAX_THREADS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value < rows[i].low || rows[i].value > rows[i].high)
            return sv_error_set(error, SV_INVALID, NULL, "%s is %lld, must be %lld to %lld",
                                rows[i].name, (long long)rows[i].value, (long long)rows[i].low,
                                (long long)rows[i].high);
    return SV_OK;
}

sv_status sv_text_context_new(sv_text_model *model, const sv_text_context_options *options,
                              sv_error *error, sv_text_context **ret_context)
{
    const sv_text_info *info = sv_text_info_of(model);
    char message[SV_TEXT_MESSAGE_SIZE] = "";
    sv_status status = check_options(info, options, error);
    if (status)
        return status;
    sv_text_context *context =
        calloc(1, sizeof *context + options->max_batch * sizeof *context->has_logits);
    if (!context)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    context->engine = engine_of(model);
    context->options = *options;
    context->n_vocabulary = info->n_vocabulary;
    status = context->engine->context_new(model_of(model), options, message, &context->context);
    if (status) {
        free(context);
        return sv_error_set(error, status, NULL, "%s", message);
    }
    *ret_context = context;
    return SV_OK;
}

void sv_text_context_free(sv_text_context *context)
{
    if (!context)
        return;
    context->engine->context_free(context->context);
    free(context);
}

static bool is_sequence(const sv_text_context *context, int32_t sequence)
{
    return sequence >= 0 && (uint32_t)sequence < context->options.n_sequences;
}

static sv_status check_entry(const sv_text_context *context, const sv_text_entry *entry,
                             int32_t *next, sv_error *error)
{
    if (entry->token < 0 || entry->token >= context->n_vocabulary)
        return sv_error_set(error, SV_INVALID, NULL, "there is no token %d", (int)entry->token);
    if (!is_sequence(context, entry->sequence))
        return sv_error_set(error, SV_INVALID, NULL, "there is no sequence %d",
                            (int)entry->sequence);
    int32_t position = next[entry->sequence];
    if (entry->position != position)
        return sv_error_set(error, SV_INVALID, NULL, "position %d of sequence %d is not %d",
                            (int)entry->position, (int)entry->sequence, (int)position);
    if ((uint32_t)position >= context->options.n_tokens_per_sequence)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "sequence %d is longer than %u tokens",
                            (int)entry->sequence, (unsigned)context->options.n_tokens_per_sequence);
    next[entry->sequence]++;
    return SV_OK;
}

static void take_back(sv_text_context *context, const int32_t *next)
{
    for (uint32_t i = 0; i < context->options.n_sequences; i++)
        if (next[i] != context->held[i])
            sv_text_forget(context, (int32_t)i, context->held[i]);
}

sv_status sv_text_step(sv_text_context *context, const sv_text_entry *entries, size_t n,
                       sv_error *error)
{
    int32_t next[SV_TEXT_MAX_SEQUENCES];
    char message[SV_TEXT_MESSAGE_SIZE] = "";
    if (n < 1 || n > context->options.max_batch)
        return sv_error_set(error, SV_INVALID, NULL, "a step of %zu tokens: 1 to %u are allowed", n,
                            (unsigned)context->options.max_batch);
    memcpy(next, context->held, sizeof next);
    for (size_t i = 0; i < n; i++) {
        sv_status status = check_entry(context, &entries[i], next, error);
        if (status)
            return status;
    }
    context->n_last = 0;
    memset(context->is_in_last, 0, sizeof context->is_in_last);
    sv_status status = context->engine->step(context->context, entries, n, message);
    if (status) {
        take_back(context, next);
        return sv_error_set(error, status, NULL, "%s", message);
    }
    memcpy(context->held, next, sizeof next);
    for (size_t i = 0; i < n; i++) {
        context->has_logits[i] = entries[i].has_logits;
        context->is_in_last[entries[i].sequence] = true;
    }
    context->n_last = n;
    return SV_OK;
}

float *sv_text_logits(sv_text_context *context, size_t index)
{
    if (index >= context->n_last || !context->has_logits[index] || context->options.embeds)
        return NULL;
    return context->engine->logits(context->context, index);
}

const float *sv_text_embedding(sv_text_context *context, int32_t sequence)
{
    if (!context->options.embeds || !is_sequence(context, sequence) ||
        !context->is_in_last[sequence])
        return NULL;
    return context->engine->embedding(context->context, sequence);
}

int32_t sv_text_held(const sv_text_context *context, int32_t sequence)
{
    return is_sequence(context, sequence) ? context->held[sequence] : 0;
}

bool sv_text_forget(sv_text_context *context, int32_t sequence, int32_t position)
{
    if (!is_sequence(context, sequence))
        return false;
    if (position < 0)
        position = 0;
    bool is_done = context->engine->forget(context->context, sequence, position);
    if (!is_done)
        context->held[sequence] = 0;
    else if (position < context->held[sequence])
        context->held[sequence] = position;
    return is_done;
}

bool sv_text_copy(sv_text_context *context, int32_t from, int32_t to)
{
    if (!is_sequence(context, from) || !is_sequence(context, to))
        return false;
    if (from == to)
        return true;
    bool is_done = context->engine->copy(context->context, from, to);
    context->held[to] = is_done ? context->held[from] : 0;
    return is_done;
}

/* ---- Grammars ---- */

/* Where what begins at `at` with a quote or bracket ends. */
static size_t skip_quoted(sv_str gbnf, size_t at)
{
    char end = gbnf.ptr[at] == '[' ? ']' : '"';
    for (at++; at < gbnf.len && gbnf.ptr[at] != end; at++)
        if (gbnf.ptr[at] == '\\')
            at++;
    return at;
}

/* "{2,1}" keeps llama.cpp busy for ever. `text` begins behind the brace. */
static bool is_backward(sv_str text)
{
    uint64_t low, high;
    sv_str inside = sv_str_slice(text, 0, sv_str_find(text, '}'));
    size_t comma = sv_str_find(inside, ',');
    return comma < inside.len && sv_str_to_u64(sv_str_trim(sv_str_slice(inside, 0, comma)), &low) &&
           sv_str_to_u64(sv_str_trim(sv_str_slice(inside, comma + 1, SIZE_MAX)), &high) &&
           high < low;
}

/* Engines read groups by recursion. */
static bool is_harmful(sv_str gbnf)
{
    size_t depth = 0, deepest = 0;
    for (size_t i = 0; i < gbnf.len; i++) {
        char c = gbnf.ptr[i];
        if (c == '"' || c == '[')
            i = skip_quoted(gbnf, i);
        else if (c == '#')
            i += sv_str_find(sv_str_slice(gbnf, i, SIZE_MAX), '\n');
        else if (c == '{' && is_backward(sv_str_slice(gbnf, i + 1, SIZE_MAX)))
            return true;
        else if (c == '(')
            deepest = ++depth > deepest ? depth : deepest;
        else if (c == ')' && depth)
            depth--;
    }
    return deepest > SV_TEXT_MAX_GRAMMAR_DEPTH;
}

sv_status sv_text_grammar_new(sv_text_model *model, sv_str gbnf, sv_error *error,
                              sv_text_grammar **ret_grammar)
{
    char message[SV_TEXT_MESSAGE_SIZE] = "";
    if (gbnf.len > SV_TEXT_MAX_GRAMMAR)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "the grammar has %zu bytes, at most %d fit",
                            gbnf.len, SV_TEXT_MAX_GRAMMAR);
    if (!gbnf.len || memchr(gbnf.ptr, '\0', gbnf.len) || is_harmful(gbnf))
        return sv_error_set(error, SV_INVALID, NULL,
                            "the grammar is empty, has a NUL, repeats backwards, or has groups "
                            "more than %d deep",
                            SV_TEXT_MAX_GRAMMAR_DEPTH);
    sv_text_grammar *grammar = calloc(1, sizeof *grammar);
    if (!grammar)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    grammar->engine = engine_of(model);
    grammar->n_vocabulary = sv_text_info_of(model)->n_vocabulary;
    sv_status status =
        grammar->engine->grammar_new(model_of(model), gbnf, message, &grammar->grammar);
    if (status) {
        free(grammar);
        return sv_error_set(error, status, NULL, "%s", message);
    }
    *ret_grammar = grammar;
    return SV_OK;
}

void sv_text_grammar_free(sv_text_grammar *grammar)
{
    if (!grammar)
        return;
    grammar->engine->grammar_free(grammar->grammar);
    free(grammar);
}

bool sv_text_grammar_allows(sv_text_grammar *grammar, sv_token token)
{
    return token >= 0 && token < grammar->n_vocabulary &&
           grammar->engine->grammar_allows(grammar->grammar, token);
}

void sv_text_grammar_mask(sv_text_grammar *grammar, float *logits, size_t n)
{
    size_t n_known = n < (size_t)grammar->n_vocabulary ? n : (size_t)grammar->n_vocabulary;
    grammar->engine->grammar_mask(grammar->grammar, logits, n_known);
}

sv_status sv_text_grammar_accept(sv_text_grammar *grammar, sv_token token)
{
    if (!sv_text_grammar_allows(grammar, token))
        return SV_INVALID;
    return grammar->engine->grammar_accept(grammar->grammar, token) ? SV_OK : SV_INVALID;
}
