/* coding.h: content codings of RFC 9110: gzip and deflate (in its zlib wrapper, as the standard
 * says; raw deflate is refused), and which one a client prefers. Pure but for the memory of
 * results. */
#ifndef SERVAL_HTTP_CODING_H
#define SERVAL_HTTP_CODING_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/buf.h"

typedef enum sv_coding {
    SV_CODING_IDENTITY,
    SV_CODING_GZIP,
    SV_CODING_DEFLATE,
    SV_CODING_UNKNOWN, /* anything else, several in a row included */
} sv_coding;

/* Of a Content-Encoding; empty: identity. */
sv_coding sv_coding_find(sv_str name);
/* "gzip"; "" for SV_CODING_UNKNOWN. Static. */
sv_str sv_coding_name(sv_coding coding);
/* What an Accept-Encoding likes best: the highest q, of equals what stands first; identity when
 * nothing that is known is asked for. */
sv_coding sv_coding_choose(sv_str accept_encoding);

/* Appends the plain bytes to `out`, which never gets longer than its limit: SV_TOO_LARGE as soon as
 * there would be more. SV_INVALID: not of this coding, cut, corrupt, or more bytes behind its end.
 * SV_NO_MEMORY. `coding` is gzip or deflate. */
sv_status sv_coding_decode(sv_coding coding, sv_str bytes, sv_buf *out) SV_MUST_USE;
/* Appends the coded bytes, quickly rather than small. SV_TOO_LARGE, SV_NO_MEMORY. */
sv_status sv_coding_encode(sv_coding coding, sv_str bytes, sv_buf *out) SV_MUST_USE;

#endif
