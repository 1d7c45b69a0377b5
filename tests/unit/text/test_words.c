/* Texts into words, with each rule on its own. */
#include "text/words.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define BERT                                                                                       \
    .clean = true, .space_ideographs = true, .decompose = true, .strip_nonspacing = true,          \
    .lower = true, .max_chars = 5

/* The words of a text between bars; "#" for one that is too long. */
static void join_words(const sv_words_rules *rules, sv_str text, char *ret_joined)
{
    sv_words words;
    sv_str word;
    sv_words_begin(&words, rules, text);
    *ret_joined = '\0';
    for (char *at = ret_joined; sv_words_next(&words, &word);) {
        *at++ = '|';
        memcpy(at, word.ptr ? word.ptr : "#", word.ptr ? word.len : 1);
        at += word.ptr ? word.len : 1;
        *at = '\0';
    }
}

static void cuts_texts_into_words(void **state)
{
    static const struct {
        sv_words_rules rules;
        sv_str text;
        const char *words;
    } cases[] = {
        {{BERT}, SV_STR_INIT(""), ""},
        {{BERT}, SV_STR_INIT(" \t\r\n "), ""},
        {{BERT}, SV_STR_INIT("Hi, you"), "|hi|,|you"},
        {{BERT}, SV_STR_INIT("a--b"), "|a|-|-|b"},
        {{BERT}, SV_STR_INIT("abcde abcdef g"), "|abcde|#|g"},
        {{BERT}, SV_STR_INIT("\xc3\x89t\xc3\xa9 e\xcc\x81"), "|ete|e"},
        {{BERT},
         SV_STR_INIT("a\xe6\x9d\xb1\xe4\xba\xac"
                     "b"),
         "|a|\xe6\x9d\xb1|\xe4\xba\xac|b"},
        {{BERT},
         SV_STR_INIT("a\0b\x7f"
                     "c\xe2\x80\x8d"
                     "d\xff"),
         "|abcd"},
        {{BERT},
         SV_STR_INIT("a\xe2\x80\xa8"
                     "b\xc2\xa0"
                     "c"),
         "|a|b|c"},
        {{.max_chars = 9}, SV_STR_INIT("\xc3\x89\x01 E"), "|\xc3\x89\x01|E"},
        {{.max_chars = 9, .lower = true}, SV_STR_INIT("\xc3\x89 \xc4\xb0"), "|\xc3\xa9|i\xcc\x87"},
        {{.max_chars = 9, .decompose = true},
         SV_STR_INIT("o\xcc\x82\xcc\xa3"),
         "|o\xcc\xa3\xcc\x82"},
        {{.max_chars = 1, .compose = true},
         SV_STR_INIT("e\xcc\x81 =\xcc\xb8"),
         "|\xc3\xa9|\xe2\x89\xa0"},
        {{.max_chars = 9, .decompose = true, .strip_marks = true},
         SV_STR_INIT("\xe0\xa4\x95\xe0\xa4\x83"),
         "|\xe0\xa4\x95"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char joined[256];
        join_words(&cases[i].rules, cases[i].text, joined);
        assert_string_equal(joined, cases[i].words);
    }
}

static void reads_words_of_any_length(void **state)
{
    static char text[40000];
    static const sv_words_rules rules = {BERT}, composing = {.compose = true, .max_chars = 1024};
    char joined[8];
    (void)state;
    memset(text, 'x', sizeof text);
    join_words(&rules, (sv_str){text, sizeof text}, joined);
    assert_string_equal(joined, "|#");
    join_words(&composing, (sv_str){text, sizeof text}, joined);
    assert_string_equal(joined, "|#");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_texts_into_words),
        cmocka_unit_test(reads_words_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
