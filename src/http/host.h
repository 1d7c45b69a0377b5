/* host.h: the rules of the Host field. Pure; any thread. */
#ifndef SERVAL_HTTP_HOST_H
#define SERVAL_HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/str.h>

#include "http/framing.h"

/* `uri-host [":" port]`: not empty, no user, no path, no list. */
bool sv_host_is_valid(sv_str host);
/* Without port: "a" of "a:80", "[::1]" of "[::1]:80". */
sv_str sv_host_name(sv_str host);

/* What the fields say: exactly one valid Host (HTTP/1.0 may have none). An `authority` from the
 * request target (NULL pointer: none) is written over it. `allowed` ends with NULL; NULL allows
 * every host; ports are not compared, "*" is every host, "*.a" every name below a. */
sv_refusal sv_host_check(sv_http_header *headers, size_t n_headers, int minor, sv_str authority,
                         const char *const *allowed);

#endif
