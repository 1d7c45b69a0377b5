/* http_fixture.h: a server in memory for the tests of http: routes to try it on, and a client that
 * sends bytes. */
#ifndef SERVAL_TESTS_HTTP_FIXTURE_H
#define SERVAL_TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/loopback.h"
#include "http/server.h"

/* What the middleware saw. */
typedef struct http_seen {
    int n_before, n_after, n_done;
    int last_status;
    sv_cancel_reason last_cancel;
    size_t last_answer_bytes;
} http_seen;

typedef struct http_fixture {
    sv_loop *loop;
    sv_router *router;
    sv_server *server;
    sv_http_limits limits;
    const char *root_path;                     /* NULL until a test sets it */
    const sv_forwarded_trust *trusted_proxies; /* so too */
    http_seen seen;
    sv_http_middleware middleware;
    _Atomic(sv_exchange *) held; /* by the handler of /hold and /stream */
} http_fixture;

/* Limits for tests: small sizes, the default times. Change them, root_path and trusted_proxies
 * before http_start. */
void http_init(http_fixture *fixture);
/* Routes: the echo of examples/echo at every path, before it:
 * GET /hello ("hello"), POST /hold, GET /stream and POST /upload (which streams its body, at most
 * 1,000,000 bytes; all three are answered by http_release, or by the test),
 * GET|POST /items, GET /items/{id} (answers the id), POST /small (at most 10 bytes), POST /picture
 * (image/ only), GET /big (1 MiB), GET /none (204), GET /silent (gives no answer). Without
 * `with_echo` other paths are not found. */
void http_start(http_fixture *fixture, bool with_echo);
void http_stop(http_fixture *fixture);

/* Answers the exchange that /hold keeps, with "held". */
void http_release(http_fixture *fixture);
/* Steps the loop until nothing happens any more. */
void http_settle(http_fixture *fixture);
/* Steps the loop for so long. */
void http_run_ms(http_fixture *fixture, int ms);

/* All that was received, as text that ends in zero; lives until the next call. */
const char *http_text(sv_loopback *client);
/* How many answers the text has (lines that begin with HTTP/1.1, 1xx not counted), and the status
 * of each. */
size_t http_statuses(sv_loopback *client, int *statuses, size_t max);

#define http_send(client, literal) sv_loopback_send((client), SV_STR(literal))

#endif
