/* http_cases.c: see http_cases.h. */
#include "http_cases.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

enum { MAX_CASES = 2000 };
static const size_t MAX_BYTES = (size_t)64 << 20;

typedef struct reader {
    sv_arena *arena;
    http_case *cases;
    size_t n_cases;
    const char *file;
} reader;

static int hex_byte(const char *digits)
{
    char text[3] = {digits[0], digits[1], '\0'};
    return (int)strtol(text, NULL, 16);
}

static void unescape(sv_buf *out, sv_str text);

/* "N|text]" behind "\["; returns its length. */
static size_t repeat(sv_buf *out, sv_str text)
{
    size_t end = sv_str_find(text, ']'), bar = sv_str_find(text, '|');
    assert_true(bar < end && end < text.len);
    sv_buf once;
    sv_buf_init(&once, MAX_BYTES);
    unescape(&once, sv_str_slice(text, bar + 1, end - bar - 1));
    for (long n = strtol(text.ptr, NULL, 10); n > 0; n--)
        sv_buf_append_str(out, sv_buf_str(&once));
    sv_buf_deinit(&once);
    return end + 1;
}

static void unescape(sv_buf *out, sv_str text)
{
    static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\\') {
            sv_buf_append_byte(out, text.ptr[i]);
            continue;
        }
        char kind = text.ptr[++i];
        const char *found = strchr(from, kind);
        if (kind == 'x') {
            sv_buf_append_byte(out, (char)hex_byte(text.ptr + i + 1));
            i += 2;
        } else if (kind == '[') {
            i += repeat(out, sv_str_slice(text, i + 1, text.len));
        } else {
            assert_non_null(found);
            sv_buf_append_byte(out, to[found - from]);
        }
    }
}

static sv_str unescape_copy(sv_arena *arena, sv_str text)
{
    sv_buf out;
    sv_buf_init(&out, MAX_BYTES);
    unescape(&out, text);
    sv_str copy = sv_arena_copy(arena, sv_buf_str(&out));
    assert_non_null(copy.ptr);
    sv_buf_deinit(&out);
    return copy;
}

static void read_expect(http_case *read, sv_str text)
{
    sv_str word, choice;
    while (sv_str_split(&text, ' ', &word)) {
        if (sv_str_eq(word, SV_STR("closed")) || sv_str_eq(word, SV_STR("open"))) {
            read->is_closed = sv_str_eq(word, SV_STR("closed"));
        } else if (!sv_str_eq(word, SV_STR("none"))) {
            size_t n = 0;
            assert_true(read->n_answers < HTTP_CASE_MAX_ANSWERS);
            while (sv_str_split(&word, '|', &choice))
                read->statuses[read->n_answers][n++] = atoi(choice.ptr);
            read->n_answers++;
        }
    }
}

static bool take_word(sv_str line, sv_str word, sv_str *ret_rest)
{
    if (!sv_str_starts_with(line, word))
        return false;
    *ret_rest = sv_str_trim_ows(sv_str_slice(line, word.len, line.len));
    return true;
}

static void read_line(reader *from, sv_str line)
{
    sv_str rest;
    if (take_word(line, SV_STR("## "), &rest)) {
        assert_true(from->n_cases < MAX_CASES);
        from->cases[from->n_cases++] = (http_case){.file = from->file, .name = rest};
        return;
    }
    http_case *current = from->n_cases ? &from->cases[from->n_cases - 1] : NULL;
    if (!current || current->file != from->file)
        return;
    if (take_word(line, SV_STR("expect:"), &rest))
        read_expect(current, rest);
    else if (take_word(line, SV_STR("body:"), &rest))
        current->bodies[current->n_bodies++] = unescape_copy(from->arena, rest);
    else if (take_word(line, SV_STR("header:"), &rest))
        current->header = rest;
    else if (take_word(line, SV_STR("eof:"), &rest))
        current->ends = true;
}

static void read_text(reader *from, sv_str text)
{
    sv_str line;
    sv_buf block;
    bool in_block = false;
    sv_buf_init(&block, MAX_BYTES);
    while (sv_str_split(&text, '\n', &line)) {
        if (!sv_str_starts_with(line, SV_STR("```"))) {
            if (in_block)
                unescape(&block, line);
            else
                read_line(from, line);
            continue;
        }
        in_block = !in_block;
        if (!in_block && from->n_cases) {
            sv_str bytes = sv_arena_copy(from->arena, sv_buf_str(&block));
            from->cases[from->n_cases - 1].bytes = bytes;
            sv_buf_clear(&block);
        }
    }
    sv_buf_deinit(&block);
}

static void read_file(reader *from, const char *folder, const char *name)
{
    char *path = (char *)sv_arena_printf(from->arena, "%s/%s", folder, name).ptr;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = sv_arena_alloc_raw(from->arena, 1 << 20);
    size_t len = fread(text, 1, 1 << 20, file);
    fclose(file);
    assert_true(len > 0 && len < 1 << 20);
    from->file = sv_arena_copy(from->arena, sv_str_from(name)).ptr;
    read_text(from, (sv_str){text, len});
}

http_case *http_cases_read(sv_arena *arena, const char *folder, size_t *ret_count)
{
    reader from = {.arena = arena,
                   .cases = sv_arena_alloc_array(arena, MAX_CASES, sizeof(http_case))};
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (sv_str_ends_with(sv_str_from(entry->d_name), SV_STR(".md")))
            read_file(&from, folder, entry->d_name);
    closedir(listing);
    *ret_count = from.n_cases;
    return from.cases;
}
