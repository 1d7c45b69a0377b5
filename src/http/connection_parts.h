/* connection_parts.h: what the files of a connection share: connection.c (its life: bytes,
 * time, settling), reception.c (requests come in), conclusion.c (requests come to their end), and
 * stream.c. For these files only. Loop thread. */
#ifndef SERVAL_HTTP_CONNECTION_PARTS_H
#define SERVAL_HTTP_CONNECTION_PARTS_H

#include "http/body_stream.h"
#include "http/connection.h"
#include "http/outlet.h"
#include "http/stream.h"
#include "io/timer.h"

enum {
    SV_CONNECTION_SKIP_BYTES = 64 * 1024 /* of an unread body: dropped, to keep the connection */
};

typedef enum sv_connection_state {
    SV_CONNECTION_IDLE,
    SV_CONNECTION_READING,
    SV_CONNECTION_RECEIVING, /* the handler has it and reads the body as it comes */
    SV_CONNECTION_HANDLING,
    SV_CONNECTION_SKIPPING,
    SV_CONNECTION_LINGERING,
    SV_CONNECTION_CLOSED
} sv_connection_state;

struct sv_connection {
    sv_lane *lane;
    sv_outlet outlet;
    sv_list_node node; /* in the lane's connections */
    sv_timer *timer;
    sv_request *request;  /* NULL when idle, lingering or closed */
    sv_stream *stream;    /* of the request, once its head is written; else NULL */
    sv_buf pending;       /* read, not parsed yet */
    int64_t deadline_ns;  /* of the state */
    size_t dropped_bytes; /* while skipping or lingering */
    sv_connection_state state;
    bool is_reading;
    bool is_advancing; /* parsing further up the stack */
    bool has_eof;      /* the client will send nothing more */
    bool is_shut;      /* our sending side is closed */
};

static inline int64_t sv_connection_deadline(const sv_connection *connection, int64_t after_ms)
{
    return sv_lane_now_ns(connection->lane) + after_ms * SV_NS_PER_MS;
}

static inline int64_t sv_connection_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline const sv_http_limits *sv_connection_limits(const sv_connection *connection)
{
    return &connection->lane->shared->config.limits;
}

/* Whether a handler owns the connection's exchange. */
static inline bool sv_connection_is_owned(const sv_connection *connection)
{
    return connection->state == SV_CONNECTION_RECEIVING ||
           connection->state == SV_CONNECTION_HANDLING;
}

/* connection.c */

/* Changes the state, its deadline and the lane's counters. */
void sv_connection_enter(sv_connection *connection, sv_connection_state state, int64_t deadline_ns);
/* Cancels what goes on and closes, without a word. */
void sv_connection_close(sv_connection *connection, sv_cancel_reason reason);
/* Goes on with what waits, after an answer or once the carrier takes bytes again. */
void sv_connection_resume(sv_connection *connection);

/* Hands over what the stream holds, if the carrier takes it. */
void sv_connection_pump_stream(sv_connection *connection);

/* reception.c */

/* A request for the bytes that come; false when there is no memory. */
bool sv_reception_begin(sv_connection *connection);
/* The time of a body that its handler reads is over, and perhaps it is the client's fault. */
void sv_reception_time_out(sv_connection *connection);
/* The deadline of an owned exchange, now that its owner or its body has gone on. */
void sv_reception_move_deadline(sv_connection *connection);
/* Reads as much of the input as can be read now. */
void sv_reception_advance(sv_connection *connection, sv_str *input);

/* conclusion.c */

/* A handler has given its exchange back. */
void sv_conclusion_take_back(sv_message *message);
/* Answers the connection's request; what is left of its body is skipped, or ends the connection. */
void sv_conclusion_answer(sv_connection *connection);
/* Answers a request that cannot be read to its end, and ends the connection. */
void sv_conclusion_refuse(sv_connection *connection, sv_refusal refusal);
/* Answers in the place of a handler that is late. */
void sv_conclusion_answer_overdue(sv_connection *connection);
/* The rest of an answered request has come. */
void sv_conclusion_end_skipping(sv_connection *connection);
/* The rest is too long, or no HTTP: the answer it got was the last one. */
void sv_conclusion_stop_skipping(sv_connection *connection);
/* Forgets the request, which nobody waits for any more; a handler gives it back later. */
void sv_conclusion_abandon(sv_connection *connection, sv_cancel_reason reason);
/* The owner has started a stream: writes the head, once. */
void sv_conclusion_begin_stream(sv_connection *connection);
/* After the last answer. */
void sv_conclusion_linger(sv_connection *connection);

#endif
