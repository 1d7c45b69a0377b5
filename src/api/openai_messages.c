/* openai_messages.c: the conversation of a chat request. */
#include "api/openai_messages.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 96 };

/* One message under way: where it stands is told in errors. */
typedef struct message_reader {
    sv_arena *arena;
    const sv_value *object;
    sv_error *error;
    char path[PATH_SIZE]; /* "messages[3]" */
} message_reader;

static const struct {
    sv_str name;
    sv_openai_role role;
} roles[] = {
    {SV_STR_INIT("system"), SV_OPENAI_SYSTEM}, {SV_STR_INIT("developer"), SV_OPENAI_SYSTEM},
    {SV_STR_INIT("user"), SV_OPENAI_USER},     {SV_STR_INIT("assistant"), SV_OPENAI_ASSISTANT},
    {SV_STR_INIT("tool"), SV_OPENAI_TOOL},     {SV_STR_INIT("function"), SV_OPENAI_TOOL},
};

static const char *name_member(const message_reader *reader, const char *member, char *text)
{
    snprintf(text, 2 * PATH_SIZE, "%s.%s", reader->path, member);
    return text;
}

static sv_status read_role(const message_reader *reader, sv_openai_role *ret_role)
{
    char path[2 * PATH_SIZE];
    const sv_value *role = sv_openai_fields_get(reader->object, SV_STR("role"));
    name_member(reader, "role", path);
    if (!role)
        return sv_openai_fields_refuse_missing(reader->error, path);
    if (!sv_openai_fields_is(role, SV_VALUE_STR))
        return sv_openai_fields_refuse_type(reader->error, path, "a string", role);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (sv_str_eq(roles[i].name, sv_value_str(role))) {
            *ret_role = roles[i].role;
            return SV_OK;
        }
    return sv_openai_fields_refuse(
        reader->error, path,
        "Invalid value: '%.*s'. Supported values are: 'system', 'developer', 'user', 'assistant', "
        "'tool' and 'function'.",
        SV_STR_ARG(sv_str_slice(sv_value_str(role), 0, 64)));
}

/* The text of a part; what is no text, no model here takes. */
static sv_status read_part(const message_reader *reader, const sv_value *part, size_t index,
                           sv_str *ret_text)
{
    char path[2 * PATH_SIZE], member[40];
    snprintf(member, sizeof member, "content[%zu]", index);
    name_member(reader, member, path);
    const sv_value *type = sv_openai_fields_get(part, SV_STR("type"));
    if (!sv_openai_fields_is(part, SV_VALUE_OBJECT))
        return sv_openai_fields_refuse_type(reader->error, path, "an object", part);
    if (!sv_openai_fields_is(type, SV_VALUE_STR))
        return sv_openai_fields_refuse(reader->error, path, "A content part needs a 'type'.");
    bool refuses = sv_str_eq(sv_value_str(type), SV_STR("refusal"));
    if (!refuses && !sv_str_eq(sv_value_str(type), SV_STR("text")))
        return sv_openai_fields_refuse(
            reader->error, path,
            "Content parts of type '%.*s' are not supported: the model takes text.",
            SV_STR_ARG(sv_str_slice(sv_value_str(type), 0, 64)));
    const sv_value *text = sv_openai_fields_get(part, refuses ? SV_STR("refusal") : SV_STR("text"));
    if (!sv_openai_fields_is(text, SV_VALUE_STR))
        return sv_openai_fields_refuse(reader->error, path,
                                       "A content part of type 'text' needs a string 'text'.");
    *ret_text = sv_value_str(text);
    return SV_OK;
}

static sv_status join_parts(const message_reader *reader, const sv_value *parts, sv_str *ret_text)
{
    sv_str piece;
    const sv_value *part;
    size_t len = 0, index = 0;
    sv_value_cursor cursor = sv_value_walk(parts);
    while (sv_value_next_item(&cursor, &part)) {
        sv_status status = read_part(reader, part, index++, &piece);
        if (status)
            return status;
        len += piece.len;
    }
    char *text = sv_arena_alloc_raw(reader->arena, len);
    if (!text)
        return SV_NO_MEMORY;
    *ret_text = (sv_str){text, len};
    cursor = sv_value_walk(parts);
    while (sv_value_next_item(&cursor, &part)) {
        (void)read_part(reader, part, 0, &piece);
        if (piece.len)
            memcpy(text, piece.ptr, piece.len);
        text += piece.len;
    }
    return SV_OK;
}

static sv_status read_content(const message_reader *reader, sv_openai_message *message)
{
    char path[2 * PATH_SIZE];
    const sv_value *content = sv_openai_fields_get(reader->object, SV_STR("content"));
    sv_status status = SV_OK;
    name_member(reader, "content", path);
    message->has_content = content != NULL;
    if (!content)
        return SV_OK;
    if (sv_openai_fields_is(content, SV_VALUE_STR))
        message->content = sv_value_str(content);
    else if (sv_openai_fields_is(content, SV_VALUE_ARRAY))
        status = join_parts(reader, content, &message->content);
    else
        return sv_openai_fields_refuse_type(reader->error, path, "a string or an array of parts",
                                            content);
    if (!status && message->content.len && memchr(message->content.ptr, 0, message->content.len))
        return sv_openai_fields_refuse(reader->error, path,
                                       "The character U+0000 is not allowed in '%s'.", path);
    return status;
}

/* What an assistant called before: {"function": {"name": "…", "arguments": "…"}} each. */
static sv_status read_calls(const message_reader *reader, sv_openai_message *message)
{
    char path[2 * PATH_SIZE];
    const sv_value *calls = sv_openai_fields_get(reader->object, SV_STR("tool_calls")), *call;
    name_member(reader, "tool_calls", path);
    if (!calls)
        return SV_OK;
    if (!sv_openai_fields_is(calls, SV_VALUE_ARRAY))
        return sv_openai_fields_refuse_type(reader->error, path, "an array", calls);
    sv_value_cursor cursor = sv_value_walk(calls);
    while (sv_value_next_item(&cursor, &call)) {
        const sv_value *function = sv_openai_fields_get(call, SV_STR("function"));
        if (!function || !sv_openai_fields_is(sv_value_get(function, SV_STR("name")), SV_VALUE_STR))
            return sv_openai_fields_refuse(reader->error, path,
                                           "A tool call needs a 'function' with a 'name'.");
    }
    message->calls = sv_value_len(calls) ? calls : NULL;
    return SV_OK;
}

static sv_status check_content(const message_reader *reader, const sv_openai_message *message)
{
    char path[2 * PATH_SIZE];
    bool is_assistant = message->role == SV_OPENAI_ASSISTANT;
    bool has_call = message->calls || sv_openai_fields_get(reader->object, SV_STR("function_call"));
    if (message->has_content || (is_assistant && has_call))
        return SV_OK;
    return sv_openai_fields_refuse_missing(reader->error, name_member(reader, "content", path));
}

static sv_status read_message(message_reader *reader, sv_openai_message *message)
{
    static const sv_openai_field fields[] = {
        SV_OPENAI_FIELD(sv_openai_message, "name", name, STRING),
        SV_OPENAI_FIELD(sv_openai_message, "tool_call_id", call_id, STRING),
        {0},
    };
    char prefix[2 * PATH_SIZE];
    if (!sv_openai_fields_is(reader->object, SV_VALUE_OBJECT))
        return sv_openai_fields_refuse_type(reader->error, reader->path, "an object",
                                            reader->object);
    sv_status status = read_role(reader, &message->role);
    if (!status)
        status = sv_openai_fields_read(reader->object, fields, name_member(reader, "", prefix),
                                       message, reader->error);
    if (!status)
        status = read_content(reader, message);
    if (!status)
        status = read_calls(reader, message);
    return status ? status : check_content(reader, message);
}

sv_status sv_openai_messages_read(sv_arena *arena, const sv_value *body, sv_error *error,
                                  sv_openai_messages *ret_messages)
{
    const sv_value *list = sv_openai_fields_get(body, SV_STR("messages"));
    message_reader reader = {.arena = arena, .error = error};
    sv_status status = SV_OK;
    size_t n = 0;
    if (!list)
        return sv_openai_fields_refuse_missing(error, "messages");
    if (!sv_openai_fields_is(list, SV_VALUE_ARRAY))
        return sv_openai_fields_refuse_type(error, "messages", "an array of objects", list);
    if (!sv_value_len(list) || sv_value_len(list) > SV_OPENAI_MAX_MESSAGES)
        return sv_openai_fields_refuse(error, "messages",
                                       "Invalid 'messages': expected 1 to %d messages, got %zu.",
                                       SV_OPENAI_MAX_MESSAGES, sv_value_len(list));
    sv_openai_message *items = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *items);
    sv_value_cursor cursor = sv_value_walk(list);
    if (!items)
        return SV_NO_MEMORY;
    while (!status && sv_value_next_item(&cursor, &reader.object)) {
        snprintf(reader.path, sizeof reader.path, "messages[%zu]", n);
        status = read_message(&reader, &items[n++]);
    }
    if (!status)
        *ret_messages = (sv_openai_messages){items, n};
    return status;
}
