/* part_head.c: what a part of a form says of itself. Content-Transfer-Encoding and `_charset_` are
 * obsolete (RFC 7578 4.6, 4.7) and not looked at; `filename*` must not be sent (4.2) and is
 * ignored.
 */
#include "http/part_head.h"

#include <string.h>

#include "http/message.h"

sv_status sv_part_head_refuse(sv_error *error)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_bad_request, "Invalid multipart data.");
}

/* Where the parameter at the start of `text` ends: at a semicolon outside quotes. */
static size_t measure_param(sv_str text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            is_quoted = !is_quoted;
        else if (text.ptr[i] == '\\' && is_quoted)
            i++;
        else if (text.ptr[i] == ';' && !is_quoted)
            return i;
    }
    return text.len;
}

sv_str sv_part_head_param(sv_str value, sv_str name)
{
    sv_str found = {0};
    for (size_t at = sv_str_find(value, ';'); at < value.len;) {
        sv_str rest = sv_str_slice(value, at + 1, value.len);
        sv_str param = sv_str_slice(rest, 0, measure_param(rest));
        size_t equals = sv_str_find(param, '=');
        if (sv_str_eq_nocase(sv_str_trim_ows(sv_str_slice(param, 0, equals)), name))
            found = sv_str_trim_ows(sv_str_slice(param, equals + 1, param.len));
        at += 1 + param.len;
    }
    return found;
}

sv_str sv_part_head_to_utf8(sv_arena *arena, sv_str text)
{
    if (sv_str_is_utf8(text))
        return text;
    char *wide = sv_arena_alloc_raw(arena, text.len * 2);
    size_t len = 0;
    for (size_t i = 0; wide && i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte >= 0x80)
            wide[len++] = (char)(0xC0 | byte >> 6);
        wide[len++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
    }
    return (sv_str){wide, len};
}

static bool is_quoted_text(sv_str text)
{
    return text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
}

/* The byte that an escape at the start of `text` stands for, and its length; or the byte itself.
 * Browsers write quotes and line ends as %22, %0D and %0A, and nothing else so. */
static char read_char(sv_str text, bool is_quoted, size_t *ret_len)
{
    int byte = sv_message_percent_byte(text);
    bool is_escaped = is_quoted && text.ptr[0] == '\\' && text.len > 1 &&
                      (text.ptr[1] == '"' || text.ptr[1] == '\\');
    bool is_percent = byte == '"' || byte == '\r' || byte == '\n';
    *ret_len = is_escaped ? 2 : is_percent ? 3 : 1;
    return is_escaped ? text.ptr[1] : is_percent ? (char)byte : text.ptr[0];
}

static sv_str decode_param(sv_arena *arena, sv_str text)
{
    bool is_quoted = is_quoted_text(text);
    if (is_quoted)
        text = sv_str_slice(text, 1, text.len - 2);
    char *plain = sv_arena_alloc_raw(arena, text.len);
    size_t len = 0, step = 0;
    for (size_t i = 0; plain && i < text.len; i += step)
        plain[len++] = read_char(sv_str_slice(text, i, 3), is_quoted, &step);
    return plain ? sv_part_head_to_utf8(arena, (sv_str){plain, len}) : (sv_str){0};
}

/* Old browsers send the whole path (C:\x\y.png, \\host\y.png): its last part is the name. */
static sv_str cut_folders(sv_str filename)
{
    bool has_drive = sv_str_starts_with(sv_str_slice(filename, 1, 2), SV_STR(":\\"));
    if (!has_drive && !sv_str_starts_with(filename, SV_STR("\\\\")))
        return filename;
    size_t start = filename.len;
    while (start > 0 && filename.ptr[start - 1] != '\\')
        start--;
    return sv_str_slice(filename, start, filename.len);
}

static sv_status read_disposition(sv_arena *arena, sv_str disposition, sv_error *error,
                                  sv_part_head *head)
{
    sv_str type = sv_str_trim_ows(sv_str_slice(disposition, 0, sv_str_find(disposition, ';')));
    sv_str name = sv_part_head_param(disposition, SV_STR("name"));
    sv_str filename = sv_part_head_param(disposition, SV_STR("filename"));
    if (!sv_str_eq_nocase(type, SV_STR("form-data")) || !name.ptr)
        return sv_error_set(error, SV_INVALID, &sv_kind_bad_request,
                            "The Content-Disposition header field \"name\" must be provided.");
    head->name = decode_param(arena, name);
    if (filename.ptr)
        head->filename = cut_folders(decode_param(arena, filename));
    return head->name.ptr && (head->filename.ptr || !filename.ptr) ? SV_OK : SV_NO_MEMORY;
}

/* Cuts the next field line off `*rest`; false for the empty line or when it is none. */
static bool next_field(sv_str *rest, sv_str *ret_name, sv_str *ret_value)
{
    sv_str line;
    if (!sv_str_split(rest, '\n', &line) || !sv_str_ends_with(line, SV_STR("\r")))
        return false;
    line.len--;
    size_t colon = sv_str_find(line, ':');
    *ret_name = sv_str_slice(line, 0, colon);
    *ret_value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    return colon < line.len && sv_message_is_header(*ret_name, *ret_value);
}

sv_status sv_part_head_read(sv_arena *arena, sv_str lines, sv_error *error, sv_part_head *ret_head)
{
    sv_part_head head = {0};
    sv_str name, value, disposition = {0}, content_type = {0};
    while (next_field(&lines, &name, &value)) {
        if (sv_str_eq_nocase(name, SV_STR("content-disposition")))
            disposition = value;
        else if (!content_type.ptr && sv_str_eq_nocase(name, SV_STR("content-type")))
            content_type = value;
    }
    if (lines.len)
        return sv_part_head_refuse(error);
    sv_status status = read_disposition(arena, disposition, error, &head);
    if (status)
        return status;
    if (content_type.ptr) {
        head.content_type = sv_arena_copy(arena, sv_part_head_to_utf8(arena, content_type));
        if (!head.content_type.ptr)
            return SV_NO_MEMORY;
    }
    *ret_head = head;
    return SV_OK;
}
