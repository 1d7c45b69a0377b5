/* jpeg_header.h: what the markers of a JPEG say, read without decoding: size, cost, orientation,
 * completeness. */
#ifndef SERVAL_MEDIA_JPEG_HEADER_H
#define SERVAL_MEDIA_JPEG_HEADER_H

#include <stdint.h>

#include <serval/str.h>

typedef struct sv_jpeg_header {
    uint32_t width, height; /* of the first frame header; 0: none was found */
    unsigned n_components;  /* 1 grey, 3 colour, 4 CMYK or YCCK */
    uint64_t n_blocks;      /* 8 x 8 blocks of all components, padding included */
    unsigned n_scans;
    bool is_progressive;
    bool is_arithmetic;   /* entropy coding: arithmetic, not Huffman */
    bool is_complete;     /* the end marker was found after the last scan */
    unsigned orientation; /* EXIF, 1..8 */
} sv_jpeg_header;

/* Walks the markers from start to end, entropy-coded data included. Hostile input is fine: what
 * cannot be read is left zero. Pure, no allocation, time linear in the length. */
void sv_jpeg_header_read(sv_str bytes, sv_jpeg_header *ret_header);

#endif
