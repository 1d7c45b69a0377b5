/* half.c: both formats of 16 bits by one rule, from the widths of their fields. */
#include "base/half.h"

#include <math.h>
#include <string.h>

typedef struct layout {
    int fraction_bits;
    int bias;
    uint16_t infinity; /* all bits of the exponent */
    float scale;       /* 2^(127 - bias): what a float of the same bits lacks */
} layout;

static const layout layouts[] = {
    [SV_HALF_BINARY16] = {10, 15, 0x7c00, 0x1p112F},
    [SV_HALF_BFLOAT16] = {7, 127, 0x7f80, 1},
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

/* The fields are put where a float has them; only the bias differs then. */
double sv_half_to_double(uint16_t bits, sv_half_format format)
{
    enum { FLOAT_FRACTION_BITS = 23, FLOAT_INFINITY = 0x7f800000 };
    const layout *it = &layouts[format];
    uint32_t magnitude = (uint32_t)(bits & 0x7fff) << (FLOAT_FRACTION_BITS - it->fraction_bits);
    float number;
    if ((bits & it->infinity) == it->infinity)
        magnitude |= FLOAT_INFINITY;
    memcpy(&number, &magnitude, sizeof number);
    number *= it->scale;
    return (double)(bits & 0x8000 ? -number : number);
}
