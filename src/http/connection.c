/* connection.c: the life of a connection (see connection.h): bytes, time, and how every event
 * settles. Requests come in by reception.c and end by conclusion.c; sockets, routes and error texts
 * are known elsewhere. */
#include "http/connection.h"

#include <stdlib.h>

#include "http/connection_parts.h"

enum {
    PENDING_CAP =
        64 * 1024, /* of bytes that wait for the answer before theirs: reading stops above */
    PENDING_LIMIT = 1024 * 1024, /* PENDING_CAP and the largest read */
};
static const size_t LINGER_BYTES = (size_t)64 << 20;

static void settle(sv_connection *connection);

static bool is_active(sv_connection_state state)
{
    return state == SV_CONNECTION_READING || state == SV_CONNECTION_RECEIVING ||
           state == SV_CONNECTION_HANDLING || state == SV_CONNECTION_SKIPPING;
}

/* The counter a state belongs to; only the loop's thread writes it. */
static void count(sv_lane *lane, sv_connection_state state, int by)
{
    atomic_size_t *counter = is_active(state) ? &lane->n_active : &lane->n_idle;
    if (state != SV_CONNECTION_CLOSED)
        atomic_store_explicit(counter,
                              atomic_load_explicit(counter, memory_order_relaxed) + (size_t)by,
                              memory_order_relaxed);
}

void sv_connection_enter(sv_connection *connection, sv_connection_state state, int64_t deadline_ns)
{
    if (is_active(connection->state) != is_active(state) || state == SV_CONNECTION_CLOSED) {
        count(connection->lane, connection->state, -1);
        count(connection->lane, state, 1);
    }
    connection->state = state;
    connection->deadline_ns = deadline_ns;
}

void sv_connection_close(sv_connection *connection, sv_cancel_reason reason)
{
    if (connection->state == SV_CONNECTION_CLOSED)
        return;
    sv_conclusion_abandon(connection, reason);
    sv_outlet_forget(&connection->outlet);
    sv_connection_enter(connection, SV_CONNECTION_CLOSED, SV_NEVER);
    sv_timer_free(connection->timer);
    connection->timer = NULL;
    sv_buf_deinit(&connection->pending);
    connection->outlet.carrier.transport->close(connection->outlet.carrier.self);
}

/* What could not be read yet waits. */
static void keep_rest(sv_connection *connection, sv_str rest)
{
    if (!rest.len || connection->state == SV_CONNECTION_LINGERING)
        return;
    if (sv_buf_append_str(&connection->pending, rest))
        connection->outlet.is_broken = true;
}

void sv_connection_resume(sv_connection *connection)
{
    if (connection->state == SV_CONNECTION_CLOSED)
        return;
    sv_str input = sv_buf_str(&connection->pending);
    size_t n_waiting = input.len;
    sv_reception_advance(connection, &input);
    sv_buf_consume(&connection->pending, n_waiting - input.len);
    if (!connection->pending.len)
        sv_buf_deinit(&connection->pending); /* an idle connection holds no memory */
    settle(connection);
}

void sv_connection_pump_stream(sv_connection *connection)
{
    if (!connection->stream || connection->outlet.is_blocked || connection->outlet.is_broken)
        return;
    sv_stream_pump(connection->stream, &connection->outlet);
    sv_outlet_flush(&connection->outlet);
}

/* Settling. */

/* The client sends nothing more: answers that are on their way are still sent, work that goes on is
 * for nobody. */
static void finish_eof(sv_connection *connection)
{
    if (connection->state == SV_CONNECTION_READING &&
        sv_parser_has_begun(connection->request->parser)) {
        sv_conclusion_refuse(connection, (sv_refusal){&sv_kind_bad_request,
                                                      "The request ended before it was complete"});
        sv_outlet_flush(&connection->outlet);
    }
    if (!connection->outlet.is_blocked || connection->outlet.is_broken)
        sv_connection_close(connection, SV_CANCEL_CLIENT);
}

/* What a handler does not read from its body yet stays with the client. */
static void update_reading(sv_connection *connection)
{
    size_t cap = connection->state == SV_CONNECTION_RECEIVING ? 1 : PENDING_CAP;
    bool wanted = !connection->has_eof && connection->pending.len < cap;
    if (wanted == connection->is_reading)
        return;
    connection->is_reading = wanted;
    if (wanted)
        connection->outlet.carrier.transport->read_start(connection->outlet.carrier.self);
    else
        connection->outlet.carrier.transport->read_stop(connection->outlet.carrier.self);
}

/* While the carrier is stuck only the writing limit counts, but for a handler's time. */
static void update_timer(sv_connection *connection)
{
    int64_t deadline = connection->deadline_ns;
    if (connection->outlet.is_blocked && !sv_connection_is_owned(connection))
        deadline = SV_NEVER;
    if (connection->outlet.is_blocked)
        deadline = sv_connection_earlier(deadline, connection->outlet.stall_deadline_ns);
    else if (connection->stream)
        deadline = sv_connection_earlier(deadline, sv_stream_beat_due_ns(connection->stream));
    sv_timer_set(connection->timer, deadline);
}

/* Every event ends here: what was written leaves, and the connection waits for the next thing. */
static void settle(sv_connection *connection)
{
    if (connection->is_advancing || connection->state == SV_CONNECTION_CLOSED)
        return;
    sv_connection_pump_stream(connection);
    sv_outlet_flush(&connection->outlet);
    if (connection->outlet.is_broken)
        sv_connection_close(connection, SV_CANCEL_CLIENT);
    else if (connection->has_eof && !connection->outlet.is_blocked)
        finish_eof(connection);
    if (connection->state == SV_CONNECTION_CLOSED)
        return;
    if (connection->state == SV_CONNECTION_LINGERING && !connection->is_shut &&
        !connection->outlet.held) {
        connection->is_shut = true;
        connection->outlet.carrier.transport->shutdown(connection->outlet.carrier.self);
    }
    update_reading(connection);
    update_timer(connection);
}

/* What the carrier tells. */

static void on_read(void *arg, const char *bytes, size_t len)
{
    sv_connection *connection = arg;
    sv_str input = {bytes, len};
    if (connection->state == SV_CONNECTION_CLOSED)
        return;
    if (connection->state == SV_CONNECTION_LINGERING) {
        connection->dropped_bytes += len;
        if (connection->dropped_bytes > LINGER_BYTES)
            sv_connection_close(connection, SV_CANCEL_CLIENT);
        return;
    }
    if (!connection->pending.len)
        sv_reception_advance(connection, &input);
    keep_rest(connection, input);
    settle(connection);
}

static void on_eof(void *arg)
{
    sv_connection *connection = arg;
    connection->has_eof = true;
    settle(connection);
}

static void on_error(void *arg)
{
    sv_connection_close(arg, SV_CANCEL_CLIENT);
}

static void on_drained(void *arg)
{
    sv_connection *connection = arg;
    sv_outlet_go_on(&connection->outlet);
    if (connection->state == SV_CONNECTION_LINGERING)
        sv_conclusion_linger(connection);
    sv_connection_resume(connection);
}

static void on_closed(void *arg)
{
    sv_connection *connection = arg;
    sv_lane_remove_connection(connection->lane, &connection->node);
    free(connection);
}

const sv_socket_events sv_connection_events = {on_read, on_eof, on_error, on_drained, on_closed};

/* Time. */

static void expire(sv_connection *connection)
{
    bool has_begun = connection->state == SV_CONNECTION_READING &&
                     sv_parser_has_begun(connection->request->parser);
    if (has_begun)
        sv_conclusion_refuse(connection, (sv_refusal){&sv_kind_request_timeout,
                                                      "The request did not arrive in time"});
    else if (connection->state == SV_CONNECTION_RECEIVING)
        sv_reception_time_out(connection);
    else if (connection->state == SV_CONNECTION_HANDLING)
        sv_conclusion_answer_overdue(connection);
    else
        sv_connection_close(connection, SV_CANCEL_CLIENT);
}

static void on_timer(void *arg)
{
    sv_connection *connection = arg;
    sv_outlet *outlet = &connection->outlet;
    int64_t now = sv_lane_now_ns(connection->lane);
    bool is_over = now >= connection->deadline_ns;
    bool is_stalled = outlet->is_blocked && now >= outlet->stall_deadline_ns;
    if (is_stalled && !sv_outlet_has_moved(outlet))
        sv_connection_close(connection, SV_CANCEL_CLIENT);
    else if (is_over && (!outlet->is_blocked || sv_connection_is_owned(connection)))
        expire(connection);
    if (connection->stream && !outlet->is_blocked)
        sv_stream_beat(connection->stream, outlet);
    sv_connection_resume(connection);
}

/* From outside. */

sv_connection *sv_connection_open(sv_lane *lane, const sv_carrier *carrier)
{
    sv_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->timer = sv_timer_new(lane->loop, on_timer, connection);
    if (!connection->timer) {
        free(connection);
        return NULL;
    }
    connection->lane = lane;
    connection->outlet = (sv_outlet){.lane = lane, .carrier = *carrier};
    sv_buf_init(&connection->pending, PENDING_LIMIT);
    sv_lane_add_connection(lane, &connection->node);
    count(lane, SV_CONNECTION_IDLE, 1);
    const sv_http_limits *limits = sv_connection_limits(connection);
    int64_t time_ms = sv_connection_earlier(limits->header_timeout_ms, limits->keep_alive_ms);
    sv_connection_enter(connection, SV_CONNECTION_IDLE,
                        sv_connection_deadline(connection, time_ms));
    settle(connection);
    return connection;
}

void sv_connection_turn_away(sv_connection *connection)
{
    if (sv_reception_begin(connection))
        sv_conclusion_refuse(
            connection, (sv_refusal){&sv_kind_server_overloaded, "There are too many connections"});
    settle(connection);
}

void sv_connection_drain(sv_connection *connection)
{
    bool is_idle = connection->state == SV_CONNECTION_IDLE ||
                   (connection->state == SV_CONNECTION_READING &&
                    !sv_parser_has_begun(connection->request->parser));
    if (is_idle && !connection->outlet.is_blocked)
        sv_connection_close(connection, SV_CANCEL_SHUTDOWN);
    else if (connection->state == SV_CONNECTION_IDLE)
        sv_conclusion_linger(connection);
    settle(connection);
}

void sv_connection_cut(sv_connection *connection)
{
    sv_connection_close(connection, SV_CANCEL_SHUTDOWN);
}

sv_connection *sv_connection_from_node(sv_list_node *node)
{
    return SV_CONTAINER_OF(node, sv_connection, node);
}
