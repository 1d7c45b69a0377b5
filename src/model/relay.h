/* relay.h: models that another server has: the producer of answers (generation.h) that come from an
 * upstream with OpenAI's API. What is sent: relay_body.h; what comes back: relay_reader.h; how
 * failures are told: relay_trouble.h.
 *
 * DESIGN. An answer is one exchange (io/upstream.h) on a loop, without a thread. Its events go into
 * the answer's pipe as they come; a full pipe pauses the exchange, and so the upstream. Until the
 * first byte of an answer the exchange is tried again, twice, when the connection failed or the
 * upstream says that it cannot now. Whoever cancels the answer closes the connection. */
#ifndef SERVAL_MODEL_RELAY_H
#define SERVAL_MODEL_RELAY_H

#include "io/upstream.h"
#include "model/generation.h"
#include "model/manifest.h"

/* Whom to ask. Const. */
typedef struct sv_relay {
    sv_str base_url;      /* without a slash at its end; empty: it is no relay */
    sv_str model;         /* its name there */
    sv_str authorization; /* of the header, with the key; empty: none. Never to be shown */
} sv_relay;

/* Where exchanges run. Must outlive the answers, those that were taken to their end too. */
typedef struct sv_relay_place {
    sv_loop *loop;
    sv_upstream *upstream; /* on that loop */
} sv_relay_place;

/* `name`: the model's here. All in the arena. SV_INVALID: the key is not there any more;
 * SV_NO_MEMORY. */
sv_status sv_relay_open(const struct manifest *manifest, sv_str name, sv_arena *arena,
                        sv_error *error, sv_relay *ret_relay) SV_MUST_USE;
static inline bool sv_relay_is(const sv_relay *relay)
{
    return relay->base_url.len > 0;
}

/* Has the answer made; the request has `ask`. Its producer's hold is the relay's. Any thread;
 * `relay` is not needed afterwards. SV_NO_MEMORY: the hold is the caller's still, and nothing will
 * be called. */
sv_status sv_relay_submit(const sv_relay *relay, const sv_relay_place *place,
                          sv_generation *generation) SV_MUST_USE;

#endif
