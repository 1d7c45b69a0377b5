/* grammar_range.h: the decimal numbers between two bounds as alternatives in GBNF; exact. Pure. */
#ifndef SERVAL_TEXT_GRAMMAR_RANGE_H
#define SERVAL_TEXT_GRAMMAR_RANGE_H

#include <stdint.h>

#include "base/buf.h"

enum { SV_GRAMMAR_RANGE_MAX_DECIMALS = 8 };

/* Of the largest bound, either side of zero. */
#define SV_GRAMMAR_RANGE_LIMIT INT64_C(999999999999999999)

/* Appends alternatives, `a | b`, that are exactly the numbers low / 10^n, (low + 1) / 10^n, ...
 * high / 10^n, written with n = `n_decimals` (0..8) digits behind the point and none before it that
 * is not needed. low <= high, both within the limit. Failures stay in `line`. */
void sv_grammar_range_write(sv_buf *line, int64_t low, int64_t high, unsigned n_decimals);

#endif
