/* outlet.c: writes answers into the lane's buffer and the buffer to the carrier. Which answer, and
 * what comes next, is the connection's affair.
 *
 * DESIGN. A carrier copies what it cannot send at once. So a large body goes to it in pieces, each
 * when the one before has left: a slow client costs one copy of a piece, not of the whole. */
#include "http/outlet.h"

#include "http/middleware.h"

enum {
    SMALL_BODY = 16 * 1024,  /* copied, so that head and body leave in one piece */
    FLUSH_BYTES = 64 * 1024, /* collected answers leave at the latest */
    PIECE_BYTES = 512 * 1024 /* of a large body, handed over at once */
};

static void note_blocked(sv_outlet *outlet)
{
    int64_t timeout_ms = outlet->lane->shared->config.limits.write_timeout_ms;
    outlet->is_blocked = true;
    outlet->queued_bytes = outlet->carrier.transport->queued_bytes(outlet->carrier.self);
    outlet->stall_deadline_ns = sv_lane_now_ns(outlet->lane) + timeout_ms * SV_NS_PER_MS;
}

/* Hands over the lane's buffer and a piece of a body behind it. */
static void hand_over(sv_outlet *outlet, sv_str body)
{
    sv_lane *lane = outlet->lane;
    sv_slice slices[2] = {{lane->out.ptr, lane->out.len}, {body.ptr, body.len}};
    sv_status status = sv_buf_status(&lane->out);
    if (!status)
        status = outlet->carrier.transport->write(outlet->carrier.self, slices, body.len ? 2 : 1);
    sv_buf_clear(&lane->out);
    lane->writer = NULL;
    if (status == SV_UNAVAILABLE)
        note_blocked(outlet);
    else if (status)
        outlet->is_broken = true;
}

void sv_outlet_flush(sv_outlet *outlet)
{
    if (outlet->lane->writer == outlet)
        hand_over(outlet, SV_STR(""));
}

/* The lane's buffer, for this outlet's bytes; those of another one leave first. */
static sv_buf *claim_buffer(sv_outlet *outlet)
{
    sv_lane *lane = outlet->lane;
    if (lane->writer && lane->writer != outlet)
        sv_outlet_flush(lane->writer);
    lane->writer = outlet;
    return &lane->out;
}

static void let_go(sv_outlet *outlet)
{
    sv_request *request = outlet->held;
    outlet->rest = (sv_str){0};
    outlet->held = NULL;
    if (request && !request->connection) /* else the connection has not done with it */
        sv_lane_put_request(outlet->lane, request);
}

/* Hands over a large body until it is gone or the carrier is full. */
static void hand_over_pieces(sv_outlet *outlet, sv_str body)
{
    while (body.len && !outlet->is_blocked && !outlet->is_broken) {
        claim_buffer(outlet);
        hand_over(outlet, sv_str_slice(body, 0, PIECE_BYTES));
        body = sv_str_slice(body, PIECE_BYTES, body.len);
    }
    outlet->rest = outlet->is_broken ? (sv_str){0} : body;
}

void sv_outlet_go_on(sv_outlet *outlet)
{
    outlet->is_blocked = false;
    hand_over_pieces(outlet, outlet->rest);
    if (!outlet->rest.len)
        let_go(outlet);
}

void sv_outlet_forget(sv_outlet *outlet)
{
    let_go(outlet);
    if (outlet->lane->writer != outlet)
        return;
    sv_buf_clear(&outlet->lane->out);
    outlet->lane->writer = NULL;
}

bool sv_outlet_has_moved(sv_outlet *outlet)
{
    if (outlet->carrier.transport->queued_bytes(outlet->carrier.self) >= outlet->queued_bytes)
        return false;
    note_blocked(outlet);
    return true;
}

void sv_outlet_write(sv_outlet *outlet, sv_str bytes)
{
    sv_buf_append_str(claim_buffer(outlet), bytes); /* failures stay in the buffer */
}

static void complete_answer(sv_outlet *outlet, sv_exchange *exchange)
{
    int status = exchange->answer.status;
    if (status < 200 || status > 599)
        sv_exchange_fail(exchange, &(sv_failure){.kind = &sv_kind_internal_error,
                                                 .message = SV_STR("The handler gave no answer")});
    sv_middleware_after(&outlet->lane->shared->config, exchange);
}

void sv_outlet_write_head(sv_outlet *outlet, sv_request *request, sv_response_frame frame)
{
    sv_exchange *exchange = &request->exchange;
    complete_answer(outlet, exchange);
    exchange->finished_ns = sv_lane_now_ns(outlet->lane);
    frame.date = sv_lane_date(outlet->lane, exchange->finished_ns);
    frame.says_keep_alive = !frame.closes && !exchange->http_minor;
    sv_buf *out = claim_buffer(outlet);
    size_t before = out->len;
    sv_response_write_head(out, exchange, &frame);
    exchange->answer_bytes = out->len - before;
}

void sv_outlet_write_answer(sv_outlet *outlet, sv_request *request, bool closes)
{
    sv_exchange *exchange = &request->exchange;
    sv_outlet_write_head(outlet, request, (sv_response_frame){.closes = closes});
    sv_str body = exchange->answer.body;
    if (request->is_head_method || !sv_response_has_body(exchange->answer.status))
        body.len = 0;
    exchange->answer_bytes += body.len;
    if (body.len > SMALL_BODY) {
        hand_over_pieces(outlet, body);
        outlet->held = outlet->rest.len ? request : NULL;
        return;
    }
    sv_buf *out = &outlet->lane->out;
    sv_buf_append_str(out, body);
    if (out->len > FLUSH_BYTES)
        hand_over(outlet, SV_STR(""));
}
