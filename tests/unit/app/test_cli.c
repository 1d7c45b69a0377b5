/* The command line: options, their values, what is refused and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/cli.h"

static sv_arena *arena;
static sv_buf problems;
static sv_cli cli;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&problems, 65536);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}

/* Arguments, ended by NULL. */
static bool read_args(const char *const *args)
{
    int n = 0;
    while (args[n])
        n++;
    sv_buf_clear(&problems);
    return sv_cli_read(arena, n, (char *const *)(uintptr_t)args, &problems, &cli);
}

static void test_options(void **state)
{
    (void)state;
    const char *const args[] = {"models/",
                                "--port",
                                "9000",
                                "--log-level=debug",
                                "--config",
                                "a.yaml",
                                "--env-file=b",
                                "--labels",
                                "c",
                                "--set",
                                "m.task=classify",
                                "--set=m.top=3",
                                "--json",
                                "-",
                                "--",
                                "--port",
                                NULL};
    cli.takes = SV_CLI_MODELS | SV_CLI_JSON;
    assert_true(read_args(args));
    assert_int_equal(cli.n_positional, 3);
    assert_string_equal(cli.positional[0], "models/");
    assert_string_equal(cli.positional[1], "-");
    assert_string_equal(cli.positional[2], "--port");
    assert_int_equal(cli.n_values, 2);
    assert_string_equal(cli.values[0].setting->name, "port");
    assert_string_equal(cli.values[0].text, "9000");
    assert_string_equal(cli.values[0].origin, "--port");
    assert_string_equal(cli.values[1].text, "debug");
    assert_string_equal(cli.values[1].origin, "--log-level");
    assert_string_equal(cli.config, "a.yaml");
    assert_string_equal(cli.env_file, "b");
    assert_string_equal(cli.labels, "c");
    assert_int_equal(cli.n_sets, 2);
    assert_string_equal(cli.sets[1], "m.top=3");
    assert_true(cli.json);
    assert_false(cli.help);
}

static void test_flags(void **state)
{
    (void)state;
    static const struct {
        const char *arg, *text;
    } cases[] = {{"--debug", "true"}, {"--no-debug", "false"}, {"--debug=off", "off"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const args[] = {cases[i].arg, "path", NULL};
        assert_true(read_args(args));
        assert_int_equal(cli.n_values, 1);
        assert_string_equal(cli.values[0].setting->name, "debug");
        assert_string_equal(cli.values[0].text, cases[i].text);
        assert_int_equal(cli.n_positional, 1);
    }
}

static void test_help(void **state)
{
    (void)state;
    const char *const args[] = {"-h", NULL}, *const longer[] = {"--help", NULL};
    assert_true(read_args(args) && cli.help);
    assert_true(read_args(longer) && cli.help);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *arg, *problem;
    } cases[] = {
        {"--prot=1", "unknown option '--prot'; did you mean --port\n"},
        {"--max-bodysize=1", "unknown option '--max-bodysize'; did you mean --max-body-size\n"},
        {"--zzzzzzzzzzzzzzz", "unknown option '--zzzzzzzzzzzzzzz'\n"},
        {"--no-port", "unknown option '--no-port'; did you mean --port\n"},
        {"-p", "unknown option '-p'\n"},
        {"--confg=a", "unknown option '--confg'; did you mean --config\n"},
        {"--json", "unknown option '--json'\n"},
        {"--help=me", "no value is taken by '--help'\n"},
        {"--port", "no value for option '--port'\n"},
        {"--set", "no value for option '--set'\n"},
    };
    cli.takes = SV_CLI_MODELS;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const args[] = {cases[i].arg, NULL};
        assert_false(read_args(args));
        if (!sv_str_eq(sv_buf_str(&problems), sv_str_from(cases[i].problem)))
            fail_msg("%s: %.*s", cases[i].arg, SV_STR_ARG(sv_buf_str(&problems)));
    }
}

/* One argument again and again: the last that fits, and the first that does not. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *arg, *problem;
        size_t most;
    } cases[] = {
        {"x", "too many arguments at 'x'\n", SV_CLI_MAX_ARGS},
        {"--set=m.top=3", "too many options at '--set'\n", SV_CLI_MAX_ARGS},
        {"--debug", "too many options at '--debug'\n", (size_t)SV_SETTINGS_MAX * 2},
        {"--port=1", "too many options at '--port'\n", (size_t)SV_SETTINGS_MAX * 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *args[SV_SETTINGS_MAX * 2 + 2] = {NULL};
        for (size_t k = 0; k < cases[i].most; k++)
            args[k] = cases[i].arg;
        assert_true(read_args(args));
        args[cases[i].most] = cases[i].arg;
        assert_false(read_args(args));
        assert_true(sv_str_eq(sv_buf_str(&problems), sv_str_from(cases[i].problem)));
    }
}

static void test_help_lists_every_setting(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len, n;
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    cli.takes = SV_CLI_MODELS;
    sv_cli_print_options(&cli, to);
    fclose(to);
    const sv_setting *rows = sv_settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        sv_str option = sv_arena_printf(arena, "\n  --%s", rows[i].name);
        for (char *at = strchr(option.ptr, '_'); at; at = strchr(at, '_'))
            *at = '-';
        assert_non_null(strstr(text, option.ptr));
    }
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 100);
    free(text);
}

static void test_the_command_line_wins(void **state)
{
    (void)state;
    sv_settings_merge merge;
    sv_buf notices;
    sv_buf_init(&notices, 65536);
    const char *const args[] = {"--port=1", "--port=2", NULL};
    setenv("SERVAL_PORT", "9", 1);
    setenv("SERVAL_HOST", "0.0.0.0", 1);
    assert_true(read_args(args));
    assert_true(sv_cli_load_settings(&cli, arena, &problems, &notices, &merge));
    assert_int_equal(merge.values.port, 2);
    assert_string_equal(merge.values.host, "0.0.0.0");
    setenv("SERVAL_PORT", "many", 1); /* a wrong value is told even though another wins */
    assert_false(sv_cli_load_settings(&cli, arena, &problems, &notices, &merge));
    unsetenv("SERVAL_PORT");
    unsetenv("SERVAL_HOST");
    sv_buf_deinit(&notices);
}

static void test_named_files_must_exist(void **state)
{
    (void)state;
    static const char *const options[] = {"--config=/nowhere/a.yaml", "--env-file=/nowhere/b"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        sv_settings_merge merge;
        const char *const args[] = {options[i], NULL};
        assert_true(read_args(args));
        assert_false(sv_cli_load_settings(&cli, arena, &problems, &problems, &merge));
        assert_non_null(memmem(problems.ptr, problems.len, "No such file", 12));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_help_lists_every_setting),
        cmocka_unit_test(test_the_command_line_wins),
        cmocka_unit_test(test_named_files_must_exist),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
