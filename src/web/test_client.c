/* test_client.c: requests from memory through the whole server, without a socket. For tests only.
 *
 * Each request has a connection of its own, closed after the answer. The calling thread runs the
 * event loop while it waits, so that an answer made on the handler pool comes back the same way as
 * behind a socket. */
#include "web/test_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "http/loopback.h"

enum { MAX_REPLY_HEADERS = 64, STEP_MS = 10, REPLY_TIMEOUT_MS = 60000 };
static const size_t MAX_REPLIES_BYTES = (size_t)1 << 30;

struct sv_client {
    sv_service *service;
    bool owns_service;
    sv_loop *loop;
    sv_arena *arena; /* of the replies */
};

static void print_problems(sv_buf *problems)
{
    fprintf(stderr, "The application cannot start:\n%.*s", SV_STR_ARG(sv_buf_str(problems)));
}

sv_client *sv_test_client_of(sv_service *service)
{
    sv_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->arena = sv_arena_new(MAX_REPLIES_BYTES);
    if (!client->arena || sv_loop_new(NULL, &client->loop)) {
        sv_arena_free(client->arena);
        free(client);
        return NULL;
    }
    client->service = service;
    return client;
}

static void print_report(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static sv_status open_service(const sv_app *app, sv_buf *problems, sv_service **ret_service)
{
    sv_service_config config = {.application = {.app = app,
                                                .title = app->title,
                                                .version = app->version,
                                                .description = app->description,
                                                .pages = !app->no_pages,
                                                .report = print_report},
                                .limits = sv_http_limits_default};
    sv_service *service = NULL;
    sv_error error = {0};
    sv_status status = sv_service_new(&config, problems, &service);
    if (!status)
        status = sv_service_start(service, &error);
    if (status) {
        if (error.message[0])
            sv_buf_printf(problems, "%s\n", error.message);
        sv_service_free(service);
        return status;
    }
    *ret_service = service;
    return SV_OK;
}

sv_client *sv_test_client(const sv_app *app)
{
    sv_buf problems;
    sv_buf_init(&problems, (size_t)1 << 20);
    sv_service *service = NULL;
    sv_client *client = NULL;
    if (open_service(app, &problems, &service))
        print_problems(&problems);
    else
        client = sv_test_client_of(service);
    sv_buf_deinit(&problems);
    if (client)
        client->owns_service = true;
    else
        sv_service_free(service);
    return client;
}

void sv_test_free(sv_client *client)
{
    if (!client)
        return;
    if (client->owns_service)
        sv_service_free(client->service);
    sv_loop_free(client->loop);
    sv_arena_free(client->arena);
    free(client);
}

static sv_reply fail(const char *why)
{
    return (sv_reply){.body = sv_str_from(why)};
}

/* One line without its CRLF; false at the end. */
static bool take_line(sv_str *rest, sv_str *ret_line)
{
    if (!sv_str_split(rest, '\n', ret_line))
        return false;
    if (ret_line->len && ret_line->ptr[ret_line->len - 1] == '\r')
        ret_line->len--;
    return true;
}

static int read_status(sv_str line)
{
    uint64_t status;
    sv_str digits = sv_str_slice(line, strlen("HTTP/1.1 "), 3);
    return sv_str_to_u64(digits, &status) ? (int)status : 0;
}

/* Splits a whole answer; interim 1xx answers are skipped. */
static sv_reply parse_reply(sv_client *client, sv_str text)
{
    sv_reply_header *headers =
        sv_arena_alloc_array(client->arena, MAX_REPLY_HEADERS, sizeof *headers);
    sv_str line;
    sv_reply reply = {0};
    while (reply.status < 200) {
        if (!take_line(&text, &line) || !(reply.status = read_status(line)))
            return fail("the answer is not HTTP");
        reply.n_headers = 0;
        while (take_line(&text, &line) && line.len) {
            size_t colon = sv_str_find(line, ':');
            if (!headers || reply.n_headers == MAX_REPLY_HEADERS)
                return fail("too many headers in the answer");
            headers[reply.n_headers++] =
                (sv_reply_header){sv_str_slice(line, 0, colon),
                                  sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len))};
        }
    }
    reply.headers = headers;
    reply.body = text.ptr ? text : SV_STR("");
    return reply;
}

static sv_reply await_reply(sv_client *client, sv_loopback *loopback)
{
    int64_t deadline = sv_clock_deadline_ns(&sv_clock_system, REPLY_TIMEOUT_MS);
    while (!sv_loopback_is_closed(loopback)) {
        if (sv_clock_left_ms(&sv_clock_system, deadline) == 0)
            return fail("no answer within 60 s");
        sv_loop_step(client->loop, STEP_MS);
    }
    sv_str text = sv_arena_copy(client->arena, sv_buf_str(sv_loopback_received(loopback)));
    return text.ptr ? parse_reply(client, text) : fail("out of memory");
}

sv_reply sv_test_request(sv_client *client, const char *method, const char *path,
                         const char *headers, sv_str body)
{
    sv_str head = sv_arena_printf(client->arena,
                                  "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                  "Content-Length: %zu\r\n%s\r\n",
                                  method, path, body.len, headers ? headers : "");
    sv_loopback *loopback =
        head.ptr ? sv_loopback_new(sv_service_server(client->service), client->loop) : NULL;
    if (!loopback)
        return fail("out of memory");
    sv_loopback_send(loopback, head);
    sv_loopback_send(loopback, body);
    sv_reply reply = await_reply(client, loopback);
    sv_loopback_free(loopback);
    return reply;
}

sv_reply sv_test_get(sv_client *client, const char *path)
{
    return sv_test_request(client, "GET", path, NULL, SV_STR(""));
}

sv_reply sv_test_post(sv_client *client, const char *path, const char *json)
{
    return sv_test_request(client, "POST", path, "Content-Type: application/json\r\n",
                           sv_str_from(json));
}

sv_str sv_reply_header_value(const sv_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_headers; i++)
        if (sv_str_eq_nocase(reply->headers[i].name, sv_str_from(name)))
            return reply->headers[i].value;
    return (sv_str){0};
}
