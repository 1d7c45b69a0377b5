/* conclusion.c: how requests end: answered, refused, overdue, abandoned; and what the connection
 * does next. How requests come in is not known here. */
#include "http/connection_parts.h"
#include "http/middleware.h"

enum { LINGER_MS = 2000 };

static void report(sv_request *request)
{
    request->is_answered = true;
    sv_middleware_done(&request->lane->shared->config, &request->exchange);
}

/* An answer that is still leaving takes its request along. */
static void release(sv_connection *connection, sv_request *request)
{
    request->connection = NULL;
    if (!connection || connection->outlet.held != request)
        sv_lane_put_request(request->lane, request);
}

/* The connection has done with its request; who owns that is told apart. */
static void forget_request(sv_connection *connection)
{
    connection->request = NULL;
    connection->stream = NULL;
}

void sv_conclusion_linger(sv_connection *connection)
{
    sv_buf_deinit(&connection->pending);
    connection->dropped_bytes = 0;
    sv_connection_enter(connection, SV_CONNECTION_LINGERING,
                        sv_connection_deadline(connection, LINGER_MS));
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
    int64_t keep_alive_ms = sv_connection_limits(connection)->keep_alive_ms;
    if (closes || is_draining(connection))
        sv_conclusion_linger(connection);
    else
        sv_connection_enter(connection, SV_CONNECTION_IDLE, now_ns + keep_alive_ms * SV_NS_PER_MS);
}

void sv_conclusion_begin_stream(sv_connection *connection)
{
    sv_request *request = connection->request;
    if (connection->stream)
        return;
    connection->stream = atomic_load(&request->stream);
    sv_reception_move_deadline(connection);
    sv_stream_begin(connection->stream, &connection->outlet, must_close(connection, request));
}

/* Writes the answer, or the end of a streamed one; returns whether the connection ends with it. */
static bool write_answer(sv_connection *connection, bool closes)
{
    if (connection->stream)
        closes |= sv_stream_finish(connection->stream, &connection->outlet);
    else
        sv_outlet_write_answer(&connection->outlet, connection->request, closes);
    connection->stream = NULL;
    report(connection->request);
    return closes;
}

/* The answered request is over, and perhaps the connection too. */
static void leave(sv_connection *connection, bool closes)
{
    sv_request *request = connection->request;
    int64_t now = request->exchange.finished_ns;
    forget_request(connection);
    release(connection, request);
    go_on(connection, now, closes);
}

/* Whether the rest of the body is not worth to be read, or cannot be read. */
static bool is_rest_unwanted(const sv_request *request)
{
    const sv_body_stream *body = request->body_stream;
    uint64_t rest = sv_parser_get_head(request->parser)->framing.content_length;
    if (body && rest)
        rest -= sv_body_stream_received(body);
    return request->awaits_continue || rest > SV_CONNECTION_SKIP_BYTES ||
           request->exchange.answer.status == 413 || (body && !sv_body_stream_is_open(body));
}

void sv_conclusion_answer(sv_connection *connection)
{
    sv_request *request = connection->request;
    bool is_read = connection->state == SV_CONNECTION_HANDLING || !sv_request_has_body(request);
    bool closes = must_close(connection, request) || (!is_read && is_rest_unwanted(request));
    closes = write_answer(connection, closes);
    if (is_read || closes) {
        leave(connection, closes);
        return;
    }
    connection->dropped_bytes = 0;
    sv_connection_enter(
        connection, SV_CONNECTION_SKIPPING,
        sv_connection_deadline(connection, sv_connection_limits(connection)->body_timeout_ms));
}

void sv_conclusion_refuse(sv_connection *connection, sv_refusal refusal)
{
    sv_request *request = connection->request;
    sv_request_read_fragment(request);
    sv_exchange_fail(&request->exchange,
                     &(sv_failure){.kind = refusal.kind, .message = sv_str_from(refusal.message)});
    leave(connection, write_answer(connection, true));
}

void sv_conclusion_end_skipping(sv_connection *connection)
{
    sv_request *request = connection->request;
    forget_request(connection);
    release(connection, request);
    go_on(connection, sv_lane_now_ns(connection->lane), false);
}

void sv_conclusion_stop_skipping(sv_connection *connection)
{
    release(connection, connection->request);
    forget_request(connection);
    sv_conclusion_linger(connection);
}

/* Forgets the exchange that a handler owns; it is reported and freed when it comes back. */
static void let_go(sv_connection *connection, sv_cancel_reason reason, int status)
{
    sv_request *request = connection->request;
    sv_cancel *cancel = sv_cancel_ref(request->exchange.cancel);
    request->connection = NULL;
    request->lost_status = status;
    request->exchange.finished_ns = sv_lane_now_ns(connection->lane);
    if (connection->stream)
        sv_stream_lose(connection->stream);
    if (request->body_stream)
        sv_body_stream_end(request->body_stream, SV_CANCELLED);
    forget_request(connection);
    sv_cancel_fire(cancel, reason); /* may give the exchange back at once */
    sv_cancel_unref(cancel);
}

void sv_conclusion_abandon(sv_connection *connection, sv_cancel_reason reason)
{
    sv_request *request = connection->request;
    if (sv_connection_is_owned(connection)) {
        let_go(connection, reason, reason == SV_CANCEL_SHUTDOWN ? 503 : 499);
        return;
    }
    if (!request)
        return;
    if (request->exchange.method.ptr && !request->is_answered) {
        request->exchange.answer.status = 499;
        request->exchange.finished_ns = sv_lane_now_ns(connection->lane);
        report(request);
    }
    forget_request(connection);
    release(connection, request);
}

void sv_conclusion_take_back(sv_message *message)
{
    sv_request *request = SV_CONTAINER_OF(message, sv_request, given_back);
    sv_connection *connection = request->connection;
    sv_stream_on_writable(&request->exchange, NULL, NULL);
    if (atomic_load(&request->is_woken)) {
        sv_loop_post(request->lane->loop, message); /* behind `wake`, which is in the request */
        return;
    }
    sv_lane_count_out(request->lane, -1);
    if (!connection) {
        request->exchange.answer.status = request->lost_status;
        report(request);
        release(NULL, request);
        return;
    }
    sv_conclusion_answer(connection);
    if (!connection->is_advancing)
        sv_connection_resume(connection);
}

/* Another exchange carries the answer, since the handler still owns the first. */
void sv_conclusion_answer_overdue(sv_connection *connection)
{
    sv_request *late = connection->request;
    sv_request *stand_in = sv_lane_take_request(connection->lane);
    if (!stand_in) {
        sv_connection_close(connection, SV_CANCEL_DEADLINE);
        return;
    }
    bool closes = must_close(connection, late) || connection->state == SV_CONNECTION_RECEIVING;
    sv_request_resemble(stand_in, late);
    sv_exchange_fail(&stand_in->exchange,
                     &(sv_failure){.kind = &sv_kind_deadline_exceeded,
                                   .message = SV_STR("The answer was not ready in time")});
    sv_outlet_write_answer(&connection->outlet, stand_in, closes);
    late->exchange.answer_bytes = stand_in->exchange.answer_bytes;
    release(connection, stand_in);
    let_go(connection, SV_CANCEL_DEADLINE, 504);
    go_on(connection, sv_lane_now_ns(connection->lane), closes);
}
