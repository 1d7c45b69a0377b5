/* to_tensor.c: 8-bit pixels -> numbers by table: a byte has 256 values, so every number is computed
 * once per picture and exactly. Not the place for geometry. */
#include "media/to_tensor.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

size_t sv_to_tensor_item_bytes(sv_pixel_type type)
{
    static const uint8_t sizes[] = {
        [SV_PIXEL_FLOAT32] = 4, [SV_PIXEL_FLOAT16] = 2, [SV_PIXEL_UINT8] = 1};
    return sizes[type];
}

unsigned sv_to_tensor_n_channels(sv_pixel_channels channels)
{
    return channels == SV_PIXEL_GREY ? 1 : 3;
}

/* IEEE 754 binary32 -> binary16, to nearest, ties to even; too large becomes infinite. */
static uint16_t to_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude >= 0x47800000) /* 65536 and above, infinite, NaN */
        return (uint16_t)(sign | (magnitude > 0x7F800000 ? 0x7E00 : 0x7C00));
    if (magnitude < 0x38800000) /* below 2^-14: a multiple of 2^-24 */
        return (uint16_t)(sign | (uint32_t)lrintf(ldexpf(fabsf(value), 24)));
    uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (rounded - 0x38000000) >> 13);
}

static uint8_t to_byte(double value)
{
    return (uint8_t)lrint(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void fill_table(sv_to_tensor *to, const sv_pixel_format *format, unsigned channel)
{
    for (unsigned pixel = 0; pixel < 256; pixel++) {
        double value =
            ((double)pixel * format->scale - format->mean[channel]) / format->std[channel];
        switch (to->type) {
        case SV_PIXEL_FLOAT32:
            to->table.f32[channel][pixel] = (float)value;
            break;
        case SV_PIXEL_FLOAT16:
            to->table.f16[channel][pixel] = to_half((float)value);
            break;
        case SV_PIXEL_UINT8:
            to->table.u8[channel][pixel] = to_byte(value);
            break;
        }
    }
}

void sv_to_tensor_init(sv_to_tensor *to, const sv_pixel_format *format, uint32_t width,
                       uint32_t height, void *out)
{
    bool is_planar = format->layout == SV_PIXEL_NCHW;
    to->type = format->type;
    to->n_channels = sv_to_tensor_n_channels(format->channels);
    to->width = width;
    to->out = out;
    to->channel_step = is_planar ? (size_t)width * height : 1;
    to->pixel_step = is_planar ? 1 : to->n_channels;
    for (unsigned channel = 0; channel < to->n_channels; channel++) {
        to->source[channel] = format->channels == SV_PIXEL_BGR ? 2 - channel : channel;
        fill_table(to, format, channel);
    }
}

/* One channel of one row; the same loop for each width of element. */
#define DEFINE_WRITE(name, type)                                                                   \
    static void name(const type *table, const uint8_t *pixel, unsigned bytes_per_pixel,            \
                     const sv_to_tensor *to, type *out)                                            \
    {                                                                                              \
        for (uint32_t x = 0; x < to->width; x++, pixel += bytes_per_pixel, out += to->pixel_step)  \
            *out = table[*pixel];                                                                  \
    }
DEFINE_WRITE(write_f32, float)
DEFINE_WRITE(write_f16, uint16_t)
DEFINE_WRITE(write_u8, uint8_t)
#undef DEFINE_WRITE

void sv_to_tensor_row(const sv_to_tensor *to, uint32_t y, const uint8_t *pixels,
                      unsigned bytes_per_pixel)
{
    for (unsigned c = 0; c < to->n_channels; c++) {
        const uint8_t *from = pixels + (bytes_per_pixel == 1 ? 0 : to->source[c]);
        size_t at = c * to->channel_step + (size_t)y * to->width * to->pixel_step;
        switch (to->type) {
        case SV_PIXEL_FLOAT32:
            write_f32(to->table.f32[c], from, bytes_per_pixel, to, (float *)to->out + at);
            break;
        case SV_PIXEL_FLOAT16:
            write_f16(to->table.f16[c], from, bytes_per_pixel, to, (uint16_t *)to->out + at);
            break;
        case SV_PIXEL_UINT8:
            write_u8(to->table.u8[c], from, bytes_per_pixel, to, (uint8_t *)to->out + at);
            break;
        }
    }
}
