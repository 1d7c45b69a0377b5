/* Names, versions, defaults and states; loading the bundled digits; failures that stay with their
 * version. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "failing_malloc.h"
#include "model_lab.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"

static model_lab lab;

static sv_status load(sv_model_version *version, sv_error *error)
{
    return sv_load_step_run(&(sv_load_step){.registry = lab.registry}, version, error);
}

static int clear(void **state)
{
    (void)state;
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

static void make_files(const char *names)
{
    char name[128];
    while (sscanf(names, "%127s", name) == 1) {
        folder_write(name, "");
        names = strstr(names, name) + strlen(name);
    }
}

static void test_default_version(void **state)
{
    (void)state;
    static const struct {
        const char *files, *manifest, *wanted;
    } cases[] = {
        {"r/m/1/model.onnx r/m/2/model.onnx r/m/10/model.onnx", "", "10"},
        {"r/m/v3/model.onnx r/m/2/model.onnx", "", "v3"},
        {"r/m/2/model.onnx r/m/beta/model.onnx", "", "2"},
        {"r/m/alpha/model.onnx r/m/beta/model.onnx", "", "beta"},
        {"r/m/1/model.onnx r/m/2/model.onnx", "versions: {default: '1'}", "1"},
        {"r/m/1/model.onnx r/m/v2/model.onnx", "versions: {default: '2'}", "v2"},
        {"r/m/2/model.onnx r/m/beta/model.onnx", "versions: {default: beta}", "beta"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_files(cases[i].files);
        folder_write("r/m/model.yaml", cases[i].manifest);
        assert_int_equal(model_lab_open(&lab, folder_path("r"), NULL), SV_OK);
        sv_model *model = sv_registry_find(lab.registry, SV_STR("m"));
        sv_model_version *version = sv_registry_find_version(model, SV_STR(""));
        assert_true(sv_str_eq(version->name, sv_str_from(cases[i].wanted)));
        assert_int_equal(sv_registry_state(version), SV_VERSION_ABSENT);
        model_lab_close(&lab);
        folder_clear();
    }
}

static void test_default_model(void **state)
{
    (void)state;
    static const struct {
        const char *files, *b_manifest, *setting, *wanted; /* NULL: there is none */
    } cases[] = {
        {"r/b/1/model.onnx r/c/1/model.onnx", "", NULL, "b"},
        {"r/b/1/model.onnx r/c/1/model.onnx", "", "c", "c"},
        {"r/b/1/model.onnx r/c/1/model.onnx", "task: tensor", NULL, "c"},
        {"r/b/1/model.onnx r/classifier/1/model.onnx", "", NULL, "classifier"},
        {"r/b/1/model.onnx", "task: tensor", NULL, "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_registry_config config = {.default_model = cases[i].setting};
        make_files(cases[i].files);
        folder_write("r/b/model.yaml", cases[i].b_manifest);
        assert_int_equal(model_lab_open(&lab, folder_path("r"), &config), SV_OK);
        const sv_model *model = sv_registry_find(lab.registry, SV_STR(""));
        assert_int_equal(model != NULL, cases[i].wanted != NULL);
        if (model)
            assert_true(sv_str_eq(model->name, sv_str_from(cases[i].wanted)));
        assert_null(sv_registry_find(lab.registry, SV_STR("nothing")));
        model_lab_close(&lab);
        folder_clear();
    }
}

static void test_wrong_configurations(void **state)
{
    (void)state;
    static const struct {
        const char *manifest;
        sv_registry_config config;
        const char *problem;
    } cases[] = {
        {"versions: {default: '9'}", {0}, "versions.default: there is no version '9'"},
        {"task: dance", {0}, "model.yaml:1: task: "},
        {"", {.default_model = "z"}, "default_model: there is no model 'z'"},
        {"", {.labels_file = "l.txt"}, "--labels: needs exactly one model, not 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_files("r/a/1/model.onnx r/b/1/model.onnx");
        folder_write("r/a/model.yaml", cases[i].manifest);
        assert_int_equal(model_lab_open(&lab, folder_path("r"), &cases[i].config), SV_INVALID);
        assert_null(lab.registry);
        if (!memmem(lab.problems.ptr, lab.problems.len, cases[i].problem, strlen(cases[i].problem)))
            fail_msg("%s: %.*s", cases[i].problem, SV_STR_ARG(sv_buf_str(&lab.problems)));
        model_lab_close(&lab);
        folder_clear();
    }
}

static void test_no_models_at_all(void **state)
{
    (void)state;
    sv_repository nothing = {0};
    sv_registry *registry = NULL;
    sv_registry_config config = {.repository = &nothing, .n_scratches = 1};
    sv_buf problems;
    sv_buf_init(&problems, 1000);
    assert_int_equal(sv_registry_new(&config, &problems, &registry), SV_OK);
    assert_int_equal(sv_registry_set(registry)->n_models, 0);
    assert_null(sv_registry_find(registry, SV_STR("")));
    sv_registry_free(registry);
    sv_buf_deinit(&problems);
}

static void test_digits(void **state)
{
    (void)state;
    assert_int_equal(model_lab_open(&lab, DIGITS, NULL), SV_OK);
    sv_model *model = sv_registry_find(lab.registry, SV_STR("digits"));
    assert_ptr_equal(model, sv_registry_find(lab.registry, SV_STR("")));
    assert_int_equal(model->n_versions, 2);
    assert_ptr_equal(sv_registry_find_version(model, SV_STR("v2")),
                     sv_registry_find_version(model, SV_STR("2")));
    assert_ptr_equal(sv_registry_find_version(model, SV_STR("")),
                     sv_registry_find_version(model, SV_STR("2")));
    assert_null(sv_registry_find_version(model, SV_STR("3")));
    const sv_instance *instance = model_lab_load(&lab, "digits", "2");
    assert_int_equal(sv_registry_state(instance->version), SV_VERSION_READY);
    assert_int_equal(instance->task, SV_TASK_IMAGE_CLASSIFICATION);
    assert_int_equal(instance->image.labels.len, 10);
    assert_true(instance->load_ns > 0);
    assert_null(strstr(instance->reasons, "warning"));
    assert_int_equal(sv_registry_state(sv_registry_find_version(model, SV_STR("1"))),
                     SV_VERSION_ABSENT);
    model_lab_close(&lab);
}

static void test_labels_come_from(void **state)
{
    (void)state;
    sv_str sets[] = {SV_STR_INIT("digits.postprocess.labels=nowhere.txt")};
    sv_strs list = {.items = sets, .len = 1};
    sv_error error = {0};
    char ten[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
    sv_registry_config flag = {.labels_file = folder_write("ten.txt", ten)}, set = {.sets = &list};
    assert_int_equal(model_lab_open(&lab, DIGITS, &flag), SV_OK);
    const sv_instance *instance = model_lab_load(&lab, "digits", "1");
    assert_true(sv_str_eq(instance->image.labels.items[9], SV_STR("j")));
    model_lab_close(&lab);
    assert_int_equal(model_lab_open(&lab, DIGITS, &set), SV_OK);
    sv_model *model = sv_registry_find(lab.registry, SV_STR(""));
    sv_model_version *version = sv_registry_find_version(model, SV_STR("1"));
    assert_int_not_equal(load(version, &error), SV_OK);
    assert_int_equal(sv_registry_state(version), SV_VERSION_FAILED);
    assert_true(version->reason[0]);
    assert_null(version->current);
    model_lab_close(&lab);
}

/* A file that is no model fails, stays failed, and can be tried again. */
static void test_a_version_that_cannot_be_loaded(void **state)
{
    (void)state;
    folder_write("m/1/model.onnx", "not a model");
    folder_write("m/2/model.gguf", "no engine for this yet");
    assert_int_equal(model_lab_open(&lab, folder_path("m"), NULL), SV_OK);
    sv_model *model = sv_registry_find(lab.registry, SV_STR("m"));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < model->n_versions; i++) {
            sv_error error = {0};
            assert_int_not_equal(load(model->versions[i], &error), SV_OK);
            assert_int_equal(sv_registry_state(model->versions[i]), SV_VERSION_FAILED);
            assert_string_equal(model->versions[i]->reason, error.message);
        }
    }
    model_lab_close(&lab);
}

static bool make_registry(void *arg)
{
    sv_registry_config *config = arg;
    sv_registry *registry = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    sv_status status = sv_registry_new(config, &problems, &registry);
    sv_buf_deinit(&problems);
    sv_registry_free(registry);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    sv_str sets[] = {SV_STR_INIT("digits.postprocess.top_k=3")};
    sv_strs list = {.items = sets, .len = 1};
    assert_int_equal(model_lab_open(&lab, DIGITS, NULL), SV_OK);
    sv_registry_config config = {
        .repository = &lab.repository, .sets = &list, .engines = lab.engines, .n_scratches = 2};
    assert_true(failing_malloc_try_each(make_registry, &config) >= 8);
    model_lab_close(&lab);
}

static bool load_digits(void *arg)
{
    sv_error error = {0};
    sv_model *model = arg;
    sv_model_version *version = sv_registry_find_version(model, SV_STR("1"));
    return load(version, &error) == SV_OK;
}

static void test_loading_survives_every_failure(void **state)
{
    (void)state;
    assert_int_equal(model_lab_open(&lab, DIGITS, NULL), SV_OK);
    (void)model_lab_load(&lab, "digits", "2");
    sv_model *model = sv_registry_find(lab.registry, SV_STR("digits"));
    assert_true(failing_malloc_try_each(load_digits, model) >= 2);
    model_lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_default_version, clear),
        cmocka_unit_test_teardown(test_default_model, clear),
        cmocka_unit_test_teardown(test_wrong_configurations, clear),
        cmocka_unit_test(test_no_models_at_all),
        cmocka_unit_test_teardown(test_digits, clear),
        cmocka_unit_test_teardown(test_labels_come_from, clear),
        cmocka_unit_test_teardown(test_a_version_that_cannot_be_loaded, clear),
        cmocka_unit_test_teardown(test_every_allocation_may_fail, clear),
        cmocka_unit_test_teardown(test_loading_survives_every_failure, clear),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
