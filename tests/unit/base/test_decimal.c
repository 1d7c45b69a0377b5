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

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* What strtod reads, or nothing. */
static bool reads_well(uint64_t digits, int exponent)
{
    double number, wanted = read_back(digits, exponent);
    return !sv_decimal_to_double(digits, exponent, &number) || number == wanted;
}

static void test_way_back(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        uint64_t digits = next_random(&random) >> (next_random(&random) % 64);
        int exponent = (int)(next_random(&random) % 700) - 350;
        if (!reads_well(digits, exponent) || !reads_well(digits, exponent % 30))
            fail_msg("%llue%d", (unsigned long long)digits, exponent);
    }
}

/* Next to the middle between two doubles, and on it. */
static void test_way_back_of_hard_numbers(void **state)
{
    (void)state;
    static const struct {
        uint64_t digits;
        int exponent;
    } hard[] = {{9007199254740993, 0},
                {9007199254740995, 0},
                {18014398509481990, 0},
                {9007199254740992, 0},
                {UINT64_MAX, 0},
                {UINT64_MAX, 308},
                {5, -324},
                {22250738585072014, -324},
                {2225073858507201, -323},
                {17976931348623157, 292},
                {17976931348623159, 292},
                {7450580596923828125, -27},
                {9223372036854775807, 0},
                {9214843084008499, 6},
                {4503599627370497500, -3},
                {1, 22},
                {1, 23},
                {123456789012345678, -1},
                {11417981541647680, 307},
                {0, 0},
                {0, 400},
                {10000000000000000000u, 289}};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        for (int more = -1; more <= 1; more++)
            if (!reads_well(hard[i].digits + (uint64_t)more, hard[i].exponent))
                fail_msg("%llue%d", (unsigned long long)hard[i].digits, hard[i].exponent);
}

/* Whatever is written is read, nearly always at once. */
static void test_there_and_back(void **state)
{
    (void)state;
    uint64_t random = 42;
    int n_slow = 0;
    for (int i = 0; i < 200000; i++) {
        double number, again;
        uint64_t bits = next_random(&random) & ~(UINT64_C(1) << 63);
        memcpy(&number, &bits, sizeof number);
        if (!isnormal(number))
            continue;
        sv_decimal_parts decimal = sv_decimal_from_double(number);
        if (sv_decimal_to_double(decimal.digits, decimal.exponent, &again))
            assert_true(again == number);
        else
            n_slow++;
    }
    assert_true(n_slow < 12000); /* whose digits begin below 10^-292 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),          cmocka_unit_test(test_powers_of_two),
        cmocka_unit_test(test_way_back),       cmocka_unit_test(test_way_back_of_hard_numbers),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
