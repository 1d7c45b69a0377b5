/* decimal_check.h: limits on decimal numbers, as pydantic 2 checks them. Pure.
 *
 * Every sv_decimal here is finite and in Python's form, as json/decimal_text.h writes it. Bounds
 * and multiples are doubles and stand for the shortest decimal that reads back as them: 0.1 is 0.1.
 */
#ifndef SERVAL_JSON_DECIMAL_CHECK_H
#define SERVAL_JSON_DECIMAL_CHECK_H

#include <stdbool.h>

#include <serval/types.h>

#include "json/error_type.h"

/* At most `max_digits` digits, at most `max_places` of them behind the point (each: -1 for no
 * limit), and with both limits at most the difference before it. Zeros at the end are forgiven.
 * SV_ERROR_TYPE_NONE, or SV_ERROR_TYPE_DECIMAL_MAX_DIGITS, .._MAX_PLACES or .._WHOLE_DIGITS and the
 * limit that was broken. */
sv_error_type sv_decimal_check_digits(sv_decimal decimal, int64_t max_digits, int64_t max_places,
                                      int64_t *ret_limit);
/* Less than, equal to or greater than 0; `bound` is finite. */
int sv_decimal_check_order(sv_decimal decimal, double bound);
/* Whether the quotient, rounded to Python's 28 digits, is an integer of at most 28 digits;
 * `multiple` is finite and positive. */
bool sv_decimal_check_is_multiple(sv_decimal decimal, double multiple);

#endif
