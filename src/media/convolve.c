/* convolve.c: weights, and the kernels of convolve.h in plain C. */
#include "media/convolve.h"

#include <math.h>

static int16_t *find_weight(const sv_convolve_axis *axis, uint32_t i, uint32_t tap)
{
    size_t group = (size_t)axis->group, in_axis = (size_t)i * axis->n_taps + tap;
    return axis->weights + in_axis / group * 2 * group + in_axis % group;
}

void sv_convolve_set_weight(sv_convolve_axis *axis, uint32_t i, uint32_t tap, double value)
{
    const long one_low = 1 << SV_CONVOLVE_LOW_BITS;
    long fixed = lround(value * (1 << SV_CONVOLVE_BITS));
    long low = fixed & (one_low - 1);
    int16_t *weight = find_weight(axis, i, tap);
    weight[0] = (int16_t)((fixed - low) / one_low);
    weight[axis->group] = (int16_t)low;
}

static int32_t read_weight(const sv_convolve_axis *axis, uint32_t i, uint32_t tap)
{
    const int16_t *weight = find_weight(axis, i, tap);
    return weight[0] * (1 << SV_CONVOLVE_LOW_BITS) + weight[axis->group];
}

static uint8_t to_pixel(int32_t sum)
{
    int32_t value = (sum + (1 << (SV_CONVOLVE_BITS - 1))) >> SV_CONVOLVE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void sum_across(const sv_convolve_axis *axis, const uint8_t *row, size_t channels,
                       uint8_t *out)
{
    for (uint32_t i = 0; i < axis->n; i++) {
        int32_t sums[4] = {0};
        const uint8_t *pixel = row + axis->first[i] * channels;
        for (uint32_t tap = 0; tap < axis->n_taps; tap++, pixel += channels) {
            int32_t weight = read_weight(axis, i, tap);
            for (size_t c = 0; c < channels; c++)
                sums[c] += weight * pixel[c];
        }
        for (size_t c = 0; c < channels; c++)
            *out++ = to_pixel(sums[c]);
    }
}

static void across_rgbx(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out)
{
    sum_across(axis, row, 4, out);
}

static void across_grey(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out)
{
    sum_across(axis, row, 1, out);
}

static void down(const sv_convolve_axis *axis, uint32_t i, const uint8_t *const *rows,
                 size_t n_blocks, uint8_t *out)
{
    for (size_t x = 0; x < n_blocks * SV_CONVOLVE_BLOCK; x += SV_CONVOLVE_BLOCK) {
        int32_t sums[SV_CONVOLVE_BLOCK] = {0};
        for (uint32_t tap = 0; tap < axis->n_taps; tap++) {
            int32_t weight = read_weight(axis, i, tap);
            for (size_t c = 0; c < SV_CONVOLVE_BLOCK; c++)
                sums[c] += weight * rows[tap][x + c];
        }
        for (size_t c = 0; c < SV_CONVOLVE_BLOCK; c++)
            out[x + c] = to_pixel(sums[c]);
    }
}

const sv_convolve sv_convolve_plain = {across_rgbx, across_grey, down};
