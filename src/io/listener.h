/* listener.h: a listening socket, TCP or Unix, on a loop. What it accepts: socket.h. */
#ifndef SERVAL_IO_LISTENER_H
#define SERVAL_IO_LISTENER_H

#include <serval/status.h>

#include "io/socket.h"

typedef struct sv_listener sv_listener;

typedef struct sv_tcp_address {
    const char *host; /* an address, or a name that resolves (IPv4 first); "::" also takes IPv4.
                         Ignored for Unix sockets */
    int port;         /* 0: the system chooses, see sv_listener_port */
    /* A Unix socket instead; NULL: TCP. A dead socket file is replaced, a live one refused. */
    const char *uds_path;
} sv_tcp_address;

/* What happens with every accepted connection: the socket is the receiver's, who closes it. */
typedef struct sv_accept {
    void (*run)(sv_socket *socket, void *arg);
    void *arg;
} sv_accept;

/* Opens a listening socket that is the first on its address: SV_IO when another program has it.
 * Before the loop runs, or on its thread. Errors name address and cause ("Address already in use",
 * "Permission denied"). */
sv_status sv_listener_open(sv_loop *loop, const sv_tcp_address *address, sv_accept accept,
                           sv_error *error, sv_listener **ret_listener) SV_MUST_USE;
/* One more listener for the address of `first`, for another loop: on TCP a socket of its own, among
 * which the kernel spreads connections (SO_REUSEPORT); on a Unix path the same one, which both wait
 * on. `first` may be closed before it. */
sv_status sv_listener_share(sv_loop *loop, const sv_listener *first, sv_accept accept,
                            sv_error *error, sv_listener **ret_listener) SV_MUST_USE;
/* 0 for Unix sockets. */
int sv_listener_port(const sv_listener *listener);
/* Stops accepting; accepted sockets live on. The socket file goes with the listener that made it.
 * NULL is fine. */
void sv_listener_close(sv_listener *listener);

#endif
