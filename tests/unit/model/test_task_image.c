/* Pictures to labels with the bundled digits, against what an independent run of the same models
 * said (models/digits/EXPECTED.json). */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/batch.h"
#include "model_lab.h"
#include "json/value.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"

static model_lab lab;

static int close_lab(void **state)
{
    (void)state;
    model_lab_close(&lab);
    return 0;
}

static void open_lab(const sv_strs *sets)
{
    sv_registry_config config = {.sets = sets};
    assert_int_equal(model_lab_open(&lab, DIGITS, &config), SV_OK);
}

/* The member "pictures" of EXPECTED.json. */
static const sv_value *read_expected(void)
{
    enum { MAX = 1 << 20 };
    const sv_value *root;
    sv_value_error error;
    char *text = sv_arena_alloc(lab.arena, MAX);
    FILE *file = fopen(DIGITS "/EXPECTED.json", "re");
    assert_true(file && text);
    size_t len = fread(text, 1, MAX, file);
    fclose(file);
    assert_int_equal(sv_value_parse(lab.arena, (sv_str){text, len}, NULL, &error, &root), SV_OK);
    const sv_value *pictures = sv_value_get(root, SV_STR("pictures"));
    assert_non_null(pictures);
    return pictures;
}

static sv_status classify(sv_instance *instance, sv_str picture, int64_t top_k,
                          sv_predictions *ret_predictions)
{
    sv_error error = {0};
    sv_image_request request = {.picture = picture, .top_k = top_k, .arena = lab.arena};
    return sv_task_image_run(&instance->image, instance->loaded, &request, &error, ret_predictions);
}

static void check_picture(sv_instance *instance, const char *name, const sv_value *expected)
{
    const sv_value *of_version = sv_value_get(expected, instance->version->name);
    sv_predictions predictions = {0};
    double sum = 0;
    assert_non_null(of_version);
    assert_int_equal(classify(instance, model_lab_picture(&lab, name), 10, &predictions), SV_OK);
    assert_int_equal(predictions.len, 10);
    sv_str label = sv_value_str(sv_value_get(of_version, SV_STR("label")));
    double confidence = sv_value_double(sv_value_get(of_version, SV_STR("confidence")));
    if (!sv_str_eq(predictions.items[0].label, label) ||
        fabs(predictions.items[0].confidence - confidence) > 0.02)
        fail_msg("%s, version %.*s: %.*s %.4f, expected %.*s %.4f", name,
                 SV_STR_ARG(instance->version->name), SV_STR_ARG(predictions.items[0].label),
                 predictions.items[0].confidence, SV_STR_ARG(label), confidence);
    for (size_t i = 0; i < predictions.len; i++) {
        assert_true(i == 0 ||
                    predictions.items[i].confidence <= predictions.items[i - 1].confidence);
        sum += predictions.items[i].confidence;
    }
    assert_true(fabs(sum - 1) < 1e-6);
}

static void test_digits_as_expected(void **state)
{
    (void)state;
    open_lab(NULL);
    sv_instance *instances[] = {model_lab_load(&lab, "digits", "1"),
                                model_lab_load(&lab, "digits", "2")};
    sv_value_cursor cursor = sv_value_walk(read_expected());
    sv_str name;
    const sv_value *expected;
    size_t n = 0;
    for (; sv_value_next_member(&cursor, &name, &expected); n++) {
        char text[64];
        snprintf(text, sizeof text, "%.*s", SV_STR_ARG(name));
        check_picture(instances[0], text, expected);
        check_picture(instances[1], text, expected);
    }
    assert_true(n >= 11);
}

static void test_how_many_predictions(void **state)
{
    (void)state;
    static const struct {
        int64_t top_k;
        size_t n;
    } cases[] = {{0, 5}, {1, 1}, {10, 10}, {1000, 10}};
    open_lab(NULL);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_str picture = model_lab_picture(&lab, "digit-7.png");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_predictions predictions = {0};
        assert_int_equal(classify(instance, picture, cases[i].top_k, &predictions), SV_OK);
        assert_int_equal(predictions.len, cases[i].n);
        assert_true(sv_str_eq(predictions.items[0].label, SV_STR("7")));
    }
}

/* Prepared, run together and finished, pictures are what they are by themselves. */
static void test_together(void **state)
{
    (void)state;
    static const char *const names[] = {"digit-7.png", "digit-5.png", "paper-5.jpg"};
    enum { N = 3 };
    sv_image_request requests[N];
    sv_tensor_request prepared[N];
    sv_batch_member members[N];
    sv_batch_room room = {0};
    sv_timeline timeline = {0};
    sv_error error = {0};
    open_lab(NULL);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    const sv_engine_info *info = sv_engine_model_info(instance->loaded);
    for (size_t i = 0; i < N; i++) {
        requests[i] = (sv_image_request){.picture = model_lab_picture(&lab, names[i]),
                                         .top_k = 3,
                                         .arena = sv_arena_new(0),
                                         .timeline = &timeline};
        assert_int_equal(
            sv_task_image_prepare(&instance->image, info, &requests[i], &error, &prepared[i]),
            SV_OK);
        assert_true(sv_batch_class(info, &prepared[i]) != 0);
        members[i].request = &prepared[i];
    }
    assert_true(timeline.stage_ns[SV_STAGE_DECODE] > 0);
    assert_int_equal(sv_batch_run(instance->loaded, members, N, &room), SV_BATCH_OUTCOME_JOINED);
    for (size_t i = 0; i < N; i++) {
        sv_predictions alone = {0}, together = {0};
        assert_int_equal(sv_task_image_finish(&instance->image, &requests[i], &members[i].outputs,
                                              &error, &together),
                         SV_OK);
        assert_int_equal(classify(instance, requests[i].picture, 3, &alone), SV_OK);
        assert_int_equal(together.len, alone.len);
        for (size_t k = 0; k < alone.len; k++) {
            assert_true(sv_str_eq(together.items[k].label, alone.items[k].label));
            assert_true(fabs(together.items[k].confidence - alone.items[k].confidence) < 1e-5);
        }
        sv_arena_free(requests[i].arena);
    }
    sv_batch_room_deinit(&room);
}

static void test_pictures_that_are_none(void **state)
{
    (void)state;
    open_lab(NULL);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_str whole = model_lab_picture(&lab, "digit-7.png");
    const sv_str pictures[] = {SV_STR(""), SV_STR("not a picture"), {whole.ptr, whole.len / 2}};
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        sv_error error = {0};
        sv_predictions predictions = {0};
        sv_image_request request = {.picture = pictures[i], .arena = lab.arena};
        assert_int_equal(
            sv_task_image_run(&instance->image, instance->loaded, &request, &error, &predictions),
            SV_INVALID);
        assert_ptr_equal(error.kind, &sv_kind_invalid_input);
        assert_true(error.message[0]);
        sv_tensor_request prepared;
        assert_int_equal(sv_task_image_prepare(&instance->image,
                                               sv_engine_model_info(instance->loaded), &request,
                                               &error, &prepared),
                         SV_INVALID);
    }
    instance->image.limits.max_pixels = 10;
    sv_predictions predictions = {0};
    assert_int_not_equal(classify(instance, whole, 0, &predictions), SV_OK);
}

static void test_cancelled(void **state)
{
    (void)state;
    open_lab(NULL);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_cancel *cancel = sv_cancel_new();
    sv_error error = {0};
    sv_predictions predictions = {0};
    sv_image_request request = {
        .picture = model_lab_picture(&lab, "digit-7.png"), .arena = lab.arena, .cancel = cancel};
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_int_equal(
        sv_task_image_run(&instance->image, instance->loaded, &request, &error, &predictions),
        SV_CANCELLED);
    sv_cancel_unref(cancel);
}

static void test_stages_are_timed(void **state)
{
    (void)state;
    open_lab(NULL);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_timeline timeline = {0};
    sv_error error = {0};
    sv_predictions predictions = {0};
    sv_image_request request = {.picture = model_lab_picture(&lab, "digit-7.png"),
                                .arena = lab.arena,
                                .timeline = &timeline};
    assert_int_equal(
        sv_task_image_run(&instance->image, instance->loaded, &request, &error, &predictions),
        SV_OK);
    assert_true(timeline.stage_ns[SV_STAGE_DECODE] > 0);
    assert_true(timeline.stage_ns[SV_STAGE_INFER] > 0);
    assert_int_equal(timeline.stage_ns[SV_STAGE_QUEUE], 0);
}

/* Without labels the class index is the label; without softmax scores are cut to 0..1. */
static void test_raw_scores(void **state)
{
    (void)state;
    sv_str items[] = {SV_STR_INIT("digits.postprocess={softmax: false, top_k: 10}")};
    sv_strs sets = {.items = items, .len = 1};
    open_lab(&sets);
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_predictions predictions = {0};
    instance->image.labels = (sv_strs){0};
    sv_str picture = model_lab_picture(&lab, "digit-7.png");
    assert_int_equal(classify(instance, picture, 0, &predictions), SV_OK);
    assert_int_equal(predictions.len, 10);
    assert_true(sv_str_eq(predictions.items[0].label, SV_STR("7")));
    for (size_t i = 0; i < predictions.len; i++)
        assert_true(predictions.items[i].confidence >= 0 && predictions.items[i].confidence <= 1);
}

typedef struct worker {
    sv_instance *instance;
    sv_str picture;
    bool good;
} worker;

static void *classify_often(void *arg)
{
    worker *self = arg;
    self->good = true;
    for (int i = 0; i < 20; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_predictions predictions = {0};
        sv_image_request request = {.picture = self->picture, .arena = arena};
        sv_status status = sv_task_image_run(&self->instance->image, self->instance->loaded,
                                             &request, &error, &predictions);
        self->good = self->good && !status && sv_str_eq(predictions.items[0].label, SV_STR("7"));
        sv_arena_free(arena);
    }
    return NULL;
}

/* As many threads as there are scratches work side by side. */
static void test_two_threads(void **state)
{
    (void)state;
    open_lab(NULL);
    worker workers[2];
    pthread_t threads[2];
    sv_instance *instance = model_lab_load(&lab, "digits", "2");
    sv_str picture = model_lab_picture(&lab, "digit-7.png");
    for (int i = 0; i < 2; i++) {
        workers[i] = (worker){instance, picture, false};
        assert_int_equal(pthread_create(&threads[i], NULL, classify_often, &workers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_digits_as_expected, close_lab),
        cmocka_unit_test_teardown(test_how_many_predictions, close_lab),
        cmocka_unit_test_teardown(test_together, close_lab),
        cmocka_unit_test_teardown(test_pictures_that_are_none, close_lab),
        cmocka_unit_test_teardown(test_cancelled, close_lab),
        cmocka_unit_test_teardown(test_stages_are_timed, close_lab),
        cmocka_unit_test_teardown(test_raw_scores, close_lab),
        cmocka_unit_test_teardown(test_two_threads, close_lab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
