/* body_stream.c: the buffer between the loop and the owner of a request body (see body_stream.h).
 */
#include "http/body_stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"

struct sv_body_stream {
    sv_request *request;
    pthread_mutex_t lock;   /* guards these: */
    pthread_cond_t changed; /* there are bytes, or the end */
    sv_buf waiting;
    size_t n_taken;   /* from the front of `waiting` */
    sv_status status; /* of the end */
    bool has_ended, is_full, is_wanted;
    /* The loop's: */
    sv_arena *arena; /* of the parser */
    size_t n_received;
    int64_t deadline_ns;
    bool is_open;
};

sv_body_stream *sv_body_stream_new(sv_request *request)
{
    sv_body_stream *body = calloc(1, sizeof *body);
    sv_arena *arena = sv_arena_new(0);
    if (!body || !arena) {
        free(body);
        sv_arena_free(arena);
        return NULL;
    }
    body->request = request;
    body->arena = arena;
    body->is_open = true;
    sv_buf_init(&body->waiting, SV_BODY_STREAM_MAX_BYTES);
    pthread_mutex_init(&body->lock, NULL);
    pthread_cond_init(&body->changed, NULL);
    sv_parser_move(request->parser, arena);
    return body;
}

void sv_body_stream_free(sv_body_stream *body)
{
    if (!body)
        return;
    sv_buf_deinit(&body->waiting);
    sv_arena_free(body->arena);
    pthread_cond_destroy(&body->changed);
    pthread_mutex_destroy(&body->lock);
    free(body);
}

/* The owner's side; with the lock. */

static size_t count_waiting(const sv_body_stream *body)
{
    return body->waiting.len - body->n_taken;
}

/* Tells the loop what it may wait for: that reading has begun, or that there is room again. */
static void wake_loop(sv_body_stream *body)
{
    bool has_room = body->is_full && count_waiting(body) <= SV_BODY_STREAM_MAX_BYTES / 2;
    if (!has_room && body->is_wanted)
        return;
    body->is_wanted = true;
    body->is_full &= !has_room;
    sv_request_wake(body->request);
}

static size_t take(sv_body_stream *body, char *bytes, size_t size)
{
    size_t n = count_waiting(body);
    if (n > size)
        n = size;
    if (n)
        memcpy(bytes, body->waiting.ptr + body->n_taken, n);
    body->n_taken += n;
    if (body->n_taken == body->waiting.len) {
        body->n_taken = 0;
        sv_buf_clear(&body->waiting);
    }
    return n;
}

static sv_status read_locked(sv_body_stream *body, char *bytes, size_t size, size_t *ret_len)
{
    bool waits = !sv_loop_is_current(body->request->lane->loop);
    wake_loop(body);
    while (waits && !count_waiting(body) && !body->has_ended)
        pthread_cond_wait(&body->changed, &body->lock);
    if (body->status == SV_CANCELLED)
        return SV_CANCELLED;
    size_t n = take(body, bytes, size);
    wake_loop(body);
    if (!n && !body->has_ended)
        return SV_UNAVAILABLE;
    if (!n && body->status)
        return body->status;
    *ret_len = n;
    return SV_OK;
}

sv_status sv_body_stream_read(sv_exchange *exchange, char *bytes, size_t size, size_t *ret_len)
{
    sv_body_stream *body = ((sv_request *)exchange)->body_stream;
    if (!exchange->route->policy.stream_body || !size)
        return SV_INVALID;
    if (!body) { /* the request has no body */
        *ret_len = 0;
        return SV_OK;
    }
    pthread_mutex_lock(&body->lock);
    sv_status status = read_locked(body, bytes, size, ret_len);
    pthread_mutex_unlock(&body->lock);
    return status;
}

/* The loop's side. */

size_t sv_body_stream_room(sv_body_stream *body)
{
    if (!body->is_open)
        return 0;
    pthread_mutex_lock(&body->lock);
    size_t room = SV_BODY_STREAM_MAX_BYTES - count_waiting(body);
    body->is_full = !room;
    pthread_mutex_unlock(&body->lock);
    return room;
}

void sv_body_stream_append(sv_body_stream *body, sv_str piece)
{
    if (piece.len > body->request->max_body_bytes - body->n_received) {
        sv_body_stream_end(body, SV_TOO_LARGE);
        return;
    }
    body->n_received += piece.len;
    pthread_mutex_lock(&body->lock);
    if (body->n_taken)
        sv_buf_consume(&body->waiting, body->n_taken);
    body->n_taken = 0;
    sv_status status = sv_buf_append_str(&body->waiting, piece);
    pthread_cond_broadcast(&body->changed);
    pthread_mutex_unlock(&body->lock);
    if (status)
        sv_body_stream_end(body, status);
}

void sv_body_stream_end(sv_body_stream *body, sv_status status)
{
    pthread_mutex_lock(&body->lock);
    if (!body->has_ended || status == SV_CANCELLED)
        body->status = status;
    body->has_ended = true;
    pthread_cond_broadcast(&body->changed);
    pthread_mutex_unlock(&body->lock);
    body->is_open = false;
    body->deadline_ns = SV_NEVER;
}

bool sv_body_stream_is_open(const sv_body_stream *body)
{
    return body->is_open;
}

bool sv_body_stream_is_wanted(sv_body_stream *body)
{
    pthread_mutex_lock(&body->lock);
    bool is_wanted = body->is_wanted;
    pthread_mutex_unlock(&body->lock);
    return is_wanted;
}

size_t sv_body_stream_received(const sv_body_stream *body)
{
    return body->n_received;
}

void sv_body_stream_set_deadline(sv_body_stream *body, int64_t deadline_ns)
{
    body->deadline_ns = deadline_ns;
}

int64_t sv_body_stream_deadline(const sv_body_stream *body)
{
    return body->deadline_ns;
}
