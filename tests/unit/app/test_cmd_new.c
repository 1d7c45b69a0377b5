/* `serval new`: what is written, what is refused. That the program it writes builds and works is
 * told by tests/e2e/test_install.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "child.h"

static char folder[] = "/tmp/serval-new-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static const child_result *run_new(const char *dir)
{
    const char *const args[] = {dir, NULL};
    return child_run(sv_cmd_new, args);
}

/* The text of a file; static, until the next call. */
static const char *read_file(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("there is no %s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_writes_a_project(void **state)
{
    static const char *const paths[] = {
        "src/main.c",
        "src/app.c",
        "src/config.c",
        "src/config.h",
        "src/models/schemas.h",
        "src/routers/predictions.c",
        "src/routers/predictions.h",
        "src/routers/health.c",
        "src/routers/health.h",
        "src/services/inference.c",
        "src/services/inference.h",
        "src/middleware/logging.c",
        "src/middleware/logging.h",
        "tests/test_api.c",
        "Makefile",
        "CMakeLists.txt",
        "Dockerfile",
        ".env",
        ".gitignore",
        "README.md",
    };
    (void)state;
    const child_result *result = run_new("kind words");
    assert_int_equal(result->code, 0);
    assert_string_equal(result->err, "");
    assert_non_null(strstr(result->out, "kind_words, a JSON API in C:\n"));
    assert_non_null(strstr(result->out, "make test"));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[128];
        snprintf(path, sizeof path, "kind words/%s", paths[i]);
        const char *text = read_file(path);
        assert_true(text[0] && text[strlen(text) - 1] == '\n');
        assert_null(strstr(text, "my_api"));
        if (!strstr(result->out, path))
            fail_msg("%s is not told", path);
    }
    assert_non_null(strstr(read_file("kind words/src/app.c"), ".title = \"kind_words\""));
    assert_non_null(strstr(read_file("kind words/CMakeLists.txt"), "project(kind_words "));
}

static void test_writes_into_an_empty_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir("empty", 0777), 0);
    assert_int_equal(run_new("empty/")->code, 0);
    assert_non_null(strstr(read_file("empty/README.md"), "# empty\n"));
    assert_int_equal(mkdir("here", 0777), 0);
    assert_int_equal(chdir("here"), 0);
    assert_int_equal(run_new(".")->code, 0);
    assert_non_null(strstr(read_file("README.md"), "# here\n"));
    assert_int_equal(chdir(".."), 0);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *dir;
        int code;
        const char *says;
    } cases[] = {
        {"full", 1, "full: is not empty; nothing was written"},
        {"full/file", 1, "full/file: Not a directory"},
        {"no/such/parent", 1, "no/such/parent: No such file or directory"},
        {"1st", 1, "1st: the name of an application starts with a letter"},
        {"caf\xc3\xa9", 1, "none beyond ASCII"},
        {"/", 1, "/: the name of an application"},
        {"a1234567890123456789012345678901234567890123456789012345678901234", 1, "63 characters"},
        {"", 2, "one DIR is needed"},
        {"--force", 2, "does not start with '-'"},
        {NULL, 2, "one DIR is needed"},
    };
    (void)state;
    assert_int_equal(mkdir("full", 0777), 0);
    fclose(fopen("full/file", "w"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result *result = run_new(cases[i].dir);
        if (result->code != cases[i].code || !strstr(result->err, cases[i].says) || result->out[0])
            fail_msg("case %zu: %d %s", i, result->code, result->err);
    }
    assert_int_not_equal(access("full/src", F_OK), 0);
}

static void test_help(void **state)
{
    (void)state;
    const child_result *result = run_new("--help");
    assert_int_equal(result->code, 0);
    assert_non_null(strstr(result->out, "serval new DIR"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_a_project),
        cmocka_unit_test(test_writes_into_an_empty_folder),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
