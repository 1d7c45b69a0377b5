/* lane.h: the part of a server that lives on one loop: its connections and what they share.
 *
 * Thread: everything here belongs to the loop's thread, but for the counters and for
 * sv_lane_shared. */
#ifndef SERVAL_HTTP_LANE_H
#define SERVAL_HTTP_LANE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/list.h"
#include "http/server.h"

struct sv_request;
struct sv_outlet;

/* What all lanes of a server have in common. */
typedef struct sv_lane_shared {
    sv_server_config config; /* const after sv_server_new */
    atomic_bool is_draining;
    atomic_size_t n_connections; /* on listening lanes */
    pthread_mutex_t lock;        /* for `changed` alone */
    pthread_cond_t changed;      /* n_connections became 0 */
} sv_lane_shared;

typedef struct sv_lane {
    sv_lane_shared *shared;
    sv_loop *loop;
    bool is_listening;        /* its connections count for drain */
    sv_list_node connections; /* of sv_connection */
    /* Bytes of answers that are written together when the loop has done with a connection; they are
     * `writer`'s. */
    sv_buf out;
    struct sv_outlet *writer;
    char date[30]; /* the Date field, good until: */
    int64_t date_until_ns;
    struct sv_request *spare; /* kept for the next request */
    size_t n_spare;
    /* Written on the loop's thread only, read anywhere: exchanges that handlers own; connections
     * with and without a request. */
    atomic_size_t n_out, n_active, n_idle;
    /* Any thread: streams that have begun and are still there; events that were sent. */
    atomic_size_t n_streams;
    atomic_ullong n_events;
} sv_lane;

sv_status sv_lane_init(sv_lane *lane, sv_lane_shared *shared, sv_loop *loop) SV_MUST_USE;
/* All connections must be gone and all exchanges given back. Fine for a zeroed lane. */
void sv_lane_deinit(sv_lane *lane);

/* A request ready to be read, from the spare ones if there is one; NULL when out of memory. */
struct sv_request *sv_lane_take_request(sv_lane *lane);
/* Takes it back; its text is gone. */
void sv_lane_put_request(sv_lane *lane, struct sv_request *request);

/* The Date field's value now; read from the clock once per second. */
sv_str sv_lane_date(sv_lane *lane, int64_t now_ns);
/* One connection more or less. */
void sv_lane_add_connection(sv_lane *lane, sv_list_node *node);
void sv_lane_remove_connection(sv_lane *lane, sv_list_node *node);

/* Something changed that a thread may wait for in sv_server_drain or sv_server_free. */
void sv_lane_wake_server(sv_lane *lane);
/* An exchange goes to its handler, or comes back. */
void sv_lane_count_out(sv_lane *lane, int by);
/* Closes connections without request; the others close after their answer. */
void sv_lane_drain(sv_lane *lane);
/* Cancels what is going on and closes everything. */
void sv_lane_cut(sv_lane *lane);

static inline int64_t sv_lane_now_ns(const sv_lane *lane)
{
    return sv_loop_now_ns(lane->loop);
}

#endif
