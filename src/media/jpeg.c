/* jpeg.c: JPEG -> pixels by libjpeg-turbo; the only file that knows turbojpeg.h. Markers are read
 * by jpeg_header.c.
 *
 * DESIGN. libjpeg decodes what it can and warns; a server must not guess, so warnings that mean
 * lost pixels refuse the picture. What a decode may cost is bounded before it starts, because it
 * cannot be interrupted. */
#include <inttypes.h>
#include <string.h>

#include <turbojpeg.h>

#include "media/codec.h"
#include "media/jpeg_header.h"

/* A progressive picture is gone through once per scan: ordinary ones have about 10. */
enum { MAX_SCANS = 100 };
/* Blocks x scans: a few seconds. 100 million pixels in 10 scans are 23 million. */
#define MAX_BLOCK_VISITS (UINT64_C(64) << 20)
enum { COEFFICIENT_BYTES = 128 /* of a block */, ROW_BUFFERS = 256 /* bytes per column, about */ };

static bool is_jpeg(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("\xFF\xD8\xFF"));
}

static sv_status check_header(const sv_jpeg_header *header, size_t size_bytes, sv_error *error)
{
    if (header->n_components != 1 && header->n_components != 3 && header->n_components != 4)
        return SV_IMAGE_REFUSE(error, "a JPEG with %u colour components is not supported",
                               header->n_components);
    /* Each block takes a bit at least, save with arithmetic coding; half of that, for blocks that
     * only pad. */
    bool is_too_short = !header->is_arithmetic && header->n_blocks / 16 > size_bytes;
    if (!header->is_complete || is_too_short)
        return SV_IMAGE_REFUSE(error, "the JPEG is truncated");
    if (header->n_scans > MAX_SCANS || header->n_scans * header->n_blocks > MAX_BLOCK_VISITS)
        return SV_IMAGE_REFUSE(error, "the JPEG has too many scans (%u) for its size",
                               header->n_scans);
    return SV_OK;
}

static sv_status probe_jpeg(sv_image_info *info, const sv_image_limits *limits, sv_error *error)
{
    sv_jpeg_header header;
    sv_jpeg_header_read(info->bytes, &header);
    info->width = header.width;
    info->height = header.height;
    if (header.n_components == 0)
        return SV_IMAGE_REFUSE(error, "the JPEG has no frame header");
    sv_status status = sv_image_check_size(info, limits, error);
    if (status == SV_OK)
        status = check_header(&header, info->bytes.len, error);
    if (status != SV_OK)
        return status;
    bool keeps_all = header.is_progressive || header.n_scans > 1;
    info->decoder_bytes = (uint64_t)header.width * ROW_BUFFERS +
                          (keeps_all ? header.n_blocks * COEFFICIENT_BYTES : 0);
    info->channels = header.n_components == 1 ? 1 : 4;
    info->orientation = header.orientation;
    return SV_OK;
}

static void free_decoder(void *handle)
{
    tjDestroy(handle);
}

static tjhandle get_decoder(sv_media_scratch *scratch)
{
    sv_media_decoder *kept = sv_media_scratch_jpeg(scratch);
    if (!kept->handle)
        *kept = (sv_media_decoder){tjInitDecompress(), free_decoder};
    return kept->handle;
}

/* A header that fails leaves libjpeg in the middle of it, where it would read the next picture on
 * from. */
static void drop_decoder(sv_media_scratch *scratch)
{
    sv_media_decoder *kept = sv_media_scratch_jpeg(scratch);
    kept->free(kept->handle);
    *kept = (sv_media_decoder){0};
}

/* Warnings of libjpeg after which every pixel is still there. */
static const char *const harmless_warnings[] = {
    "extraneous bytes before marker",
    "unknown Adobe color transform",
    "unknown JFIF revision",
};

static bool is_harmless(const char *warning)
{
    for (size_t i = 0; i < sizeof harmless_warnings / sizeof *harmless_warnings; i++)
        if (strcasestr(warning, harmless_warnings[i]))
            return true;
    return false;
}

static sv_status explain(tjhandle decoder, sv_error *error)
{
    const char *text = tjGetErrorStr2(decoder);
    if (tjGetErrorCode(decoder) == TJERR_WARNING && is_harmless(text))
        return SV_OK;
    if (strcasestr(text, "memory"))
        return SV_NO_MEMORY;
    return SV_IMAGE_REFUSE(error, "the JPEG is damaged or of an unknown kind (%s)", text);
}

/* As Pillow does: JPEGs hold CMYK inverted, as Adobe's programs write it; what is left of the
 * paper's white. */
static void convert_cmyk(const sv_image *image)
{
    uint8_t *pixel = image->pixels;
    for (size_t n = (size_t)image->width * image->height; n > 0; n--, pixel += 4)
        for (int c = 0; c < 3; c++) {
            unsigned ink = (255U - pixel[c]) * pixel[3] + 128;
            pixel[c] = (uint8_t)(pixel[3] - ((ink + (ink >> 8)) >> 8));
        }
}

static sv_status decode_jpeg(const sv_image_info *info, const sv_image_context *context,
                             const sv_image *image, sv_error *error)
{
    if (sv_cancel_is_set(context->cancel))
        return SV_CANCELLED;
    tjhandle decoder = get_decoder(context->scratch);
    if (!decoder)
        return SV_NO_MEMORY;
    const unsigned char *bytes = (const unsigned char *)info->bytes.ptr;
    /* Fails for unusual subsampling too, but not before it wrote what we ask for: does the decoder
     * see our picture? */
    int width = 0, height = 0, subsampling, colours = -1;
    tjDecompressHeader3(decoder, bytes, info->bytes.len, &width, &height, &subsampling, &colours);
    if (width < 0 || height < 0 || (uint32_t)width != info->width ||
        (uint32_t)height != info->height) {
        sv_status refused =
            SV_IMAGE_REFUSE(error, "the JPEG is damaged (%s)", tjGetErrorStr2(decoder));
        drop_decoder(context->scratch);
        return refused;
    }
    bool is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
    int layout = info->channels == 1 ? TJPF_GRAY : is_cmyk ? TJPF_CMYK : TJPF_RGBX;
    int failed = tjDecompress2(decoder, bytes, info->bytes.len, image->pixels, (int)image->width,
                               (int)image->stride, (int)image->height, layout, TJFLAG_LIMITSCANS);
    sv_status status = failed ? explain(decoder, error) : SV_OK;
    if (status == SV_OK && is_cmyk)
        convert_cmyk(image);
    return status;
}

const sv_image_codec sv_jpeg_codec = {
    .name = "JPEG",
    .is_mine = is_jpeg,
    .probe = probe_jpeg,
    .decode = decode_jpeg,
    .max_shrink = 8,
};
