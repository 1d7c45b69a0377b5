/* router.h: path -> route and its policy. Pure: built once, then read by every loop.
 *
 * DESIGN. Routes match in the order they were added; a template segment `{name}` takes one
 * non-empty segment,
 * `{name:path}` (last) takes the rest, slashes too, and may be empty. A method mismatch keeps
 * looking. */
#ifndef SERVAL_HTTP_ROUTER_H
#define SERVAL_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/status.h>
#include <serval/str.h>

#include "http/policy.h"

enum { SV_ROUTER_MAX_PARAMS = 8 };

struct sv_exchange;

/* One route in the caller's storage (it must outlive the router). */
typedef struct sv_route {
    const char *method; /* "GET" …; "*": every method */
    const char *path;   /* template */
    sv_policy policy;
    /* Called on the loop's thread once the body is complete (policy.stream_body: the head). The
     * handler owns the exchange until it calls sv_exchange_respond, from any thread. */
    void (*handle)(struct sv_exchange *exchange);
    void *data; /* for `handle` */
} sv_route;

typedef struct sv_router sv_router;

typedef enum sv_match {
    SV_MATCH_FOUND,
    SV_MATCH_NO_PATH,
    SV_MATCH_NO_METHOD, /* `allow` is filled */
    SV_MATCH_SLASH,     /* the path without (or with) its trailing slash exists: redirect */
} sv_match;

typedef struct sv_route_match {
    const sv_route *route;
    size_t n_params;
    sv_str params[SV_ROUTER_MAX_PARAMS]; /* in template order, spans of the given path (still as
                                            given) */
    char allow[128];                     /* "GET, HEAD, OPTIONS", for 405 and OPTIONS */
} sv_route_match;

sv_router *sv_router_new(void);
void sv_router_free(sv_router *router);
/* SV_INVALID with the reason for a template that is malformed (no leading slash, unclosed brace,
 * two names alike,
 * `:path` not last, more than SV_ROUTER_MAX_PARAMS) or stands twice with one method. */
sv_status sv_router_add(sv_router *router, const sv_route *route, sv_error *error) SV_MUST_USE;
/* `path` is the normalised path, percent-escapes decoded except %2F. HEAD finds GET routes. Any
 * thread. */
sv_match sv_router_find(const sv_router *router, sv_str method, sv_str path,
                        sv_route_match *ret_match);
/* Names of a template's parameters in order; returns how many. */
size_t sv_router_param_names(const char *path, sv_str names[SV_ROUTER_MAX_PARAMS]);

#endif
