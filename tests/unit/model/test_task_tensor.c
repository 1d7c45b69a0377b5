/* Named tensors through a model of two inputs: what is refused and how it is said, which outputs
 * come, and how long they live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/task_tensor.h"

/* An engine of this file: "a" FP32 [-1,2] and "b" INT64 [2] in; "sum" FP32 [-1,2] and "map" out. */
static sv_tensor_spec inputs[] = {
    {.name = {"a", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}, .type_text = "tensor(float)"},
    {.name = {"b", 1}, .dtype = SV_DTYPE_INT64, .shape = {1, {2}}, .type_text = "tensor(int64)"}};
static sv_tensor_spec outputs[] = {
    {.name = {"sum", 3}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}},
    {.name = {"map", 3}, .type_text = "sequence", .is_any_shape = true}};
static float values[4];
static sv_tensor result_tensor;
static int n_out; /* results that were not given back */

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    ret_loaded->info = (sv_engine_info){
        .inputs = inputs, .n_inputs = 2, .outputs = outputs, .n_outputs = 2, .memory_bytes = 1};
    return SV_OK;
}

static void unload(void *model)
{
    (void)model;
}

static void release(void *owner)
{
    (void)owner;
    n_out--;
}

static sv_status run(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    (void)model, (void)error;
    const sv_tensor *a = job->inputs[0], *b = job->inputs[1];
    const int64_t *add = b->data;
    size_t n = a->size_bytes / sizeof(float);
    for (size_t i = 0; i < n; i++)
        values[i] = ((const float *)a->data)[i] + (float)add[i % 2];
    result_tensor = *a;
    result_tensor.name = outputs[0].name;
    result_tensor.data = values;
    *result = (sv_engine_result){&result_tensor, 1, values, release};
    n_out++;
    return SV_OK;
}

static const sv_engine engine = {
    .name = "test", .title = "Test", .extension = ".t", .load = load, .unload = unload, .run = run};

static sv_engine_model *model;
static sv_arena *arena;

static int set_up(void **state)
{
    (void)state;
    sv_engine_opened opened = {&engine, NULL};
    sv_error error = {0};
    arena = sv_arena_new(0);
    return !arena || sv_engine_load(&opened, "m.t", NULL, &error, &model);
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    sv_engine_unload(model);
    return n_out != 0;
}

static const float four[] = {1, 2, 3, 4};
static const int64_t two[] = {10, 20};
#define A                                                                                          \
    {.name = {"a", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {2, 2}}, .data = four, .size_bytes = 16}
#define B                                                                                          \
    {.name = {"b", 1}, .dtype = SV_DTYPE_INT64, .shape = {1, {2}}, .data = two, .size_bytes = 16}

static void test_a_run(void **state)
{
    (void)state;
    const sv_tensor in[] = {B, A};
    const sv_str wanted[] = {SV_STR("sum")};
    sv_timeline timeline = {0};
    sv_tensor_request request = {.inputs = in,
                                 .n_inputs = 2,
                                 .outputs = wanted,
                                 .n_outputs = 1,
                                 .arena = arena,
                                 .timeline = &timeline};
    sv_error error = {0};
    sv_tensors out;
    assert_int_equal(sv_task_tensor_run(model, &request, &error, &out), SV_OK);
    assert_int_equal(out.len, 1);
    assert_true(sv_str_eq(out.items[0].name, SV_STR("sum")));
    static const float expected[] = {11, 22, 13, 24};
    assert_memory_equal(out.items[0].data, expected, sizeof expected);
    assert_true(timeline.stage_ns[SV_STAGE_INFER] > 0);
    assert_int_equal(n_out, 1); /* until the arena goes */
    sv_arena_reset(arena);
    assert_int_equal(n_out, 0);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const sv_str sum = {"sum", 3}, nothing = {"x", 1}, map = {"map", 3};
    static const struct {
        sv_tensor in[3];
        size_t n;
        sv_str outputs[2];
        size_t n_outputs; /* 0: all */
        sv_status status;
        const char *says;
    } cases[] = {
        {{A, B}, 2, {sum}, 1, SV_OK, ""},
        {{A},
         1,
         {sum},
         1,
         SV_INVALID,
         "missing input 'b'; the model has 'a' FP32 [-1,2], 'b' INT64 [2]"},
        {{{.dtype = SV_DTYPE_NONE}}, 0, {sum}, 1, SV_INVALID, "missing input 'a'"},
        {{A, B, A}, 3, {sum}, 1, SV_INVALID, "more than one input 'a'"},
        {{A, B, {.name = {"c", 1}}}, 3, {sum}, 1, SV_INVALID, "unknown input 'c'; the model has"},
        {{A,
          {.name = {"b", 1},
           .dtype = SV_DTYPE_INT32,
           .shape = {1, {2}},
           .data = two,
           .size_bytes = 8}},
         2,
         {sum},
         1,
         SV_INVALID,
         "input 'b' has datatype INT32, expected INT64"},
        {{{.name = {"a", 1},
           .dtype = SV_DTYPE_FP32,
           .shape = {1, {4}},
           .data = four,
           .size_bytes = 16},
          B},
         2,
         {sum},
         1,
         SV_INVALID,
         "input 'a' has shape [4], expected [-1,2]"},
        {{A, B},
         2,
         {nothing},
         1,
         SV_INVALID,
         "unknown output 'x'; the model has 'sum' FP32 [-1,2]"},
        {{A, B}, 2, {sum, sum}, 2, SV_INVALID, "more than one output 'sum'"},
        {{A, B}, 2, {map}, 1, SV_UNSUPPORTED, "output 'map' is a sequence, which cannot be sent"},
        {{A, B}, 2, {{0}}, 0, SV_UNSUPPORTED, "output 'map' is a sequence"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tensor_request request = {.inputs = cases[i].in,
                                     .n_inputs = cases[i].n,
                                     .outputs = cases[i].n_outputs ? cases[i].outputs : NULL,
                                     .n_outputs = cases[i].n_outputs,
                                     .arena = arena};
        sv_error error = {0};
        sv_tensors out;
        assert_int_equal(sv_task_tensor_check(sv_engine_model_info(model), &request, &error),
                         cases[i].status);
        assert_int_equal(sv_task_tensor_run(model, &request, &error, &out), cases[i].status);
        if (!strstr(error.message, cases[i].says))
            fail_msg("case %zu: %s", i, error.message);
        assert_true(!cases[i].status || error.kind == &sv_kind_invalid_input);
    }
}

static void test_cancelled(void **state)
{
    (void)state;
    const sv_tensor in[] = {A, B};
    const sv_str wanted[] = {SV_STR("sum")};
    sv_cancel *cancel = sv_cancel_new();
    sv_tensor_request request = {.inputs = in,
                                 .n_inputs = 2,
                                 .outputs = wanted,
                                 .n_outputs = 1,
                                 .arena = arena,
                                 .cancel = cancel};
    sv_error error = {0};
    sv_tensors out;
    sv_cancel_fire(cancel, SV_CANCEL_DEADLINE);
    assert_int_equal(sv_task_tensor_run(model, &request, &error, &out), SV_CANCELLED);
    sv_cancel_unref(cancel);
}

static void test_whose_fault_it_is(void **state)
{
    (void)state;
    static const struct {
        sv_status status, becomes;
    } cases[] = {{SV_OK, SV_OK},
                 {SV_INVALID, SV_FAILED},
                 {SV_UNSUPPORTED, SV_FAILED},
                 {SV_CANCELLED, SV_CANCELLED},
                 {SV_NO_MEMORY, SV_NO_MEMORY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error = {.kind = &sv_kind_invalid_input};
        assert_int_equal(sv_task_tensor_own_up(cases[i].status, &error), cases[i].becomes);
        if (cases[i].becomes == SV_FAILED)
            assert_ptr_equal(error.kind, &sv_kind_inference_failed);
    }
}

static void test_finding_an_input(void **state)
{
    (void)state;
    const sv_tensor_spec *spec = NULL;
    sv_error error = {0};
    const sv_engine_info *info = sv_engine_model_info(model);
    assert_int_equal(sv_task_tensor_find_input(info, SV_STR("b"), &error, &spec), SV_OK);
    assert_ptr_equal(spec, &inputs[1]);
    assert_int_equal(sv_task_tensor_find_input(info, SV_STR("B"), &error, &spec), SV_INVALID);
    assert_non_null(strstr(error.message, "unknown input 'B'; the model has 'a' FP32 [-1,2]"));
}

/* However many there are, the message ends in time. */
static void test_a_long_list(void **state)
{
    (void)state;
    sv_tensor_spec many[60];
    for (size_t i = 0; i < 60; i++)
        many[i] = inputs[0];
    sv_engine_info info = {.inputs = many, .n_inputs = 60};
    const sv_tensor_spec *spec = NULL;
    sv_error error = {0};
    assert_int_equal(sv_task_tensor_find_input(&info, SV_STR("x"), &error, &spec), SV_INVALID);
    assert_string_equal(error.message + strlen(error.message) - 5, ", ...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whose_fault_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_finding_an_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
