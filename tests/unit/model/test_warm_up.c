/* The first run: of every task, within its budget; a model that refuses is loaded all the same. */
#include "folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/warm_up.h"

#define SHARED SV_SOURCE_DIR "/../shared/models/"
#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"
#define EMBEDDER SV_SOURCE_DIR "/models/embedder/1/model.onnx"
#define EMBED                                                                                      \
    "task: text-embedding\npreprocess: {tokenizer: hashed-ngrams}\n"                               \
    "postprocess: {pooling: none, normalize: false}\n"

static sv_engine_host *engines;
static sv_task_image_scratches *scratches;

static int set_up(void **state)
{
    (void)state;
    sv_engine_config engine = {0};
    if (sv_engine_host_new(&engine, &engines))
        return -1;
    scratches = sv_task_image_scratches_new(1);
    return scratches ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_task_image_scratches_free(scratches);
    sv_engine_host_free(engines);
    folder_clear();
    return 0;
}

static sv_instance *load(const char *model, const char *manifest)
{
    sv_repository repository;
    sv_error error = {0};
    sv_buf problems;
    sv_model_files *files = NULL;
    sv_instance *instance = NULL;
    if (access(model, R_OK) != 0) {
        print_message("skipped: %s is not there\n", model);
        skip();
    }
    sv_arena *arena = sv_arena_new(0);
    folder_clear();
    folder_copy("m/1/model.onnx", model);
    folder_write("m/model.yaml", manifest);
    const char *path = folder_path("m");
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_repository_scan(arena, &path, 1, &error, &repository), SV_OK);
    if (sv_model_files_read(&repository.models[0], NULL, &problems, &files))
        fail_msg("%.*s", (int)problems.len, problems.ptr);
    sv_instance_config config = {.engines = engines, .scratches = scratches, .engine_threads = 1};
    sv_status status =
        sv_instance_load(&config, files, &files->source.versions[0], &error, &instance);
    sv_model_files_release(files);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    if (status == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", error.message);
        skip();
    }
    if (status)
        fail_msg("%s: %s", model, error.message);
    return instance;
}

static void check_well(const char *model, const char *manifest, sv_model_task task)
{
    sv_error error = {0};
    sv_instance *instance = load(model, manifest);
    assert_int_equal(instance->task, task);
    if (sv_warm_up_run(instance, &error))
        fail_msg("%s: %s", model, error.message);
    sv_instance_free(instance);
}

static void test_picture(void **state)
{
    (void)state;
    check_well(DIGITS, "task: image-classification", SV_TASK_IMAGE_CLASSIFICATION);
}

static void test_text(void **state)
{
    (void)state;
    check_well(EMBEDDER, EMBED, SV_TASK_TEXT_EMBEDDING);
}

static void test_table(void **state)
{
    (void)state;
    check_well(SHARED "tabular/iris/1/model.onnx", "task: tabular", SV_TASK_TABULAR);
}

static void test_nothing_to_run(void **state)
{
    (void)state;
    check_well(SHARED "synthetic/identity_fp32/1/model.onnx", "task: tensor", SV_TASK_TENSOR);
    check_well(SHARED "synthetic/fail_gather/1/model.onnx", "task: tensor", SV_TASK_TENSOR);
}

/* Texts of one run are only trusted when it was tried that they may be. */
static void test_without_a_budget(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_instance *instance = load(EMBEDDER, EMBED "warm_up: {budget: 0s}");
    assert_int_equal(sv_warm_up_run(instance, &error), SV_OK);
    assert_int_equal(instance->text.max_rows, 1);
    sv_instance_free(instance);
    instance = load(EMBEDDER, EMBED);
    assert_int_equal(sv_warm_up_run(instance, &error), SV_OK);
    assert_true(instance->text.max_rows > 1);
    sv_instance_free(instance);
}

static void test_a_refusal_is_a_warning(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_instance *instance = load(DIGITS, "task: image-classification");
    instance->image.shape = SV_SHAPE(1, 1, 3, 3); /* the model does not take that */
    assert_int_not_equal(sv_warm_up_run(instance, &error), SV_OK);
    assert_true(error.message[0]);
    sv_instance_warm_up(instance);
    assert_non_null(strstr(instance->reasons, "warning: the warm-up run failed: "));
    sv_instance_free(instance);
}

/* It is ended when its time is over, not when it comes to its end. */
static void test_a_run_that_takes_too_long(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_instance *instance = load(SHARED "imagenet/mobilenet_v2/1/model.onnx",
                                 "task: image-classification\nwarm_up: {budget: 1ms}");
    assert_int_equal(sv_warm_up_run(instance, &error), SV_CANCELLED);
    assert_non_null(strstr(error.message, "within 1 ms"));
    sv_instance_warm_up(instance);
    assert_non_null(strstr(instance->reasons, "it did not end within 1 ms"));
    sv_instance_free(instance);
}

/* Whatever is tried besides: not longer than the budget, and some for what takes longer than
 * expected. */
static void test_trials_keep_to_the_budget(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_instance *instance =
        load(SHARED "embed/all-minilm-l6-v2/1/model.onnx",
             "task: tensor\nwarm_up: {budget: 200ms}\nbatching: {max_size: 64}");
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    sv_status status = sv_warm_up_run(instance, &error);
    assert_true(status == SV_OK || status == SV_CANCELLED);
    int64_t took_ms = (sv_clock_now_ns(&sv_clock_system) - started) / SV_NS_PER_MS;
    assert_true(took_ms < 5000);
    sv_instance_free(instance);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_picture),
        TEST(test_text),
        TEST(test_table),
        TEST(test_nothing_to_run),
        TEST(test_without_a_budget),
        TEST(test_a_refusal_is_a_warning),
        TEST(test_a_run_that_takes_too_long),
        TEST(test_trials_keep_to_the_budget),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
