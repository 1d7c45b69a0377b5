/* webp.c: WebP -> pixels by libwebp; the only file that knows webp/decode.h. Still pictures only.
 */
#include <inttypes.h>

#include <webp/decode.h>

#include "media/codec.h"
#include "media/exif.h"

enum { FILE_HEADER = 12, CHUNK_HEADER = 8, DECODER_BYTES = 1 << 20 };

static bool is_webp(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("RIFF")) &&
           sv_str_eq(sv_str_slice(bytes, 8, 4), SV_STR("WEBP"));
}

static uint32_t read_u32(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static unsigned find_orientation(sv_str bytes)
{
    sv_str rest = sv_str_slice(bytes, FILE_HEADER, bytes.len), prefix = SV_STR("Exif\0\0");
    while (rest.len >= CHUNK_HEADER) {
        uint32_t length = read_u32(rest.ptr + 4);
        sv_str data = sv_str_slice(rest, CHUNK_HEADER, length);
        if (sv_str_starts_with(rest, SV_STR("EXIF"))) /* some writers keep JPEG's prefix */
            return sv_exif_orientation(
                sv_str_starts_with(data, prefix) ? sv_str_slice(data, prefix.len, data.len) : data);
        rest = sv_str_slice(rest, CHUNK_HEADER + (size_t)length + (length & 1), rest.len);
    }
    return 1;
}

static sv_status probe_webp(sv_image_info *info, const sv_image_limits *limits, sv_error *error)
{
    WebPBitstreamFeatures found;
    if (WebPGetFeatures((const uint8_t *)info->bytes.ptr, info->bytes.len, &found) != VP8_STATUS_OK)
        return SV_IMAGE_REFUSE(error, "the WebP has a damaged header");
    info->width = (uint32_t)found.width;
    info->height = (uint32_t)found.height;
    sv_status status = sv_image_check_size(info, limits, error);
    if (status != SV_OK)
        return status;
    if (found.has_animation)
        return SV_IMAGE_REFUSE(error, "an animated WebP is not supported");
    if (read_u32(info->bytes.ptr + 4) > info->bytes.len - CHUNK_HEADER)
        return SV_IMAGE_REFUSE(error, "the WebP is truncated");
    info->channels = 4;
    info->orientation = find_orientation(info->bytes);
    info->decoder_bytes = (uint64_t)info->width * info->height * 4 + DECODER_BYTES;
    return SV_OK;
}

static sv_status decode_webp(const sv_image_info *info, const sv_image_context *context,
                             const sv_image *image, sv_error *error)
{
    if (sv_cancel_is_set(context->cancel))
        return SV_CANCELLED;
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return SV_IMAGE_REFUSE(error, "WebP needs another libwebp than the one installed");
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->pixels;
    config.output.u.RGBA.stride = (int)image->stride;
    config.output.u.RGBA.size = image->stride * image->height;
    VP8StatusCode code = WebPDecode((const uint8_t *)info->bytes.ptr, info->bytes.len, &config);
    WebPFreeDecBuffer(&config.output);
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return SV_NO_MEMORY;
    return code == VP8_STATUS_OK ? SV_OK : SV_IMAGE_REFUSE(error, "the WebP is damaged");
}

const sv_image_codec sv_webp_codec = {
    .name = "WebP",
    .is_mine = is_webp,
    .probe = probe_webp,
    .decode = decode_webp,
    .max_shrink = 1,
};
