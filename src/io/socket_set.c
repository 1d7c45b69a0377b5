/* socket_set.c: an epoll set, for which the loop waits as for one socket: libuv's own handles do
 * not take that a socket is closed under them. */
#include "io/socket_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <uv.h>

enum { MAX_EVENTS = 64 };

struct sv_socket_set {
    const sv_socket_set_port *port;
    void *arg;
    int epoll;
    uv_poll_t poll; /* of it */
};

static void on_ready(uv_poll_t *poll, int status, int events)
{
    sv_socket_set *set = poll->data;
    struct epoll_event ready[MAX_EVENTS];
    int n = epoll_wait(set->epoll, ready, MAX_EVENTS, 0);
    (void)status;
    (void)events;
    for (int i = 0; i < n; i++) {
        uint32_t is = ready[i].events;
        sv_socket_ready it = {.fd = ready[i].data.fd,
                              .can_read = is & (EPOLLIN | EPOLLHUP),
                              .can_write = is & EPOLLOUT,
                              .has_failed = is & EPOLLERR};
        set->port->ready(set->arg, &it);
    }
    set->port->round_ends(set->arg);
}

sv_status sv_socket_set_new(sv_loop *loop, const sv_socket_set_port *port, void *arg,
                            sv_error *error, sv_socket_set **ret_set)
{
    sv_socket_set *set = calloc(1, sizeof *set);
    if (!set)
        return SV_NO_MEMORY;
    set->port = port;
    set->arg = arg;
    set->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (set->epoll < 0)
        goto fail_epoll;
    if (uv_poll_init(sv_loop_handle(loop), &set->poll, set->epoll) != 0)
        goto fail_poll;
    set->poll.data = set;
    uv_poll_start(&set->poll, UV_READABLE, on_ready);
    *ret_set = set;
    return SV_OK;

fail_poll:
    close(set->epoll);
fail_epoll:
    free(set);
    return sv_error_set(error, SV_IO, NULL, "watching sockets: %s", strerror(errno));
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void sv_socket_set_free(sv_socket_set *set)
{
    if (!set)
        return;
    uv_close((uv_handle_t *)&set->poll, free_closed);
    close(set->epoll);
}

bool sv_socket_set_watch(sv_socket_set *set, int fd, bool reads, bool writes)
{
    struct epoll_event event = {.data.fd = fd};
    if (reads)
        event.events |= EPOLLIN;
    if (writes)
        event.events |= EPOLLOUT;
    return epoll_ctl(set->epoll, EPOLL_CTL_MOD, fd, &event) == 0 ||
           epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void sv_socket_set_forget(sv_socket_set *set, int fd)
{
    (void)epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL); /* closed ones are out */
}
