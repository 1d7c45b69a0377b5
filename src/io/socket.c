/* socket.c: connected stream sockets on libuv: reads into one buffer per loop, writes at once what
 * the kernel takes. */
#include "io/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

struct sv_socket {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    sv_loop *loop;
    sv_socket_events events;
    void *arg;
    size_t queued_bytes;
    uv_shutdown_t shutdown;
    int peer_port;
    char peer[INET6_ADDRSTRLEN];
    bool is_shut, is_dead, is_closing;
};

/* Bytes that the kernel did not take yet. */
typedef struct pending_write {
    uv_write_t request;
    sv_socket *socket;
    size_t size_bytes;
    char bytes[];
} pending_write;

/* One buffer for all: its bytes are consumed before the next read. */
static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    sv_socket *socket = handle->data;
    (void)suggested;
    *buf = uv_buf_init(sv_loop_read_buffer(socket->loop), SV_LOOP_READ_BUFFER_SIZE);
}

static void tell_error(sv_socket *socket)
{
    if (socket->is_dead || socket->is_closing)
        return;
    socket->is_dead = true;
    socket->events.on_error(socket->arg);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    sv_socket *socket = stream->data;
    if (socket->is_closing)
        return;
    if (n > 0)
        socket->events.on_read(socket->arg, buf->base, (size_t)n);
    else if (n == UV_EOF)
        socket->events.on_eof(socket->arg);
    else if (n < 0)
        tell_error(socket);
}

static void note_peer(sv_socket *socket, const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
        inet_ntop(AF_INET, &v4->sin_addr, socket->peer, sizeof socket->peer);
        socket->peer_port = ntohs(v4->sin_port);
    } else if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        inet_ntop(is_v4 ? AF_INET : AF_INET6, v6->sin6_addr.s6_addr + (is_v4 ? 12 : 0),
                  socket->peer, sizeof socket->peer);
        socket->peer_port = ntohs(v6->sin6_port);
    }
}

static void free_closed(uv_handle_t *handle)
{
    sv_socket *socket = handle->data;
    if (socket->events.on_closed)
        socket->events.on_closed(socket->arg);
    free(socket);
}

sv_socket *sv_socket_adopt(sv_loop *loop, int fd, const struct sockaddr *peer)
{
    sv_socket *socket = calloc(1, sizeof *socket);
    if (!socket) {
        close(fd);
        return NULL;
    }
    int failed;
    socket->loop = loop;
    if (peer->sa_family == AF_UNIX) {
        uv_pipe_init(sv_loop_handle(loop), &socket->uv.pipe, 0);
        failed = uv_pipe_open(&socket->uv.pipe, fd);
    } else {
        uv_tcp_init(sv_loop_handle(loop), &socket->uv.tcp);
        failed = uv_tcp_open(&socket->uv.tcp, fd);
    }
    socket->uv.handle.data = socket;
    note_peer(socket, peer);
    if (!failed)
        return socket;
    close(fd);
    sv_socket_close(socket);
    return NULL;
}

void sv_socket_set_events(sv_socket *socket, const sv_socket_events *events, void *arg)
{
    socket->events = *events;
    socket->arg = arg;
}

void sv_socket_read_start(sv_socket *socket)
{
    if (!socket->is_closing)
        uv_read_start(&socket->uv.stream, lend_buffer, on_read);
}

void sv_socket_read_stop(sv_socket *socket)
{
    uv_read_stop(&socket->uv.stream);
}

static void on_written(uv_write_t *request, int status)
{
    pending_write *write = request->data;
    sv_socket *socket = write->socket;
    socket->queued_bytes -= write->size_bytes;
    free(write);
    if (socket->is_closing)
        return;
    if (status < 0)
        tell_error(socket);
    else if (socket->queued_bytes == 0)
        socket->events.on_drained(socket->arg);
}

/* Queues what is left of `total` bytes after the first `skip`. */
static sv_status queue_rest(sv_socket *socket, const sv_slice *slices, size_t total, size_t skip)
{
    size_t at = 0, left = total - skip;
    pending_write *write = malloc(sizeof *write + left);
    if (!write)
        return SV_NO_MEMORY;
    for (; at < left; slices++) {
        size_t from = skip < slices->len ? skip : slices->len;
        size_t len = slices->len - from;
        if (len)
            memcpy(write->bytes + at, (const char *)slices->ptr + from, len);
        at += len;
        skip -= from;
    }
    write->socket = socket;
    write->size_bytes = left;
    write->request.data = write;
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)left);
    if (uv_write(&write->request, &socket->uv.stream, &buf, 1, on_written)) {
        free(write);
        return SV_IO;
    }
    socket->queued_bytes += left;
    return SV_UNAVAILABLE;
}

sv_status sv_socket_write(sv_socket *socket, const sv_slice *slices, size_t n_slices)
{
    uv_buf_t bufs[SV_SOCKET_MAX_SLICES];
    size_t total = 0;
    if (socket->is_closing || socket->is_dead || n_slices > SV_SOCKET_MAX_SLICES)
        return SV_IO;
    for (size_t i = 0; i < n_slices; i++) {
        bufs[i] = uv_buf_init((char *)(uintptr_t)slices[i].ptr, (unsigned)slices[i].len);
        total += slices[i].len;
    }
    if (!total)
        return SV_OK;
    int written = UV_EAGAIN;
    if (!socket->queued_bytes)
        written = uv_try_write(&socket->uv.stream, bufs, (unsigned)n_slices);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        return SV_IO;
    if ((size_t)written == total)
        return SV_OK;
    return queue_rest(socket, slices, total, (size_t)written);
}

size_t sv_socket_queued_bytes(const sv_socket *socket)
{
    return uv_stream_get_write_queue_size(&socket->uv.stream); /* counts what a write has left */
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status; /* a peer that is gone is noticed by the read */
}

void sv_socket_shutdown(sv_socket *socket)
{
    if (socket->is_shut || socket->is_closing)
        return;
    socket->is_shut = true;
    (void)uv_shutdown(&socket->shutdown, &socket->uv.stream, on_shutdown);
}

void sv_socket_close(sv_socket *socket)
{
    if (socket->is_closing)
        return;
    socket->is_closing = true;
    uv_close(&socket->uv.handle, free_closed);
}

const char *sv_socket_peer(const sv_socket *socket)
{
    return socket->peer;
}

int sv_socket_peer_port(const sv_socket *socket)
{
    return socket->peer_port;
}
