/* tcp.h: listening and connected stream sockets, TCP and Unix, on a loop. Bytes only. */
#ifndef SERVAL_IO_TCP_H
#define SERVAL_IO_TCP_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/status.h>

#include "io/loop.h"

typedef struct sv_listener sv_listener;
typedef struct sv_socket sv_socket;

typedef struct sv_tcp_address {
    const char *host;     /* an address or a name that resolves; ignored for Unix sockets */
    int port;             /* 0: the system chooses, see sv_listener_port */
    const char *uds_path; /* a Unix socket instead; NULL: TCP. A dead socket file is replaced, a live one refused */
} sv_tcp_address;

/* Runs for every accepted connection; the socket is the receiver's, who closes it. */
typedef void (*sv_accept_fn)(sv_socket *socket, void *arg);

/* Opens a listening socket on a descriptor of its own with SO_REUSEPORT (TCP), so that every loop can have one on the
 * same port; on a Unix path the first loop's listener is shared with sv_listener_share. Errors name address and cause
 * ("Address already in use", "Permission denied"). */
sv_status sv_listener_open(sv_loop *loop, const sv_tcp_address *address, sv_accept_fn accept, void *arg,
                           sv_error *error, sv_listener **ret_listener) SV_MUST_USE;
/* A listener on another loop for the same socket (Unix sockets, where SO_REUSEPORT does not help). */
sv_status sv_listener_share(sv_loop *loop, const sv_listener *other, sv_accept_fn accept, void *arg,
                            sv_error *error, sv_listener **ret_listener) SV_MUST_USE;
int sv_listener_port(const sv_listener *listener);
/* Stops accepting; accepted sockets live on. When descriptors run out (EMFILE, ENFILE) a listener accepts and closes
 * what waits with one kept in reserve, and burns nothing. NULL is fine. */
void sv_listener_close(sv_listener *listener);

/* What a socket tells its owner, on the loop's thread. `bytes` is borrowed during the call. */
typedef struct sv_socket_events {
    void (*on_read)(void *arg, const char *bytes, size_t len);
    void (*on_eof)(void *arg);                     /* the peer closed its sending side */
    void (*on_error)(void *arg);                   /* reset or failed; nothing more can be read or written */
    void (*on_drained)(void *arg);                 /* all that was written has left (after sv_socket_write said "queued") */
    void (*on_closed)(void *arg);                  /* after sv_socket_close: arg is the owner's again */
} sv_socket_events;

void sv_socket_set_events(sv_socket *socket, const sv_socket_events *events, void *arg);
/* Reading goes on until stopped; a departed peer is only noticed while reading. */
void sv_socket_read_start(sv_socket *socket);
void sv_socket_read_stop(sv_socket *socket);

typedef struct sv_slice {
    const void *ptr;
    size_t len;
} sv_slice;

/* Writes as much as the kernel takes at once and copies the rest into the socket's queue, written later in order.
 * SV_OK: all is out. SV_UNAVAILABLE: some is queued, on_drained will tell. SV_IO: the socket is dead.
 * SV_NO_MEMORY: the rest could not be queued; close the socket. At most 16 slices. */
sv_status sv_socket_write(sv_socket *socket, const sv_slice *slices, size_t n_slices) SV_MUST_USE;
size_t sv_socket_queued_bytes(const sv_socket *socket);
/* Half-closes the sending side after what is queued. */
void sv_socket_shutdown(sv_socket *socket);
/* Closes; queued bytes are lost; `on_closed` comes in a later round, nothing after it. */
void sv_socket_close(sv_socket *socket);
/* Peer address without port ("127.0.0.1", "::1"), "" for Unix sockets; lives as long as the socket. */
const char *sv_socket_peer(const sv_socket *socket);
int sv_socket_peer_port(const sv_socket *socket);

#endif
