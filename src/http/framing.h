/* framing.h: the lines of HTTP/1.1 that llhttp does not judge as we want: the request line and the
 * size line of a chunk; and the rules that join framing fields. Pure; any thread. */
#ifndef SERVAL_HTTP_FRAMING_H
#define SERVAL_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

#include "http/exchange.h"

enum { SV_FRAMING_MAX_METHOD = 32 };

/* Why a request is refused; both static. `kind` NULL: it is not. */
typedef struct sv_refusal {
    const sv_error_kind *kind;
    const char *message;
} sv_refusal;

typedef struct sv_request_line {
    sv_str method, target;
    int minor; /* HTTP/1.x: 0 for 0, 1 for everything above */
} sv_request_line;

/* Reads `token SP target SP HTTP/d.d` (without its line end); the target's inside is not looked at.
 */
sv_refusal sv_framing_read_request_line(sv_str line, sv_request_line *ret_line);

/* Reads the size line of a chunk (without its line end): up to 16 hexadecimal digits, then
 * extensions, whose bytes are counted and otherwise ignored. False when it is malformed or beyond
 * 2^63-1. */
bool sv_framing_read_chunk_line(sv_str line, uint64_t *ret_size, size_t *ret_extension_bytes);

/* The rules of RFC 9112 6 that join several fields, strictly: at most one Content-Length or one
 * `Transfer-Encoding: chunked`, never both, none of the latter in HTTP/1.0. The Content-Length
 * itself is read. */
typedef struct sv_framing {
    bool chunked;
    uint64_t content_length; /* 0 when chunked or absent */
} sv_framing;
sv_refusal sv_framing_read_fields(const sv_http_header *headers, size_t n_headers, int minor,
                                  sv_framing *ret_framing);

#endif
