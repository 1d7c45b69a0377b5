/* labels.c: reads a labels file. */
#include "model/labels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Clients may be told why: the file's name, not where it is. */
static sv_status refuse(const char *path, const char *why, sv_error *error)
{
    const char *slash = strrchr(path, '/');
    return sv_error_set(error, SV_IO, NULL, "cannot read the labels: %s: %s",
                        slash ? slash + 1 : path, why);
}

static sv_status read_text(sv_arena *arena, const char *path, sv_error *error, sv_str *ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return refuse(path, strerror(errno), error);
    struct stat info;
    sv_status status = SV_OK;
    if (fstat(fileno(file), &info) || !S_ISREG(info.st_mode))
        status = refuse(path, "not a file", error);
    else if (info.st_size > SV_LABELS_MAX_BYTES)
        status = sv_error_set(error, SV_TOO_LARGE, NULL, "a labels file has at most %d bytes",
                              SV_LABELS_MAX_BYTES);
    char *text = status ? NULL : sv_arena_alloc_raw(arena, (size_t)info.st_size + 1);
    if (text)
        *ret_text = (sv_str){text, fread(text, 1, (size_t)info.st_size, file)};
    else if (!status)
        status = SV_NO_MEMORY;
    fclose(file);
    return status;
}

static size_t count_lines(sv_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n + (text.len && text.ptr[text.len - 1] != '\n');
}

sv_status sv_labels_read(sv_arena *arena, const char *path, sv_error *error, sv_strs *ret_labels)
{
    sv_str text = {0}, line;
    sv_status status = read_text(arena, path, error, &text);
    if (!status && !sv_str_is_utf8(text))
        status = sv_error_set(error, SV_INVALID, NULL, "the labels are not UTF-8");
    if (!status && count_lines(text) > SV_LABELS_MAX)
        status = sv_error_set(error, SV_TOO_LARGE, NULL, "more than %d labels", SV_LABELS_MAX);
    if (status) {
        sv_error_set_path(error, "%s", path);
        return status;
    }
    sv_strs labels = {.items = sv_arena_alloc_array(arena, count_lines(text) + 1, sizeof(sv_str))};
    if (!labels.items)
        return SV_NO_MEMORY;
    size_t n = count_lines(text);
    while (labels.len < n && sv_str_split(&text, '\n', &line)) {
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        labels.items[labels.len++] = line;
    }
    *ret_labels = labels;
    return SV_OK;
}
