/* server.h: loops, listeners, connections: an HTTP server around a router. */
#ifndef SERVAL_HTTP_SERVER_H
#define SERVAL_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>

#include "http/exchange.h"
#include "http/forwarded.h"
#include "http/router.h"
#include "io/listener.h"

typedef struct sv_http_limits {
    size_t max_header_bytes; /* request line excluded: 431 */
    size_t max_url_bytes;    /* request target: 414 */
    size_t max_headers;      /* fields: 431 */
    size_t max_body_bytes;   /* default of routes: 413 */
    size_t max_connections;  /* 0: what descriptors allow */
    int64_t header_timeout_ms, body_timeout_ms, write_timeout_ms, keep_alive_ms;
    int64_t request_timeout_ms; /* first byte to start of the answer */
} sv_http_limits;

/* The defaults of product.md 3. */
extern const sv_http_limits sv_http_limits_default;

/* Observes and changes every exchange; `before` in order, the others in reverse. All run on the
 * loop's thread and must not block. NULL slots are skipped. */
typedef struct sv_http_middleware {
    /* Headers are complete, the route is found (or NULL). Returning false refuses: the middleware
     * has set the answer; the body is never read. */
    bool (*before)(sv_exchange *exchange, void *arg);
    /* The answer is there, nothing is written yet: headers may be added. */
    void (*after)(sv_exchange *exchange, void *arg);
    /* Everything is written, or the client is gone (status 499). Called exactly once per exchange.
     */
    void (*done)(sv_exchange *exchange, void *arg);
    void *arg;
} sv_http_middleware;

typedef struct sv_server_config {
    const sv_router *router;
    const sv_http_middleware *middleware;
    size_t n_middleware;
    const sv_http_middleware *limit;     /* inside of these; NULL: none */
    const sv_http_middleware *innermost; /* inside all of them; NULL: none */
    sv_http_limits limits;
    const char *const
        *allowed_hosts; /* NULL-terminated; NULL: every host. Ports are not compared */
    const sv_forwarded_trust *trusted_proxies; /* NULL: nobody is believed */
    bool
        speaks_dialects; /* the server of models: its prefixes have their own errors (mw_error.h) */
    const char *root_path; /* prefix of a proxy in front, for redirects; NULL: none */
    const sv_clock *clock; /* wall clock for Date; NULL: the system's */
} sv_server_config;

typedef struct sv_server_stats {
    size_t n_active, n_idle; /* connections with and without a request */
    size_t n_streams;        /* answers that are being streamed */
    uint64_t n_events;       /* server-sent events, ever */
} sv_server_stats;

typedef struct sv_server sv_server;

/* `config` is copied; what it points to must outlive the server. */
sv_status sv_server_new(const sv_server_config *config, sv_server **ret_server) SV_MUST_USE;
void sv_server_free(sv_server *server);
/* Listens with one loop (they are started here, each on its own thread). All or nothing. */
sv_status sv_server_listen(sv_server *server, const sv_tcp_address *address, size_t n_loops,
                           sv_error *error) SV_MUST_USE;
int sv_server_port(const sv_server *server);
/* Any thread: stops accepting, closes idle connections, answers what is in flight with `Connection:
 * close`; at the deadline cancels and cuts the rest. Blocks until all connections are gone. Not on
 * a loop's thread. */
void sv_server_drain(sv_server *server, int64_t timeout_ms);
bool sv_server_is_draining(const sv_server *server);
sv_server_stats sv_server_get_stats(const sv_server *server);
/* When the slowest loop last came round. Any thread. */
int64_t sv_server_last_round_ns(const sv_server *server);
size_t sv_server_n_loops(const sv_server *server);
sv_loop *sv_server_loop(sv_server *server, size_t index);

#endif
