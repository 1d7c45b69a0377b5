/* event_replay.h: the last events of a source, kept for clients that come back, and sent on to all
 * who follow.
 *
 * DESIGN. A ring of formatted events with the ids 1, 2, ... A follower is a place in that sequence
 * and an exchange; it takes what is behind its place on its own loop, as fast as its client reads,
 * and holds no thread meanwhile. What a slow follower has not taken when the ring forgets it, it
 * misses; otherwise there is neither gap nor duplicate, since past and new events come from the
 * same ring. */
#ifndef SERVAL_HTTP_EVENT_REPLAY_H
#define SERVAL_HTTP_EVENT_REPLAY_H

#include "http/event_stream.h"

typedef struct sv_event_replay sv_event_replay;

/* Keeps at most this many events (at least 1) and bytes of them. Any thread may use it. */
sv_status sv_event_replay_new(size_t max_events, size_t max_bytes,
                              sv_event_replay **ret_replay) SV_MUST_USE;
/* Ends it; those who follow get what is left. NULL is fine. */
void sv_event_replay_free(sv_event_replay *replay);
/* Gives the event the next id and sends it on. SV_INVALID: as sv_event_stream_format, or it has an
 * id already. SV_TOO_LARGE: over `max_bytes` or SV_STREAM_MAX_PIECE. SV_CANCELLED: it has ended.
 * SV_NO_MEMORY. On failure nobody gets it. */
sv_status sv_event_replay_publish(sv_event_replay *replay,
                                  const sv_event_fields *event) SV_MUST_USE;
/* Nothing more will come. */
void sv_event_replay_end(sv_event_replay *replay);

typedef struct sv_event_follow {
    int64_t heartbeat_ms;
    /* Called once, on the exchange's loop, with SV_OK when all is sent and nothing more will come,
     * SV_CANCELLED when nobody reads any more, or SV_NO_MEMORY; then the exchange is the caller's
     * again, to be given back. */
    void (*on_end)(void *arg, sv_status status);
    void *arg;
} sv_event_follow;

/* Starts an event stream and sends what the client has missed by its Last-Event-ID (without one, or
 * with an unknown one: all that is kept), then what comes. SV_OK: until `on_end` the exchange
 * belongs to the replay. SV_NOT_FOUND: nothing more will come; the answer is set to 204, which
 * tells clients not to connect again. Fails as sv_event_stream_start. */
sv_status sv_event_replay_follow(sv_event_replay *replay, sv_exchange *exchange,
                                 const sv_event_follow *how) SV_MUST_USE;

#endif
