/* loopback.h: a connection in memory: the code of a socket's connection, fed and read by a test. */
#ifndef SERVAL_HTTP_LOOPBACK_H
#define SERVAL_HTTP_LOOPBACK_H

#include "base/buf.h"
#include "http/server.h"

typedef struct sv_loopback sv_loopback;

/* A connection of `server` on `loop`, which the calling thread steps. NULL when out of memory. Free
 * the server before the loop. */
sv_loopback *sv_loopback_new(sv_server *server, sv_loop *loop);
/* Bytes from the client; when there is no memory for them, the client is gone. */
void sv_loopback_send(sv_loopback *loopback, sv_str bytes);
/* The client closes its sending side, or is gone (reset). */
void sv_loopback_send_eof(sv_loopback *loopback);
void sv_loopback_reset(sv_loopback *loopback);
/* From now on the client takes this many bytes, and holds back the server like a full socket after
 * them. */
void sv_loopback_limit(sv_loopback *loopback, size_t room_bytes);
/* Takes what was held back. */
void sv_loopback_take_held(sv_loopback *loopback);
/* How many bytes are held back now. */
size_t sv_loopback_held_bytes(const sv_loopback *loopback);
/* What the server wrote and is not consumed yet. */
sv_buf *sv_loopback_received(sv_loopback *loopback);
/* The server closed its sending side, or everything. */
bool sv_loopback_is_closed(const sv_loopback *loopback);
/* NULL is fine. */
void sv_loopback_free(sv_loopback *loopback);

#endif
