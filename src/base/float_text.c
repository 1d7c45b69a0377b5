/* float_text.c: many floats as JSON has them. Which text that is, and all that is rare, is
 * number_text.c's affair.
 *
 * DESIGN. Schubfach, as in decimal.c, for floats from 2^-16 to 2^24, where nothing has to be
 * rounded: a float is c × 2^q, and the step of its last bit, 2^q × 10^-k with 1 <= step < 10, is a
 * whole number of 2^-28. So the float and the borders half a step away are integers in these units,
 * of less than 56 bits, and comparing them is all there is.
 *
 * Digits are made nine: one, and a word of eight. What follows is shifts and whole stores, of which
 * the end is cut off by the length. */
#include "base/float_text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/digit_words.h"
#include "base/number_text.h"

enum { MANTISSA_BITS = 23, EXPONENT_BIAS = 127, N_EXPONENTS = 40, POINT = 28, UNIT = 1 << POINT };
enum { EIGHT_DIGITS = 100000000, N_DIGITS = 9, TOGETHER = 64 };

/* What depends on the exponent, from -16 on: the step; from which number on there is one digit
 * more; what makes nine digits of numbers below that and from there on; where their point is. Made
 * by this Python:
 *
 *     for e in range(-16, 24):
 *         k = math.floor(math.log10(2) * (e - 23))
 *         step = fractions.Fraction(2)**(e - 23) / fractions.Fraction(10)**k
 *         n = len(str(int(step * 2**23)))
 *         print(hex(int(step * 2**28)), 10**n, 10**(9 - n), 10**(8 - n), n + k) */
typedef struct scale {
    uint32_t step, bound;
    uint8_t powers[2];
    int8_t n_whole;
} scale;

static const scale scales[N_EXPONENTS] = {
    {0x1d1a94a2, 100000000, {10, 1}, -4},  {0x3a352944, 100000000, {10, 1}, -4},
    {0x746a5288, 100000000, {10, 1}, -4},  {0x174876e8, 100000000, {10, 1}, -3},
    {0x2e90edd0, 100000000, {10, 1}, -3},  {0x5d21dba0, 100000000, {10, 1}, -3},
    {0x12a05f20, 10000000, {100, 10}, -3}, {0x2540be40, 100000000, {10, 1}, -2},
    {0x4a817c80, 100000000, {10, 1}, -2},  {0x9502f900, 100000000, {10, 1}, -2},
    {0x1dcd6500, 100000000, {10, 1}, -1},  {0x3b9aca00, 100000000, {10, 1}, -1},
    {0x77359400, 100000000, {10, 1}, -1},  {0x17d78400, 100000000, {10, 1}, 0},
    {0x2faf0800, 100000000, {10, 1}, 0},   {0x5f5e1000, 100000000, {10, 1}, 0},
    {0x1312d000, 100000000, {10, 1}, 1},   {0x2625a000, 100000000, {10, 1}, 1},
    {0x4c4b4000, 100000000, {10, 1}, 1},   {0x98968000, 100000000, {10, 1}, 1},
    {0x1e848000, 100000000, {10, 1}, 2},   {0x3d090000, 100000000, {10, 1}, 2},
    {0x7a120000, 100000000, {10, 1}, 2},   {0x186a0000, 100000000, {10, 1}, 3},
    {0x30d40000, 100000000, {10, 1}, 3},   {0x61a80000, 100000000, {10, 1}, 3},
    {0x13880000, 100000000, {10, 1}, 4},   {0x27100000, 100000000, {10, 1}, 4},
    {0x4e200000, 100000000, {10, 1}, 4},   {0x9c400000, 100000000, {10, 1}, 4},
    {0x1f400000, 100000000, {10, 1}, 5},   {0x3e800000, 100000000, {10, 1}, 5},
    {0x7d000000, 100000000, {10, 1}, 5},   {0x19000000, 100000000, {10, 1}, 6},
    {0x32000000, 100000000, {10, 1}, 6},   {0x64000000, 100000000, {10, 1}, 6},
    {0x14000000, 100000000, {10, 1}, 7},   {0x28000000, 100000000, {10, 1}, 7},
    {0x50000000, 100000000, {10, 1}, 7},   {0x10000000, 10000000, {100, 10}, 7},
};

/* What is written of a float: number × 10^(n_whole - 9). */
typedef struct written {
    uint32_t number; /* of nine digits; 0: number_text.c writes it */
    int n_whole;
} written;

/* The shortest number that reads back as c × step, zeros at its end included. */
static inline uint32_t shorten(uint32_t c, uint32_t step)
{
    uint64_t middle = (uint64_t)c * step;
    uint64_t reach = step / 2 - (c & 1); /* the borders themselves belong to even ones */
    uint32_t below = (uint32_t)(middle >> POINT), tens = below / 10 * 10;
    uint32_t nearest = (uint32_t)((middle + (below & 1) + UNIT / 2 - 1) >> POINT);
    uint64_t behind = middle - ((uint64_t)tens << POINT);
    uint32_t reaches_above = behind + reach >= UINT64_C(10) << POINT;
    uint32_t is_shorter = reaches_above | (behind <= reach); /* in words: no branch to guess */
    uint32_t shorter = tens + 10 * reaches_above;
    return nearest ^ ((nearest ^ shorter) & (0 - is_shorter));
}

static inline written find(float value)
{
    const uint32_t hidden = UINT32_C(1) << MANTISSA_BITS;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & (hidden - 1);
    uint32_t at = (bits >> MANTISSA_BITS & UINT8_MAX) - (EXPONENT_BIAS - 16);
    if (at >= N_EXPONENTS || !fraction)
        return (written){0};
    const scale *s = &scales[at];
    uint32_t digits = shorten(hidden | fraction, s->step), has_more = digits >= s->bound;
    return (written){digits * s->powers[has_more], s->n_whole + (int)has_more};
}

/* 0.05, 12.5, 1200.0 */
static inline size_t put(char *text, written found)
{
    uint32_t first = found.number / EIGHT_DIGITS;
    uint64_t rest = sv_digit_words_split(found.number - first * EIGHT_DIGITS);
    int n = rest ? N_DIGITS - (int)((unsigned)__builtin_clzll(rest) / 8) : 1;
    int n_whole = found.n_whole;
    char *at = text;
    if (n_whole <= 0) {
        memcpy(text, "0.0000", 6);
        at += 2 - n_whole;
    }
    *at = (char)('0' + first);
    sv_digit_words_put(at + 1, rest);
    if (n_whole <= 0)
        return (size_t)(2 - n_whole + n);
    text[n_whole] = '.';
    sv_digit_words_put(text + n_whole + 1, rest >> 8 * (n_whole - 1));
    return (size_t)(n > n_whole ? n + 1 : n_whole + 2);
}

/* In two steps, each for all together: so short that the processor has several floats in work at a
 * time. */
static size_t put_some(char *text, const float *values, size_t n)
{
    written found[TOGETHER];
    char *at = text;
    for (size_t i = 0; i < n; i++)
        found[i] = find(values[i]);
    for (size_t i = 0; i < n; i++) {
        size_t sign = signbit(values[i]) ? 1 : 0;
        *at = '-';
        at += found[i].number ? sign + put(at + sign, found[i])
                              : sv_number_text_put_float(at, values[i]);
        *at++ = ',';
    }
    return (size_t)(at - text);
}

size_t sv_float_text_put(char *text, const float *values, size_t n)
{
    char *at = text;
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < TOGETHER ? n - i : TOGETHER;
        at += put_some(at, values + i, count);
    }
    return (size_t)(at - text);
}
