/* test_decimal_text.c: decimal numbers as text. What is expected was recorded from pydantic 2.14.3:
 * the printed number, or the type of the error. */
#include <stdlib.h>
#include <string.h>

#include "json_cases.h"
#include "json/decimal_text.h"

static const struct {
    const char *text, *expected;
} texts[] = {
    {"1.10", "1.10"},
    {"1", "1"},
    {"-1", "-1"},
    {"+1", "1"},
    {"007", "7"},
    {"0.00", "0.00"},
    {"-0", "-0"},
    {"-0.0", "-0.0"},
    {"1e5", "1E+5"},
    {"1e-7", "1E-7"},
    {"0.0000001", "1E-7"},
    {"0.000001", "0.000001"},
    {"0.00000010", "1.0E-7"},
    {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"},
    {"1_000", "1000"},
    {"_1", "1"},
    {"1__0", "10"},
    {"1_e_5", "1E+5"},
    {" 1 ", "1"},
    {"\xC2\xA0"
     "1\xE2\x80\x83",
     "1"},
    {"1 0", "decimal_parsing"},
    {"", "decimal_parsing"},
    {" ", "decimal_parsing"},
    {"_", "decimal_parsing"},
    {".", "decimal_parsing"},
    {"1.", "1"},
    {".5", "0.5"},
    {"-.5", "-0.5"},
    {"e5", "decimal_parsing"},
    {"1e", "decimal_parsing"},
    {"1e+", "decimal_parsing"},
    {"1e5.0", "decimal_parsing"},
    {"NaN", "finite_number"},
    {"-nan", "finite_number"},
    {"sNaN", "finite_number"},
    {"NaN123", "finite_number"},
    {"nan12x", "decimal_parsing"},
    {"inf", "finite_number"},
    {"-Infinity", "finite_number"},
    {"+INF", "finite_number"},
    {"infinit", "decimal_parsing"},
    {"n_a_n", "finite_number"},
    {"0x10", "decimal_parsing"},
    {"1,5", "decimal_parsing"},
    {"\xD9\xA1\xD9\xA2", "12"},
    {"\xEF\xBC\x91", "1"},
    {"1\xD9\xA0"
     "e\xD9\xA1",
     "1.0E+2"},
    {"\xE2\x88\x92"
     "1",
     "decimal_parsing"},
    {"1\xC3\xA9", "decimal_parsing"},
    {"1e999999999999999999", "1E+999999999999999999"},
    {"1e1000000000000000000", "decimal_parsing"},
    {"1e-999999999999999999", "1E-999999999999999999"},
    {"1e-1999999999999999997", "1E-1999999999999999997"},
    {"1e-1999999999999999998", "decimal_parsing"},
    {"1e99999999999999999999999", "decimal_parsing"},
    {"1e5999999999999999999", "decimal_parsing"},
    {"0e-99999999999999999999", "decimal_parsing"},
    {"0e999999999999999999", "0E+999999999999999999"},
    {"10e999999999999999999", "decimal_parsing"},
    {"0.0001e1000000000000000003", "1E+999999999999999999"},
    {"--1", "decimal_parsing"},
    {"+-1", "decimal_parsing"},
    {"1-", "decimal_parsing"},
    {"1e0000000000000000000000000000000000005", "1E+5"},
    {"0e5", "0E+5"},
    {"0E-10", "0E-10"},
    {"0.0e5", "0E+4"},
    {"0.000e1", "0.00"},
    {"12e-8", "1.2E-7"},
    {"12e-7", "0.0000012"},
    {"1200e-3", "1.200"},
    {"1e0", "1"},
    {"12345e3", "1.2345E+7"},
    {"1.5E+7", "1.5E+7"},
};

static const struct {
    double number;
    const char *expected;
} doubles[] = {
    {1.1, "1.1"},
    {100.0, "100.0"},
    {-100.0, "-100.0"},
    {1e+16, "1E+16"},
    {1000000000000000.0, "1000000000000000.0"},
    {9007199254740992.0, "9007199254740992.0"},
    {1234567890123456.8, "1234567890123456.8"},
    {1e+17, "1E+17"},
    {1e+22, "1E+22"},
    {1.5e+20, "1.5E+20"},
    {1e-05, "0.00001"},
    {0.0001, "0.0001"},
    {0.0001234, "0.0001234"},
    {1.234e-05, "0.00001234"},
    {-0.0, "-0.0"},
    {0.0, "0.0"},
    {1e-07, "1E-7"},
    {5e-324, "5E-324"},
    {-1.7976931348623157e+308, "-1.7976931348623157E+308"},
};

static void expect(const char *expected, const char *text, size_t len)
{
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

/* The array has exactly the promised size, so that a sanitizer sees a step beyond. */
static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_str text = sv_str_from(texts[i].text);
        char *printed = malloc(sv_decimal_text_size(text.len));
        size_t len = 0;
        assert_non_null(printed);
        sv_error_type type = sv_decimal_text_parse(text, printed, &len);
        if (type)
            assert_string_equal(sv_error_type_get(type)->name, texts[i].expected);
        else
            expect(texts[i].expected, printed, len);
        free(printed);
    }
}

static void test_doubles(void **state)
{
    char text[SV_DECIMAL_TEXT_DOUBLE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        expect(doubles[i].expected, text, sv_decimal_text_from_double(doubles[i].number, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
