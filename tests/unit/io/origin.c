/* origin.c: a thread that accepts, and one for each connection. */
#include "origin.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_fixture.h"

enum { DRIP_MS = 20 };

typedef struct connection {
    origin *owner;
    pthread_t thread;
    int fd;
} connection;

struct origin {
    const origin_answer *answers;
    pthread_t thread;
    int fd, port;
    atomic_int n_connections, n_requests, n_left;
    atomic_size_t n_sent;
    pthread_mutex_t lock;
    char last_request[ORIGIN_MAX_REQUEST]; /* guarded by lock while requests are under way */
    connection connections[ORIGIN_MAX_CONNECTIONS];
};

static bool send_all(const connection *to, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(to->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        atomic_fetch_add(&to->owner->n_sent, (size_t)n);
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads a request's head, byte by byte so as to leave the next one. */
static bool read_head(int fd, char *text)
{
    size_t len = 0;
    while (len + 1 < ORIGIN_MAX_REQUEST && read(fd, text + len, 1) == 1) {
        text[++len] = '\0';
        if (len >= 4 && !memcmp(text + len - 4, "\r\n\r\n", 4))
            return true;
    }
    return false;
}

/* Behind the head, as far as there is room. False: it ends early. */
static bool read_body(int fd, char *text)
{
    const char *field = strcasestr(text, "\r\nContent-Length: ");
    size_t left = field ? strtoul(field + 18, NULL, 10) : 0, len = strlen(text);
    char bytes[4096];
    while (left) {
        ssize_t n = read(fd, bytes, left < sizeof bytes ? left : sizeof bytes);
        if (n <= 0)
            return false;
        size_t room = ORIGIN_MAX_REQUEST - 1 - len, kept = (size_t)n < room ? (size_t)n : room;
        memcpy(text + len, bytes, kept);
        len += kept;
        text[len] = '\0';
        left -= (size_t)n;
    }
    return true;
}

static const origin_answer *find_answer(const origin *self, const char *head)
{
    const char *path = strchr(head, ' ');
    size_t len = path ? strcspn(++path, " ") : 0;
    for (const origin_answer *it = self->answers; path && it->path; it++)
        if (strlen(it->path) == len && !memcmp(it->path, path, len))
            return it;
    return NULL;
}

static bool has_left(int fd, int wait_ms)
{
    char byte;
    struct pollfd it = {.fd = fd, .events = POLLIN};
    return poll(&it, 1, wait_ms) > 0 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

/* False when the connection is over. */
static bool answer(const connection *to, const origin_answer *it)
{
    int fd = to->fd;
    const char *more = it->more ? it->more : "x";
    if (!send_all(to, it->bytes, strlen(it->bytes)))
        return false;
    switch (it->then) {
    case ORIGIN_KEEP:
        return true;
    case ORIGIN_CLOSE:
        return false;
    case ORIGIN_HOLD:
        while (!has_left(fd, -1))
            ;
        return false;
    case ORIGIN_FLOOD:
        while (send_all(to, more, strlen(more)))
            ;
        return false;
    case ORIGIN_DRIP:
        while (!has_left(fd, DRIP_MS) && send_all(to, more, strlen(more)))
            ;
        return false;
    }
    return false;
}

static void *run_connection(void *arg)
{
    connection *it = arg;
    origin *self = it->owner;
    char head[ORIGIN_MAX_REQUEST] = "";
    const origin_answer *found = NULL;
    do {
        if (!read_head(it->fd, head) || !read_body(it->fd, head))
            break;
        pthread_mutex_lock(&self->lock);
        memcpy(self->last_request, head, sizeof head);
        pthread_mutex_unlock(&self->lock);
        atomic_fetch_add(&self->n_requests, 1);
        found = find_answer(self, head);
    } while (found && answer(it, found));
    shutdown(it->fd, SHUT_RDWR);
    atomic_fetch_add(&self->n_left, 1);
    return NULL;
}

static void *run_origin(void *arg)
{
    origin *self = arg;
    for (;;) {
        int fd = accept(self->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        connection *it = &self->connections[atomic_load(&self->n_connections)];
        *it = (connection){.owner = self, .fd = fd};
        if (pthread_create(&it->thread, NULL, run_connection, it) != 0)
            abort();
        if (atomic_fetch_add(&self->n_connections, 1) + 1 == ORIGIN_MAX_CONNECTIONS)
            return NULL;
    }
}

origin *origin_start(const origin_answer *answers)
{
    origin *self = calloc(1, sizeof *self);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_non_null(self);
    pthread_mutex_init(&self->lock, NULL);
    self->answers = answers;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(self->fd >= 0);
    assert_int_equal(bind(self->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(self->fd, 64), 0);
    assert_int_equal(getsockname(self->fd, (struct sockaddr *)&address, &len), 0);
    self->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&self->thread, NULL, run_origin, self), 0);
    return self;
}

void origin_stop(origin *self)
{
    shutdown(self->fd, SHUT_RDWR); /* wakes accept */
    pthread_join(self->thread, NULL);
    close(self->fd);
    for (int i = 0; i < atomic_load(&self->n_connections); i++) {
        pthread_join(self->connections[i].thread, NULL);
        close(self->connections[i].fd);
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

int origin_port(const origin *self)
{
    return self->port;
}

int origin_count_connections(const origin *self)
{
    return atomic_load(&self->n_connections);
}

int origin_count_requests(const origin *self)
{
    return atomic_load(&self->n_requests);
}

int origin_count_left(const origin *self)
{
    return atomic_load(&self->n_left);
}

size_t origin_count_sent(const origin *self)
{
    return atomic_load(&self->n_sent);
}

const char *origin_last_request(const origin *self)
{
    return self->last_request;
}
