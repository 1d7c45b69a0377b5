/* The grammar of .env files, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/env_file.h"

static void test_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *value; /* value NULL: the line is wrong */
    } cases[] = {
        {"PORT=8000", "PORT", "8000"},
        {"  PORT = 8000 ", "PORT", "8000"},
        {"export PORT=8000", "PORT", "8000"},
        {"PORT=8000\r", "PORT", "8000"},
        {"PORT=", "PORT", ""},
        {"PORT=8000 # the usual one", "PORT", "8000"},
        {"URL=http://host/#part", "URL", "http://host/#part"},
        {"A=b=c", "A", "b=c"},
        {"A=#", "A", ""},
        {"A='b # c'", "A", "b # c"},
        {"A='b\\n'", "A", "b\\n"},
        {"A=\"b\\n\\t\\\"\\\\\"", "A", "b\n\t\"\\"},
        {"A=\"b\" # quoted", "A", "b"},
        {"A=\"\"", "A", ""},
        {"_a1=b", "_a1", "b"},
        {"A=\"b", "A", NULL},
        {"A='b' c", "A", NULL},
        {"A=\"b\\\"", "A", NULL},
        {"A=\"", "A", NULL},
        {"PORT", "PORT", NULL},
        {"1A=b", "1A", NULL},
        {"A B=c", "A B", NULL},
        {"=b", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_str rest = sv_str_from(cases[i].text);
        sv_env_line line;
        size_t number = 0;
        assert_non_null(arena);
        assert_true(sv_env_file_next(arena, &rest, &number, &line));
        assert_int_equal(number, 1);
        bool good = sv_str_eq(line.name, sv_str_from(cases[i].name)) &&
                    (line.problem == NULL) == (cases[i].value != NULL) &&
                    (line.problem || sv_str_eq(line.value, sv_str_from(cases[i].value)));
        if (!good)
            fail_msg("%s: %.*s is '%.*s', %s", cases[i].text, SV_STR_ARG(line.name),
                     SV_STR_ARG(line.value), line.problem ? line.problem : "fine");
        assert_false(sv_env_file_next(arena, &rest, &number, &line));
        sv_arena_free(arena);
    }
}

static void test_lines_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t number;
    } wanted[] = {{"A", 3}, {"B", 5}, {"C", 6}};
    sv_arena *arena = sv_arena_new(0);
    sv_str rest = SV_STR("# a comment\n\nA=1\n   # another\nB=2\nC=3\n\n");
    sv_env_line line;
    size_t number = 0;
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(sv_env_file_next(arena, &rest, &number, &line));
        assert_int_equal(number, wanted[i].number);
        assert_true(sv_str_eq(line.name, sv_str_from(wanted[i].name)));
    }
    assert_false(sv_env_file_next(arena, &rest, &number, &line));
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_lines_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
