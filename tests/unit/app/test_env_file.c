/* The grammar of .env files, entry by entry. */
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
        {"A='it\\'s'", "A", "it's"},
        {"A=\"b\\n\\t\\\"\\\\\"", "A", "b\n\t\"\\"},
        {"A=\"b\" # quoted", "A", "b"},
        {"A=\"\"", "A", ""},
        {"A=\"C:\\dir\"", "A", "C:\\dir"},
        {"A=\"b\nc\" # two lines", "A", "b\nc"},
        {"A='b\r\n\nc'\r", "A", "b\r\n\nc"},
        {"\xEF\xBB\xBFPORT=8000", "PORT", "8000"},
        {"export=1", "export", "1"},
        {"my.name-1=b", "my.name-1", "b"},
        {"1A=b", "1A", "b"},
        {"_a1=b", "_a1", "b"},
        {"A=\"b", "A", NULL},
        {"A='b' c", "A", NULL},
        {"A=\"b\\\"", "A", NULL},
        {"A=\"", "A", NULL},
        {"PORT", "PORT", NULL},
        {"A B=c", "A", NULL},
        {"A#B=c", "A", NULL},
        {"export A", "A", NULL},
        {"=b", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_env_file file = {.rest = sv_str_from(cases[i].text)};
        sv_env_entry entry;
        assert_non_null(arena);
        assert_true(sv_env_file_next(arena, &file, &entry));
        assert_int_equal(entry.line, 1);
        bool good = sv_str_eq(entry.name, sv_str_from(cases[i].name)) &&
                    (entry.problem == NULL) == (cases[i].value != NULL) &&
                    (entry.problem || sv_str_eq(entry.value, sv_str_from(cases[i].value)));
        if (!good)
            fail_msg("%s: %.*s is '%.*s', %s", cases[i].text, SV_STR_ARG(entry.name),
                     SV_STR_ARG(entry.value), entry.problem ? entry.problem : "fine");
        assert_false(sv_env_file_next(arena, &file, &entry));
        sv_arena_free(arena);
    }
}

/* Quotes that never close spoil their own line only. */
static void test_lines_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t line;
        bool good;
    } wanted[] = {{"A", 3, true}, {"B", 5, true}, {"C", 8, true}, {"D", 9, false}, {"E", 10, true}};
    sv_arena *arena = sv_arena_new(0);
    sv_env_file file = {SV_STR("# a comment\n\nA=1\n   # another\nB='2\n\n2'\nC=3\nD=\"4\nE=5\n\n"),
                        0};
    sv_env_entry entry;
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(sv_env_file_next(arena, &file, &entry));
        assert_int_equal(entry.line, wanted[i].line);
        assert_true(sv_str_eq(entry.name, sv_str_from(wanted[i].name)));
        assert_int_equal(entry.problem == NULL, wanted[i].good);
    }
    assert_false(sv_env_file_next(arena, &file, &entry));
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
