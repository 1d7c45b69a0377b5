/* fetch_url.h: takes an http(s) address apart, strictly, so that what is judged is what is connected to. Pure. */
#ifndef SERVAL_IO_FETCH_URL_H
#define SERVAL_IO_FETCH_URL_H

#include <stdbool.h>

#include <serval/str.h>

typedef struct sv_fetch_url {
    sv_str host; /* as written; IPv6 in brackets */
    int port;
} sv_fetch_url;

/* False for anything but scheme://host[:port][/…] of visible ASCII with scheme http or https; user information and
 * backslashes are refused. */
bool sv_fetch_url_read(sv_str text, sv_fetch_url *ret_url);

#endif
