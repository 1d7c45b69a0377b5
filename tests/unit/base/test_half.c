/* Numbers of 16 bits: known ones of both formats, ties, the edges, and every pattern there and
 * back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/half.h"

static void test_known_numbers(void **state)
{
    (void)state;
    static const struct {
        double number;
        uint16_t binary16, bfloat16;
    } cases[] = {
        {0.0, 0x0000, 0x0000},
        {-0.0, 0x8000, 0x8000},
        {1.0, 0x3c00, 0x3f80},
        {-2.0, 0xc000, 0xc000},
        {0.5, 0x3800, 0x3f00},
        {65504, 0x7bff, 0x4780},           /* the largest binary16 */
        {65519.999, 0x7bff, 0x4780},       /* still rounds down to it */
        {65520, 0x7c00, 0x4780},           /* the tie goes up: infinity */
        {6.103515625e-05, 0x0400, 0x3880}, /* the smallest normal binary16 */
        {5.9604644775390625e-08, 0x0001, 0x3380},
        {2.98023223876953125e-08, 0x0000, 0x3300}, /* a tie: to even */
        {2049, 0x6800, 0x4500},                    /* a tie: to even, down */
        {2051, 0x6802, 0x4500},                    /* a tie: to even, up */
        {0.1, 0x2e66, 0x3dcd},
        {1e308, 0x7c00, 0x7f80},
        {-INFINITY, 0xfc00, 0xff80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(sv_half_from_double(cases[i].number, SV_HALF_BINARY16), cases[i].binary16);
        assert_int_equal(sv_half_from_double(cases[i].number, SV_HALF_BFLOAT16), cases[i].bfloat16);
    }
}

static void test_every_pattern(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= UINT16_MAX; bits++) {
        for (int format = SV_HALF_BINARY16; format <= SV_HALF_BFLOAT16; format++) {
            double number = sv_half_to_double((uint16_t)bits, (sv_half_format)format);
            uint16_t again = sv_half_from_double(number, (sv_half_format)format);
            if (isnan(number))
                assert_true(isnan(sv_half_to_double(again, (sv_half_format)format)));
            else
                assert_int_equal(again, bits);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_numbers),
        cmocka_unit_test(test_every_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
