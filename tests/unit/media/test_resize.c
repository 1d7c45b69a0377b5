/* Resampling against Pillow's, pixel by pixel, and windows against the whole. */
#include "pictures.h"

#include "media/resize.h"

static uint16_t take_u16(sv_str *rest)
{
    uint16_t value = (uint16_t)((uint8_t)rest->ptr[0] | (uint8_t)rest->ptr[1] << 8);
    *rest = sv_str_slice(*rest, 2, rest->len);
    return value;
}

/* The window's pixels, 1 or 3 bytes each, in memory that free() frees. */
static uint8_t *resample(const sv_image *image, const sv_resize_plan *plan)
{
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_resize resize;
    assert_int_equal(sv_resize_init(&resize, image, plan, scratch), SV_OK);
    unsigned kept = image->channels == 1 ? 1 : 3;
    uint8_t *out = malloc((size_t)plan->window.width * plan->window.height * kept), *at = out;
    assert_non_null(out);
    for (uint32_t y = 0; y < plan->window.height; y++) {
        const uint8_t *row = sv_resize_next_row(&resize);
        for (uint32_t x = 0; x < plan->window.width; x++, at += kept)
            memcpy(at, row + (size_t)x * image->channels, kept);
    }
    sv_media_scratch_free(scratch);
    return out;
}

static sv_resize_plan plan_whole(const sv_image *image, uint32_t width, uint32_t height,
                                 sv_interpolation interpolation)
{
    return (sv_resize_plan){.box = {0, 0, image->width, image->height},
                            .width = width,
                            .height = height,
                            .window = {0, 0, width, height},
                            .interpolation = interpolation};
}

static void test_equals_pillow(void **state)
{
    (void)state;
    sv_str bytes = picture_read("expected/resize.bin"), rest = bytes;
    int n_cases = 0;
    while (rest.len > 0) {
        unsigned channels = take_u16(&rest), interpolation = take_u16(&rest);
        uint32_t width = take_u16(&rest), height = take_u16(&rest);
        uint32_t new_width = take_u16(&rest), new_height = take_u16(&rest);
        sv_image image = picture_pattern(width, height, channels == 1 ? 1 : 4);
        sv_resize_plan plan =
            plan_whole(&image, new_width, new_height, (sv_interpolation)interpolation);
        uint8_t *pixels = resample(&image, &plan);
        size_t len = (size_t)new_width * new_height * channels;
        int difference = picture_largest_difference(pixels, (const uint8_t *)rest.ptr, len);
        if (difference > 1)
            fail_msg("%ux%u -> %ux%u, filter %u, %u channels: %d levels off", width, height,
                     new_width, new_height, interpolation, channels, difference);
        rest = sv_str_slice(rest, len, rest.len);
        free(pixels);
        free(image.pixels);
        n_cases++;
    }
    assert_int_equal(n_cases, 78);
    picture_free(bytes);
}

static void check_window(const sv_image *image, const sv_resize_plan *whole,
                         sv_resize_window window)
{
    sv_resize_plan part = *whole;
    part.window = window;
    uint8_t *all = resample(image, whole), *some = resample(image, &part);
    for (uint32_t y = 0; y < window.height; y++)
        assert_memory_equal(some + (size_t)y * window.width * 3,
                            all + ((y + window.top) * (size_t)whole->width + window.left) * 3,
                            (size_t)window.width * 3);
    free(all);
    free(some);
}

/* Both orders of the passes. */
static void test_window_is_part_of_whole(void **state)
{
    (void)state;
    sv_image image = picture_pattern(90, 70, 4);
    static const uint32_t sizes[][2] = {{40, 31}, {90, 20}, {130, 100}};
    static const sv_interpolation ways[] = {SV_INTERPOLATION_BILINEAR, SV_INTERPOLATION_BICUBIC,
                                            SV_INTERPOLATION_NEAREST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            sv_resize_plan whole = plan_whole(&image, sizes[i][0], sizes[i][1], ways[way]);
            check_window(&image, &whole, (sv_resize_window){7, 5, 21, 13});
            check_window(&image, &whole, (sv_resize_window){sizes[i][0] - 1, 0, 1, 20});
        }
    free(image.pixels);
}

static void test_same_size_changes_nothing(void **state)
{
    (void)state;
    sv_image image = picture_pattern(33, 21, 1);
    for (unsigned way = SV_INTERPOLATION_BILINEAR; way <= SV_INTERPOLATION_NEAREST; way++) {
        sv_resize_plan plan = plan_whole(&image, 33, 21, (sv_interpolation)way);
        uint8_t *pixels = resample(&image, &plan);
        assert_memory_equal(pixels, image.pixels, 33 * 21);
        free(pixels);
    }
    free(image.pixels);
}

static void test_box_selects(void **state)
{
    (void)state;
    sv_image image = picture_pattern(40, 30, 1);
    sv_resize_plan plan = plan_whole(&image, 8, 6, SV_INTERPOLATION_NEAREST);
    plan.box = (sv_resize_box){16, 12, 24, 18};
    uint8_t *pixels = resample(&image, &plan);
    for (size_t y = 0; y < 6; y++)
        assert_memory_equal(pixels + y * 8, image.pixels + (y + 12) * 40 + 16, 8);
    free(pixels);
    free(image.pixels);
}

/* A picture of one shade stays one. */
static void check_shade(sv_image image, uint32_t width, uint32_t height)
{
    memset(image.pixels, 77, image.stride * image.height);
    for (unsigned way = SV_INTERPOLATION_BILINEAR; way <= SV_INTERPOLATION_NEAREST; way++) {
        sv_resize_plan plan = plan_whole(&image, width, height, (sv_interpolation)way);
        uint8_t *pixels = resample(&image, &plan);
        size_t len = (size_t)width * height * (image.channels == 1 ? 1 : 3);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(pixels[i], 77);
        free(pixels);
    }
    free(image.pixels);
}

static void test_extreme_shapes(void **state)
{
    (void)state;
    static const uint32_t sizes[][4] = {
        {5000, 1, 1, 1}, {1, 5000, 1, 1}, {1, 1, 700, 500}, {2, 3000, 300, 2}, {3000, 2, 2, 300}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_shade(picture_pattern(sizes[i][0], sizes[i][1], 1), sizes[i][2], sizes[i][3]);
        check_shade(picture_pattern(sizes[i][0], sizes[i][1], 4), sizes[i][2], sizes[i][3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_pillow),
        cmocka_unit_test(test_window_is_part_of_whole),
        cmocka_unit_test(test_same_size_changes_nothing),
        cmocka_unit_test(test_box_selects),
        cmocka_unit_test(test_extreme_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
