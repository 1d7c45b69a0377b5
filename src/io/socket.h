/* socket.h: a connected stream socket, TCP or Unix, on a loop. Bytes only; where sockets come from:
 * listener.h. Everything here happens on the loop's thread. */
#ifndef SERVAL_IO_SOCKET_H
#define SERVAL_IO_SOCKET_H

#include <stddef.h>

#include <serval/status.h>

#include "io/loop.h"

struct sockaddr;

typedef struct sv_socket sv_socket;

/* What a socket tells its owner. All slots must be there. `bytes` is borrowed during the call. */
typedef struct sv_socket_events {
    void (*on_read)(void *arg, const char *bytes, size_t len);
    void (*on_eof)(void *arg); /* the peer closed its sending side */
    /* Reset or failed; nothing more can be read or written. Told once. */
    void (*on_error)(void *arg);
    /* All that was written has left, after sv_socket_write had answered SV_UNAVAILABLE. */
    void (*on_drained)(void *arg);
    void (*on_closed)(void *arg); /* after sv_socket_close: arg is the owner's again */
} sv_socket_events;

/* Makes a socket of a connected descriptor that does not block, and owns it from here on, also when
 * it fails: NULL when out of memory or descriptors. `peer` is copied. */
sv_socket *sv_socket_adopt(sv_loop *loop, int fd, const struct sockaddr *peer);
/* To be called before the first read. `events` is copied. */
void sv_socket_set_events(sv_socket *socket, const sv_socket_events *events, void *arg);
/* Reading goes on until stopped; a departed peer is only noticed while reading. */
void sv_socket_read_start(sv_socket *socket);
void sv_socket_read_stop(sv_socket *socket);

typedef struct sv_slice {
    const void *ptr;
    size_t len;
} sv_slice;

enum { SV_SOCKET_MAX_SLICES = 16 };

/* Writes as much as the kernel takes at once and copies the rest into the socket's queue, written
 * later in order. At most SV_SOCKET_MAX_SLICES slices. The queue has no limit of its own: a writer
 * that goes on after SV_UNAVAILABLE looks at sv_socket_queued_bytes.
 * SV_OK: all is out. SV_UNAVAILABLE: some is queued, on_drained will tell. SV_IO: the socket is
 * dead. SV_NO_MEMORY: the rest could not be queued; close the socket. */
sv_status sv_socket_write(sv_socket *socket, const sv_slice *slices, size_t n_slices) SV_MUST_USE;
size_t sv_socket_queued_bytes(const sv_socket *socket);
/* Half-closes the sending side after what is queued. */
void sv_socket_shutdown(sv_socket *socket);
/* Closes; queued bytes are lost; `on_closed` comes in a later round, nothing after it. */
void sv_socket_close(sv_socket *socket);
/* Peer address without port ("127.0.0.1", "::1"), "" for Unix sockets; lives as long as the
 * socket. An IPv4 peer of an IPv6 socket reads as IPv4. */
const char *sv_socket_peer(const sv_socket *socket);
int sv_socket_peer_port(const sv_socket *socket);

#endif
