/* pattern.h: regular expressions of schemas, with the meaning they have in pydantic (Rust's regex
 * crate): \d, \w, \s and \b know Unicode, `.` is everything but a line feed, `$` is the very end
 * only. Not here: captures and replacing; a text matches or it does not. */
#ifndef SERVAL_JSON_PATTERN_H
#define SERVAL_JSON_PATTERN_H

#include <stdbool.h>

#include <serval/status.h>

typedef struct sv_pattern sv_pattern;

enum {
    SV_PATTERN_MAX_TEXT = 64 << 10,        /* bytes of a pattern */
    SV_PATTERN_MAX_UNANCHORED = 128 << 10, /* bytes of a text, unless the pattern begins with ^ */
    SV_PATTERN_MAX_ANCHORED = 64 << 20,    /* bytes of a text when it does */
};

/* Compiles; meant for start-up. SV_INVALID with the reason and the place in `error` (may be NULL):
 * not a regular expression, or one that Rust's regex refuses (look-around, back-references,
 * recursion, possessive and atomic groups, verbs), or one of the two things Rust has and this has
 * not: sets within sets ([a&&b], [a[b]]) and the flags x, u, R. Free with sv_pattern_free. */
sv_status sv_pattern_new(const char *text, sv_error *error, sv_pattern **ret_pattern) SV_MUST_USE;
/* NULL is fine. */
void sv_pattern_free(sv_pattern *pattern);
/* Whether the pattern is found anywhere in `text`, which is UTF-8. Any thread, many at once.
 * SV_TOO_LARGE: the text is longer than the sizes above, or finding out would take too many steps
 * (some hundredths of a second); SV_INVALID: `text` is not UTF-8; SV_NO_MEMORY. */
sv_status sv_pattern_matches(const sv_pattern *pattern, sv_str text, bool *ret_matches) SV_MUST_USE;

#endif
