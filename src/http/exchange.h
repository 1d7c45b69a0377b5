/* exchange.h: one request and its answer, as the layers above HTTP see them.
 *
 * Ownership: the connection makes an exchange at the first byte of a request and hands it to the
 * route's handler when the body is complete (or the head, by policy.stream_body). From then on one
 * owner at a time, who may move it to another thread, works on it, and gives it back with
 * sv_exchange_respond (any thread). The arena, and all text here, moves with it. When the client
 * leaves or the deadline passes meanwhile, `cancel` fires; the owner still gives it back, and the
 * answer is dropped. */
#ifndef SERVAL_HTTP_EXCHANGE_H
#define SERVAL_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"
#include "base/cancel.h"
#include "http/router.h"
#include "io/loop.h"
#include "observe/timeline.h"

enum { SV_EXCHANGE_MAX_HEADERS = 100 };

typedef struct sv_http_header {
    sv_str name, value; /* value without surrounding white space */
} sv_http_header;

typedef struct sv_exchange sv_exchange;

/* The answer; filled by the owner before sv_exchange_respond. Text lives in the arena or is static.
 */
typedef struct sv_answer {
    int status;          /* 0: nothing was set yet */
    sv_str content_type; /* empty: none */
    sv_str body;
    uint64_t absent_bytes; /* that `body` does not hold: of a HEAD, or of a stream whose length is
                              known; counted in Content-Length */
    sv_http_header headers[16]; /* extra ones */
    size_t n_headers;
    const char *error_code;    /* of an error answer, for log and metrics; NULL */
    const sv_error_kind *kind; /* of an error answer; NULL */
    sv_str log_detail;         /* for the log only: what clients are not told; empty */
} sv_answer;

struct sv_exchange {
    /* The request: read-only after hand-over. */
    sv_str method;   /* "GET" */
    sv_str target;   /* as received */
    sv_str raw_path; /* percent-encoded, without query */
    sv_str path;     /* decoded (but %2F), dot segments removed */
    sv_str query;    /* after '?', as received */
    int http_minor;  /* 0 or 1 */
    const sv_http_header *headers;
    size_t n_headers;
    sv_str body;
    size_t forgotten_bytes; /* of a body that is no longer needed, for log and metrics */
    sv_str request_id;
    sv_str client;        /* address without port; behind trusted proxies what they say */
    int client_port;      /* 0 when a proxy said it, and of Unix sockets */
    sv_str peer;          /* the address of the connection; empty: a Unix socket */
    bool speaks_dialects; /* errors below the prefixes of protocols are told as these want it */
    sv_str scheme;        /* "http", or "https" when a trusted proxy says so; static */
    const sv_route *route;
    sv_str params[SV_ROUTER_MAX_PARAMS]; /* percent-decoded, in template order */
    size_t n_params;
    sv_arena *arena;
    sv_cancel *cancel;
    int64_t started_ns, deadline_ns; /* first byte; answer must have started */
    int64_t finished_ns;             /* the answer was written, or the client gave up; for `done` */
    size_t answer_bytes;             /* head and body as written; for `done` */
    sv_timeline timeline;
    void *user;                         /* of the layer above; NULL at first */
    const struct sv_rate_verdict *rate; /* what mw_limit.c decided; NULL: nothing */

    sv_answer answer;
};

/* The first header of this name, compared without case; NULL pointer when absent. */
sv_str sv_exchange_header(const sv_exchange *exchange, sv_str name);
/* Adds a header to the answer; both texts are copied into the arena. SV_INVALID when not legal in
 * HTTP, SV_TOO_LARGE when the answer has 16 already. */
sv_status sv_exchange_add_header(sv_exchange *exchange, sv_str name, sv_str value);
/* For the owner, once nothing refers to the body any more: its memory goes now, not with the
 * answer.
 */
void sv_exchange_forget_body(sv_exchange *exchange);
/* The loop of its connection, for posting to: what runs there may write to a stream without ever
 * waiting. */
sv_loop *sv_exchange_loop(const sv_exchange *exchange);
/* Gives the exchange back with its answer. Any thread; on the loop's own thread the answer is
 * written at once. The caller must not touch the exchange afterwards. */
void sv_exchange_respond(sv_exchange *exchange);

/* What an error answer says. */
typedef struct sv_failure {
    const sv_error_kind *kind;
    sv_str message;
    sv_str detail_json; /* NULL pointer: the message as text */
    sv_str
        members_json; /* more members of the object, e.g. `"available":["1"]`; NULL pointer: none */
    sv_str param;     /* the member of the body that is to blame, for dialects that tell it */
} sv_failure;

/* Makes the answer an error of the dialect that fits the exchange's path (mw_error.c). When memory
 * is out, a fixed text is used: never fails. */
void sv_exchange_fail(sv_exchange *exchange, const sv_failure *failure);

#endif
