/* stream.h: an answer whose body is written piece by piece.
 *
 * DESIGN. The owner of an exchange starts a stream, writes, and ends it with sv_exchange_respond.
 * What it writes is framed into a bounded buffer and the loop is woken, once for all that was
 * written before it comes; the loop hands everything over to the carrier as long as the carrier
 * takes bytes. A slow reader so fills the buffer, and the owner waits. Per stream at most
 * SV_STREAM_MAX_BYTES wait here and as many in the socket's queue.
 *
 * When nobody reads any more (the client left, took nothing for write_timeout_ms, or the server was
 * cut off) the exchange's `cancel` fires and writes are refused at once; the owner still gives the
 * exchange back. The deadline of the request counts up to the start only. */
#ifndef SERVAL_HTTP_STREAM_H
#define SERVAL_HTTP_STREAM_H

#include "http/exchange.h"

enum {
    SV_STREAM_MAX_BYTES = 64 * 1024,
    SV_STREAM_MAX_PIECE = SV_STREAM_MAX_BYTES - 16 /* of one write that does not wait */
};

typedef struct sv_stream sv_stream;
struct sv_outlet;

/* For the owner of the exchange: any thread, one at a time. */

/* Starts the answer: status, content type and headers of exchange->answer, whose body is ignored.
 * The middlewares' `after` runs and the head leaves; other threads than the loop's wait for that.
 * The body is chunked, or for HTTP/1.0 ends where the connection is closed; when the answer has
 * absent_bytes it is that long, says so, and a stream that ends earlier closes the connection.
 * SV_INVALID: started already, or the status is none of 200..599. SV_NO_MEMORY: nothing happened,
 * another answer can be given. SV_CANCELLED: nobody waits any more. */
sv_status sv_stream_start(sv_exchange *exchange) SV_MUST_USE;
/* The same; and while nothing else was sent for `silence_ms` (0: never) the loop sends `beat`,
 * which lives as long as the exchange. */
sv_status sv_stream_start_beating(sv_exchange *exchange, sv_str beat,
                                  int64_t silence_ms) SV_MUST_USE;
/* Copies the bytes; they leave as one chunk when they are at most SV_STREAM_MAX_PIECE. Waits while
 * there is no room, but on the loop's own thread behaves as sv_stream_try_write.
 * SV_CANCELLED: nobody reads (any more); so it is for HEAD, 204 and 304 from the start, without
 * `cancel` being fired. SV_NO_MEMORY: the piece was not taken. SV_TOO_LARGE: more than was
 * announced. SV_INVALID: not started. */
sv_status sv_stream_write(sv_exchange *exchange, sv_str bytes) SV_MUST_USE;
/* Never waits. SV_UNAVAILABLE: no room, nothing was taken. SV_TOO_LARGE: over
 * SV_STREAM_MAX_PIECE. */
sv_status sv_stream_try_write(sv_exchange *exchange, sv_str bytes) SV_MUST_USE;
/* Calls `run(arg)` once, on the loop's thread, in a later round, when the buffer is empty or nobody
 * reads any more. NULL takes the wish back; so does giving the exchange back, on the loop's thread.
 * Another thread takes it back first. `run` may give the exchange back. */
void sv_stream_on_writable(sv_exchange *exchange, void (*run)(void *arg), void *arg);
/* Gives the exchange back as sv_exchange_respond does, but closes the connection without the last
 * chunk, so that the client sees that the body is cut off (HTTP/1.0 cannot). */
void sv_stream_abort(sv_exchange *exchange);

/* For the connection: the loop's thread. */

/* NULL is fine. */
void sv_stream_free(sv_stream *stream);
/* Writes the head. */
void sv_stream_begin(sv_stream *stream, struct sv_outlet *outlet, bool closes);
/* Hands over what waits. */
void sv_stream_pump(sv_stream *stream, struct sv_outlet *outlet);
/* Hands over the rest and ends the body; returns whether the connection has to close behind it. */
bool sv_stream_finish(sv_stream *stream, struct sv_outlet *outlet);
/* Nobody reads any more. */
void sv_stream_lose(sv_stream *stream);
/* Calls back the owner when it waits and can write. The exchange may be gone then. */
void sv_stream_call_back(sv_stream *stream);
/* When the next beat is due; SV_NEVER: none. */
int64_t sv_stream_beat_due_ns(const sv_stream *stream);
/* Sends the beat if it is due. */
void sv_stream_beat(sv_stream *stream, struct sv_outlet *outlet);

#endif
