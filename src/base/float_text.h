/* float_text.h: many floats as JSON has them, into a piece of memory. Pure. */
#ifndef SERVAL_BASE_FLOAT_TEXT_H
#define SERVAL_BASE_FLOAT_TEXT_H

#include <stddef.h>

enum { SV_FLOAT_TEXT_SIZE = 24 }; /* of one, with its comma and what is written behind it */

/* Writes the texts of sv_number_text_put_float of `n` finite floats, each with a comma behind it,
 * and returns how long they are together. `text` has SV_FLOAT_TEXT_SIZE bytes for each and
 * SV_NUMBER_TEXT_DOUBLE_SIZE more, of which all may be written. */
size_t sv_float_text_put(char *text, const float *values, size_t n);

#endif
