/* env_file.c: the grammar of .env files, one line at a time. */
#include "app/env_file.h"

#include <ctype.h>

static bool is_name(sv_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return false;
    return name.len && !isdigit((unsigned char)name.ptr[0]);
}

static char unescape(char byte)
{
    return byte == 'n' ? '\n' : byte == 't' ? '\t' : byte;
}

/* What stands between quotes; NULL pointer when the closing one is missing or something stands
 * behind it. */
static sv_str read_quoted(sv_arena *arena, sv_str text)
{
    char quote = text.ptr[0];
    char *value = sv_arena_alloc_raw(arena, text.len);
    size_t n = 0, i = 1;
    for (; value && i < text.len && text.ptr[i] != quote; i++) {
        bool escape = quote == '"' && text.ptr[i] == '\\' && i + 1 < text.len;
        i += escape;
        value[n++] = escape ? unescape(text.ptr[i]) : text.ptr[i];
    }
    sv_str behind = sv_str_trim(sv_str_slice(text, i + 1, text.len));
    if (!value || i >= text.len || (behind.len && behind.ptr[0] != '#'))
        return (sv_str){0};
    return (sv_str){value, n};
}

/* Up to a ` #`. */
static sv_str read_bare(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '#' && (i == 0 || isspace((unsigned char)text.ptr[i - 1])))
            text.len = i;
    return sv_str_trim(text);
}

static sv_env_line read_line(sv_arena *arena, sv_str text)
{
    if (sv_str_starts_with(text, SV_STR("export ")))
        text = sv_str_trim(sv_str_slice(text, 7, text.len));
    size_t equals = sv_str_find(text, '=');
    sv_env_line line = {.name = sv_str_trim(sv_str_slice(text, 0, equals))};
    sv_str value = sv_str_trim(sv_str_slice(text, equals + 1, text.len));
    if (equals == text.len || !is_name(line.name)) {
        line.problem = "expected NAME=value";
        return line;
    }
    bool quoted = value.len && (value.ptr[0] == '"' || value.ptr[0] == '\'');
    line.value = quoted ? read_quoted(arena, value) : read_bare(value);
    if (quoted && !line.value.ptr)
        line.problem = "the quotes are not closed";
    return line;
}

bool sv_env_file_next(sv_arena *arena, sv_str *rest, size_t *number, sv_env_line *ret_line)
{
    sv_str text;
    while (sv_str_split(rest, '\n', &text)) {
        ++*number;
        text = sv_str_trim(text);
        if (!text.len || text.ptr[0] == '#')
            continue;
        *ret_line = read_line(arena, text);
        return true;
    }
    return false;
}
