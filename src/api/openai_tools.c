/* openai_tools.c: functions that a chat may call: reading them, and telling the model of them. */
#include "api/openai_tools.h"

#include <stdio.h>
#include <string.h>

#include "base/writer.h"

enum { MAX_TEXT = 16 << 20, PATH_SIZE = 64 };

/* ---- reading ---- */

static bool is_name(sv_str name)
{
    if (!name.len || name.len > SV_OPENAI_MAX_TOOL_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return true;
}

static sv_status read_function(const sv_value *function, const char *path, sv_openai_tool *tool,
                               sv_error *error)
{
    static const sv_openai_field fields[] = {
        SV_OPENAI_FIELD(sv_openai_tool, "name", name, STRING, .is_required = true),
        SV_OPENAI_FIELD(sv_openai_tool, "description", description, STRING),
        SV_OPENAI_FIELD(sv_openai_tool, "parameters", parameters, OBJECT),
        SV_OPENAI_FIELD(sv_openai_tool, "strict", is_strict, BOOLEAN),
        {0},
    };
    char prefix[2 * PATH_SIZE];
    snprintf(prefix, sizeof prefix, "%s.function.", path);
    sv_status status = sv_openai_fields_read(function, fields, prefix, tool, error);
    if (!status && !is_name(tool->name))
        return sv_openai_fields_refuse(error, path,
                                       "Invalid name of a function: expected 1 to %d letters, "
                                       "digits, '_' and '-'.",
                                       SV_OPENAI_MAX_TOOL_NAME);
    return status;
}

static bool has_type(const sv_value *object, sv_str type)
{
    const sv_value *value = sv_openai_fields_get(object, SV_STR("type"));
    return sv_openai_fields_is(value, SV_VALUE_STR) && sv_str_eq(sv_value_str(value), type);
}

static sv_status read_tool(const sv_value *object, const char *path, sv_openai_tool *tool,
                           sv_error *error)
{
    const sv_value *function = sv_openai_fields_get(object, SV_STR("function"));
    if (!sv_openai_fields_is(object, SV_VALUE_OBJECT))
        return sv_openai_fields_refuse_type(error, path, "an object", object);
    if (!has_type(object, SV_STR("function")))
        return sv_openai_fields_refuse(error, path,
                                       "Invalid tool: tools of type 'function' are supported.");
    if (!sv_openai_fields_is(function, SV_VALUE_OBJECT))
        return sv_openai_fields_refuse(error, path, "Invalid tool: 'function' must be an object.");
    return read_function(function, path, tool, error);
}

static sv_status read_list(sv_arena *arena, const sv_value *list, sv_error *error,
                           sv_openai_tools *tools)
{
    const sv_value *object;
    char path[PATH_SIZE];
    sv_status status = SV_OK;
    if (!sv_openai_fields_is(list, SV_VALUE_ARRAY))
        return sv_openai_fields_refuse_type(error, "tools", "an array", list);
    if (!sv_value_len(list) || sv_value_len(list) > SV_OPENAI_MAX_TOOLS)
        return sv_openai_fields_refuse(error, "tools",
                                       "Invalid 'tools': expected 1 to %d tools, got %zu.",
                                       SV_OPENAI_MAX_TOOLS, sv_value_len(list));
    sv_openai_tool *items = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; !status && sv_value_next_item(&cursor, &object); i++) {
        snprintf(path, sizeof path, "tools[%zu]", i);
        status = read_tool(object, path, &items[i], error);
    }
    *tools =
        (sv_openai_tools){.items = items, .n = sv_value_len(list), .choice = SV_OPENAI_CHOICE_AUTO};
    return status;
}

const sv_openai_tool *sv_openai_tools_find(const sv_openai_tools *tools, sv_str name)
{
    for (size_t i = 0; i < tools->n; i++)
        if (sv_str_eq(tools->items[i].name, name))
            return &tools->items[i];
    return NULL;
}

/* The tool that {"type": "function", "function": {"name": "f"}} means. */
static sv_status find_chosen(const sv_openai_tools *tools, const sv_value *choice, sv_error *error,
                             const sv_openai_tool **ret_tool)
{
    const sv_value *function = sv_openai_fields_get(choice, SV_STR("function"));
    const sv_value *name = function ? sv_openai_fields_get(function, SV_STR("name")) : NULL;
    if (!has_type(choice, SV_STR("function")) || !sv_openai_fields_is(name, SV_VALUE_STR))
        return sv_openai_fields_refuse(error, "tool_choice",
                                       "Invalid 'tool_choice': expected 'none', 'auto', 'required' "
                                       "or an object with a type and a function's name.");
    *ret_tool = sv_openai_tools_find(tools, sv_value_str(name));
    if (!*ret_tool)
        return sv_openai_fields_refuse(error, "tool_choice",
                                       "Invalid 'tool_choice': there is no tool '%.*s'.",
                                       SV_STR_ARG(sv_str_slice(sv_value_str(name), 0, 64)));
    return SV_OK;
}

static sv_status read_mode(const sv_value *mode, sv_error *error, sv_openai_choice *ret_choice)
{
    static const struct {
        sv_str name;
        sv_openai_choice choice;
    } modes[] = {
        {SV_STR_INIT("none"), SV_OPENAI_CHOICE_NONE},
        {SV_STR_INIT("auto"), SV_OPENAI_CHOICE_AUTO},
        {SV_STR_INIT("required"), SV_OPENAI_CHOICE_REQUIRED},
    };
    for (size_t i = 0; sv_openai_fields_is(mode, SV_VALUE_STR) && i < sizeof modes / sizeof *modes;
         i++)
        if (sv_str_eq(modes[i].name, sv_value_str(mode))) {
            *ret_choice = modes[i].choice;
            return SV_OK;
        }
    return sv_openai_fields_refuse(error, "tool_choice",
                                   "Invalid 'tool_choice': expected 'none', 'auto' or 'required'.");
}

/* {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": […]}} */
static sv_status read_allowed(sv_arena *arena, const sv_value *choice, sv_error *error,
                              sv_openai_tools *tools)
{
    const sv_value *allowed = sv_openai_fields_get(choice, SV_STR("allowed_tools")), *item;
    const sv_value *list = allowed ? sv_openai_fields_get(allowed, SV_STR("tools")) : NULL;
    const sv_openai_tool *tool = NULL;
    size_t n = 0;
    if (!sv_openai_fields_is(list, SV_VALUE_ARRAY) || !sv_value_len(list) ||
        sv_value_len(list) > SV_OPENAI_MAX_TOOLS)
        return sv_openai_fields_refuse(error, "tool_choice",
                                       "Invalid 'tool_choice': 'allowed_tools' needs 'tools'.");
    sv_status status =
        read_mode(sv_openai_fields_get(allowed, SV_STR("mode")), error, &tools->choice);
    sv_openai_tool *items = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    while (!status && sv_value_next_item(&cursor, &item)) {
        status = find_chosen(tools, item, error, &tool);
        if (!status)
            items[n++] = *tool;
    }
    tools->items = items;
    tools->n = n;
    return status;
}

static sv_status read_choice(sv_arena *arena, const sv_value *choice, sv_error *error,
                             sv_openai_tools *tools)
{
    const sv_openai_tool *tool;
    if (sv_openai_fields_is(choice, SV_VALUE_STR))
        return read_mode(choice, error, &tools->choice);
    if (has_type(choice, SV_STR("allowed_tools")))
        return read_allowed(arena, choice, error, tools);
    sv_status status = find_chosen(tools, choice, error, &tool);
    if (!status)
        *tools = (sv_openai_tools){
            .items = tool, .n = 1, .choice = SV_OPENAI_CHOICE_NAMED, .is_single = true};
    return status;
}

sv_status sv_openai_tools_read(sv_arena *arena, const sv_value *body, sv_error *error,
                               sv_openai_tools *ret_tools)
{
    static const sv_openai_field parallel[] = {
        {.name = SV_STR_INIT("parallel_tool_calls"), .type = SV_OPENAI_BOOLEAN}, {0}};
    const sv_value *list = sv_openai_fields_get(body, SV_STR("tools"));
    const sv_value *choice = sv_openai_fields_get(body, SV_STR("tool_choice"));
    sv_openai_tools tools = {.choice = SV_OPENAI_CHOICE_NONE};
    bool is_parallel = true;
    sv_status status = sv_openai_fields_read(body, parallel, "", &is_parallel, error);
    if (!status && list)
        status = read_list(arena, list, error, &tools);
    if (!status && choice && list)
        status = read_choice(arena, choice, error, &tools);
    else if (!status && choice &&
             !(sv_openai_fields_is(choice, SV_VALUE_STR) &&
               sv_str_eq(sv_value_str(choice), SV_STR("none"))))
        return sv_openai_fields_refuse(
            error, "tool_choice",
            "Invalid value for 'tool_choice': it is only allowed when 'tools' are specified.");
    if (status)
        return status;
    tools.is_single = tools.is_single || !is_parallel;
    *ret_tools = tools;
    return SV_OK;
}

bool sv_openai_tools_are_forced(const sv_openai_tools *tools)
{
    return tools->choice == SV_OPENAI_CHOICE_REQUIRED || tools->choice == SV_OPENAI_CHOICE_NAMED;
}

/* ---- telling the model ---- */

static void write_tool(sv_writer *writer, const sv_openai_tool *tool)
{
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", tool->name);
    if (tool->description.len)
        sv_writer_key_str(writer, "description", tool->description);
    if (tool->parameters) {
        sv_writer_key(writer, SV_STR("parameters"));
        sv_value_write(tool->parameters, writer, MAX_TEXT);
    }
    sv_writer_end_object(writer);
}

static void write_appendix(const sv_openai_tools *tools, sv_buf *text)
{
    sv_writer writer;
    sv_buf_append_str(text, SV_STR("You can call these functions:\n"));
    for (size_t i = 0; i < tools->n; i++) {
        sv_writer_init(&writer, text);
        write_tool(&writer, &tools->items[i]);
        sv_buf_append_byte(text, '\n');
    }
    sv_buf_append_str(text, SV_STR("To call one, answer with nothing but JSON: {\"name\": "
                                   "\"the function\", \"arguments\": {…}}"));
    if (sv_openai_tools_are_forced(tools))
        sv_buf_append_str(text, SV_STR("\nYou have to call one now."));
}

/* A call that was made before; `arguments` is JSON in a text. */
static void write_call(const sv_value *call, sv_buf *text)
{
    const sv_value *function = sv_openai_fields_get(call, SV_STR("function"));
    const sv_value *arguments = sv_openai_fields_get(function, SV_STR("arguments"));
    sv_writer writer;
    sv_writer_init(&writer, text);
    sv_writer_begin_object(&writer);
    sv_writer_key_str(&writer, "name", sv_value_str(sv_value_get(function, SV_STR("name"))));
    sv_writer_key(&writer, SV_STR("arguments"));
    if (sv_openai_fields_is(arguments, SV_VALUE_STR) && sv_value_len(arguments))
        sv_writer_raw(&writer, sv_value_str(arguments));
    else
        sv_writer_raw(&writer, SV_STR("{}"));
    sv_writer_end_object(&writer);
}

static void write_text(const sv_openai_message *message, sv_buf *text)
{
    const sv_value *call;
    if (message->role == SV_OPENAI_TOOL)
        sv_buf_printf(text, "Result of %.*s:\n",
                      SV_STR_ARG(message->name.len      ? message->name
                                 : message->call_id.len ? message->call_id
                                                        : SV_STR("the function")));
    sv_buf_append_str(text, message->content);
    if (!message->calls)
        return;
    sv_value_cursor cursor = sv_value_walk(message->calls);
    while (sv_value_next_item(&cursor, &call)) {
        if (text->len)
            sv_buf_append_byte(text, '\n');
        write_call(call, text);
    }
}

static sv_str role_name(sv_openai_role role)
{
    switch (role) {
    case SV_OPENAI_SYSTEM:
        return SV_STR("system");
    case SV_OPENAI_ASSISTANT:
        return SV_STR("assistant");
    case SV_OPENAI_USER:
    case SV_OPENAI_TOOL: /* templates that know no tools know no such role */
        break;
    }
    return SV_STR("user");
}

/* Templates take no NUL, which the texts of earlier calls may have. */
static sv_status keep_text(sv_arena *arena, sv_buf *buf, sv_str *ret_text)
{
    sv_status status = sv_buf_status(buf);
    for (char *nul = buf->ptr; nul && (nul = memchr(nul, 0, buf->len - (size_t)(nul - buf->ptr)));)
        *nul = ' ';
    sv_str text = status ? (sv_str){0} : sv_arena_copy(arena, sv_buf_str(buf));
    sv_buf_clear(buf);
    if (!status && !text.ptr)
        return SV_NO_MEMORY;
    *ret_text = text;
    return status;
}

static sv_status make_message(sv_arena *arena, const sv_openai_message *message,
                              const sv_openai_tools *tools, sv_buf *buf, sv_chat_message *made)
{
    made->role = role_name(message->role);
    made->content = message->content;
    if (message->role != SV_OPENAI_TOOL && !message->calls && !tools)
        return SV_OK;
    write_text(message, buf);
    if (tools && message->content.len)
        sv_buf_append_str(buf, SV_STR("\n\n"));
    if (tools)
        write_appendix(tools, buf);
    return keep_text(arena, buf, &made->content);
}

sv_status sv_openai_tools_apply(sv_arena *arena, const sv_openai_messages *messages,
                                const sv_openai_tools *tools, const sv_chat_message **ret_messages,
                                size_t *ret_n)
{
    static const sv_openai_message nothing = {.role = SV_OPENAI_SYSTEM};
    bool are_told = tools->n && tools->choice != SV_OPENAI_CHOICE_NONE;
    bool needs_system = are_told && messages->items[0].role != SV_OPENAI_SYSTEM;
    sv_chat_message *made = sv_arena_alloc_array(arena, messages->len + 1, sizeof *made);
    sv_status status = made ? SV_OK : SV_NO_MEMORY;
    size_t n = 0;
    sv_buf buf;
    sv_buf_init(&buf, MAX_TEXT);
    if (!status && needs_system)
        status = make_message(arena, &nothing, tools, &buf, &made[n++]);
    for (size_t i = 0; i < messages->len && !status; i++)
        status = make_message(arena, &messages->items[i],
                              are_told && !needs_system && i == 0 ? tools : NULL, &buf, &made[n++]);
    sv_buf_deinit(&buf);
    if (status)
        return status;
    *ret_messages = made;
    *ret_n = n;
    return SV_OK;
}
