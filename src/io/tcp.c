/* tcp.c: connected stream sockets on libuv: reads into one buffer per loop, writes at once what the kernel takes.
 * Listening: listen.c. */
#include "io/tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/socket.h"

enum { READ_BUFFER = 64 * 1024 };

/* Bytes that the kernel did not take yet. */
typedef struct pending_write {
    uv_write_t request;
    sv_socket *socket;
    size_t size_bytes;
    char bytes[];
} pending_write;

static void alloc_read(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    /* One buffer per thread: bytes are consumed before the next read. */
    static _Thread_local char buffer[READ_BUFFER];
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    sv_socket *socket = stream->data;
    if (socket->closing)
        return;
    if (n > 0)
        socket->events.on_read(socket->arg, buf->base, (size_t)n);
    else if (n == UV_EOF)
        socket->events.on_eof(socket->arg);
    else if (n < 0)
        socket->events.on_error(socket->arg);
}

static void read_peer(sv_socket *socket)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    if (socket->is_pipe || uv_tcp_getpeername(&socket->uv.tcp, (struct sockaddr *)&address, &len))
        return;
    if (address.ss_family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &v4->sin_addr, socket->peer, sizeof socket->peer);
        socket->peer_port = ntohs(v4->sin_port);
    } else if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        if (mapped)
            inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, socket->peer, sizeof socket->peer);
        else
            inet_ntop(AF_INET6, &v6->sin6_addr, socket->peer, sizeof socket->peer);
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

sv_socket *sv_socket_accept(uv_stream_t *server, bool is_pipe)
{
    sv_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->is_pipe = is_pipe;
    if (is_pipe)
        uv_pipe_init(server->loop, &socket->uv.pipe, 0);
    else
        uv_tcp_init(server->loop, &socket->uv.tcp);
    socket->uv.handle.data = socket;
    if (uv_accept(server, &socket->uv.stream)) {
        sv_socket_close(socket);
        return NULL;
    }
    if (!is_pipe)
        uv_tcp_nodelay(&socket->uv.tcp, 1);
    read_peer(socket);
    return socket;
}

void sv_socket_set_events(sv_socket *socket, const sv_socket_events *events, void *arg)
{
    socket->events = *events;
    socket->arg = arg;
}

void sv_socket_read_start(sv_socket *socket)
{
    if (!socket->closing)
        uv_read_start(&socket->uv.stream, alloc_read, on_read);
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
    if (socket->closing)
        return;
    if (status < 0)
        socket->events.on_error(socket->arg);
    else if (socket->queued_bytes == 0)
        socket->events.on_drained(socket->arg);
}

/* Queues what is left after the first `skip` bytes. */
static sv_status queue_rest(sv_socket *socket, const sv_slice *slices, size_t n_slices, size_t skip)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n_slices; i++)
        total += slices[i].len;
    pending_write *write = malloc(sizeof *write + total - skip);
    if (!write)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n_slices; i++) {
        size_t from = skip < slices[i].len ? skip : slices[i].len;
        size_t len = slices[i].len - from;
        if (len)
            memcpy(write->bytes + at, (const char *)slices[i].ptr + from, len);
        at += len;
        skip -= from;
    }
    write->socket = socket;
    write->size_bytes = at;
    write->request.data = write;
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)at);
    if (uv_write(&write->request, &socket->uv.stream, &buf, 1, on_written)) {
        free(write);
        return SV_IO;
    }
    socket->queued_bytes += at;
    return SV_UNAVAILABLE;
}

sv_status sv_socket_write(sv_socket *socket, const sv_slice *slices, size_t n_slices)
{
    uv_buf_t bufs[SV_SOCKET_MAX_SLICES];
    size_t total = 0;
    if (socket->closing || n_slices > SV_SOCKET_MAX_SLICES)
        return SV_IO;
    for (size_t i = 0; i < n_slices; i++) {
        bufs[i] = uv_buf_init((char *)(uintptr_t)slices[i].ptr, (unsigned)slices[i].len);
        total += slices[i].len;
    }
    int written = socket->queued_bytes ? 0 : uv_try_write(&socket->uv.stream, bufs, (unsigned)n_slices);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        return SV_IO;
    if ((size_t)written == total)
        return SV_OK;
    return queue_rest(socket, slices, n_slices, (size_t)written);
}

size_t sv_socket_queued_bytes(const sv_socket *socket)
{
    return socket->queued_bytes;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status; /* a peer that is gone is noticed by the read */
    free(request);
}

void sv_socket_shutdown(sv_socket *socket)
{
    uv_shutdown_t *request = socket->closing ? NULL : malloc(sizeof *request);
    if (request && uv_shutdown(request, &socket->uv.stream, on_shutdown))
        free(request);
}

void sv_socket_close(sv_socket *socket)
{
    if (socket->closing)
        return;
    socket->closing = true;
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
