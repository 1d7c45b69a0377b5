/* to_tensor.h: rows of 8-bit pixels -> a tensor's numbers: value = (pixel x scale - mean) / std, in
 * the layout, channel order and type the model wants. */
#ifndef SERVAL_MEDIA_TO_TENSOR_H
#define SERVAL_MEDIA_TO_TENSOR_H

#include <stddef.h>
#include <stdint.h>

typedef enum sv_pixel_type { SV_PIXEL_FLOAT32, SV_PIXEL_FLOAT16, SV_PIXEL_UINT8 } sv_pixel_type;
typedef enum sv_pixel_layout { SV_PIXEL_NCHW, SV_PIXEL_NHWC } sv_pixel_layout;
typedef enum sv_pixel_channels { SV_PIXEL_RGB, SV_PIXEL_BGR, SV_PIXEL_GREY } sv_pixel_channels;

/* How pixels become numbers. */
typedef struct sv_pixel_format {
    sv_pixel_type type;
    sv_pixel_layout layout;
    sv_pixel_channels channels;
    float scale;           /* e.g. 1/255 */
    float mean[3], std[3]; /* in the order of the tensor's channels; GREY uses the first */
} sv_pixel_format;

/* A tensor in the making: a table of the 256 values of each channel, and where they go. Plain data,
 * no ownership. */
typedef struct sv_to_tensor {
    union {
        float f32[3][256];
        uint16_t f16[3][256];
        uint8_t u8[3][256];
    } table;
    sv_pixel_type type;
    unsigned n_channels;
    unsigned source[3];              /* which byte of an RGBX pixel feeds the channel */
    size_t channel_step, pixel_step; /* in elements */
    uint32_t width;
    void *out;
} sv_to_tensor;

/* Bytes of one element. */
size_t sv_to_tensor_item_bytes(sv_pixel_type type);
/* 1 for GREY, else 3. */
unsigned sv_to_tensor_n_channels(sv_pixel_channels channels);

/* Prepares the table for one picture of `width` x `height` written to `out`, which holds width x
 * height x channels elements and stays the caller's. uint8: the value is rounded to the nearest,
 * ties to even, and clamped to 0..255. */
void sv_to_tensor_init(sv_to_tensor *to, const sv_pixel_format *format, uint32_t width,
                       uint32_t height, void *out);
/* Writes row `y` (0..height-1) from `pixels`: width pixels of 1 (grey) or 4 (RGBX) bytes. A grey
 * pixel feeds all channels. GREY takes grey rows only (sv_image_to_grey). */
void sv_to_tensor_row(const sv_to_tensor *to, uint32_t y, const uint8_t *pixels,
                      unsigned bytes_per_pixel);

#endif
