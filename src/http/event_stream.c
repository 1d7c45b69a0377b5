/* event_stream.c: events as text, and the head of their stream. What events mean is not known here.
 */
#include "http/event_stream.h"

#include <string.h>

#include "http/lane.h"
#include "http/request.h"

enum { MAX_EVENT_BYTES = 16 * 1024 * 1024 };

static void append_line(sv_buf *out, sv_str prefix, sv_str value)
{
    sv_buf_append_str(out, prefix); /* failures stay in the buffer */
    sv_buf_append_str(out, value);
    sv_buf_append_byte(out, '\n');
}

/* The text up to the first line end, which is taken off with it; false when that was the last. */
static bool split_line(sv_str *rest, sv_str *ret_line)
{
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != '\r' && rest->ptr[end] != '\n')
        end++;
    *ret_line = sv_str_slice(*rest, 0, end);
    bool has_more = end < rest->len;
    bool is_crlf = end + 1 < rest->len && rest->ptr[end] == '\r' && rest->ptr[end + 1] == '\n';
    *rest = sv_str_slice(*rest, end + has_more + is_crlf, rest->len);
    return has_more;
}

static void append_lines(sv_buf *out, sv_str prefix, sv_str text)
{
    sv_str line;
    bool has_more = text.ptr != NULL;
    while (has_more) {
        has_more = split_line(&text, &line);
        append_line(out, prefix, line);
    }
}

static bool is_one_line(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n' || text.ptr[i] == '\0')
            return false;
    return true;
}

sv_status sv_event_stream_format(sv_buf *out, const sv_event_fields *event)
{
    if (!is_one_line(event->event) || !is_one_line(event->id) || event->retry_ms < 0)
        return SV_INVALID;
    append_lines(out, SV_STR(": "), event->comment);
    if (event->event.ptr)
        append_line(out, SV_STR("event: "), event->event);
    append_lines(out, SV_STR("data: "), event->data);
    if (event->id.ptr)
        append_line(out, SV_STR("id: "), event->id);
    if (event->has_retry)
        sv_buf_printf(out, "retry: %lld\n", (long long)event->retry_ms);
    return sv_buf_append_byte(out, '\n');
}

static bool has_header(const sv_answer *answer, sv_str name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (sv_str_eq_nocase(answer->headers[i].name, name))
            return true;
    return false;
}

sv_status sv_event_stream_start(sv_exchange *exchange, int64_t heartbeat_ms)
{
    static const sv_http_header wanted[] = {
        {SV_STR_INIT("Cache-Control"), SV_STR_INIT("no-cache, no-transform")},
        {SV_STR_INIT("X-Accel-Buffering"), SV_STR_INIT("no")},
    };
    sv_answer *answer = &exchange->answer;
    sv_status status = SV_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && !status; i++)
        if (!has_header(answer, wanted[i].name))
            status = sv_exchange_add_header(exchange, wanted[i].name, wanted[i].value);
    if (status)
        return status;
    answer->content_type = SV_STR("text/event-stream; charset=utf-8");
    if (!answer->status)
        answer->status = 200;
    return sv_stream_start_beating(exchange, SV_STR(": ping\n\n"), heartbeat_ms);
}

static sv_status send_with(sv_status (*write)(sv_exchange *exchange, sv_str bytes),
                           sv_exchange *exchange, const sv_event_fields *event)
{
    sv_buf text;
    sv_buf_init(&text, MAX_EVENT_BYTES);
    sv_status status = sv_event_stream_format(&text, event);
    if (!status)
        status = write(exchange, sv_buf_str(&text));
    if (!status)
        atomic_fetch_add_explicit(&((sv_request *)exchange)->lane->n_events, 1,
                                  memory_order_relaxed);
    sv_buf_deinit(&text);
    return status;
}

sv_status sv_event_stream_send(sv_exchange *exchange, const sv_event_fields *event)
{
    return send_with(sv_stream_write, exchange, event);
}

sv_status sv_event_stream_try_send(sv_exchange *exchange, const sv_event_fields *event)
{
    return send_with(sv_stream_try_write, exchange, event);
}
