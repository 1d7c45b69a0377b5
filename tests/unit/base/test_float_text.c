/* float_text.c writes what number_text.c writes, which is judged by its own test. */
#include "base/float_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number_text.h"

enum { MANY = 500, MAX_BIASED = 255 };

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void judge(const float *values, size_t n)
{
    static char got[MANY * SV_FLOAT_TEXT_SIZE + SV_NUMBER_TEXT_DOUBLE_SIZE];
    static char wanted[MANY * SV_FLOAT_TEXT_SIZE + SV_NUMBER_TEXT_DOUBLE_SIZE];
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        len += sv_number_text_put_float(wanted + len, values[i]);
        wanted[len++] = ',';
    }
    assert_int_equal(sv_float_text_put(got, values, n), len);
    assert_memory_equal(got, wanted, len);
}

static void test_no_float_and_one(void **state)
{
    (void)state;
    char text[SV_FLOAT_TEXT_SIZE + SV_NUMBER_TEXT_DOUBLE_SIZE];
    const float value = -0.1f;
    assert_int_equal(sv_float_text_put(text, &value, 0), 0);
    assert_int_equal(sv_float_text_put(text, &value, 1), 5);
    assert_memory_equal(text, "-0.1,", 5);
}

/* All exponents: the ends of each, what is close to them, and many between; both signs. */
static void test_all_exponents(void **state)
{
    (void)state;
    float values[MANY];
    uint32_t random = 1;
    for (uint32_t exponent = 0; exponent < MAX_BIASED; exponent++) {
        for (uint32_t i = 0; i < MANY; i++) {
            random = random * 1664525u + 1013904223u;
            uint32_t near = i < 16 ? i : i < 32 ? 0u - (i - 15) : random;
            values[i] = from_bits((i % 2) << 31 | exponent << 23 | (near & 0x7fffff));
        }
        judge(values, MANY);
    }
}

/* What people write: few digits; and whole numbers, of which some have more digits than needed. */
static void test_decimals(void **state)
{
    (void)state;
    float values[MANY];
    for (int scale = 1; scale <= 100000000; scale *= 10)
        for (int start = -2000; start < 2000; start += MANY) {
            for (int i = 0; i < MANY; i++)
                values[i] = (float)(start + i) / (float)scale;
            judge(values, MANY);
            for (int i = 0; i < MANY; i++)
                values[i] = (float)(start + i) * (float)scale + (float)i;
            judge(values, MANY);
        }
}

/* SV_ALL_FLOATS=1 asks for all of them where nothing is left to number_text.c: half a minute. */
static void test_every_float(void **state)
{
    (void)state;
    const uint32_t first = (127 - 16) << 23, end = (127 + 24) << 23;
    const uint32_t step = getenv("SV_ALL_FLOATS") ? 1 : 997;
    float values[MANY];
    for (uint64_t bits = first; bits < end; bits += (uint64_t)step * MANY) {
        for (uint32_t i = 0; i < MANY; i++)
            values[i] = from_bits((uint32_t)bits + i * step);
        judge(values, MANY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_float_and_one),
        cmocka_unit_test(test_all_exponents),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_every_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
