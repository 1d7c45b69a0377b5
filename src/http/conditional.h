/* conditional.h: whether a request gets the whole of a thing, a part of it, or no bytes: conditions
 * and ranges of RFC 9110 (13 and 14). Pure: no I/O, no state; any thread. */
#ifndef SERVAL_HTTP_CONDITIONAL_H
#define SERVAL_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

#include "http/exchange.h"

/* What there is. */
typedef struct sv_conditional_state {
    uint64_t size_bytes;
    sv_str etag;        /* strong, with its quotes; NULL pointer: none */
    int64_t modified_s; /* unix seconds; negative: unknown */
} sv_conditional_state;

/* Which of it is answered. */
typedef struct sv_conditional_answer {
    int status;             /* 200, 206, 304, 412 or 416 */
    uint64_t first, length; /* the bytes of 200 and 206; 0 for the others */
} sv_conditional_answer;

/* Judges the fields If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since and, for GET,
 * If-Range and Range, in this order. What is not
 * well-formed is ignored, as are several ranges. */
sv_conditional_answer sv_conditional_decide(sv_str method, const sv_http_header *headers,
                                            size_t n_headers, const sv_conditional_state *state);

#endif
