/* folder.c: see folder.h. */
#include "folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

void folder_clear(void)
{
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int folder_set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/serval-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

int folder_tear_down(void **state)
{
    (void)state;
    folder_clear();
    return rmdir(root);
}

const char *folder_path(const char *name)
{
    static _Thread_local char paths[8][512];
    static _Thread_local size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s%s%s", root, *name ? "/" : "", name);
    return path;
}

/* Opens `name` for writing, with the folders it needs. */
static FILE *create(const char *name, const char **ret_path)
{
    char *path = (char *)(uintptr_t)folder_path(name);
    for (char *at = strchr(path + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    *ret_path = path;
    return file;
}

const char *folder_write(const char *name, const char *text)
{
    const char *path;
    FILE *file = create(name, &path);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *folder_copy(const char *name, const char *from)
{
    const char *path;
    char bytes[65536];
    size_t n;
    FILE *in = fopen(from, "re"), *out = create(name, &path);
    assert_non_null(in);
    while ((n = fread(bytes, 1, sizeof bytes, in)))
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    return path;
}
