/* decimal_text.h: decimal numbers of any precision as text: Python's decimal.Decimal(text) and
 * str(decimal), as pydantic 2 uses them. Limits on digits, bounds: decimal_check.h. Pure. */
#ifndef SERVAL_JSON_DECIMAL_TEXT_H
#define SERVAL_JSON_DECIMAL_TEXT_H

#include <serval/types.h>

#include "json/error_type.h"

enum { SV_DECIMAL_TEXT_DOUBLE_SIZE = 32 };

/* Room that sv_decimal_text_parse needs, bytes. */
size_t sv_decimal_text_size(size_t text_len);
/* Reads "1.10", "-.5", "1_000", " 1e5 ", also with the decimal digits of any script (the text is
 * UTF-8), and writes it in Python's form ("1.10", "-0.5", "1000", "1E+5"), without a zero at the
 * end. `ret_text` has room for sv_decimal_text_size(text.len) and may hold anything after a
 * failure: SV_ERROR_TYPE_DECIMAL_PARSING, or SV_ERROR_TYPE_FINITE_NUMBER for "NaN", "-inf" and the
 * like. */
sv_error_type sv_decimal_text_parse(sv_str text, char *ret_text, size_t *ret_len);
/* The decimal that pydantic makes of a finite double, which is Decimal(repr(number)); its length.
 */
size_t sv_decimal_text_from_double(double number, char ret_text[SV_DECIMAL_TEXT_DOUBLE_SIZE]);

#endif
