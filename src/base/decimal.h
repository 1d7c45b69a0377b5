/* decimal.h: the shortest decimal number that reads back as a given double, and the way back. Pure.
 */
#ifndef SERVAL_BASE_DECIMAL_H
#define SERVAL_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* digits × 10^exponent; no zero at the end of the digits, at most 17 of them. */
typedef struct sv_decimal_parts {
    uint64_t digits;
    int exponent;
} sv_decimal_parts;

/* `number` is finite and positive. Of the shortest numbers that read back as `number` this is the
 * closest; a tie goes to the even digit. */
sv_decimal_parts sv_decimal_from_double(double number);

/* The same with zeros at the end of the digits, where that is what was found: a normal number has
 * 16 or 17 of them. Faster, for who writes digits anyway. */
sv_decimal_parts sv_decimal_find(double number);

/* The same for a float: the shortest number that reads back as it, when it is read as a float. */
sv_decimal_parts sv_decimal_find_float(float number);

/* The double nearest to digits × 10^exponent; a tie goes to the even one. False: it takes more than
 * 128 bits to tell, or it is no normal number; ask strtod then, it is rare. */
bool sv_decimal_to_double(uint64_t digits, int exponent, double *ret_number);

enum { SV_DECIMAL_FIRST_POWER = -292, SV_DECIMAL_N_POWERS = 617 };
extern const uint64_t sv_decimal_powers[SV_DECIMAL_N_POWERS][2]; /* decimal_powers.c */

#endif
