/* fetch_url.h: takes an http(s) address apart, strictly, so that what is judged is what is
 * connected to. Pure. Whether its host may be connected to: address.h. */
#ifndef SERVAL_IO_FETCH_URL_H
#define SERVAL_IO_FETCH_URL_H

#include <serval/status.h>

enum { SV_FETCH_URL_MAX = 8192 };

/* Points into the text it was read from. */
typedef struct sv_fetch_url {
    sv_str scheme; /* "http" or "https" */
    sv_str host;   /* as written; IPv6 in brackets */
    int port;
} sv_fetch_url;

/* Reads scheme://host[:port][/…] of at most SV_FETCH_URL_MAX bytes, all of them visible ASCII, no
 * backslash. SV_INVALID, with a reason for the client: another scheme, user information, anything
 * that another parser could see a second host in. */
sv_status sv_fetch_url_read(sv_str text, sv_error *error, sv_fetch_url *ret_url) SV_MUST_USE;

#endif
