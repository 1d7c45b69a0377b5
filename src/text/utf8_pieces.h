/* utf8_pieces.h: bytes of tokens in, whole characters of UTF-8 out.
 *
 * A token of a language model may end in the middle of a character. What is complete is passed on
 * at once, an incomplete end (up to 3 bytes) is held until the next piece. Bytes that are no UTF-8
 * become U+FFFD, one for each maximal subpart (Unicode 3.9, table 3-8; the decoder of the WHATWG
 * Encoding standard), so that the output is the same however the bytes were cut. */
#ifndef SERVAL_TEXT_UTF8_PIECES_H
#define SERVAL_TEXT_UTF8_PIECES_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/buf.h"

/* One text on its way; zeroed is its beginning, nothing to free. Thread: one at a time. */
typedef struct sv_utf8_pieces {
    unsigned char held[4]; /* the beginning of a character */
    unsigned n_held;       /* 0..3 */
} sv_utf8_pieces;

/* Appends every character that `bytes` complete to `out`. SV_NO_MEMORY, SV_TOO_LARGE: `out` has
 * failed (sv_buf_status) and lacks some of the text; it is of no use then. */
sv_status sv_utf8_pieces_add(sv_utf8_pieces *pieces, sv_str bytes, sv_buf *out) SV_MUST_USE;
/* The text has ended: a character that was never completed becomes one U+FFFD. `pieces` is as
 * zeroed. Errors as above. */
sv_status sv_utf8_pieces_end(sv_utf8_pieces *pieces, sv_buf *out) SV_MUST_USE;

#endif
