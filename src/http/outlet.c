/* outlet.c: writes answers into the lane's buffer and the buffer to the carrier. Which answer, and
 * what comes next, is the connection's affair. */
#include "http/outlet.h"

#include "http/middleware.h"

enum {
    SMALL_BODY = 16 * 1024, /* copied, so that head and body leave in one piece */
    FLUSH_BYTES = 64 * 1024 /* collected answers leave at the latest */
};

static void note_blocked(sv_outlet *outlet)
{
    int64_t timeout_ms = outlet->lane->shared->config.limits.write_timeout_ms;
    outlet->is_blocked = true;
    outlet->queued_bytes = outlet->carrier.transport->queued_bytes(outlet->carrier.self);
    outlet->stall_deadline_ns = sv_lane_now_ns(outlet->lane) + timeout_ms * SV_NS_PER_MS;
}

/* Hands over the lane's buffer and a large body behind it. */
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

void sv_outlet_forget(sv_outlet *outlet)
{
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

/* The lane's buffer, for this outlet's bytes; those of another one leave first. */
static sv_buf *claim_buffer(sv_outlet *outlet)
{
    sv_lane *lane = outlet->lane;
    if (lane->writer && lane->writer != outlet)
        sv_outlet_flush(lane->writer);
    lane->writer = outlet;
    return &lane->out;
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
        hand_over(outlet, body);
        return;
    }
    sv_buf *out = &outlet->lane->out;
    sv_buf_append_str(out, body);
    if (out->len > FLUSH_BYTES)
        hand_over(outlet, SV_STR(""));
}
