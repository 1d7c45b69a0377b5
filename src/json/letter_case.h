/* letter_case.h: upper and lower case of all scripts, and blanks at the ends, as Rust's String sees
 * them (Unicode's full mappings), for text that a schema wants changed. */
#ifndef SERVAL_JSON_LETTER_CASE_H
#define SERVAL_JSON_LETTER_CASE_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"

/* `text` is UTF-8. The result is `text` itself when nothing changes, else in the arena;
 * SV_NO_MEMORY. */
sv_status sv_letter_case_lower(sv_arena *arena, sv_str text, sv_str *ret_text) SV_MUST_USE;
sv_status sv_letter_case_upper(sv_arena *arena, sv_str text, sv_str *ret_text) SV_MUST_USE;
/* Without white space at both ends, as Rust sees it: 1C to 1F are none. */
sv_str sv_letter_case_strip(sv_str text);

#endif
