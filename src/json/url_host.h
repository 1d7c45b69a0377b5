/* url_host.h: the host of a URL in its one normal form (WHATWG URL standard, section 3.5). */
#ifndef SERVAL_JSON_URL_HOST_H
#define SERVAL_JSON_URL_HOST_H

#include "base/buf.h"

/* Appends the host `text` (not empty) normalised: IPv6 in brackets; with `is_special` (http, https,
 * ws, wss, ftp, file) names in lower-case ASCII and IPv4 of any spelling as four decimal numbers,
 * else the text as it is, percent-encoded. Returns NULL, or what is wrong in the words of the Rust
 * crate `url`; static. Out of memory: see sv_buf_status. */
const char *sv_url_host_append(sv_buf *out, sv_str text, bool is_special) SV_MUST_USE;

#endif
