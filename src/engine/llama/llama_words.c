/* llama_words.c: text to tokens and back, and chat templates. Const: any thread. */
#include "engine/llama/llama_parts.h"

#include <stdlib.h>
#include <string.h>

const sv_text_info *sv_llama_words_info(const void *arg)
{
    const sv_llama_model *model = arg;
    return &model->info;
}

/* How many tokens there are, in any case; those that fit are written only when all do. */
static size_t tokenize(const sv_llama_model *model, sv_str text, const sv_tokenize_options *options,
                       sv_token *tokens, size_t capacity)
{
    int32_t room = capacity < INT32_MAX ? (int32_t)capacity : INT32_MAX;
    int32_t n = sv_llama_guard_tokenize(model->vocab, text.ptr, (int32_t)text.len, tokens, room,
                                        options->begins, options->is_special);
    if (n <= SV_LLAMA_GUARD_THREW)
        return SIZE_MAX;
    return n < 0 ? (size_t)-n : (size_t)n;
}

/* SentencePiece vocabularies put a space before a text. One that goes on has none: it is tokenised
 * behind a line's end, whose tokens are then taken away. */
static size_t tokenize_rest(const sv_llama_model *model, sv_str text,
                            const sv_tokenize_options *options, sv_token *tokens, size_t capacity)
{
    sv_token head[8];
    size_t n_head = tokenize(model, (sv_str){"\n", 1}, options, head, 8);
    char *longer = malloc(text.len + 1);
    sv_token *all = malloc((capacity + 8) * sizeof *all);
    size_t n = SIZE_MAX;
    if (longer && all && n_head <= 8) {
        longer[0] = '\n';
        memcpy(longer + 1, text.ptr, text.len);
        n = tokenize(model, (sv_str){longer, text.len + 1}, options, all, capacity + 8);
    }
    bool is_whole = n != SIZE_MAX && n >= n_head && n <= capacity + 8 &&
                    memcmp(all, head, n_head * sizeof *all) == 0;
    if (is_whole && n - n_head <= capacity)
        memcpy(tokens, all + n_head, (n - n_head) * sizeof *all);
    free(longer);
    free(all);
    if (n == SIZE_MAX || n > capacity + 8)
        return n;
    return is_whole ? n - n_head : tokenize(model, text, options, tokens, capacity);
}

size_t sv_llama_words_tokenize(const void *arg, sv_str text, const sv_tokenize_options *options,
                               sv_token *tokens, size_t capacity)
{
    const sv_llama_model *model = arg;
    bool goes_on = options->continues && !options->begins &&
                   llama_vocab_type(model->vocab) == LLAMA_VOCAB_TYPE_SPM;
    return goes_on ? tokenize_rest(model, text, options, tokens, capacity)
                   : tokenize(model, text, options, tokens, capacity);
}

size_t sv_llama_words_piece(const void *arg, sv_token token, bool with_special, char *bytes,
                            size_t capacity)
{
    const sv_llama_model *model = arg;
    int32_t n = sv_llama_guard_piece(model->vocab, token, bytes, (int32_t)capacity, with_special);
    if (n <= SV_LLAMA_GUARD_THREW)
        return 0;
    return n < 0 ? (size_t)-n : (size_t)n;
}

bool sv_llama_words_end(const void *arg, sv_token token)
{
    const sv_llama_model *model = arg;
    return llama_vocab_is_eog(model->vocab, token);
}

bool sv_llama_words_are_control(const void *arg, sv_token token)
{
    const sv_llama_model *model = arg;
    return llama_vocab_is_control(model->vocab, token);
}

/* The library wants texts that end in zero. One block holds them all; NULL: no memory. */
static struct llama_chat_message *copy_messages(const sv_chat_message *messages, size_t n)
{
    size_t size = n * sizeof(struct llama_chat_message);
    for (size_t i = 0; i < n; i++)
        size += messages[i].role.len + messages[i].content.len + 2;
    struct llama_chat_message *copies = calloc(1, size + 1);
    char *at = copies ? (char *)(copies + n) : NULL;
    for (size_t i = 0; copies && i < n; i++) {
        sv_str role = messages[i].role, content = messages[i].content;
        copies[i].role = memcpy(at, role.ptr, role.len);
        at += role.len + 1;
        copies[i].content = content.len ? memcpy(at, content.ptr, content.len) : at;
        at += content.len + 1;
    }
    return copies;
}

size_t sv_llama_words_chat(const sv_chat_message *messages, size_t n,
                           const sv_chat_options *options, char *text, size_t capacity)
{
    struct llama_chat_message *copies = copy_messages(messages, n);
    if (!copies)
        return SIZE_MAX;
    const char *chat = options->template_text ? options->template_text : "chatml";
    int32_t len = sv_llama_guard_chat(chat, copies, n, options->opens_answer, text,
                                      capacity < INT32_MAX ? (int32_t)capacity : INT32_MAX);
    free(copies);
    return len < 0 ? SIZE_MAX : (size_t)len;
}

enum { SAMPLE_SIZE = 1024, MAX_TEMPLATES = 256 };

static int32_t render_sample(const char *chat_template, char *text)
{
    static const struct llama_chat_message sample[] = {
        {"system", "s1"}, {"user", "u1"}, {"assistant", "a1"}, {"user", "u2"}};
    return sv_llama_guard_chat(chat_template, sample, sizeof sample / sizeof *sample, true, text,
                               SAMPLE_SIZE);
}

const char *sv_llama_words_template_name(const char *chat_template)
{
    const char *names[MAX_TEMPLATES];
    char wanted[SAMPLE_SIZE], text[SAMPLE_SIZE];
    int32_t n = llama_chat_builtin_templates(names, MAX_TEMPLATES);
    int32_t len = render_sample(chat_template, wanted);
    if (len < 0 || len > SAMPLE_SIZE)
        return NULL;
    for (int32_t i = 0; i < n && i < MAX_TEMPLATES; i++)
        if (render_sample(names[i], text) == len && memcmp(text, wanted, (size_t)len) == 0)
            return names[i];
    return NULL;
}
