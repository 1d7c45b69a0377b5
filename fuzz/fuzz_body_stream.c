/* fuzz_body_stream.c: any bytes as a chunked body, once for a route that gets its body whole and
 * once for one that reads it while it comes. The first byte says how the bytes are cut, the second
 * how much is read at a time. What one gets, the other gets too; where one is refused, the other is
 * told so. */
#include <stdlib.h>
#include <string.h>

#include "http/body_stream.h"
#include "http/loopback.h"
#include "http/server.h"

enum { MAX_BODY = 100 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct upload {
    sv_exchange *exchange; /* of the reading route, until it is answered */
    sv_buf body;
    bool is_complete, is_broken;
} upload;

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void take_whole(sv_exchange *exchange)
{
    upload *to = exchange->route->data;
    to->is_complete = true;
    demand(sv_buf_append_str(&to->body, exchange->body) == SV_OK);
    exchange->answer.status = 200;
    sv_exchange_respond(exchange);
}

static void take_pieces(sv_exchange *exchange)
{
    ((upload *)exchange->route->data)->exchange = exchange;
}

/* Reads what is there. */
static void read_on(upload *to, size_t size)
{
    char bytes[256];
    size_t len = 1;
    sv_status status = SV_OK;
    while (to->exchange && !status && len) {
        status = sv_body_stream_read(to->exchange, bytes, size, &len);
        if (!status)
            demand(sv_buf_append(&to->body, bytes, len) == SV_OK);
    }
    if (!to->exchange || status == SV_UNAVAILABLE)
        return;
    to->is_complete = !status;
    to->is_broken = status == SV_INVALID || status == SV_TOO_LARGE;
    demand(to->is_complete || to->is_broken || status == SV_CANCELLED);
    sv_exchange *exchange = to->exchange;
    to->exchange = NULL;
    exchange->answer.status = status ? 400 : 200;
    sv_exchange_respond(exchange);
}

static void send_body(sv_server *server, sv_loop *loop, upload *to, const char *path, sv_str cuts)
{
    sv_str bytes = sv_str_slice(cuts, 2, cuts.len);
    size_t step = 1 + (uint8_t)cuts.ptr[0], size = 1 + (uint8_t)cuts.ptr[1];
    sv_loopback *client = sv_loopback_new(server, loop);
    demand(client);
    sv_loopback_send(client, SV_STR("POST "));
    sv_loopback_send(client, sv_str_from(path));
    sv_loopback_send(client, SV_STR(" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (size_t at = 0; at < bytes.len; at += step) {
        sv_loopback_send(client, sv_str_slice(bytes, at, step));
        sv_loop_step(loop, 0);
        read_on(to, size);
    }
    sv_loopback_send_eof(client);
    read_on(to, size);
    sv_loopback_free(client);
    read_on(to, size);
    demand(!to->exchange);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    upload whole = {0}, pieces = {0};
    if (size < 2)
        return 0;
    sv_buf_init(&whole.body, MAX_BODY);
    sv_buf_init(&pieces.body, MAX_BODY);
    const sv_policy plain = {.max_body_bytes = 1000};
    const sv_policy streamed = {.max_body_bytes = 1000, .stream_body = true};
    const sv_route routes[] = {
        {"POST", "/whole", plain, take_whole, &whole},
        {"POST", "/pieces", streamed, take_pieces, &pieces},
    };
    sv_router *router = sv_router_new();
    demand(router && sv_router_add(router, &routes[0], NULL) == SV_OK &&
           sv_router_add(router, &routes[1], NULL) == SV_OK);
    sv_server_config config = {.router = router, .limits = sv_http_limits_default};
    sv_server *server = NULL;
    sv_loop *loop = NULL;
    demand(sv_loop_new(NULL, &loop) == SV_OK && sv_server_new(&config, &server) == SV_OK);
    sv_str cuts = {(const char *)data, size};
    send_body(server, loop, &whole, "/whole", cuts);
    send_body(server, loop, &pieces, "/pieces", cuts);
    demand(whole.is_complete == pieces.is_complete);
    demand(!whole.is_complete || sv_str_eq(sv_buf_str(&whole.body), sv_buf_str(&pieces.body)));
    sv_server_free(server);
    sv_loop_free(loop);
    sv_router_free(router);
    sv_buf_deinit(&whole.body);
    sv_buf_deinit(&pieces.body);
    return 0;
}
