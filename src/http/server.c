/* server.c: loops, listeners and lanes put together, drained and taken apart. What a connection
 * does is its own affair.
 *
 * DESIGN. Each listening lane has a loop with a thread and a listener of its own; the kernel
 * spreads connections over them. Lanes without listener belong to loopback connections on loops
 * that a test steps. */
#include "http/server.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "http/connection.h"
#include "http/server_lanes.h"

enum { POLL_MS = 20, MAX_TURNED_AWAY = 32 };

const sv_http_limits sv_http_limits_default = {
    .max_header_bytes = 64 * 1024,
    .max_url_bytes = 8 * 1024,
    .max_headers = SV_EXCHANGE_MAX_HEADERS,
    .max_body_bytes = 10 * 1024 * 1024,
    .max_connections = 0,
    .header_timeout_ms = 10 * 1000,
    .body_timeout_ms = 30 * 1000,
    .write_timeout_ms = 30 * 1000,
    .keep_alive_ms = 75 * 1000,
    .request_timeout_ms = 30 * 1000,
};

typedef struct server_lane {
    sv_lane lane;
    sv_listener *listener; /* NULL: of loopback connections; the loop is not ours then */
    sv_message drain, cut; /* orders to the loop, and whether they were carried out: */
    atomic_bool is_drained, is_cut;
    struct server_lane *next;
} server_lane;

struct sv_server {
    sv_lane_shared shared;
    server_lane *lanes; /* listening ones, an array */
    size_t n_lanes;
    server_lane *loopback_lanes; /* a list */
    size_t max_connections, max_turned_away;
};

/* Sockets as carriers. */

static sv_status write_socket(void *carrier, const sv_slice *slices, size_t n_slices)
{
    return sv_socket_write(carrier, slices, n_slices);
}

static size_t count_queued(const void *carrier)
{
    return sv_socket_queued_bytes(carrier);
}

static void start_reading(void *carrier)
{
    sv_socket_read_start(carrier);
}

static void stop_reading(void *carrier)
{
    sv_socket_read_stop(carrier);
}

static void shutdown_socket(void *carrier)
{
    sv_socket_shutdown(carrier);
}

static void close_socket(void *carrier)
{
    sv_socket_close(carrier);
}

static const sv_transport socket_transport = {write_socket, count_queued,    start_reading,
                                              stop_reading, shutdown_socket, close_socket};

static void ignore_closed(void *arg)
{
    (void)arg;
}

/* No connection for this one: it is closed without a word. */
static void drop_socket(sv_socket *socket)
{
    static const sv_socket_events events = {.on_closed = ignore_closed};
    sv_socket_set_events(socket, &events, NULL);
    sv_socket_close(socket);
}

static void on_accept(sv_socket *socket, void *arg)
{
    server_lane *lane = arg;
    sv_server *server = SV_CONTAINER_OF(lane->lane.shared, sv_server, shared);
    size_t n = atomic_load(&server->shared.n_connections);
    sv_carrier carrier = {&socket_transport, socket, sv_socket_peer(socket),
                          sv_socket_peer_port(socket)};
    sv_connection *connection = NULL;
    if (n < server->max_connections + server->max_turned_away)
        connection = sv_connection_open(&lane->lane, &carrier);
    if (!connection) {
        drop_socket(socket);
        return;
    }
    sv_socket_set_events(socket, &sv_connection_events, connection);
    if (n >= server->max_connections)
        sv_connection_turn_away(connection);
}

/* Making. */

/* What descriptors allow, with some left for files, models and the server itself. */
static size_t choose_max_connections(size_t configured)
{
    enum { KEPT_DESCRIPTORS = 64 };
    struct rlimit limit;
    if (configured)
        return configured;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return 1000000;
    size_t descriptors = (size_t)limit.rlim_cur;
    return descriptors > 2 * KEPT_DESCRIPTORS ? descriptors - KEPT_DESCRIPTORS : descriptors / 2;
}

sv_status sv_server_new(const sv_server_config *config, sv_server **ret_server)
{
    sv_server *server = calloc(1, sizeof *server);
    if (!server)
        return SV_NO_MEMORY;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->shared.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&server->shared.lock, NULL);
    server->shared.config = *config;
    if (!config->clock)
        server->shared.config.clock = &sv_clock_system;
    server->max_connections = choose_max_connections(config->limits.max_connections);
    server->max_turned_away = server->max_connections / 8 + 1;
    if (server->max_turned_away > MAX_TURNED_AWAY)
        server->max_turned_away = MAX_TURNED_AWAY;
    *ret_server = server;
    return SV_OK;
}

static void run_drain(sv_message *message)
{
    server_lane *lane = SV_CONTAINER_OF(message, server_lane, drain);
    sv_listener_close(lane->listener);
    lane->listener = NULL;
    sv_lane_drain(&lane->lane);
    atomic_store(&lane->is_drained, true);
    sv_lane_wake_server(&lane->lane);
}

static void run_cut(sv_message *message)
{
    server_lane *lane = SV_CONTAINER_OF(message, server_lane, cut);
    sv_lane_cut(&lane->lane);
    atomic_store(&lane->is_cut, true);
    sv_lane_wake_server(&lane->lane);
}

static sv_status open_listener(sv_server *server, size_t index, const sv_tcp_address *address,
                               sv_error *error)
{
    server_lane *lane = &server->lanes[index];
    sv_accept accept = {on_accept, lane};
    if (index)
        return sv_listener_share(lane->lane.loop, server->lanes[0].listener, accept, error,
                                 &lane->listener);
    return sv_listener_open(lane->lane.loop, address, accept, error, &lane->listener);
}

static sv_status open_lane(sv_server *server, size_t index, const sv_tcp_address *address,
                           sv_error *error)
{
    server_lane *lane = &server->lanes[index];
    sv_loop *loop;
    sv_status status = sv_loop_new(error, &loop);
    if (status)
        return status;
    status = sv_lane_init(&lane->lane, &server->shared, loop);
    lane->lane.is_listening = true;
    lane->drain.run = run_drain;
    lane->cut.run = run_cut;
    return status ? status : open_listener(server, index, address, error);
}

/* Loops are not running, or were told to stop; connections are gone. */
static void close_lane(server_lane *lane)
{
    if (!lane->lane.loop)
        return;
    sv_loop_join(lane->lane.loop);
    sv_listener_close(lane->listener);
    lane->listener = NULL;
    sv_loop_free(lane->lane.loop);
    sv_lane_deinit(&lane->lane);
}

static void close_lanes(sv_server *server)
{
    for (size_t i = server->n_lanes; i-- > 0;)
        close_lane(&server->lanes[i]);
    free(server->lanes);
    server->lanes = NULL;
    server->n_lanes = 0;
}

static sv_status open_lanes(sv_server *server, const sv_tcp_address *address, size_t n_loops,
                            sv_error *error)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < n_loops && !status; i++) {
        server->n_lanes = i + 1;
        status = open_lane(server, i, address, error);
    }
    for (size_t i = 0; i < n_loops && !status; i++)
        status = sv_loop_start(server->lanes[i].lane.loop, error);
    return status;
}

sv_status sv_server_listen(sv_server *server, const sv_tcp_address *address, size_t n_loops,
                           sv_error *error)
{
    if (server->lanes)
        return sv_error_set(error, SV_INVALID, NULL, "the server listens already");
    server->lanes = calloc(n_loops, sizeof *server->lanes);
    if (!server->lanes)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    sv_status status = open_lanes(server, address, n_loops, error);
    if (status == SV_NO_MEMORY)
        sv_error_set(error, status, NULL, "out of memory");
    if (status)
        close_lanes(server);
    return status;
}

/* Ending. */

static bool is_quiet(const sv_server *server)
{
    bool quiet = atomic_load(&server->shared.n_connections) == 0;
    for (size_t i = 0; i < server->n_lanes; i++)
        quiet &= atomic_load(&server->lanes[i].is_drained);
    return quiet;
}

static bool is_cut_off(const sv_server *server)
{
    bool cut = is_quiet(server);
    for (size_t i = 0; i < server->n_lanes; i++)
        cut &= atomic_load(&server->lanes[i].is_cut);
    return cut;
}

static bool has_all_back(const sv_server *server)
{
    for (size_t i = 0; i < server->n_lanes; i++)
        if (atomic_load(&server->lanes[i].lane.n_out))
            return false;
    return true;
}

/* Waits until `is_done` or the deadline; woken by lanes, and by itself now and then. */
static void wait_until(sv_server *server, bool (*is_done)(const sv_server *), int64_t deadline_ns)
{
    sv_lane_shared *shared = &server->shared;
    pthread_mutex_lock(&shared->lock);
    while (!is_done(server)) {
        int64_t now = sv_clock_now_ns(&sv_clock_system);
        if (now >= deadline_ns)
            break;
        int64_t wake = now + POLL_MS * SV_NS_PER_MS;
        struct timespec until = {(time_t)(wake / SV_NS_PER_S), (long)(wake % SV_NS_PER_S)};
        pthread_cond_timedwait(&shared->changed, &shared->lock, &until);
    }
    pthread_mutex_unlock(&shared->lock);
}

void sv_server_drain(sv_server *server, int64_t timeout_ms)
{
    bool was_draining = atomic_exchange(&server->shared.is_draining, true);
    for (size_t i = 0; i < server->n_lanes && !was_draining; i++)
        sv_loop_post(server->lanes[i].lane.loop, &server->lanes[i].drain);
    wait_until(server, is_quiet, sv_clock_deadline_ns(&sv_clock_system, timeout_ms));
    for (size_t i = 0; i < server->n_lanes && !was_draining; i++)
        sv_loop_post(server->lanes[i].lane.loop, &server->lanes[i].cut);
    wait_until(server, is_cut_off, SV_NEVER);
}

static void free_loopback_lanes(sv_server *server)
{
    while (server->loopback_lanes) {
        server_lane *lane = server->loopback_lanes;
        server->loopback_lanes = lane->next;
        sv_lane_cut(&lane->lane);
        while (!sv_list_is_empty(&lane->lane.connections) || atomic_load(&lane->lane.n_out))
            sv_loop_step(lane->lane.loop, POLL_MS);
        sv_lane_deinit(&lane->lane);
        free(lane);
    }
}

void sv_server_free(sv_server *server)
{
    if (!server)
        return;
    if (server->lanes)
        sv_server_drain(server, 0);
    wait_until(server, has_all_back, SV_NEVER);
    close_lanes(server);
    free_loopback_lanes(server);
    pthread_cond_destroy(&server->shared.changed);
    pthread_mutex_destroy(&server->shared.lock);
    free(server);
}

/* Asking. */

sv_lane *sv_server_loopback_lane(sv_server *server, sv_loop *loop)
{
    for (server_lane *lane = server->loopback_lanes; lane; lane = lane->next)
        if (lane->lane.loop == loop)
            return &lane->lane;
    server_lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return NULL;
    if (sv_lane_init(&lane->lane, &server->shared, loop)) {
        free(lane);
        return NULL;
    }
    lane->next = server->loopback_lanes;
    server->loopback_lanes = lane;
    return &lane->lane;
}

int sv_server_port(const sv_server *server)
{
    return server->n_lanes && server->lanes[0].listener
               ? sv_listener_port(server->lanes[0].listener)
               : 0;
}

bool sv_server_is_draining(const sv_server *server)
{
    return atomic_load(&server->shared.is_draining);
}

static void add_stats(sv_server_stats *stats, const sv_lane *lane)
{
    stats->n_active += atomic_load_explicit(&lane->n_active, memory_order_relaxed);
    stats->n_idle += atomic_load_explicit(&lane->n_idle, memory_order_relaxed);
    stats->n_streams += atomic_load_explicit(&lane->n_streams, memory_order_relaxed);
    stats->n_events += atomic_load_explicit(&lane->n_events, memory_order_relaxed);
}

sv_server_stats sv_server_get_stats(const sv_server *server)
{
    sv_server_stats stats = {0};
    for (size_t i = 0; i < server->n_lanes; i++)
        add_stats(&stats, &server->lanes[i].lane);
    for (const server_lane *lane = server->loopback_lanes; lane; lane = lane->next)
        add_stats(&stats, &lane->lane);
    return stats;
}

int64_t sv_server_last_round_ns(const sv_server *server)
{
    int64_t slowest = SV_NEVER;
    for (size_t i = 0; i < server->n_lanes; i++) {
        int64_t last = sv_loop_last_round_ns(server->lanes[i].lane.loop);
        if (last < slowest)
            slowest = last;
    }
    return slowest == SV_NEVER ? sv_clock_now_ns(&sv_clock_system) : slowest;
}

size_t sv_server_n_loops(const sv_server *server)
{
    return server->n_lanes;
}

sv_loop *sv_server_loop(sv_server *server, size_t index)
{
    return index < server->n_lanes ? server->lanes[index].lane.loop : NULL;
}
