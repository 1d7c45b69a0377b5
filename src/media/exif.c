/* exif.c: reads the orientation out of a TIFF block (TIFF 6.0 section 2, EXIF 2.32 section 4.6).
 * Not an EXIF parser. */
#include "media/exif.h"

#include <stdint.h>

enum { HEADER = 8, ENTRY = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

typedef struct tiff_reader {
    const uint8_t *at;
    size_t len;
    bool little;
} tiff_reader;

/* Both return 0 outside the block: no offset of a hostile file is followed. */
static uint32_t read_u16(const tiff_reader *in, size_t offset)
{
    if (in->len < 2 || offset > in->len - 2)
        return 0;
    uint32_t a = in->at[offset], b = in->at[offset + 1];
    return in->little ? b << 8 | a : a << 8 | b;
}

static uint32_t read_u32(const tiff_reader *in, size_t offset)
{
    uint32_t a = read_u16(in, offset), b = read_u16(in, offset + 2);
    return in->little ? b << 16 | a : a << 16 | b;
}

unsigned sv_exif_orientation(sv_str tiff)
{
    tiff_reader in = {(const uint8_t *)tiff.ptr, tiff.len, false};
    if (tiff.len < HEADER || in.at[0] != in.at[1] || (in.at[0] != 'I' && in.at[0] != 'M'))
        return 1;
    in.little = in.at[0] == 'I';
    if (read_u16(&in, 2) != 42)
        return 1;
    size_t directory = read_u32(&in, 4);
    uint32_t n_entries = read_u16(&in, directory);
    for (size_t i = 0; i < n_entries; i++) {
        size_t entry = directory + 2 + i * ENTRY;
        if (entry + ENTRY > in.len)
            return 1;
        if (read_u16(&in, entry) != TAG_ORIENTATION)
            continue;
        uint32_t value = read_u16(&in, entry + 8);
        bool valid = read_u16(&in, entry + 2) == TYPE_SHORT && value >= 1 && value <= 8;
        return valid ? value : 1;
    }
    return 1;
}
