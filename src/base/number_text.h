/* number_text.h: numbers as JSON has them, into a piece of memory. Pure. */
#ifndef SERVAL_BASE_NUMBER_TEXT_H
#define SERVAL_BASE_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum {
    SV_NUMBER_TEXT_INTEGER_SIZE = 21, /* of -2^63 and of 2^64 - 1 */
    SV_NUMBER_TEXT_DOUBLE_SIZE = 36   /* with what is written behind the text */
};

/* Writes the digits of `number` in front of `end`; returns where they start. */
char *sv_number_text_put_digits(char *end, uint64_t number);

/* Writes the shortest text that reads back as the same double, in pydantic's form (2.0, 0.00001,
 * 1e-7, 1e+16), and returns its length; `text` has SV_NUMBER_TEXT_DOUBLE_SIZE bytes, of which all
 * may be written. `value` is finite. */
size_t sv_number_text_put_double(char *text, double value);

/* The same for a float: what reads back as the same float. */
size_t sv_number_text_put_float(char *text, float value);

enum { SV_NUMBER_TEXT_MAX_DOUBLES = 32 };
/* Writes `n` of them, 1 to SV_NUMBER_TEXT_MAX_DOUBLES, each with a comma behind it. `text` has
 * SV_NUMBER_TEXT_DOUBLE_SIZE bytes for each. */
size_t sv_number_text_put_doubles(char *text, const double *values, size_t n);

#endif
