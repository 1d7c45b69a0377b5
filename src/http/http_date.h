/* http_date.h: dates in header fields, read; sv_clock_format_http writes them. Pure; any thread. */
#ifndef SERVAL_HTTP_HTTP_DATE_H
#define SERVAL_HTTP_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

/* The three forms of RFC 9110 5.6.7 as unix seconds. Years of two digits, which nobody has sent for
 * decades, are those of 1970 to 2069. The name of the day is not compared. False when `text` is no
 * date. */
bool sv_http_date_read(sv_str text, int64_t *ret_s);

#endif
