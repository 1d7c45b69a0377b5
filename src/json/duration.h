/* duration.h: spans of time from text and from numbers, as pydantic 2 takes them in its lax mode.
 * Printing: temporal_text.h. Pure; any thread.
 *
 * SV_ERROR_TYPE_NONE and a result in Python's normal form, or SV_ERROR_TYPE_TIME_DELTA_PARSING and
 * `*ret_problem`, static text for the error's key "error". */
#ifndef SERVAL_JSON_DURATION_H
#define SERVAL_JSON_DURATION_H

#include <serval/types.h>

#include "json/error_type.h"

/* ISO 8601 ("P1DT2H3.5S"; a year has 365 days, a month 30), "1 day, 02:00", "02:00:00.5"; each with
 * + or - before it. */
sv_error_type sv_duration_parse(sv_str text, sv_duration *ret_duration, const char **ret_problem);
sv_error_type sv_duration_from_int(int64_t seconds, sv_duration *ret_duration,
                                   const char **ret_problem);
sv_error_type sv_duration_from_double(double seconds, sv_duration *ret_duration,
                                      const char **ret_problem);

#endif
