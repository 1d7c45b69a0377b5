/* Values, their checks and their sources: files, environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/settings.h"
#include "failing_malloc.h"

static char path[] = "/tmp/serval-settings-XXXXXX";
static sv_arena *arena;
static sv_buf problems, notices;
static sv_settings_merge merge;

static int set_up(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void begin(void)
{
    arena = sv_arena_new(0);
    assert_non_null(arena);
    sv_buf_init(&problems, 65536);
    sv_buf_init(&notices, 65536);
    sv_settings_begin(&merge, arena, &problems, NULL);
}

static void end(void)
{
    sv_buf_deinit(&problems);
    sv_buf_deinit(&notices);
    sv_arena_free(arena);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The problems, with the file's name shortened to F. */
static const char *problem_text(void)
{
    static char text[65536];
    size_t len = 0;
    for (size_t i = 0; i < problems.len; i++) {
        bool name =
            problems.len - i >= strlen(path) && !memcmp(problems.ptr + i, path, strlen(path));
        text[len++] = name ? 'F' : problems.ptr[i];
        i += name ? strlen(path) - 1 : 0;
    }
    text[len] = '\0';
    return text;
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *problem; /* NULL: it is fine */
    } cases[] = {
        {"port", "0", NULL},
        {"port", "65535", NULL},
        {"port", "65536", "o: port cannot be '65536': expected a whole number from 0 to 65535\n"},
        {"port", "-1", "o: port cannot be '-1': expected a whole number from 0 to 65535\n"},
        {"port", "http", "o: port cannot be 'http': expected a whole number from 0 to 65535\n"},
        {"debug", "On", NULL},
        {"debug", "maybe", "o: debug cannot be 'maybe': expected true or false\n"},
        {"keep_alive", "500ms", NULL},
        {"keep_alive", "0",
         "o: keep_alive cannot be '0': expected a time (30, 500ms, 2m, 1h) from 1ms to 168h\n"},
        {"keep_alive", "x",
         "o: keep_alive cannot be 'x': expected a time (30, 500ms, 2m, 1h) from 1ms to 168h\n"},
        {"max_body_size", "1GiB", NULL},
        {"max_url_size", "1",
         "o: max_url_size cannot be '1': expected a size (1048576, 64KiB, 10MiB, 1GiB) from 64B to "
         "1024GiB\n"},
        {"max_body_size", "big",
         "o: max_body_size cannot be 'big': expected a size (1048576, 64KiB, 10MiB, 1GiB) from 1B "
         "to 1024GiB\n"},
        {"log_level", "warning", NULL},
        {"log_level", " INFO ", NULL},
        {"log_level", "loud",
         "o: log_level cannot be 'loud': expected one of debug,info,warning,error,off\n"},
        {"host", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        sv_settings_set(&merge, sv_settings_table_find(sv_str_from(cases[i].name)),
                        sv_str_from(cases[i].text), "o");
        assert_string_equal(problem_text(), cases[i].problem ? cases[i].problem : "");
        assert_int_equal(merge.failed, cases[i].problem != NULL);
        end();
    }
}

static void test_yaml(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem; /* NULL: it is fine */
    } cases[] = {
        {"port: 9000\nmax-body-size: 1MiB\nallowed_hosts: [a, b]\ndebug: yes\n", NULL},
        {"", NULL},
        {"# nothing\n", NULL},
        {"port: 9000\nprot: 1\n", "F:2: unknown setting 'prot'; did you mean 'port'?\n"},
        {"port: many\n", "F:1: port cannot be 'many': expected a whole number from 0 to 65535\n"},
        {"host: {a: b}\n", "F:1: host must be a plain value or a list of them\n"},
        {"host:\n", "F:1: host must be a plain value or a list of them\n"},
        {"- port\n", "F: expected lines of the form `name: value`\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        write_file(cases[i].text);
        sv_settings_read_yaml(&merge, path, true);
        assert_string_equal(problem_text(), cases[i].problem ? cases[i].problem : "");
        assert_int_equal(merge.failed, cases[i].problem != NULL);
        if (i == 0) {
            assert_int_equal(merge.values.port, 9000);
            assert_int_equal(merge.values.max_body_size, 1 << 20);
            assert_string_equal(merge.values.allowed_hosts, "a,b");
            assert_true(merge.values.debug);
        }
        end();
    }
}

static void test_maps(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *value, *problem; /* problem NULL: it is fine */
    } cases[] = {
        {"rate_limits: {\"POST /a\": 10/minute, GET /b: none}\n",
         "{\"POST /a\":\"10/minute\",\"GET /b\":\"none\"}", NULL},
        {"rate_limits:\n  POST /a: 100/hour;10/minute\n", "{\"POST /a\":\"100/hour;10/minute\"}",
         NULL},
        {"rate_limits: '{\"GET /a\": \"1/day\"}'\n", "{\"GET /a\": \"1/day\"}", NULL},
        {"rate_limits: {}\n", "{}", NULL},
        {"rate_limits: ''\n", "", NULL},
        {"rate_limits: {GET /a: 10}\n", "",
         "F:1: rate_limits cannot be '{\"GET /a\":10}': expected names and texts, as in {\"name\": "
         "\"text\"}\n"},
        {"rate_limits: 10/minute\n", "",
         "F:1: rate_limits cannot be '10/minute': expected names and texts, as in {\"name\": "
         "\"text\"}\n"},
        {"rate_limit: {GET /a: 10/minute}\n", "",
         "F:1: rate_limit must be a plain value or a list of them\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        write_file(cases[i].yaml);
        sv_settings_read_yaml(&merge, path, true);
        assert_string_equal(problem_text(), cases[i].problem ? cases[i].problem : "");
        assert_string_equal(merge.values.rate_limits, cases[i].value);
        end();
    }
}

static void test_broken_yaml_names_the_line(void **state)
{
    (void)state;
    begin();
    write_file("port: 1\nhost: [a\n");
    sv_settings_read_yaml(&merge, path, true);
    assert_true(merge.failed);
    assert_memory_equal(problem_text(), "F: ", 3);
    end();
}

static void test_env_file(void **state)
{
    (void)state;
    begin();
    write_file("PORT=9000\nSERVAL_HOST=\"0.0.0.0\"\nexport log_level=debug\nPATH=/bin\nHOME=/\n");
    sv_settings_read_env_file(&merge, path, true, &notices);
    assert_false(merge.failed);
    assert_int_equal(merge.values.port, 9000);
    assert_string_equal(merge.values.host, "0.0.0.0");
    assert_string_equal(merge.values.log_level, "debug");
    assert_non_null(memmem(notices.ptr, notices.len, "2 names not of Serval: ignored", 30));
    end();
    begin();
    write_file("SERVAL_PROT=1\nnonsense\nPORT=\"1\nPORT\n=1\n");
    sv_settings_read_env_file(&merge, path, true, &notices);
    assert_string_equal(problem_text(), "F:1: unknown setting 'PROT'; did you mean 'port'?\n"
                                        "F:3: the quotes are not closed\n"
                                        "F:4: expected NAME=value\n"
                                        "F:5: expected NAME=value\n");
    end();
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    begin();
    sv_settings_read_yaml(&merge, "/nowhere/serval.yaml", false);
    sv_settings_read_env_file(&merge, "/nowhere/.env", false, &notices);
    assert_false(merge.failed);
    sv_settings_read_yaml(&merge, "/nowhere/serval.yaml", true);
    assert_string_equal(problem_text(), "/nowhere/serval.yaml: No such file or directory\n");
    end();
}

static void test_a_folder_is_no_file(void **state)
{
    (void)state;
    begin();
    sv_settings_read_yaml(&merge, "/tmp", true);
    assert_string_equal(problem_text(), "/tmp: Is a directory\n");
    end();
}

static void read_environment(const char *const *environment)
{
    sv_settings_read_environment(&merge, (char *const *)(uintptr_t)environment);
}

static void test_environment(void **state)
{
    (void)state;
    static const char *const environment[] = {"SERVAL_PORT=9000", "SERVAL_DEBUG=1", "HOST=example",
                                              "PATH=/bin", NULL};
    static const char *const wrong[] = {"SERVAL_PROT=1", "SERVAL_LOG_LEVEL=loud", NULL};
    static const char *const kubernetes[] = {"SERVAL_PORT=tcp://10.0.0.1:80",
                                             "SERVAL_SERVICE_HOST=10.0.0.1",
                                             "SERVAL_PORT_80_TCP=tcp://10.0.0.1:80", NULL};
    begin();
    read_environment(environment);
    assert_false(merge.failed);
    assert_int_equal(merge.values.port, 9000);
    assert_true(merge.values.debug);
    assert_string_equal(merge.values.host, "127.0.0.1");
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    assert_string_equal(merge.origins[sv_settings_table_find(SV_STR("port")) - rows],
                        "SERVAL_PORT");
    assert_string_equal(merge.origins[sv_settings_table_find(SV_STR("host")) - rows], "default");
    end();
    begin();
    read_environment(wrong);
    assert_string_equal(problem_text(),
                        "SERVAL_PROT: unknown setting 'PROT'; did you mean 'port'?\n"
                        "SERVAL_LOG_LEVEL: log_level cannot be 'loud': expected one of "
                        "debug,info,warning,error,off\n");
    end();
    begin();
    read_environment(kubernetes);
    assert_false(merge.failed);
    assert_int_equal(merge.values.port, 8000);
    end();
}

static bool read_both_files(void *arg)
{
    sv_settings_merge one;
    sv_buf problem;
    sv_arena *own = sv_arena_new(0);
    (void)arg;
    if (!own)
        return false;
    sv_buf_init(&problem, 65536);
    sv_settings_begin(&one, own, &problem, NULL);
    sv_settings_read_yaml(&one, path, true);
    sv_settings_read_env_file(&one, path, true, &problem);
    bool good = !one.failed;
    sv_buf_deinit(&problem);
    sv_arena_free(own);
    return good;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    write_file("# nothing that both would not take\n");
    assert_true(failing_malloc_try_each(read_both_files, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_broken_yaml_names_the_line),
        cmocka_unit_test(test_env_file),
        cmocka_unit_test(test_a_file_that_is_not_there),
        cmocka_unit_test(test_a_folder_is_no_file),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
