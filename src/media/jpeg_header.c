/* jpeg_header.c: the marker walk (ITU-T T.81 annex B). Not a decoder: Huffman tables and
 * coefficients are skipped.
 *
 * It finds markers as libjpeg does (bytes before a 0xFF are skipped, 0xFF may repeat), so that both
 * see one picture. */
#include "media/jpeg_header.h"

#include <string.h>

#include "media/exif.h"

enum {
    MARKER_SOF0 = 0xC0,
    MARKER_DHT = 0xC4,
    MARKER_JPG = 0xC8,
    MARKER_DAC = 0xCC,
    MARKER_SOF15 = 0xCF,
    MARKER_RST0 = 0xD0,
    MARKER_SOI = 0xD8,
    MARKER_EOI = 0xD9,
    MARKER_SOS = 0xDA,
    MARKER_APP1 = 0xE1,
    MARKER_TEM = 0x01,
    MAX_COMPONENTS = 10, /* libjpeg's own limit */
};

static uint32_t read_u16(const char *at)
{
    return (uint32_t)(uint8_t)at[0] << 8 | (uint8_t)at[1];
}

static bool is_frame(unsigned marker)
{
    return marker >= MARKER_SOF0 && marker <= MARKER_SOF15 && marker != MARKER_DHT &&
           marker != MARKER_JPG && marker != MARKER_DAC;
}

static bool has_length(unsigned marker)
{
    return marker != MARKER_TEM && (marker < MARKER_RST0 || marker > MARKER_EOI);
}

/* Skips to the next marker and past it; 0 at the end of the bytes. A zero after 0xFF is data of a
 * scan. */
static unsigned take_marker(sv_str *rest)
{
    while (rest->len >= 2) {
        const char *found = memchr(rest->ptr, 0xFF, rest->len - 1);
        if (!found)
            break;
        *rest = sv_str_slice(*rest, (size_t)(found - rest->ptr) + 1, rest->len);
        unsigned marker = (uint8_t)rest->ptr[0];
        if (marker != 0 && marker != 0xFF) {
            *rest = sv_str_slice(*rest, 1, rest->len);
            return marker;
        }
    }
    return 0;
}

/* The payload of a segment, without its length; false when it is cut off. */
static bool take_segment(sv_str *rest, sv_str *ret_segment)
{
    if (rest->len < 2)
        return false;
    uint32_t length = read_u16(rest->ptr);
    if (length < 2 || length > rest->len)
        return false;
    *ret_segment = sv_str_slice(*rest, 2, length - 2);
    *rest = sv_str_slice(*rest, length, rest->len);
    return true;
}

static uint64_t count_units(uint32_t side, unsigned largest, unsigned factor)
{
    return ((uint64_t)side + 8 * largest - 1) / (8 * largest) * factor;
}

static void read_frame(sv_str frame, unsigned marker, sv_jpeg_header *header)
{
    if (header->width || frame.len < 6)
        return;
    unsigned n = (uint8_t)frame.ptr[5];
    if (n == 0 || n > MAX_COMPONENTS || frame.len < 6 + 3 * (size_t)n)
        return;
    unsigned across[MAX_COMPONENTS], down[MAX_COMPONENTS], most_across = 1, most_down = 1;
    for (unsigned i = 0; i < n; i++) {
        unsigned sampling = (uint8_t)frame.ptr[6 + 3 * i + 1];
        across[i] = sampling >> 4;
        down[i] = sampling & 15;
        most_across = across[i] > most_across ? across[i] : most_across;
        most_down = down[i] > most_down ? down[i] : most_down;
    }
    header->height = read_u16(frame.ptr + 1);
    header->width = read_u16(frame.ptr + 3);
    header->n_components = n;
    for (unsigned i = 0; i < n; i++)
        header->n_blocks += count_units(header->width, most_across, across[i]) *
                            count_units(header->height, most_down, down[i]);
    header->is_progressive = (marker & 3) == 2;
    header->is_arithmetic = marker > MARKER_JPG;
}

static void read_segment(unsigned marker, sv_str segment, sv_jpeg_header *header)
{
    sv_str exif = SV_STR("Exif\0\0");
    if (is_frame(marker)) {
        read_frame(segment, marker, header);
    } else if (marker == MARKER_SOS) {
        header->n_scans++;
    } else if (marker == MARKER_APP1 && !header->orientation && sv_str_starts_with(segment, exif)) {
        header->orientation = sv_exif_orientation(sv_str_slice(segment, exif.len, segment.len));
    }
}

void sv_jpeg_header_read(sv_str bytes, sv_jpeg_header *ret_header)
{
    *ret_header = (sv_jpeg_header){0};
    unsigned marker;
    while ((marker = take_marker(&bytes)) != 0) {
        if (marker == MARKER_EOI) {
            ret_header->is_complete = ret_header->n_scans > 0;
            break;
        }
        sv_str segment;
        if (!has_length(marker))
            continue;
        if (!take_segment(&bytes, &segment))
            break;
        read_segment(marker, segment, ret_header);
    }
    if (!ret_header->orientation)
        ret_header->orientation = 1;
}
