/* connection.h: one client: its bytes in, its answers out, its time limits.
 *
 * DESIGN. A connection reads requests one after the other and answers them in order:
 *
 *   IDLE -> READING      a request comes
 *           -> HANDLING  it is complete, its handler owns it until the answer      -> IDLE
 *           -> RECEIVING its handler owns it already and reads the body as it comes -> HANDLING
 *           -> SKIPPING  it was answered early; the rest of its body is dropped     -> IDLE
 *   any -> LINGERING -> CLOSED
 *                        the last answer is out: what still comes is dropped for a while, since
 *                        closing on unread bytes would reset, and could destroy the answer
 *
 * While a handler works, bytes are still read (up to a cap), so that a departed client is seen;
 * they wait in `pending` and are parsed when the answer is done. Nothing is parsed while the socket
 * does not take what was written. Answers are collected in the lane's buffer and leave together
 * when the loop has done with the connection (settle). A streamed answer goes out while the handler
 * still owns the exchange: at every settling, as much as the carrier takes (stream.h).
 *
 * An exchange that its handler still owns when nobody waits any more is let go: its cancel token
 * fires, the connection forgets it, and it is freed when it comes back.
 *
 * Thread: the loop's. */
#ifndef SERVAL_HTTP_CONNECTION_H
#define SERVAL_HTTP_CONNECTION_H

#include "http/lane.h"
#include "http/transport.h"

typedef struct sv_connection sv_connection;

/* Told by the carrier, with the connection as `arg`. The connection is freed in on_closed. */
extern const sv_socket_events sv_connection_events;

/* NULL when out of memory: the carrier is the caller's still. Else the connection closes it. */
sv_connection *sv_connection_open(sv_lane *lane, const sv_carrier *carrier);
/* Answers 503 before anything is read and closes. */
void sv_connection_turn_away(sv_connection *connection);
/* The server stops: closes when there is no request; answers from now on say `Connection: close`.
 */
void sv_connection_drain(sv_connection *connection);
/* Cancels what is going on and closes. */
void sv_connection_cut(sv_connection *connection);
/* The one with this node in its lane's list. */
sv_connection *sv_connection_from_node(sv_list_node *node);

#endif
