/* test_coerce.c: the corners of conversions that the recorded cases (test_decode_cases.c) do not
 * reach: long texts, and numbers compared bit by bit. */
#include <stdlib.h>
#include <string.h>

#include "json_cases.h"
#include "json/coerce.h"

static sv_error_type to_double(const char *text, double *ret_double)
{
    sv_arena *arena = sv_arena_new(0);
    const sv_value *value = sv_value_from_str(arena, sv_str_from(text));
    sv_error_type error = sv_coerce_double(value, ret_double);
    sv_arena_free(arena);
    return error;
}

static void test_texts_are_rounded_correctly(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.1",
        "1e23",
        "9007199254740993",
        "1.7976931348623158e308",
        "4.9e-324",
        "2.5e-324",
        "2.2250738585072011e-308",
        "0.000000000000000000000000000000000000000000000000000000001",
        "8.41e21",
        "123456789.123456789e-300",
        "1e-0320",
        "000000000000000000000000000000123.456"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double number, expected = strtod(texts[i], NULL);
        assert_int_equal(to_double(texts[i], &number), SV_ERROR_TYPE_NONE);
        assert_memory_equal(&number, &expected, sizeof number);
    }
}

/* Every digit of the point halfway between 1 and the next double, with one more behind it. */
static void test_long_texts(void **state)
{
    (void)state;
    static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
    char text[5000];
    double number;
    memset(text, '0', sizeof text);
    memcpy(text, half, sizeof half - 1);
    text[700] = '1';
    text[4998] = '9';
    text[4999] = '\0';
    assert_int_equal(to_double(text, &number), SV_ERROR_TYPE_NONE);
    assert_true(number > 1);
    memset(text, '0', sizeof text);
    memcpy(text + 4900, "12.5", 5);
    assert_int_equal(to_double(text, &number), SV_ERROR_TYPE_NONE);
    assert_true(number == 12.5);
    memset(text, '1', sizeof text);
    memcpy(text + 4900, "e-4900", 7);
    assert_int_equal(to_double(text, &number), SV_ERROR_TYPE_NONE);
    assert_true(number > 0.11 && number < 0.12);
    memcpy(text + 4900, "e99999999999999999999", 22);
    assert_int_equal(to_double(text, &number), SV_ERROR_TYPE_FINITE_NUMBER);
    memcpy(text + 4900, "e-99999999999999999999", 23);
    assert_int_equal(to_double(text, &number), SV_ERROR_TYPE_NONE);
    assert_true(number == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_rounded_correctly),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
