/* units.h: "30", "500ms", "10MiB" <-> numbers. Pure. */
#ifndef SERVAL_BASE_UNITS_H
#define SERVAL_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* All readers allow white space around; false when the text is none of it. */

/* Milliseconds; a bare number is seconds, decimals are fine; ms s m h. */
bool sv_units_read_duration(sv_str text, int64_t *ret_ms);
/* Nanoseconds, for times below a millisecond: the same, and us. */
bool sv_units_read_fine_duration(sv_str text, int64_t *ret_ns);
/* Bytes; a bare number is bytes; KiB MiB GiB. */
bool sv_units_read_size(sv_str text, int64_t *ret_bytes);
/* A decimal integer with an optional minus. */
bool sv_units_read_int(sv_str text, int64_t *ret_value);
/* true false yes no on off 1 0, any case. */
bool sv_units_read_bool(sv_str text, bool *ret_value);

/* The shortest exact text that reads back: "90s", "2h", "64KiB". */
void sv_units_write_duration(sv_buf *buf, int64_t ms);
void sv_units_write_size(sv_buf *buf, int64_t bytes);

#endif
