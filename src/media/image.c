/* image.c: finds out who decodes a picture, checks its limits, decodes and turns it upright. Knows
 * no format's inside. */
#include "media/image.h"

#include <inttypes.h>
#include <string.h>

#include "media/codec.h"

static bool is_gif(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("GIF8"));
}

static bool is_bmp(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("BM"));
}

static bool is_tiff(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("II*\0")) || sv_str_starts_with(bytes, SV_STR("MM\0*"));
}

/* HEIC, AVIF: a box named "ftyp" comes first. */
static bool is_heif(sv_str bytes)
{
    return sv_str_eq(sv_str_slice(bytes, 4, 4), SV_STR("ftyp"));
}

static const sv_image_codec gif_codec = {.name = "GIF", .is_mine = is_gif};
static const sv_image_codec tiff_codec = {.name = "TIFF", .is_mine = is_tiff};
static const sv_image_codec heif_codec = {.name = "HEIF or AVIF", .is_mine = is_heif};
static const sv_image_codec bmp_codec = {.name = "BMP", .is_mine = is_bmp};

/* One row per format. Those without a decoder are here so that the refusal names them. */
static const sv_image_codec *const codecs[] = {
    &sv_jpeg_codec, &sv_png_codec, &sv_webp_codec, &gif_codec, &tiff_codec, &heif_codec, &bmp_codec,
};

static const sv_image_codec *find_codec(sv_str bytes)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (codecs[i]->is_mine(bytes))
            return codecs[i];
    return NULL;
}

sv_status sv_image_check_size(const sv_image_info *info, const sv_image_limits *limits,
                              sv_error *error)
{
    uint64_t most = limits && limits->max_pixels ? limits->max_pixels : SV_IMAGE_MAX_PIXELS;
    if (info->width == 0 || info->height == 0)
        return SV_IMAGE_REFUSE(error, "it has no pixels (%" PRIu32 " x %" PRIu32 ")", info->width,
                               info->height);
    if ((uint64_t)info->width * info->height > most)
        return SV_IMAGE_REFUSE(
            error, "%" PRIu32 " x %" PRIu32 " pixels are more than the %" PRIu64 " allowed",
            info->width, info->height, most);
    return SV_OK;
}

sv_status sv_image_probe(sv_str bytes, const sv_image_limits *limits, sv_image_info *ret_info,
                         sv_error *error)
{
    sv_image_info info = {.codec = find_codec(bytes), .bytes = bytes, .orientation = 1};
    if (bytes.len == 0)
        return SV_IMAGE_REFUSE(error, "it is empty");
    if (!info.codec)
        return SV_IMAGE_REFUSE(error, "it is no JPEG, PNG or WebP");
    if (!info.codec->probe)
        return SV_IMAGE_REFUSE(error, "%s is not supported; send JPEG, PNG or WebP",
                               info.codec->name);
    sv_status status = info.codec->probe(&info, limits, error);
    if (status == SV_OK)
        *ret_info = info;
    return status;
}

/* The pixels are not cleared, the slack behind them is. */
static sv_status allocate_pixels(sv_media_scratch *scratch, sv_media_slot slot, sv_image *image)
{
    size_t size_bytes = image->stride * image->height;
    image->pixels = sv_media_scratch_get(scratch, slot, size_bytes + SV_IMAGE_SLACK);
    if (!image->pixels)
        return SV_NO_MEMORY;
    memset(image->pixels + size_bytes, 0, SV_IMAGE_SLACK);
    return SV_OK;
}

/* How a stored pixel is found for an upright one, by EXIF orientation (EXIF 2.32, 4.6.4 A). */
typedef struct turn {
    bool swap, flip_x,
        flip_y; /* first swap the coordinates, then flip them within the stored picture */
} turn;

static const turn turns[9] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false}, [6] = {true, false, true}, [7] = {true, true, true},
    [8] = {true, true, false},
};

/* The geometry of the upright picture; its pixels are still missing. */
static sv_image turn_geometry(const sv_image *in, turn how)
{
    sv_image out = *in;
    if (how.flip_x) {
        out.left = in->width - in->right;
        out.right = in->width - in->left;
    }
    if (how.flip_y) {
        out.top = in->height - in->bottom;
        out.bottom = in->height - in->top;
    }
    if (how.swap) {
        sv_image flipped = out;
        out.left = flipped.top, out.right = flipped.bottom;
        out.top = flipped.left, out.bottom = flipped.right;
        out.width = in->height, out.height = in->width;
    }
    out.stride = (size_t)out.width * out.channels;
    return out;
}

static void turn_pixels(const sv_image *in, turn how, sv_image *out)
{
    ptrdiff_t step = in->channels, stride = (ptrdiff_t)in->stride;
    ptrdiff_t along_x = how.flip_x ? -step : step, along_y = how.flip_y ? -stride : stride;
    const uint8_t *corner = in->pixels + (how.flip_x ? (in->width - 1) * step : 0) +
                            (how.flip_y ? (in->height - 1) * stride : 0);
    ptrdiff_t right = how.swap ? along_y : along_x, down = how.swap ? along_x : along_y;
    uint8_t *to = out->pixels;
    for (uint32_t y = 0; y < out->height; y++, corner += down) {
        const uint8_t *from = corner;
        for (uint32_t x = 0; x < out->width; x++, from += right, to += step)
            for (ptrdiff_t c = 0; c < step; c++)
                to[c] = from[c];
    }
}

static sv_status turn_upright(unsigned orientation, sv_media_scratch *scratch, sv_image *image)
{
    if (orientation < 2 || orientation > 8)
        return SV_OK;
    turn how = turns[orientation];
    sv_image upright = turn_geometry(image, how);
    sv_status status = allocate_pixels(scratch, SV_MEDIA_UPRIGHT, &upright);
    if (status != SV_OK)
        return status;
    turn_pixels(image, how, &upright);
    *image = upright;
    return SV_OK;
}

static sv_status check_memory(const sv_image_info *info, const sv_image *image,
                              const sv_image_limits *limits, sv_error *error)
{
    uint64_t most = limits && limits->max_bytes ? limits->max_bytes : SV_IMAGE_MAX_BYTES;
    uint64_t pixels = (uint64_t)image->width * image->height * image->channels;
    uint64_t needed = pixels * (info->orientation > 1 ? 2 : 1) + info->decoder_bytes;
    if (needed <= most)
        return SV_OK;
    return SV_IMAGE_REFUSE(error,
                           "decoding %" PRIu32 " x %" PRIu32 " pixels would take %" PRIu64
                           " MiB of memory, more than the %" PRIu64 " allowed",
                           info->width, info->height, (needed >> 20) + 1, most >> 20);
}

sv_status sv_image_decode(const sv_image_info *info, unsigned shrink,
                          const sv_image_context *context, sv_image *ret_image, sv_error *error)
{
    unsigned by = shrink < info->codec->max_shrink ? shrink : info->codec->max_shrink;
    sv_image image = {
        .width = (info->width + by - 1) / by,
        .height = (info->height + by - 1) / by,
        .channels = info->channels,
        .right = (double)info->width / by,
        .bottom = (double)info->height / by,
    };
    image.stride = (size_t)image.width * image.channels;
    sv_status status = check_memory(info, &image, context->limits, error);
    if (status != SV_OK)
        return status;
    status = allocate_pixels(context->scratch, SV_MEDIA_PIXELS, &image);
    if (status == SV_OK)
        status = info->codec->decode(info, context, &image, error);
    if (status == SV_OK)
        status = turn_upright(info->orientation, context->scratch, &image);
    if (status == SV_OK)
        *ret_image = image;
    return status;
}

void sv_image_to_grey(sv_image *image)
{
    if (image->channels == 1)
        return;
    uint8_t *to = image->pixels;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *from = image->pixels + y * image->stride;
        for (uint32_t x = 0; x < image->width; x++, from += 4)
            *to++ =
                (uint8_t)((from[0] * 19595U + from[1] * 38470U + from[2] * 7471U + 0x8000) >> 16);
    }
    image->channels = 1;
    image->stride = image->width;
}
