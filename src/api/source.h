/* source.h: what an `image_url` says: bytes in the address itself, or an address to fetch. Pure. */
#ifndef SERVAL_API_SOURCE_H
#define SERVAL_API_SOURCE_H

#include <serval/status.h>

#include "base/arena.h"

typedef enum sv_source_kind { SV_SOURCE_BYTES, SV_SOURCE_FETCH } sv_source_kind;

typedef struct sv_source {
    sv_source_kind kind;
    sv_str bytes; /* SV_SOURCE_BYTES: the picture, in the arena */
    sv_str url;   /* SV_SOURCE_FETCH */
} sv_source;

/* Reads an address: `data:` is decoded into the arena, `http:` and `https:` are left to be fetched.
 * `schemes` is the comma-separated list that is allowed. SV_INVALID with sv_kind_invalid_input and
 * a message for the client; SV_NO_MEMORY. */
sv_status sv_source_read(sv_arena *arena, sv_str url, sv_str schemes, sv_error *error,
                         sv_source *ret_source) SV_MUST_USE;

#endif
