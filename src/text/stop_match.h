/* stop_match.h: stop sequences found in text that comes in pieces; no part of one ever leaks.
 *
 * Text that may still become a stop sequence is held until it is decided. Of several stops the one
 * that begins first ends the text, even when another was complete before it; of those that begin at
 * the same place the shortest, then the first in the list. So the output does not depend on how the
 * text was cut. Text and stops being UTF-8, no character is ever cut. */
#ifndef SERVAL_TEXT_STOP_MATCH_H
#define SERVAL_TEXT_STOP_MATCH_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    SV_STOP_MATCH_MAX_STOPS = 16,
    SV_STOP_MATCH_MAX_BYTES = 256,  /* of one stop */
    SV_STOP_MATCH_MAX_TOTAL = 1024, /* bytes of all */
};

/* One text on its way. Lives in its arena; one thread at a time. */
typedef struct sv_stop_match sv_stop_match;

/* `n_stops` 0..16 texts, UTF-8, none of them empty; the array and the texts are borrowed for as
 * long as the matcher lives. SV_INVALID: not so, `error` (may be NULL) tells what is wrong;
 * SV_NO_MEMORY. Memory: twice the bytes of the stops, about. */
sv_status sv_stop_match_new(sv_arena *arena, const sv_str *stops, size_t n_stops, sv_error *error,
                            sv_stop_match **ret_match) SV_MUST_USE;
/* The next piece, of whole characters: appends to `out` what is certainly no part of a stop.
 * `*ret_stopped`: a stop was found, all that is before it has come out, and nothing more will, now
 * or later. SV_NO_MEMORY, SV_TOO_LARGE: `out` has failed (sv_buf_status) and is of no use. */
sv_status sv_stop_match_add(sv_stop_match *match, sv_str text, sv_buf *out,
                            bool *ret_stopped) SV_MUST_USE;
/* The text has ended: what was held comes out, unless a complete stop was waiting for one that had
 * begun before it. As above. */
sv_status sv_stop_match_end(sv_stop_match *match, sv_buf *out, bool *ret_stopped) SV_MUST_USE;
/* Which stop it was, 0..n_stops-1; only once stopped. */
size_t sv_stop_match_index(const sv_stop_match *match);

#endif
