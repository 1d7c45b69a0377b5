/* email_chars.h: which characters addresses of e-mail may have, and how reasons name the others. */
#ifndef SERVAL_JSON_EMAIL_CHARS_H
#define SERVAL_JSON_EMAIL_CHARS_H

#include "base/buf.h"

/* Which ASCII characters are bad. */
typedef enum sv_email_part {
    SV_EMAIL_LOCAL,        /* not letters, digits, dots, !#$%&'*+-/=?^_`{|}~ */
    SV_EMAIL_QUOTED,       /* control characters */
    SV_EMAIL_DOMAIN,       /* not letters, digits, dots, hyphens */
    SV_EMAIL_DISPLAY_NAME, /* as LOCAL, and dots; spaces are fine, all beyond ASCII is not */
} sv_email_part;

/* Appends the bad characters of `text`, each once: "'(', SPACE, U+0009"; nothing when there are
 * none. */
void sv_email_chars_append_bad(sv_buf *out, sv_str text, sv_email_part part);
/* Appends the characters beyond ASCII that no address may have: blanks, controls, invisible ones, a
 * combining accent as the first. */
void sv_email_chars_append_unsafe(sv_buf *out, sv_str text, bool may_have_space);
/* Appends every character of `text` by its name. */
void sv_email_chars_append_all(sv_buf *out, sv_str text);

#endif
