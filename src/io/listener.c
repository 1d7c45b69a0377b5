/* listener.c: listening sockets: binding, accepting, and what happens when descriptors run out.
 *
 * DESIGN. The first listener of an address binds it alone, so that a second server is told instead
 * of getting half of the connections, and only then sets SO_REUSEPORT, which lets our own other
 * loops join. Accepting is done here and not by libuv, whose way to deal with EMFILE can spin: one
 * descriptor is kept in reserve, given up to accept and close one client (who would wait in vain),
 * taken again, and the listener pauses. The others wait in the kernel until it comes back. */
#include "io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <uv.h>

#include "io/timer.h"

enum { BACKLOG = 4096, MAX_ACCEPTS_PER_ROUND = 64, PAUSE_MS = 100 };

struct sv_listener {
    uv_poll_t poll;
    sv_loop *loop;
    sv_accept accept;
    sv_timer *resume; /* ends a pause */
    int fd, reserve_fd;
    struct sockaddr_storage address;
    struct stat file; /* of the Unix socket that this listener made, if owns_file */
    bool owns_file, is_closing;
};

static int open_reserve(void)
{
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void resume(void *arg)
{
    sv_listener *listener = arg;
    if (listener->reserve_fd < 0)
        listener->reserve_fd = open_reserve();
    uv_poll_start(&listener->poll, UV_READABLE, on_ready);
}

static void pause_accepting(sv_listener *listener)
{
    uv_poll_stop(&listener->poll);
    sv_timer_set(listener->resume, sv_loop_now_ns(listener->loop) + PAUSE_MS * SV_NS_PER_MS);
}

/* Lets one waiting client go. Another thread may be quicker and take the descriptor: then the
 * reserve is made when the pause is over. */
static void turn_one_away(sv_listener *listener)
{
    if (listener->reserve_fd < 0)
        return;
    close(listener->reserve_fd);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    listener->reserve_fd = open_reserve();
}

/* Whether to try the next one at once. */
static bool survive_failure(sv_listener *listener, int number)
{
    if (number == EINTR || number == ECONNABORTED || number == EPROTO)
        return true;
    if (number == EAGAIN || number == EWOULDBLOCK)
        return false;
    if (number == EMFILE || number == ENFILE)
        turn_one_away(listener);
    pause_accepting(listener);
    return false;
}

static bool accept_one(sv_listener *listener)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t len = sizeof peer;
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return survive_failure(listener, errno);
    sv_socket *socket = sv_socket_adopt(listener->loop, fd, (struct sockaddr *)&peer);
    if (socket)
        listener->accept.run(socket, listener->accept.arg);
    return true;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    sv_listener *listener = poll->data;
    (void)events;
    if (status < 0) {
        pause_accepting(listener);
        return;
    }
    for (int i = 0; i < MAX_ACCEPTS_PER_ROUND && !listener->is_closing; i++)
        if (!accept_one(listener))
            return;
}

/* ---- Binding ---- */

static sv_status fail(sv_error *error, const sv_tcp_address *address, int number)
{
    if (address->uds_path)
        return sv_error_set(error, SV_IO, NULL, "cannot listen on unix:%s: %s%s", address->uds_path,
                            strerror(number),
                            number == EADDRINUSE ? ". Is another server running?" : "");
    return sv_error_set(error, SV_IO, NULL, "cannot listen on %s:%d: %s%s", address->host,
                        address->port, strerror(number),
                        number == EADDRINUSE ? ". Is another server running? Choose another --port"
                        : number == EACCES   ? ". Ports below 1024 need privileges"
                                             : "");
}

static void set_on(int fd, int level, int option)
{
    int on = 1;
    (void)setsockopt(fd, level, option, &on, sizeof on); /* an option we can do without */
}

/* Closes `fd` without losing errno; returns -1. */
static int give_up(int fd)
{
    int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return -1;
}

/* A listening descriptor or -1. Accepted sockets inherit TCP_NODELAY. */
static int bind_tcp(const struct sockaddr *address, socklen_t len, bool is_first)
{
    int off = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (address->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    set_on(fd, SOL_SOCKET, SO_REUSEADDR);
    set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    if (!is_first)
        set_on(fd, SOL_SOCKET, SO_REUSEPORT);
    if (bind(fd, address, len) != 0)
        return give_up(fd);
    set_on(fd, SOL_SOCKET, SO_REUSEPORT);
    return listen(fd, BACKLOG) == 0 ? fd : give_up(fd);
}

static int look_up(const sv_tcp_address *address, int family, struct addrinfo **ret_found)
{
    char port[16];
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(port, sizeof port, "%d", address->port);
    return getaddrinfo(address->host, port, &hints, ret_found);
}

static sv_status open_tcp(const sv_tcp_address *address, sv_error *error, int *ret_fd)
{
    struct addrinfo *found;
    if (look_up(address, AF_INET, &found)) {
        int failed = look_up(address, AF_UNSPEC, &found);
        if (failed)
            return sv_error_set(error, SV_IO, NULL, "cannot listen on %s: %s", address->host,
                                gai_strerror(failed));
    }
    int fd = -1;
    for (struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
        fd = bind_tcp(info->ai_addr, info->ai_addrlen, true);
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
    struct stat file;
    if (lstat(name->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

static sv_status open_unix(const sv_tcp_address *address, sv_error *error, int *ret_fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(address->uds_path);
    if (len >= sizeof name.sun_path)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "uds: a socket path has at most %zu bytes",
                            sizeof name.sun_path - 1);
    memcpy(name.sun_path, address->uds_path, len);
    if (is_stale(&name))
        unlink(name.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        listen(fd, BACKLOG) != 0) {
        give_up(fd);
        return fail(error, address, errno);
    }
    *ret_fd = fd;
    return SV_OK;
}

/* ---- Listeners ---- */

static const char *socket_path(const sv_listener *listener)
{
    return ((const struct sockaddr_un *)&listener->address)->sun_path;
}

static void close_descriptors(sv_listener *listener)
{
    close(listener->fd);
    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* A listener around a listening descriptor, which is its own from here on, also on failure. */
static sv_status make_listener(sv_loop *loop, int fd, sv_accept accept, sv_error *error,
                               sv_listener **ret_listener)
{
    sv_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        close(fd);
        sv_error_set(error, SV_NO_MEMORY, NULL, "cannot listen: out of memory");
        return SV_NO_MEMORY;
    }
    *listener =
        (sv_listener){.loop = loop, .accept = accept, .fd = fd, .reserve_fd = open_reserve()};
    socklen_t len = sizeof listener->address;
    bool failed = listener->reserve_fd < 0 ||
                  getsockname(fd, (struct sockaddr *)&listener->address, &len) != 0 ||
                  uv_poll_init_socket(sv_loop_handle(loop), &listener->poll, fd) != 0;
    if (failed) {
        sv_error_set(error, SV_IO, NULL, "cannot listen: %s", strerror(errno));
        close_descriptors(listener);
        free(listener);
        return SV_IO;
    }
    listener->poll.data = listener;
    listener->resume = sv_timer_new(loop, resume, listener);
    if (!listener->resume) {
        sv_listener_close(listener);
        sv_error_set(error, SV_NO_MEMORY, NULL, "cannot listen: out of memory");
        return SV_NO_MEMORY;
    }
    uv_poll_start(&listener->poll, UV_READABLE, on_ready);
    *ret_listener = listener;
    return SV_OK;
}

sv_status sv_listener_open(sv_loop *loop, const sv_tcp_address *address, sv_accept accept,
                           sv_error *error, sv_listener **ret_listener)
{
    int fd = -1;
    bool is_unix = address->uds_path != NULL;
    sv_status status = is_unix ? open_unix(address, error, &fd) : open_tcp(address, error, &fd);
    sv_listener *listener = NULL;
    if (!status)
        status = make_listener(loop, fd, accept, error, &listener);
    if (status)
        return status;
    listener->owns_file = is_unix && lstat(address->uds_path, &listener->file) == 0;
    *ret_listener = listener;
    return SV_OK;
}

sv_status sv_listener_share(sv_loop *loop, const sv_listener *first, sv_accept accept,
                            sv_error *error, sv_listener **ret_listener)
{
    const struct sockaddr *address = (const struct sockaddr *)&first->address;
    socklen_t len =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = address->sa_family == AF_UNIX ? fcntl(first->fd, F_DUPFD_CLOEXEC, 0)
                                           : bind_tcp(address, len, false);
    if (fd < 0)
        return sv_error_set(error, SV_IO, NULL, "cannot share a socket: %s", strerror(errno));
    return make_listener(loop, fd, accept, error, ret_listener);
}

int sv_listener_port(const sv_listener *listener)
{
    switch (listener->address.ss_family) {
    case AF_INET:
        return ntohs(((const struct sockaddr_in *)&listener->address)->sin_port);
    case AF_INET6:
        return ntohs(((const struct sockaddr_in6 *)&listener->address)->sin6_port);
    default:
        return 0;
    }
}

static void remove_file(const sv_listener *listener)
{
    struct stat now;
    if (listener->owns_file && lstat(socket_path(listener), &now) == 0 &&
        now.st_dev == listener->file.st_dev && now.st_ino == listener->file.st_ino)
        unlink(socket_path(listener));
}

void sv_listener_close(sv_listener *listener)
{
    if (!listener || listener->is_closing)
        return;
    listener->is_closing = true;
    remove_file(listener);
    sv_timer_free(listener->resume);
    uv_close((uv_handle_t *)&listener->poll, free_closed);
    close_descriptors(listener);
}
