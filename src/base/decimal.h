/* decimal.h: the shortest decimal number that reads back as a given double. Pure. */
#ifndef SERVAL_BASE_DECIMAL_H
#define SERVAL_BASE_DECIMAL_H

#include <stdint.h>

/* digits × 10^exponent; no zero at the end of the digits, at most 17 of them. */
typedef struct sv_decimal_parts {
    uint64_t digits;
    int exponent;
} sv_decimal_parts;

/* `number` is finite and positive. Of the shortest numbers that read back as `number` this is the
 * closest; a tie goes to the even digit. */
sv_decimal_parts sv_decimal_from_double(double number);

enum { SV_DECIMAL_FIRST_POWER = -292, SV_DECIMAL_N_POWERS = 617 };
extern const uint64_t sv_decimal_powers[SV_DECIMAL_N_POWERS][2]; /* decimal_powers.c */

#endif
