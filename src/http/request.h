/* request.h: an exchange and what HTTP itself keeps beside it: parser, body, fate. Made once, used
 * for one request after the other.
 *
 * Thread: the loop's, but for what handlers may touch of the exchange. */
#ifndef SERVAL_HTTP_REQUEST_H
#define SERVAL_HTTP_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "http/exchange.h"
#include "http/forwarded.h"
#include "http/lane.h"
#include "http/parser.h"
#include "io/mailbox.h"

typedef struct sv_request {
    sv_exchange exchange; /* first: its owner knows only this address */
    sv_lane *lane;
    struct sv_connection *connection;   /* NULL: nobody waits for the answer any more */
    sv_message given_back;              /* run on the loop's thread when the exchange comes back */
    sv_message wake;                    /* run on the loop's thread when the owner has news */
    atomic_bool is_woken;               /* `wake` is on its way */
    _Atomic(struct sv_stream *) stream; /* the answer as a stream, once its owner has begun one */
    struct sv_body_stream *body_stream; /* the body as it comes, where the route wants it so */
    sv_parser *parser;
    sv_buf body;
    char peer[SV_NETWORK_MAX_TEXT]; /* outlives the connection, as its exchange may */
    sv_forwarded_origin origin;     /* what trusted proxies say of the client */
    sv_str route_path;              /* what the router gets: see SV_TARGET_SLASH */
    size_t max_body_bytes;          /* of the route */
    int lost_status;      /* when nobody waits: what to report instead of the answer's status */
    bool keep_alive;      /* the client allows another request */
    bool is_head_method;  /* the answer has no body */
    bool awaits_continue; /* the body may never come: the client waits for a word first */
    bool is_answered;
    struct sv_request *next_spare;
} sv_request;

/* NULL when out of memory. */
sv_request *sv_request_new(sv_lane *lane);
/* NULL is fine. */
void sv_request_free(sv_request *request);
/* Gets ready for the bytes of one request. */
sv_status sv_request_start(sv_request *request, const sv_server_config *config) SV_MUST_USE;
/* Lets go of everything that belongs to the request that has ended. */
void sv_request_forget(sv_request *request);

/* The owner has news for the loop: runs `wake` there, once for all that was told before. Any
 * thread. */
void sv_request_wake(sv_request *request);

/* Who is connected: the address, which is copied, and the port. */
void sv_request_set_peer(sv_request *request, sv_str address, int port);
/* Fills the exchange from the parsed head, believes trusted proxies, and checks target and Host.
 * Refused or not, what could be read is there for the answer. */
sv_refusal sv_request_read_head(sv_request *request);
/* Fills the exchange with as much as the parser has, for the answer to a request that is broken
 * off. */
void sv_request_read_fragment(sv_request *request);
/* Takes over what an answer says of its request, as spans of the other's memory. Nothing is read
 * that a handler may write. */
void sv_request_resemble(sv_request *request, const sv_request *other);
/* Whether the head announces body bytes. */
bool sv_request_has_body(const sv_request *request);
/* Adds a piece of the body: SV_TOO_LARGE over the limit, SV_NO_MEMORY. */
sv_status sv_request_append_body(sv_request *request, sv_str piece) SV_MUST_USE;

#endif
