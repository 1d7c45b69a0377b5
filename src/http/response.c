/* response.c: writes the head of an answer. Bodies, streamed or not, are written elsewhere. */
#include "http/response.h"

#include <string.h>

bool sv_response_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void append(sv_buf *out, sv_str text)
{
    sv_buf_append_str(out, text); /* failures stay in the buffer */
}

static void append_field(sv_buf *out, sv_str name, sv_str value)
{
    append(out, name);
    append(out, SV_STR(": "));
    append(out, value);
    append(out, SV_STR("\r\n"));
}

static sv_str format_number(size_t number, char text[24])
{
    char *at = text + 24;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    return (sv_str){at, (size_t)(text + 24 - at)};
}

static void write_status_line(sv_buf *out, int status)
{
    char digits[24];
    append(out, SV_STR("HTTP/1.1 "));
    append(out, format_number((size_t)status, digits));
    append(out, SV_STR(" "));
    append(out, sv_str_from(sv_http_phrase(status)));
    append(out, SV_STR("\r\nServer: serval\r\nX-Content-Type-Options: nosniff\r\n"));
}

static void write_length(sv_buf *out, const sv_answer *answer, sv_response_length length)
{
    char digits[24];
    if (!sv_response_has_body(answer->status))
        return;
    switch (length) {
    case SV_RESPONSE_KNOWN:
        append_field(out, SV_STR("Content-Length"),
                     format_number(answer->body.len + answer->absent_bytes, digits));
        break;
    case SV_RESPONSE_CHUNKED:
        append(out, SV_STR("Transfer-Encoding: chunked\r\n"));
        break;
    case SV_RESPONSE_UNTIL_CLOSE:
        break;
    }
}

/* Fields that belong to the connection: a handler that sets them would break the framing. It may
 * ask that keep-alive is said. */
static bool is_reserved(sv_str name)
{
    static const char *const reserved[] = {"connection", "content-length", "transfer-encoding",
                                           "date",       "server",         "keep-alive"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (sv_str_eq_nocase(name, sv_str_from(reserved[i])))
            return true;
    return false;
}

static void write_extra(sv_buf *out, const sv_answer *answer)
{
    bool says_retry = false;
    for (size_t i = 0; i < answer->n_headers; i++) {
        const sv_http_header *header = &answer->headers[i];
        says_retry |= sv_str_eq_nocase(header->name, SV_STR("retry-after"));
        if (!is_reserved(header->name))
            append_field(out, header->name, header->value);
    }
    if (!says_retry && (answer->status == 429 || answer->status == 503))
        append(out, SV_STR("Retry-After: 1\r\n"));
}

static bool asks_for_keep_alive(const sv_answer *answer)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (sv_str_eq_nocase(answer->headers[i].name, SV_STR("connection")))
            return sv_str_eq_nocase(answer->headers[i].value, SV_STR("keep-alive"));
    return false;
}

void sv_response_write_head(sv_buf *out, const sv_exchange *exchange,
                            const sv_response_frame *frame)
{
    const sv_answer *answer = &exchange->answer;
    write_status_line(out, answer->status);
    append_field(out, SV_STR("Date"), frame->date);
    if (answer->content_type.len && sv_response_has_body(answer->status))
        append_field(out, SV_STR("Content-Type"), answer->content_type);
    write_length(out, answer, frame->length);
    if (exchange->request_id.len)
        append_field(out, SV_STR("X-Request-ID"), exchange->request_id);
    write_extra(out, answer);
    if (frame->closes)
        append(out, SV_STR("Connection: close\r\n"));
    else if (frame->says_keep_alive || asks_for_keep_alive(answer))
        append(out, SV_STR("Connection: keep-alive\r\n"));
    append(out, SV_STR("\r\n"));
}
