/* From a file to a tensor: as torchvision on PIL pictures, for made-up pictures and for
 * photographs. */
#include "pictures.h"

#include <math.h>

enum { MAX_TENSOR = 3 * 224 * 224 * 4 };

/* Plain pixels out: what Pillow's result can be compared with. */
static const sv_preprocess pixels_out = {
    .resize = 40,
    .crop_width = 32,
    .crop_height = 32,
    .pixel = {.type = SV_PIXEL_UINT8, .layout = SV_PIXEL_NHWC, .scale = 1, .std = {1, 1, 1}},
};

typedef struct way {
    const char *name;
    sv_preprocess how;
} way;

/* As make_preprocessed() of make.py. */
static void list_ways(way ways[6])
{
    for (int i = 0; i < 6; i++)
        ways[i].how = pixels_out;
    ways[0].name = "crop";
    ways[1].name = "crop_odd";
    ways[1].how.resize = 41;
    ways[1].how.crop_width = 30;
    ways[1].how.crop_height = 22;
    ways[1].how.interpolation = SV_INTERPOLATION_BICUBIC;
    ways[2].name = "nearest";
    ways[2].how.interpolation = SV_INTERPOLATION_NEAREST;
    ways[3].name = "squash";
    ways[3].how.mode = SV_PREPROCESS_SQUASH;
    ways[3].how.crop_width = 20;
    ways[3].how.crop_height = 30;
    ways[4].name = "fraction";
    ways[4].how.crop_fraction = 0.875;
    ways[4].how.interpolation = SV_INTERPOLATION_BICUBIC;
    ways[5].name = "grey";
    ways[5].how.pixel.channels = SV_PIXEL_GREY;
}

static sv_status run(const sv_preprocess *how, sv_str picture, void *tensor, sv_error *error)
{
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.scratch = scratch};
    sv_preprocess_room room = {tensor, sv_preprocess_tensor_bytes(how)};
    sv_status status = sv_preprocess_run(how, picture, &context, room, error);
    sv_media_scratch_free(scratch);
    return status;
}

static double find_mean_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    double sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += abs(a[i] - b[i]);
    return sum / (double)len;
}

/* The small picture is decoded at full size and must equal; the large one may be reduced while
 * decoding. */
static void compare_to_pillow(const char *name, int most, double most_on_average)
{
    way ways[6];
    list_ways(ways);
    char path[96];
    snprintf(path, sizeof path, "jpeg/%s.jpg", name);
    sv_str picture = picture_read(path);
    for (size_t i = 0; i < 6; i++) {
        uint8_t tensor[32 * 32 * 3];
        size_t len = sv_preprocess_tensor_bytes(&ways[i].how);
        sv_error error = {0};
        assert_int_equal(sv_preprocess_check(&ways[i].how, &error), SV_OK);
        assert_int_equal(run(&ways[i].how, picture, tensor, &error), SV_OK);
        snprintf(path, sizeof path, "expected/preprocess/%s_%s.rgb", name, ways[i].name);
        sv_str wanted = picture_read(path);
        assert_int_equal(wanted.len, len);
        int largest = picture_largest_difference(tensor, (const uint8_t *)wanted.ptr, len);
        double mean = find_mean_difference(tensor, (const uint8_t *)wanted.ptr, len);
        if (largest > most || mean > most_on_average)
            fail_msg("%s: up to %d levels off, %.3f on average", path, largest, mean);
        picture_free(wanted);
    }
    picture_free(picture);
}

static void test_small_equals_pillow(void **state)
{
    (void)state;
    compare_to_pillow("small", 1, 0.1);
}

static void test_large_is_close_to_pillow(void **state)
{
    (void)state;
    compare_to_pillow("large", 20, 0.5); /* at hard edges; 0.4 on average */
}

static void test_orientation_may_be_ignored(void **state)
{
    (void)state;
    sv_str picture = picture_read("jpeg/large.jpg");
    sv_preprocess how = pixels_out;
    uint8_t upright[32 * 32 * 3], stored[32 * 32 * 3];
    sv_error error = {0};
    assert_int_equal(run(&how, picture, upright, &error), SV_OK);
    how.ignore_orientation = true;
    assert_int_equal(run(&how, picture, stored, &error), SV_OK);
    int largest = 0;
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) /* orientation 6: turned clockwise */
            largest += picture_largest_difference(upright + (y * 32 + x) * 3,
                                                  stored + ((31 - x) * 32 + y) * 3, 3) > 8;
    assert_in_range(largest, 0, 10);
    picture_free(picture);
}

/* The number that follows `key` in the object that follows `"name"` in a JSON text we know. */
static const char *find_key(const char *text, const char *name, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    const char *at = strstr(text, quoted);
    assert_non_null(at);
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    at = strstr(at, quoted);
    assert_non_null(at);
    return at + strlen(quoted);
}

/* ../shared tells the sum of each photograph's EfficientNet-Lite0 tensor, as Pillow made it. */
static void test_photographs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double most_on_average; /* in units of the tensor, 1/128 of a level */
    } photos[] = {
        {"airliner.jpeg", 1e-5}, {"arctic-fox.jpeg", 1e-5}, {"bee.jpeg", 1e-5},
        {"cat.jpg", 1e-5},       {"kitten.jpg", 1e-5},      {"mug.jpg", 1e-3},
        {"samoyed.jpg", 1e-3},   {"crocodile.jpg", 1e-5},   {"snail.jpeg", 1e-5},
        {"vulture.jpeg", 1e-5},  {"zebra.jpeg", 1e-5},
    };
    sv_str expected = picture_read_shared("../models/imagenet/efficientnet_lite0/EXPECTED.json");
    ((char *)expected.ptr)[expected.len] = '\0';
    sv_preprocess how = sv_preprocess_imagenet;
    how.crop_fraction = 0.875;
    how.interpolation = SV_INTERPOLATION_BICUBIC;
    how.pixel = (sv_pixel_format){.scale = 1, .mean = {127, 127, 127}, .std = {128, 128, 128}};
    how.ignore_orientation = true;
    static float tensor[MAX_TENSOR / sizeof(float)];
    for (size_t i = 0; i < sizeof photos / sizeof *photos; i++) {
        sv_str picture = picture_read_shared(photos[i].name);
        sv_error error = {0};
        assert_int_equal(run(&how, picture, tensor, &error), SV_OK);
        double sum = 0;
        for (size_t at = 0; at < 3 * 224 * 224; at++)
            sum += (double)tensor[at];
        double wanted = strtod(find_key(expected.ptr, photos[i].name, "sum") + 1, NULL);
        if (fabs(sum - wanted) / (3 * 224 * 224) > photos[i].most_on_average)
            fail_msg("%s: the tensor's sum is %.3f instead of %.3f", photos[i].name, sum, wanted);
        picture_free(picture);
    }
    picture_free(expected);
}

static void test_edge_pictures(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *refusal; /* NULL: decodes */
    } cases[] = {
        {"edge/broken.png", "the PNG has no header"},
        {"edge/broken_data_stream.png", "PNG"},
        {"edge/truncated_jpeg.jpg", "the JPEG is truncated"},
        {"edge/flower.jpg", NULL},
        {"edge/hopper.jpg", NULL},
        {"edge/hopper.png", NULL},
        {"edge/hopper_gray.jpg", NULL},
        {"edge/hopper_orientation_6.jpg", NULL},
        {"edge/i_trns.png", NULL},
        {"edge/pil_sample_cmyk.jpg", NULL},
        {"edge/transparent.png", NULL},
    };
    static float tensor[MAX_TENSOR / sizeof(float)];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str picture = picture_read_shared(cases[i].name);
        sv_error error = {0};
        sv_status status = run(&sv_preprocess_imagenet, picture, tensor, &error);
        assert_int_equal(status, cases[i].refusal ? SV_INVALID : SV_OK);
        assert_true(!cases[i].refusal || strstr(error.message, cases[i].refusal));
        picture_free(picture);
    }
}

static void test_check_finds_mistakes(void **state)
{
    (void)state;
    sv_preprocess wrong[9];
    static const char *const paths[] = {"crop",   "crop",          "resize",
                                        "resize", "crop_fraction", "crop_fraction",
                                        "scale",  "mean",          "std"};
    for (size_t i = 0; i < 9; i++)
        wrong[i] = sv_preprocess_imagenet;
    wrong[0].crop_width = 0;
    wrong[1].crop_height = 20000;
    wrong[2].resize = 200;
    wrong[3].resize = 20000;
    wrong[4].crop_fraction = 1.5;
    wrong[5].crop_fraction = NAN;
    wrong[6].pixel.scale = 0;
    wrong[7].pixel.mean[1] = INFINITY;
    wrong[8].pixel.std[2] = 0;
    for (size_t i = 0; i < 9; i++) {
        sv_error error = {0};
        assert_int_equal(sv_preprocess_check(&wrong[i], &error), SV_INVALID);
        assert_string_equal(error.path, paths[i]);
    }
    sv_error error = {0};
    assert_int_equal(sv_preprocess_check(&sv_preprocess_imagenet, &error), SV_OK);
    assert_int_equal(sv_preprocess_tensor_bytes(&sv_preprocess_imagenet), MAX_TENSOR);
}

/* 1 x 65535 pixels, whose longer side would become a thousand million. */
static void test_too_thin_a_shape(void **state)
{
    (void)state;
    static const char head[] =
        "\xFF\xD8\xFF\xC0\0\x0B\x08\xFF\xFF\0\x01\x01\x01\x11\0\xFF\xDA\0\x02";
    char bytes[2048] = {0};
    memcpy(bytes, head, sizeof head - 1);
    memcpy(bytes + sizeof bytes - 2, "\xFF\xD9", 2);
    sv_preprocess how = pixels_out;
    how.resize = 16384;
    uint8_t tensor[32 * 32 * 3];
    sv_error error = {0};
    assert_int_equal(run(&how, (sv_str){bytes, sizeof bytes}, tensor, &error), SV_INVALID);
    assert_non_null(strstr(error.message, "too thin a shape"));
}

static void test_room_and_cancel(void **state)
{
    (void)state;
    sv_str picture = picture_read("jpeg/small.jpg");
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_cancel *cancel = sv_cancel_new();
    sv_image_context context = {.scratch = scratch, .cancel = cancel};
    uint8_t tensor[32 * 32 * 3];
    sv_error error = {0};
    sv_preprocess_room room = {tensor, sizeof tensor - 1};
    assert_int_equal(sv_preprocess_run(&pixels_out, picture, &context, room, &error), SV_TOO_LARGE);
    room.size_bytes++;
    assert_int_equal(sv_preprocess_run(&pixels_out, picture, &context, room, &error), SV_OK);
    sv_cancel_fire(cancel, SV_CANCEL_DEADLINE);
    assert_int_equal(sv_preprocess_run(&pixels_out, picture, &context, room, &error), SV_CANCELLED);
    sv_media_scratch_free(scratch);
    sv_cancel_unref(cancel);
    picture_free(picture);
}

/* The same picture again needs no more memory; a big one leaves none behind. */
static void test_memory_is_steady(void **state)
{
    (void)state;
    sv_str small = picture_read("jpeg/small.jpg"), large = picture_read("jpeg/large.jpg");
    sv_media_scratch *scratch = sv_media_scratch_new(200000);
    sv_image_context context = {.scratch = scratch};
    uint8_t tensor[32 * 32 * 3];
    sv_preprocess_room room = {tensor, sizeof tensor};
    sv_preprocess how = pixels_out;
    how.interpolation = SV_INTERPOLATION_NEAREST; /* decodes at full size: 803 x 602 x 4, twice */
    sv_error error = {0};
    assert_int_equal(sv_preprocess_run(&how, small, &context, room, &error), SV_OK);
    size_t held = sv_media_scratch_held(scratch);
    assert_in_range(held, 1, 200000);
    assert_int_equal(sv_preprocess_run(&how, large, &context, room, &error), SV_OK);
    assert_in_range(sv_media_scratch_held(scratch), 0, 200000);
    assert_int_equal(sv_preprocess_run(&how, small, &context, room, &error), SV_OK);
    assert_in_range(sv_media_scratch_held(scratch), held, 200000);
    sv_media_scratch_free(scratch);
    picture_free(small);
    picture_free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_equals_pillow),
        cmocka_unit_test(test_large_is_close_to_pillow),
        cmocka_unit_test(test_orientation_may_be_ignored),
        cmocka_unit_test(test_photographs),
        cmocka_unit_test(test_edge_pictures),
        cmocka_unit_test(test_check_finds_mistakes),
        cmocka_unit_test(test_too_thin_a_shape),
        cmocka_unit_test(test_room_and_cancel),
        cmocka_unit_test(test_memory_is_steady),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
