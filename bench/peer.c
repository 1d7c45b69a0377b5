/* peer.c: the connection of a load generator. Not a client library: no TLS, no chunked answers, no
 * redirects. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int sv_peer_connect(sv_peer *peer, int epoll_fd, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *peer = (sv_peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (peer->fd < 0)
        return -1;
    event.data.ptr = peer;
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if ((connect(peer->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, peer->fd, &event)) {
        close(peer->fd);
        return -1;
    }
    return 0;
}

/* A server may refuse in the middle of a body and close: what it said is read all the same. */
static bool send_some(sv_peer *peer)
{
    while (peer->sent < peer->request.len) {
        ssize_t n = send(peer->fd, peer->request.ptr + peer->sent, peer->request.len - peer->sent,
                         MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EPIPE || errno == ECONNRESET;
        peer->sent += (size_t)n;
    }
    return true;
}

static bool read_head(sv_peer *peer, const char *end)
{
    const char *line = peer->head, *length = NULL;
    if (peer->n_head < 12 || memcmp(line, "HTTP/1.1 ", 9) != 0)
        return false;
    peer->status = atoi(line + 9);
    peer->keep = true;
    while (line < end) {
        if (!strncasecmp(line, "content-length:", 15))
            length = line + 15;
        else if (!strncasecmp(line, "connection: close", 17))
            peer->keep = false;
        line = (const char *)memchr(line, '\n', (size_t)(end - line + 2)) + 1;
    }
    if (!length)
        return false;
    peer->body_left = strtoull(length, NULL, 10);
    return true;
}

/* Takes received bytes: of the head until it is whole, of the body then. */
static bool take(sv_peer *peer, const char *bytes, size_t len, bool *in_body)
{
    if (*in_body) {
        peer->body_left -= len < peer->body_left ? len : peer->body_left;
        return true;
    }
    size_t room = sizeof peer->head - 1 - peer->n_head, n = len < room ? len : room;
    memcpy(peer->head + peer->n_head, bytes, n);
    peer->head[peer->n_head + n] = 0;
    char *end = strstr(peer->head, "\r\n\r\n");
    if (!end) {
        peer->n_head += n;
        return n < room;
    }
    size_t of_head = (size_t)(end + 4 - peer->head) - peer->n_head;
    peer->n_head += of_head;
    *in_body = true;
    return read_head(peer, end) && take(peer, bytes + of_head, len - of_head, in_body);
}

static sv_peer_result receive_some(sv_peer *peer)
{
    static char bytes[1 << 18];
    for (;;) {
        ssize_t n = recv(peer->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EAGAIN)
            return SV_PEER_WAITING;
        bool in_body = peer->status != 0;
        if (n <= 0 || !peer->busy || !take(peer, bytes, (size_t)n, &in_body))
            return SV_PEER_BROKEN;
        if (in_body && !peer->body_left) {
            peer->busy = false;
            peer->keep = peer->keep && peer->sent == peer->request.len;
            return SV_PEER_ANSWERED;
        }
    }
}

sv_peer_result sv_peer_send(sv_peer *peer, sv_str request)
{
    peer->request = request;
    peer->busy = true;
    peer->sent = peer->n_head = 0;
    peer->status = 0;
    return sv_peer_progress(peer);
}

sv_peer_result sv_peer_progress(sv_peer *peer)
{
    if (peer->busy && !send_some(peer) && errno != ENOTCONN)
        return SV_PEER_BROKEN;
    return receive_some(peer);
}

void sv_peer_close(sv_peer *peer)
{
    close(peer->fd);
    peer->fd = -1;
}
