/* test_number_text.c: doubles as pydantic writes them (tests/cases/writer/doubles.txt), and many
 * more, which printf and strtod judge: the shortest text that reads back, and the nearest of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number_text.h"

enum { MANY = 150000 };

static void test_digits(void **state)
{
    (void)state;
    uint64_t number = 1;
    for (int n = 1; n <= 20; n++, number *= 10)
        for (int less = 0; less <= 1; less++) {
            char text[SV_NUMBER_TEXT_INTEGER_SIZE], wanted[32];
            char *end = text + sizeof text, *start = sv_number_text_put_digits(end, number - less);
            snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)number - less);
            assert_int_equal(end - start, strlen(wanted));
            assert_memory_equal(start, wanted, strlen(wanted));
        }
}

static void test_cases(void **state)
{
    (void)state;
    FILE *file = fopen(SV_SOURCE_DIR "/tests/cases/writer/doubles.txt", "r");
    assert_non_null(file);
    unsigned long long bits;
    char expected[64], actual[SV_NUMBER_TEXT_DOUBLE_SIZE + 1];
    size_t n = 0, n_wrong = 0;
    for (; fscanf(file, "%16llx %63s", &bits, expected) == 2; n++) {
        double value;
        memcpy(&value, &bits, sizeof value);
        actual[sv_number_text_put_double(actual, value)] = '\0';
        if (strcmp(expected, actual) != 0)
            print_error("%016llx: expected %s, is %s\n", bits, expected, actual);
        n_wrong += strcmp(expected, actual) != 0;
    }
    fclose(file);
    assert_int_equal(n_wrong, 0);
    assert_true(n > 1000);
}

/* Digits from the first to the last one that is not zero. */
static int count_digits(const char *text)
{
    int n = 0, n_all = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (!n_all && *text == '0'))
            continue;
        n_all++;
        n = *text != '0' ? n_all : n;
    }
    return n ? n : 1;
}

/* Reads back; one digit less does not; and as many digits by printf, where they read back, are the
 * same number. */
static void judge(double value)
{
    char text[SV_NUMBER_TEXT_DOUBLE_SIZE + 1], other[64];
    text[sv_number_text_put_double(text, value)] = '\0';
    double again = strtod(text, NULL);
    if (memcmp(&again, &value, sizeof value) != 0)
        fail_msg("%a: %s", value, text);
    int n = count_digits(text);
    snprintf(other, sizeof other, "%.*e", n > 1 ? n - 2 : 0, value);
    if (n > 1 && strtod(other, NULL) == value)
        fail_msg("%a: %s is longer than %s", value, text, other);
    snprintf(other, sizeof other, "%.*e", n - 1, value);
    if (strtod(other, NULL) != value)
        return; /* next to a power of two */
    char digits[2][24] = {{0}, {0}};
    const char *texts[] = {text, other};
    for (int i = 0; i < 2; i++)
        for (const char *at = texts[i]; *at && *at != 'e'; at++)
            if (*at >= '0' && *at <= '9' && (digits[i][0] || *at != '0'))
                digits[i][strlen(digits[i])] = *at;
    if (strncmp(digits[0], digits[1], (size_t)n) != 0 && n > 1)
        fail_msg("%a: %s is not the nearest, %s is", value, text, other);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void judge_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value))
        judge(value);
}

static void test_any_bits(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < MANY; i++)
        judge_bits(next_random(&random));
}

/* Few bits, at the top and at the bottom of a mantissa. */
static void test_powers_of_two(void **state)
{
    (void)state;
    for (int e = -1074; e <= 1023; e++)
        for (int more = 1; more <= 13; more += 2) {
            double value = ldexp(more, e);
            if (!isfinite(value))
                continue;
            judge(value);
            judge(-nextafter(value, 0));
            judge(nextafter(value, -DBL_MAX));
        }
}

static void test_below_the_normal_ones(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < MANY / 10; i++)
        judge_bits(next_random(&random) >> (12 + i % 52));
}

static void test_floats(void **state)
{
    (void)state;
    uint64_t random = 1234567;
    for (int i = 0; i < MANY; i++) {
        uint32_t bits = (uint32_t)next_random(&random);
        float value;
        if (i % 2) /* 0.00… to 2 */
            bits = 0x3f800000u - (bits & 0x3ffffffu);
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            judge((double)value);
    }
}

/* Whole numbers, decimals of few digits, and what computing with them makes of them. */
static void test_near_decimals(void **state)
{
    (void)state;
    uint64_t random = 99;
    for (int i = 0; i < MANY; i++) {
        double value = (double)(next_random(&random) >> (i % 61));
        for (int n = (int)(next_random(&random) % 25); n; n--)
            value /= 10;
        judge(i % 3 ? value : nearbyint(value));
    }
}

/* Halfway between two numbers of 17 digits, and of 16. */
static void test_halfway(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < MANY / 3; i++) {
        uint64_t whole = (UINT64_C(1) << 52) + (next_random(&random) >> 13);
        judge(ldexp((double)whole, -(i % 12)));
        judge(ldexp((double)whole, i % 12));
    }
}

static void test_many_are_as_one_by_one(void **state)
{
    (void)state;
    double values[SV_NUMBER_TEXT_MAX_DOUBLES];
    char one[SV_NUMBER_TEXT_MAX_DOUBLES * SV_NUMBER_TEXT_DOUBLE_SIZE], many[sizeof one];
    uint64_t random = 3;
    for (size_t n = 1; n <= SV_NUMBER_TEXT_MAX_DOUBLES; n++) {
        size_t len = 0;
        for (size_t i = 0; i < n; i++) {
            values[i] = ldexp((double)(int64_t)next_random(&random), (int)(i * 7 % 140) - 140);
            values[i] = i % 5 ? values[i] : nearbyint(values[i]);
            len += sv_number_text_put_double(one + len, values[i]);
            one[len++] = ',';
        }
        assert_int_equal(sv_number_text_put_doubles(many, values, n), len);
        assert_memory_equal(one, many, len);
    }
}

/* Reads back as the same float, also by way of a double, and one digit less does not; whole numbers
 * are told to their last digit. */
static void judge_float(float value)
{
    char text[SV_NUMBER_TEXT_DOUBLE_SIZE + 1], other[64];
    text[sv_number_text_put_float(text, value)] = '\0';
    float again = strtof(text, NULL), twice = (float)strtod(text, NULL);
    if (memcmp(&again, &value, sizeof value) != 0 || memcmp(&twice, &value, sizeof value) != 0)
        fail_msg("%a: %s", (double)value, text);
    int n = count_digits(text);
    snprintf(other, sizeof other, "%.*e", n > 1 ? n - 2 : 0, (double)value);
    bool is_whole = fabsf(value) < 1e8f && truncf(value) == value;
    if (!is_whole && n > 1 && strtof(other, NULL) == value)
        fail_msg("%a: %s, %s is shorter", (double)value, text, other);
}

static void test_single_precision(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0.1f, "0.1"},
                 {-0.0f, "-0.0"},
                 {1e-7f, "1e-7"},
                 {16777216.0f, "16777216.0"},
                 {3.4028235e38f, "3.4028235e+38"},
                 {1e-45f, "1e-45"},
                 {-2.5f, "-2.5"},
                 {0.33333334f, "0.33333334"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SV_NUMBER_TEXT_DOUBLE_SIZE + 1];
        text[sv_number_text_put_float(text, cases[i].value)] = '\0';
        assert_string_equal(text, cases[i].text);
    }
    for (uint32_t i = 0, bits = 1; i < MANY; i++, bits = bits * 1664525u + 1013904223u) {
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && value != 0)
            judge_float(value);
    }
    for (uint32_t exponent = 1; exponent < 255; exponent++)
        for (int32_t off = -2; off <= 2; off++) {
            uint32_t bits = (exponent << 23) + (uint32_t)off;
            float value;
            memcpy(&value, &bits, sizeof value);
            judge_float(value);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_any_bits),
        cmocka_unit_test(test_powers_of_two),
        cmocka_unit_test(test_below_the_normal_ones),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_near_decimals),
        cmocka_unit_test(test_halfway),
        cmocka_unit_test(test_many_are_as_one_by_one),
        cmocka_unit_test(test_single_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
