/* forwarded.h: who asks, when a proxy that we trust asks for somebody else: X-Forwarded-For,
 * X-Forwarded-Proto and Forwarded (RFC 7239). Pure: no I/O; any thread. */
#ifndef SERVAL_HTTP_FORWARDED_H
#define SERVAL_HTTP_FORWARDED_H

#include <stdbool.h>

#include <serval/status.h>

#include "base/buf.h"
#include "http/exchange.h"
#include "io/network.h"

/* The proxies that are trusted; const once made. */
typedef struct sv_forwarded_trust sv_forwarded_trust;

enum { SV_FORWARDED_MAX_ENTRIES = 256 };

/* `list` is comma-separated: addresses, networks (10.0.0.0/8), `unix:` (whoever comes through a
 * Unix socket) and `*` (everybody: only where nobody but the proxy can connect); empty: nobody.
 * SV_INVALID: each mistake is a line of `problems`, which names the entry. SV_NO_MEMORY. */
sv_status sv_forwarded_trust_new(sv_str list, sv_buf *problems,
                                 sv_forwarded_trust **ret_trust) SV_MUST_USE;
/* NULL is fine. */
void sv_forwarded_trust_free(sv_forwarded_trust *trust);

typedef struct sv_forwarded_origin {
    char client[SV_NETWORK_MAX_TEXT]; /* ends in zero; "": nothing was said */
    sv_str scheme; /* "http" or "https", static; NULL pointer: nothing was said */
} sv_forwarded_origin;

/* What the fields say of the client, believed as far as those who wrote them are trusted: walked
 * from the right, the first address that is not a trusted proxy's; if all are, the leftmost. What
 * is not an address ends the walk at the last good one. X-Forwarded-* is read; Forwarded only in
 * the absence of X-Forwarded-For. `peer` is the address of the connection, empty for a Unix socket.
 * A NULL `trust` trusts nobody. */
sv_forwarded_origin sv_forwarded_find(const sv_forwarded_trust *trust, sv_str peer,
                                      const sv_http_header *headers, size_t n_headers);

#endif
