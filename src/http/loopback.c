/* loopback.c: a carrier in memory, so that tests drive the code of a socket's connection byte by
 * byte. */
#include "http/loopback.h"

#include <stdlib.h>

#include "http/connection.h"
#include "http/server_lanes.h"

static const size_t MAX_RECEIVED = (size_t)1 << 30;

struct sv_loopback {
    sv_lane *lane;
    sv_connection *connection; /* NULL once it is closed */
    sv_buf received;           /* by the client */
    sv_buf waiting;            /* from the client, while the server does not read */
    sv_message closed;
    size_t room; /* bytes the client takes before the server's writes are held back */
    sv_buf held; /* written, not taken yet */
    bool is_reading, has_eof, is_shut, is_closing, is_freed;
};

static void deliver(sv_loopback *loopback)
{
    if (!loopback->connection || loopback->is_closing || !loopback->is_reading)
        return;
    if (loopback->waiting.len) {
        sv_buf bytes = loopback->waiting;
        sv_buf_init(&loopback->waiting, bytes.limit);
        sv_connection_events.on_read(loopback->connection, bytes.ptr, bytes.len);
        sv_buf_deinit(&bytes);
    }
    if (loopback->has_eof && loopback->connection && !loopback->is_closing &&
        loopback->is_reading && !loopback->waiting.len) {
        loopback->is_reading = false;
        sv_connection_events.on_eof(loopback->connection);
    }
}

static sv_status write_client(void *carrier, const sv_slice *slices, size_t n_slices)
{
    sv_loopback *loopback = carrier;
    for (size_t i = 0; i < n_slices; i++) {
        size_t taken = loopback->held.len ? 0 : slices[i].len;
        if (taken > loopback->room)
            taken = loopback->room;
        if (loopback->room != SIZE_MAX)
            loopback->room -= taken;
        sv_buf_append(&loopback->received, slices[i].ptr, taken);
        sv_buf_append(&loopback->held, (const char *)slices[i].ptr + taken, slices[i].len - taken);
    }
    if (sv_buf_status(&loopback->received) || sv_buf_status(&loopback->held))
        return SV_NO_MEMORY;
    return loopback->held.len ? SV_UNAVAILABLE : SV_OK;
}

static size_t count_queued(const void *carrier)
{
    return ((const sv_loopback *)carrier)->held.len;
}

static void start_reading(void *carrier)
{
    ((sv_loopback *)carrier)->is_reading = true;
}

static void stop_reading(void *carrier)
{
    ((sv_loopback *)carrier)->is_reading = false;
}

static void shutdown_client(void *carrier)
{
    ((sv_loopback *)carrier)->is_shut = true;
}

static void free_loopback(sv_loopback *loopback)
{
    sv_buf_deinit(&loopback->received);
    sv_buf_deinit(&loopback->waiting);
    sv_buf_deinit(&loopback->held);
    free(loopback);
}

static void run_closed(sv_message *message)
{
    sv_loopback *loopback = SV_CONTAINER_OF(message, sv_loopback, closed);
    sv_connection *connection = loopback->connection;
    loopback->connection = NULL;
    sv_connection_events.on_closed(connection);
    if (loopback->is_freed)
        free_loopback(loopback);
}

/* As with sockets, the connection is told in a later round. */
static void close_client(void *carrier)
{
    sv_loopback *loopback = carrier;
    loopback->is_closing = true;
    loopback->closed.run = run_closed;
    sv_loop_post(loopback->lane->loop, &loopback->closed);
}

static const sv_transport loopback_transport = {write_client, count_queued,    start_reading,
                                                stop_reading, shutdown_client, close_client};

sv_loopback *sv_loopback_new(sv_server *server, sv_loop *loop)
{
    sv_loopback *loopback = calloc(1, sizeof *loopback);
    if (!loopback)
        return NULL;
    sv_loop_step(loop, 0); /* from here on the calling thread is the loop's */
    sv_buf_init(&loopback->received, MAX_RECEIVED);
    sv_buf_init(&loopback->waiting, MAX_RECEIVED);
    sv_buf_init(&loopback->held, MAX_RECEIVED);
    loopback->room = SIZE_MAX;
    loopback->lane = sv_server_loopback_lane(server, loop);
    sv_carrier carrier = {&loopback_transport, loopback, "", 0};
    if (loopback->lane)
        loopback->connection = sv_connection_open(loopback->lane, &carrier);
    if (!loopback->connection) {
        free_loopback(loopback);
        return NULL;
    }
    return loopback;
}

void sv_loopback_send(sv_loopback *loopback, sv_str bytes)
{
    if (sv_buf_append_str(&loopback->waiting, bytes) == SV_OK)
        deliver(loopback);
    else
        sv_loopback_reset(loopback);
}

void sv_loopback_send_eof(sv_loopback *loopback)
{
    loopback->has_eof = true;
    deliver(loopback);
}

void sv_loopback_reset(sv_loopback *loopback)
{
    if (loopback->connection && !loopback->is_closing)
        sv_connection_events.on_error(loopback->connection);
}

void sv_loopback_limit(sv_loopback *loopback, size_t room_bytes)
{
    loopback->room = room_bytes;
}

void sv_loopback_take_held(sv_loopback *loopback)
{
    sv_buf held = loopback->held;
    sv_buf_init(&loopback->held, held.limit);
    sv_buf_append_str(&loopback->received, sv_buf_str(&held));
    sv_buf_deinit(&held);
    if (loopback->connection && !loopback->is_closing)
        sv_connection_events.on_drained(loopback->connection);
    deliver(loopback);
}

size_t sv_loopback_held_bytes(const sv_loopback *loopback)
{
    return count_queued(loopback);
}

sv_buf *sv_loopback_received(sv_loopback *loopback)
{
    deliver(loopback); /* reading may have begun again since */
    return &loopback->received;
}

bool sv_loopback_is_closed(const sv_loopback *loopback)
{
    return loopback->is_shut || loopback->is_closing;
}

void sv_loopback_free(sv_loopback *loopback)
{
    if (!loopback)
        return;
    sv_loopback_reset(loopback);
    if (loopback->connection)
        loopback->is_freed = true; /* goes when the connection has */
    else
        free_loopback(loopback);
}
