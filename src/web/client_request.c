/* client_request.c: the head of a request: what the caller says, then the client's headers and
 * cookies, then what a request needs. Bodies of forms: client_form.c.
 *
 * Only what would not be one request any more is refused here; all else the server is to judge. */
#include "web/client_request.h"

#include <string.h>

#include "http/message.h"

static const size_t MAX_HEAD_BYTES = (size_t)16 << 20;

bool sv_client_request_has_header(const char *headers, sv_str name)
{
    sv_str rest = sv_str_from(headers), line;
    while (sv_str_split(&rest, '\n', &line))
        if (sv_str_eq_nocase(sv_str_slice(line, 0, sv_str_find(line, ':')), name))
            return true;
    return false;
}

static const char *find_mistake(const sv_client_request *request)
{
    const char *headers = request->headers ? request->headers : "";
    size_t len = strlen(headers);
    if (!request->method || strpbrk(request->method, "\r\n"))
        return "a method has no line ends";
    if (!request->path || strpbrk(request->path, "\r\n"))
        return "a path has no line ends";
    if (len && (len < 2 || strcmp(headers + len - 2, "\r\n") != 0))
        return "headers are lines of \"Name: value\\r\\n\"";
    if (strncmp(headers, "\r\n", 2) == 0 || strstr(headers, "\r\n\r\n"))
        return "headers have no empty line";
    return NULL;
}

static void write_header(sv_buf *out, sv_str name, sv_str value)
{
    sv_buf_append_str(out, name);
    sv_buf_append_str(out, SV_STR(": "));
    sv_buf_append_str(out, value);
    sv_buf_append_str(out, SV_STR("\r\n"));
}

static bool is_said(const sv_client *client, const sv_client_request *request, const char *name)
{
    for (size_t i = 0; i < client->n_headers; i++)
        if (sv_str_eq_nocase(client->headers[i].name, sv_str_from(name)))
            return true;
    return sv_client_request_has_header(request->headers, sv_str_from(name));
}

static void write_framing(const sv_client *client, const sv_client_request *request, sv_buf *out)
{
    if (is_said(client, request, "Content-Length") || is_said(client, request, "Transfer-Encoding"))
        return;
    if (request->is_upload)
        write_header(out, SV_STR("Transfer-Encoding"), SV_STR("chunked"));
    else
        sv_buf_printf(out, "Content-Length: %zu\r\n", request->body.len);
}

static void write_cookies(const sv_client *client, const sv_client_request *request, sv_buf *out)
{
    sv_buf value;
    sv_buf_init(&value, MAX_HEAD_BYTES);
    int64_t now_s = sv_clock_wall_ns(&client->clock.clock) / SV_NS_PER_S;
    if (!is_said(client, request, "Cookie"))
        sv_client_jar_write(&client->jar, sv_str_from(request->path), now_s, &value);
    if (value.len)
        write_header(out, SV_STR("Cookie"), sv_buf_str(&value));
    if (sv_buf_status(&value))
        out->status = sv_buf_status(&value);
    sv_buf_deinit(&value);
}

static void write_head(const sv_client *client, const sv_client_request *request, sv_buf *out)
{
    sv_buf_printf(out, "%s %s HTTP/1.1\r\n", request->method, request->path);
    if (!is_said(client, request, "Host"))
        write_header(out, SV_STR("Host"), SV_STR("localhost"));
    if (!is_said(client, request, "Connection"))
        write_header(out, SV_STR("Connection"), SV_STR("close"));
    write_framing(client, request, out);
    write_cookies(client, request, out);
    for (size_t i = 0; i < client->n_headers; i++)
        if (!sv_client_request_has_header(request->headers, client->headers[i].name))
            write_header(out, client->headers[i].name, client->headers[i].value);
    sv_buf_append_str(out, sv_str_from(request->headers));
    sv_buf_append_str(out, SV_STR("\r\n"));
}

sv_status sv_client_request_write_head(sv_client *client, const sv_client_request *request,
                                       const char **ret_why, sv_str *ret_head)
{
    const char *why = client->mistake ? client->mistake : find_mistake(request);
    client->mistake = NULL;
    if (why) {
        *ret_why = why;
        return SV_INVALID;
    }
    sv_buf out;
    sv_buf_init(&out, MAX_HEAD_BYTES);
    write_head(client, request, &out);
    sv_str head =
        sv_buf_status(&out) ? (sv_str){0} : sv_arena_copy(client->arena, sv_buf_str(&out));
    sv_buf_deinit(&out);
    if (!head.ptr)
        return SV_NO_MEMORY;
    *ret_head = head;
    return SV_OK;
}

static bool remove_header(sv_client *client, sv_str name)
{
    size_t n = 0;
    for (size_t i = 0; i < client->n_headers; i++)
        if (!sv_str_eq_nocase(client->headers[i].name, name))
            client->headers[n++] = client->headers[i];
    client->n_headers = n;
    return n < SV_CLIENT_MAX_HEADERS;
}

void sv_test_set_header(sv_client *client, const char *name, const char *value)
{
    if (!client)
        return;
    bool has_room = remove_header(client, sv_str_from(name));
    if (!value)
        return;
    if (!has_room)
        client->mistake = "a client has at most 32 headers";
    else if (!sv_message_is_header(sv_str_from(name), sv_str_from(value)))
        client->mistake = "sv_test_set_header: that is no header";
    if (client->mistake)
        return;
    sv_reply_header header = {sv_arena_copy(client->arena, sv_str_from(name)),
                              sv_arena_copy(client->arena, sv_str_from(value))};
    if (header.name.ptr && header.value.ptr)
        client->headers[client->n_headers++] = header;
    else
        client->mistake = "out of memory";
}
