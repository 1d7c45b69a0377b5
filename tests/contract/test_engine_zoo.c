/* Models that lie beside the clone, in ../shared/models: files that are broken in other ways, runs
 * that fail, hours of work, memory without end. Skips when they are absent. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/onnx.h"
#include "engine_lab.h"

#define MODELS SV_SOURCE_DIR "/../shared/models/"

static sv_engine_host *host;

static int set_up(void **state)
{
    (void)state;
    host = engine_lab_open(&sv_onnx_engine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_engine_host_free(host);
    return 0;
}

static sv_status load(const char *name, sv_error *error, sv_engine_model **ret_model)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", MODELS, name);
    return sv_engine_host_load(host, path, NULL, error, ret_model);
}

static void need_models(void)
{
    if (access(MODELS "synthetic", R_OK) != 0) {
        print_message(MODELS "synthetic is absent\n");
        skip();
    }
    if (!host)
        skip();
}

static sv_engine_model *load_model(const char *name)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    need_models();
    if (load(name, &error, &model))
        fail_msg("%s: %s", name, error.message);
    return model;
}

static void test_broken_files(void **state)
{
    (void)state;
    static const char *const names[] = {"cycle", "empty",     "future_opset",
                                        "text",  "truncated", "unknown_op"};
    need_models();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[100];
        sv_engine_model *model = NULL;
        sv_error error = {0};
        snprintf(name, sizeof name, "synthetic/broken/%s.onnx", names[i]);
        if (load(name, &error, &model) != SV_INVALID || !error.message[0] || model)
            fail_msg("%s: '%s'", names[i], error.message);
    }
}

static void assert_fails(sv_engine_model *model, const sv_tensor *inputs, size_t n,
                         const char *said)
{
    sv_engine_result result = {0};
    sv_error error = {0};
    sv_status status = engine_lab_run(model, inputs, n, &error, &result);
    assert_true(status == SV_INVALID || status == SV_FAILED || status == SV_NO_MEMORY);
    assert_non_null(error.kind);
    if (!strstr(error.message, said))
        fail_msg("'%s' does not say '%s'", error.message, said);
}

static void test_runs_that_fail(void **state)
{
    (void)state;
    static const float x[6] = {0, 1, 2, 3, 4, 5};
    const int64_t index[] = {0, 5}, shape[] = {4, 2};
    sv_engine_model *model = load_model("synthetic/fail_gather/1/model.onnx");
    sv_tensor indices = engine_lab_int64s("INDEX", SV_SHAPE(2), index);
    assert_fails(model, &indices, 1, "idx=5");
    sv_engine_unload(model);
    model = load_model("synthetic/fail_reshape/1/model.onnx");
    const sv_tensor pair[] = {engine_lab_floats("X", SV_SHAPE(6), x),
                              engine_lab_int64s("SHAPE", SV_SHAPE(2), shape)};
    assert_fails(model, pair, 2, "Reshape");
    sv_engine_unload(model);
}

static void test_an_output_of_any_size(void **state)
{
    (void)state;
    const float value = 0.5f;
    int64_t size = 4;
    sv_engine_result result;
    sv_engine_model *model = load_model("synthetic/huge_output/1/model.onnx");
    const sv_tensor pair[] = {engine_lab_floats("VALUE", SV_SHAPE(1), &value),
                              engine_lab_int64s("SIZE", SV_SHAPE(1), &size)};
    assert_int_equal(engine_lab_run(model, pair, 2, NULL, &result), SV_OK);
    assert_int_equal(result.outputs[0].size_bytes, 16);
    sv_engine_result_deinit(&result);
    size = -1;
    assert_fails(model, pair, 2, "");
    size = INT64_C(10000000000000);
    if (!engine_lab_is_sanitized()) /* they end the process at such an allocation */
        assert_fails(model, pair, 2, "memory");
    sv_engine_unload(model);
}

static void *fire(void *arg)
{
    sv_cancel_fire(arg, SV_CANCEL_DEADLINE);
    return NULL;
}

static void test_hours_of_work_end_when_nobody_waits(void **state)
{
    (void)state;
    const int64_t iterations[] = {1000000000, 1};
    pthread_t thread;
    sv_engine_result result;
    sv_engine_model *model = load_model("synthetic/burn_cpu/1/model.onnx");
    const sv_tensor input = engine_lab_int64s("ITERATIONS", SV_SHAPE(1, 1), iterations);
    const sv_tensor short_input = engine_lab_int64s("ITERATIONS", SV_SHAPE(1, 1), iterations + 1);
    sv_engine_request request = {.inputs = &input, .n_inputs = 1, .cancel = sv_cancel_new()};
    assert_int_equal(pthread_create(&thread, NULL, fire, request.cancel), 0);
    assert_int_equal(sv_engine_run(model, &request, NULL, &result), SV_CANCELLED);
    pthread_join(thread, NULL);
    sv_cancel_unref(request.cancel);
    assert_int_equal(engine_lab_run(model, &short_input, 1, NULL, &result), SV_OK);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_texts(void **state)
{
    (void)state;
    static const sv_str texts[] = {SV_STR_INIT(""), SV_STR_INIT("\xff\x00\xfe"), SV_STR_INIT("x")};
    sv_engine_result result;
    sv_engine_model *model = load_model("synthetic/identity_bytes/1/model.onnx");
    const sv_engine_info *info = sv_engine_model_info(model);
    const sv_tensor input = {info->inputs[0].name, SV_DTYPE_BYTES, SV_SHAPE(3, 1), texts,
                             sizeof texts};
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    for (size_t i = 0; i < 3; i++)
        assert_true(sv_str_eq(((const sv_str *)result.outputs[0].data)[i], texts[i]));
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_an_output_that_is_a_sequence(void **state)
{
    (void)state;
    const float x[] = {1, 2};
    sv_engine_result result;
    sv_error error = {0};
    sv_engine_model *model = load_model("synthetic/sequence_output/1/model.onnx");
    const sv_tensor input = engine_lab_floats("X", SV_SHAPE(1, 2), x);
    assert_int_equal(engine_lab_run(model, &input, 1, &error, &result), SV_UNSUPPORTED);
    assert_non_null(strstr(error.message, "'PARTS' is a sequence"));
    sv_engine_unload(model);
}

static void test_a_picture_model(void **state)
{
    (void)state;
    sv_engine_result result;
    sv_engine_model *model = load_model("imagenet/mobilenet_v2/1/model.onnx");
    const sv_engine_info *info = sv_engine_model_info(model);
    sv_tensor input = {info->inputs[0].name, info->inputs[0].dtype, info->inputs[0].shape, NULL, 0};
    if (input.shape.dims[0] < 0)
        input.shape.dims[0] = 1;
    assert_int_equal(sv_tensor_shape_bytes(&input.shape, input.dtype, &input.size_bytes), SV_OK);
    void *zeros = calloc(1, input.size_bytes);
    input.data = zeros;
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    assert_true(result.outputs[0].size_bytes >= 1000 * sizeof(float));
    sv_engine_result_deinit(&result);
    free(zeros);
    sv_engine_unload(model);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(test_broken_files),
        WITH_HOST(test_runs_that_fail),
        WITH_HOST(test_an_output_of_any_size),
        WITH_HOST(test_hours_of_work_end_when_nobody_waits),
        WITH_HOST(test_texts),
        WITH_HOST(test_an_output_that_is_a_sequence),
        WITH_HOST(test_a_picture_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
