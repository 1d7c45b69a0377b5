/* assets.c: finds and inflates embedded files (only zlib.h). The table is made by the build:
 * tools/embed. */
#include "web/assets.h"

#include <zlib.h>

/* asset_table.h: one row {name, type, {first byte, size}, size uncompressed} per file, and the
 * bytes. */
#include "asset_table.h"

const sv_asset *sv_assets_find(sv_str name)
{
    for (size_t i = 0; i < sizeof asset_table / sizeof *asset_table; i++)
        if (sv_str_eq(sv_str_from(asset_table[i].name), name))
            return &asset_table[i];
    return NULL;
}

sv_status sv_assets_inflate(const sv_asset *asset, sv_arena *arena, sv_str *ret_bytes)
{
    char *bytes = sv_arena_alloc_raw(arena, asset->size_bytes + 1);
    if (!bytes)
        return SV_NO_MEMORY;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)asset->gzip.ptr,
                       .avail_in = (uInt)asset->gzip.len,
                       .next_out = (Bytef *)bytes,
                       .avail_out = (uInt)asset->size_bytes};
    enum { GZIP_WINDOW = 15 + 16 };
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return SV_NO_MEMORY;
    int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (result != Z_STREAM_END)
        return SV_INVALID;
    *ret_bytes = (sv_str){bytes, asset->size_bytes};
    return SV_OK;
}
