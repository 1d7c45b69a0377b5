/* half.c: both formats of 16 bits by one rule, from the widths of their fields. */
#include "base/half.h"

#include <math.h>

typedef struct layout {
    int fraction_bits;
    int bias;
    uint16_t infinity; /* all bits of the exponent */
} layout;

static const layout layouts[] = {
    [SV_HALF_BINARY16] = {10, 15, 0x7c00},
    [SV_HALF_BFLOAT16] = {7, 127, 0x7f80},
};

/* The fraction is counted in units of its last place, its leading one included: what rounding
 * carries over goes into the exponent by itself. Numbers below the smallest exponent keep that
 * exponent and have no leading one. */
static uint16_t round_magnitude(double magnitude, const layout *it)
{
    int exponent;
    (void)frexp(magnitude, &exponent);
    exponent = exponent - 1 < 1 - it->bias ? 1 - it->bias : exponent - 1;
    double units = nearbyint(ldexp(magnitude, it->fraction_bits - exponent));
    double bits = ldexp(exponent + it->bias - 1, it->fraction_bits) + units;
    return bits < it->infinity ? (uint16_t)bits : it->infinity;
}

uint16_t sv_half_from_double(double number, sv_half_format format)
{
    const layout *it = &layouts[format];
    uint16_t sign = signbit(number) ? 0x8000 : 0;
    if (isnan(number))
        return sign | it->infinity | 1;
    if (isinf(number))
        return sign | it->infinity;
    return number == 0 ? sign : sign | round_magnitude(fabs(number), it);
}

double sv_half_to_double(uint16_t bits, sv_half_format format)
{
    const layout *it = &layouts[format];
    int leading_one = 1 << it->fraction_bits;
    int fraction = bits & (leading_one - 1);
    int exponent = (bits & 0x7fff) >> it->fraction_bits;
    double magnitude;
    if ((bits & it->infinity) == it->infinity)
        magnitude = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        magnitude = ldexp(fraction, 1 - it->bias - it->fraction_bits);
    else
        magnitude = ldexp(fraction | leading_one, exponent - it->bias - it->fraction_bits);
    return bits & 0x8000 ? -magnitude : magnitude;
}
