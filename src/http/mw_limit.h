/* mw_limit.h: rate limits of routes and of the whole server, obeyed at headers-complete and told in
 * every answer.
 *
 * A route's limit (policy.h) counts each client on this route alone, HEAD with GET, whatever the
 * answer will be: 422 counts. The overall limit counts a client's requests of all routes together,
 * 404, 405 and redirects too, but not those of routes that are exempt. OPTIONS that no route takes
 * is never counted: a browser's preflight must not be in its page's way. A request under both is
 * allowed by both and charged to both, or to none.
 *
 * Answers carry X-RateLimit-Limit, -Remaining and -Reset (epoch second) of the rule that is nearest
 * to refusing, refusals Retry-After as well. */
#ifndef SERVAL_HTTP_MW_LIMIT_H
#define SERVAL_HTTP_MW_LIMIT_H

#include "http/rate_table.h"
#include "http/server.h"

typedef struct sv_mw_limit {
    sv_rate_table *table;         /* NULL: nothing is limited */
    const sv_rate_limit *overall; /* NULL: only routes have limits */
} sv_mw_limit;

/* `limit`, and what it points to, must outlive the server. */
sv_http_middleware sv_mw_limit_middleware(const sv_mw_limit *limit);

#endif
