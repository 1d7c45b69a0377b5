/* reception.c: how requests come in: from bytes over the parser's events and the gate to the
 * route's handler. How they end is conclusion.c. */
#include "http/connection_parts.h"
#include "http/gate.h"

static void say_continue(sv_connection *connection)
{
    sv_outlet_write(&connection->outlet, SV_STR("HTTP/1.1 100 Continue\r\n\r\n"));
    connection->request->awaits_continue = false;
}

/* A client that waits for a word before it sends its body gets it when the owner begins to read,
 * unless the answer has begun. */
static void invite_body(sv_connection *connection)
{
    sv_request *request = connection->request;
    if (request->awaits_continue && !connection->stream && request->body_stream &&
        sv_body_stream_is_wanted(request->body_stream))
        say_continue(connection);
}

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
    if (connection)
        invite_body(connection);
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

void sv_reception_move_deadline(sv_connection *connection)
{
    const sv_request *request = connection->request;
    int64_t answer_ns = connection->stream ? SV_NEVER : request->exchange.deadline_ns;
    int64_t body_ns = SV_NEVER;
    if (connection->state == SV_CONNECTION_RECEIVING)
        body_ns = sv_body_stream_deadline(request->body_stream);
    connection->deadline_ns = sv_connection_earlier(answer_ns, body_ns);
}

static int64_t body_deadline(const sv_connection *connection)
{
    return sv_connection_deadline(connection, sv_connection_limits(connection)->body_timeout_ms);
}

static const sv_refusal no_memory = {&sv_kind_insufficient_memory,
                                     "There is no memory for this request now"};

/* A full buffer is the owner's fault: the client gets its time anew. */
void sv_reception_time_out(sv_connection *connection)
{
    sv_request *request = connection->request;
    sv_body_stream *body = request->body_stream;
    int64_t now = sv_lane_now_ns(connection->lane);
    if (!connection->stream && now >= request->exchange.deadline_ns) {
        sv_conclusion_answer_overdue(connection);
        return;
    }
    if (sv_body_stream_room(body))
        sv_body_stream_end(body, SV_TIMEOUT);
    else
        sv_body_stream_set_deadline(body, body_deadline(connection));
    sv_reception_move_deadline(connection);
}

/* The handler gets the exchange before its body. */
static void hand_over_early(sv_connection *connection)
{
    sv_request *request = connection->request;
    request->body_stream = sv_body_stream_new(request);
    if (!request->body_stream) {
        sv_conclusion_refuse(connection, no_memory);
        return;
    }
    sv_body_stream_set_deadline(request->body_stream, body_deadline(connection));
    sv_lane_count_out(request->lane, 1);
    sv_connection_enter(connection, SV_CONNECTION_RECEIVING, SV_NEVER);
    sv_reception_move_deadline(connection);
    request->exchange.route->handle(&request->exchange);
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
    if (sv_request_has_body(request) && request->exchange.route->policy.stream_body) {
        hand_over_early(connection);
        return;
    }
    if (request->awaits_continue && !has_more_input)
        say_continue(connection);
    request->awaits_continue = false;
    if (sv_request_has_body(request))
        connection->deadline_ns =
            sv_connection_earlier(body_deadline(connection), request->exchange.deadline_ns);
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
    if (connection->state == SV_CONNECTION_RECEIVING) {
        request->awaits_continue = false;
        sv_body_stream_append(request->body_stream, piece);
        return;
    }
    sv_status status = sv_request_append_body(request, piece);
    if (status == SV_TOO_LARGE)
        sv_conclusion_refuse(connection, (sv_refusal){&sv_kind_payload_too_large,
                                                      "The body is larger than this path takes"});
    else if (status)
        sv_conclusion_refuse(connection, no_memory);
}

static void on_complete(sv_connection *connection)
{
    sv_request *request = connection->request;
    if (connection->state == SV_CONNECTION_SKIPPING) {
        sv_conclusion_end_skipping(connection);
        return;
    }
    if (connection->state == SV_CONNECTION_RECEIVING) {
        sv_body_stream_end(request->body_stream, SV_OK);
        sv_connection_enter(connection, SV_CONNECTION_HANDLING, SV_NEVER);
        sv_reception_move_deadline(connection);
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
    else if (connection->state == SV_CONNECTION_RECEIVING)
        sv_body_stream_end(connection->request->body_stream, SV_INVALID);
    else
        sv_conclusion_refuse(connection, sv_parser_get_refusal(connection->request->parser));
}

/* How many bytes may be parsed now. */
static size_t count_parsable(const sv_connection *connection)
{
    if (connection->outlet.is_broken)
        return 0;
    switch (connection->state) {
    case SV_CONNECTION_IDLE:
    case SV_CONNECTION_READING:
    case SV_CONNECTION_SKIPPING:
        return connection->outlet.is_blocked ? 0 : SIZE_MAX;
    case SV_CONNECTION_RECEIVING:
        return sv_body_stream_room(connection->request->body_stream);
    case SV_CONNECTION_HANDLING:
    case SV_CONNECTION_LINGERING:
    case SV_CONNECTION_CLOSED:
        break;
    }
    return 0;
}

/* Reads on to the next event in at most `max_bytes`; false when there is nothing more to read. */
static bool take_event(sv_connection *connection, sv_str *input, size_t max_bytes)
{
    sv_str piece, rest = sv_str_slice(*input, max_bytes, input->len);
    if (!connection->request && (!input->len || !sv_reception_begin(connection)))
        return false;
    *input = sv_str_slice(*input, 0, max_bytes);
    sv_parser_event event = sv_parser_next(connection->request->parser, input, &piece);
    input->len += rest.len;
    switch (event) {
    case SV_PARSER_MORE:
        return input->len > 0;
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
    size_t max_bytes;
    connection->is_advancing = true;
    while ((max_bytes = count_parsable(connection)) && take_event(connection, input, max_bytes))
        ;
    connection->is_advancing = false;
}
