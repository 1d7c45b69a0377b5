/* test_letter_case.c: upper and lower case of several scripts, and blanks as Rust sees them. */
#include <string.h>

#include "json_cases.h"
#include "json/letter_case.h"

static const struct {
    const char *text, *lower, *upper;
} rows[] = {
    {"", "", ""},
    {"abc1", "abc1", "ABC1"},
    {"ÄÖü", "äöü", "ÄÖÜ"},
    {"straße", "straße", "STRASSE"},
    {"İ", "i̇", "İ"},
    {"ΑΣ ΣΑΣΣ", "ας σασς", "ΑΣ ΣΑΣΣ"},
    {"Σ", "σ", "Σ"},
    {"ŉ", "ŉ", "ʼN"},
    {"ЖИЗНЬ", "жизнь", "ЖИЗНЬ"},
    {"ﬃ", "ﬃ", "FFI"},
    {"ǅ", "ǆ", "Ǆ"},
    {"𐐀日", "𐐨日", "𐐀日"},
    {"Ⱥ", "ⱥ", "Ⱥ"},
};

static void test_cases(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_str text = sv_str_from(rows[i].text), lower, upper;
        assert_int_equal(sv_letter_case_lower(arena, text, &lower), SV_OK);
        assert_int_equal(sv_letter_case_upper(arena, text, &upper), SV_OK);
        assert_true(cases_same(text, sv_str_from(rows[i].lower), lower));
        assert_true(cases_same(text, sv_str_from(rows[i].upper), upper));
    }
    sv_str same = SV_STR("same"), result;
    assert_int_equal(sv_letter_case_lower(arena, same, &result), SV_OK);
    assert_ptr_equal(result.ptr, same.ptr); /* nothing is copied that stays */
    sv_arena_free(arena);
}

static void test_strip(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {" a b ", "a b"},
        {"\t\n\xE2\x80\x83"
         "a\xE3\x80\x80",
         "a"},
        {"\x1C"
         "a",
         "\x1C"
         "a"},
        {" a \x1F ", "a \x1F"},
        {"   ", ""},
        {"", ""},
        {" \x1D ", "\x1D"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(cases_same(sv_str_from(texts[i][0]), sv_str_from(texts[i][1]),
                               sv_letter_case_strip(sv_str_from(texts[i][0]))));
}

static void test_too_little_memory(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'A', sizeof text);
    sv_arena *arena = sv_arena_new(16);
    sv_str result;
    assert_int_equal(sv_letter_case_lower(arena, (sv_str){text, sizeof text}, &result),
                     SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_too_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
