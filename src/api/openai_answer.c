/* openai_answer.c: answers of /v1/chat/completions and /v1/completions as JSON. */
#include "api/openai_answer.h"

#include <stdio.h>
#include <string.h>

#include <serval/version.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/writer.h"

enum { MAX_HEAD = 4096, MAX_PIECE = 4096, MAX_LEGACY_NAME = 1024 };

/* Dash-less hex of a random UUID, cut to `size` - 1. */
static void make_id(const char *prefix, char *id, size_t size)
{
    char uuid[SV_ID_UUID_LEN + 1];
    size_t n = strlen(prefix);
    sv_id_uuid4(uuid);
    memcpy(id, prefix, n);
    for (const char *c = uuid; *c && n < size - 1; c++)
        if (*c != '-')
            id[n++] = *c;
    id[n] = '\0';
}

void sv_openai_answer_make_call_id(char *id)
{
    make_id("call_", id, 5 + 24 + 1);
}

static const char *get_object(const sv_openai_answer *answer, bool is_chunk)
{
    if (answer->object == SV_OPENAI_OBJECT_TEXT)
        return "text_completion";
    return is_chunk ? "chat.completion.chunk" : "chat.completion";
}

/* What all objects begin with; the object stays open. */
static void begin_object(sv_writer *writer, const sv_openai_answer *answer, bool is_chunk)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "id", answer->id);
    sv_writer_key_cstr(writer, "object", get_object(answer, is_chunk));
    sv_writer_key_int(writer, "created", answer->created);
    sv_writer_key_str(writer, "model", answer->model);
    sv_writer_key_cstr(writer, "system_fingerprint", "serval-" SV_VERSION);
}

sv_status sv_openai_answer_new(sv_arena *arena, sv_openai_object object, sv_str model,
                               sv_openai_answer *ret_answer)
{
    sv_openai_answer answer = {.object = object,
                               .created = sv_clock_wall_ns(&sv_clock_system) / SV_NS_PER_S,
                               .model = model};
    sv_buf buf;
    sv_writer writer;
    make_id(object == SV_OPENAI_OBJECT_CHAT ? "chatcmpl-" : "cmpl-", answer.id, sizeof answer.id);
    sv_buf_init(&buf, MAX_HEAD + 6 * model.len);
    sv_writer_init(&writer, &buf);
    begin_object(&writer, &answer, true);
    sv_buf_append_str(&buf, SV_STR(",\"choices\":[{\"index\":"));
    sv_status status = sv_buf_status(&buf);
    if (!status)
        answer.head = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    if (status || !answer.head.ptr)
        return SV_NO_MEMORY;
    *ret_answer = answer;
    return SV_OK;
}

/* NULL: it goes on. What was broken off counts as cut. */
static const char *get_reason(sv_finish finish, bool has_calls)
{
    switch (finish) {
    case SV_FINISH_NONE:
        return NULL;
    case SV_FINISH_STOP:
        return has_calls ? "tool_calls" : "stop";
    case SV_FINISH_LENGTH:
    case SV_FINISH_CANCELLED:
    case SV_FINISH_FAILED:
        break;
    }
    return "length";
}

static void write_reason(sv_writer *writer, sv_finish finish, bool has_calls)
{
    const char *reason = get_reason(finish, has_calls);
    if (reason)
        sv_writer_key_cstr(writer, "finish_reason", reason);
    else
        sv_writer_key_null(writer, "finish_reason");
}

static void write_usage(sv_writer *writer, const sv_generation_usage *usage)
{
    sv_writer_key(writer, SV_STR("usage"));
    sv_writer_begin_object(writer);
    sv_writer_key_int(writer, "prompt_tokens", usage->n_prompt);
    sv_writer_key_int(writer, "completion_tokens", usage->n_completion);
    sv_writer_key_int(writer, "total_tokens", (int64_t)usage->n_prompt + usage->n_completion);
    sv_writer_key(writer, SV_STR("prompt_tokens_details"));
    sv_writer_begin_object(writer);
    sv_writer_key_int(writer, "cached_tokens", usage->n_cached);
    sv_writer_end_object(writer);
    sv_writer_key(writer, SV_STR("completion_tokens_details"));
    sv_writer_begin_object(writer);
    sv_writer_key_int(writer, "reasoning_tokens", 0);
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

/* ---- log-probabilities ---- */

/* A token's bytes into `bytes`, which is cleared. */
static sv_str get_piece(const sv_openai_pieces *pieces, sv_token token, sv_buf *bytes)
{
    sv_buf_clear(bytes);
    if (pieces->write(pieces->arg, token, bytes))
        sv_buf_clear(bytes);
    return sv_buf_str(bytes);
}

/* Members of a token in chat's form; the object stays open. */
static void write_chance(sv_writer *writer, const sv_token_chance *chance, sv_str piece)
{
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "token", piece);
    sv_writer_key(writer, SV_STR("logprob"));
    sv_writer_float(writer, chance->logprob);
    sv_writer_key(writer, SV_STR("bytes"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < piece.len; i++)
        sv_writer_int(writer, (unsigned char)piece.ptr[i]);
    sv_writer_end_array(writer);
}

static void write_chat_logprobs(sv_writer *writer, const sv_openai_logprobs *logprobs,
                                sv_buf *bytes)
{
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("content"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < logprobs->n_tokens; i++) {
        const sv_generation_token *token = &logprobs->tokens[i];
        write_chance(writer, &token->chosen,
                     get_piece(logprobs->pieces, token->chosen.token, bytes));
        sv_writer_key(writer, SV_STR("top_logprobs"));
        sv_writer_begin_array(writer);
        for (size_t k = 0; k < token->n_top; k++) {
            write_chance(writer, &token->top[k],
                         get_piece(logprobs->pieces, token->top[k].token, bytes));
            sv_writer_end_object(writer);
        }
        sv_writer_end_array(writer);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
    sv_writer_key_null(writer, "refusal");
    sv_writer_end_object(writer);
}

/* How completions name a token: parts of characters as bytes:\xe2\x82, so that names stay apart. */
static sv_str name_piece(sv_str piece, char *name)
{
    if (sv_str_is_utf8(piece))
        return piece;
    size_t n = (size_t)snprintf(name, MAX_LEGACY_NAME, "bytes:");
    for (size_t i = 0; i < piece.len && n + 5 < MAX_LEGACY_NAME; i++)
        n +=
            (size_t)snprintf(name + n, MAX_LEGACY_NAME - n, "\\x%02x", (unsigned char)piece.ptr[i]);
    return (sv_str){name, n};
}

static void write_legacy_top(sv_writer *writer, const sv_openai_logprobs *logprobs,
                             const sv_generation_token *token, sv_buf *bytes)
{
    char name[MAX_LEGACY_NAME];
    sv_writer_begin_object(writer);
    for (size_t k = 0; k < token->n_top; k++) {
        sv_str piece = get_piece(logprobs->pieces, token->top[k].token, bytes);
        sv_writer_key(writer, name_piece(piece, name));
        sv_writer_float(writer, token->top[k].logprob);
    }
    sv_writer_end_object(writer);
}

static bool has_top(const sv_openai_logprobs *logprobs)
{
    for (size_t i = 0; i < logprobs->n_tokens; i++)
        if (logprobs->tokens[i].n_top)
            return true;
    return false;
}

static void write_offsets(sv_writer *writer, const sv_openai_logprobs *logprobs, sv_str text)
{
    size_t offset = logprobs->text_offset, at = logprobs->n_before;
    sv_writer_key(writer, SV_STR("text_offset"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < logprobs->n_tokens; i++) {
        sv_writer_uint(writer, offset);
        offset += sv_str_count_chars(sv_str_slice(text, at, logprobs->tokens[i].n_text_bytes));
        at += logprobs->tokens[i].n_text_bytes;
    }
    sv_writer_end_array(writer);
}

static void write_legacy_logprobs(sv_writer *writer, const sv_openai_logprobs *logprobs,
                                  sv_str text, sv_buf *bytes)
{
    char name[MAX_LEGACY_NAME];
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("tokens"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < logprobs->n_tokens; i++) {
        sv_str piece = get_piece(logprobs->pieces, logprobs->tokens[i].chosen.token, bytes);
        sv_writer_str(writer, name_piece(piece, name));
    }
    sv_writer_end_array(writer);
    sv_writer_key(writer, SV_STR("token_logprobs"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < logprobs->n_tokens; i++)
        sv_writer_float(writer, logprobs->tokens[i].chosen.logprob);
    sv_writer_end_array(writer);
    sv_writer_key(writer, SV_STR("top_logprobs"));
    if (has_top(logprobs)) {
        sv_writer_begin_array(writer);
        for (size_t i = 0; i < logprobs->n_tokens; i++)
            write_legacy_top(writer, logprobs, &logprobs->tokens[i], bytes);
        sv_writer_end_array(writer);
    } else {
        sv_writer_null(writer);
    }
    write_offsets(writer, logprobs, text);
    sv_writer_end_object(writer);
}

static void write_logprobs(sv_writer *writer, const sv_openai_answer *answer, sv_str text,
                           const sv_openai_logprobs *logprobs)
{
    sv_buf bytes;
    sv_buf_init(&bytes, MAX_PIECE);
    sv_writer_key(writer, SV_STR("logprobs"));
    if (!logprobs)
        sv_writer_null(writer);
    else if (answer->object == SV_OPENAI_OBJECT_CHAT)
        write_chat_logprobs(writer, logprobs, &bytes);
    else
        write_legacy_logprobs(writer, logprobs, text, &bytes);
    sv_buf_deinit(&bytes);
}

/* ---- the whole ---- */

static void write_call(sv_writer *writer, const sv_openai_call *call)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "id", call->id);
    sv_writer_key_cstr(writer, "type", "function");
    sv_writer_key(writer, SV_STR("function"));
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", call->name);
    sv_writer_key_str(writer, "arguments", call->arguments);
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

/* With calls and no text the content is null; without calls there is no list of them. */
static void write_message(sv_writer *writer, const sv_openai_choice_answer *choice)
{
    sv_writer_key(writer, SV_STR("message"));
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "role", "assistant");
    if (choice->n_calls && !choice->text.len)
        sv_writer_key_null(writer, "content");
    else
        sv_writer_key_str(writer, "content", choice->text);
    sv_writer_key_null(writer, "refusal");
    if (choice->n_calls) {
        sv_writer_key(writer, SV_STR("tool_calls"));
        sv_writer_begin_array(writer);
        for (size_t i = 0; i < choice->n_calls; i++)
            write_call(writer, &choice->calls[i]);
        sv_writer_end_array(writer);
    }
    sv_writer_end_object(writer);
}

void sv_openai_answer_write(const sv_openai_answer *answer, const sv_openai_choice_answer *choices,
                            size_t n, const sv_generation_usage *usage, sv_buf *buf)
{
    sv_writer writer;
    sv_writer_init(&writer, buf);
    begin_object(&writer, answer, false);
    sv_writer_key(&writer, SV_STR("choices"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < n; i++) {
        sv_writer_begin_object(&writer);
        sv_writer_key_int(&writer, "index", (int64_t)i);
        if (answer->object == SV_OPENAI_OBJECT_CHAT)
            write_message(&writer, &choices[i]);
        else
            sv_writer_key_str(&writer, "text", choices[i].text);
        write_logprobs(&writer, answer, choices[i].text, choices[i].logprobs);
        write_reason(&writer, choices[i].finish, choices[i].n_calls != 0);
        sv_writer_end_object(&writer);
    }
    sv_writer_end_array(&writer);
    write_usage(&writer, usage);
    sv_writer_end_object(&writer);
}

/* ---- chunks ---- */

#define GOES_ON "\"logprobs\":null,\"finish_reason\":null}]"

static void end_chunk(const sv_openai_answer *answer, sv_buf *buf)
{
    sv_buf_append_str(buf, answer->has_usage ? SV_STR(",\"usage\":null}") : SV_STR("}"));
}

/* Up to the index and a comma. */
static void begin_chunk(const sv_openai_answer *answer, size_t index, sv_buf *buf)
{
    sv_buf_append_str(buf, answer->head);
    if (index < 10)
        sv_buf_append_byte(buf, (char)('0' + index));
    else
        sv_buf_printf(buf, "%zu", index);
    sv_buf_append_byte(buf, ',');
}

void sv_openai_answer_role(const sv_openai_answer *answer, size_t index, sv_buf *buf)
{
    begin_chunk(answer, index, buf);
    sv_buf_append_str(
        buf,
        SV_STR("\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}," GOES_ON));
    end_chunk(answer, buf);
}

void sv_openai_answer_text(const sv_openai_answer *answer, size_t index, sv_str text,
                           const sv_openai_logprobs *logprobs, sv_buf *buf)
{
    bool is_chat = answer->object == SV_OPENAI_OBJECT_CHAT;
    sv_writer writer;
    sv_writer_init(&writer, buf);
    begin_chunk(answer, index, buf);
    sv_buf_append_str(buf, is_chat ? SV_STR("\"delta\":{\"content\":") : SV_STR("\"text\":"));
    sv_writer_str(&writer, text);
    sv_buf_append_str(buf, is_chat ? SV_STR("},") : SV_STR(","));
    if (logprobs) {
        writer.needs_comma = false;
        write_logprobs(&writer, answer, text, logprobs);
        sv_buf_append_str(buf, SV_STR(",\"finish_reason\":null}]"));
    } else {
        sv_buf_append_str(buf, SV_STR(GOES_ON));
    }
    end_chunk(answer, buf);
}

static void begin_call(const sv_openai_answer *answer, size_t index, size_t call_index, sv_buf *buf)
{
    begin_chunk(answer, index, buf);
    sv_buf_printf(buf, "\"delta\":{\"tool_calls\":[{\"index\":%zu,", call_index);
}

void sv_openai_answer_call(const sv_openai_answer *answer, size_t index, size_t call_index,
                           const sv_openai_call *call, sv_buf *buf)
{
    sv_writer writer;
    begin_call(answer, index, call_index, buf);
    sv_buf_printf(buf, "\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":", call->id);
    sv_writer_init(&writer, buf);
    sv_writer_str(&writer, call->name);
    sv_buf_append_str(buf, SV_STR(",\"arguments\":\"\"}}]}," GOES_ON));
    end_chunk(answer, buf);
}

void sv_openai_answer_arguments(const sv_openai_answer *answer, size_t index, size_t call_index,
                                sv_str piece, sv_buf *buf)
{
    sv_writer writer;
    begin_call(answer, index, call_index, buf);
    sv_buf_append_str(buf, SV_STR("\"function\":{\"arguments\":"));
    sv_writer_init(&writer, buf);
    sv_writer_str(&writer, piece);
    sv_buf_append_str(buf, SV_STR("}}]}," GOES_ON));
    end_chunk(answer, buf);
}

void sv_openai_answer_finish(const sv_openai_answer *answer, size_t index, sv_finish finish,
                             bool has_calls, sv_buf *buf)
{
    sv_writer writer;
    begin_chunk(answer, index, buf);
    if (answer->object == SV_OPENAI_OBJECT_CHAT)
        sv_buf_append_str(buf, SV_STR("\"delta\":{},\"logprobs\":null,"));
    else
        sv_buf_append_str(buf, SV_STR("\"text\":\"\",\"logprobs\":null,"));
    sv_writer_init(&writer, buf);
    write_reason(&writer, finish, has_calls);
    sv_buf_append_str(buf, SV_STR("}]"));
    end_chunk(answer, buf);
}

void sv_openai_answer_usage(const sv_openai_answer *answer, const sv_generation_usage *usage,
                            sv_buf *buf)
{
    sv_writer writer;
    sv_writer_init(&writer, buf);
    begin_object(&writer, answer, true);
    sv_writer_key_raw(&writer, "choices", SV_STR("[]"));
    write_usage(&writer, usage);
    sv_writer_end_object(&writer);
}
