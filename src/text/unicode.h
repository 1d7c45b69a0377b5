/* unicode.h: what the tokenizers ask about single characters: class, decomposition, lower case.
 * Not a Unicode library: case and segments for people are none of its business.
 *
 * Classes are those of the `tokenizers` package, which models are trained and checked with: its
 * tables are older than ours, and what came into Unicode later is a plain character to it. All
 * functions are pure; any thread. */
#ifndef SERVAL_TEXT_UNICODE_H
#define SERVAL_TEXT_UNICODE_H

#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

typedef enum sv_unicode_class {
    SV_UNICODE_PLAIN, /* letters, digits, symbols, what is not assigned */
    SV_UNICODE_SPACE, /* White_Space, controls such as U+0085 included */
    SV_UNICODE_PUNCTUATION,
    SV_UNICODE_MARK,    /* nonspacing */
    SV_UNICODE_CONTROL, /* controls, formats, private use */
} sv_unicode_class;

enum { SV_UNICODE_MAX_LOWER = 2, SV_UNICODE_MAX_DECOMPOSED = 4, SV_UNICODE_REPLACEMENT = 0xfffd };

/* The first character of text that is not empty, and its length in bytes; a byte that begins no
 * well-formed character is one U+FFFD. */
size_t sv_unicode_decode(sv_str text, uint32_t *ret_code);
/* Writes UTF-8, 1..4 bytes, into `bytes`; returns how many. */
size_t sv_unicode_encode(uint32_t code, char bytes[4]);

sv_unicode_class sv_unicode_classify(uint32_t code);
/* Spacing, nonspacing and enclosing. */
bool sv_unicode_is_mark(uint32_t code);
/* Canonical decomposition; returns how many codes. */
size_t sv_unicode_decompose(uint32_t code, uint32_t ret_codes[SV_UNICODE_MAX_DECOMPOSED]);
/* Lower case, whatever the neighbours; returns how many codes. */
size_t sv_unicode_lower(uint32_t code, uint32_t ret_codes[SV_UNICODE_MAX_LOWER]);
/* Canonical order of the marks behind each letter; stable. For short texts: the time is quadratic
 * in the marks of one letter. */
void sv_unicode_order(uint32_t *codes, size_t n);
/* NFC of what is decomposed and in canonical order, in place; returns the new length. */
size_t sv_unicode_compose(uint32_t *codes, size_t n);

#endif
