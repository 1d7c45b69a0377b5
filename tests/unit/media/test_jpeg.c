/* JPEG: every kind as Pillow decodes it, reduced decoding, and files made to hurt. */
#include "pictures.h"

static void test_kinds_equal_pillow(void **state)
{
    (void)state;
    static const char *const names[] = {"grey",        "444",     "422", "420",
                                        "progressive", "restart", "cmyk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "jpeg/%s.jpg", names[i]);
        int difference = picture_difference(path, names[i]);
        if (difference > 1)
            fail_msg("%s: %d levels off", names[i], difference);
    }
}

/* The mean of a channel over the image, in levels. */
static double average(const sv_image *image, unsigned channel)
{
    double sum = 0;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            sum += image->pixels[y * image->stride + (size_t)x * image->channels + channel];
    return sum / image->width / image->height;
}

static void test_reduced(void **state)
{
    (void)state;
    sv_str bytes = picture_read("jpeg/large.jpg");
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.scratch = scratch};
    sv_image_info info;
    sv_error error = {0};
    assert_int_equal(sv_image_probe(bytes, NULL, &info, &error), SV_OK);
    double full[3] = {0};
    for (unsigned shrink = 1; shrink <= 8; shrink *= 2) {
        sv_image image;
        assert_int_equal(sv_image_decode(&info, shrink, &context, &image, &error), SV_OK);
        assert_int_equal(image.width, (602 + shrink - 1) / shrink); /* turned by its EXIF */
        assert_int_equal(image.height, (803 + shrink - 1) / shrink);
        assert_float_equal(image.right - image.left, 602.0 / shrink, 1e-9);
        assert_float_equal(image.bottom - image.top, 803.0 / shrink, 1e-9);
        for (unsigned c = 0; c < 3; c++) {
            full[c] = shrink == 1 ? average(&image, c) : full[c];
            assert_float_equal(average(&image, c), full[c], 1.0);
        }
    }
    sv_media_scratch_free(scratch);
    picture_free(bytes);
}

static void test_torture(void **state)
{
    (void)state;
    picture_torture("jpeg/420.jpg", true);
    picture_torture("jpeg/progressive.jpg", true);
    picture_torture("jpeg/grey.jpg", true);
}

/* A copy of a picture, to be patched; `frame` is where its frame header's payload begins. */
typedef struct patched {
    char bytes[8192];
    size_t len, frame;
} patched;

static patched read_for_patching(const char *name)
{
    patched copy = {0};
    sv_str bytes = picture_read(name);
    assert_true(bytes.len <= sizeof copy.bytes);
    memcpy(copy.bytes, bytes.ptr, bytes.len);
    copy.len = bytes.len;
    for (size_t i = 0; i + 4 < copy.len && !copy.frame; i++)
        if (memcmp(copy.bytes + i, "\xFF\xC0", 2) == 0 ||
            memcmp(copy.bytes + i, "\xFF\xC2", 2) == 0)
            copy.frame = i + 4;
    assert_int_not_equal(copy.frame, 0);
    picture_free(bytes);
    return copy;
}

static void test_frame_headers_that_lie(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {1, "\xFF\xFF\xFF\xFF", 4, "65535 x 65535 pixels are more than the 100000000 allowed"},
        {1, "\x27\x10\x27\x10", 4, "truncated"}, /* 10000 x 10000 in 1.6 kB */
        {1, "\0\0", 2, "no pixels"},
        {3, "\0\0", 2, "no pixels"},
        {0, "\x0C", 1, "precision"},
        {7, "\0", 1, "damaged"}, /* sampling of the first component */
        {7, "\x5F", 1, "damaged"},
        {5, "\x02", 1, "2 colour components"},
        {5, "\x05", 1, "no frame header"}, /* more than the segment holds */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        patched copy = read_for_patching("jpeg/444.jpg");
        memcpy(copy.bytes + copy.frame + cases[i].at, cases[i].bytes, cases[i].len);
        picture_assert_refused((sv_str){copy.bytes, copy.len}, cases[i].text);
    }
}

static void test_scan_bomb(void **state)
{
    (void)state;
    sv_str bytes = picture_read("jpeg/progressive.jpg");
    size_t scan = bytes.len;
    while (memcmp(bytes.ptr + scan - 2, "\xFF\xDA", 2) != 0)
        scan--;
    scan -= 2;
    size_t scan_len = bytes.len - 2 - scan, n_copies = 200;
    char *bomb = malloc(bytes.len + n_copies * scan_len), *at = bomb;
    assert_non_null(bomb);
    memcpy(at, bytes.ptr, scan);
    at += scan;
    for (size_t i = 0; i < n_copies; i++, at += scan_len)
        memcpy(at, bytes.ptr + scan, scan_len);
    memcpy(at, "\xFF\xD9", 2);
    picture_assert_refused((sv_str){bomb, (size_t)(at - bomb) + 2}, "too many scans (209)");
    free(bomb);
    picture_free(bytes);
}

static void expect_decodes(const char *bytes, size_t len)
{
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image image;
    sv_error error = {0};
    if (picture_decode((sv_str){bytes, len}, scratch, &image, &error) != SV_OK)
        fail_msg("%s", error.message);
    sv_media_scratch_free(scratch);
}

/* Cameras write such files; nothing is missing in them. */
static void test_surplus_bytes_are_forgiven(void **state)
{
    (void)state;
    patched copy = read_for_patching("jpeg/420.jpg");
    memcpy(copy.bytes + copy.len, "trailing bytes", 14);
    expect_decodes(copy.bytes, copy.len + 14);
    memcpy(copy.bytes + copy.len - 2, "\0\0\0\xFF\xD9", 5);
    expect_decodes(copy.bytes, copy.len + 3);
}

static void test_lost_data_is_refused(void **state)
{
    (void)state;
    sv_str bytes = picture_read("jpeg/444.jpg");
    char *copy = malloc(bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    size_t cut = bytes.len / 4; /* the end marker is there, a quarter of the data is not */
    memcpy(copy + bytes.len - cut - 2, "\xFF\xD9", 2);
    picture_assert_refused((sv_str){copy, bytes.len - cut}, "premature end");
    free(copy);
    picture_free(bytes);
}

/* The decoder is kept between pictures: what one did to it must not reach the next. */
static void test_a_damaged_picture_leaves_the_decoder_well(void **state)
{
    (void)state;
    sv_str good = picture_read("jpeg/420.jpg");
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    patched copy = read_for_patching("jpeg/420.jpg");
    for (size_t i = 2; i < copy.len; i++) {
        sv_image image;
        sv_error error = {0};
        copy.bytes[i] ^= (char)0xFF;
        (void)picture_decode((sv_str){copy.bytes, copy.len}, scratch, &image, &error);
        copy.bytes[i] ^= (char)0xFF;
        if (picture_decode(good, scratch, &image, &error) != SV_OK)
            fail_msg("after byte %zu: %s", i, error.message);
    }
    sv_media_scratch_free(scratch);
    picture_free(good);
}

/* A progressive picture needs all its coefficients at once. */
static void test_memory_limit(void **state)
{
    (void)state;
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_limits limits = {.max_bytes = 45 * 35 * 4 + 45 * 256 + 4096};
    sv_image_context context = {.limits = &limits, .scratch = scratch};
    static const struct {
        const char *name;
        sv_status wanted;
    } cases[] = {{"jpeg/420.jpg", SV_OK}, {"jpeg/progressive.jpg", SV_INVALID}};
    for (size_t i = 0; i < 2; i++) {
        sv_str bytes = picture_read(cases[i].name);
        sv_image_info info;
        sv_image image;
        sv_error error = {0};
        assert_int_equal(sv_image_probe(bytes, &limits, &info, &error), SV_OK);
        assert_int_equal(sv_image_decode(&info, 1, &context, &image, &error), cases[i].wanted);
        assert_true(cases[i].wanted == SV_OK || strstr(error.message, "memory"));
        picture_free(bytes);
    }
    sv_media_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_equal_pillow),
        cmocka_unit_test(test_reduced),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_frame_headers_that_lie),
        cmocka_unit_test(test_scan_bomb),
        cmocka_unit_test(test_surplus_bytes_are_forgiven),
        cmocka_unit_test(test_lost_data_is_refused),
        cmocka_unit_test(test_a_damaged_picture_leaves_the_decoder_well),
        cmocka_unit_test(test_memory_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
