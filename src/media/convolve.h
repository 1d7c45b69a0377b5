/* convolve.h: the inner loops of resampling: weighted sums of 8-bit pixels in fixed point.
 *
 * Every set of kernels gives the same bytes; tests hold the fast one against the plain one.
 *
 * DESIGN. Weights have 22 fraction bits as in PIL, so that sums are PIL's to the bit. One
 * multiplication takes 16 bits, so a weight is two numbers: high (its upper bits) and low (its last
 * 8), each summed on its own. */
#ifndef SERVAL_MEDIA_CONVOLVE_H
#define SERVAL_MEDIA_CONVOLVE_H

#include <stddef.h>
#include <stdint.h>

enum {
    SV_CONVOLVE_BITS = 22,
    SV_CONVOLVE_LOW_BITS = 8,
    SV_CONVOLVE_BLOCK = 16, /* `down` works on whole blocks of columns */
};

/* Weights come in groups: so many taps' high parts, then their low parts. */
typedef enum sv_convolve_group {
    SV_CONVOLVE_GROUP_DOWN = 2,
    SV_CONVOLVE_GROUP_RGBX = 4,
    SV_CONVOLVE_GROUP_GREY = 8,
} sv_convolve_group;

/* For each of `n` results, the inputs first[i] .. first[i] + n_taps - 1 weigh in. The sums are
 * rounded, halves upwards, and clamped to 0..255. */
typedef struct sv_convolve_axis {
    uint32_t *first;         /* [n] */
    int16_t *weights;        /* [n][n_taps / group][2][group], see sv_convolve_set_weight */
    uint32_t n, n_taps;      /* n_taps is a multiple of the group; surplus weights are 0 */
    sv_convolve_group group; /* the one of the kernel that will be used */
} sv_convolve_axis;

typedef struct sv_convolve {
    /* Along a row of pixels; reads surplus taps too, so up to group - 1 pixels beyond the last that
     * counts. */
    void (*across_rgbx)(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out);
    void (*across_grey)(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out);
    /* Result `i` of the axis from its n_taps rows, `n_blocks` blocks of columns. */
    void (*down)(const sv_convolve_axis *axis, uint32_t i, const uint8_t *const *rows,
                 size_t n_blocks, uint8_t *out);
} sv_convolve;

/* Sets one weight, -2 < value < 2. */
void sv_convolve_set_weight(sv_convolve_axis *axis, uint32_t i, uint32_t tap, double value);

/* Plain C. */
extern const sv_convolve sv_convolve_plain;
/* The fastest set that every processor of the target has; static. In convolve_simd.c. */
const sv_convolve *sv_convolve_simd(void);

#endif
