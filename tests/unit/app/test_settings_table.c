/* The table of settings: rows that make sense, names as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/settings.h"

static void test_rows(void **state)
{
    (void)state;
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    assert_true(n > 0 && n <= SV_SETTINGS_MAX);
    for (size_t i = 0; i < n; i++) {
        bool number = rows[i].kind == SV_SETTING_INT || rows[i].kind == SV_SETTING_DURATION ||
                      rows[i].kind == SV_SETTING_SIZE;
        assert_true(!number || rows[i].min < rows[i].max);
        assert_int_equal(rows[i].choices != NULL, rows[i].kind == SV_SETTING_CHOICE);
        assert_true(strlen(rows[i].help) > 0 && !strchr(rows[i].help, '\n'));
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(rows[i].name, rows[other].name);
            assert_int_not_equal(rows[i].offset, rows[other].offset);
        }
        assert_ptr_equal(sv_settings_table_find(sv_str_from(rows[i].name)), &rows[i]);
    }
}

static void test_defaults_fit(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_settings_merge merge;
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    assert_non_null(arena);
    sv_settings_begin(&merge, arena, &problems, NULL);
    assert_false(merge.failed);
    assert_int_equal(problems.len, 0);
    assert_int_equal(merge.values.port, 8000);
    assert_int_equal(merge.values.request_timeout, 30000);
    assert_int_equal(merge.values.max_body_size, 10 << 20);
    assert_string_equal(merge.values.host, "127.0.0.1");
    assert_string_equal(merge.values.app_version, "");
    assert_false(merge.values.debug);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
}

static void test_names_are_found_however_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name; /* name NULL: there is none */
    } cases[] = {
        {"max_body_size", "max_body_size"},
        {"max-body-size", "max_body_size"},
        {"MAX_BODY_SIZE", "max_body_size"},
        {"Port", "port"},
        {"max_body", NULL},
        {"max_body_sizes", NULL},
        {"", NULL},
        {"max body size", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_setting *setting = sv_settings_table_find(sv_str_from(cases[i].text));
        assert_int_equal(setting != NULL, cases[i].name != NULL);
        if (setting)
            assert_string_equal(setting->name, cases[i].name);
    }
}

static void test_the_nearest_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"prot", "port"},  {"max-body-sise", "max_body_size"},
        {"HOSTS", "host"}, {"logformat", "log_format"},
        {"", NULL},        {"zzzzzzzzzzzz", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = sv_settings_table_nearest(sv_str_from(cases[i].text));
        assert_int_equal(name != NULL, cases[i].name != NULL);
        if (name)
            assert_string_equal(name, cases[i].name);
    }
}

static void test_a_very_long_name(void **state)
{
    (void)state;
    static char name[100000];
    memset(name, 'p', sizeof name);
    assert_null(sv_settings_table_find((sv_str){name, sizeof name}));
    (void)sv_settings_table_nearest((sv_str){name, sizeof name});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_defaults_fit),
        cmocka_unit_test(test_names_are_found_however_written),
        cmocka_unit_test(test_the_nearest_name),
        cmocka_unit_test(test_a_very_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
