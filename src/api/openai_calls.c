/* openai_calls.c: calls of functions found in what a model writes. */
#include "api/openai_calls.h"

#include <string.h>

typedef enum head_match {
    HEAD_NO,
    HEAD_PARTIAL, /* as far as it goes */
    HEAD_WHOLE,   /* all but the first byte of the arguments */
} head_match;

/* A text that is read from the front. */
typedef struct head_reader {
    const char *at, *end;
} head_reader;

static void skip_space(head_reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
        reader->at++;
}

/* White space, then `literal`. */
static head_match match_literal(head_reader *reader, const char *literal)
{
    skip_space(reader);
    for (; *literal; literal++, reader->at++) {
        if (reader->at == reader->end)
            return HEAD_PARTIAL;
        if (*reader->at != *literal)
            return HEAD_NO;
    }
    return HEAD_WHOLE;
}

/* What may stand before a call, and between two: as much of it as there is. */
static head_match skip_frame(head_reader *reader)
{
    static const char *const frames[] = {"<tool_call>", "</tool_call>", "[", ",", "]", "}"};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        head_reader ahead = *reader;
        head_match match = match_literal(&ahead, frames[i]);
        if (match == HEAD_PARTIAL)
            return HEAD_PARTIAL;
        if (match == HEAD_WHOLE) {
            *reader = ahead;
            i = (size_t)-1; /* and again from the first */
        }
    }
    return HEAD_WHOLE;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* The name up to its quote; names need no escapes. */
static head_match match_name(head_reader *reader, sv_str *ret_name)
{
    const char *start = reader->at;
    while (reader->at < reader->end && is_name_byte(*reader->at))
        reader->at++;
    if (reader->at == reader->end)
        return HEAD_PARTIAL;
    *ret_name = (sv_str){start, (size_t)(reader->at - start)};
    return *reader->at++ == '"' ? HEAD_WHOLE : HEAD_NO;
}

/* "arguments", or "parameters" as Llama 3 says. */
static head_match match_arguments_key(head_reader *reader)
{
    head_reader other = *reader;
    head_match match = match_literal(reader, "\"arguments\"");
    if (match != HEAD_NO)
        return match;
    match = match_literal(&other, "\"parameters\"");
    *reader = other;
    return match;
}

/* {"name": "f", "arguments": */
static head_match match_head(sv_str text, sv_str *ret_name)
{
    static const char *const before[] = {"{", "\"name\"", ":", "\""};
    head_reader reader = {text.ptr, text.ptr + text.len};
    head_match match = skip_frame(&reader);
    for (size_t i = 0; match == HEAD_WHOLE && i < sizeof before / sizeof *before; i++)
        match = match_literal(&reader, before[i]);
    if (match == HEAD_WHOLE)
        match = match_name(&reader, ret_name);
    if (match == HEAD_WHOLE)
        match = match_literal(&reader, ",");
    if (match == HEAD_WHOLE)
        match = match_arguments_key(&reader);
    if (match == HEAD_WHOLE)
        match = match_literal(&reader, ":");
    if (match == HEAD_WHOLE)
        match = match_literal(&reader, "{");
    return match;
}

/* What was held is no call. */
static sv_status give_up(sv_openai_calls *calls)
{
    sv_str text = {calls->held, calls->n_held};
    calls->n_held = 0;
    calls->state = calls->n ? SV_OPENAI_CALLS_DONE : SV_OPENAI_CALLS_TEXT;
    return calls->n || !text.len ? SV_OK : calls->sink.text(calls->sink.arg, text);
}

static sv_status begin_call(sv_openai_calls *calls, sv_str name)
{
    if (!sv_openai_tools_find(calls->tools, name))
        return give_up(calls);
    if (calls->tools->is_single && calls->n) {
        calls->state = SV_OPENAI_CALLS_DONE;
        return SV_OK;
    }
    sv_status status = calls->sink.call(calls->sink.arg, calls->n++, name);
    calls->state = SV_OPENAI_CALLS_ARGUMENTS;
    calls->n_held = 0;
    calls->depth = 1;
    calls->in_string = calls->is_escaped = false;
    return status ? status : calls->sink.arguments(calls->sink.arg, calls->n - 1, SV_STR("{"));
}

/* Holds bytes until it is decided what they are. Returns how many were taken. */
static size_t read_head(sv_openai_calls *calls, sv_str text, sv_status *ret_status)
{
    size_t i = 0;
    head_match match = HEAD_PARTIAL;
    sv_str name;
    while (i < text.len && match == HEAD_PARTIAL) {
        calls->held[calls->n_held++] = text.ptr[i++];
        match = match_head((sv_str){calls->held, calls->n_held}, &name);
        if (match == HEAD_PARTIAL && calls->n_held == sizeof calls->held)
            match = HEAD_NO;
    }
    *ret_status = SV_OK;
    if (match == HEAD_WHOLE)
        *ret_status = begin_call(calls, name);
    else if (match == HEAD_NO)
        *ret_status = give_up(calls);
    return i;
}

/* One byte of the arguments; true: it is the last. */
static bool step(sv_openai_calls *calls, char c)
{
    if (calls->in_string) {
        if (calls->is_escaped)
            calls->is_escaped = false;
        else if (c == '\\')
            calls->is_escaped = true;
        else if (c == '"')
            calls->in_string = false;
        return false;
    }
    if (c == '"')
        calls->in_string = true;
    else if (c == '{' || c == '[')
        calls->depth++;
    else if (c == '}' || c == ']')
        calls->depth--;
    return calls->depth == 0;
}

static size_t read_arguments(sv_openai_calls *calls, sv_str text, sv_status *ret_status)
{
    size_t i = 0;
    bool is_over = false;
    while (i < text.len && !is_over)
        is_over = step(calls, text.ptr[i++]);
    if (is_over)
        calls->state = SV_OPENAI_CALLS_HEAD;
    *ret_status = calls->sink.arguments(calls->sink.arg, calls->n - 1, sv_str_slice(text, 0, i));
    return i;
}

sv_status sv_openai_calls_add(sv_openai_calls *calls, sv_str text)
{
    sv_status status = SV_OK;
    while (text.len && !status) {
        size_t taken = text.len;
        switch (calls->state) {
        case SV_OPENAI_CALLS_HEAD:
            taken = read_head(calls, text, &status);
            break;
        case SV_OPENAI_CALLS_TEXT:
            status = calls->sink.text(calls->sink.arg, text);
            break;
        case SV_OPENAI_CALLS_ARGUMENTS:
            taken = read_arguments(calls, text, &status);
            break;
        case SV_OPENAI_CALLS_DONE:
            break;
        }
        text = sv_str_slice(text, taken, text.len);
    }
    return status;
}

/* The beginning of a call that had to come, and was cut off, is no text. */
sv_status sv_openai_calls_end(sv_openai_calls *calls)
{
    if (calls->state != SV_OPENAI_CALLS_HEAD || sv_openai_tools_are_forced(calls->tools))
        return SV_OK;
    return give_up(calls);
}
