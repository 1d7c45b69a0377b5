/* mw_error.h: the one writer of error answers, in the dialect of the path. */
#ifndef SERVAL_HTTP_MW_ERROR_H
#define SERVAL_HTTP_MW_ERROR_H

#include "http/exchange.h"

/* Fills the answer: status, type, body, code. Headers that were added stay. Never fails: when
 * memory is out the answer is a fixed 503. */
void sv_mw_error_write(sv_exchange *exchange, const sv_failure *failure);
/* Whether a missing or superfluous slash at the end of the path may be answered with a redirect. */
bool sv_mw_error_redirects_slash(const sv_exchange *exchange);

/* The error object alone, in the dialect of the exchange's path and in its arena; NULL pointer when
 * out of memory. */
sv_str sv_mw_error_format(const sv_exchange *exchange, const sv_failure *failure);

#endif
