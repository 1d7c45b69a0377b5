/* connection.c: the life of a connection (see connection.h). Sockets, routes and error texts are
 * known elsewhere. */
#include "http/connection.h"

#include <stdlib.h>
#include <string.h>

#include "http/gate.h"
#include "http/middleware.h"
#include "http/outlet.h"
#include "io/timer.h"

enum {
    PENDING_CAP =
        64 * 1024, /* of bytes that wait for the answer before theirs: reading stops above */
    PENDING_LIMIT = 1024 * 1024, /* PENDING_CAP and the largest read */
    SKIP_BYTES = 64 * 1024,      /* of an unread body: read and dropped to keep the connection */
    LINGER_MS = 2000
};
static const size_t LINGER_BYTES = (size_t)64 << 20;

typedef enum connection_state {
    STATE_IDLE,
    STATE_READING,
    STATE_HANDLING,
    STATE_SKIPPING,
    STATE_LINGERING,
    STATE_CLOSED
} connection_state;

struct sv_connection {
    sv_lane *lane;
    sv_outlet outlet;
    sv_list_node node; /* in the lane's connections */
    sv_timer *timer;
    sv_request *request;  /* NULL when idle, lingering or closed */
    sv_buf pending;       /* read, not parsed yet */
    int64_t deadline_ns;  /* of the state */
    size_t dropped_bytes; /* while skipping or lingering */
    connection_state state;
    bool is_reading;
    bool is_advancing; /* parsing further up the stack */
    bool has_eof;      /* the client will send nothing more */
    bool is_shut;      /* our sending side is closed */
};

static void resume(sv_connection *connection);
static void settle(sv_connection *connection);

static const sv_http_limits *get_limits(const sv_connection *connection)
{
    return &connection->lane->shared->config.limits;
}

static int64_t deadline_after(const sv_connection *connection, int64_t ms)
{
    return sv_lane_now_ns(connection->lane) + ms * SV_NS_PER_MS;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_active(connection_state state)
{
    return state == STATE_READING || state == STATE_HANDLING || state == STATE_SKIPPING;
}

/* The counter a state belongs to; only the loop's thread writes it. */
static void count(sv_lane *lane, connection_state state, int by)
{
    atomic_size_t *counter = is_active(state) ? &lane->n_active : &lane->n_idle;
    if (state != STATE_CLOSED)
        atomic_store_explicit(counter,
                              atomic_load_explicit(counter, memory_order_relaxed) + (size_t)by,
                              memory_order_relaxed);
}

static void enter(sv_connection *connection, connection_state state, int64_t deadline_ns)
{
    if (is_active(connection->state) != is_active(state) || state == STATE_CLOSED) {
        count(connection->lane, connection->state, -1);
        count(connection->lane, state, 1);
    }
    connection->state = state;
    connection->deadline_ns = deadline_ns;
}

/* The end of exchanges. */

static void report(sv_request *request)
{
    request->is_answered = true;
    sv_middleware_done(&request->lane->shared->config, &request->exchange);
}

static void release(sv_request *request)
{
    request->connection = NULL;
    sv_lane_put_request(request->lane, request);
}

/* After the last answer. */
static void linger(sv_connection *connection)
{
    sv_buf_deinit(&connection->pending);
    connection->dropped_bytes = 0;
    enter(connection, STATE_LINGERING, deadline_after(connection, LINGER_MS));
}

static bool is_draining(const sv_connection *connection)
{
    return atomic_load_explicit(&connection->lane->shared->is_draining, memory_order_relaxed);
}

static bool must_close(const sv_connection *connection, const sv_request *request)
{
    return !request->keep_alive || is_draining(connection);
}

/* What comes after an answer. */
static void go_on(sv_connection *connection, int64_t now_ns, bool closes)
{
    int64_t keep_alive_ms = get_limits(connection)->keep_alive_ms;
    if (closes || is_draining(connection))
        linger(connection);
    else
        enter(connection, STATE_IDLE, now_ns + keep_alive_ms * SV_NS_PER_MS);
}

/* Answers the connection's request for good: it is over, and perhaps the connection too. */
static void conclude(sv_connection *connection, bool closes)
{
    sv_request *request = connection->request;
    sv_outlet_write_answer(&connection->outlet, request, closes);
    int64_t now = request->exchange.finished_ns;
    report(request);
    connection->request = NULL;
    release(request);
    go_on(connection, now, closes);
}

/* Answers a request that cannot be read to its end. */
static void refuse(sv_connection *connection, sv_refusal refusal)
{
    sv_request *request = connection->request;
    sv_request_read_fragment(request);
    sv_exchange_fail(&request->exchange,
                     &(sv_failure){.kind = refusal.kind, .message = sv_str_from(refusal.message)});
    conclude(connection, true);
}

/* Forgets the exchange that a handler owns; it is reported and freed when it comes back. */
static void let_go(sv_connection *connection, sv_cancel_reason reason, int status)
{
    sv_request *request = connection->request;
    sv_cancel *cancel = sv_cancel_ref(request->exchange.cancel);
    request->connection = NULL;
    request->lost_status = status;
    request->exchange.finished_ns = sv_lane_now_ns(connection->lane);
    connection->request = NULL;
    sv_cancel_fire(cancel, reason); /* may give the exchange back at once */
    sv_cancel_unref(cancel);
}

static void close_now(sv_connection *connection, sv_cancel_reason reason)
{
    sv_request *request = connection->request;
    if (connection->state == STATE_CLOSED)
        return;
    if (connection->state == STATE_HANDLING) {
        let_go(connection, reason, reason == SV_CANCEL_SHUTDOWN ? 503 : 499);
    } else if (request) {
        if (request->exchange.method.ptr && !request->is_answered) {
            request->exchange.answer.status = 499;
            request->exchange.finished_ns = sv_lane_now_ns(connection->lane);
            report(request);
        }
        connection->request = NULL;
        release(request);
    }
    sv_outlet_forget(&connection->outlet);
    enter(connection, STATE_CLOSED, SV_NEVER);
    sv_timer_free(connection->timer);
    connection->timer = NULL;
    sv_buf_deinit(&connection->pending);
    connection->outlet.carrier.transport->close(connection->outlet.carrier.self);
}

/* A handler has given its exchange back. */
static void take_back(sv_message *message)
{
    sv_request *request = SV_CONTAINER_OF(message, sv_request, given_back);
    sv_connection *connection = request->connection;
    sv_lane_count_out(request->lane, -1);
    if (!connection) {
        request->exchange.answer.status = request->lost_status;
        report(request);
        release(request);
        return;
    }
    conclude(connection, must_close(connection, request));
    if (!connection->is_advancing)
        resume(connection);
}

/* The time of the request is over while its handler owns the exchange: another one carries the
 * answer. */
static void answer_overdue(sv_connection *connection)
{
    sv_request *late = connection->request;
    sv_request *stand_in = sv_lane_take_request(connection->lane);
    if (!stand_in) {
        close_now(connection, SV_CANCEL_DEADLINE);
        return;
    }
    bool closes = must_close(connection, late);
    sv_request_resemble(stand_in, late);
    sv_exchange_fail(&stand_in->exchange,
                     &(sv_failure){.kind = &sv_kind_deadline_exceeded,
                                   .message = SV_STR("The answer was not ready in time")});
    sv_outlet_write_answer(&connection->outlet, stand_in, closes);
    late->exchange.answer_bytes = stand_in->exchange.answer_bytes;
    release(stand_in);
    let_go(connection, SV_CANCEL_DEADLINE, 504);
    go_on(connection, sv_lane_now_ns(connection->lane), closes);
}

/* Reading. */

static bool can_parse(const sv_connection *connection)
{
    return !connection->outlet.is_blocked && !connection->outlet.is_broken &&
           (connection->state == STATE_IDLE || connection->state == STATE_READING ||
            connection->state == STATE_SKIPPING);
}

static bool begin_request(sv_connection *connection)
{
    sv_request *request = sv_lane_take_request(connection->lane);
    if (!request) {
        connection->outlet.is_broken = true; /* no memory even for a refusal */
        return false;
    }
    const sv_http_limits *limits = get_limits(connection);
    int64_t now = sv_lane_now_ns(connection->lane);
    request->connection = connection;
    request->exchange.started_ns = now;
    const sv_carrier *carrier = &connection->outlet.carrier;
    sv_request_set_client(request, sv_str_from(carrier->peer), carrier->peer_port);
    request->given_back.run = take_back;
    connection->request = request;
    enter(connection, STATE_READING,
          now + earlier(limits->header_timeout_ms, limits->request_timeout_ms) * SV_NS_PER_MS);
    return true;
}

/* The exchange was answered from its head alone. */
static void answer_early(sv_connection *connection)
{
    sv_request *request = connection->request;
    uint64_t announced = sv_parser_get_head(request->parser)->framing.content_length;
    if (!sv_request_has_body(request)) {
        conclude(connection, must_close(connection, request));
        return;
    }
    if (must_close(connection, request) || request->awaits_continue || announced > SKIP_BYTES ||
        request->exchange.answer.status == 413) {
        conclude(connection, true);
        return;
    }
    sv_outlet_write_answer(&connection->outlet, request, false);
    report(request);
    connection->dropped_bytes = 0;
    enter(connection, STATE_SKIPPING,
          deadline_after(connection, get_limits(connection)->body_timeout_ms));
}

static void on_head(sv_connection *connection, bool has_more_input)
{
    sv_request *request = connection->request;
    sv_refusal refusal = sv_request_read_head(request);
    if (refusal.kind) {
        refuse(connection, refusal);
        return;
    }
    if (!sv_gate_admit(request, &connection->lane->shared->config)) {
        answer_early(connection);
        return;
    }
    if (request->awaits_continue && !has_more_input)
        sv_outlet_write(&connection->outlet, SV_STR("HTTP/1.1 100 Continue\r\n\r\n"));
    request->awaits_continue = false;
    if (sv_request_has_body(request))
        connection->deadline_ns =
            earlier(deadline_after(connection, get_limits(connection)->body_timeout_ms),
                    request->exchange.deadline_ns);
}

/* The unread body is too long, or no HTTP: the answer it got was the last one. */
static void stop_skipping(sv_connection *connection)
{
    release(connection->request);
    connection->request = NULL;
    linger(connection);
}

static void on_body(sv_connection *connection, sv_str piece)
{
    sv_request *request = connection->request;
    if (connection->state == STATE_SKIPPING) {
        connection->dropped_bytes += piece.len;
        if (connection->dropped_bytes > SKIP_BYTES)
            stop_skipping(connection);
        return;
    }
    sv_status status = sv_request_append_body(request, piece);
    if (status == SV_TOO_LARGE)
        refuse(connection,
               (sv_refusal){&sv_kind_payload_too_large, "The body is larger than this path takes"});
    else if (status)
        refuse(connection, (sv_refusal){&sv_kind_insufficient_memory,
                                        "There is no memory for this request now"});
}

static void on_complete(sv_connection *connection)
{
    sv_request *request = connection->request;
    if (connection->state == STATE_SKIPPING) {
        connection->request = NULL;
        release(request);
        go_on(connection, sv_lane_now_ns(connection->lane), false);
        return;
    }
    request->exchange.body = sv_buf_str(&request->body);
    sv_lane_count_out(request->lane, 1);
    enter(connection, STATE_HANDLING, request->exchange.deadline_ns);
    request->exchange.route->handle(&request->exchange);
}

/* Nothing behind may be read; after an early answer there is nothing more to say. */
static void on_refused(sv_connection *connection)
{
    if (connection->state == STATE_SKIPPING)
        stop_skipping(connection);
    else
        refuse(connection, sv_parser_get_refusal(connection->request->parser));
}

/* Reads on to the next event; false when there is nothing more to read now. */
static bool take_event(sv_connection *connection, sv_str *input)
{
    sv_str piece;
    if (!connection->request && (!input->len || !begin_request(connection)))
        return false;
    switch (sv_parser_next(connection->request->parser, input, &piece)) {
    case SV_PARSER_MORE:
        return false;
    case SV_PARSER_HEAD:
        on_head(connection, input->len > 0);
        break;
    case SV_PARSER_BODY:
        on_body(connection, piece);
        break;
    case SV_PARSER_COMPLETE:
        on_complete(connection);
        break;
    case SV_PARSER_REFUSED:
        on_refused(connection);
        break;
    }
    return true;
}

static void advance(sv_connection *connection, sv_str *input)
{
    connection->is_advancing = true;
    while (can_parse(connection) && take_event(connection, input))
        ;
    connection->is_advancing = false;
}

/* What could not be read yet waits. */
static void keep_rest(sv_connection *connection, sv_str rest)
{
    if (!rest.len || connection->state == STATE_LINGERING)
        return;
    if (sv_buf_append_str(&connection->pending, rest))
        connection->outlet.is_broken = true;
}

/* Goes on with what waits, after an answer or once the carrier takes bytes again. */
static void resume(sv_connection *connection)
{
    if (connection->state == STATE_CLOSED)
        return;
    sv_str input = sv_buf_str(&connection->pending);
    size_t n_waiting = input.len;
    advance(connection, &input);
    sv_buf_consume(&connection->pending, n_waiting - input.len);
    if (!connection->pending.len)
        sv_buf_deinit(&connection->pending); /* an idle connection holds no memory */
    settle(connection);
}

/* The client sends nothing more: answers that are on their way are still sent, work that goes on is
 * for nobody. */
static void finish_eof(sv_connection *connection)
{
    if (connection->state == STATE_READING && sv_parser_has_begun(connection->request->parser)) {
        refuse(connection,
               (sv_refusal){&sv_kind_bad_request, "The request ended before it was complete"});
        sv_outlet_flush(&connection->outlet);
    }
    if (!connection->outlet.is_blocked || connection->outlet.is_broken)
        close_now(connection, SV_CANCEL_CLIENT);
}

static void update_reading(sv_connection *connection)
{
    bool wanted = !connection->has_eof && connection->pending.len < PENDING_CAP;
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
    if (connection->outlet.is_blocked && connection->state != STATE_HANDLING)
        deadline = SV_NEVER;
    if (connection->outlet.is_blocked)
        deadline = earlier(deadline, connection->outlet.stall_deadline_ns);
    sv_timer_set(connection->timer, deadline);
}

/* Every event ends here: what was written leaves, and the connection waits for the next thing. */
static void settle(sv_connection *connection)
{
    if (connection->is_advancing || connection->state == STATE_CLOSED)
        return;
    sv_outlet_flush(&connection->outlet);
    if (connection->outlet.is_broken)
        close_now(connection, SV_CANCEL_CLIENT);
    else if (connection->has_eof && !connection->outlet.is_blocked)
        finish_eof(connection);
    if (connection->state == STATE_CLOSED)
        return;
    if (connection->state == STATE_LINGERING && !connection->is_shut) {
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
    if (connection->state == STATE_CLOSED)
        return;
    if (connection->state == STATE_LINGERING) {
        connection->dropped_bytes += len;
        if (connection->dropped_bytes > LINGER_BYTES)
            close_now(connection, SV_CANCEL_CLIENT);
        return;
    }
    if (!connection->pending.len)
        advance(connection, &input);
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
    close_now(arg, SV_CANCEL_CLIENT);
}

static void on_drained(void *arg)
{
    sv_connection *connection = arg;
    connection->outlet.is_blocked = false;
    if (connection->state == STATE_LINGERING)
        connection->deadline_ns = deadline_after(connection, LINGER_MS);
    resume(connection);
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
    bool has_begun =
        connection->state == STATE_READING && sv_parser_has_begun(connection->request->parser);
    if (has_begun)
        refuse(connection,
               (sv_refusal){&sv_kind_request_timeout, "The request did not arrive in time"});
    else if (connection->state == STATE_HANDLING)
        answer_overdue(connection);
    else
        close_now(connection, SV_CANCEL_CLIENT);
}

static void on_timer(void *arg)
{
    sv_connection *connection = arg;
    int64_t now = sv_lane_now_ns(connection->lane);
    bool is_over = now >= connection->deadline_ns;
    bool is_stalled = connection->outlet.is_blocked && now >= connection->outlet.stall_deadline_ns;
    if (is_stalled && !sv_outlet_has_moved(&connection->outlet))
        close_now(connection, SV_CANCEL_CLIENT);
    else if (is_over && (!connection->outlet.is_blocked || connection->state == STATE_HANDLING))
        expire(connection);
    resume(connection);
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
    count(lane, STATE_IDLE, 1);
    const sv_http_limits *limits = get_limits(connection);
    enter(connection, STATE_IDLE,
          deadline_after(connection, earlier(limits->header_timeout_ms, limits->keep_alive_ms)));
    settle(connection);
    return connection;
}

void sv_connection_turn_away(sv_connection *connection)
{
    if (begin_request(connection))
        refuse(connection,
               (sv_refusal){&sv_kind_server_overloaded, "There are too many connections"});
    settle(connection);
}

void sv_connection_drain(sv_connection *connection)
{
    bool is_idle =
        connection->state == STATE_IDLE ||
        (connection->state == STATE_READING && !sv_parser_has_begun(connection->request->parser));
    if (is_idle && !connection->outlet.is_blocked)
        close_now(connection, SV_CANCEL_SHUTDOWN);
    else if (connection->state == STATE_IDLE)
        linger(connection);
    settle(connection);
}

void sv_connection_cut(sv_connection *connection)
{
    close_now(connection, SV_CANCEL_SHUTDOWN);
}

sv_connection *sv_connection_from_node(sv_list_node *node)
{
    return SV_CONTAINER_OF(node, sv_connection, node);
}
