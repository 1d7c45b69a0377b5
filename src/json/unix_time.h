/* unix_time.h: numbers as moments, in the range and with the roundings of pydantic. Pure. The
 * caller is temporal.c; others use temporal.h. */
#ifndef SERVAL_JSON_UNIX_TIME_H
#define SERVAL_JSON_UNIX_TIME_H

#include <serval/str.h>
#include <serval/types.h>

typedef enum sv_unix_time_kind {
    SV_UNIX_TIME_NO_NUMBER,
    SV_UNIX_TIME_INT,    /* "-12" */
    SV_UNIX_TIME_DOUBLE, /* "1.5", ".5", "1.e3"; never without a point; maybe infinite */
} sv_unix_time_kind;

/* What number the text is; only the result of that kind is written. No blanks, no `_`. */
sv_unix_time_kind sv_unix_time_read(sv_str text, int64_t *ret_integer, double *ret_number);

/* Up to ±20,000,000,000 seconds, beyond that milliseconds, since 1970-01-01 UTC; the result is in
 * UTC, years 0..9999, rounded to microseconds. NULL, or the problem: static text. */
const char *sv_unix_time_from_int(int64_t number, sv_datetime *ret_datetime);
const char *sv_unix_time_from_double(double number, sv_datetime *ret_datetime);
/* A time of day in UTC; `second`: 0..86399. */
sv_time sv_unix_time_of_day(int32_t second, int32_t microsecond);

#endif
