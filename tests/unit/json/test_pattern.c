/* test_pattern.c: patterns mean what they mean in pydantic (the first table was recorded); what
 * they may not contain; that no pattern takes long. */
#include <stdlib.h>
#include <string.h>

#include "../failing_malloc.h"
#include "json_cases.h"
#include "json/pattern.h"

typedef struct row {
    const char *pattern, *text;
    bool matches;
} row;

static const row rows[] = {
    {"^[a-z]+\\d?$", "abc", true},
    {"^[a-z]+\\d?$", "abc1", true},
    {"^[a-z]+\\d?$", "ABC", false},
    {"^[a-z]+\\d?$", "abc1\012", false},
    {"^[a-z]+\\d?$", "x\331\243", true},
    {"^[a-z]+\\d?$", "", false},
    {"b", "abc", true},
    {"b", "a", false},
    {"b", "", false},
    {"^.$", "\012", false},
    {"^.$", "\303\251", true},
    {"^.$", "\015", true},
    {"^.$", "\342\200\250", true},
    {"^.$", "ab", false},
    {"^.$", "\360\237\230\200", true},
    {"^\\w+$", "\303\251t\303\251", true},
    {"^\\w+$", "a b", false},
    {"^\\w+$", "_9", true},
    {"^\\w+$", "\344\270\255", true},
    {"\\s", "\302\240", true},
    {"\\s", "\342\200\203", true},
    {"\\s", "x", false},
    {"\\s", "\302\205", true},
    {"^\\d+$", "\331\241", true},
    {"^\\d+$", "12", true},
    {"^\\d+$", "1a", false},
    {"\\bx\\b", "a x b", true},
    {"\\bx\\b", "axb", false},
    {"\\bx\\b", "\303\251x", false},
    {"(?i)^stra\303\237e$", "STRA\341\272\236E", true},
    {"(?i)^stra\303\237e$", "strasse", false},
    {"(?m)^a$", "b\012a", true},
    {"(?m)^a$", "a\012b", true},
    {"(?m)^a$", "b\012ac", false},
    {"^[[:alpha:]]+$", "ab", true},
    {"^[[:alpha:]]+$", "\303\251", false},
    {"^[[:punct:]]$", "!", true},
    {"^[[:punct:]]$", "[", true},
    {"^[[:punct:]]$", "]", true},
    {"^[[:punct:]]$", "/", true},
    {"^[[:punct:]]$", "\\", true},
    {"^[[:punct:]]$", "`", true},
    {"^[[:punct:]]$", "a", false},
    {"^[[:punct:]]$", "~", true},
    {"^[[:punct:]]$", "{", true},
    {"^\\u00e9\\v$", "\303\251\013", true},
    {"^\\u00e9\\v$", "\303\251v", false},
    {"^\\x{1F600}\\U0001F600\\u{1f600}$", "\360\237\230\200\360\237\230\200\360\237\230\200", true},
    {"^(?P<n>a)(?<m>b)(?:c)$", "abc", true},
    {"^(?P<n>a)(?<m>b)(?:c)$", "ab", false},
    {"^a{2,3}?$", "aa", true},
    {"^a{2,3}?$", "aaaa", false},
    {"^\\p{Lu}\\P{Lu}$", "Aa", true},
    {"^\\p{Lu}\\P{Lu}$", "aA", false},
    {"(?s)^.$", "\012", true},
    {"(?U)^a+$", "aa", true},
    {"^[^]a]$", "b", true},
    {"^[^]a]$", "]", false},
    {"^[a-]$", "-", true},
    {"\\Aa\\z", "a", true},
    {"\\Aa\\z", "a\012", false},
    {"", "", true},
    {"", "a", true},
    {"(?m)^", "\012", true},
    {"(?m)\\n^$", "a\012", true},
    {"^[\\w.+-]+@\\w+\\.\\w{2,}$", "a.b+c@d.org", true},
    {"^[\\w.+-]+@\\w+\\.\\w{2,}$", "a@b", false},
    {"^[\\w.+-]+@\\w+\\.\\w{2,}$", "a@b.c", false},
    {"a|b", "c", false},
    {"a|b", "b", true},
    {"^\\-\\_\\/\\ \\#\\&$", "-_/ #&", true},
};

/* Refused by Rust's regex too, but for the last lines. */
static const char *const refused[] = {
    "(?=a)",   "(?!a)",    "(?<=a)",  "(?<!a)",       "(a)\\1",     "(?P<n>a)(?P=n)",
    "\\k<n>",  "\\g{1}",   "(?1)",    "(?>a)",        "(?|a|b)",    "(?(1)a)",
    "(?#c)",   "(?C1)",    "(*FAIL)", "(*UTF)a",      "\\K",        "\\R",
    "\\X",     "\\h",      "\\N",     "\\C",          "\\Qa\\E",    "\\Z",
    "\\G",     "\\e",      "\\cA",    "\\012",        "a{",         "{",
    "a{,3}",   "x{a}",     "[a",      "(a",           "a)",         "\\",
    "*a",      "[\\b]",    "(?J)a",   "\\y",          "\\u12",      "\\u{}",
    "[z-a]",   "\\p{Foo}", "(?<n>a",  "[\\z]",        "\\\303\251", "(?i",
    "(?'n'a)", "(?P>n)",   "(?&n)",   "(?+1)",        "(?R)",       "a++",
    "a*+",     "a{2}+",    "[[a]b]",  "[a&&b]",       "[a--b]",     "[a~~b]",
    "(?x)a",   "(?u)a",    "\\<",     "[[:^alpha:]]", "[[:foo:]]",  "a**",
    "a+?+",
};

/* Each would take days. */
static const char *const catastrophes[] = {
    "^(a+)+$", "(a+)+$",      "(a|aa)+$",       "^(?:a|a)*$",           "^(a*)*b",
    "(.*)*x",  "a*a*a*a*a*b", "^.*.*.*.*.*.*x", "(?:a?){50}(?:a){50}b", "(\\w+\\s?)*$b",
};

static sv_pattern *compile(const char *text)
{
    sv_error error = {0};
    sv_pattern *pattern = NULL;
    if (sv_pattern_new(text, &error, &pattern))
        fail_msg("%s", error.message);
    return pattern;
}

static void test_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_pattern *pattern = compile(rows[i].pattern);
        bool matches = !rows[i].matches;
        assert_int_equal(sv_pattern_matches(pattern, sv_str_from(rows[i].text), &matches), SV_OK);
        if (matches != rows[i].matches)
            fail_msg("%s on %s: %d", rows[i].pattern, rows[i].text, matches);
        sv_pattern_free(pattern);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sv_error error = {0};
        sv_pattern *pattern = NULL;
        sv_status status = sv_pattern_new(refused[i], &error, &pattern);
        if (status != SV_INVALID || strstr(error.message, "pattern") == NULL)
            fail_msg("%s: %d %s", refused[i], status, error.message);
        assert_null(pattern);
    }
    sv_pattern *pattern = NULL;
    assert_int_equal(sv_pattern_new("(?=a)", NULL, &pattern), SV_INVALID);
    assert_int_equal(sv_pattern_new("\xff", NULL, &pattern), SV_INVALID);
}

static void test_refusal_says_what_and_where(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_pattern *pattern = NULL;
    assert_int_equal(sv_pattern_new("a(?<=b)", &error, &pattern), SV_INVALID);
    assert_string_equal(error.message, "pattern 'a(?<=b)', at 1: look-behind is not supported");
}

static void test_catastrophes_end(void **state)
{
    (void)state;
    static const size_t lengths[] = {40, 5000, SV_PATTERN_MAX_UNANCHORED - 1};
    char *text = malloc(SV_PATTERN_MAX_UNANCHORED);
    assert_non_null(text);
    memset(text, 'a', SV_PATTERN_MAX_UNANCHORED);
    for (size_t i = 0; i < sizeof catastrophes / sizeof *catastrophes; i++) {
        sv_pattern *pattern = compile(catastrophes[i]);
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
            text[lengths[j]] = '!';
            bool matches = false;
            sv_status status =
                sv_pattern_matches(pattern, (sv_str){text, lengths[j] + 1}, &matches);
            assert_true(status == SV_TOO_LARGE || status == SV_OK);
            assert_false(matches);
            text[lengths[j]] = 'a';
        }
        sv_pattern_free(pattern);
    }
    free(text);
}

static void test_long_texts(void **state)
{
    (void)state;
    size_t len = 4U << 20;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'a', len);
    sv_pattern *anchored = compile("^[a-z]+$"), *searched = compile("b");
    bool matches = false;
    assert_int_equal(sv_pattern_matches(anchored, (sv_str){text, len}, &matches), SV_OK);
    assert_true(matches);
    assert_int_equal(sv_pattern_matches(searched, (sv_str){text, len}, &matches), SV_TOO_LARGE);
    assert_int_equal(sv_pattern_matches(searched, (sv_str){text, 100000}, &matches), SV_OK);
    assert_false(matches);
    sv_pattern_free(anchored);
    sv_pattern_free(searched);
    free(text);
}

static void test_bytes(void **state)
{
    (void)state;
    sv_pattern *pattern = compile("^.\\x00?$");
    bool matches = false;
    assert_int_equal(sv_pattern_matches(pattern, (sv_str){"a\0", 2}, &matches), SV_OK);
    assert_true(matches);
    assert_int_equal(sv_pattern_matches(pattern, (sv_str){NULL, 0}, &matches), SV_OK);
    assert_false(matches);
    assert_int_equal(sv_pattern_matches(pattern, SV_STR("\xff"), &matches), SV_INVALID);
    sv_pattern_free(pattern);
    sv_pattern_free(NULL);
}

static bool match_with_failures(void *text)
{
    sv_pattern *pattern = NULL;
    bool matches = false;
    sv_status status = sv_pattern_new(text, NULL, &pattern);
    if (!status)
        status = sv_pattern_matches(pattern, SV_STR("ab"), &matches);
    assert_true(status == SV_NO_MEMORY || (status == SV_OK && matches));
    sv_pattern_free(pattern);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    char text[] = "^(?i)[A-Z]+\\u0062$|a long pattern makes the buffer grow again and again";
    assert_true(failing_malloc_try_each(match_with_failures, text) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refusal_says_what_and_where),
        cmocka_unit_test(test_catastrophes_end),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
