/* chat_prompt.c: see chat_prompt.h.
 *
 * DESIGN. The template never sees a content: it renders marks instead, \1 INDEX \2, which no role
 * can hold. What lies between the marks of the rendered text is the template's and may be control
 * tokens; what the marks stand for is tokenised as plain text. Some templates trim contents, some
 * only those of one role: a second rendering with blanks around the marks (one before, two behind)
 * shows it by the lengths of what lies between them. */
#include "engine/chat_prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARK_SIZE = 16,
    BLANKS_BEFORE = 1,
    BLANKS_BEHIND = 2,
    MAX_DEFAULT_SYSTEM = 1024,
    MAX_RENDERED = 4 << 20,
};

/* One conversation on its way to tokens. */
typedef struct prompt_work {
    const sv_text_model *model;
    const sv_chat_message *messages; /* with a default system message */
    size_t n;
    sv_chat_options options;
    size_t max_tokens;
    sv_buf *tokens;
} prompt_work;

/* What is left of a rendered text. */
typedef struct mark_reader {
    sv_str rest;
    sv_str between; /* what lay before the mark, or at the end */
    size_t index;   /* of the message; SIZE_MAX: there was no mark any more */
} mark_reader;

sv_str sv_chat_prompt_default_system(const char *template_text)
{
    static const char begins[] = "<|im_start|>system", ends[] = "<|im_end|>";
    const char *at = template_text;
    if (!at || !strstr(at, "messages[0]"))
        return (sv_str){"", 0};
    while ((at = strstr(at, begins))) {
        at += sizeof begins - 1;
        size_t skip = at[0] == '\n' ? 1 : at[0] == '\\' && at[1] == 'n' ? 2 : 0;
        size_t len = strcspn(at + skip, "<'\"{}\\");
        bool is_literal = skip && len > 0 && len <= MAX_DEFAULT_SYSTEM;
        if (is_literal && strncmp(at + skip + len, ends, sizeof ends - 1) == 0)
            return (sv_str){at + skip, len};
    }
    return (sv_str){"", 0};
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static sv_str trim(sv_str text, bool before, bool behind)
{
    while (before && text.len && is_blank(text.ptr[0]))
        text = sv_str_slice(text, 1, SIZE_MAX);
    while (behind && text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Renders with marks for contents into `text`. */
static sv_status render(const prompt_work *work, bool has_blanks, sv_buf *text)
{
    sv_chat_message *messages = calloc(work->n, sizeof *messages);
    char(*marks)[MARK_SIZE] = calloc(work->n, sizeof *marks);
    sv_status status = SV_NO_MEMORY;
    if (messages && marks) {
        for (size_t i = 0; i < work->n; i++) {
            snprintf(marks[i], sizeof marks[i], has_blanks ? " \001%zu\002  " : "\001%zu\002", i);
            messages[i] = (sv_chat_message){work->messages[i].role, sv_str_from(marks[i])};
        }
        status = sv_text_apply_chat(work->model, messages, work->n, &work->options, text);
    }
    free(messages);
    free(marks);
    return status;
}

static mark_reader read_from(const sv_buf *text)
{
    return (mark_reader){.rest = sv_buf_str(text)};
}

/* False: a mark that is none of ours. */
static bool read_mark(mark_reader *reader, size_t n)
{
    size_t start = sv_str_find(reader->rest, '\001');
    reader->between = sv_str_slice(reader->rest, 0, start);
    reader->rest = sv_str_slice(reader->rest, start, SIZE_MAX);
    reader->index = SIZE_MAX;
    if (!reader->rest.len)
        return true;
    size_t end = sv_str_find(reader->rest, '\002');
    uint64_t index;
    if (!sv_str_to_u64(sv_str_slice(reader->rest, 1, end - 1), &index) || index >= n)
        return false;
    reader->index = (size_t)index;
    reader->rest = sv_str_slice(reader->rest, end + 1, SIZE_MAX);
    return true;
}

/* Text that follows a control token is a beginning of its own; other text goes on. */
static sv_status add_text(const prompt_work *work, sv_str text, bool is_special)
{
    size_t n = work->tokens->len / sizeof(sv_token);
    sv_token last = SV_NO_TOKEN;
    if (!text.len)
        return SV_OK;
    if (n)
        memcpy(&last, work->tokens->ptr + (n - 1) * sizeof last, sizeof last);
    sv_tokenize_options options = {
        .is_special = is_special,
        .continues = n > 0 && !sv_text_is_control(work->model, last),
        .max_tokens = work->max_tokens,
    };
    return sv_text_tokenize(work->model, text, &options, work->tokens);
}

/* `padded` is the same text with blanks around its marks. */
static sv_status add_parts(const prompt_work *work, const sv_buf *plain, const sv_buf *padded)
{
    mark_reader reader = read_from(plain), wide = read_from(padded);
    sv_status status = SV_OK;
    sv_str waiting = {"", 0}; /* a content, until it is known whether it is trimmed behind */
    bool loses_before = false;
    do {
        if (!read_mark(&reader, work->n) || !read_mark(&wide, work->n) ||
            reader.index != wide.index)
            return SV_UNSUPPORTED;
        size_t blanks = wide.between.len - reader.between.len;
        bool keeps_behind = blanks & BLANKS_BEHIND, keeps_before = blanks & BLANKS_BEFORE;
        status = add_text(work, trim(waiting, loses_before, !keeps_behind), false);
        if (!status)
            status = add_text(work, reader.between, true);
        loses_before = !keeps_before;
        if (reader.index != SIZE_MAX)
            waiting = work->messages[reader.index].content;
    } while (!status && reader.index != SIZE_MAX);
    return status;
}

/* Some templates write BOS themselves. */
static void drop_second_bos(sv_buf *tokens, size_t start, sv_token bos)
{
    sv_token first[2];
    if (tokens->len < start + sizeof first)
        return;
    memcpy(first, tokens->ptr + start, sizeof first);
    if (first[0] != bos || first[1] != bos)
        return;
    memmove(tokens->ptr + start, tokens->ptr + start + sizeof bos,
            tokens->len - start - sizeof bos);
    tokens->len -= sizeof bos;
}

static sv_status make_tokens(const prompt_work *work)
{
    const sv_text_info *info = sv_text_info_of(work->model);
    size_t start = work->tokens->len;
    sv_buf plain, padded;
    sv_buf_init(&plain, MAX_RENDERED);
    sv_buf_init(&padded, MAX_RENDERED);
    sv_status status = render(work, false, &plain);
    if (!status)
        status = render(work, true, &padded);
    bool adds_bos = info->adds_bos && info->bos != SV_NO_TOKEN;
    if (!status && adds_bos)
        status = sv_buf_append(work->tokens, &info->bos, sizeof info->bos);
    if (!status)
        status = add_parts(work, &plain, &padded);
    if (status)
        work->tokens->len = start;
    else if (adds_bos)
        drop_second_bos(work->tokens, start, info->bos);
    sv_buf_deinit(&plain);
    sv_buf_deinit(&padded);
    return status;
}

/* Marks hide contents from the checks of sv_text_apply_chat. */
static bool has_nul(const sv_chat_prompt *prompt)
{
    for (size_t i = 0; i < prompt->n_messages; i++) {
        sv_str content = prompt->messages[i].content;
        if (content.len && memchr(content.ptr, '\0', content.len))
            return true;
    }
    return false;
}

static sv_status tell(sv_status status, const sv_chat_prompt *prompt, sv_error *error)
{
    switch (status) {
    case SV_UNSUPPORTED:
        return sv_error_set(error, status, NULL,
                            "the chat template is of a kind that is not known");
    case SV_INVALID:
        return sv_error_set(error, status, &sv_kind_invalid_input,
                            "there must be 1 to %d messages, with roles of letters, digits, '_' "
                            "and '-'",
                            SV_CHAT_PROMPT_MAX_MESSAGES);
    case SV_TOO_LARGE:
        return sv_error_set(error, status, NULL, "the conversation has more than %zu tokens",
                            prompt->max_tokens);
    default:
        return sv_error_set(error, status, NULL, "the conversation cannot be made tokens: %s",
                            sv_status_text(status));
    }
}

sv_status sv_chat_prompt_tokens(const sv_text_model *model, const sv_chat_prompt *prompt,
                                sv_error *error, sv_buf *tokens)
{
    size_t n = prompt->n_messages;
    if (n < 1 || n > SV_CHAT_PROMPT_MAX_MESSAGES || has_nul(prompt))
        return tell(SV_INVALID, prompt, error);
    const char *text =
        prompt->template_text ? prompt->template_text : sv_text_info_of(model)->chat_template;
    sv_chat_message *messages = calloc(n + 1, sizeof *messages);
    if (!messages)
        return tell(SV_NO_MEMORY, prompt, error);
    messages[0] = (sv_chat_message){SV_STR("system"), sv_chat_prompt_default_system(text)};
    bool has_default =
        messages[0].content.len && !sv_str_eq(prompt->messages[0].role, messages[0].role);
    memcpy(messages + has_default, prompt->messages, n * sizeof *messages);
    prompt_work work = {
        model, messages, n + has_default, {text, prompt->opens_answer}, prompt->max_tokens, tokens};
    sv_status status = make_tokens(&work);
    free(messages);
    return status ? tell(status, prompt, error) : SV_OK;
}
