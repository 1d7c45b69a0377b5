/* png.c: PNG -> pixels by libpng; the only file that knows png.h.
 *
 * DESIGN. Chunks are walked by ourselves first: size, orientation, and whether the compressed data
 * can hold the picture at all are known before libpng or zlib allocate. libpng then sees no
 * ancillary chunk, so none can be a bomb. It would inflate what lies behind the last row only to
 * drop it: a file with much more data than pixels is refused. It reports errors by longjmp; the
 * jump stays inside read_picture. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "media/codec.h"
#include "media/exif.h"

enum {
    SIGNATURE = 8,
    CHUNK_FRAME = 12, /* length, name, checksum */
    IHDR_END = SIGNATURE + 8 + 13,
    MAX_SIDE = 1000000,
    DEFLATE_RATIO = 1032,     /* bytes that one compressed byte can stand for at most */
    SPARE_DATA = 16 * 1024,   /* compressed bytes beyond twice the pixels that are let pass */
    LIBPNG_ROWS = 4,          /* rows that libpng holds, about */
    LIBPNG_BYTES = 256 * 1024 /* and zlib, without rows */
};

static uint32_t read_u32(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is_png(sv_str bytes)
{
    return sv_str_starts_with(bytes, SV_STR("\x89PNG\r\n\x1a\n"));
}

typedef struct chunk {
    sv_str name, data;
} chunk;

/* Cuts the next chunk off; false when it is cut short or nothing is left. */
static bool take_chunk(sv_str *rest, chunk *ret_chunk)
{
    if (rest->len < CHUNK_FRAME || read_u32(rest->ptr) > rest->len - CHUNK_FRAME)
        return false;
    uint32_t length = read_u32(rest->ptr);
    *ret_chunk = (chunk){sv_str_slice(*rest, 4, 4), sv_str_slice(*rest, 8, length)};
    *rest = sv_str_slice(*rest, length + CHUNK_FRAME, rest->len);
    return true;
}

/* What the chunks say besides IHDR. */
typedef struct chunk_sums {
    uint64_t data_bytes; /* compressed pixels */
    unsigned orientation;
    bool is_complete;
} chunk_sums;

static chunk_sums walk_chunks(sv_str bytes)
{
    chunk_sums sums = {.orientation = 1};
    sv_str rest = sv_str_slice(bytes, SIGNATURE, bytes.len);
    chunk at;
    while (!sums.is_complete && take_chunk(&rest, &at)) {
        if (sv_str_eq(at.name, SV_STR("IDAT")))
            sums.data_bytes += at.data.len;
        else if (sv_str_eq(at.name, SV_STR("eXIf")))
            sums.orientation = sv_exif_orientation(at.data);
        sums.is_complete = sv_str_eq(at.name, SV_STR("IEND"));
    }
    return sums;
}

/* Bits of a pixel by colour type; 0 for types that do not exist. */
static unsigned count_bits(unsigned colour_type, unsigned depth)
{
    static const uint8_t samples[] = {1, 0, 3, 1, 2, 0, 4};
    return colour_type < sizeof samples ? samples[colour_type] * depth : 0;
}

static sv_status probe_png(sv_image_info *info, const sv_image_limits *limits, sv_error *error)
{
    const char *bytes = info->bytes.ptr;
    if (info->bytes.len < IHDR_END || memcmp(bytes + SIGNATURE, "\0\0\0\x0DIHDR", 8) != 0)
        return SV_IMAGE_REFUSE(error, "the PNG has no header");
    info->width = read_u32(bytes + 16);
    info->height = read_u32(bytes + 20);
    sv_status status = sv_image_check_size(info, limits, error);
    if (status != SV_OK)
        return status;
    unsigned bits = count_bits((uint8_t)bytes[25], (uint8_t)bytes[24]);
    if (bits == 0)
        return SV_IMAGE_REFUSE(error, "the PNG has a damaged header");
    if (info->width > MAX_SIDE || info->height > MAX_SIDE)
        return SV_IMAGE_REFUSE(error, "a side of the PNG is longer than %d pixels", MAX_SIDE);
    chunk_sums sums = walk_chunks(info->bytes);
    uint64_t row_bytes = ((uint64_t)info->width * bits + 7) / 8;
    if (!sums.is_complete || row_bytes * info->height / DEFLATE_RATIO > sums.data_bytes)
        return SV_IMAGE_REFUSE(error, "the PNG is truncated");
    if (sums.data_bytes > 2 * (row_bytes + 1) * info->height + SPARE_DATA)
        return SV_IMAGE_REFUSE(error, "the PNG holds more data than its picture");
    info->channels = (bytes[25] & (PNG_COLOR_MASK_COLOR | PNG_COLOR_MASK_PALETTE)) ? 4 : 1;
    info->orientation = sums.orientation;
    /* libpng expands within a row: 8 bytes a pixel at most. */
    info->decoder_bytes = (uint64_t)info->width * 8 * LIBPNG_ROWS + LIBPNG_BYTES;
    return SV_OK;
}

/* One decode: everything that must survive a longjmp. */
typedef struct reader {
    png_structp png;
    png_infop header;
    sv_str rest;
    const sv_image *image;
    const sv_cancel *cancel;
    sv_error *error;
    sv_status status;
} reader;

static void *allocate(png_structp png, png_alloc_size_t size_bytes)
{
    void *memory = malloc(size_bytes);
    if (!memory)
        ((reader *)png_get_mem_ptr(png))->status = SV_NO_MEMORY;
    return memory;
}

static void release(png_structp png, void *memory)
{
    (void)png;
    free(memory);
}

static PNG_FUNCTION(void, fail, (png_structp png, const char *text), PNG_NORETURN)
{
    reader *in = png_get_error_ptr(png);
    if (in->status == SV_OK)
        in->status = SV_IMAGE_REFUSE(in->error, "the PNG is damaged (%s)", text);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, const char *text)
{
    (void)png, (void)text;
}

static void read_bytes(png_structp png, unsigned char *to, size_t size_bytes)
{
    reader *in = png_get_io_ptr(png);
    if (sv_cancel_is_set(in->cancel)) {
        in->status = SV_CANCELLED;
        png_error(png, "cancelled");
    }
    if (size_bytes > in->rest.len)
        png_error(png, "truncated");
    memcpy(to, in->rest.ptr, size_bytes);
    in->rest = sv_str_slice(in->rest, size_bytes, in->rest.len);
}

/* Whatever the file holds becomes 8-bit grey or RGBX. 16-bit samples lose their low byte.
 * Transparency is dropped: alpha lands in the byte that nobody reads, and tRNS is not looked at. */
static void request_layout(png_structp png, png_infop header, unsigned channels)
{
    png_set_strip_16(png);
    if (png_get_color_type(png, header) == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (channels == 4) {
        png_set_filler(png, 0xFF, PNG_FILLER_AFTER);
    } else {
        png_set_expand_gray_1_2_4_to_8(png);
        png_set_strip_alpha(png);
    }
}

static void read_rows(reader *in)
{
    int n_passes = png_set_interlace_handling(in->png);
    png_read_update_info(in->png, in->header);
    if (png_get_rowbytes(in->png, in->header) != in->image->stride)
        png_error(in->png, "unexpected layout");
    for (int pass = 0; pass < n_passes; pass++)
        for (uint32_t y = 0; y < in->image->height; y++) {
            if (sv_cancel_is_set(in->cancel)) {
                in->status = SV_CANCELLED;
                return;
            }
            png_read_row(in->png, in->image->pixels + y * in->image->stride, NULL);
        }
    png_read_end(in->png, NULL);
}

static void read_picture(reader *in)
{
    if (setjmp(png_jmpbuf(in->png)))
        return;
    in->header = png_create_info_struct(in->png);
    if (!in->header)
        return;
    static const unsigned char transparency[] = "tRNS";
    png_set_keep_unknown_chunks(in->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(in->png, PNG_HANDLE_CHUNK_NEVER, transparency, 1);
    png_set_user_limits(in->png, MAX_SIDE, MAX_SIDE);
    png_set_read_fn(in->png, in, read_bytes);
    png_read_info(in->png, in->header);
    request_layout(in->png, in->header, in->image->channels);
    read_rows(in);
}

static sv_status decode_png(const sv_image_info *info, const sv_image_context *context,
                            const sv_image *image, sv_error *error)
{
    reader in = {.rest = info->bytes, .image = image, .cancel = context->cancel, .error = error};
    in.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &in, fail, ignore_warning, &in,
                                      allocate, release);
    if (!in.png)
        return SV_NO_MEMORY;
    read_picture(&in);
    png_destroy_read_struct(&in.png, &in.header, NULL);
    return in.status;
}

const sv_image_codec sv_png_codec = {
    .name = "PNG",
    .is_mine = is_png,
    .probe = probe_png,
    .decode = decode_png,
    .max_shrink = 1,
};
