/* assets.h: files embedded in the program at build time, gzip-compressed. */
#ifndef SERVAL_WEB_ASSETS_H
#define SERVAL_WEB_ASSETS_H

#include <serval/status.h>

#include "base/arena.h"

typedef struct sv_asset {
    const char *name, *content_type;
    sv_str gzip;       /* compressed bytes, static */
    size_t size_bytes; /* uncompressed */
} sv_asset;

/* NULL when there is no file of this name. */
const sv_asset *sv_assets_find(sv_str name);
/* The file's bytes, in the arena. */
sv_status sv_assets_inflate(const sv_asset *asset, sv_arena *arena, sv_str *ret_bytes) SV_MUST_USE;

#endif
