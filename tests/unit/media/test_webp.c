/* WebP: as Pillow decodes it; animations and broken files refused. */
#include "pictures.h"

static void test_kinds_equal_pillow(void **state)
{
    (void)state;
    assert_in_range(picture_difference("webp/lossy.webp", "webp_lossy"), 0, 1);
    assert_int_equal(picture_difference("webp/lossless.webp", "webp_lossless"), 0);
    assert_int_equal(picture_difference("webp/alpha.webp", "webp_alpha"), 0);
    assert_int_equal(picture_difference("webp/orientation_8.webp", "webp_orientation_8"), 0);
}

static void test_animation_is_refused(void **state)
{
    (void)state;
    sv_str bytes = picture_read("webp/animated.webp");
    picture_assert_refused(bytes, "animated");
    picture_free(bytes);
}

static void test_torture(void **state)
{
    (void)state;
    picture_torture("webp/lossy.webp", true);
    picture_torture("webp/orientation_8.webp", true);
}

static void test_size_limit(void **state)
{
    (void)state;
    sv_str bytes = picture_read("webp/lossless.webp");
    sv_image_limits limits = {.max_pixels = 1000};
    sv_image_info info;
    sv_error error = {0};
    assert_int_equal(sv_image_probe(bytes, &limits, &info, &error), SV_INVALID);
    assert_non_null(strstr(error.message, "45 x 35 pixels are more than the 1000 allowed"));
    picture_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_equal_pillow),
        cmocka_unit_test(test_animation_is_refused),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_size_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
