/* assets.c: finds and inflates embedded files. The table is made by the build: tools/embed. */
#include "web/assets.h"

#include "http/coding.h"

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
    sv_buf plain;
    sv_buf_init(&plain, asset->size_bytes);
    sv_status status = sv_coding_decode(SV_CODING_GZIP, asset->gzip, &plain);
    if (!status && plain.len != asset->size_bytes)
        status = SV_INVALID;
    sv_str bytes = status ? (sv_str){0} : sv_arena_copy(arena, sv_buf_str(&plain));
    sv_buf_deinit(&plain);
    if (status || !bytes.ptr)
        return status == SV_TOO_LARGE ? SV_INVALID : status ? status : SV_NO_MEMORY;
    *ret_bytes = bytes;
    return SV_OK;
}
