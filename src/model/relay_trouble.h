/* relay_trouble.h: what went wrong with an upstream, as the clients of this server are told: the
 * contract of errors, with a short reason, without the key. Pure. */
#ifndef SERVAL_MODEL_RELAY_TROUBLE_H
#define SERVAL_MODEL_RELAY_TROUBLE_H

#include "io/upstream.h"
#include "model/generation.h"
#include "json/value.h"

enum { SV_RELAY_MAX_REASON = 300 };

/* How it is told. */
typedef struct sv_relay_trouble {
    sv_status status;
    sv_error error; /* its path: the member of the request that the upstream blames; or empty */
    char code[SV_GENERATION_MAX_CODE]; /* the upstream's own; or empty */
    int64_t retry_after_s;             /* of SV_UNAVAILABLE */
} sv_relay_trouble;

/* An answer with a status of 201..599. */
typedef struct sv_relay_refusal {
    int status;
    int64_t retry_after_s; /* -1: not told */
    sv_str body;
    sv_str secret; /* what no message may have in it; empty: nothing */
} sv_relay_refusal;

/* Whether the exchange may be tried again, if nothing of an answer was passed on. */
bool sv_relay_trouble_passes(const sv_upstream_end *end, int status, int64_t retry_after_s);

void sv_relay_trouble_of_fault(sv_upstream_fault fault, sv_relay_trouble *ret_trouble);
void sv_relay_trouble_of_status(const sv_relay_refusal *refusal, sv_relay_trouble *ret_trouble);
/* An answer that is none, or the member `error` in one (an object or a text; NULL: `what` alone).
 */
void sv_relay_trouble_of_answer(const char *what, const sv_value *error, sv_str secret,
                                sv_relay_trouble *ret_trouble);

#endif
