/* One version as it is loaded: where labels and the tokenizer come from, what is known of it, who
 * holds it. */
#include "folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "model/instance.h"

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"
#define EMBEDDER SV_SOURCE_DIR "/models/embedder/1/model.onnx"
#define MINILM SV_SOURCE_DIR "/../shared/models/embed/all-minilm-l6-v2/"
#define TEN "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"

static sv_engine_host *engines;
static sv_task_image_scratches *scratches;
static sv_model_files *files;
static sv_instance_config config;

static int set_up(void **state)
{
    (void)state;
    sv_engine_config engine = {0};
    if (sv_engine_host_new(&engine, &engines))
        return -1;
    scratches = sv_task_image_scratches_new(1);
    config = (sv_instance_config){
        .engines = engines, .scratches = scratches, .engine_threads = 1, .max_batch_rows = 7};
    return scratches ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_model_files_release(files);
    files = NULL;
    sv_task_image_scratches_free(scratches);
    sv_engine_host_free(engines);
    folder_clear();
    return 0;
}

/* Of the model in m/. */
static void read_files(void)
{
    sv_arena *arena = sv_arena_new(0);
    sv_repository repository;
    sv_error error = {0};
    sv_buf problems;
    const char *path = folder_path("m");
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_repository_scan(arena, &path, 1, &error, &repository), SV_OK);
    sv_model_files_release(files);
    files = NULL;
    if (sv_model_files_read(&repository.models[0], NULL, &problems, &files))
        fail_msg("%.*s", (int)problems.len, problems.ptr);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
}

static sv_status load(sv_error *ret_error, sv_instance **ret_instance)
{
    *ret_error = (sv_error){0};
    sv_status status =
        sv_instance_load(&config, files, &files->source.versions[0], ret_error, ret_instance);
    if (status == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", ret_error->message);
        skip();
    }
    return status;
}

static sv_instance *load_well(void)
{
    sv_error error;
    sv_instance *instance = NULL;
    if (load(&error, &instance))
        fail_msg("%s", error.message);
    return instance;
}

static void test_what_is_known(void **state)
{
    (void)state;
    folder_copy("m/1/model.onnx", DIGITS);
    folder_write("m/model.yaml", "task: image-classification");
    read_files();
    sv_instance *instance = load_well();
    assert_int_equal(instance->task, SV_TASK_IMAGE_CLASSIFICATION);
    assert_true(instance->memory_bytes > 0);
    assert_true(instance->load_ns > 0);
    assert_int_equal(instance->max_batch_rows, 7);
    assert_null(instance->version);
    assert_null(instance->tokenizer_file);
    assert_null(instance->labels_file);
    sv_model_files_release(files); /* it holds its own */
    files = NULL;
    assert_true(sv_str_eq(instance->files->source.name, SV_STR("m")));
    sv_instance_free(instance);
    sv_instance_free(NULL);
}

static void test_labels_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *file, *manifest;
        bool from_command_line;
    } cases[] = {
        {"m/1/labels.txt", "task: image-classification", false},
        {"m/labels.txt", "task: image-classification", false},
        {"labels.txt", "task: image-classification", false},
        {"m/names", "task: image-classification\npostprocess: {labels: names}", false},
        {"m/sub/names", "task: image-classification\npostprocess: {labels: sub/names}", false},
        {"away/names", "task: image-classification", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        folder_clear();
        folder_copy("m/1/model.onnx", DIGITS);
        folder_write("m/model.yaml", cases[i].manifest);
        const char *path = folder_write(cases[i].file, TEN);
        config.labels_file = cases[i].from_command_line ? path : NULL;
        read_files();
        sv_instance *instance = load_well();
        assert_int_equal(instance->image.labels.len, 10);
        assert_true(sv_str_eq(instance->image.labels.items[9], SV_STR("j")));
        assert_int_equal(access(instance->labels_file, R_OK), 0);
        sv_instance_free(instance);
    }
}

/* The version's own come before the model's. */
static void test_the_nearest_labels_count(void **state)
{
    (void)state;
    folder_copy("m/1/model.onnx", DIGITS);
    folder_write("m/model.yaml", "task: image-classification");
    folder_write("m/1/labels.txt", TEN);
    folder_write("m/labels.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    read_files();
    sv_instance *instance = load_well();
    assert_true(sv_str_eq(instance->image.labels.items[0], SV_STR("a")));
    sv_instance_free(instance);
}

static void test_failures_have_words(void **state)
{
    (void)state;
    static const struct {
        const char *from, *manifest, *labels;
    } cases[] = {
        {NULL, "", NULL},
        {DIGITS, "task: image-classification\npostprocess: {labels: nowhere.txt}", NULL},
        {DIGITS, "task: image-classification", "a\nb\n"},
        {DIGITS, "task: text-embedding", NULL},
        {EMBEDDER, "task: text-embedding\npreprocess: {tokenizer: nowhere.json}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error;
        sv_instance *instance = NULL;
        folder_clear();
        if (cases[i].from)
            folder_copy("m/1/model.onnx", cases[i].from);
        else
            folder_write("m/1/model.onnx", "no model");
        folder_write("m/model.yaml", cases[i].manifest);
        if (cases[i].labels)
            folder_write("m/labels.txt", cases[i].labels);
        read_files();
        if (load(&error, &instance) == SV_OK)
            fail_msg("case %zu is loaded", i);
        assert_null(instance);
        assert_true(error.message[0]);
    }
}

static void test_tokenizer(void **state)
{
    (void)state;
    static const char *const places[] = {"m/1/tokenizer.json", "m/tokenizer.json", "m/t.json"};
    if (access(MINILM "tokenizer.json", R_OK) != 0) {
        print_message("skipped: %s is not there\n", MINILM "tokenizer.json");
        skip();
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        folder_clear();
        folder_copy("m/1/model.onnx", MINILM "1/model.onnx");
        folder_copy(places[i], MINILM "tokenizer.json");
        folder_write("m/model.yaml", i == 2 ? "preprocess: {tokenizer: t.json}" : "");
        read_files();
        sv_instance *instance = load_well();
        assert_int_equal(instance->task, SV_TASK_TEXT_EMBEDDING);
        assert_non_null(instance->text.tokenizer);
        assert_int_equal(access(instance->tokenizer_file, R_OK), 0);
        sv_instance_free(instance);
    }
}

static void test_holders(void **state)
{
    (void)state;
    folder_copy("m/1/model.onnx", DIGITS);
    read_files();
    sv_instance *instance = load_well();
    assert_ptr_equal(sv_instance_hold(instance), instance);
    assert_false(sv_instance_drop(instance));
    assert_true(sv_instance_drop(instance));
    sv_instance_free(instance);
}

/* A message that is too long is cut, and ends. */
static void test_warnings_are_kept(void **state)
{
    (void)state;
    folder_copy("m/1/model.onnx", DIGITS);
    folder_write("m/model.yaml", "task: image-classification");
    read_files();
    sv_instance *instance = load_well();
    sv_instance_warm_up(instance);
    assert_null(strstr(instance->reasons, "warm-up run failed"));
    memset(instance->reasons, 'x', sizeof instance->reasons - 10);
    instance->reasons[sizeof instance->reasons - 10] = '\0';
    instance->task = SV_TASK_IMAGE_CLASSIFICATION;
    instance->image.shape = SV_SHAPE(1, 1, 3, 3);
    sv_instance_warm_up(instance);
    assert_int_equal(strlen(instance->reasons), sizeof instance->reasons - 1);
    sv_instance_free(instance);
}

static bool load_once(void *arg)
{
    sv_error error = {0};
    sv_instance *instance = NULL;
    const sv_version_source *version = arg;
    sv_status status = sv_instance_load(&config, files, version, &error, &instance);
    if (!status)
        sv_instance_warm_up(instance);
    assert_true(status ? !instance && error.message[0] : instance != NULL);
    assert_int_equal(atomic_load(&files->holders), status ? 1 : 2);
    sv_instance_free(instance);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const models[] = {DIGITS, EMBEDDER};
    static const char *const manifests[] = {
        "task: image-classification\npostprocess: {labels: names}",
        "task: text-embedding\npreprocess: {tokenizer: hashed-ngrams}\n"
        "postprocess: {pooling: none, normalize: false}"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        folder_clear();
        folder_copy("m/1/model.onnx", models[i]);
        folder_write("m/model.yaml", manifests[i]);
        folder_write("m/names", TEN);
        read_files();
        sv_instance_free(load_well());
        assert_true(failing_malloc_try_each(load_once, files->source.versions) >= 5);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_known),
        TEST(test_labels_are_found),
        TEST(test_the_nearest_labels_count),
        TEST(test_failures_have_words),
        TEST(test_tokenizer),
        TEST(test_holders),
        TEST(test_warnings_are_kept),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
