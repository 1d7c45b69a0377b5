/* Spans: comparison, cutting, UTF-8, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/str.h>

static void assert_str(sv_str got, const char *expected)
{
    if (!sv_str_eq(got, sv_str_from(expected)))
        fail_msg("got '%.*s', expected '%s'", SV_STR_ARG(got), expected);
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(sv_str_from(NULL).len, 0);
    assert_true(sv_str_eq((sv_str){NULL, 0}, SV_STR("")));
    assert_false(sv_str_eq(SV_STR("a"), SV_STR("ab")));
    assert_false(sv_str_eq(SV_STR("a\0b"), SV_STR("a\0c")));
    assert_true(sv_str_eq_nocase(SV_STR("Content-TYPE"), SV_STR("content-type")));
    assert_false(sv_str_eq_nocase(SV_STR("@["), SV_STR("`{")));             /* not letters */
    assert_false(sv_str_eq_nocase(SV_STR("\xc3\x89"), SV_STR("\xc3\xa9"))); /* nor ASCII */
    assert_true(sv_str_starts_with(SV_STR("abc"), SV_STR("ab")));
    assert_true(sv_str_starts_with((sv_str){NULL, 0}, SV_STR("")));
    assert_false(sv_str_starts_with(SV_STR("a"), SV_STR("ab")));
    assert_true(sv_str_ends_with(SV_STR("abc"), SV_STR("bc")));
    assert_true(sv_str_ends_with((sv_str){NULL, 0}, (sv_str){NULL, 0}));
    assert_false(sv_str_ends_with(SV_STR("c"), SV_STR("bc")));
}

static void test_cut(void **state)
{
    (void)state;
    assert_int_equal(sv_str_find(SV_STR("a=b=c"), '='), 1);
    assert_int_equal(sv_str_find(SV_STR("abc"), '='), 3);
    assert_int_equal(sv_str_find((sv_str){NULL, 0}, 'x'), 0);
    assert_str(sv_str_slice(SV_STR("abcdef"), 2, 3), "cde");
    assert_str(sv_str_slice(SV_STR("abc"), 2, SIZE_MAX), "c");
    assert_str(sv_str_slice(SV_STR("abc"), 9, 1), "");
    assert_str(sv_str_slice((sv_str){NULL, 0}, 0, 1), "");
    assert_str(sv_str_trim_ows(SV_STR(" \t a b\t ")), "a b");
    assert_str(sv_str_trim_ows(SV_STR("\n")), "\n");
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pieces[4];
    } cases[] = {
        {"a,,b", {"a", "", "b"}}, {",", {"", ""}}, {"", {""}}, {"abc", {"abc"}}, {"a,", {"a", ""}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str rest = sv_str_from(cases[i].text), piece;
        for (const char *const *expected = cases[i].pieces; *expected; expected++) {
            assert_true(sv_str_split(&rest, ',', &piece));
            assert_str(piece, *expected);
        }
        assert_false(sv_str_split(&rest, ',', &piece));
    }
}

static void test_trim_as_python(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {" a b ", "a b"},
        {"\t\n\v\f\r\x1c\x1d\x1e\x1f x", "x"},
        {"\xc2\xa0x\xc2\x85", "x"},         /* no-break space, next line */
        {"\xe1\x9a\x80x\xe2\x80\x8a", "x"}, /* ogham, hair space */
        {"\xe2\x80\xa8x\xe2\x80\xa9", "x"}, /* line and paragraph separator */
        {"\xe3\x80\x80x\xe2\x81\x9f", "x"}, /* ideographic, mathematical */
        {"\xe2\x80\x8bx\xe2\x80\x8b", "\xe2\x80\x8bx\xe2\x80\x8b"}, /* zero width: none */
        {"\xe2\x80", "\xe2\x80"},
        {" \xc2\xa0 ", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(sv_str_trim(sv_str_from(cases[i].text)), cases[i].trimmed);
}

static const struct {
    sv_str text;
    bool is_utf8;
    size_t n_chars;
} utf8_cases[] = {
    {SV_STR_INIT(""), true, 0},
    {SV_STR_INIT("abcdefgh12345"), true, 13},
    {SV_STR_INIT("a\0b"), true, 3},
    {SV_STR_INIT("\xc2\x80\xdf\xbf"), true, 2},
    {SV_STR_INIT("\xe0\xa0\x80\xef\xbf\xbf"), true, 2},
    {SV_STR_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true, 2},
    {SV_STR_INIT("12345678\xc3"), false, 9},
    {SV_STR_INIT("1234567\xc3\xa9"), true, 8},
    {SV_STR_INIT("\xc0\x80"), false, 2},         /* overlong */
    {SV_STR_INIT("\xc1\xbf"), false, 2},         /* overlong */
    {SV_STR_INIT("\xe0\x9f\xbf"), false, 3},     /* overlong */
    {SV_STR_INIT("\xf0\x8f\xbf\xbf"), false, 4}, /* overlong */
    {SV_STR_INIT("\xed\xa0\x80"), false, 3},     /* surrogate */
    {SV_STR_INIT("\xf4\x90\x80\x80"), false, 4}, /* beyond U+10FFFF */
    {SV_STR_INIT("\xf5\x80\x80\x80"), false, 4},
    {SV_STR_INIT("\x80"), false, 1},
    {SV_STR_INIT("\xe2\x82"), false, 2},
    {SV_STR_INIT("\xe2\x28\xa1"), false, 3},
    {SV_STR_INIT("\xff\xfe"), false, 2},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof utf8_cases / sizeof *utf8_cases; i++) {
        if (sv_str_is_utf8(utf8_cases[i].text) != utf8_cases[i].is_utf8)
            fail_msg("case %zu is %s", i, utf8_cases[i].is_utf8 ? "refused" : "taken");
        assert_int_equal(sv_str_count_chars(utf8_cases[i].text), utf8_cases[i].n_chars);
    }
}

static void test_to_u64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"\xd9\xa1", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 12345;
        bool is_good = sv_str_to_u64(sv_str_from(cases[i].text), &value);
        if (is_good != cases[i].is_good)
            fail_msg("'%s'", cases[i].text);
        assert_int_equal(value, is_good ? cases[i].value : 12345);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_split),   cmocka_unit_test(test_trim_as_python),
        cmocka_unit_test(test_utf8),    cmocka_unit_test(test_to_u64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
