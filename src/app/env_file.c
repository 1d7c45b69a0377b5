/* env_file.c: the grammar of .env files. What the names mean: settings.c. */
#include "app/env_file.h"

static const char not_closed[] = "the quotes are not closed";
static const char not_an_entry[] = "expected NAME=value";

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip(sv_str *text, size_t len)
{
    *text = sv_str_slice(*text, len, text->len);
}

static void skip_blanks(sv_str *text)
{
    while (text->len && is_blank(text->ptr[0]))
        skip(text, 1);
}

/* Up to white space, `=` or `#`: names of other programs may hold dots and dashes. */
static sv_str take_name(sv_str *line)
{
    size_t len = 0;
    while (len < line->len && !is_blank(line->ptr[len]) && line->ptr[len] != '=' &&
           line->ptr[len] != '#')
        len++;
    sv_str name = sv_str_slice(*line, 0, len);
    skip(line, len);
    skip_blanks(line);
    return name;
}

/* The byte that a backslash and `byte` stand for; 0 when the backslash stands for itself. */
static char unescape(char quote, char byte)
{
    if (byte == '\\' || byte == quote)
        return byte;
    if (quote == '\'')
        return '\0';
    return byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte == 't' ? '\t' : '\0';
}

/* Where the closing quote of `text`, which starts with the opening one, stands; or its length. */
static size_t find_closing(sv_str text)
{
    size_t i = 1;
    while (i < text.len && text.ptr[i] != text.ptr[0])
        i += text.ptr[i] == '\\' ? 2 : 1;
    return i < text.len ? i : text.len;
}

static sv_str copy_unescaped(sv_arena *arena, char quote, sv_str inside)
{
    char *value = sv_arena_alloc_raw(arena, inside.len);
    size_t n = 0;
    for (size_t i = 0; value && i < inside.len; i++) {
        char escaped =
            inside.ptr[i] == '\\' && i + 1 < inside.len ? unescape(quote, inside.ptr[i + 1]) : '\0';
        value[n++] = escaped ? escaped : inside.ptr[i];
        i += escaped != '\0';
    }
    return (sv_str){value, n};
}

static size_t count_line_ends(sv_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

/* A value in quotes, which may end on a later line; only a comment may follow it on that line. */
static void read_quoted(sv_arena *arena, sv_env_file *file, sv_str line, sv_env_entry *entry)
{
    sv_str text = line, behind = {0};
    if (file->rest.ptr)
        text.len = (size_t)(file->rest.ptr + file->rest.len - line.ptr);
    size_t end = find_closing(text);
    sv_str rest = sv_str_slice(text, end + 1, text.len);
    if (end == text.len) {
        entry->problem = not_closed;
        return;
    }
    (void)sv_str_split(&rest, '\n', &behind);
    skip_blanks(&behind);
    if (behind.len && behind.ptr[0] != '#') {
        entry->problem = "something follows the closing quote";
        return;
    }
    entry->value = copy_unescaped(arena, text.ptr[0], sv_str_slice(text, 1, end - 1));
    if (!entry->value.ptr)
        entry->problem = "out of memory";
    file->rest = rest;
    file->lines_read += count_line_ends(sv_str_slice(text, 0, end));
}

/* Up to a ` #`. */
static sv_str read_bare(sv_str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '#' && (i == 0 || is_blank(line.ptr[i - 1])))
            line.len = i;
    return sv_str_trim(line);
}

/* `line` is not blank and no comment; `file` stands behind it. */
static sv_env_entry read_entry(sv_arena *arena, sv_env_file *file, sv_str line)
{
    sv_env_entry entry = {.line = file->lines_read};
    entry.name = take_name(&line);
    if (sv_str_eq(entry.name, SV_STR("export")) && line.len && line.ptr[0] != '=')
        entry.name = take_name(&line);
    if (!entry.name.len || !line.len || line.ptr[0] != '=') {
        entry.problem = not_an_entry;
        return entry;
    }
    skip(&line, 1);
    skip_blanks(&line);
    if (line.len && (line.ptr[0] == '"' || line.ptr[0] == '\''))
        read_quoted(arena, file, line, &entry);
    else
        entry.value = read_bare(line);
    return entry;
}

bool sv_env_file_next(sv_arena *arena, sv_env_file *file, sv_env_entry *ret_entry)
{
    sv_str line;
    if (!file->lines_read && sv_str_starts_with(file->rest, SV_STR("\xEF\xBB\xBF")))
        skip(&file->rest, 3);
    while (sv_str_split(&file->rest, '\n', &line)) {
        file->lines_read++;
        skip_blanks(&line);
        if (!line.len || line.ptr[0] == '#')
            continue;
        *ret_entry = read_entry(arena, file, line);
        return true;
    }
    return false;
}
