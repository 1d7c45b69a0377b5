/* resize.h: resampling equal to PIL's Image.resize on 8-bit pixels within 1 level (antialiased when
 * reducing), one output row after the other and only inside a window, so that a crop that follows
 * costs nothing.
 *
 * Source of the method: Pillow, src/libImaging/Resample.c (support, weights, order and rounding of
 * the passes). */
#ifndef SERVAL_MEDIA_RESIZE_H
#define SERVAL_MEDIA_RESIZE_H

#include "media/image.h"

typedef enum sv_interpolation {
    SV_INTERPOLATION_BILINEAR,
    SV_INTERPOLATION_BICUBIC, /* a = -0.5 */
    SV_INTERPOLATION_NEAREST,
} sv_interpolation;

typedef struct sv_resize_box {
    double left, top, right, bottom;
} sv_resize_box;

typedef struct sv_resize_window {
    uint32_t left, top, width, height;
} sv_resize_window;

/* What to make of a picture: `box` of it, resampled to width x height, of which only `window` is
 * computed. */
typedef struct sv_resize_plan {
    sv_resize_box box; /* in pixels of the image, not empty, inside it; pixels outside weigh in at
                          its edges as in PIL */
    uint32_t width, height;  /* of the whole result, 1..SV_RESIZE_MAX_SIDE */
    sv_resize_window window; /* inside the result, not empty */
    sv_interpolation interpolation;
} sv_resize_plan;

enum { SV_RESIZE_MAX_SIDE = 16384 };

/* One pass of the two, along one axis: for each output position, which input positions weigh in and
 * how much. */
typedef struct sv_resize_axis {
    int32_t *first;     /* [n] first input position */
    int16_t *weights;   /* [n][n_taps], padded with zeros */
    uint32_t n, n_taps; /* n_taps is a multiple of 8 */
    int shift;          /* weights are fixed-point with this many fraction bits */
} sv_resize_axis;

/* A resampling under way. Plain data in the caller's storage; its memory is the scratch's FILTER
 * slot. */
typedef struct sv_resize {
    sv_image image;
    sv_resize_axis x, y;
    uint8_t *ring; /* the last n_ring rows that went through the horizontal pass */
    uint8_t *row;  /* the row last given out */
    size_t row_bytes, stride;
    uint32_t n_ring;
    int32_t n_done; /* input rows below this are in the ring or were there */
    uint32_t next;
} sv_resize;

/* Computes the weights. `image` and its pixels must outlive `*ret_resize`. Errors: SV_NO_MEMORY,
 * also when the weights would need more than 64 MiB. */
sv_status sv_resize_init(sv_resize *ret_resize, const sv_image *image, const sv_resize_plan *plan,
                         sv_media_scratch *scratch) SV_MUST_USE;
/* The next row of the window: window.width pixels of image.channels bytes, valid until the next
 * call. Call it window.height times at most. */
const uint8_t *sv_resize_next_row(sv_resize *resize);

#endif
