/* The fast kernels give the bytes of the plain ones, for random pixels and weights. */
#include "pictures.h"

#include "media/convolve.h"

enum { N = 37, MAX_TAPS = 24, MAX_INPUTS = 256 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

typedef struct sample {
    uint32_t first[N];
    int16_t weights[N * MAX_TAPS * 2];
    uint8_t rows[MAX_TAPS][MAX_INPUTS * 4 + SV_IMAGE_SLACK];
    sv_convolve_axis axis;
} sample;

/* Weights of both signs: sums leave 0..255 on both sides. */
static void draw(sample *of, sv_convolve_group group, uint32_t n_taps, uint32_t seed)
{
    of->axis = (sv_convolve_axis){of->first, of->weights, N, n_taps, group};
    memset(of->weights, 0, sizeof of->weights);
    for (uint32_t i = 0; i < N; i++) {
        of->first[i] = next_random(&seed) % (MAX_INPUTS - MAX_TAPS);
        for (uint32_t tap = 0; tap < n_taps; tap++)
            sv_convolve_set_weight(&of->axis, i, tap,
                                   ((double)(next_random(&seed) % 16001) / 10000 - 0.4) * 1.2 /
                                       n_taps);
    }
    uint8_t *pixels = (uint8_t *)of->rows;
    for (size_t i = 0; i < sizeof of->rows; i++)
        pixels[i] = (uint8_t)(next_random(&seed) % 8 ? next_random(&seed) : 255);
}

static void test_across_rgbx(void **state)
{
    sample *of = *state;
    for (uint32_t n_taps = 4; n_taps <= MAX_TAPS; n_taps += 4) {
        draw(of, SV_CONVOLVE_GROUP_RGBX, n_taps, n_taps);
        uint8_t plain[N * 4], fast[N * 4];
        sv_convolve_plain.across_rgbx(&of->axis, of->rows[0], plain);
        sv_convolve_simd()->across_rgbx(&of->axis, of->rows[0], fast);
        assert_memory_equal(plain, fast, sizeof plain);
    }
}

static void test_across_grey(void **state)
{
    sample *of = *state;
    for (uint32_t n_taps = 8; n_taps <= MAX_TAPS; n_taps += 8) {
        draw(of, SV_CONVOLVE_GROUP_GREY, n_taps, n_taps);
        uint8_t plain[N], fast[N];
        sv_convolve_plain.across_grey(&of->axis, of->rows[0], plain);
        sv_convolve_simd()->across_grey(&of->axis, of->rows[0], fast);
        assert_memory_equal(plain, fast, sizeof plain);
    }
}

static void test_down(void **state)
{
    sample *of = *state;
    const uint8_t *rows[MAX_TAPS];
    for (uint32_t n_taps = 2; n_taps <= MAX_TAPS; n_taps += 2) {
        draw(of, SV_CONVOLVE_GROUP_DOWN, n_taps, n_taps);
        for (uint32_t tap = 0; tap < n_taps; tap++)
            rows[tap] = of->rows[tap];
        uint8_t plain[MAX_INPUTS], fast[MAX_INPUTS];
        for (uint32_t i = 0; i < N; i++) {
            sv_convolve_plain.down(&of->axis, i, rows, MAX_INPUTS / SV_CONVOLVE_BLOCK, plain);
            sv_convolve_simd()->down(&of->axis, i, rows, MAX_INPUTS / SV_CONVOLVE_BLOCK, fast);
            assert_memory_equal(plain, fast, sizeof plain);
        }
    }
}

static int make_sample(void **state)
{
    *state = calloc(1, sizeof(sample));
    return *state ? 0 : -1;
}

static int free_sample(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_across_rgbx),
        cmocka_unit_test(test_across_grey),
        cmocka_unit_test(test_down),
    };
    return cmocka_run_group_tests(tests, make_sample, free_sample);
}
