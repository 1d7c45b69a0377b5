/* request.c: from a parsed head and body pieces to an exchange. Knows neither routes nor
 * connections. */
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

#include "http/body_stream.h"
#include "http/host.h"
#include "http/message.h"
#include "http/mw_request_id.h"
#include "http/stream.h"
#include "http/target.h"

enum { KEPT_BODY_BYTES = 16 * 1024, FIRST_BODY_BYTES = 64 * 1024 };

sv_request *sv_request_new(sv_lane *lane)
{
    sv_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->lane = lane;
    request->parser = sv_parser_new();
    request->exchange.arena = sv_arena_new(0);
    if (!request->parser || !request->exchange.arena) {
        sv_request_free(request);
        return NULL;
    }
    return request;
}

static void forget_streams(sv_request *request)
{
    sv_stream_free(atomic_load(&request->stream));
    atomic_store(&request->stream, NULL);
    sv_body_stream_free(request->body_stream);
    request->body_stream = NULL;
}

void sv_request_free(sv_request *request)
{
    if (!request)
        return;
    forget_streams(request);
    sv_arena_free(request->exchange.arena);
    sv_cancel_unref(request->exchange.cancel);
    sv_parser_free(request->parser);
    sv_buf_deinit(&request->body);
    free(request);
}

sv_status sv_request_start(sv_request *request, const sv_server_config *config)
{
    sv_exchange *exchange = &request->exchange;
    sv_arena *arena = exchange->arena;
    sv_cancel *cancel = exchange->cancel ? exchange->cancel : sv_cancel_new();
    if (!cancel)
        return SV_NO_MEMORY;
    memset(exchange, 0, sizeof *exchange);
    exchange->arena = arena;
    exchange->cancel = cancel;
    exchange->body = SV_STR("");
    exchange->speaks_dialects = config->speaks_dialects;
    request->connection = NULL;
    request->route_path = SV_STR("");
    request->max_body_bytes = config->limits.max_body_bytes;
    request->lost_status = 0;
    request->keep_alive = request->is_head_method = false;
    request->awaits_continue = request->is_answered = false;
    sv_parser_start(request->parser, arena,
                    (sv_parser_limits){config->limits.max_url_bytes,
                                       config->limits.max_header_bytes,
                                       config->limits.max_headers});
    return SV_OK;
}

void sv_request_forget(sv_request *request)
{
    sv_exchange *exchange = &request->exchange;
    forget_streams(request);
    sv_arena_reset(exchange->arena);
    sv_arena_set_limit(exchange->arena, 0);
    if (!sv_cancel_is_fresh(exchange->cancel)) {
        sv_cancel_unref(exchange->cancel);
        exchange->cancel = NULL;
    }
    if (request->body.capacity > KEPT_BODY_BYTES)
        sv_buf_deinit(&request->body);
    sv_buf_clear(&request->body);
}

void sv_request_wake(sv_request *request)
{
    if (!atomic_exchange(&request->is_woken, true))
        sv_loop_post(request->lane->loop, &request->wake);
}

void sv_request_set_peer(sv_request *request, sv_str address, int port)
{
    sv_exchange *exchange = &request->exchange;
    sv_str shown = sv_str_slice(address, 0, sizeof request->peer);
    if (shown.len)
        memcpy(request->peer, shown.ptr, shown.len);
    exchange->client = exchange->peer = (sv_str){request->peer, shown.len};
    exchange->client_port = port;
    exchange->scheme = SV_STR("http");
}

/* Several Connection fields are one list. */
static bool connection_has(const sv_exchange *exchange, sv_str option)
{
    for (size_t i = 0; i < exchange->n_headers; i++)
        if (sv_str_eq_nocase(exchange->headers[i].name, SV_STR("connection")) &&
            sv_message_list_has(exchange->headers[i].value, option))
            return true;
    return false;
}

void sv_request_read_fragment(sv_request *request)
{
    sv_exchange *exchange = &request->exchange;
    const sv_parser_head *head = sv_parser_get_head(request->parser);
    if (exchange->method.ptr)
        return;
    exchange->headers = head->headers;
    exchange->n_headers = head->n_headers;
    if (sv_parser_has_line(request->parser)) {
        sv_str target = head->line.target;
        exchange->method = head->line.method;
        exchange->target = target;
        exchange->raw_path = exchange->path = sv_str_slice(target, 0, sv_str_find(target, '?'));
        exchange->http_minor = head->line.minor;
    }
    request->is_head_method = sv_str_eq(exchange->method, SV_STR("HEAD"));
    sv_mw_request_id_assign(exchange);
}

/* The client behind trusted proxies, if they name one. */
static void find_client(sv_request *request)
{
    sv_exchange *exchange = &request->exchange;
    const sv_forwarded_trust *trust = request->lane->shared->config.trusted_proxies;
    if (!trust)
        return;
    request->origin =
        sv_forwarded_find(trust, exchange->peer, exchange->headers, exchange->n_headers);
    if (request->origin.client[0]) {
        exchange->client = sv_str_from(request->origin.client);
        exchange->client_port = 0;
    }
    if (request->origin.scheme.ptr)
        exchange->scheme = request->origin.scheme;
}

static sv_refusal read_target(sv_request *request, sv_str *ret_authority)
{
    sv_exchange *exchange = &request->exchange;
    if (sv_str_eq(exchange->method, SV_STR("CONNECT")))
        return (sv_refusal){&sv_kind_not_implemented, "This server is no proxy"};
    sv_target target;
    sv_refusal refusal = sv_target_read(exchange->arena, exchange->target, &target);
    if (refusal.kind)
        return refusal;
    if (target.is_asterisk && !sv_str_eq(exchange->method, SV_STR("OPTIONS")))
        return (sv_refusal){&sv_kind_bad_request, "Only OPTIONS can ask for *"};
    exchange->raw_path = target.raw_path;
    request->route_path = target.path;
    exchange->path = sv_target_show_path(exchange->arena, target.path);
    exchange->query = target.query;
    *ret_authority = target.authority;
    return refusal;
}

sv_refusal sv_request_read_head(sv_request *request)
{
    sv_exchange *exchange = &request->exchange;
    sv_parser_head *head = sv_parser_get_head(request->parser);
    sv_request_read_fragment(request);
    exchange->query = SV_STR("");
    find_client(request);
    sv_str authority = {0};
    sv_refusal refusal = read_target(request, &authority);
    if (refusal.kind)
        return refusal;
    bool is_10 = exchange->http_minor == 0;
    request->keep_alive = !connection_has(exchange, SV_STR("close")) &&
                          (!is_10 || connection_has(exchange, SV_STR("keep-alive")));
    return sv_host_check(head->headers, head->n_headers, exchange->http_minor, authority,
                         request->lane->shared->config.allowed_hosts);
}

void sv_request_resemble(sv_request *request, const sv_request *other)
{
    sv_exchange *exchange = &request->exchange;
    const sv_exchange *model = &other->exchange;
    exchange->method = model->method;
    exchange->target = model->target;
    exchange->raw_path = model->raw_path;
    exchange->path = model->path;
    exchange->query = model->query;
    exchange->http_minor = model->http_minor;
    exchange->headers = model->headers;
    exchange->n_headers = model->n_headers;
    exchange->request_id = model->request_id;
    exchange->client = model->client;
    exchange->client_port = model->client_port;
    exchange->peer = model->peer;
    exchange->scheme = model->scheme;
    exchange->route = model->route;
    exchange->rate = model->rate;
    exchange->started_ns = model->started_ns;
    exchange->deadline_ns = model->deadline_ns;
    request->is_head_method = other->is_head_method;
}

bool sv_request_has_body(const sv_request *request)
{
    const sv_framing *framing = &sv_parser_get_head(request->parser)->framing;
    return framing->chunked || framing->content_length > 0;
}

/* Room for what is announced, at once when it is small; else only as fast as bytes really come, so
 * that announcements alone cost nothing. */
static void reserve_body(sv_request *request, size_t piece_bytes)
{
    sv_buf *body = &request->body;
    uint64_t announced = sv_parser_get_head(request->parser)->framing.content_length;
    if (body->len + piece_bytes <= body->capacity || announced <= body->len)
        return;
    uint64_t wanted = body->len * 3 + piece_bytes;
    if (wanted < FIRST_BODY_BYTES)
        wanted = FIRST_BODY_BYTES;
    if (wanted > announced - body->len)
        wanted = announced - body->len;
    sv_buf_reserve(body, (size_t)wanted); /* on failure the append says so */
}

sv_status sv_request_append_body(sv_request *request, sv_str piece)
{
    request->body.limit = request->max_body_bytes;
    if (piece.len > request->max_body_bytes - request->body.len)
        return SV_TOO_LARGE;
    reserve_body(request, piece.len);
    return sv_buf_append_str(&request->body, piece);
}
