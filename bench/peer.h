/* peer.h: one HTTP/1.1 connection of a load generator: sends a prepared request, takes the answer's
 * status and length, throws its body away, never blocks. Registered edge-triggered with the epoll
 * of its owner, who calls sv_peer_progress when it is reported. It knows just enough HTTP for
 * servers under measurement: answers carry Content-Length. One thread. */
#ifndef SERVAL_BENCH_PEER_H
#define SERVAL_BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

typedef enum sv_peer_result {
    SV_PEER_WAITING,  /* more to send or to receive */
    SV_PEER_ANSWERED, /* .status is set; the connection is free again when .keep is */
    SV_PEER_BROKEN    /* closed, refused, or not HTTP: to be closed */
} sv_peer_result;

typedef struct sv_peer {
    struct sv_peer *before, *after; /* for the owner's lists */
    int64_t start_ns;               /* for the owner: when the request was due */
    int kind;                       /* for the owner */
    int fd;
    int status;
    bool busy, keep;
    sv_str request; /* borrowed while busy */
    size_t sent;
    uint64_t body_left;
    size_t n_head;
    char head[2048];
} sv_peer;

/* Connects to 127.0.0.1:port and registers with `epoll_fd`, with the peer as its data; 0, or -1
 * with errno. */
int sv_peer_connect(sv_peer *peer, int epoll_fd, uint16_t port);
/* Starts a request on a connection that is not busy and moves it as far as it goes. */
sv_peer_result sv_peer_send(sv_peer *peer, sv_str request);
/* Moves what can be moved. On an idle connection: BROKEN when the server has closed it. */
sv_peer_result sv_peer_progress(sv_peer *peer);
/* Hangs up; what is under way is abandoned. */
void sv_peer_close(sv_peer *peer);

#endif
