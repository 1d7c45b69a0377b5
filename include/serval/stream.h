/* stream.h: answers that are sent piece by piece: server-sent events and plain bytes; and request
 * bodies that are read piece by piece.
 *
 *   SV_STREAM(chat, chat_request, token);
 *   static sv_status chat(sv_call *call, const struct chat_request *in, sv_events *events)
 *   {
 *       return chat_send(events, &(struct token){...});
 *   }
 *
 * The head is sent with the first event: until then a failure is an ordinary error answer with its
 * status; afterwards it is one event `error` with the error object, and the end. Sending waits for
 * slow readers, within the server's write_timeout, and says SV_CANCELLED once nobody reads any
 * more: stop working then. Memory is bounded whatever the reader does. */
#ifndef SERVAL_STREAM_H
#define SERVAL_STREAM_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/operation.h>
#include <serval/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The stream of events of one call. Thread: the one that runs the call; a call that was deferred
 * may send from any one thread at a time. */
typedef struct sv_events sv_events;

/* One event as on the wire. Members that are empty are left out. */
typedef struct sv_event {
    sv_str event; /* its type; no line ends */
    sv_str id;    /* no line ends */
    sv_str data;  /* any text: every line end starts a new `data:` line */
    int64_t retry_ms;
} sv_event;

/* SV_OK; SV_CANCELLED when nobody reads any more, and for HEAD, which has the head alone;
 * SV_INVALID for an event or id with a line end; SV_NO_MEMORY. On an event loop (run_inline)
 * nothing waits: SV_UNAVAILABLE when there is no room. */
SV_API sv_status sv_events_send(sv_events *events, const sv_event *event);
/* An event with nothing but `data`. */
SV_API sv_status sv_events_send_text(sv_events *events, sv_str data);
/* `value` as compact JSON by its schema. */
SV_API sv_status sv_events_send_(sv_events *events, const sv_schema *schema, const void *value);
/* Silence after which a comment keeps proxies from closing; default 15,000; 0: never. Before the
 * first event. */
SV_API void sv_events_set_heartbeat(sv_events *events, int64_t silence_ms);
/* The id of the last event that a reconnecting client has seen; NULL pointer: none. */
SV_API sv_str sv_events_last_id(const sv_events *events);

/* Recent events, kept for clients that reconnect and shared by all who listen; one publisher or
 * many, any thread. Bounded: the oldest events are forgotten. */
typedef struct sv_channel sv_channel;
/* Keeps the last `max_events` events and at most `max_bytes` of them. NULL when out of memory. */
SV_API sv_channel *sv_channel_new(size_t max_events, size_t max_bytes);
/* All followers must have ended (sv_channel_end). NULL is fine. */
SV_API void sv_channel_free(sv_channel *channel);
/* Gives the event the next id (1, 2, …) and sends it to all who follow; a follower who cannot keep
 * up misses what is forgotten. SV_NO_MEMORY, SV_TOO_LARGE, SV_INVALID: nobody gets it. */
SV_API sv_status sv_channel_publish(sv_channel *channel, const sv_event *event);
/* Nothing more will come: followers end once they have all of it. */
SV_API void sv_channel_end(sv_channel *channel);
/* Sends what the client missed (by its Last-Event-ID; without one, all that is kept), then what
 * comes, until the channel ends or the client leaves; holds no thread meanwhile. The handler ends
 * with `return sv_events_follow(events, channel);`: SV_DEFERRED when all is well. Nothing may have
 * been sent before. A client that has seen all of an ended channel is answered 204, which tells it
 * not to come again. */
SV_API sv_status sv_events_follow(sv_events *events, sv_channel *channel);

/* Starts a streamed answer of bytes with the row's (or sv_set_status's) status and the headers set
 * so far; then sv_write as often as needed; returning from the handler ends it, returning anything
 * but SV_OK breaks the connection off, so that the client sees that something is missing.
 * SV_INVALID: it was started before, or no header can carry `content_type`; SV_UNSUPPORTED in tasks
 * and middleware; SV_CANCELLED when nobody waits any more. */
SV_API sv_status sv_respond_stream(sv_call *call, const char *content_type);
/* As sv_events_send, for bytes; they are copied. */
SV_API sv_status sv_write(sv_call *call, sv_str bytes);

/* The next piece of a body of an operation with `.stream_body`; waits for it. `*ret_len` 0: the
 * body is complete. SV_CANCELLED, SV_TOO_LARGE (over max_body_bytes), SV_TIMEOUT: return it, the
 * answer fits. SV_INVALID: `size` is 0, or the operation has no `.stream_body`. Not on an event
 * loop, in tasks or in middleware (SV_UNSUPPORTED). */
SV_API sv_status sv_read(sv_call *call, void *bytes, size_t size, size_t *ret_len);

#ifndef __cplusplus
#define SV_STREAM_SEND_(F, EVENT)                                                                  \
    static inline sv_status F##_send(sv_events *events, const struct EVENT *event)                 \
    {                                                                                              \
        return sv_events_send_(events, &EVENT##_schema, event);                                    \
    }
/* static sv_status F(sv_call *call, const struct IN *in, sv_events *events); and F##_send(events,
 * &event). */
#define SV_STREAM(F, IN, EVENT)                                                                    \
    static sv_status F(sv_call *call, const struct IN *in, sv_events *events);                     \
    SV_STREAM_SEND_(F, EVENT)                                                                      \
    static sv_status F##_thunk_(sv_call *call, const void *params, const void *in, void *out)      \
    {                                                                                              \
        (void)params;                                                                              \
        return F(call, (const struct IN *)in, (sv_events *)out);                                   \
    }                                                                                              \
    static const sv_handler F##_handler = {                                                        \
        .name = #F, .in = &IN##_schema, .run = F##_thunk_, .event = &EVENT##_schema}
/* The same with parameters before the body. */
#define SV_STREAM_PARAMS(F, PARAMS, IN, EVENT)                                                     \
    static sv_status F(sv_call *call, const struct PARAMS *params, const struct IN *in,            \
                       sv_events *events);                                                         \
    SV_STREAM_SEND_(F, EVENT)                                                                      \
    static sv_status F##_thunk_(sv_call *call, const void *params, const void *in, void *out)      \
    {                                                                                              \
        return F(call, (const struct PARAMS *)params, (const struct IN *)in, (sv_events *)out);    \
    }                                                                                              \
    static const sv_handler F##_handler = {.name = #F,                                             \
                                           .params = &PARAMS##_schema,                             \
                                           .in = &IN##_schema,                                     \
                                           .run = F##_thunk_,                                      \
                                           .event = &EVENT##_schema}
#endif

#ifdef __cplusplus
}
#endif

#endif
