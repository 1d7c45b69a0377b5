/* half.h: floating-point numbers of 16 bits: binary16 of IEEE 754 (5 bits of exponent, 10 of
 * fraction) and bfloat16 (8 and 7). Pure. */
#ifndef SERVAL_BASE_HALF_H
#define SERVAL_BASE_HALF_H

#include <stdint.h>

typedef enum sv_half_format { SV_HALF_BINARY16, SV_HALF_BFLOAT16 } sv_half_format;

/* The nearest number of the format; a tie goes to the even one. Beyond the largest it is an
 * infinity; NaN stays one. */
uint16_t sv_half_from_double(double number, sv_half_format format);
/* Exact. */
double sv_half_to_double(uint16_t bits, sv_half_format format);

#endif
