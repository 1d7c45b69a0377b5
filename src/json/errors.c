/* errors.c: collects the validation errors of a request and writes FastAPI's `detail`. Messages
 * come from the table of error types; what is wrong is found in decode.c and its helpers. */
#include "json/errors.h"

#include <string.h>

enum { FIRST_CAPACITY = 4, MAX_MESSAGE = 1 << 20 };

struct sv_errors_entry {
    sv_error_type type;
    const sv_loc *path; /* an array, outermost first */
    size_t path_len;
    sv_input input;
    sv_context context[SV_ERROR_TYPE_MAX_VALUES];
};

void sv_errors_init(sv_errors *errors, sv_arena *arena)
{
    *errors = (sv_errors){.arena = arena};
}

/* The array has room for 4, 8, 16 … entries. */
static bool needs_room(size_t count)
{
    return count == 0 || (count >= FIRST_CAPACITY && (count & (count - 1)) == 0);
}

static sv_status make_room(sv_errors *errors)
{
    if (!needs_room(errors->count))
        return SV_OK;
    size_t capacity = errors->count ? errors->count * 2 : FIRST_CAPACITY;
    sv_errors_entry *grown = sv_arena_alloc_array(errors->arena, capacity, sizeof *grown);
    if (!grown)
        return SV_NO_MEMORY;
    if (errors->count)
        memcpy(grown, errors->entries, errors->count * sizeof *grown);
    errors->entries = grown;
    return SV_OK;
}

/* The chain as an array; names of schemas and documents outlive it, so only the links are copied.
 */
static sv_status keep_path(sv_errors *errors, const sv_loc *where, sv_errors_entry *entry)
{
    size_t len = 0;
    for (const sv_loc *at = where; at; at = at->parent)
        len++;
    sv_loc *path = sv_arena_alloc_array(errors->arena, len, sizeof *path);
    if (!path)
        return SV_NO_MEMORY;
    entry->path = path;
    entry->path_len = len;
    for (const sv_loc *at = where; at; at = at->parent)
        path[--len] = *at;
    return SV_OK;
}

static sv_status append(sv_errors *errors, sv_errors_entry entry, const sv_loc *where)
{
    sv_status status = make_room(errors);
    if (!status)
        status = keep_path(errors, where, &entry);
    if (!status)
        errors->entries[errors->count++] = entry;
    return status;
}

static const sv_loc *outermost(const sv_loc *where)
{
    while (where && where->parent)
        where = where->parent;
    return where;
}

void sv_errors_add(sv_errors *errors, sv_error_type type, const sv_loc *where, sv_input input,
                   const sv_context *context)
{
    if (sv_errors_is_full(errors))
        return;
    if (!errors->arena) {
        errors->count = SV_ERRORS_MAX + 1;
        errors->status = SV_INVALID;
        return;
    }
    sv_errors_entry entry = {.type = type, .input = input};
    for (size_t i = 0; context && i < SV_ERROR_TYPE_MAX_VALUES; i++)
        if (sv_error_type_get(type)->keys[i])
            entry.context[i] = context[i];
        else
            break;
    if (errors->count == SV_ERRORS_MAX) {
        entry = (sv_errors_entry){.type = SV_ERROR_TYPE_TOO_MANY_ERRORS};
        entry.context[0] = (sv_context){.kind = SV_CONTEXT_INT, .integer = SV_ERRORS_MAX};
        where = outermost(where);
    }
    sv_status status = append(errors, entry, where);
    errors->status = status ? status : SV_INVALID;
}

void sv_errors_cut(sv_errors *errors, size_t count)
{
    if (errors->count > count)
        errors->count = count;
    if (!errors->count && errors->status == SV_INVALID)
        errors->status = SV_OK;
}

bool sv_errors_names(const sv_errors *errors, size_t first, sv_str name)
{
    for (size_t i = first; i < errors->count; i++) {
        const sv_errors_entry *entry = &errors->entries[i];
        if (entry->path_len && sv_str_eq(entry->path[entry->path_len - 1].name, name))
            return true;
    }
    return false;
}

static void write_message(sv_writer *writer, const sv_errors_entry *entry)
{
    sv_buf message;
    sv_buf_init(&message, MAX_MESSAGE);
    sv_error_type_append_message(&message, entry->type, entry->context);
    sv_writer_key_str(writer, "msg", sv_buf_str(&message));
    if (sv_buf_status(&message) && !sv_buf_status(writer->buf))
        writer->buf->status = sv_buf_status(&message);
    sv_buf_deinit(&message);
}

/* The longest start of `text` of at most `max_len` bytes that ends between two characters. */
static size_t whole_chars(const char *text, size_t max_len)
{
    while (max_len && ((unsigned char)text[max_len] & 0xC0) == 0x80)
        max_len--;
    return max_len;
}

/* Writes the first SV_ERRORS_MAX_INPUT bytes of a longer text and "…". They are copied first: the
 * text may stand where it is about to be written. */
static void write_cut(sv_writer *writer, const char *text)
{
    static const char ellipsis[] = "…";
    char kept[SV_ERRORS_MAX_INPUT + sizeof ellipsis];
    size_t len = whole_chars(text, SV_ERRORS_MAX_INPUT);
    memcpy(kept, text, len);
    memcpy(kept + len, ellipsis, sizeof ellipsis);
    sv_writer_str(writer, (sv_str){kept, len + sizeof ellipsis - 1});
}

static void write_input(sv_writer *writer, const sv_input *input)
{
    sv_writer_key(writer, SV_STR("input"));
    if (!input->value) {
        sv_writer_raw(writer, input->json ? sv_str_from(input->json) : SV_STR("null"));
        return;
    }
    size_t start = writer->buf->len;
    sv_value_write(input->value, writer, SV_ERRORS_MAX_INPUT);
    if (sv_buf_status(writer->buf) || writer->buf->len - start <= SV_ERRORS_MAX_INPUT)
        return;
    writer->buf->len = start;
    writer->needs_comma = false;
    write_cut(writer, writer->buf->ptr + start);
}

/* Names come from the request too: they are cut like inputs. */
static void write_name(sv_writer *writer, sv_str name)
{
    if (name.len <= SV_ERRORS_MAX_INPUT)
        sv_writer_str(writer, name);
    else
        write_cut(writer, name.ptr);
}

static void write_path(sv_writer *writer, const sv_errors_entry *entry)
{
    sv_writer_key(writer, SV_STR("loc"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < entry->path_len; i++)
        if (entry->path[i].name.ptr)
            write_name(writer, entry->path[i].name);
        else
            sv_writer_uint(writer, entry->path[i].index);
    sv_writer_end_array(writer);
}

static void write_context_value(sv_writer *writer, const sv_context *context)
{
    switch (context->kind) {
    case SV_CONTEXT_NULL:
        sv_writer_null(writer);
        break;
    case SV_CONTEXT_INT:
        sv_writer_int(writer, context->integer);
        break;
    case SV_CONTEXT_DOUBLE:
        sv_writer_double(writer, context->number);
        break;
    case SV_CONTEXT_TEXT:
        sv_writer_str(writer, context->text);
        break;
    case SV_CONTEXT_ERROR:
        sv_writer_raw(writer, SV_STR("{}"));
        break;
    }
}

static void write_context(sv_writer *writer, const sv_errors_entry *entry)
{
    const sv_error_type_info *info = sv_error_type_get(entry->type);
    if (!info->keys[0])
        return;
    sv_writer_key(writer, SV_STR("ctx"));
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < SV_ERROR_TYPE_MAX_VALUES && info->keys[i]; i++) {
        sv_writer_key(writer, sv_str_from(info->keys[i]));
        write_context_value(writer, &entry->context[i]);
    }
    sv_writer_end_object(writer);
}

void sv_errors_write(const sv_errors *errors, sv_writer *writer)
{
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < errors->count && !sv_buf_status(writer->buf); i++) {
        const sv_errors_entry *entry = &errors->entries[i];
        sv_writer_begin_object(writer);
        sv_writer_key_cstr(writer, "type", sv_error_type_get(entry->type)->name);
        write_path(writer, entry);
        write_message(writer, entry);
        write_input(writer, &entry->input);
        write_context(writer, entry);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

static void append_path(sv_buf *buf, const sv_errors_entry *entry)
{
    for (size_t i = 1; i < entry->path_len; i++) {
        if (i > 1)
            sv_buf_append_byte(buf, '.');
        if (entry->path[i].name.ptr)
            sv_buf_append_str(buf, entry->path[i].name);
        else
            sv_buf_printf(buf, "%zu", entry->path[i].index);
    }
}

/* Moves what `buf` holds into the arena and empties it. */
static sv_str keep_text(sv_arena *arena, sv_buf *buf)
{
    sv_str text = sv_buf_status(buf) ? (sv_str){0} : sv_arena_copy(arena, sv_buf_str(buf));
    sv_buf_deinit(buf);
    return text.ptr ? text : SV_STR("");
}

sv_errors_view sv_errors_get(const sv_errors *errors, size_t index)
{
    const sv_errors_entry *entry = &errors->entries[index];
    sv_errors_view view = {.type = entry->type, .value = entry->input.value};
    sv_buf buf;
    sv_buf_init(&buf, MAX_MESSAGE);
    append_path(&buf, entry);
    view.path = keep_text(errors->arena, &buf);
    sv_error_type_append_message(&buf, entry->type, entry->context);
    view.message = keep_text(errors->arena, &buf);
    return view;
}
