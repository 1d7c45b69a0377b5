/* decimal.c: the shortest decimal number that reads back as a given double, and the way back.
 *
 * DESIGN. Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020): scale the
 * double and the borders of what rounds to it by one power of ten, such that they span at least one
 * and at most ten integers; then the answer is one of four candidates. One multiplication of 64 by
 * 128 bits, from which the borders are half a step away; no loop, no division by a variable. Names
 * are those of the paper.
 *
 * The way back: one operation on doubles where both numbers are exact (William Clinger, "How to
 * read floating point numbers accurately", 1990), else one multiplication by the same powers,
 * unless what was cut off them decides (Daniel Lemire, "Number parsing at a gigabyte per second",
 * 2021). */
#include "base/decimal.h"

#include <string.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075, MAX_BIASED = 2047, EIGHT_ZEROS = 100000000 };
enum { FLOAT_MANTISSA_BITS = 23, FLOAT_EXPONENT_BIAS = 150, FLOAT_MAX_BIASED = 255 };

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

typedef unsigned uint128 __attribute__((mode(TI)));

/* A number of 192 bits. */
typedef struct product {
    uint128 high;
    uint64_t low;
} product;

static inline product multiply(const uint64_t g[2], uint64_t factor)
{
    uint128 low = (uint128)g[1] * factor;
    return (product){(uint128)g[0] * factor + (uint64_t)(low >> 64), (uint64_t)low};
}

/* g × 2^n, 0 < n < 64. */
static inline product shift(const uint64_t g[2], int n)
{
    uint64_t middle = g[0] << n | g[1] >> (64 - n);
    return (product){(uint128)(g[0] >> (64 - n)) << 64 | middle, g[1] << n};
}

/* The high 64 bits, the last one set when anything was cut off. */
static inline uint64_t round_to_odd(uint128 number)
{
    return (uint64_t)(number >> 64) | ((uint64_t)number > 1);
}

static inline uint64_t round_difference(product a, product b)
{
    return round_to_odd(a.high - b.high - (a.low < b.low));
}

static inline uint64_t round_sum(product a, product b)
{
    return round_to_odd(a.high + b.high + __builtin_add_overflow(a.low, b.low, &a.low));
}

/* c × 2^q; `is_regular`: its neighbours are equally far. What is true of about every second number
 * is computed for all: a wrong guess of the processor takes longer. */
static inline sv_decimal_parts shorten(uint64_t c, int q, bool is_regular)
{
    int k = is_regular ? floor_log10_pow2(q) : floor_log10_three_quarters_pow2(q);
    int h = q + floor_log2_pow10(-k) + 1;
    const uint64_t *g = sv_decimal_powers[-k - SV_DECIMAL_FIRST_POWER];
    product whole = multiply(g, c << (h + 2)), half_step = shift(g, h + 1);
    uint64_t middle = round_to_odd(whole.high);
    uint64_t left = round_difference(whole, is_regular ? half_step : shift(g, h));
    uint64_t right = round_sum(whole, half_step);
    uint64_t is_odd = c & 1; /* the borders themselves read back as an even neighbour only */
    uint64_t lower = left + is_odd, upper = right - is_odd;

    uint64_t s = middle / 4, tens = s / 10;
    bool rounds_up = middle + (s & 1) > 4 * s + 2; /* a tie goes to the even one */
    if (!is_regular && lower > 4 * s) /* else the nearer one is never beyond a border */
        rounds_up |= 4 * s + 4 <= upper;
    uint64_t digits = s + rounds_up;
    bool ten_below_fits = lower <= 40 * tens, ten_above_fits = 40 * tens + 40 <= upper;
    uint64_t shorter = 10 * (tens + ten_above_fits);
    uint64_t is_shorter = (s >= 10) & (ten_below_fits ^ ten_above_fits);
    return (sv_decimal_parts){digits ^ ((digits ^ shorter) & (0 - is_shorter)), k};
}

/* Short numbers come with many zeros: half of them go at once. */
static sv_decimal_parts without_zeros(sv_decimal_parts decimal)
{
    if (decimal.digits % EIGHT_ZEROS == 0) {
        decimal.digits /= EIGHT_ZEROS;
        decimal.exponent += 8;
    }
    while (decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    return decimal;
}

sv_decimal_parts sv_decimal_find(double number)
{
    const uint64_t hidden = UINT64_C(1) << MANTISSA_BITS;
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & (hidden - 1);
    int biased = (int)(bits >> MANTISSA_BITS & MAX_BIASED);
    if (biased <= 1)
        return shorten(biased * hidden | fraction, 1 - EXPONENT_BIAS, true);
    if (!fraction)
        return shorten(hidden, biased - EXPONENT_BIAS, false);
    return shorten(hidden | fraction, biased - EXPONENT_BIAS, true);
}

sv_decimal_parts sv_decimal_find_float(float number)
{
    const uint32_t hidden = UINT32_C(1) << FLOAT_MANTISSA_BITS;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint32_t fraction = bits & (hidden - 1);
    int biased = (int)(bits >> FLOAT_MANTISSA_BITS & FLOAT_MAX_BIASED);
    if (biased <= 1)
        return shorten((uint32_t)biased * hidden | fraction, 1 - FLOAT_EXPONENT_BIAS, true);
    if (!fraction)
        return shorten(hidden, biased - FLOAT_EXPONENT_BIAS, false);
    return shorten(hidden | fraction, biased - FLOAT_EXPONENT_BIAS, true);
}

sv_decimal_parts sv_decimal_from_double(double number)
{
    return without_zeros(sv_decimal_find(number));
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
    int n_zeros = __builtin_clzll(digits);
    uint128 exact = multiply(sv_decimal_powers[at], digits << n_zeros).high;
    uint64_t high = (uint64_t)(exact >> 64), low = (uint64_t)exact;
    int extra = high >> 63 ? 63 - MANTISSA_BITS : 62 - MANTISSA_BITS;
    uint64_t mantissa = high >> extra, half = UINT64_C(1) << (extra - 1);
    uint64_t rest = high & (2 * half - 1);
    if (rest == half && !low)
        return false;
    mantissa += rest >= half;
    int biased = floor_log2_pow10(exponent) + extra + 1 - n_zeros + EXPONENT_BIAS;
    if (biased < 1 || biased >= MAX_BIASED - 1)
        return false;
    /* the leading one adds itself to the exponent, which is one less for that */
    uint64_t bits = ((uint64_t)(biased - 1) << MANTISSA_BITS) + mantissa;
    memcpy(ret_number, &bits, sizeof bits);
    return true;
}
