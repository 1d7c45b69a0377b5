/* base64_lax.h: base64 as Python's base64.b64decode takes it, which pydantic's Base64Bytes uses:
 * everything that is not of the alphabet is passed over. The strict kind, and encoding:
 * base/base64.h. */
#ifndef SERVAL_JSON_BASE64_LAX_H
#define SERVAL_JSON_BASE64_LAX_H

#include <serval/types.h>

#include "base/arena.h"

/* The bytes are in the arena. SV_INVALID: `*ret_problem` is Python's text for the error's key
 * "error", in the arena; SV_NO_MEMORY. */
sv_status sv_base64_lax_decode(sv_arena *arena, sv_str text, sv_bytes *ret_bytes,
                               sv_str *ret_problem) SV_MUST_USE;

#endif
