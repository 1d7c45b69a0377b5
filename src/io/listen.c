/* listen.c: listening sockets, TCP and Unix. Connected ones: tcp.c.
 *
 * DESIGN. Every loop has a TCP socket of its own on the same port (SO_REUSEPORT), and the kernel spreads connections. A
 * Unix socket is bound once and shared by duplicated descriptors. When descriptors run out, libuv gives up one that it
 * keeps in reserve to accept and close what waits: clients see a closed connection, and the loop does not spin. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/socket.h"

enum { BACKLOG = 4096 };

struct sv_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    sv_accept_fn accept;
    void *arg;
    int port;
    bool is_pipe, closing;
};

static void on_connection(uv_stream_t *server, int status)
{
    sv_listener *listener = server->data;
    if (listener->closing || status < 0) /* no descriptor: the client was let go */
        return;
    sv_socket *socket = sv_socket_accept(server, listener->is_pipe);
    if (socket)
        listener->accept(socket, listener->arg);
}

static sv_status fail(sv_error *error, const sv_tcp_address *address, int number)
{
    if (address->uds_path)
        return sv_error_set(error, SV_IO, NULL, "cannot listen on unix:%s: %s%s", address->uds_path,
                            strerror(number),
                            number == EADDRINUSE ? ". Is another server running?" : "");
    return sv_error_set(error, SV_IO, NULL, "cannot listen on %s:%d: %s%s", address->host, address->port,
                        strerror(number),
                        number == EADDRINUSE ? ". Is another server running? Choose another --port"
                        : number == EACCES   ? ". Ports below 1024 need privileges"
                                             : "");
}

static int bind_tcp(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

static sv_status open_tcp(const sv_tcp_address *address, sv_error *error, int *ret_fd)
{
    char port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    snprintf(port, sizeof port, "%d", address->port);
    int failed = getaddrinfo(address->host, port, &hints, &found);
    if (failed)
        return sv_error_set(error, SV_IO, NULL, "cannot listen on %s: %s", address->host,
                            gai_strerror(failed));
    int fd = -1;
    for (struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
        fd = bind_tcp(info);
    int number = errno;
    freeaddrinfo(found);
    if (fd < 0)
        return fail(error, address, number);
    *ret_fd = fd;
    return SV_OK;
}

/* A socket file that nobody answers is left over from a server that died. */
static bool is_stale(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static sv_status open_unix(const sv_tcp_address *address, sv_error *error, int *ret_fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(address->uds_path) >= sizeof name.sun_path)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "uds: a socket path has at most %zu bytes",
                            sizeof name.sun_path - 1);
    strcpy(name.sun_path, address->uds_path);
    struct stat info;
    if (stat(address->uds_path, &info) == 0 && S_ISSOCK(info.st_mode) && is_stale(&name))
        unlink(address->uds_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof name)) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return fail(error, address, number);
    }
    *ret_fd = fd;
    return SV_OK;
}

static int read_port(const sv_listener *listener)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    if (listener->is_pipe ||
        uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&address, &len))
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* A listener around a bound descriptor, which is its own from here on, also on failure. */
static sv_status make_listener(sv_loop *loop, int fd, bool is_pipe, sv_error *error,
                               sv_listener **ret_listener)
{
    sv_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        close(fd);
        return SV_NO_MEMORY;
    }
    uv_loop_t *uv = sv_loop_handle(loop);
    listener->is_pipe = is_pipe;
    int failed;
    if (is_pipe) {
        uv_pipe_init(uv, &listener->uv.pipe, 0);
        failed = uv_pipe_open(&listener->uv.pipe, fd);
    } else {
        uv_tcp_init(uv, &listener->uv.tcp);
        failed = uv_tcp_open(&listener->uv.tcp, fd);
    }
    listener->uv.handle.data = listener;
    if (failed)
        close(fd);
    else
        failed = uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    if (failed) {
        sv_listener_close(listener);
        return sv_error_set(error, SV_IO, NULL, "cannot listen: %s", uv_strerror(failed));
    }
    listener->port = read_port(listener);
    *ret_listener = listener;
    return SV_OK;
}

sv_status sv_listener_open(sv_loop *loop, const sv_tcp_address *address, sv_accept_fn accept, void *arg,
                           sv_error *error, sv_listener **ret_listener)
{
    int fd;
    bool is_pipe = address->uds_path != NULL;
    sv_status status = is_pipe ? open_unix(address, error, &fd) : open_tcp(address, error, &fd);
    if (!status)
        status = make_listener(loop, fd, is_pipe, error, ret_listener);
    if (!status) {
        (*ret_listener)->accept = accept;
        (*ret_listener)->arg = arg;
    }
    return status;
}

sv_status sv_listener_share(sv_loop *loop, const sv_listener *other, sv_accept_fn accept, void *arg,
                            sv_error *error, sv_listener **ret_listener)
{
    uv_os_fd_t fd;
    int copy = uv_fileno(&other->uv.handle, &fd) ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return sv_error_set(error, SV_IO, NULL, "cannot share a socket: %s", strerror(errno));
    sv_status status = make_listener(loop, copy, other->is_pipe, error, ret_listener);
    if (!status) {
        (*ret_listener)->accept = accept;
        (*ret_listener)->arg = arg;
    }
    return status;
}

int sv_listener_port(const sv_listener *listener)
{
    return listener->port;
}

void sv_listener_close(sv_listener *listener)
{
    if (!listener || listener->closing)
        return;
    listener->closing = true;
    uv_close(&listener->uv.handle, free_closed);
}
