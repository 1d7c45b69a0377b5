/* str.h: text as pointer and length. Nothing here is assumed to end in zero, nothing here
 * allocates. All functions are pure and may be called from any thread. */
#ifndef SERVAL_STR_H
#define SERVAL_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/attr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A span of bytes, borrowed: whoever owns the memory is told by the function that hands it out. */
typedef struct sv_str {
    const char *ptr;
    size_t len;
} sv_str;

/* A literal as a span, without strlen at run time; usable in initialisers. */
#define SV_STR_INIT(literal) {("" literal ""), sizeof(literal) - 1}
#ifdef __cplusplus
#define SV_STR(literal) (sv_str SV_STR_INIT(literal))
#else
#define SV_STR(literal) ((sv_str)SV_STR_INIT(literal))
#endif
/* For printf: "%.*s", SV_STR_ARG(text). */
#define SV_STR_ARG(text) (int)(text).len, (text).ptr

/* The span of a text that ends in zero; NULL gives the empty span. */
SV_API sv_str sv_str_from(const char *text);
SV_API bool sv_str_eq(sv_str a, sv_str b);
/* ASCII letters compare without case, other bytes as they are. */
SV_API bool sv_str_eq_nocase(sv_str a, sv_str b);
SV_API bool sv_str_starts_with(sv_str text, sv_str prefix);
SV_API bool sv_str_ends_with(sv_str text, sv_str suffix);
/* Where `byte` first stands in `text`, or text.len. */
SV_API size_t sv_str_find(sv_str text, char byte);
/* From byte `start` on, at most `len` bytes; both are clamped to the text. */
SV_API sv_str sv_str_slice(sv_str text, size_t start, size_t len);
/* Without leading and trailing white space as Python's str.strip() sees it (Unicode white space in
 * UTF-8). */
SV_API sv_str sv_str_trim(sv_str text);
/* Without leading and trailing space and tab (the OWS of HTTP). */
SV_API sv_str sv_str_trim_ows(sv_str text);
/* Cuts the next piece up to `separator` off `*rest`; false when nothing is left. "a,,b" gives a,
 * empty, b. */
SV_API bool sv_str_split(sv_str *rest, char separator, sv_str *ret_piece);
/* Number of Unicode code points in UTF-8 text; every byte that is not part of a well-formed
 * character counts one. */
SV_API size_t sv_str_count_chars(sv_str text);
/* True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
SV_API bool sv_str_is_utf8(sv_str text);
/* Decimal digits only, no sign, no space; false on anything else or beyond 2^64-1. */
SV_API bool sv_str_to_u64(sv_str text, uint64_t *ret_value);

#ifdef __cplusplus
}
#endif

#endif
