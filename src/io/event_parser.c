/* event_parser.c: lines out of pieces, fields out of lines, events out of fields.
 *
 * DESIGN. A line that lies whole in the bytes of a call is read there; else its pieces are gathered
 * behind the event's data. The value of a `data` line is then moved to the data's end, which lies
 * before it: an event never needs more room than its longest moment on the wire. The limit is
 * counted on that, and not on what happens to be in the buffer, so that it is the same however the
 * stream is cut. */
#include "io/event_parser.h"

#include <string.h>

typedef struct field {
    sv_str name, value;
} field;

void sv_event_parser_init(sv_event_parser *parser, size_t max_bytes)
{
    *parser = (sv_event_parser){0};
    sv_buf_init(&parser->buf, max_bytes);
}

void sv_event_parser_deinit(sv_event_parser *parser)
{
    sv_buf_deinit(&parser->buf);
}

static field split_line(sv_str line)
{
    size_t colon = sv_str_find(line, ':');
    field it = {sv_str_slice(line, 0, colon), sv_str_slice(line, colon + 1, line.len)};
    if (sv_str_starts_with(it.value, SV_STR(" ")))
        it.value = sv_str_slice(it.value, 1, it.value.len);
    return it;
}

/* `value` may lie in the buffer, behind the data. */
static sv_status add_data(sv_event_parser *parser, sv_str value)
{
    sv_buf *buf = &parser->buf;
    if (buf->len == parser->data_len) {
        sv_status status = sv_buf_append_str(buf, value);
        if (!status)
            status = sv_buf_append_byte(buf, '\n');
        parser->data_len = buf->len;
        return status;
    }
    char *end = buf->ptr + parser->data_len;
    if (value.len)
        memmove(end, value.ptr, value.len);
    end[value.len] = '\n'; /* there is room: the line had a name */
    parser->data_len += value.len + 1;
    return SV_OK;
}

static sv_status set_name(char *name, size_t *len, sv_str value)
{
    if (value.len > SV_EVENT_PARSER_MAX_NAME)
        return SV_TOO_LARGE;
    if (value.len)
        memcpy(name, value.ptr, value.len);
    *len = value.len;
    return SV_OK;
}

static void set_retry(sv_event_parser *parser, sv_str value)
{
    uint64_t ms;
    if (sv_str_to_u64(value, &ms) && ms <= INT64_MAX)
        parser->retry_ms = (int64_t)ms;
}

static sv_status take_field(sv_event_parser *parser, field it)
{
    if (sv_str_eq(it.name, SV_STR("data")))
        return add_data(parser, it.value);
    if (sv_str_eq(it.name, SV_STR("event")))
        return set_name(parser->type, &parser->type_len, it.value);
    if (sv_str_eq(it.name, SV_STR("id")) && sv_str_find(it.value, '\0') == it.value.len)
        return set_name(parser->id, &parser->id_len, it.value);
    if (sv_str_eq(it.name, SV_STR("retry")))
        set_retry(parser, it.value);
    return SV_OK; /* comments have no name */
}

/* False: no more for now. An event without data is none. */
static bool dispatch(sv_event_parser *parser, sv_event_parser_take *take, void *arg)
{
    sv_parsed_event event = {
        .type = {parser->type, parser->type_len},
        .id = {parser->id, parser->id_len},
        .data = sv_str_slice(sv_buf_str(&parser->buf), 0, parser->data_len - 1),
        .retry_ms = parser->retry_ms,
    };
    if (!event.type.len)
        event.type = SV_STR("message");
    bool goes_on = !parser->data_len || take(arg, &event);
    sv_buf_clear(&parser->buf);
    parser->data_len = parser->type_len = 0;
    return goes_on;
}

/* Cuts the next line, or what there is of it, off `*bytes`. True: it ends here. */
static bool cut_line(sv_event_parser *parser, sv_str *bytes, sv_str *ret_piece)
{
    size_t len = 0;
    while (len < bytes->len && bytes->ptr[len] != '\n' && bytes->ptr[len] != '\r')
        len++;
    *ret_piece = sv_str_slice(*bytes, 0, len);
    bool is_end = len < bytes->len;
    parser->skips_lf = is_end && bytes->ptr[len] == '\r';
    *bytes = sv_str_slice(*bytes, len + is_end, bytes->len);
    return is_end;
}

/* The piece with what came of the line before; in the buffer, if that is needed. */
static sv_status gather(sv_event_parser *parser, bool is_end, sv_str *line)
{
    sv_buf *buf = &parser->buf;
    if (line->len > buf->limit - buf->len)
        return SV_TOO_LARGE;
    if (is_end && buf->len == parser->data_len)
        return SV_OK;
    sv_status status = sv_buf_append_str(buf, *line);
    *line = sv_str_slice(sv_buf_str(buf), parser->data_len, buf->len);
    return status;
}

/* A line that is complete. False in `*ret_goes_on`: no more for now. */
static sv_status take_line(sv_event_parser *parser, sv_str line, sv_event_parser_take *take,
                           void *arg, bool *ret_goes_on)
{
    if (!parser->is_after_first_line && sv_str_starts_with(line, SV_STR("\xEF\xBB\xBF")))
        line = sv_str_slice(line, 3, line.len);
    parser->is_after_first_line = true;
    if (!line.len) {
        *ret_goes_on = dispatch(parser, take, arg);
        return SV_OK;
    }
    sv_status status = take_field(parser, split_line(line));
    parser->buf.len = parser->data_len;
    return status;
}

sv_status sv_event_parser_feed(sv_event_parser *parser, sv_str *bytes, sv_event_parser_take *take,
                               void *arg)
{
    bool goes_on = true;
    while (goes_on && bytes->len && !parser->status) {
        sv_str line;
        if (parser->skips_lf && bytes->ptr[0] == '\n')
            *bytes = sv_str_slice(*bytes, 1, bytes->len);
        bool is_end = cut_line(parser, bytes, &line);
        parser->status = gather(parser, is_end, &line);
        if (!parser->status && is_end)
            parser->status = take_line(parser, line, take, arg, &goes_on);
    }
    return parser->status;
}
