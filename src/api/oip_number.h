/* oip_number.h: numbers of JSON in a text: their parts, and the double nearest to them. Pure. */
#ifndef SERVAL_API_OIP_NUMBER_H
#define SERVAL_API_OIP_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

/* value × 10^exponent, unless it overflows. */
typedef struct sv_oip_number {
    uint64_t value;   /* of all digits */
    int64_t exponent; /* of ten */
    bool negative;
    bool is_integer; /* written without point and exponent */
    bool overflows;  /* `value` does not hold the digits */
    sv_str text;
} sv_oip_number;

/* Reads the number that begins at `*at`, which stands behind it then. False: what is there is no
 * number of JSON, `*at` is where that was seen, and `number` has nothing. */
bool sv_oip_number_read(sv_str text, size_t *at, sv_oip_number *number);
/* The nearest double, a tie goes to the even one; an infinity for what is beyond all. */
double sv_oip_number_to_double(const sv_oip_number *number);

#endif
