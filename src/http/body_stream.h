/* body_stream.h: a request body that its handler reads while it comes (policy.stream_body).
 *
 * DESIGN. The loop parses into a bounded buffer, the owner of the exchange reads out of it. While
 * the buffer is full the connection reads nothing more from its socket, and so holds back the
 * client. A client that waits for `100 Continue` gets it when the owner reads for the first time.
 * What is unread when the answer is given is dropped if it is short; else the connection closes. */
#ifndef SERVAL_HTTP_BODY_STREAM_H
#define SERVAL_HTTP_BODY_STREAM_H

#include "http/exchange.h"

enum { SV_BODY_STREAM_MAX_BYTES = 64 * 1024 };

typedef struct sv_body_stream sv_body_stream;
struct sv_request;

/* For the owner: the next bytes, at least one and at most `size` (at least 1); none: the body is
 * complete. Waits for them, but on the loop's own thread says SV_UNAVAILABLE when there are none.
 * Bytes that have come are read before a failure is told:
 * SV_TOO_LARGE: over the route's max_body_bytes. SV_TIMEOUT: it did not come within
 * body_timeout_ms; what the owner keeps waiting does not count. SV_INVALID: it is no HTTP.
 * SV_NO_MEMORY. After these the connection closes behind the answer. SV_CANCELLED: nobody waits for
 * the answer any more; at once. */
sv_status sv_body_stream_read(sv_exchange *exchange, char *bytes, size_t size,
                              size_t *ret_len) SV_MUST_USE;

/* For the connection: the loop's thread. */

/* Of a request whose head is complete, and whose parser needs its own memory from then on. NULL
 * when out of memory. */
sv_body_stream *sv_body_stream_new(struct sv_request *request);
/* NULL is fine. */
void sv_body_stream_free(sv_body_stream *body);
/* How many bytes are taken now; none when it has ended. At 0 the owner wakes the loop later. */
size_t sv_body_stream_room(sv_body_stream *body);
/* Takes a piece, which fits; a failure ends the body. */
void sv_body_stream_append(sv_body_stream *body, sv_str piece);
/* SV_OK: the body is complete; else why there is no more. Only the first end counts, but that
 * SV_CANCELLED comes before everything. */
void sv_body_stream_end(sv_body_stream *body, sv_status status);
/* Whether it has not ended. */
bool sv_body_stream_is_open(const sv_body_stream *body);
/* Whether the owner has begun to read. */
bool sv_body_stream_is_wanted(sv_body_stream *body);
size_t sv_body_stream_received(const sv_body_stream *body);
/* When it has to be complete; SV_NEVER once it has ended. */
void sv_body_stream_set_deadline(sv_body_stream *body, int64_t deadline_ns);
int64_t sv_body_stream_deadline(const sv_body_stream *body);

#endif
