/* policy.h: what is known about a route before its body arrives. `web` fills it, `http` obeys it.
 */
#ifndef SERVAL_HTTP_POLICY_H
#define SERVAL_HTTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

#include "http/rate_rule.h"

typedef struct sv_policy {
    size_t max_body_bytes; /* 0: the server's */
    int64_t timeout_ms;    /* to the start of the answer; 0: the server's */
    /* Comma-separated media types that are taken besides JSON ("image/" matches every picture);
     * anything else, an absent type included, is 415 before the body is read. NULL: not checked
     * here. */
    const char *media;
    bool run_inline;                 /* handled on the loop */
    const sv_rate_limit *rate_limit; /* of each client on this route; NULL: none */
    bool rate_exempt;                /* the overall limit does not count it */
    /* The handler gets the exchange when the head is complete, with an empty body, and reads the
     * body as it comes (body_stream.h). */
    bool stream_body;
} sv_policy;

#endif
