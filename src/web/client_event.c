/* client_event.c: server-sent events, read as a browser reads them (WHATWG HTML, 9.2.6). */
#include "web/client_event.h"

static const size_t MAX_TEXT_BYTES = (size_t)64 << 20;

/* One event while its lines are read; spans of the text. */
typedef struct draft {
    sv_str event, id;
    sv_buf data; /* its lines, each with a LF */
    int64_t retry_ms;
} draft;

void sv_client_event_init(sv_client_event *events)
{
    *events = (sv_client_event){.last_id = SV_STR(""), .retry_ms = -1};
    sv_buf_init(&events->text, MAX_TEXT_BYTES);
}

void sv_client_event_deinit(sv_client_event *events)
{
    sv_buf_deinit(&events->text);
}

/* Lines end in LF, CR or CRLF. False when there is no whole line: after a CR at the very end, a LF
 * may still come that belongs to it. */
static bool take_line(sv_str *rest, sv_str *ret_line)
{
    size_t lf = sv_str_find(*rest, '\n'), cr = sv_str_find(*rest, '\r');
    size_t end = cr < lf ? cr : lf;
    if (end == rest->len || (end == cr && cr + 1 == rest->len))
        return false;
    size_t next = end + 1 + (end == cr && lf == cr + 1);
    *ret_line = sv_str_slice(*rest, 0, end);
    *rest = sv_str_slice(*rest, next, rest->len);
    return true;
}

static void read_field(draft *event, sv_str line)
{
    size_t colon = sv_str_find(line, ':');
    sv_str name = sv_str_slice(line, 0, colon);
    sv_str value = sv_str_slice(line, colon + (colon < line.len), line.len);
    uint64_t retry;
    if (sv_str_starts_with(value, SV_STR(" ")))
        value = sv_str_slice(value, 1, value.len);
    if (sv_str_eq(name, SV_STR("data"))) {
        sv_buf_append_str(&event->data, value);
        sv_buf_append_byte(&event->data, '\n');
    } else if (sv_str_eq(name, SV_STR("event"))) {
        event->event = value;
    } else if (sv_str_eq(name, SV_STR("id")) && sv_str_find(value, '\0') == value.len) {
        event->id = value;
    } else if (sv_str_eq(name, SV_STR("retry")) && sv_str_to_u64(value, &retry) &&
               retry <= INT64_MAX) {
        event->retry_ms = (int64_t)retry;
    }
}

/* Lines up to an empty one; false when that has not come. */
static bool read_lines(draft *event, sv_str *rest)
{
    sv_str line;
    while (take_line(rest, &line)) {
        if (!line.len)
            return true;
        read_field(event, line);
    }
    return false;
}

static sv_status dispatch(sv_client_event *events, const draft *event, sv_arena *arena,
                          sv_test_event *ret_event)
{
    sv_str data = sv_buf_str(&event->data);
    sv_str type = event->event.len ? event->event : SV_STR("message");
    if (sv_buf_status(&event->data))
        return sv_buf_status(&event->data);
    if (event->id.ptr)
        events->last_id = sv_arena_copy(arena, event->id);
    events->retry_ms = event->retry_ms;
    if (data.len)
        data.len--; /* the LF of the last line */
    sv_test_event done = {sv_arena_copy(arena, type), sv_arena_copy(arena, data), events->last_id,
                          events->retry_ms};
    if (!done.event.ptr || !done.data.ptr || !done.id.ptr)
        return SV_NO_MEMORY;
    *ret_event = done;
    return SV_OK;
}

static void skip_mark(sv_client_event *events)
{
    if (!events->has_begun && sv_str_starts_with(sv_buf_str(&events->text), SV_STR("\xef\xbb\xbf")))
        sv_buf_consume(&events->text, 3);
    events->has_begun = events->text.len > 0;
}

/* Reads one block of lines; `*ret_has_data`: it was an event, and is written. */
static sv_status next_block(sv_client_event *events, sv_arena *arena, bool *ret_has_data,
                            sv_test_event *ret_event)
{
    draft event = {.retry_ms = events->retry_ms};
    sv_buf_init(&event.data, MAX_TEXT_BYTES);
    sv_str text = sv_buf_str(&events->text), rest = text;
    sv_status status = SV_UNAVAILABLE;
    if (read_lines(&event, &rest)) {
        *ret_has_data = event.data.len > 0;
        status = dispatch(events, &event, arena, ret_event);
        sv_buf_consume(&events->text, text.len - rest.len);
    }
    sv_buf_deinit(&event.data);
    return status;
}

sv_status sv_client_event_next(sv_client_event *events, sv_arena *arena, sv_test_event *ret_event)
{
    bool has_data = false;
    sv_status status = SV_OK;
    skip_mark(events);
    while (!status && !has_data)
        status = next_block(events, arena, &has_data, ret_event);
    return status;
}
