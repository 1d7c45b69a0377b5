/* preprocess.h: picture bytes -> one model's input tensor: decode, turn upright, crop, resize,
 * normalise, in one call. The arithmetic is that of torchvision on PIL pictures. */
#ifndef SERVAL_MEDIA_PREPROCESS_H
#define SERVAL_MEDIA_PREPROCESS_H

#include "media/image.h"
#include "media/resize.h"
#include "media/to_tensor.h"

typedef enum sv_preprocess_mode {
    SV_PREPROCESS_CROP,   /* shorter side to `resize`, then the centre crop_width x crop_height */
    SV_PREPROCESS_SQUASH, /* the whole picture to crop_width x crop_height */
} sv_preprocess_mode;

/* What a model wants done to a picture. Plain data; check it once, then any thread may use it. */
typedef struct sv_preprocess {
    sv_preprocess_mode mode;
    /* CROP only. 0: off. Else 0..1: a centre square of this share of the shorter side is cut first,
     * and resized straight to crop_width x crop_height; `resize` plays no part. */
    double crop_fraction;
    uint32_t resize; /* CROP: the shorter side after resizing; 0: the larger side of the crop */
    uint32_t crop_width, crop_height; /* of the tensor, 1..16384 */
    sv_interpolation interpolation;
    sv_pixel_format pixel;   /* type, layout, channels, scale, mean, std */
    bool ignore_orientation; /* take the picture as stored, whatever its EXIF says */
} sv_preprocess;

/* What torchvision does for its ImageNet classifiers: 256, 224, bilinear, mean and deviation of
 * ImageNet, float32 NCHW. */
extern const sv_preprocess sv_preprocess_imagenet;

/* The memory a tensor is written to. */
typedef struct sv_preprocess_room {
    void *ptr; /* aligned for its element type */
    size_t size_bytes;
} sv_preprocess_room;

/* Says whether `how` makes sense: sizes in range, crop not larger than resize, finite
 * numbers, no zero deviation. Errors: SV_INVALID, with the field's manifest name as the error's
 * path. */
sv_status sv_preprocess_check(const sv_preprocess *how, sv_error *error) SV_MUST_USE;

/* Bytes of the tensor of one picture. */
size_t sv_preprocess_tensor_bytes(const sv_preprocess *how);

/* Fills `room` with the tensor of one picture.
 * `how`: checked before. `picture`: the whole file, borrowed. `context`: scratch required; the
 * scratch is trimmed at the end. `room`: at least sv_preprocess_tensor_bytes; on failure its
 * content is undefined. Thread: the scratch's. Errors: SV_INVALID with sv_kind_invalid_input and a
 * text for people when the picture cannot be used; SV_TOO_LARGE when `room` is too small;
 * SV_CANCELLED; SV_NO_MEMORY. */
sv_status sv_preprocess_run(const sv_preprocess *how, sv_str picture,
                            const sv_image_context *context, sv_preprocess_room room,
                            sv_error *error) SV_MUST_USE;

#endif
