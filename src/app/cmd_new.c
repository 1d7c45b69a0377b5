/* cmd_new.c: `serval new`: writes the start of an application. What is written are the files of
 * assets/template/, a program that is built and tested as it is; only its name is replaced. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <serval/str.h>

#include "app/commands.h"

typedef struct template_file {
    const char *path;
    sv_str bytes;
} template_file;

/* template_table.h: one row per file. */
#include "template_table.h"

enum { N_FILES = sizeof template_table / sizeof *template_table, MAX_NAME = 64 };

/* The name of the application in the template. */
static const sv_str template_name = SV_STR_INIT("my_api");

static int explain(const char *path, const char *what)
{
    fprintf(stderr, "serval new: %s: %s\n", path, what);
    return 1;
}

/* The last part of the path, as it may stand in a Makefile: letters, digits, _ and -. */
static bool make_name(const char *path, char name[MAX_NAME])
{
    sv_str text = sv_str_from(path);
    size_t start = text.len, len = 0;
    while (start && text.ptr[start - 1] != '/')
        start--;
    for (; start < text.len && len + 1 < MAX_NAME; start++) {
        unsigned char c = (unsigned char)text.ptr[start];
        if (c > '~')
            return false;
        name[len++] = isalnum(c) || c == '-' ? (char)c : '_';
    }
    name[len] = '\0';
    return start == text.len && isalpha((unsigned char)name[0]);
}

static bool is_empty(DIR *folder)
{
    struct dirent *entry;
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

/* The folder exists afterwards, and is empty. */
static int make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return explain(path, strerror(errno));
    DIR *folder = opendir(path);
    if (!folder)
        return explain(path, strerror(errno));
    bool empty = is_empty(folder);
    closedir(folder);
    return empty ? 0 : explain(path, "is not empty; nothing was written");
}

static bool make_parents(char *path, size_t from)
{
    for (char *slash = path + from; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static void write_bytes(FILE *file, sv_str rest, const char *name)
{
    while (rest.len) {
        const char *found = memmem(rest.ptr, rest.len, template_name.ptr, template_name.len);
        size_t at = found ? (size_t)(found - rest.ptr) : rest.len;
        fwrite(rest.ptr, 1, at, file);
        if (found)
            fputs(name, file);
        rest = sv_str_slice(rest, at + template_name.len, rest.len);
    }
}

static int write_file(const char *folder, const template_file *row, const char *name)
{
    char path[PATH_MAX];
    size_t folder_len = strlen(folder);
    if (snprintf(path, sizeof path, "%s/%s", folder, row->path) >= (int)sizeof path)
        return explain(folder, strerror(ENAMETOOLONG));
    FILE *file = make_parents(path, folder_len + 1) ? fopen(path, "wx") : NULL;
    if (!file)
        return explain(path, strerror(errno));
    write_bytes(file, row->bytes, name);
    bool failed = ferror(file);
    failed |= fclose(file) != 0;
    return failed ? explain(path, "cannot be written") : 0;
}

static int write_project(const char *dir)
{
    char real[PATH_MAX], folder[PATH_MAX], name[MAX_NAME];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len >= sizeof folder)
        return explain(dir, strerror(ENAMETOOLONG));
    memcpy(folder, dir, len);
    folder[len] = '\0';
    if (!make_name(realpath(folder, real) ? real : folder, name))
        return explain(folder, "the name of an application starts with a letter, has at most 63 "
                               "characters, and none beyond ASCII");
    int code = make_folder(folder);
    for (int i = 0; !code && i < N_FILES; i++)
        code = write_file(folder, &template_table[i], name);
    if (code)
        return code;
    printf("%s, a JSON API in C:\n", name);
    for (int i = 0; i < N_FILES; i++)
        printf("  %s/%s\n", folder, template_table[i].path);
    printf("\nNext:\n  cd %s\n  make test                 # its tests\n"
           "  make run                  # serves on http://127.0.0.1:8000, documented at /docs\n",
           folder);
    return 0;
}

int sv_cmd_new(int argc, char *const *argv)
{
    if (argc == 1 && strcmp(argv[0], "--help") == 0) {
        printf("serval new DIR: writes an application in C into DIR, which must be new or empty\n");
        return 0;
    }
    if (argc == 1 && argv[0][0] && argv[0][0] != '-')
        return write_project(argv[0]);
    fprintf(stderr, "serval new: %s\nTry 'serval new --help'.\n",
            argc == 1 && argv[0][0] ? "the name of DIR does not start with '-'"
                                    : "one DIR is needed");
    return 2;
}
