/* fuzz_openai.c: any bytes as the body of a chat and of a completion, which are read, made a
 * conversation and a grammar; and as what a model writes, in which calls are sought: however it is
 * cut, the same comes out. The first byte says how it is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/openai_calls.h"
#include "api/openai_grammar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_status(sv_status status, const sv_error *error)
{
    demand(status == SV_OK || status == SV_INVALID || status == SV_NO_MEMORY);
    demand(status != SV_INVALID || (error->message[0] && error->path[0]));
}

static void read_body(sv_arena *arena, sv_str text)
{
    sv_value_error why;
    const sv_value *body;
    const sv_chat_message *messages;
    sv_openai_completion completion;
    sv_openai_chat chat;
    sv_error error = {0};
    sv_str gbnf;
    size_t n;
    if (sv_value_parse(arena, text, NULL, &why, &body))
        return;
    check_status(sv_openai_request_completion(arena, body, &error, &completion), &error);
    sv_status status = sv_openai_request_chat(arena, body, &error, &chat);
    check_status(status, &error);
    if (status)
        return;
    check_status(sv_openai_grammar_make(arena, &chat.ask, &chat.tools, &error, &gbnf), &error);
    if (!sv_openai_tools_apply(arena, &chat.messages, &chat.tools, &messages, &n))
        for (size_t i = 0; i < n; i++)
            demand(!messages[i].content.len ||
                   !memchr(messages[i].content.ptr, 0, messages[i].content.len));
}

static sv_status take_text(void *arg, sv_str text)
{
    return sv_buf_append_str(arg, text);
}

static sv_status take_call(void *arg, size_t index, sv_str name)
{
    return sv_buf_printf(arg, "[%zu:%.*s]", index, SV_STR_ARG(name));
}

static sv_status take_arguments(void *arg, size_t index, sv_str piece)
{
    (void)index;
    return sv_buf_append_str(arg, piece);
}

static void seek_calls(sv_str text, size_t piece, sv_buf *out)
{
    static const sv_openai_tool tool = {.name = SV_STR_INIT("f")};
    static const sv_openai_tools tools = {.items = &tool, .n = 1};
    sv_openai_calls calls = {
        .tools = &tools,
        .sink = {.text = take_text, .call = take_call, .arguments = take_arguments, .arg = out}};
    for (size_t at = 0; at < text.len; at += piece)
        demand(sv_openai_calls_add(&calls, sv_str_slice(text, at, piece)) == SV_OK);
    demand(sv_openai_calls_end(&calls) == SV_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    sv_str text = {(const char *)data + 1, size - 1};
    sv_arena *arena = sv_arena_new(16 << 20);
    sv_buf whole, cut;
    demand(arena != NULL);
    read_body(arena, text);
    sv_arena_free(arena);
    sv_buf_init(&whole, 16 * size + 1024);
    sv_buf_init(&cut, 16 * size + 1024);
    seek_calls(text, text.len + 1, &whole);
    seek_calls(text, 1 + data[0] % 16, &cut);
    demand(sv_str_eq(sv_buf_str(&whole), sv_buf_str(&cut)));
    sv_buf_deinit(&whole);
    sv_buf_deinit(&cut);
    return 0;
}
