/* convolve_simd.c: the kernels of convolve.h for processors whose every model has SSE2 (x86-64);
 * elsewhere the plain ones.
 *
 * DESIGN. PMADDWD multiplies eight 16-bit pairs and adds neighbours: two taps of four sums in one
 * go. So two taps are interleaved byte by byte, widened, and multiplied by a register that repeats
 * their two weights. */
#include "media/convolve.h"

#ifdef __SSE2__

#include <emmintrin.h>
#include <string.h>

static inline __m128i multiply_add(__m128i sums, __m128i words, __m128i weights)
{
    return _mm_add_epi32(sums, _mm_madd_epi16(words, weights));
}

/* Four finished sums as 32-bit pixels, not clamped yet. */
static inline __m128i round_sums(__m128i high, __m128i low)
{
    const __m128i half = _mm_set1_epi32(1 << (SV_CONVOLVE_BITS - 1));
    __m128i sums = _mm_add_epi32(_mm_slli_epi32(high, SV_CONVOLVE_LOW_BITS), low);
    return _mm_srai_epi32(_mm_add_epi32(sums, half), SV_CONVOLVE_BITS);
}

static inline __m128i load(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

static void across_rgbx(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out)
{
    const __m128i zero = _mm_setzero_si128();
    const int16_t *weights = axis->weights;
    for (uint32_t i = 0; i < axis->n; i++, out += 4) {
        const uint8_t *pixels = row + axis->first[i] * (size_t)4;
        __m128i high = zero, low = zero;
        for (uint32_t tap = 0; tap < axis->n_taps; tap += 4, pixels += 16, weights += 8) {
            __m128i four = load(pixels), next = _mm_srli_si128(four, 4), by = load(weights);
            __m128i first = _mm_unpacklo_epi8(_mm_unpacklo_epi8(four, next), zero);
            __m128i second = _mm_unpacklo_epi8(_mm_unpackhi_epi8(four, next), zero);
            high = multiply_add(high, first, _mm_shuffle_epi32(by, 0x00));
            high = multiply_add(high, second, _mm_shuffle_epi32(by, 0x55));
            low = multiply_add(low, first, _mm_shuffle_epi32(by, 0xAA));
            low = multiply_add(low, second, _mm_shuffle_epi32(by, 0xFF));
        }
        __m128i words = _mm_packs_epi32(round_sums(high, low), zero);
        int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
        memcpy(out, &pixel, sizeof pixel);
    }
}

/* The sum of the four, in the first place. */
static inline __m128i add_up(__m128i sums)
{
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4E));
    return _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xB1));
}

static void across_grey(const sv_convolve_axis *axis, const uint8_t *row, uint8_t *out)
{
    const __m128i zero = _mm_setzero_si128();
    const int16_t *weights = axis->weights;
    for (uint32_t i = 0; i < axis->n; i++) {
        const uint8_t *pixels = row + axis->first[i];
        __m128i high = zero, low = zero;
        for (uint32_t tap = 0; tap < axis->n_taps; tap += 8, pixels += 8, weights += 16) {
            __m128i eight = _mm_loadl_epi64((const __m128i *)pixels);
            eight = _mm_unpacklo_epi8(eight, zero);
            high = multiply_add(high, eight, load(weights));
            low = multiply_add(low, eight, load(weights + 8));
        }
        __m128i words = _mm_packs_epi32(round_sums(add_up(high), add_up(low)), zero);
        *out++ = (uint8_t)_mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
    }
}

/* Eight columns: their high and low sums, two registers each. */
typedef struct eight_sums {
    __m128i high[2], low[2];
} eight_sums;

static inline void add_rows(eight_sums *sums, __m128i pairs, __m128i by_high, __m128i by_low)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i first = _mm_unpacklo_epi8(pairs, zero), second = _mm_unpackhi_epi8(pairs, zero);
    sums->high[0] = multiply_add(sums->high[0], first, by_high);
    sums->high[1] = multiply_add(sums->high[1], second, by_high);
    sums->low[0] = multiply_add(sums->low[0], first, by_low);
    sums->low[1] = multiply_add(sums->low[1], second, by_low);
}

static inline __m128i pack_sums(const eight_sums *sums)
{
    return _mm_packs_epi32(round_sums(sums->high[0], sums->low[0]),
                           round_sums(sums->high[1], sums->low[1]));
}

static void down(const sv_convolve_axis *axis, uint32_t i, const uint8_t *const *rows,
                 size_t n_blocks, uint8_t *out)
{
    const int16_t *weights = axis->weights + (size_t)i * axis->n_taps * 2;
    for (size_t x = 0; x < n_blocks * SV_CONVOLVE_BLOCK; x += SV_CONVOLVE_BLOCK) {
        eight_sums left = {0}, right = {0};
        for (uint32_t tap = 0; tap < axis->n_taps; tap += 2) {
            __m128i upper = load(rows[tap] + x), lower = load(rows[tap + 1] + x);
            __m128i by = _mm_loadl_epi64((const __m128i *)(weights + (size_t)tap * 2));
            __m128i by_high = _mm_shuffle_epi32(by, 0x00), by_low = _mm_shuffle_epi32(by, 0x55);
            add_rows(&left, _mm_unpacklo_epi8(upper, lower), by_high, by_low);
            add_rows(&right, _mm_unpackhi_epi8(upper, lower), by_high, by_low);
        }
        __m128i pixels = _mm_packus_epi16(pack_sums(&left), pack_sums(&right));
        _mm_storeu_si128((__m128i *)(out + x), pixels);
    }
}

static const sv_convolve sse2 = {across_rgbx, across_grey, down};

const sv_convolve *sv_convolve_simd(void)
{
    return &sse2;
}

#else

const sv_convolve *sv_convolve_simd(void)
{
    return &sv_convolve_plain;
}

#endif
