/* stream.c: the buffer between the owner of a streamed answer and the loop (see stream.h). When
 * the loop pumps, and what comes after the end, is the connection's affair. */
#include "http/stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/connection_parts.h"
#include "http/request.h"

struct sv_stream {
    sv_request *request;
    pthread_mutex_t lock;   /* guards these: */
    pthread_cond_t changed; /* the head is out, there is room, or nobody reads */
    sv_buf waiting;         /* framed; the loop has not taken it */
    void (*on_writable)(void *arg);
    void *on_writable_arg;
    bool has_begun, is_lost;
    bool is_split;   /* more of the same write is to come: no beat in between */
    uint64_t n_left; /* of a sized body: announced, not written yet */
    /* Set before the loop is told: */
    bool is_chunked;
    bool is_sized; /* its length was announced */
    bool is_mute;  /* the answer has no body */
    sv_str beat;
    int64_t beat_ns; /* of silence before a beat; 0: no beats */
    /* The loop's: */
    int64_t quiet_since_ns;
    bool is_aborted; /* the owner's, until it gives the exchange back */
};

static sv_stream *get_stream(const sv_exchange *exchange)
{
    return atomic_load(&((const sv_request *)exchange)->stream);
}

static sv_stream *new_stream(sv_request *request)
{
    sv_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->changed, NULL);
    sv_buf_init(&stream->waiting, SV_STREAM_MAX_BYTES);
    stream->request = request;
    stream->is_mute =
        request->is_head_method || !sv_response_has_body(request->exchange.answer.status);
    stream->n_left = request->exchange.answer.absent_bytes;
    stream->is_sized = stream->n_left > 0;
    stream->is_chunked = !stream->is_sized && request->exchange.http_minor > 0;
    return stream;
}

void sv_stream_free(sv_stream *stream)
{
    if (!stream)
        return;
    atomic_fetch_sub(&stream->request->lane->n_streams, 1);
    sv_buf_deinit(&stream->waiting);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* The owner's side. */

static bool is_on_loop(const sv_stream *stream)
{
    return sv_loop_is_current(stream->request->lane->loop);
}

static sv_status wait_for_begin(sv_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    while (!stream->has_begun && !stream->is_lost)
        pthread_cond_wait(&stream->changed, &stream->lock);
    sv_status status = stream->is_lost ? SV_CANCELLED : SV_OK;
    pthread_mutex_unlock(&stream->lock);
    return status;
}

sv_status sv_stream_start_beating(sv_exchange *exchange, sv_str beat, int64_t silence_ms)
{
    sv_request *request = (sv_request *)exchange;
    if (get_stream(exchange) || exchange->answer.status < 200 || exchange->answer.status > 599)
        return SV_INVALID;
    sv_stream *stream = new_stream(request);
    if (!stream)
        return SV_NO_MEMORY;
    exchange->answer.body = SV_STR("");
    stream->beat = beat;
    stream->beat_ns = silence_ms * SV_NS_PER_MS;
    atomic_store(&request->stream, stream);
    atomic_fetch_add(&request->lane->n_streams, 1);
    if (is_on_loop(stream) && request->connection)
        sv_conclusion_begin_stream(request->connection);
    else if (is_on_loop(stream))
        sv_stream_lose(stream);
    sv_request_wake(request);
    return wait_for_begin(stream);
}

sv_status sv_stream_start(sv_exchange *exchange)
{
    return sv_stream_start_beating(exchange, SV_STR(""), 0);
}

/* Appends a chunk, or the bytes alone; with the lock. It fits. */
static sv_status append(sv_stream *stream, sv_str piece)
{
    char size[20];
    size_t len = 0;
    sv_buf *to = &stream->waiting;
    if (stream->is_chunked)
        len = (size_t)snprintf(size, sizeof size, "%zx\r\n", piece.len);
    if (!sv_buf_reserve(to, len + piece.len + 2)) {
        to->status = SV_OK; /* what waits is whole, and there may be memory for the next piece */
        return SV_NO_MEMORY;
    }
    sv_buf_append(to, size, len);
    sv_buf_append_str(to, piece);
    stream->n_left -= stream->is_sized ? piece.len : 0;
    return stream->is_chunked ? sv_buf_append_str(to, SV_STR("\r\n")) : SV_OK;
}

static bool has_room(const sv_stream *stream, sv_str piece)
{
    return piece.len + stream->waiting.len <= SV_STREAM_MAX_PIECE;
}

/* Waits for room if it may. SV_UNAVAILABLE: it may not, and there is none. */
static sv_status put(sv_stream *stream, sv_str piece, bool waits, bool is_split)
{
    pthread_mutex_lock(&stream->lock);
    while (waits && !stream->is_lost && !has_room(stream, piece))
        pthread_cond_wait(&stream->changed, &stream->lock);
    sv_status status = SV_OK;
    if (stream->is_lost || stream->is_mute)
        status = SV_CANCELLED;
    else if (stream->is_sized && piece.len > stream->n_left)
        status = SV_TOO_LARGE;
    else if (!has_room(stream, piece))
        status = SV_UNAVAILABLE;
    else if (piece.len)
        status = append(stream, piece);
    stream->is_split = is_split;
    pthread_mutex_unlock(&stream->lock);
    if (!status && piece.len)
        sv_request_wake(stream->request);
    return status;
}

sv_status sv_stream_try_write(sv_exchange *exchange, sv_str bytes)
{
    sv_stream *stream = get_stream(exchange);
    if (!stream)
        return SV_INVALID;
    if (bytes.len > SV_STREAM_MAX_PIECE)
        return SV_TOO_LARGE;
    sv_status status = put(stream, bytes, false, false);
    if (status != SV_UNAVAILABLE || !is_on_loop(stream) || !stream->request->connection)
        return status;
    sv_connection_pump_stream(stream->request->connection);
    return put(stream, bytes, false, false);
}

sv_status sv_stream_write(sv_exchange *exchange, sv_str bytes)
{
    sv_stream *stream = get_stream(exchange);
    if (!stream || is_on_loop(stream))
        return sv_stream_try_write(exchange, bytes);
    sv_status status;
    do {
        sv_str piece = sv_str_slice(bytes, 0, SV_STREAM_MAX_PIECE);
        bytes = sv_str_slice(bytes, piece.len, bytes.len);
        status = put(stream, piece, true, bytes.len > 0);
    } while (!status && bytes.len);
    return status;
}

void sv_stream_on_writable(sv_exchange *exchange, void (*run)(void *arg), void *arg)
{
    sv_stream *stream = get_stream(exchange);
    if (!stream)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->on_writable = run;
    stream->on_writable_arg = arg;
    pthread_mutex_unlock(&stream->lock);
    if (run)
        sv_request_wake(stream->request);
}

void sv_stream_abort(sv_exchange *exchange)
{
    sv_stream *stream = get_stream(exchange);
    if (stream)
        stream->is_aborted = true;
    sv_exchange_respond(exchange);
}

/* The loop's side. */

static void note_sent(sv_stream *stream, sv_outlet *outlet, size_t n_bytes)
{
    stream->request->exchange.answer_bytes += n_bytes;
    stream->quiet_since_ns = sv_lane_now_ns(outlet->lane);
}

void sv_stream_begin(sv_stream *stream, sv_outlet *outlet, bool closes)
{
    sv_response_frame frame = {.length = SV_RESPONSE_CHUNKED, .closes = closes};
    if (stream->is_sized)
        frame.length = SV_RESPONSE_KNOWN;
    else if (!stream->is_chunked)
        frame = (sv_response_frame){.length = SV_RESPONSE_UNTIL_CLOSE, .closes = true};
    sv_outlet_write_head(outlet, stream->request, frame);
    note_sent(stream, outlet, 0);
    pthread_mutex_lock(&stream->lock);
    stream->has_begun = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

void sv_stream_pump(sv_stream *stream, sv_outlet *outlet)
{
    pthread_mutex_lock(&stream->lock);
    sv_str bytes = sv_buf_str(&stream->waiting);
    if (bytes.len) {
        sv_outlet_write(outlet, bytes);
        note_sent(stream, outlet, bytes.len);
        sv_buf_clear(&stream->waiting);
        pthread_cond_broadcast(&stream->changed);
    }
    bool is_awaited = bytes.len && stream->on_writable;
    pthread_mutex_unlock(&stream->lock);
    if (is_awaited)
        sv_request_wake(stream->request);
}

bool sv_stream_finish(sv_stream *stream, sv_outlet *outlet)
{
    sv_exchange *exchange = &stream->request->exchange;
    sv_str end = SV_STR("0\r\n\r\n");
    sv_stream_pump(stream, outlet);
    exchange->finished_ns = sv_lane_now_ns(outlet->lane);
    exchange->answer.body = SV_STR(""); /* a failure behind the start was not told */
    if (stream->is_sized)
        return stream->is_aborted || (stream->n_left && !stream->is_mute);
    if (stream->is_aborted || !stream->is_chunked)
        return true;
    if (!stream->is_mute) {
        sv_outlet_write(outlet, end);
        note_sent(stream, outlet, end.len);
    }
    return false;
}

void sv_stream_lose(sv_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_awaited = !stream->is_lost && stream->on_writable;
    stream->is_lost = true;
    sv_buf_deinit(&stream->waiting);
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    if (is_awaited)
        sv_request_wake(stream->request);
}

void sv_stream_call_back(sv_stream *stream)
{
    void (*run)(void *arg) = NULL;
    pthread_mutex_lock(&stream->lock);
    void *arg = stream->on_writable_arg;
    if (stream->is_lost || !stream->waiting.len) {
        run = stream->on_writable;
        stream->on_writable = NULL;
    }
    pthread_mutex_unlock(&stream->lock);
    if (run)
        run(arg);
}

int64_t sv_stream_beat_due_ns(const sv_stream *stream)
{
    if (!stream->beat_ns || stream->is_mute)
        return SV_NEVER;
    return stream->quiet_since_ns + stream->beat_ns;
}

void sv_stream_beat(sv_stream *stream, sv_outlet *outlet)
{
    int64_t now = sv_lane_now_ns(outlet->lane);
    if (now < sv_stream_beat_due_ns(stream))
        return;
    stream->quiet_since_ns = now;
    pthread_mutex_lock(&stream->lock);
    if (!stream->waiting.len && !stream->is_split)
        (void)append(stream, stream->beat); /* without memory the next one will do */
    pthread_mutex_unlock(&stream->lock);
    sv_stream_pump(stream, outlet);
}
