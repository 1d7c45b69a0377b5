/* reception.c: how requests come in: from bytes over the parser's events and the gate to the
 * route's handler. How they end is conclusion.c. */
#include "http/connection_parts.h"
#include "http/gate.h"

/* The owner of the exchange has news. */
static void serve_owner(sv_message *message)
{
    sv_request *request = SV_CONTAINER_OF(message, sv_request, wake);
    sv_connection *connection = request->connection;
    atomic_store(&request->is_woken, false); /* before anything is looked at: nothing is missed */
    sv_stream *stream = atomic_load(&request->stream);
    if (connection && stream)
        sv_conclusion_begin_stream(connection);
    else if (stream)
        sv_stream_lose(stream);
    if (connection && !connection->is_advancing)
        sv_connection_resume(connection);
    if (stream)
        sv_stream_call_back(stream);
}

bool sv_reception_begin(sv_connection *connection)
{
    sv_request *request = sv_lane_take_request(connection->lane);
    if (!request) {
        connection->outlet.is_broken = true; /* no memory even for a refusal */
        return false;
    }
    const sv_http_limits *limits = sv_connection_limits(connection);
    const sv_carrier *carrier = &connection->outlet.carrier;
    request->connection = connection;
    request->exchange.started_ns = sv_lane_now_ns(connection->lane);
    sv_request_set_peer(request, sv_str_from(carrier->peer), carrier->peer_port);
    request->given_back.run = sv_conclusion_take_back;
    request->wake.run = serve_owner;
    connection->request = request;
    int64_t time_ms = sv_connection_earlier(limits->header_timeout_ms, limits->request_timeout_ms);
    sv_connection_enter(connection, SV_CONNECTION_READING,
                        request->exchange.started_ns + time_ms * SV_NS_PER_MS);
    return true;
}

static void on_head(sv_connection *connection, bool has_more_input)
{
    sv_request *request = connection->request;
    sv_refusal refusal = sv_request_read_head(request);
    if (refusal.kind) {
        sv_conclusion_refuse(connection, refusal);
        return;
    }
    if (!sv_gate_admit(request, &connection->lane->shared->config)) {
        sv_conclusion_answer(connection);
        return;
    }
    if (request->awaits_continue && !has_more_input)
        sv_outlet_write(&connection->outlet, SV_STR("HTTP/1.1 100 Continue\r\n\r\n"));
    request->awaits_continue = false;
    int64_t body_ms = sv_connection_limits(connection)->body_timeout_ms;
    if (sv_request_has_body(request))
        connection->deadline_ns = sv_connection_earlier(sv_connection_deadline(connection, body_ms),
                                                        request->exchange.deadline_ns);
}

static void on_body(sv_connection *connection, sv_str piece)
{
    sv_request *request = connection->request;
    if (connection->state == SV_CONNECTION_SKIPPING) {
        connection->dropped_bytes += piece.len;
        if (connection->dropped_bytes > SV_CONNECTION_SKIP_BYTES)
            sv_conclusion_stop_skipping(connection);
        return;
    }
    sv_status status = sv_request_append_body(request, piece);
    if (status == SV_TOO_LARGE)
        sv_conclusion_refuse(connection, (sv_refusal){&sv_kind_payload_too_large,
                                                      "The body is larger than this path takes"});
    else if (status)
        sv_conclusion_refuse(connection, (sv_refusal){&sv_kind_insufficient_memory,
                                                      "There is no memory for this request now"});
}

static void on_complete(sv_connection *connection)
{
    sv_request *request = connection->request;
    if (connection->state == SV_CONNECTION_SKIPPING) {
        sv_conclusion_end_skipping(connection);
        return;
    }
    request->exchange.body = sv_buf_str(&request->body);
    sv_lane_count_out(request->lane, 1);
    sv_connection_enter(connection, SV_CONNECTION_HANDLING, request->exchange.deadline_ns);
    request->exchange.route->handle(&request->exchange);
}

/* Nothing behind may be read; after an early answer there is nothing more to say. */
static void on_refused(sv_connection *connection)
{
    if (connection->state == SV_CONNECTION_SKIPPING)
        sv_conclusion_stop_skipping(connection);
    else
        sv_conclusion_refuse(connection, sv_parser_get_refusal(connection->request->parser));
}

static bool can_parse(const sv_connection *connection)
{
    return !connection->outlet.is_blocked && !connection->outlet.is_broken &&
           (connection->state == SV_CONNECTION_IDLE || connection->state == SV_CONNECTION_READING ||
            connection->state == SV_CONNECTION_SKIPPING);
}

/* Reads on to the next event; false when there is nothing more to read now. */
static bool take_event(sv_connection *connection, sv_str *input)
{
    sv_str piece;
    if (!connection->request && (!input->len || !sv_reception_begin(connection)))
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

void sv_reception_advance(sv_connection *connection, sv_str *input)
{
    connection->is_advancing = true;
    while (can_parse(connection) && take_event(connection, input))
        ;
    connection->is_advancing = false;
}
