/* upstream.h: one HTTP exchange with a server that this one trusts: the answer comes in pieces, as
 * fast as they are taken. What is asked and what the bytes mean is the user's matter; so are
 * retries, for which the end says what went wrong and whether the answer had begun.
 *
 *   static void take_head(sv_upstream_exchange *exchange, const sv_upstream_head *head)
 *   {
 *       relay *it = exchange->arg;
 *       it->is_stream = head->status == 200;
 *   }
 *
 *   static size_t take_data(sv_upstream_exchange *exchange, sv_str bytes)
 *   {
 *       relay *it = exchange->arg;
 *       sv_str rest = bytes;
 *       if (sv_event_parser_feed(&it->parser, &rest, take_event, it))
 *           return SV_UPSTREAM_STOP;
 *       return bytes.len - rest.len; // fewer than came: paused until sv_upstream_resume
 *   }
 *
 *   static void take_end(sv_upstream_exchange *exchange, const sv_upstream_end *end)
 *   {
 *       relay *it = exchange->arg;
 *       if (end->fault == SV_UPSTREAM_NOT_CONNECTED && it->n_tries++ < 2)
 *           sv_upstream_start(it->upstream, exchange);
 *       else
 *           finish(it, end->status, end->message);
 *   }
 *
 *   static const sv_upstream_port port = {take_head, take_data, take_end};
 *   static const sv_upstream_limits limits = {
 *       .connect_ms = 5000, .first_byte_ms = 60000, .idle_ms = 30000, .max_bytes = 64 << 20};
 *
 *   const sv_upstream_header headers[] = {{SV_STR("Authorization"), it->key},
 *                                         {SV_STR("Content-Type"), SV_STR("application/json")}};
 *   it->exchange = (sv_upstream_exchange){.url = it->url, .headers = headers, .n_headers = 2,
 *       .is_post = true, .body = it->body, .limits = &limits, .deadline_ns = deadline_ns,
 *       .cancel = it->cancel, .port = &port, .arg = it};
 *   sv_upstream_start(it->upstream, &it->exchange);
 *
 * No redirect is followed; nothing of the environment is used (no proxies, no credentials); TLS is
 * verified with the system's certificates. The address guard does not apply. Nothing is logged. */
#ifndef SERVAL_IO_UPSTREAM_H
#define SERVAL_IO_UPSTREAM_H

#include <stdatomic.h>

#include "base/cancel.h"
#include "io/fetch_head.h"
#include "io/transfer.h"

typedef struct sv_upstream sv_upstream;
typedef struct sv_upstream_exchange sv_upstream_exchange;

typedef struct sv_upstream_config {
    size_t max_running; /* exchanges under way, and connections kept; others wait their turn */
    bool allows_http2;  /* where TLS offers it. Of a paused answer libcurl then keeps up to one
                           window (32 MiB in 7.88), with HTTP/1.1 what one read brought */
} sv_upstream_config;

/* X(name, status, message): how an exchange ended. */
#define SV_UPSTREAM_FAULT_MAP(X)                                                                   \
    X(NONE, OK, "")                                                                                \
    X(BAD_REQUEST, INVALID, "the address or a header of the request is not valid")                 \
    X(NO_MEMORY, NO_MEMORY, "out of memory")                                                       \
    X(CANCELLED, CANCELLED, "cancelled") /* or the upstream was freed */                           \
    X(STOPPED, CANCELLED, "stopped")     /* by its user */                                         \
    X(NOT_CONNECTED, UNAVAILABLE, "could not connect")                                             \
    X(NO_TLS, UNAVAILABLE, "no secure connection could be made")                                   \
    X(CLOSED_EARLY, IO, "the server closed the connection without an answer")                      \
    X(CLOSED_LATE, IO, "the answer was cut short")                                                 \
    X(BAD_HTTP, IO, "the answer is not valid HTTP")                                                \
    X(TOO_LARGE, TOO_LARGE, "the answer is too large")                                             \
    X(LATE_CONNECTION, TIMEOUT, "no connection in time")                                           \
    X(LATE_ANSWER, TIMEOUT, "no answer in time")                                                   \
    X(SILENT, TIMEOUT, "the answer stopped coming")                                                \
    X(DEADLINE, TIMEOUT, "not complete in time")                                                   \
    X(FAILED, IO, "the transfer failed")

typedef enum sv_upstream_fault {
#define SV_UPSTREAM_FAULT_ENUM(name, status, message) SV_UPSTREAM_##name,
    SV_UPSTREAM_FAULT_MAP(SV_UPSTREAM_FAULT_ENUM)
#undef SV_UPSTREAM_FAULT_ENUM
} sv_upstream_fault;

typedef struct sv_upstream_head {
    int status;            /* 200..599, redirects too */
    sv_str content_type;   /* or empty */
    int64_t retry_after_s; /* -1: not told, or as a date */
} sv_upstream_head;

typedef struct sv_upstream_end {
    sv_upstream_fault fault;
    sv_status status;    /* that goes with it */
    const char *message; /* for people; static; names no address and no secret */
    bool is_answered;    /* bytes of an answer came */
} sv_upstream_end;

/* All on the loop's thread; inside each but on_end, no exchange may be started and the upstream not
 * freed. */
typedef struct sv_upstream_port {
    /* Once, before the first byte. `head` is borrowed. */
    void (*on_head)(sv_upstream_exchange *exchange, const sv_upstream_head *head);
    /* How many of the bytes were taken. Fewer than all: the answer is paused, and the rest comes
     * again after sv_upstream_resume. SV_UPSTREAM_STOP: no more is wanted. */
    size_t (*on_data)(sv_upstream_exchange *exchange, sv_str bytes);
    /* Exactly once for each start, never inside it; nothing comes after it. The exchange is the
     * caller's again, and may be started again. */
    void (*on_end)(sv_upstream_exchange *exchange, const sv_upstream_end *end);
} sv_upstream_port;

#define SV_UPSTREAM_STOP SIZE_MAX

/* 0: no limit. Times are milliseconds. */
typedef struct sv_upstream_limits {
    int64_t connect_ms;    /* name look-up, connecting and TLS, from its turn on */
    int64_t first_byte_ms; /* from then to the first byte of the answer */
    int64_t idle_ms;       /* between bytes; not while the answer is paused */
    uint64_t max_bytes;    /* of the body */
} sv_upstream_limits;

typedef struct sv_upstream_header {
    sv_str name, value;
} sv_upstream_header;

enum { SV_UPSTREAM_MAX_CONTENT_TYPE = 128, SV_UPSTREAM_MAX_REQUEST_HEAD = 64 * 1024 };

/* One exchange, in the caller's storage until `on_end`; not to be copied meanwhile. */
struct sv_upstream_exchange {
    /* Borrowed during sv_upstream_start. */
    sv_str url; /* http or https, without user name */
    const sv_upstream_header *headers;
    size_t n_headers;
    /* Borrowed until on_end. */
    sv_str body; /* of a POST */
    const sv_upstream_limits *limits;
    sv_cancel *cancel; /* or NULL; any thread may fire it: the connection is closed */
    const sv_upstream_port *port;
    void *arg; /* the caller's */

    bool is_post;
    int64_t deadline_ns; /* of the whole; on the scale of the loop's clock; SV_NEVER: none */

    /* upstream.c's. */
    sv_transfer transfer;
    sv_loop *loop;
    char *request; /* the address and the header lines */
    sv_fetch_head head;
    uint64_t n_bytes; /* of the body */
    int64_t retry_after_s;
    sv_upstream_fault fault, when_late;
    char content_type[SV_UPSTREAM_MAX_CONTENT_TYPE];
    size_t content_type_len;
    int http_status;
    bool is_starting, is_answered, is_announced, is_paused, is_over;
    sv_cancel_callback on_cancel;
    sv_message cancel_message, end_message;
    atomic_bool is_cancel_posted;
    bool is_cancel_received;
};

/* On the loop's thread, or before it runs. SV_UNSUPPORTED as for sv_transfer_pool_new. */
sv_status sv_upstream_new(sv_loop *loop, const sv_upstream_config *config, sv_error *error,
                          sv_upstream **ret_upstream) SV_MUST_USE;
/* On the loop's thread, or after it ran. What is under way ends with SV_UPSTREAM_CANCELLED, in this
 * call or in a later round. NULL is fine. */
void sv_upstream_free(sv_upstream *upstream);

/* Loop thread. Never fails: what goes wrong is told to on_end. Header names are tokens and values
 * have no control characters, or the fault is SV_UPSTREAM_BAD_REQUEST; so it is for Connection,
 * Content-Length, Expect and Transfer-Encoding, which are not the caller's. */
void sv_upstream_start(sv_upstream *upstream, sv_upstream_exchange *exchange);
/* Loop thread, not inside on_data. What was not taken comes again, maybe before this returns. Fine
 * for an exchange that is not paused. */
void sv_upstream_resume(sv_upstream_exchange *exchange);

#endif
