/* socket_set.h: sockets of somebody else's, watched by a loop: which are ready is told, nothing is
 * read. A socket may be closed before it is forgotten. */
#ifndef SERVAL_IO_SOCKET_SET_H
#define SERVAL_IO_SOCKET_SET_H

#include <stdbool.h>

#include "io/loop.h"

typedef struct sv_socket_set sv_socket_set;

typedef struct sv_socket_ready {
    int fd;
    bool can_read, can_write, has_failed;
} sv_socket_ready;

typedef struct sv_socket_set_port {
    /* A socket is ready; one that was closed since is possible. */
    void (*ready)(void *arg, const sv_socket_ready *socket);
    /* All that were have been told. The set may not be freed in either. */
    void (*round_ends)(void *arg);
} sv_socket_set_port;

/* Loop thread, or before it runs; all functions. */
sv_status sv_socket_set_new(sv_loop *loop, const sv_socket_set_port *port, void *arg,
                            sv_error *error, sv_socket_set **ret_set) SV_MUST_USE;
/* Memory goes in a later round. NULL is fine. */
void sv_socket_set_free(sv_socket_set *set);
/* Watches a socket from now on, or in another way. False: no memory, or it is no socket. */
bool sv_socket_set_watch(sv_socket_set *set, int fd, bool reads, bool writes);
/* Fine for one that is not in it. */
void sv_socket_set_forget(sv_socket_set *set, int fd);

#endif
