/* test_decimal.c: shortest decimals at the edges of doubles. Many more: test_writer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

static const struct {
    double number;
    uint64_t digits;
    int exponent;
} rows[] = {
    {0x1p-1074, 5, -324},
    {0x1p-1073, 1, -323},
    {DBL_MIN, 22250738585072014, -324},
    {0x0.fffffffffffffp-1022, 2225073858507201, -323},
    {DBL_MAX, 17976931348623157, 292},
    {1, 1, 0},
    {10, 1, 1},
    {0.1, 1, -1},
    {0.30000000000000004, 30000000000000004, -17},
    {1e23, 1, 23},
    {9007199254740992, 9007199254740992, 0},
    {9007199254740994, 9007199254740994, 0},
    {0x1p63, 9223372036854776, 3},
    {0x1p-44, 5684341886080802, -29},
    {5e-324, 5, -324},
    {8.41e21, 841, 19},
    {9.5e-7, 95, -8},
};

static void test_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_decimal_parts decimal = sv_decimal_from_double(rows[i].number);
        if (decimal.digits != rows[i].digits || decimal.exponent != rows[i].exponent)
            fail_msg("%a: %llue%d", rows[i].number, (unsigned long long)decimal.digits,
                     decimal.exponent);
    }
}

static double read_back(uint64_t digits, int exponent)
{
    char text[40];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
    return strtod(text, NULL);
}

/* Each power of two and its neighbours: reads back, and no shorter number does. */
static void test_powers_of_two(void **state)
{
    (void)state;
    for (int e = -1074; e <= 1023; e++) {
        const double numbers[] = {nextafter(ldexp(1, e), 0), ldexp(1, e),
                                  nextafter(ldexp(1, e), DBL_MAX)};
        for (size_t i = 0; i < 3; i++) {
            if (numbers[i] == 0)
                continue;
            sv_decimal_parts decimal = sv_decimal_from_double(numbers[i]);
            assert_true(read_back(decimal.digits, decimal.exponent) == numbers[i]);
            uint64_t shorter = decimal.digits / 10;
            assert_false(shorter && read_back(shorter, decimal.exponent + 1) == numbers[i]);
            assert_false(shorter && read_back(shorter + 1, decimal.exponent + 1) == numbers[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_powers_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
