/* event_stream.h: server-sent events (WHATWG HTML, "Server-sent events") as a streamed answer.
 * Memory of past events: event_replay.h. */
#ifndef SERVAL_HTTP_EVENT_STREAM_H
#define SERVAL_HTTP_EVENT_STREAM_H

#include "base/buf.h"
#include "http/stream.h"

enum { SV_EVENT_STREAM_HEARTBEAT_MS = 15 * 1000 };

/* Absent texts have a NULL pointer. */
typedef struct sv_event_fields {
    sv_str event;   /* the type; absent: clients take it as "message" */
    sv_str data;    /* absent: clients dispatch nothing */
    sv_str id;      /* empty: clients forget the last id */
    sv_str comment; /* clients ignore it */
    int64_t retry_ms;
    bool has_retry; /* clients wait for retry_ms before they connect again */
} sv_event_fields;

/* Appends the event as it is sent, its empty line included. CR, LF and CRLF in data and comment
 * begin a new line of the same field. SV_INVALID: CR, LF or NUL in event or id, or a negative
 * retry_ms. Else a failure of the buffer. */
sv_status sv_event_stream_format(sv_buf *out, const sv_event_fields *event) SV_MUST_USE;

/* Starts the stream as sv_stream_start does: sets content type, Cache-Control (unless the answer
 * has one), X-Accel-Buffering, and the status to 200 unless it is set. After `heartbeat_ms` of
 * silence (0: never) a comment is sent, by the loop. Fails as sv_stream_start, or SV_TOO_LARGE when
 * the answer has too many headers. */
sv_status sv_event_stream_start(sv_exchange *exchange, int64_t heartbeat_ms) SV_MUST_USE;
/* Sends one event, in one chunk when it is at most SV_STREAM_MAX_PIECE long. Fails as
 * sv_stream_write and sv_event_stream_format. The end of the stream is sv_exchange_respond. */
sv_status sv_event_stream_send(sv_exchange *exchange, const sv_event_fields *event) SV_MUST_USE;
/* The same, as sv_stream_try_write. */
sv_status sv_event_stream_try_send(sv_exchange *exchange, const sv_event_fields *event) SV_MUST_USE;

#endif
