/* resize.h: resampling that equals PIL's Image.resize on 8-bit pixels (antialiased when reducing),
 * one output row after the other and only inside a window, so that a crop that follows costs
 * nothing.
 *
 * Source of the method: Pillow, src/libImaging/Resample.c (support, weights, order and rounding of
 * the passes). */
#ifndef SERVAL_MEDIA_RESIZE_H
#define SERVAL_MEDIA_RESIZE_H

#include "media/convolve.h"
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
    sv_resize_box box; /* in pixels of the image, inside it, not empty; as in PIL, what lies outside
                        * but near it weighs in */
    uint32_t width, height;  /* of the whole result, 1..SV_RESIZE_MAX_SIDE */
    sv_resize_window window; /* inside the result, not empty */
    sv_interpolation interpolation;
} sv_resize_plan;

enum { SV_RESIZE_MAX_SIDE = 1 << 24 };

/* A resampling under way, in the caller's storage; its memory is the scratch's FILTER slot. */
typedef struct sv_resize {
    const sv_convolve *kernels;
    sv_image image;
    sv_convolve_axis x, y;
    const uint8_t **rows; /* [y.n_taps] the rows that the pass down reads for one result */
    uint8_t *between; /* past the first pass: one row, or across first, the last y.n_taps rows */
    uint8_t *out;     /* the row last given out */
    size_t between_bytes, out_bytes; /* of a row, whole blocks */
    bool is_down_first;
    uint32_t n_done; /* across first: input rows below this are past the first pass or not needed */
    uint32_t next;
} sv_resize;

/* Computes the weights. `image` is copied, its pixels must outlive `*ret_resize`. Errors:
 * SV_NO_MEMORY. */
sv_status sv_resize_init(sv_resize *ret_resize, const sv_image *image, const sv_resize_plan *plan,
                         sv_media_scratch *scratch) SV_MUST_USE;
/* The next row of the window: window.width pixels of image.channels bytes, valid until the next
 * call. Call it window.height times at most. */
const uint8_t *sv_resize_next_row(sv_resize *resize);

#endif
