/* Finding the format, limits, orientation, grey, cancelling. */
#include "pictures.h"

static void test_other_formats_are_named(void **state)
{
    (void)state;
    static const struct {
        sv_str bytes;
        const char *text;
    } cases[] = {
        {SV_STR_INIT(""), "it is empty"},
        {SV_STR_INIT("x"), "it is no JPEG, PNG or WebP"},
        {SV_STR_INIT("<html><body>404</body></html>"), "it is no JPEG, PNG or WebP"},
        {SV_STR_INIT("GIF89a\x01\0\x01\0\0\0\0;"), "GIF is not supported; send JPEG, PNG or WebP"},
        {SV_STR_INIT("BM\x46\0\0\0"), "BMP is not supported"},
        {SV_STR_INIT("II*\0\x08\0\0\0"), "TIFF is not supported"},
        {SV_STR_INIT("\0\0\0\x18"
                     "ftypheic"),
         "HEIF or AVIF is not supported"},
        {SV_STR_INIT("RIFF\x04\0\0\0WEBP"), "the WebP has a damaged header"},
        {SV_STR_INIT("\x89PNG\r\n\x1a\n"), "the PNG has no header"},
        {SV_STR_INIT("\xFF\xD8\xFF"), "the JPEG has no frame header"},
        {SV_STR_INIT("\xFF\xD8\xFF\xD9"), "the JPEG has no frame header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        picture_assert_refused(cases[i].bytes, cases[i].text);
}

static void test_every_orientation(void **state)
{
    (void)state;
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        char name[32], path[64];
        snprintf(name, sizeof name, "orientation_%u", orientation);
        snprintf(path, sizeof path, "jpeg/%s.jpg", name);
        assert_in_range(picture_difference(path, name), 0, 1);
    }
}

/* The padding of a reduced picture goes where its pixels go. */
static void test_turned_padding(void **state)
{
    (void)state;
    sv_str bytes = picture_read("jpeg/small.jpg"); /* 120 x 83: 15 x 10.375 eighths */
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.scratch = scratch};
    static const struct {
        unsigned orientation;
        double left, top;
    } cases[] = {{1, 0, 0}, {3, 0, 0.625}, {6, 0.625, 0}, {8, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_image_info info;
        sv_image image;
        sv_error error = {0};
        assert_int_equal(sv_image_probe(bytes, NULL, &info, &error), SV_OK);
        info.orientation = cases[i].orientation;
        assert_int_equal(sv_image_decode(&info, 8, &context, &image, &error), SV_OK);
        assert_float_equal(image.left, cases[i].left, 1e-9);
        assert_float_equal(image.top, cases[i].top, 1e-9);
    }
    sv_media_scratch_free(scratch);
    picture_free(bytes);
}

static void test_limits(void **state)
{
    (void)state;
    sv_str bytes = picture_read("png/orientation_6.png");
    sv_image_info info;
    sv_error error = {0};
    sv_image_limits limits = {.max_pixels = 13 * 11};
    assert_int_equal(sv_image_probe(bytes, &limits, &info, &error), SV_OK);
    limits.max_pixels--;
    assert_int_equal(sv_image_probe(bytes, &limits, &info, &error), SV_INVALID);
    assert_string_equal(error.message,
                        "Could not decode image: 13 x 11 pixels are more than the 142 allowed");
    assert_ptr_equal(error.kind, &sv_kind_invalid_input);
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.limits = &limits, .scratch = scratch};
    sv_image image;
    uint64_t pixels = 13 * 11 * 4;
    limits.max_bytes = info.decoder_bytes + 2 * pixels; /* stored and upright */
    assert_int_equal(sv_image_decode(&info, 1, &context, &image, &error), SV_OK);
    limits.max_bytes--;
    assert_int_equal(sv_image_decode(&info, 1, &context, &image, &error), SV_INVALID);
    info.orientation = 1;
    assert_int_equal(sv_image_decode(&info, 1, &context, &image, &error), SV_OK);
    sv_media_scratch_free(scratch);
    picture_free(bytes);
}

static void test_grey(void **state)
{
    (void)state;
    uint8_t pixels[] = {255, 0,   0,   9, 0, 255, 0, 9, 0,  0,  255, 9,
                        255, 255, 255, 9, 1, 2,   3, 9, 77, 88, 99,  9};
    sv_image image = {pixels, 3, 2, 12, 4, 0, 0, 3, 2};
    sv_image_to_grey(&image);
    static const uint8_t wanted[] = {76, 150, 29, 255, 2, 86}; /* Pillow's convert("L") */
    assert_memory_equal(image.pixels, wanted, sizeof wanted);
    assert_int_equal(image.channels, 1);
    assert_int_equal(image.stride, 3);
    sv_image_to_grey(&image);
    assert_memory_equal(image.pixels, wanted, sizeof wanted);
}

static void test_cancelled(void **state)
{
    (void)state;
    static const char *const names[] = {"jpeg/420.jpg", "png/rgb8.png", "webp/lossy.webp"};
    sv_cancel *cancel = sv_cancel_new();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.scratch = scratch, .cancel = cancel};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sv_str bytes = picture_read(names[i]);
        sv_image_info info;
        sv_image image;
        sv_error error = {0};
        assert_int_equal(sv_image_probe(bytes, NULL, &info, &error), SV_OK);
        assert_int_equal(sv_image_decode(&info, 1, &context, &image, &error), SV_CANCELLED);
        picture_free(bytes);
    }
    sv_media_scratch_free(scratch);
    sv_cancel_unref(cancel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_formats_are_named),
        cmocka_unit_test(test_every_orientation),
        cmocka_unit_test(test_turned_padding),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_grey),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
