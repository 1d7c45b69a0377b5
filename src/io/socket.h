/* socket.h: the inside of a connected socket, for tcp.c and listen.c only. */
#ifndef SERVAL_IO_SOCKET_H
#define SERVAL_IO_SOCKET_H

#include <netinet/in.h>

#include <uv.h>

#include "io/tcp.h"

enum { SV_SOCKET_MAX_SLICES = 16 };

struct sv_socket {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    sv_socket_events events;
    void *arg;
    size_t queued_bytes;
    int peer_port;
    char peer[INET6_ADDRSTRLEN];
    bool is_pipe, closing;
};

/* Takes the next connection of a listening stream; NULL when there is none, or no memory. */
sv_socket *sv_socket_accept(uv_stream_t *server, bool is_pipe);

#endif
