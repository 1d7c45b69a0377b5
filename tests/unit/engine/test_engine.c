/* What holds for every engine, seen with a made-up one: arguments, defaults of slots, kinds of
 * errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "failing_malloc.h"

/* An engine that does what it is told and remembers what it was given. */
typedef struct puppet {
    sv_status load_status, run_status;
    sv_cancel *fire; /* fired in the middle of a run */
    sv_engine_info info;
    int n_loaded, n_runs, n_out;
    const sv_tensor *inputs[2];
    size_t outputs[2], n_outputs;
    bool has_buffer[2];
} puppet;

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    puppet *it = state;
    assert_string_equal(path, "/models/x.puppet");
    assert_non_null(options);
    if (it->load_status)
        return sv_error_set(error, it->load_status, NULL, "strings are torn");
    it->n_loaded++;
    *ret_loaded = (sv_engine_loaded){it, it->info};
    return SV_OK;
}

static void unload(void *model)
{
    ((puppet *)model)->n_loaded--;
}

static void release(void *owner)
{
    ((puppet *)owner)->n_out--;
}

static sv_status run(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    puppet *it = model;
    static const sv_tensor tensor;
    it->n_runs++;
    for (size_t i = 0; i < it->info.n_inputs; i++)
        it->inputs[i] = job->inputs[i];
    it->n_outputs = job->n_outputs;
    for (size_t i = 0; i < job->n_outputs; i++) {
        it->outputs[i] = job->outputs[i];
        it->has_buffer[i] = job->buffers[i] != NULL;
    }
    if (it->fire)
        sv_cancel_fire(it->fire, SV_CANCEL_REQUEST);
    if (it->run_status)
        return sv_error_set(error, it->run_status, NULL, "it fell");
    it->n_out++;
    *result = (sv_engine_result){&tensor, 1, it, release};
    return SV_OK;
}

static const sv_engine engine = {.name = "puppet",
                                 .title = "Puppet",
                                 .extension = ".puppet",
                                 .load = load,
                                 .unload = unload,
                                 .run = run};
static const sv_engine mute = {
    .name = "mute", .title = "Mute", .extension = ".mute", .load = load, .unload = unload};

static const sv_tensor_spec inputs[] = {
    {.name = SV_STR_INIT("a"), .dtype = SV_DTYPE_FP32, .shape = {1, {-1}}},
    {.name = SV_STR_INIT("b"), .dtype = SV_DTYPE_UINT8, .shape = {1, {2}}},
};
static const sv_tensor_spec outputs[] = {
    {.name = SV_STR_INIT("y"), .dtype = SV_DTYPE_FP32, .shape = {1, {-1}}},
    {.name = SV_STR_INIT("z"), .dtype = SV_DTYPE_BYTES, .shape = {1, {-1}}},
};
static const sv_tensor_spec strange_outputs[] = {
    {.name = SV_STR_INIT("y"), .dtype = SV_DTYPE_FP32, .shape = {1, {-1}}},
    {.name = SV_STR_INIT("list"), .type_text = "sequence"},
};
static const puppet good = {.info = {inputs, outputs, 2, 2, NULL, 0, 0}};

static const float numbers[] = {1, 2, 3};
#define A {SV_STR_INIT("a"), SV_DTYPE_FP32, {1, {3}}, numbers, 12}
#define B {SV_STR_INIT("b"), SV_DTYPE_UINT8, {1, {2}}, numbers, 2}

static sv_engine_model *load_puppet(const sv_engine *from, puppet *it)
{
    sv_engine_model *model = NULL;
    sv_engine_opened opened = {from, it};
    assert_int_equal(sv_engine_load(&opened, "/models/x.puppet", NULL, NULL, &model), SV_OK);
    return model;
}

static void test_inputs_come_in_the_models_order(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_model *model = load_puppet(&engine, &it);
    const sv_tensor reversed[] = {B, A};
    sv_engine_request request = {.inputs = reversed, .n_inputs = 2};
    sv_engine_result result;
    assert_int_equal(sv_engine_run(model, &request, NULL, &result), SV_OK);
    assert_ptr_equal(it.inputs[0], &reversed[1]);
    assert_ptr_equal(it.inputs[1], &reversed[0]);
    assert_int_equal(it.n_outputs, 2); /* all, in order */
    assert_int_equal(it.outputs[1], 1);
    assert_int_equal(it.n_out, 1);
    sv_engine_result_deinit(&result);
    sv_engine_result_deinit(&result);
    assert_int_equal(it.n_out, 0);
    assert_string_equal(sv_engine_model_engine(model), "puppet");
    assert_ptr_equal(sv_engine_model_info(model)->inputs, inputs);
    sv_engine_unload(model);
    sv_engine_unload(NULL);
    assert_int_equal(it.n_loaded, 0);
}

static const struct {
    sv_tensor inputs[3];
    size_t n_inputs;
    const char *message;
} refused_inputs[] = {
    {{A}, 1, "there is no input 'b'"},
    {{A}, 0, "there is no input 'a'"},
    {{A, B, A}, 3, "there is more than one input 'a'"},
    {{A, B, {SV_STR_INIT("c")}}, 3, "the model has no input 'c'"},
    {{A, {SV_STR_INIT("b"), SV_DTYPE_UINT8, {1, {3}}, numbers, 3}},
     2,
     "input 'b' has shape [3], expected [2]"},
};

static void test_inputs_that_are_refused(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_model *model = load_puppet(&engine, &it);
    for (size_t i = 0; i < sizeof refused_inputs / sizeof *refused_inputs; i++) {
        sv_error error = {0};
        sv_engine_result result = {0};
        sv_engine_request request = {refused_inputs[i].inputs, refused_inputs[i].n_inputs};
        assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_INVALID);
        assert_string_equal(error.message, refused_inputs[i].message);
        assert_ptr_equal(error.kind, &sv_kind_invalid_input);
        assert_null(result.owner);
    }
    assert_int_equal(it.n_runs, 0);
    sv_engine_unload(model);
}

static float buffer[8];
static const struct {
    sv_engine_output outputs[2];
    size_t n_outputs;
    sv_status status;
    const char *message;
} asked_outputs[] = {
    {{{.name = SV_STR_INIT("z")}}, 1, SV_OK, ""},
    {{{.name = SV_STR_INIT("z")}, {SV_STR_INIT("y"), buffer, 12, {1, {3}}}}, 2, SV_OK, ""},
    {{{.name = SV_STR_INIT("q")}}, 1, SV_INVALID, "the model has no output 'q'"},
    {{{.name = SV_STR_INIT("y")}, {.name = SV_STR_INIT("y")}},
     2,
     SV_INVALID,
     "asked for more than once: output 'y'"},
    {{{SV_STR_INIT("y"), buffer, 11, {1, {3}}}},
     1,
     SV_INVALID,
     "the buffer does not fit output 'y'"},
    {{{SV_STR_INIT("y"), buffer, 12, {1, {-1}}}},
     1,
     SV_INVALID,
     "the buffer does not fit output 'y'"},
    {{{SV_STR_INIT("z"), buffer, 16, {1, {1}}}},
     1,
     SV_INVALID,
     "the buffer does not fit output 'z'"},
};

static void test_outputs_asked_for(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_model *model = load_puppet(&engine, &it);
    const sv_tensor tensors[] = {A, B};
    for (size_t i = 0; i < sizeof asked_outputs / sizeof *asked_outputs; i++) {
        sv_error error = {0};
        sv_engine_result result = {0};
        sv_engine_request request = {tensors, 2, asked_outputs[i].outputs,
                                     asked_outputs[i].n_outputs, NULL};
        assert_int_equal(sv_engine_run(model, &request, &error, &result), asked_outputs[i].status);
        assert_string_equal(error.message, asked_outputs[i].message);
        sv_engine_result_deinit(&result);
    }
    assert_int_equal(it.n_outputs, 2);
    assert_int_equal(it.outputs[0], 1);
    assert_int_equal(it.outputs[1], 0);
    assert_false(it.has_buffer[0]);
    assert_true(it.has_buffer[1]);
    sv_engine_unload(model);
}

static void test_outputs_that_are_no_tensors(void **state)
{
    (void)state;
    puppet it = {.info = {inputs, strange_outputs, 2, 2, NULL, 0, 0}};
    sv_engine_model *model = load_puppet(&engine, &it);
    const sv_tensor tensors[] = {A, B};
    const sv_engine_output only = {.name = SV_STR_INIT("y")};
    sv_engine_request all = {.inputs = tensors, .n_inputs = 2};
    sv_engine_request one = {tensors, 2, &only, 1, NULL};
    sv_engine_result result = {0};
    sv_error error = {0};
    assert_int_equal(sv_engine_run(model, &all, &error, &result), SV_UNSUPPORTED);
    assert_string_equal(
        error.message, "output 'list' is a sequence, which cannot be sent; ask for others by name");
    assert_int_equal(sv_engine_run(model, &one, NULL, &result), SV_OK);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_an_engine_without_run(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_model *model = load_puppet(&mute, &it);
    sv_engine_request request = {0};
    sv_engine_result result;
    sv_error error = {0};
    assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_UNSUPPORTED);
    assert_string_equal(error.message, "Mute models do not take tensors");
    sv_engine_unload(model);
}

static void test_kinds_of_failures(void **state)
{
    (void)state;
    static const struct {
        sv_status status;
        const sv_error_kind *kind;
    } cases[] = {
        {SV_INVALID, &sv_kind_invalid_input},
        {SV_NO_MEMORY, &sv_kind_insufficient_memory},
        {SV_FAILED, &sv_kind_inference_failed},
        {SV_UNSUPPORTED, &sv_kind_inference_failed},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        puppet it = good;
        sv_engine_model *model = load_puppet(&engine, &it);
        const sv_tensor tensors[] = {A, B};
        sv_engine_request request = {.inputs = tensors, .n_inputs = 2};
        sv_engine_result result;
        sv_error error = {0};
        it.run_status = cases[i].status;
        assert_int_equal(sv_engine_run(model, &request, &error, &result), cases[i].status);
        assert_ptr_equal(error.kind, cases[i].kind);
        assert_string_equal(error.message, "it fell");
        sv_engine_unload(model);
    }
}

static void test_cancelled(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_model *model = load_puppet(&engine, &it);
    const sv_tensor tensors[] = {A, B};
    sv_engine_request request = {.inputs = tensors, .n_inputs = 2, .cancel = sv_cancel_new()};
    sv_engine_result result = {0};
    sv_error error = {0};
    it.fire = request.cancel;
    assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_OK); /* it was done */
    sv_engine_result_deinit(&result);
    assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_CANCELLED);
    assert_int_equal(it.n_runs, 1); /* cancelled before: not even begun */
    sv_cancel_unref(request.cancel);
    request.cancel = it.fire = sv_cancel_new();
    it.run_status = SV_FAILED;
    assert_int_equal(sv_engine_run(model, &request, &error, &result), SV_CANCELLED);
    assert_null(error.kind);
    sv_cancel_unref(request.cancel);
    sv_engine_unload(model);
}

static void test_models_that_are_not_loaded(void **state)
{
    (void)state;
    puppet it = good;
    sv_engine_opened opened = {&engine, &it};
    sv_engine_model *model = NULL;
    sv_error error = {0};
    it.load_status = SV_INVALID;
    assert_int_equal(sv_engine_load(&opened, "/models/x.puppet", NULL, &error, &model), SV_INVALID);
    assert_string_equal(error.message, "strings are torn");
    assert_string_equal(error.path, "/models/x.puppet");
    it.load_status = SV_OK;
    it.info.n_outputs = SV_ENGINE_MAX_TENSORS + 1;
    assert_int_equal(sv_engine_load(&opened, "/models/x.puppet", NULL, &error, &model),
                     SV_UNSUPPORTED);
    assert_int_equal(it.n_loaded, 0);
    assert_null(model);
}

static bool load_and_unload(void *arg)
{
    sv_engine_opened opened = {&engine, arg};
    sv_engine_model *model = NULL;
    sv_status status = sv_engine_load(&opened, "/models/x.puppet", NULL, NULL, &model);
    sv_engine_unload(model);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    puppet it = good;
    assert_int_equal(failing_malloc_try_each(load_and_unload, &it), 1);
    assert_int_equal(it.n_loaded, 0);
}

static void test_the_environment(void **state)
{
    (void)state;
    setenv("ORT_DISABLE_TELEMETRY", "0", 1);
    setenv("GGML_BACKEND_PATH", "/somewhere/else.so", 1);
    unsetenv("GGML_NO_BACKTRACE");
    sv_engine_prepare_environment();
    sv_engine_prepare_environment();
    assert_string_equal(getenv("ORT_DISABLE_TELEMETRY"), "1");
    assert_string_equal(getenv("GGML_NO_BACKTRACE"), "1");
    assert_null(getenv("GGML_BACKEND_PATH"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs_come_in_the_models_order),
        cmocka_unit_test(test_inputs_that_are_refused),
        cmocka_unit_test(test_outputs_asked_for),
        cmocka_unit_test(test_outputs_that_are_no_tensors),
        cmocka_unit_test(test_an_engine_without_run),
        cmocka_unit_test(test_kinds_of_failures),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_models_that_are_not_loaded),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
