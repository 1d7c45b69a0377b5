/* PNG: every colour type, depth and interlacing as Pillow decodes it, and files made to hurt. */
#include "pictures.h"

static void test_kinds_equal_pillow(void **state)
{
    (void)state;
    static const char *const names[] = {
        "grey1",
        "grey2",
        "grey4",
        "grey8",
        "grey16",
        "grey8_transparent",
        "palette1",
        "palette2",
        "palette4",
        "palette8",
        "palette8_transparent",
        "rgb8",
        "rgb16",
        "rgb8_transparent",
        "grey_alpha8",
        "grey_alpha16",
        "rgba8",
        "rgba16",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            char path[64];
            snprintf(path, sizeof path, "png/%s%s.png", names[i], interlaced ? "_interlaced" : "");
            if (picture_difference(path, names[i]) != 0)
                fail_msg("%s differs", path);
        }
    assert_int_equal(picture_difference("png/orientation_6.png", "png_orientation_6"), 0);
}

static void test_torture(void **state)
{
    (void)state;
    picture_torture("png/rgb8.png", true);
    picture_torture("png/palette4_interlaced.png", true);
    picture_torture("png/grey_alpha16.png", true);
}

static uint32_t checksum(const char *bytes, size_t len)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void put_u32(char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(value >> (24 - 8 * i));
}

/* png/rgb8.png with another header, whose checksum is right. */
typedef struct patched {
    char bytes[4096];
    size_t len;
} patched;

static patched patch_header(uint32_t width, uint32_t height, char depth, char colour_type)
{
    patched copy = {0};
    sv_str bytes = picture_read("png/rgb8.png");
    memcpy(copy.bytes, bytes.ptr, bytes.len);
    copy.len = bytes.len;
    put_u32(copy.bytes + 16, width);
    put_u32(copy.bytes + 20, height);
    copy.bytes[24] = depth;
    copy.bytes[25] = colour_type;
    put_u32(copy.bytes + 29, checksum(copy.bytes + 12, 17));
    picture_free(bytes);
    return copy;
}

static void test_headers_that_lie(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        char depth, colour_type;
        const char *text;
    } cases[] = {
        {30000, 30000, 1, 0, "30000 x 30000 pixels are more than the 100000000 allowed"},
        {UINT32_C(1) << 31, UINT32_C(1) << 31, 8, 2, "are more than"},
        {UINT32_MAX, 1, 8, 2, "are more than"},
        {50000000, 1, 8, 2, "longer than 1000000"},
        {0, 11, 8, 2, "no pixels"},
        {13, 0, 8, 2, "no pixels"},
        {5000, 5000, 8, 2, "truncated"}, /* more than deflate can pack into its bytes */
        {13, 12, 8, 2, "damaged"},       /* one row is missing */
        {13, 11, 8, 5, "damaged"},
        {13, 11, 3, 0, "damaged"},
        {13, 11, 8, 3, "damaged"}, /* no palette */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        patched copy =
            patch_header(cases[i].width, cases[i].height, cases[i].depth, cases[i].colour_type);
        picture_assert_refused((sv_str){copy.bytes, copy.len}, cases[i].text);
    }
}

static void test_checksums_matter(void **state)
{
    (void)state;
    patched copy = patch_header(13, 11, 8, 2);
    copy.bytes[copy.len - 20] ^= 1; /* in the pixels */
    picture_assert_refused((sv_str){copy.bytes, copy.len}, "damaged");
}

/* Chunks that may hold compressed text are not even looked at: one that claims to inflate does no
 * harm. */
static void test_ancillary_chunks_are_ignored(void **state)
{
    (void)state;
    patched copy = patch_header(13, 11, 8, 2);
    static const char text[] = "\0\0\0\x0CzTXtbomb\0\0\xFF\xFF\xFF\xFF\xFF\xFF....";
    size_t len = sizeof text - 1;
    memmove(copy.bytes + 33 + len, copy.bytes + 33, copy.len - 33);
    memcpy(copy.bytes + 33, text, len);
    put_u32(copy.bytes + 33 + len - 4, checksum(copy.bytes + 33 + 4, len - 8));
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image image;
    sv_error error = {0};
    if (picture_decode((sv_str){copy.bytes, copy.len + len}, scratch, &image, &error) != SV_OK)
        fail_msg("%s", error.message);
    sv_media_scratch_free(scratch);
}

/* libpng would inflate all of it, row or no row. */
static void test_data_behind_the_last_row_is_refused(void **state)
{
    (void)state;
    enum { SURPLUS = 20000, END = 12 /* IEND */ };
    static char bytes[4096 + SURPLUS];
    patched copy = patch_header(13, 11, 8, 2);
    size_t at = copy.len - END;
    memcpy(bytes, copy.bytes, at);
    put_u32(bytes + at, SURPLUS);
    memcpy(bytes + at + 4, "IDAT", 4);
    put_u32(bytes + at + 8 + SURPLUS, checksum(bytes + at + 4, 4 + SURPLUS));
    memcpy(bytes + at + SURPLUS + 12, copy.bytes + at, END);
    picture_assert_refused((sv_str){bytes, at + SURPLUS + 12 + END}, "more data than its picture");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_equal_pillow),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_headers_that_lie),
        cmocka_unit_test(test_checksums_matter),
        cmocka_unit_test(test_ancillary_chunks_are_ignored),
        cmocka_unit_test(test_data_behind_the_last_row_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
