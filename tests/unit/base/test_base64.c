/* base64: the cases of the forgiving decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static const struct {
    const char *text, *bytes; /* NULL: refused */
} cases[] = {
    {"", ""},
    {"QQ==", "A"},
    {"QQ", "A"},
    {"QUI=", "AB"},
    {"QUI", "AB"},
    {"QUJD", "ABC"},
    {"QUJDRA==", "ABCD"},
    {" Q\tU\nJ\fD\r", "ABC"},
    {"+/+/", "\xfb\xff\xbf"},
    {"QR==", "A"}, /* bits that are left over are dropped */
    {"Q", NULL},
    {"QUJDR", NULL},
    {"Q===", NULL},
    {"QQ=", NULL},
    {"QQ===", NULL},
    {"QUJD=", NULL},
    {"QQ==QQ==", NULL},
    {"=", NULL},
    {"Q-_A", NULL},
    {"QU%3D", NULL},
    {"QUJ\xc3\xa9", NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bytes[64];
        size_t len = 99;
        sv_str text = sv_str_from(cases[i].text);
        assert_true(sv_base64_decoded_max(text.len) <= sizeof bytes);
        bool is_good = sv_base64_decode(text, bytes, &len);
        if (is_good != (cases[i].bytes != NULL))
            fail_msg("'%s' was %s", cases[i].text, is_good ? "taken" : "refused");
        if (is_good) {
            assert_int_equal(len, strlen(cases[i].bytes));
            assert_memory_equal(bytes, cases[i].bytes, len);
        }
    }
}

static void test_room_is_enough_for_every_length(void **state)
{
    (void)state;
    char text[64], bytes[64];
    memset(text, 'A', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        size_t decoded = 0;
        if (sv_base64_decode((sv_str){text, len}, bytes, &decoded))
            assert_true(decoded <= sv_base64_decoded_max(len));
        else
            assert_int_equal(len % 4, 1);
    }
}

static void test_encoding(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"\xFB\xFF\xBF", "+/+/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16] = "";
        size_t len = strlen(rows[i][0]);
        sv_base64_encode(rows[i][0], len, text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(sv_base64_encoded_len(len), strlen(rows[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_room_is_enough_for_every_length),
        cmocka_unit_test(test_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
