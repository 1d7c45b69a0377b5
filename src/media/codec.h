/* codec.h: what a picture format provides; one row per format in image.c. Internal to media/. */
#ifndef SERVAL_MEDIA_CODEC_H
#define SERVAL_MEDIA_CODEC_H

#include "media/image.h"

struct sv_image_codec {
    const char *name;
    bool (*is_mine)(sv_str bytes);
    /* Fills width, height, channels, orientation and decoder_bytes; codec and bytes are set. Calls
     * sv_image_check_size as soon as the size is known; allocates nothing. NULL: the format is
     * known but not supported. */
    sv_status (*probe)(sv_image_info *info, const sv_image_limits *limits, sv_error *error);
    /* Writes image->width x image->height pixels: the file's sides divided by a shrink that the
     * codec can do and rounded up. */
    sv_status (*decode)(const sv_image_info *info, const sv_image_context *context,
                        const sv_image *image, sv_error *error);
    unsigned max_shrink; /* the largest reduction it can do while decoding: 1, 2, 4 or 8 */
};

extern const sv_image_codec sv_jpeg_codec, sv_png_codec, sv_webp_codec;

/* For codecs: refuses a picture without pixels or with more than `limits` (may be NULL) allow. In
 * image.c. */
sv_status sv_image_check_size(const sv_image_info *info, const sv_image_limits *limits,
                              sv_error *error) SV_MUST_USE;

/* The one shape of "this picture is no good": format is a literal. */
#define SV_IMAGE_REFUSE(error, ...)                                                                \
    sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "Could not decode image: " __VA_ARGS__)

#endif
