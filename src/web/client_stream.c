/* client_stream.c: one request and its answer, piece by piece; complete requests are streams that
 * are read to their end.
 *
 * DESIGN. The calling thread runs the event loop while it waits, so that an answer made on the
 * handler pool comes back the same way as behind a socket. What came waits in the loopback's buffer
 * until it is asked for. */
#include "web/client_stream.h"

#include <string.h>

#include "http/loopback.h"
#include "web/client_answer.h"
#include "web/client_event.h"

enum { STEP_MS = 10, WAIT_MS = 60000 };

struct sv_test_stream {
    sv_client *client;
    sv_list_node node;     /* of the client's streams, while there is a connection */
    sv_loopback *loopback; /* NULL: there is none (any more) */
    sv_str path;
    sv_client_answer answer;
    sv_client_event events;
    sv_reply_record *record;
    const char *problem; /* why there is no answer; NULL: nothing is wrong */
    bool sends;          /* the request's body is not complete */
};

static void close_stream(sv_test_stream *stream)
{
    sv_list_remove(&stream->node);
    sv_loopback_free(stream->loopback);
    stream->loopback = NULL;
    sv_client_event_deinit(&stream->events);
}

void sv_client_stream_close_all(sv_client *client)
{
    while (!sv_list_is_empty(&client->streams))
        close_stream(SV_CONTAINER_OF(client->streams.next, sv_test_stream, node));
}

/* Opening. */

static sv_test_stream *new_stream(sv_client *client, const sv_client_request *request)
{
    sv_test_stream *stream = sv_arena_alloc(client->arena, sizeof *stream);
    sv_reply_record *record = sv_arena_alloc(client->arena, sizeof *record);
    if (!stream || !record)
        return NULL;
    *record = (sv_reply_record){.client = client,
                                .request_body = sv_arena_copy(client->arena, request->body)};
    *stream = (sv_test_stream){.client = client,
                               .path = sv_arena_copy(client->arena, sv_str_from(request->path)),
                               .record = record,
                               .sends = request->is_upload};
    stream->answer.is_to_head = request->method && strcmp(request->method, "HEAD") == 0;
    sv_list_init(&stream->node);
    sv_client_event_init(&stream->events);
    client->last = record;
    return record->request_body.ptr && stream->path.ptr ? stream : NULL;
}

static sv_status connect(sv_test_stream *stream, const sv_client_request *request)
{
    sv_client *client = stream->client;
    sv_reply_record *record = stream->record;
    sv_status status =
        sv_client_request_write_head(client, request, &stream->problem, &record->request_head);
    if (status)
        return status;
    stream->loopback = sv_loopback_new(sv_service_server(client->service), client->loop);
    if (!stream->loopback)
        return SV_NO_MEMORY;
    sv_list_append(&client->streams, &stream->node);
    sv_loopback_send(stream->loopback, record->request_head);
    sv_loopback_send(stream->loopback, request->body);
    sv_loop_step(client->loop, 0);
    return SV_OK;
}

sv_test_stream *sv_client_stream_open(sv_client *client, const sv_client_request *request)
{
    sv_test_stream *stream = client ? new_stream(client, request) : NULL;
    return stream && connect(stream, request) != SV_NO_MEMORY ? stream : NULL;
}

sv_test_stream *sv_test_open(sv_client *client, const char *method, const char *path,
                             const char *headers, sv_str body)
{
    sv_client_request request = {method, path, headers, body, false};
    return sv_client_stream_open(client, &request);
}

sv_test_stream *sv_test_open_upload(sv_client *client, const char *method, const char *path,
                                    const char *headers)
{
    sv_client_request request = {method, path, headers, SV_STR(""), true};
    return sv_client_stream_open(client, &request);
}

/* Sending. */

static bool can_send(const sv_test_stream *stream)
{
    return stream && stream->loopback && stream->sends;
}

void sv_test_send(sv_test_stream *stream, sv_str bytes)
{
    if (!can_send(stream) || !bytes.len)
        return;
    sv_str size = sv_arena_printf(stream->client->arena, "%zx\r\n", bytes.len);
    if (!size.ptr) {
        stream->problem = "out of memory";
        return;
    }
    sv_loopback_send(stream->loopback, size);
    sv_loopback_send(stream->loopback, bytes);
    sv_loopback_send(stream->loopback, SV_STR("\r\n"));
    sv_loop_step(stream->client->loop, 0);
}

void sv_test_send_end(sv_test_stream *stream)
{
    if (!can_send(stream))
        return;
    sv_loopback_send(stream->loopback, SV_STR("0\r\n\r\n"));
    sv_loop_step(stream->client->loop, 0);
    stream->sends = false;
}

/* Waiting. */

static int64_t wait_deadline(void)
{
    return sv_clock_deadline_ns(&sv_clock_system, WAIT_MS);
}

/* Lets the loop do something; false when nothing more comes. */
static bool wait_more(sv_test_stream *stream, int64_t deadline_ns)
{
    if (stream->problem || !stream->loopback || sv_loopback_is_closed(stream->loopback) ||
        sv_loopback_held_bytes(stream->loopback))
        return false;
    if (sv_clock_left_ms(&sv_clock_system, deadline_ns) == 0) {
        stream->problem = "nothing came within 60 s";
        return false;
    }
    sv_loop_step(stream->client->loop, STEP_MS);
    return true;
}

static const char *describe_silence(const sv_test_stream *stream)
{
    if (stream->problem)
        return stream->problem;
    if (stream->loopback && sv_loopback_held_bytes(stream->loopback))
        return "the client is paused (sv_test_pause)";
    return stream->answer.head.len ? "the answer broke off" : "the connection ended without answer";
}

static void keep_cookies(sv_test_stream *stream)
{
    sv_client *client = stream->client;
    int64_t now_s = sv_clock_wall_ns(&client->clock.clock) / SV_NS_PER_S;
    for (size_t i = 0; i < stream->answer.n_headers; i++)
        if (sv_str_eq_nocase(stream->answer.headers[i].name, SV_STR("set-cookie")))
            sv_client_jar_obey(&client->jar, client->arena, stream->answer.headers[i].value,
                               stream->path, now_s);
}

/* SV_UNAVAILABLE: more must come. */
static sv_status read_head(sv_test_stream *stream)
{
    if (stream->answer.state != SV_CLIENT_ANSWER_HEAD)
        return SV_OK;
    sv_status status = sv_client_answer_read_head(&stream->answer, stream->client->arena,
                                                  sv_loopback_received(stream->loopback));
    if (status == SV_UNAVAILABLE)
        return status;
    stream->record->answer_head = stream->answer.head;
    if (status)
        stream->problem = status == SV_NO_MEMORY ? "out of memory" : "the answer is not HTTP";
    else
        keep_cookies(stream);
    return status;
}

static bool await_head(sv_test_stream *stream)
{
    if (!stream->loopback)
        return stream->answer.status != 0;
    int64_t deadline = wait_deadline();
    sv_status status;
    while ((status = read_head(stream)) == SV_UNAVAILABLE && wait_more(stream, deadline))
        ;
    return status == SV_OK && !stream->problem;
}

sv_reply sv_test_head_of(sv_test_stream *stream)
{
    if (!stream)
        return sv_test_client_refuse(NULL, "there is no stream");
    if (!await_head(stream))
        return sv_test_client_refuse(stream->record, describe_silence(stream));
    return (sv_reply){stream->answer.status, SV_STR(""), stream->answer.headers,
                      stream->answer.n_headers, stream->record};
}

/* Reading. */

/* Takes what there is; a piece is a span of the received bytes, which are to be consumed by
 * `*ret_used`. */
static bool cut_piece(sv_test_stream *stream, sv_str *ret_piece, size_t *ret_used)
{
    sv_str received = sv_buf_str(sv_loopback_received(stream->loopback)), rest = received;
    bool has_piece = sv_client_answer_next(&stream->answer, &rest, ret_piece);
    *ret_used = received.len - rest.len;
    return has_piece;
}

static bool is_over(const sv_test_stream *stream)
{
    return stream->answer.state == SV_CLIENT_ANSWER_END ||
           stream->answer.state == SV_CLIENT_ANSWER_WRONG;
}

/* After nothing more came: the answer's end, unless it only waits behind a pause. */
static void note_end(sv_test_stream *stream)
{
    if (sv_loopback_is_closed(stream->loopback) && !sv_loopback_held_bytes(stream->loopback))
        sv_client_answer_close(&stream->answer);
}

/* SV_UNAVAILABLE: more must come. */
static sv_status take_piece(sv_test_stream *stream, sv_str *ret_piece)
{
    sv_str span;
    size_t used;
    bool has_piece = cut_piece(stream, &span, &used);
    sv_str piece = has_piece ? sv_arena_copy(stream->client->arena, span) : (sv_str){0};
    sv_buf_consume(sv_loopback_received(stream->loopback), used);
    if (!has_piece)
        return SV_UNAVAILABLE;
    if (!piece.ptr) {
        stream->problem = "out of memory";
        return SV_NO_MEMORY;
    }
    *ret_piece = piece;
    return SV_OK;
}

bool sv_test_next_piece(sv_test_stream *stream, sv_str *ret_piece)
{
    if (!stream || !stream->loopback || !await_head(stream))
        return false;
    int64_t deadline = wait_deadline();
    sv_status status;
    while ((status = take_piece(stream, ret_piece)) == SV_UNAVAILABLE && !is_over(stream) &&
           wait_more(stream, deadline))
        ;
    if (status == SV_UNAVAILABLE && !is_over(stream))
        note_end(stream);
    return status == SV_OK;
}

bool sv_test_next_event(sv_test_stream *stream, sv_test_event *ret_event)
{
    sv_str piece;
    if (!stream)
        return false;
    sv_status status;
    while ((status = sv_client_event_next(&stream->events, stream->client->arena, ret_event)) ==
           SV_UNAVAILABLE) {
        if (!sv_test_next_piece(stream, &piece))
            return false;
        sv_buf_append_str(&stream->events.text, piece);
        if (sv_buf_status(&stream->events.text))
            stream->problem = "events beyond 64 MiB, or out of memory";
    }
    return status == SV_OK;
}

/* The rest of the body, in the arena; a NULL pointer when out of memory. */
static sv_str take_body(sv_test_stream *stream)
{
    sv_buf *received = sv_loopback_received(stream->loopback);
    sv_str rest = sv_buf_str(received), piece;
    char *body = sv_arena_alloc_raw(stream->client->arena, rest.len + 1);
    size_t len = 0;
    while (body && sv_client_answer_next(&stream->answer, &rest, &piece)) {
        memcpy(body + len, piece.ptr, piece.len);
        len += piece.len;
    }
    if (body)
        body[len] = '\0';
    sv_buf_consume(received, received->len - rest.len);
    note_end(stream);
    return (sv_str){body, len};
}

sv_reply sv_test_finish(sv_test_stream *stream)
{
    sv_reply reply = sv_test_head_of(stream);
    if (reply.status && !stream->loopback && !sv_test_is_complete(stream))
        return sv_test_client_refuse(stream->record, describe_silence(stream));
    if (!reply.status || !stream->loopback)
        return reply;
    int64_t deadline = wait_deadline();
    while (wait_more(stream, deadline))
        ;
    sv_str body = take_body(stream);
    if (!body.ptr)
        stream->problem = "out of memory";
    stream->record->answer_body = reply.body = body;
    if (stream->problem || stream->answer.state != SV_CLIENT_ANSWER_END)
        reply = sv_test_client_refuse(stream->record, describe_silence(stream));
    if (is_over(stream))
        close_stream(stream);
    return reply;
}

bool sv_test_is_complete(const sv_test_stream *stream)
{
    return stream && stream->answer.state == SV_CLIENT_ANSWER_END;
}

/* Leaving and pausing. */

void sv_test_leave(sv_test_stream *stream)
{
    if (!stream || !stream->loopback)
        return;
    sv_client_answer_close(&stream->answer);
    if (!stream->problem)
        stream->problem = "the client left (sv_test_leave)";
    close_stream(stream);
    sv_loop_step(stream->client->loop, 0);
}

void sv_test_pause(sv_test_stream *stream, size_t size_bytes)
{
    if (stream && stream->loopback)
        sv_loopback_limit(stream->loopback, size_bytes);
}

void sv_test_resume(sv_test_stream *stream)
{
    if (!stream || !stream->loopback)
        return;
    sv_loopback_limit(stream->loopback, SIZE_MAX);
    sv_loopback_take_held(stream->loopback);
}
