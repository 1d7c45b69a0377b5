/* events.c: streamed answers of a call: when they begin, what they send, how they end. Framing and
 * waiting: http/event_stream.c and http/stream.c.
 *
 * DESIGN. Nothing leaves before the first event or byte, so that a failure until then is an
 * ordinary answer. Once the answer has begun it belongs to the stream: what the handler returns
 * decides only how it ends. */
#include "web/events.h"

#include "base/buf.h"
#include "base/writer.h"
#include "http/body_stream.h"
#include "http/event_stream.h"
#include "http/message.h"
#include "http/mw_error.h"
#include "web/application.h"
#include "web/dispatch.h"
#include "web/hooks.h"
#include "json/encode.h"

static const size_t MAX_EVENT_BYTES = (size_t)16 << 20;

struct sv_events {
    sv_call *call;
    int64_t heartbeat_ms;
    sv_status failed; /* why the answer could not begin; SV_OK: it could, or was not tried yet */
};

sv_events *sv_events_open(sv_call *call)
{
    sv_events *events = sv_arena_alloc(call->arena, sizeof *events);
    if (events)
        *events = (sv_events){.call = call, .heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS};
    return events;
}

/* Status and headers, as far as they were set. */
static sv_status prepare_head(sv_call *call)
{
    if (!call->exchange || !call->operation || call->is_answered)
        return SV_UNSUPPORTED; /* not of a task, nor of middleware */
    const sv_operation *row = call->operation->row;
    if (!call->result.status)
        call->result.status = row->status ? row->status : 200;
    call->result.failure = NULL;
    sv_dispatch_fill_answer(call);
    return SV_OK;
}

sv_call *sv_events_call(const sv_events *events)
{
    return events->call;
}

int64_t sv_events_heartbeat(const sv_events *events)
{
    return events->heartbeat_ms;
}

sv_status sv_events_prepare(sv_events *events)
{
    return prepare_head(events->call);
}

static sv_status begin(sv_events *events)
{
    sv_call *call = events->call;
    if (call->is_stream || events->failed)
        return events->failed;
    sv_status status = prepare_head(call);
    if (!status)
        status = sv_event_stream_start(call->exchange, events->heartbeat_ms);
    call->is_stream = !status;
    events->failed = status;
    return status;
}

static sv_status send(sv_events *events, const sv_event_fields *fields)
{
    sv_status status = begin(events);
    if (status)
        return status;
    sv_hooks_see_piece(events->call, fields->data);
    return sv_event_stream_send(events->call->exchange, fields);
}

static sv_str absent_if_empty(sv_str text)
{
    return text.len ? text : (sv_str){0};
}

sv_status sv_events_send(sv_events *events, const sv_event *event)
{
    return send(events, &(sv_event_fields){.event = absent_if_empty(event->event),
                                           .id = absent_if_empty(event->id),
                                           .data = event->data,
                                           .retry_ms = event->retry_ms,
                                           .has_retry = event->retry_ms != 0});
}

sv_status sv_events_send_text(sv_events *events, sv_str data)
{
    return send(events, &(sv_event_fields){.data = data.ptr ? data : SV_STR("")});
}

sv_status sv_events_send_(sv_events *events, const sv_schema *schema, const void *value)
{
    sv_call *call = events->call;
    const sv_plan *plan = call->operation->event;
    sv_status status = SV_OK;
    if (!plan || plan->schema != schema)
        status = sv_application_plan(call->application, schema, &plan);
    if (status)
        return status;
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, MAX_EVENT_BYTES);
    sv_writer_init(&writer, &buf);
    status = sv_encode(plan, value, &writer, &error);
    if (!status)
        status = sv_events_send_text(events, sv_buf_str(&buf));
    else if (status == SV_INVALID)
        call->result.log_detail = sv_arena_printf(
            call->arena, "the event breaks its schema at %s: %s", error.path, error.message);
    sv_buf_deinit(&buf);
    return status;
}

void sv_events_set_heartbeat(sv_events *events, int64_t silence_ms)
{
    events->heartbeat_ms = silence_ms;
}

sv_str sv_events_last_id(const sv_events *events)
{
    return sv_request_header(events->call, "last-event-id");
}

sv_status sv_events_close(sv_events *events)
{
    return begin(events);
}

/* One event with the error object; the status has left long ago. */
static void send_failure(sv_call *call)
{
    const sv_call_result *result = &call->result;
    sv_exchange *exchange = call->exchange;
    sv_failure failure = {.kind = result->failure,
                          .message = result->message,
                          .detail_json = result->detail_json,
                          .members_json = result->members_json,
                          .param = result->param};
    exchange->answer.error_code = result->failure->code;
    exchange->answer.log_detail = result->log_detail;
    sv_str body = sv_mw_error_format(exchange, &failure);
    if (!body.ptr)
        return;
    sv_event_fields event = {.event = SV_STR("error"), .data = body};
    if (sv_event_stream_send(exchange, &event)) /* nobody reads any more */
        call->breaks_off = true;
}

void sv_events_finish(sv_call *call, sv_status status)
{
    if (!status)
        return;
    sv_dispatch_settle_failure(call, status);
    if (status == SV_CANCELLED || call->is_failure_told)
        return;
    if (call->operation->row->handler->event)
        send_failure(call);
    else
        call->breaks_off = true;
}

sv_status sv_respond_stream(sv_call *call, const char *content_type)
{
    sv_str type = sv_str_from(content_type);
    if (call->is_stream || !sv_message_is_header(SV_STR("Content-Type"), type))
        return SV_INVALID;
    call->result.content_type = type;
    sv_status status = prepare_head(call);
    if (!status)
        status = sv_stream_start(call->exchange);
    call->is_stream = !status;
    return status;
}

sv_status sv_write(sv_call *call, sv_str bytes)
{
    if (!call->is_stream)
        return SV_INVALID;
    sv_hooks_see_piece(call, bytes);
    return sv_stream_write(call->exchange, bytes);
}

/* Why there is no more, as the client should hear it. */
static const sv_error_kind *kind_of_end(sv_status status)
{
    switch (status) {
    case SV_TOO_LARGE:
        return &sv_kind_payload_too_large;
    case SV_TIMEOUT:
        return &sv_kind_request_timeout;
    case SV_INVALID:
        return &sv_kind_bad_request;
    case SV_NO_MEMORY:
        return &sv_kind_insufficient_memory;
    case SV_OK:
    case SV_FAILED:
    case SV_CANCELLED:
    case SV_NOT_FOUND:
    case SV_UNSUPPORTED:
    case SV_UNAVAILABLE:
    case SV_IO:
    case SV_DEFERRED:
        break;
    }
    return NULL;
}

sv_status sv_read(sv_call *call, void *bytes, size_t size, size_t *ret_len)
{
    if (!call->exchange || !call->operation)
        return SV_UNSUPPORTED;
    if (!size || !call->operation->row->stream_body)
        return SV_INVALID; /* the handler's mistake, not the client's */
    sv_status status = sv_body_stream_read(call->exchange, bytes, size, ret_len);
    const sv_error_kind *kind = kind_of_end(status);
    if (kind)
        sv_call_set_failure(call, kind, sv_str_from(kind->title), (sv_str){0});
    return status;
}
