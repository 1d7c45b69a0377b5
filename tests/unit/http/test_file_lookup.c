/* test_file_lookup.c: which files a path leads to, and which it must not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/file_lookup.h"

static char root[] = "/tmp/serval-lookup-XXXXXX";

static const char *at(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Removed in this order, made in the reverse. */
static const char *const files[] = {"secret.txt",         "out/page.html",  "out/.env",
                                    "out/sub/index.html", "out/sub/a b.js", "out/index.html"};
static const char *const links[][2] = {
    {"../secret.txt", "out/up.txt"}, {"..", "out/up"}, {"page.html", "out/same.html"}};
static const char *const folders[] = {"out/sub", "out/empty", "out/.git", "out"};

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(root));
    for (size_t i = sizeof folders / sizeof *folders; i-- > 0;)
        assert_int_equal(mkdir(at(folders[i]), 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_file(files[i], files[i]);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        assert_int_equal(symlink(links[i][0], at(links[i][1])), 0);
    assert_int_equal(mkfifo(at("out/pipe"), 0600), 0);
    assert_int_equal(symlink("out", at("link")), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(at("out/pipe"));
    unlink(at("link"));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        unlink(at(links[i][1]));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(at(files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        rmdir(at(folders[i]));
    return rmdir(root);
}

/* The files hold their own names. */
static void assert_file(const sv_found_file *file, const char *name, const char *type)
{
    char text[64] = "";
    assert_int_equal(read(file->fd, text, sizeof text - 1), strlen(name));
    assert_string_equal(text, name);
    assert_int_equal(file->size_bytes, strlen(name));
    assert_true(file->modified_ns > 0);
    assert_true(sv_str_eq(file->media_type, sv_str_from(type)));
    close(file->fd);
}

static void test_below(void **state)
{
    (void)state;
    static const struct {
        sv_str path;
        const char *name; /* NULL: not found */
    } rows[] = {
        {SV_STR_INIT("page.html"), "out/page.html"},
        {SV_STR_INIT(""), "out/index.html"},
        {SV_STR_INIT("sub"), "out/sub/index.html"},
        {SV_STR_INIT("sub/"), "out/sub/index.html"},
        {SV_STR_INIT("empty"), NULL},
        {SV_STR_INIT("missing"), NULL},
        {SV_STR_INIT("page.html/"), NULL},
        {SV_STR_INIT("page.html/x"), NULL},
        {SV_STR_INIT("sub//index.html"), NULL},
        {SV_STR_INIT("/page.html"), NULL},
        {SV_STR_INIT("/etc/passwd"), NULL},
        {SV_STR_INIT("../secret.txt"), NULL},
        {SV_STR_INIT("sub/../page.html"), NULL},
        {SV_STR_INIT("./page.html"), NULL},
        {SV_STR_INIT(".."), NULL},
        {SV_STR_INIT(".env"), NULL},
        {SV_STR_INIT(".git"), NULL},
        {SV_STR_INIT("up.txt"), NULL},
        {SV_STR_INIT("up/secret.txt"), NULL},
        {SV_STR_INIT("same.html"), NULL},
        {SV_STR_INIT("page.html\0.txt"), NULL},
        {SV_STR_INIT("pipe"), NULL},
        {SV_STR_INIT("..\\secret.txt"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_found_file file;
        sv_error error = {0};
        sv_status status = sv_file_lookup_below(at("out"), rows[i].path, &error, &file);
        if (status != (rows[i].name ? SV_OK : SV_NOT_FOUND))
            fail_msg("%s: %s", rows[i].path.ptr, sv_status_text(status));
        if (!status)
            assert_file(&file, rows[i].name, "text/html; charset=utf-8");
    }
}

static void test_folder(void **state)
{
    (void)state;
    sv_found_file file;
    assert_int_equal(sv_file_lookup_below(at("link"), SV_STR("sub/a b.js"), NULL, &file), SV_OK);
    assert_file(&file, "out/sub/a b.js", "text/javascript; charset=utf-8");
    assert_int_equal(sv_file_lookup_below(at("none"), SV_STR("a"), NULL, &file), SV_NOT_FOUND);
    assert_int_equal(sv_file_lookup_below(at("secret.txt"), SV_STR(""), NULL, &file), SV_NOT_FOUND);
}

static void test_long_name(void **state)
{
    (void)state;
    char name[300];
    sv_found_file file;
    memset(name, 'a', sizeof name);
    assert_int_equal(sv_file_lookup_below(at("out"), (sv_str){name, sizeof name}, NULL, &file),
                     SV_NOT_FOUND);
}

static void test_own_path(void **state)
{
    (void)state;
    sv_found_file file;
    assert_int_equal(sv_file_lookup(at("out/up.txt"), NULL, &file), SV_OK);
    assert_file(&file, "secret.txt", "text/plain; charset=utf-8");
    assert_int_equal(sv_file_lookup(at("out"), NULL, &file), SV_NOT_FOUND);
    assert_int_equal(sv_file_lookup(at("out/pipe"), NULL, &file), SV_NOT_FOUND);
    assert_int_equal(sv_file_lookup(at("missing"), NULL, &file), SV_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_own_path),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
