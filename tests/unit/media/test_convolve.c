/* The plain kernels against sums done in floating point. */
#include "pictures.h"

#include <math.h>

#include "media/convolve.h"

/* One result from `n` taps, all of whose inputs are in one row of grey pixels. */
static int sum_grey(const double *weights, uint32_t n, const uint8_t *pixels)
{
    int16_t space[2 * 16];
    uint32_t first[] = {0};
    sv_convolve_axis axis = {first, space, 1, 8, SV_CONVOLVE_GROUP_GREY};
    uint8_t out = 0;
    memset(space, 0, sizeof space);
    for (uint32_t tap = 0; tap < n; tap++)
        sv_convolve_set_weight(&axis, 0, tap, weights[tap]);
    sv_convolve_plain.across_grey(&axis, pixels, &out);
    return out;
}

static void test_sums(void **state)
{
    (void)state;
    static const uint8_t pixels[16] = {0, 255, 100, 101, 7, 200, 1, 2};
    static const struct {
        double weights[4];
        int wanted;
    } cases[] = {
        {{0, 1, 0, 0}, 255},
        {{0, 0, 0.5, 0.5}, 101}, /* halves go up */
        {{0.25, 0.25, 0.25, 0.25}, 114},
        {{0, 1.25, 0, 0}, 255},  /* clamped */
        {{0, -0.25, 0.5, 0}, 0}, /* clamped */
        {{0, -0.125, 0, 1.125}, 82},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sum_grey(cases[i].weights, 4, pixels), cases[i].wanted);
}

static void test_channels_stay_apart(void **state)
{
    (void)state;
    static const uint8_t row[] = {10, 20, 30, 40, 110, 120, 130, 140, 0, 0, 0, 0, 0, 0, 0, 0};
    int16_t space[2 * 4] = {0};
    uint32_t first[] = {0};
    sv_convolve_axis axis = {first, space, 1, 4, SV_CONVOLVE_GROUP_RGBX};
    sv_convolve_set_weight(&axis, 0, 0, 0.75);
    sv_convolve_set_weight(&axis, 0, 1, 0.25);
    uint8_t out[4];
    sv_convolve_plain.across_rgbx(&axis, row, out);
    static const uint8_t wanted[] = {35, 45, 55, 65};
    assert_memory_equal(out, wanted, 4);
}

static void test_down(void **state)
{
    (void)state;
    uint8_t upper[SV_CONVOLVE_BLOCK], lower[SV_CONVOLVE_BLOCK], out[SV_CONVOLVE_BLOCK];
    for (int i = 0; i < SV_CONVOLVE_BLOCK; i++) {
        upper[i] = (uint8_t)(16 * i);
        lower[i] = (uint8_t)(255 - 16 * i);
    }
    int16_t space[2 * 2 * 2] = {0};
    uint32_t first[] = {0, 0};
    sv_convolve_axis axis = {first, space, 2, 2, SV_CONVOLVE_GROUP_DOWN};
    sv_convolve_set_weight(&axis, 1, 0, 0.25);
    sv_convolve_set_weight(&axis, 1, 1, 0.75);
    const uint8_t *rows[] = {upper, lower};
    sv_convolve_plain.down(&axis, 1, rows, 1, out);
    for (int i = 0; i < SV_CONVOLVE_BLOCK; i++)
        assert_int_equal(out[i], (int)floor(0.25 * upper[i] + 0.75 * lower[i] + 0.5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_channels_stay_apart),
        cmocka_unit_test(test_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
