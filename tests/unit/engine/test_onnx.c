/* What ONNX Runtime is asked and how its answers are read: descriptions, every datatype, texts,
 * failures. What every engine must do is in tests/contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/onnx.h"
#include "engine_lab.h"
#include "failing_malloc.h"

static sv_engine_host *host;

static int open_host(void **state)
{
    (void)state;
    host = engine_lab_open(&sv_onnx_engine);
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    sv_engine_host_free(host);
    host = NULL;
    return 0;
}

static void assert_str(sv_str got, const char *expected)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.ptr, expected, got.len);
}

static void test_a_model_is_described(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "add.onnx");
    const sv_engine_info *info = sv_engine_model_info(model);
    assert_int_equal(info->n_inputs, 2);
    assert_int_equal(info->n_outputs, 2);
    assert_str(info->inputs[1].name, "b");
    assert_str(info->outputs[1].name, "difference");
    assert_int_equal(info->inputs[0].dtype, SV_DTYPE_FP32);
    assert_int_equal(info->inputs[0].shape.rank, 2);
    assert_int_equal(info->inputs[0].shape.dims[0], -1);
    assert_int_equal(info->inputs[0].shape.dims[1], 3);
    assert_false(info->inputs[0].is_any_shape);
    assert_str(info->inputs[0].axes[0], "batch");
    assert_str(info->inputs[0].axes[1], "");
    assert_true(info->memory_bytes > 0);
    assert_int_equal(info->n_metadata, 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_author = sv_str_eq(info->metadata[i].key, SV_STR("author"));
        assert_str(info->metadata[i].key, is_author ? "author" : "empty");
        assert_str(info->metadata[i].value, is_author ? "the tests" : "");
    }
    sv_engine_unload(model);
}

static void test_what_cannot_be_carried_is_described(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "sequence.onnx");
    const sv_engine_info *info = sv_engine_model_info(model);
    assert_int_equal(info->outputs[0].dtype, SV_DTYPE_NONE);
    assert_string_equal(info->outputs[0].type_text, "sequence");
    assert_int_equal(info->n_metadata, 0);
    sv_engine_unload(model);
    model = engine_lab_load(host, "deep.onnx");
    float value = 1;
    sv_engine_result result;
    sv_tensor input = engine_lab_floats("x", SV_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), &value);
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_UNSUPPORTED);
    sv_engine_unload(model);
}

static void test_a_scalar(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "scalar.onnx");
    assert_true(sv_engine_model_info(model)->inputs[0].is_any_shape);
    float value = 2.5f;
    sv_engine_result result;
    sv_tensor input = engine_lab_floats("x", (sv_shape){0}, &value);
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    assert_int_equal(result.outputs[0].shape.rank, 0);
    assert_int_equal(result.outputs[0].size_bytes, sizeof(float));
    assert_true(*(const float *)result.outputs[0].data == -2.5f);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

/* A result may be read when what was sent is gone. */
static void test_an_input_that_is_an_output(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "handed_on.onnx");
    float x[] = {1, 2};
    sv_engine_result result;
    sv_tensor input = engine_lab_floats("x", SV_SHAPE(2), x);
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    x[1] = 9;
    assert_true(((const float *)result.outputs[0].data)[1] == 2);
    assert_true(((const float *)result.outputs[1].data)[1] == -2);
    sv_engine_result_deinit(&result);
    input = engine_lab_floats("x", SV_SHAPE(0), NULL);
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    assert_int_equal(result.outputs[0].size_bytes, 0);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_weights_beside_the_file(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "outside.onnx");
    const float x[] = {1, 2, 3};
    sv_engine_result result;
    sv_tensor input = engine_lab_floats("x", SV_SHAPE(1, 3), x);
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    assert_true(((const float *)result.outputs[0].data)[2] == 303);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

/* Three elements of any type; BOOL may only be 0 or 1. */
static const unsigned char element_bytes[3 * sizeof(sv_str)] = {
    1, 0, 1, 0xff, 0x7f, 3, 0x80, 0, 0xff, 0xff, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const sv_str texts[3] = {SV_STR_INIT(""), SV_STR_INIT("a\0b"),
                                SV_STR_INIT("gr\xc3\xbc\xc3\x9f")};

static size_t fill_inputs(const sv_engine_info *info, sv_tensor *inputs, int64_t n)
{
    for (size_t i = 0; i < info->n_inputs; i++) {
        sv_dtype dtype = info->inputs[i].dtype;
        const void *data = dtype == SV_DTYPE_BYTES ? (const void *)texts : element_bytes;
        inputs[i] = (sv_tensor){info->inputs[i].name,
                                dtype,
                                {1, {n}},
                                n ? data : NULL,
                                (size_t)n * sv_tensor_dtype_size(dtype)};
    }
    return info->n_inputs;
}

static void assert_same(const sv_tensor *out, const sv_tensor *in)
{
    assert_int_equal(out->dtype, in->dtype);
    assert_int_equal(out->shape.rank, 1);
    assert_int_equal(out->shape.dims[0], in->shape.dims[0]);
    assert_int_equal(out->size_bytes, in->size_bytes);
    if (in->dtype != SV_DTYPE_BYTES) {
        if (in->size_bytes)
            assert_memory_equal(out->data, in->data, in->size_bytes);
        return;
    }
    for (int64_t i = 0; i < in->shape.dims[0]; i++)
        assert_true(sv_str_eq(((const sv_str *)out->data)[i], texts[i]));
}

static void test_every_datatype_goes_through(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "types.onnx");
    const sv_engine_info *info = sv_engine_model_info(model);
    sv_tensor inputs[SV_DTYPE_COUNT];
    assert_int_equal(info->n_inputs, SV_DTYPE_COUNT - 1);
    for (int64_t n = 0; n <= 3; n++) {
        sv_engine_result result;
        size_t n_inputs = fill_inputs(info, inputs, n);
        assert_int_equal(engine_lab_run(model, inputs, n_inputs, NULL, &result), SV_OK);
        assert_int_equal(result.n_outputs, n_inputs);
        for (size_t i = 0; i < n_inputs; i++)
            assert_same(&result.outputs[i], &inputs[i]);
        sv_engine_result_deinit(&result);
    }
    sv_engine_unload(model);
}

static void test_a_value_that_a_kernel_refuses(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "pick.onnx");
    const int64_t bad[] = {0, 9}, good[] = {3, -1};
    sv_tensor input = engine_lab_int64s("index", SV_SHAPE(2), bad);
    sv_engine_result result;
    sv_error error = {0};
    assert_int_equal(engine_lab_run(model, &input, 1, &error, &result), SV_INVALID);
    assert_ptr_equal(error.kind, &sv_kind_invalid_input);
    assert_non_null(strstr(error.message, "idx=9"));
    input.data = good;
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_OK);
    assert_true(((const float *)result.outputs[0].data)[1] == 4);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_an_output_too_large_for_any_memory(void **state)
{
    (void)state;
    if (engine_lab_is_sanitized()) {
        print_message("sanitizers end the process at such an allocation\n");
        skip();
    }
    sv_engine_model *model = engine_lab_load(host, "grow.onnx");
    static const int64_t shapes[][2] = {{1 << 20, 10000000}, {INT64_MAX / 2, 7}};
    sv_engine_result result;
    for (size_t i = 0; i < 2; i++) {
        sv_error error = {0};
        sv_tensor input = engine_lab_int64s("shape", SV_SHAPE(2), shapes[i]);
        sv_status status = engine_lab_run(model, &input, 1, &error, &result);
        if (i == 0) {
            assert_int_equal(status, SV_NO_MEMORY);
            assert_ptr_equal(error.kind, &sv_kind_insufficient_memory);
        }
        assert_int_not_equal(status, SV_OK);
    }
    sv_engine_unload(model);
}

static void test_an_output_into_the_callers_memory(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "add.onnx");
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {10, 20, 30, 40, 50, 60};
    float sum[9] = {0};
    const sv_tensor inputs[] = {engine_lab_floats("a", SV_SHAPE(2, 3), a),
                                engine_lab_floats("b", SV_SHAPE(2, 3), b)};
    sv_engine_output output = {SV_STR("sum"), sum, 24, SV_SHAPE(2, 3)};
    sv_engine_request request = {inputs, 2, &output, 1, NULL};
    sv_engine_result result;
    assert_int_equal(sv_engine_run(model, &request, NULL, &result), SV_OK);
    assert_ptr_equal(result.outputs[0].data, sum);
    assert_true(sum[5] == 66 && sum[6] == 0);
    sv_engine_result_deinit(&result);
    output = (sv_engine_output){SV_STR("sum"), sum, 36, SV_SHAPE(3, 3)};
    sv_error error = {0};
    assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_INVALID);
    sv_engine_unload(model);
}

typedef struct lines {
    int n;
    char text[400];
} lines;

static void take_line(void *arg, sv_engine_severity severity, const char *engine, const char *text)
{
    lines *taken = arg;
    taken->n++;
    assert_string_equal(engine, "onnxruntime");
    assert_in_range(severity, SV_ENGINE_WARNING, SV_ENGINE_ERROR);
    strncpy(taken->text, text, sizeof taken->text - 1);
}

static bool open_logging(lines *taken, const sv_engine_config *config, sv_engine_host **ret_host)
{
    sv_engine_about about;
    *taken = (lines){0};
    assert_int_equal(sv_engine_host_new(config, ret_host), SV_OK);
    if (!sv_engine_host_describe(*ret_host, &sv_onnx_engine, NULL, &about))
        return true;
    sv_engine_host_free(*ret_host);
    return false;
}

static void make_it_complain(sv_engine_host *logging)
{
    sv_engine_model *model = engine_lab_load(logging, "pick.onnx");
    const int64_t bad[] = {9};
    sv_tensor input = engine_lab_int64s("index", SV_SHAPE(1), bad);
    sv_engine_result result;
    assert_int_equal(engine_lab_run(model, &input, 1, NULL, &result), SV_INVALID);
    sv_engine_unload(model);
}

/* A process has one environment, however many hosts it has: each gets the lines of its own models,
 * also when the host that came first is gone. */
static void test_the_engines_lines_go_to_the_sink(void **state)
{
    (void)state;
    lines first_lines, second_lines;
    sv_engine_config first_config = {.log = {take_line, &first_lines}};
    sv_engine_config second_config = {.log = {take_line, &second_lines}};
    sv_engine_host *first, *second;
    if (!open_logging(&first_lines, &first_config, &first))
        skip();
    assert_true(open_logging(&second_lines, &second_config, &second));
    make_it_complain(first);
    assert_true(first_lines.n >= 1 && second_lines.n == 0);
    assert_non_null(strstr(first_lines.text, "idx=9"));
    sv_engine_host_free(first);
    make_it_complain(second);
    assert_true(second_lines.n >= 1);
    assert_non_null(strstr(second_lines.text, "idx=9"));
    sv_engine_host_free(second);
}

static bool run_types(void *arg)
{
    sv_engine_model *model = arg;
    sv_tensor inputs[SV_DTYPE_COUNT];
    sv_engine_result result = {0};
    sv_error error = {0};
    size_t n_inputs = fill_inputs(sv_engine_model_info(model), inputs, 3);
    sv_status status = engine_lab_run(model, inputs, n_inputs, &error, &result);
    sv_engine_result_deinit(&result);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_every_allocation_of_a_run_may_fail(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(host, "types.onnx");
    assert_int_equal(failing_malloc_try_each(run_types, model), 2); /* the run, the texts */
    sv_engine_unload(model);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_engines_lines_go_to_the_sink),
        WITH_HOST(test_a_model_is_described),
        WITH_HOST(test_what_cannot_be_carried_is_described),
        WITH_HOST(test_a_scalar),
        WITH_HOST(test_an_input_that_is_an_output),
        WITH_HOST(test_weights_beside_the_file),
        WITH_HOST(test_every_datatype_goes_through),
        WITH_HOST(test_a_value_that_a_kernel_refuses),
        WITH_HOST(test_an_output_too_large_for_any_memory),
        WITH_HOST(test_an_output_into_the_callers_memory),
        WITH_HOST(test_every_allocation_of_a_run_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
