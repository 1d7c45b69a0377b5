/* coerce.h: one JSON value -> one C number or truth value, by pydantic's lax rules. Pure.
 *
 * Each function returns SV_ERROR_TYPE_NONE and writes its result, or returns what is wrong. */
#ifndef SERVAL_JSON_COERCE_H
#define SERVAL_JSON_COERCE_H

#include "json/error_type.h"
#include "json/value.h"

/* Integers; true and false; doubles without fraction; texts of digits, maybe with a sign, single
 * `_` between digits, ".000" behind them and blanks around. */
sv_error_type sv_coerce_int(const sv_value *value, int64_t *ret_int);
/* Numbers; true and false; texts with a number, `_` between its characters, blanks around. The
 * result is finite. */
sv_error_type sv_coerce_double(const sv_value *value, double *ret_double);
/* The part of it that reads texts. */
sv_error_type sv_coerce_text_double(sv_str text, double *ret_double);
/* true and false; 0 and 1; texts like "yes", "off", "t", "1" in any case. */
sv_error_type sv_coerce_bool(const sv_value *value, bool *ret_bool);

#endif
