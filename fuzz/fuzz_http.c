/* fuzz_http.c: any bytes to a server in memory. The first byte says where they are cut;
 * the answers must be whole answers, nothing may follow one that closes, and how the bytes were cut
 * must not matter. */
#include <stdlib.h>
#include <string.h>

#include "http/loopback.h"
#include "http/server.h"

enum { MAX_ANSWERS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct outcome {
    int statuses[MAX_ANSWERS]; /* without 100, which depends on when bytes come */
    size_t n_answers;
    bool is_closed;
} outcome;

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* As many dots as there were bytes: never to be taken for the start of an answer. */
static void handle_any(sv_exchange *exchange)
{
    char *dots = sv_arena_alloc_raw(exchange->arena, exchange->body.len);
    demand(dots && sv_str_is_utf8(exchange->path) && exchange->path.len > 0);
    memset(dots, '.', exchange->body.len);
    exchange->answer.status = 200;
    exchange->answer.content_type = SV_STR("application/octet-stream");
    exchange->answer.body = (sv_str){dots, exchange->body.len};
    sv_exchange_respond(exchange);
}

static const sv_route routes[] = {
    {.method = "POST", .path = "/a/{b}", .handle = handle_any, .policy = {.max_body_bytes = 100}},
    {.method = "GET", .path = "/a", .handle = handle_any},
    {.method = "*", .path = "/c/{rest:path}", .handle = handle_any},
};

static sv_router *make_router(void)
{
    sv_router *router = sv_router_new();
    demand(router);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        demand(sv_router_add(router, &routes[i], NULL) == SV_OK);
    return router;
}

/* The value of a header, given as "\r\nName: "; NULL pointer when absent. */
static sv_str find_header(sv_str head, const char *name)
{
    const char *found = memmem(head.ptr, head.len, name, strlen(name));
    if (!found)
        return (sv_str){0};
    size_t at = (size_t)(found - head.ptr) + strlen(name);
    sv_str rest = sv_str_slice(head, at, head.len);
    return sv_str_slice(rest, 0, sv_str_find(rest, '\r'));
}

/* An answer without its body was for HEAD when nothing, or another answer, follows. */
static sv_str skip_body(sv_str text, sv_str length)
{
    uint64_t len = 0;
    demand(!length.ptr || sv_str_to_u64(length, &len));
    if (!text.len || sv_str_starts_with(text, SV_STR("HTTP/1.1 ")))
        return text;
    demand(len <= text.len);
    return sv_str_slice(text, len, text.len);
}

static outcome read_answers(sv_loopback *client)
{
    sv_str text = sv_buf_str(sv_loopback_received(client));
    outcome read = {.is_closed = sv_loopback_is_closed(client)};
    bool said_close = false;
    while (text.len && read.n_answers < MAX_ANSWERS) {
        const char *end = memmem(text.ptr, text.len, "\r\n\r\n", 4);
        demand(end && !said_close && sv_str_starts_with(text, SV_STR("HTTP/1.1 ")));
        sv_str head = {text.ptr, (size_t)(end - text.ptr) + 4};
        int status = atoi(text.ptr + 9);
        text = sv_str_slice(text, head.len, text.len);
        if (status == 100)
            continue;
        demand(status >= 200 && status < 600);
        demand(find_header(head, "\r\nX-Request-ID: ").len > 0);
        said_close = find_header(head, "\r\nConnection: close").ptr != NULL;
        text = skip_body(text, find_header(head, "\r\nContent-Length: "));
        read.statuses[read.n_answers++] = status;
    }
    demand(!said_close || read.is_closed);
    return read;
}

static outcome run(sv_server *server, sv_loop *loop, sv_str bytes, size_t step)
{
    sv_loopback *client = sv_loopback_new(server, loop);
    demand(client);
    for (size_t at = 0; at < bytes.len; at += step)
        sv_loopback_send(client, sv_str_slice(bytes, at, step));
    sv_loopback_send_eof(client);
    outcome read = read_answers(client);
    demand(read.is_closed);
    sv_loopback_free(client);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    sv_router *router = make_router();
    sv_server_config config = {.router = router, .limits = sv_http_limits_default};
    sv_server *server;
    sv_loop *loop;
    demand(sv_loop_new(NULL, &loop) == SV_OK && sv_server_new(&config, &server) == SV_OK);
    sv_str bytes = {(const char *)data + 1, size - 1};
    outcome whole = run(server, loop, bytes, bytes.len + 1);
    outcome cut = run(server, loop, bytes, data[0] ? data[0] : 1);
    demand(whole.n_answers == cut.n_answers);
    demand(memcmp(whole.statuses, cut.statuses, sizeof whole.statuses) == 0);
    sv_server_free(server);
    sv_loop_free(loop);
    sv_router_free(router);
    return 0;
}
