/* image.h: picture bytes -> pixels. Finds the format by its first bytes, checks size and memory
 * before anything is allocated for pixels, decodes, and turns the picture upright. Knows no model:
 * preprocess.h does.
 *
 * Colour is 8-bit RGB as the file has it: alpha is dropped; ICC profiles and gamma play no part. */
#ifndef SERVAL_MEDIA_IMAGE_H
#define SERVAL_MEDIA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/cancel.h"
#include "media/media_scratch.h"

/* What a picture may cost. A zero field takes the default. */
typedef struct sv_image_limits {
    uint64_t max_pixels; /* width x height as the file's header says; 0: SV_IMAGE_MAX_PIXELS */
    uint64_t max_bytes;  /* pixels and the decoder's memory together; 0: SV_IMAGE_MAX_BYTES */
} sv_image_limits;

#define SV_IMAGE_MAX_PIXELS UINT64_C(100000000)
#define SV_IMAGE_MAX_BYTES (UINT64_C(512) << 20)

/* What one call works with. */
typedef struct sv_image_context {
    const sv_image_limits *limits; /* NULL: the defaults */
    sv_media_scratch *scratch;     /* pixels live here until the next call that uses it */
    const sv_cancel *cancel;       /* polled between rows; may be NULL */
} sv_image_context;

typedef struct sv_image_codec sv_image_codec;

/* What the header of a picture says. */
typedef struct sv_image_info {
    const sv_image_codec *codec; /* who decodes it */
    sv_str bytes;                /* the picture, borrowed from the caller */
    uint32_t width, height;      /* as stored, before orientation */
    unsigned channels;           /* what decoding gives: 1 grey, 4 RGBX */
    unsigned orientation;        /* EXIF, 1..8; set it to 1 to have the picture as stored */
    uint64_t decoder_bytes;      /* memory that decoding needs besides the pixels */
} sv_image_info;

/* Pixels in the scratch. RGBX: red, green, blue and a byte to ignore, so that a pixel is one 32-bit
 * word. SV_IMAGE_SLACK bytes after the last pixel may be read. */
typedef struct sv_image {
    uint8_t *pixels;
    uint32_t width, height;
    size_t stride;     /* bytes from one row to the next */
    unsigned channels; /* 1 or 4 */
    /* Where the file's picture lies in these pixels: all of them, but for a reduced picture, whose
     * last (or, turned, first) column or row may stand for fewer pixels of the file than others. */
    double left, top, right, bottom;
} sv_image;

enum { SV_IMAGE_SLACK = 32 };

/* Reads the header: format, size, orientation. Allocates nothing.
 * `bytes`: the whole picture. Thread: any. Errors: SV_INVALID with sv_kind_invalid_input and a text
 * for people when it is no picture, of a format that is not supported, truncated as far as the
 * header can tell, or beyond `limits`. */
sv_status sv_image_probe(sv_str bytes, const sv_image_limits *limits, sv_image_info *ret_info,
                         sv_error *error) SV_MUST_USE;

/* Decodes what probe described and turns it upright.
 * `shrink`: 1, 2, 4 or 8; the decoder may reduce both sides by up to this factor when that is
 * cheaper (JPEG). `context`: scratch is required. The pixels belong to the scratch. Thread: the
 * scratch's. Errors: as probe; SV_CANCELLED; SV_NO_MEMORY. */
sv_status sv_image_decode(const sv_image_info *info, unsigned shrink,
                          const sv_image_context *context, sv_image *ret_image,
                          sv_error *error) SV_MUST_USE;

/* Turns an RGBX picture into grey in place as PIL's convert("L") does (ITU-R 601-2 luma); grey
 * stays. */
void sv_image_to_grey(sv_image *image);

#endif
