/* idna.h: names of hosts in other scripts, to and from the ASCII they have in the DNS (UTS 46
 * without transitional processing, RFC 3492). Pure.
 *
 * Letters are folded by the rules of the scripts that have cases (Latin, Greek, Cyrillic, Armenian)
 * and full-width ASCII becomes ASCII. There are no tables for the rest of Unicode's mapping: what
 * it would change (a letter with a separate accent, ligatures, letters in circles and the like) is
 * refused here. Rules of right-to-left labels are not checked. */
#ifndef SERVAL_JSON_IDNA_H
#define SERVAL_JSON_IDNA_H

#include "base/buf.h"

/* Appends `host`, UTF-8, in lower-case ASCII. SV_INVALID: no host in any script; what was appended
 * until then stays. Other failures are those of `out`. */
sv_status sv_idna_to_ascii(sv_str host, sv_buf *out) SV_MUST_USE;
/* Appends what the labels of `host` say that begin with "xn--", in UTF-8; other labels as they are.
 * SV_INVALID: such a label says nothing, or not in its one form. */
sv_status sv_idna_to_unicode(sv_str host, sv_buf *out) SV_MUST_USE;

#endif
