/* What the tokenizers ask about characters. */
#include "text/unicode.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void decodes_utf8(void **state)
{
    static const struct {
        sv_str text;
        uint32_t code;
        size_t len;
    } cases[] = {
        {SV_STR_INIT("a"), 'a', 1},
        {SV_STR_INIT("\xc3\xa9x"), 0xe9, 2},
        {SV_STR_INIT("\xe6\x9d\xb1"), 0x6771, 3},
        {SV_STR_INIT("\xf0\x9f\x8d\x95"), 0x1f355, 4},
        {SV_STR_INIT("\0"), 0, 1},
        {SV_STR_INIT("\xff"), 0xfffd, 1},
        {SV_STR_INIT("\xc3"), 0xfffd, 1},
        {SV_STR_INIT("\xc0\x80"), 0xfffd, 1},
        {SV_STR_INIT("\xed\xa0\x80"), 0xfffd, 1},
        {SV_STR_INIT("\xf4\x90\x80\x80"), 0xfffd, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code;
        assert_int_equal(sv_unicode_decode(cases[i].text, &code), cases[i].len);
        assert_int_equal(code, cases[i].code);
    }
}

static void encodes_what_it_decodes(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code += code < 0xd7ff ? 1 : 97) {
        char bytes[4];
        uint32_t again;
        if (code >= 0xd800 && code < 0xe000)
            continue;
        size_t len = sv_unicode_encode(code, bytes);
        assert_int_equal(sv_unicode_decode((sv_str){bytes, len}, &again), len);
        assert_int_equal(again, code);
    }
}

static void knows_the_classes(void **state)
{
    static const struct {
        uint32_t code;
        sv_unicode_class class;
    } cases[] = {
        {'a', SV_UNICODE_PLAIN},          {'5', SV_UNICODE_PLAIN},
        {' ', SV_UNICODE_SPACE},          {'\n', SV_UNICODE_SPACE},
        {0x0b, SV_UNICODE_SPACE},         {0x85, SV_UNICODE_SPACE},
        {0x3000, SV_UNICODE_SPACE},       {0x2028, SV_UNICODE_SPACE},
        {0, SV_UNICODE_CONTROL},          {0x7f, SV_UNICODE_CONTROL},
        {0x200d, SV_UNICODE_CONTROL},     {0xe000, SV_UNICODE_CONTROL},
        {'!', SV_UNICODE_PUNCTUATION},    {'$', SV_UNICODE_PUNCTUATION},
        {'~', SV_UNICODE_PUNCTUATION},    {0x2014, SV_UNICODE_PUNCTUATION},
        {0x166d, SV_UNICODE_PUNCTUATION}, {0x20ac, SV_UNICODE_PLAIN},
        {0x301, SV_UNICODE_MARK},         {0x1734, SV_UNICODE_MARK},
        {0x903, SV_UNICODE_PLAIN},        {0x378, SV_UNICODE_PLAIN},
        {0x2e52, SV_UNICODE_PLAIN},       {0x1f355, SV_UNICODE_PLAIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sv_unicode_classify(cases[i].code), cases[i].class);
}

static void decomposes_and_lowers(void **state)
{
    uint32_t codes[SV_UNICODE_MAX_DECOMPOSED];
    (void)state;
    assert_int_equal(sv_unicode_decompose(0x1ed9, codes), 3); /* o with circumflex and dot below */
    assert_memory_equal(codes, ((uint32_t[]){'o', 0x323, 0x302}), 3 * sizeof *codes);
    assert_int_equal(sv_unicode_decompose(0xd55c, codes), 3);
    assert_memory_equal(codes, ((uint32_t[]){0x1112, 0x1161, 0x11ab}), 3 * sizeof *codes);
    assert_int_equal(sv_unicode_decompose(0xfb01, codes), 1); /* compatibility only */
    assert_int_equal(codes[0], 0xfb01);
    assert_int_equal(sv_unicode_lower(0xc9, codes), 1);
    assert_int_equal(codes[0], 0xe9);
    assert_int_equal(sv_unicode_lower(0x130, codes), 2);
    assert_memory_equal(codes, ((uint32_t[]){'i', 0x307}), 2 * sizeof *codes);
}

static void orders_and_composes_marks(void **state)
{
    uint32_t codes[] = {'o', 0x302, 0x323, 'e', 0x301};
    (void)state;
    sv_unicode_order(codes, 5);
    assert_memory_equal(codes, ((uint32_t[]){'o', 0x323, 0x302, 'e', 0x301}), sizeof codes);
    assert_int_equal(sv_unicode_compose(codes, 5), 2);
    assert_memory_equal(codes, ((uint32_t[]){0x1ed9, 0xe9}), 2 * sizeof *codes);
    assert_true(sv_unicode_is_mark(0x903));
    assert_false(sv_unicode_is_mark('a'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_utf8),
        cmocka_unit_test(encodes_what_it_decodes),
        cmocka_unit_test(knows_the_classes),
        cmocka_unit_test(decomposes_and_lowers),
        cmocka_unit_test(orders_and_composes_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
