/* decimal.c: the shortest decimal number that reads back as a given double, and the way back.
 *
 * DESIGN. Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020): scale the
 * double and the borders of what rounds to it by one power of ten, such that they span at least one
 * and at most ten integers; then the answer is one of four candidates. Three multiplications of 64
 * by 128 bits, no loop, no division by a variable. Names are those of the paper.
 *
 * The way back: one operation on doubles where both numbers are exact (William Clinger, "How to
 * read floating point numbers accurately", 1990), else one multiplication by the same powers,
 * unless what was cut off them decides (Daniel Lemire, "Number parsing at a gigabyte per second",
 * 2021). */
#include "base/decimal.h"

#include <string.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075, MAX_BIASED = 2047, EIGHT_ZEROS = 100000000 };

static int floor_log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}

/* floor(log10(3/4 × 2^e)): where doubles below lie closer than those above. */
static int floor_log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* The low half of a product of 128 bits. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *ret_high)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    *ret_high = (uint64_t)(product >> 64);
    return (uint64_t)product;
}

/* The high 64 bits of `g` × `scaled`, its last bit set when anything was cut off. */
static uint64_t round_to_odd(const uint64_t g[2], uint64_t scaled)
{
    uint64_t carry, high;
    multiply(g[1], scaled, &carry);
    uint64_t low = multiply(g[0], scaled, &high) + carry;
    if (low < carry)
        high++;
    return high | (low > 1);
}

/* Short numbers come with many zeros: half of them go at once. */
static sv_decimal_parts without_zeros(uint64_t digits, int exponent)
{
    if (digits % EIGHT_ZEROS == 0) {
        digits /= EIGHT_ZEROS;
        exponent += 8;
    }
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (sv_decimal_parts){digits, exponent};
}

/* c × 2^q; `is_regular`: its neighbours are equally far. */
static sv_decimal_parts shorten(uint64_t c, int q, bool is_regular)
{
    int k = is_regular ? floor_log10_pow2(q) : floor_log10_three_quarters_pow2(q);
    int h = q + floor_log2_pow10(-k) + 1;
    const uint64_t *g = sv_decimal_powers[-k - SV_DECIMAL_FIRST_POWER];
    uint64_t left = round_to_odd(g, (4 * c - (is_regular ? 2 : 1)) << h);
    uint64_t middle = round_to_odd(g, (4 * c) << h);
    uint64_t right = round_to_odd(g, (4 * c + 2) << h);
    uint64_t is_odd = c & 1; /* the borders themselves read back as an even neighbour only */
    uint64_t lower = left + is_odd, upper = right - is_odd;

    uint64_t s = middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below_fits = lower <= 40 * tens, above_fits = 40 * tens + 40 <= upper;
        if (below_fits != above_fits)
            return without_zeros(tens + above_fits, k + 1);
    }
    bool below_fits = lower <= 4 * s, above_fits = 4 * s + 4 <= upper;
    if (below_fits != above_fits)
        return without_zeros(s + above_fits, k);
    bool rounds_up = middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1));
    return without_zeros(s + rounds_up, k);
}

sv_decimal_parts sv_decimal_from_double(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int biased = (int)(bits >> MANTISSA_BITS & MAX_BIASED);
    if (biased == 0)
        return shorten(fraction, 1 - EXPONENT_BIAS, true);
    uint64_t hidden = UINT64_C(1) << MANTISSA_BITS;
    return shorten(hidden | fraction, biased - EXPONENT_BIAS, fraction != 0 || biased == 1);
}

/* Both numbers and the operation are exact but for one rounding. */
static bool convert_exactly(uint64_t digits, int exponent, double *ret_number)
{
    enum { MAX_POWER = 22 };
    static const double powers[MAX_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits > UINT64_C(1) << (MANTISSA_BITS + 1) || exponent < -MAX_POWER ||
        exponent > MAX_POWER)
        return false;
    double whole = (double)digits;
    *ret_number = exponent < 0 ? whole / powers[-exponent] : whole * powers[exponent];
    return true;
}

/* The power is rounded up by less than its last bit, so the product is too large by less than one
 * in its upper 128 bits: that matters only when they look exactly like the middle of two doubles.
 */
bool sv_decimal_to_double(uint64_t digits, int exponent, double *ret_number)
{
    if (convert_exactly(digits, exponent, ret_number))
        return true;
    int at = exponent - SV_DECIMAL_FIRST_POWER;
    if (!digits || at < 0 || at >= SV_DECIMAL_N_POWERS)
        return false;
    int shift = __builtin_clzll(digits);
    uint64_t carry, high;
    multiply(sv_decimal_powers[at][1], digits << shift, &carry);
    uint64_t low = multiply(sv_decimal_powers[at][0], digits << shift, &high) + carry;
    high += low < carry;
    int extra = high >> 63 ? 63 - MANTISSA_BITS : 62 - MANTISSA_BITS;
    uint64_t mantissa = high >> extra, half = UINT64_C(1) << (extra - 1);
    uint64_t rest = high & (2 * half - 1);
    if (rest == half && !low)
        return false;
    mantissa += rest >= half;
    int biased = floor_log2_pow10(exponent) + extra + 1 - shift + EXPONENT_BIAS;
    if (biased < 1 || biased >= MAX_BIASED - 1)
        return false;
    /* the leading one adds itself to the exponent, which is one less for that */
    uint64_t bits = ((uint64_t)(biased - 1) << MANTISSA_BITS) + mantissa;
    memcpy(ret_number, &bits, sizeof bits);
    return true;
}
