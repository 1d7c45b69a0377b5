/* transport.h: what a connection asks of the thing that carries its bytes: a socket, or memory in a
 * test. What the carrier tells the connection is sv_socket_events (io/socket.h), for both. */
#ifndef SERVAL_HTTP_TRANSPORT_H
#define SERVAL_HTTP_TRANSPORT_H

#include <stddef.h>

#include "io/socket.h"

/* Each slot behaves as the sv_socket_ function of its name. Loop thread. */
typedef struct sv_transport {
    sv_status (*write)(void *carrier, const sv_slice *slices, size_t n_slices);
    size_t (*queued_bytes)(const void *carrier);
    void (*read_start)(void *carrier);
    void (*read_stop)(void *carrier);
    void (*shutdown)(void *carrier);
    void (*close)(void *carrier);
} sv_transport;

/* The other end of a connection, and what carries its bytes. */
typedef struct sv_carrier {
    const sv_transport *transport;
    void *self;
    const char *peer; /* lives as long as the carrier */
    int peer_port;
} sv_carrier;

#endif
