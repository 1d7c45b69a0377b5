/* What a model is taken for, and what its manifest changes, from made-up inputs and outputs. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "model/inspect.h"

static sv_arena *arena;
static sv_buf reasons;
static sv_error error;
static sv_inspection found;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&reasons, 65536);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&reasons);
    sv_arena_free(arena);
    return 0;
}

/* A model of `n_inputs` inputs like `input`, and of one output. */
typedef struct fake {
    sv_dtype in_type;
    sv_shape in;
    sv_dtype out_type;
    sv_shape out;
    size_t n_inputs;
    bool any_shape;
} fake;

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                 \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
static const fake imagenet = {
    SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(-1, 1000), 1, false};

static sv_status inspect(const fake *model, const struct manifest *manifest, const char *labels)
{
    static const struct manifest nothing = {0};
    sv_tensor_spec inputs[2],
        output = {.name = SV_STR_INIT("logits"), .dtype = model->out_type, .shape = model->out};
    for (int i = 0; i < 2; i++)
        inputs[i] = (sv_tensor_spec){.name = SV_STR_INIT("input"),
                                     .dtype = model->in_type,
                                     .is_any_shape = model->any_shape,
                                     .shape = model->in};
    sv_engine_info info = {
        .inputs = inputs, .n_inputs = model->n_inputs, .outputs = &output, .n_outputs = 1};
    sv_inspect_request request = {&info, manifest ? manifest : &nothing, labels};
    error = (sv_error){0};
    found = (sv_inspection){0};
    sv_buf_clear(&reasons);
    return sv_inspect_model(arena, &request, &reasons, &error, &found);
}

/* A labels file of `n` lines. */
static const char *make_labels(int n)
{
    char text[16384];
    size_t len = 0;
    text[0] = '\0';
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "class %d\n", i);
    return folder_write("labels.txt", text);
}

static void test_guesses(void **state)
{
    (void)state;
    enum { TENSOR = SV_TASK_TENSOR, IMAGE = SV_TASK_IMAGE_CLASSIFICATION, TABLE = SV_TASK_TABULAR };
    static const struct {
        fake model;
        int n_labels; /* 0: there is no file */
        int task;
    } cases[] = {
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(-1, 5), 1, false}, 5, IMAGE},
        {{SV_DTYPE_FP32, SHAPE(1, 224, 224, 3), SV_DTYPE_FP32, SHAPE(1, 5), 1, false}, 5, IMAGE},
        {{SV_DTYPE_FP16, SHAPE(1, 3, 32, 32), SV_DTYPE_FP32, SHAPE(1, 5), 1, false}, 5, IMAGE},
        {{SV_DTYPE_UINT8, SHAPE(-1, -1, -1, 3), SV_DTYPE_FP32, SHAPE(-1, 5), 1, false}, 5, IMAGE},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(-1, -1), 1, false}, 5, IMAGE},
        {{SV_DTYPE_FP32, SHAPE(1, 1, 28, 28), SV_DTYPE_FP32, SHAPE(1, 10), 1, false}, 0, IMAGE},
        {{SV_DTYPE_FP32, SHAPE(1, 28, 28, 1), SV_DTYPE_FP32, SHAPE(1, 10), 1, false}, 0, IMAGE},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(-1, 5), 1, false}, 0, TENSOR},
        {{SV_DTYPE_INT64, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(-1, 5), 1, false},
         5,
         TENSOR},
        {{SV_DTYPE_FP32, SHAPE(3, 224, 224), SV_DTYPE_FP32, SHAPE(1, 5), 1, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 4, 224, 224), SV_DTYPE_FP32, SHAPE(1, 5), 1, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, -1, -1, -1), SV_DTYPE_FP32, SHAPE(1, 5), 1, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, {0}, SV_DTYPE_FP32, SHAPE(1, 5), 1, true}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(1, 5), 2, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP64, SHAPE(1, 5), 1, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(5), 1, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 9, 9), SV_DTYPE_FP32, SHAPE(1, 5, 9, 9), 1, false},
         5,
         TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(1, 5), 0, false}, 5, TENSOR},
        {{SV_DTYPE_FP32, SHAPE(-1, 4), SV_DTYPE_FP32, SHAPE(-1, 3), 1, false}, 0, TABLE},
        {{SV_DTYPE_FP32, SHAPE(-1, 4), SV_DTYPE_FP32, SHAPE(-1, 3), 1, false}, 3, TABLE},
        {{SV_DTYPE_FP32, SHAPE(-1, 4), SV_DTYPE_INT64, SHAPE(-1), 1, false}, 0, TABLE},
        {{SV_DTYPE_FP32, SHAPE(-1, 4), SV_DTYPE_FP32, SHAPE(-1), 1, false}, 0, TENSOR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *labels = cases[i].n_labels ? make_labels(cases[i].n_labels) : NULL;
        sv_status status = inspect(&cases[i].model, NULL, labels);
        if (status || (int)found.task != cases[i].task)
            fail_msg("case %zu: %s %s", i, sv_manifest_task_name(found.task), error.message);
        assert_true(reasons.len > 0);
        assert_int_equal(found.image.labels.len, cases[i].task == IMAGE ? cases[i].n_labels : 0);
        assert_int_equal(found.tabular.labels.len, cases[i].task == TABLE ? cases[i].n_labels : 0);
    }
}

static void test_what_is_left_open(void **state)
{
    (void)state;
    assert_int_equal(inspect(&imagenet, NULL, make_labels(1000)), SV_OK);
    const sv_preprocess *how = &found.image.preprocess;
    assert_int_equal(how->mode, SV_PREPROCESS_CROP);
    assert_int_equal(how->resize, 256);
    assert_int_equal(how->crop_width, 224);
    assert_int_equal(how->crop_height, 224);
    assert_int_equal(how->interpolation, SV_INTERPOLATION_BILINEAR);
    assert_false(how->ignore_orientation);
    assert_int_equal(how->pixel.channels, SV_PIXEL_RGB);
    assert_int_equal(how->pixel.layout, SV_PIXEL_NCHW);
    assert_true(how->pixel.mean[0] == 0.485f && how->pixel.std[2] == 0.225f);
    assert_true(found.image.softmax);
    assert_int_equal(found.image.top_k, 5);
    assert_true(sv_tensor_shape_fits(&SV_SHAPE(1, 3, 224, 224), &found.image.shape));
    assert_int_equal(found.image.dtype, SV_DTYPE_FP32);
}

static void test_grey_pictures(void **state)
{
    (void)state;
    static const fake digits = {
        SV_DTYPE_FP32, SHAPE(-1, 1, 28, 20), SV_DTYPE_FP32, SHAPE(-1, 10), 1, false};
    assert_int_equal(inspect(&digits, NULL, NULL), SV_OK);
    const sv_preprocess *how = &found.image.preprocess;
    assert_int_equal(how->mode, SV_PREPROCESS_SQUASH);
    assert_int_equal(how->crop_width, 20);
    assert_int_equal(how->crop_height, 28);
    assert_int_equal(how->pixel.channels, SV_PIXEL_GREY);
    assert_true(how->pixel.mean[0] == 0 && how->pixel.std[0] == 1);
    assert_true(sv_tensor_shape_fits(&SV_SHAPE(1, 1, 28, 20), &found.image.shape));
}

static void test_pixels_as_they_are(void **state)
{
    (void)state;
    static const fake bytes = {SV_DTYPE_UINT8, SHAPE(-1, -1, -1, 3), SV_DTYPE_FP32, SHAPE(-1, 5), 1,
                               false};
    assert_int_equal(inspect(&bytes, NULL, make_labels(5)), SV_OK);
    const sv_preprocess *how = &found.image.preprocess;
    assert_int_equal(how->pixel.layout, SV_PIXEL_NHWC);
    assert_int_equal(how->pixel.type, SV_PIXEL_UINT8);
    assert_true(how->pixel.scale == 1 && how->pixel.mean[1] == 0 && how->pixel.std[1] == 1);
    assert_true(sv_tensor_shape_fits(&SV_SHAPE(1, 224, 224, 3), &found.image.shape));
}

static double two[] = {0.1, 0.2}, one[] = {0.5};

static void test_the_manifest_decides(void **state)
{
    (void)state;
    struct manifest_preprocess pre = {.mode = SV_MANIFEST_SQUASH,
                                      .interpolation = SV_MANIFEST_BICUBIC,
                                      .orientation = SV_MANIFEST_IGNORE,
                                      .channels = SV_MANIFEST_BGR,
                                      .scale = {true, 2},
                                      .mean = {one, 1}};
    struct manifest_postprocess post = {.softmax = {true, false}, .top_k = {true, 3}};
    struct manifest manifest = {
        .task = SV_TASK_IMAGE_CLASSIFICATION, .preprocess = &pre, .postprocess = &post};
    assert_int_equal(inspect(&imagenet, &manifest, NULL), SV_OK);
    const sv_preprocess *how = &found.image.preprocess;
    assert_int_equal(how->mode, SV_PREPROCESS_SQUASH);
    assert_int_equal(how->interpolation, SV_INTERPOLATION_BICUBIC);
    assert_true(how->ignore_orientation);
    assert_int_equal(how->pixel.channels, SV_PIXEL_BGR);
    assert_true(how->pixel.scale == 2);
    assert_true(how->pixel.mean[0] == 0.5f && how->pixel.mean[2] == 0.5f);
    assert_true(how->pixel.std[0] == 0.229f); /* not said: ImageNet's */
    assert_false(found.image.softmax);
    assert_int_equal(found.image.top_k, 3);
    assert_int_equal(found.image.labels.len, 0);
    manifest = (struct manifest){.task = SV_TASK_TENSOR};
    assert_int_equal(inspect(&imagenet, &manifest, make_labels(1000)), SV_OK);
    assert_int_equal(found.task, SV_TASK_TENSOR);
}

static void test_sides(void **state)
{
    (void)state;
    static const struct {
        fake model;
        struct manifest_preprocess pre;
        uint32_t width, height, resize;
    } cases[] = {
        {{SV_DTYPE_FP32, SHAPE(1, 3, -1, -1), SV_DTYPE_FP32, SHAPE(1, 5), 1, false},
         {.crop = {true, 112}},
         112,
         112,
         128},
        {{SV_DTYPE_FP32, SHAPE(1, 3, 100, 200), SV_DTYPE_FP32, SHAPE(1, 5), 1, false},
         {0},
         200,
         100,
         229},
        {{SV_DTYPE_FP32, SHAPE(1, 3, 224, 224), SV_DTYPE_FP32, SHAPE(1, 5), 1, false},
         {.crop = {true, 224}, .resize = {true, 232}},
         224,
         224,
         232},
        /* Both ends could be channels: the layout tells. */
        {{SV_DTYPE_FP32, SHAPE(1, 3, 32, 3), SV_DTYPE_FP32, SHAPE(1, 5), 1, false},
         {.layout = SV_MANIFEST_NHWC},
         32,
         3,
         37},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct manifest_preprocess pre = cases[i].pre;
        struct manifest manifest = {.task = SV_TASK_IMAGE_CLASSIFICATION, .preprocess = &pre};
        assert_int_equal(inspect(&cases[i].model, &manifest, NULL), SV_OK);
        assert_int_equal(found.image.preprocess.crop_width, cases[i].width);
        assert_int_equal(found.image.preprocess.crop_height, cases[i].height);
        assert_int_equal(found.image.preprocess.resize, cases[i].resize);
    }
}

static void test_what_does_not_fit(void **state)
{
    (void)state;
    static const fake text = {SV_DTYPE_INT64, SHAPE(-1, -1), SV_DTYPE_FP32, SHAPE(-1, 5), 1, false};
    static const fake grey = {SV_DTYPE_FP32, SHAPE(1, 1, 28, 28), SV_DTYPE_FP32, SHAPE(1, 10), 1,
                              false};
    static const struct {
        const fake *model;
        struct manifest_preprocess pre;
        int n_labels;
        const char *message;
    } cases[] = {
        {&text, {0}, 0, "the manifest says image-classification, but the model is not"},
        {&imagenet, {.layout = SV_MANIFEST_NHWC}, 0, "the manifest says image-classification"},
        {&imagenet, {.channels = SV_MANIFEST_GREY}, 0, "preprocess.channels does not fit"},
        {&grey, {.channels = SV_MANIFEST_RGB}, 0, "which takes 1 channel"},
        {&imagenet, {.dtype = SV_MANIFEST_UINT8}, 0, "preprocess.dtype does not fit"},
        {&imagenet, {.crop = {true, 100}}, 0, "preprocess.crop is 100 but the model takes 224"},
        {&imagenet, {.mean = {two, 2}}, 0, "take 1 or 3 values"},
        {&grey, {.std = {two, 2}}, 0, "take 1 value"},
        {&imagenet, {.resize = {true, 100}}, 0, ""},
        {&imagenet, {0}, 999, "has 999 labels but the model gives 1000 scores"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct manifest_preprocess pre = cases[i].pre;
        struct manifest manifest = {.task = SV_TASK_IMAGE_CLASSIFICATION, .preprocess = &pre};
        const char *labels = cases[i].n_labels ? make_labels(cases[i].n_labels) : NULL;
        assert_int_equal(inspect(cases[i].model, &manifest, labels), SV_INVALID);
        if (!error.message[0] || !strstr(error.message, cases[i].message))
            fail_msg("case %zu: %s", i, error.message);
    }
}

static void test_labels_that_cannot_be_read(void **state)
{
    (void)state;
    assert_int_equal(inspect(&imagenet, NULL, "/nowhere/labels.txt"), SV_IO);
    assert_string_equal(error.path, "/nowhere/labels.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_guesses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_left_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_grey_pictures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pixels_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_manifest_decides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labels_that_cannot_be_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
