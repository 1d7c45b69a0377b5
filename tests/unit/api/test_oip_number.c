/* test_oip_number.c: numbers of JSON: what is one, and that its double is the nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/oip_number.h"

static void test_what_is_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len; /* of the number; 0: it is none */
        bool is_integer;
    } rows[] = {
        {"0", 1, true},
        {"-0", 2, true},
        {"7,8", 1, true},
        {"12345678", 8, true},
        {"123456789]", 9, true},
        {"-1234567890123456789", 20, true},
        {"1.5", 3, false},
        {"0.12345678,", 10, false},
        {"1e5", 3, false},
        {"1E+05", 5, false},
        {"-1.25e-300 ", 10, false},
        {"1.0", 3, false},
        {"00", 0, false},
        {"-01", 0, false},
        {"01234567", 0, false},
        {"", 0, false},
        {"-", 0, false},
        {"+1", 0, false},
        {".5", 0, false},
        {"1.", 0, false},
        {"1.e5", 0, false},
        {"1e", 0, false},
        {"1e+", 0, false},
        {"NaN", 0, false},
        {"Infinity", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_oip_number number;
        size_t at = 0;
        bool is_read = sv_oip_number_read(sv_str_from(rows[i].text), &at, &number);
        if (is_read != (rows[i].len > 0) ||
            (is_read && (at != rows[i].len || number.is_integer != rows[i].is_integer)))
            fail_msg("%s: %d, %zu", rows[i].text, is_read, at);
    }
}

static void assert_as_strtod(const char *text)
{
    sv_oip_number number;
    size_t at = 0;
    double wanted = strtod(text, NULL);
    assert_true(sv_oip_number_read(sv_str_from(text), &at, &number));
    double got = sv_oip_number_to_double(&number);
    if (memcmp(&got, &wanted, sizeof got))
        fail_msg("%s: %.17g, not %.17g", text, got, wanted);
}

static void test_hard_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0.0",
        "0e400",
        "0e-99999999999",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e99999999999",
        "-1e-99999999999",
        "9007199254740993",
        "9007199254740993.00000000000000000000000000000000000000000000000000000000000000000001",
        "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000012",
        "123456789012345678901234567890e-10",
        "18446744073709551615",
        "18446744073709551616",
        "0.30000000000000004",
        "3.1415926535897932384626433832795028841971",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_as_strtod(texts[i]);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* As programs write them: any double in any precision. */
static void test_any_number(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random(&random);
        double number;
        char text[64];
        memcpy(&number, &bits, sizeof number);
        if (i % 2)
            number = (double)(bits >> 11) / (double)(UINT64_C(1) << 53);
        if (!isfinite(number))
            continue;
        snprintf(text, sizeof text, "%.*g", 1 + (int)(next_random(&random) % 20), number);
        assert_as_strtod(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_number),
        cmocka_unit_test(test_hard_numbers),
        cmocka_unit_test(test_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
