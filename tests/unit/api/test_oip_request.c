/* test_oip_request.c: what a request says, what is wrong with it, and its tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/oip_request.h"
#include "failing_malloc.h"

#define X "\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"FP32\""
#define INPUT(members) "{\"inputs\":[{" members "}]}"
#define DATA "\"data\":[1,2]"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *json, *error;
    } rows[] = {
        {"", "failed to parse the request JSON buffer"},
        {"[]", "failed to parse the request JSON buffer"},
        {"5", "failed to parse the request JSON buffer"},
        {"{\"inputs\":[}", "failed to parse the request JSON buffer"},
        {"{}", "Unable to parse 'inputs'"},
        {"{\"inputs\":{}}", "Unable to parse 'inputs'"},
        {"{\"inputs\":[5]}", "Unable to parse 'inputs'"},
        {"{\"id\":5,\"inputs\":[]}", "Unable to parse 'id'"},
        {"{\"inputs\":[],\"outputs\":{}}", "Unable to parse 'outputs'"},
        {"{\"inputs\":[],\"outputs\":[{}]}", "Unable to parse 'name'"},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"y\"},{\"name\":\"y\"}]}", "output 'y' already"},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"classification\":-1}}]}",
         "Unable to parse 'classification'"},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"shared_memory_region\":"
         "\"r\"}}]}",
         "'y' asks for shared memory"},
        {INPUT("\"shape\":[1]"), "Unable to parse 'name'"},
        {INPUT("\"name\":5"), "Unable to parse 'name'"},
        {INPUT("\"name\":\"x\""), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":5"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[-1]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[1.5]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[true]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[16,1152921504606846978]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[1,18446744073709551616]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[1,1,1,1,1,1,1,1,1]"), "Unable to parse 'shape'"},
        {INPUT("\"name\":\"x\",\"shape\":[1]"), "Unable to parse 'datatype'"},
        {INPUT("\"name\":\"x\",\"shape\":[1],\"datatype\":\"float32\""),
         "invalid datatype for input x"},
        {INPUT(X), "Input must set only one of the following fields"},
        {INPUT(X "," DATA ",\"parameters\":{\"binary_data_size\":8}"),
         "Input must set only one of the following fields"},
        {INPUT(X ",\"parameters\":{\"shared_memory_region\":\"r\"}"), "'x' asks for shared memory"},
        {INPUT(X ",\"parameters\":{\"binary_data_size\":-8}"),
         "Unable to parse 'binary_data_size'"},
        {INPUT(X ",\"parameters\":{\"binary_data_size\":\"8\"}"),
         "Unable to parse 'binary_data_size'"},
        {INPUT(X ",\"parameters\":[]"), "Unable to parse 'parameters'"},
        {INPUT(X ",\"data\":5"), "Unable to parse 'data'"},
        {INPUT(X ",\"data\":null"), "Unable to parse 'data'"},
        {"{\"inputs\":[{" X "," DATA "},{" X "," DATA "}]}", "input 'x' already exists in request"},
        {"{\"inputs\":[],\"parameters\":5}", "Unable to parse 'parameters'"},
        {"{\"inputs\":[],\"parameters\":{\"k\":{}}}",
         "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'."},
        {"{\"inputs\":[],\"parameters\":{\"k\":null}}", "parameter 'k' has invalid type"},
        {"{\"inputs\":[],\"parameters\":{\"timeout\":\"1\"}}", "Unable to parse 'timeout'"},
        {"{\"inputs\":[],\"parameters\":{\"priority\":-1}}", "Unable to parse 'priority'"},
        {"{\"inputs\":[],\"parameters\":{\"triton_x\":1}}",
         "parameter keys starting with 'triton_'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_oip_request request;
        sv_error error = {0};
        sv_status status = sv_oip_request_parse(arena, sv_str_from(rows[i].json), &error, &request);
        if (status != SV_INVALID || error.kind->status != 400 ||
            strncmp(error.message, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s: %d %s", rows[i].json, status, error.message);
        sv_arena_free(arena);
    }
}

static void test_everything(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_oip_request request;
    sv_str json = SV_STR(
        "{\"id\":\"\xc3\xa9\",\"model_name\":\"stray\",\"parameters\":{\"timeout\":5000,"
        "\"binary_data_output\":true,\"mine\":1.5,\"sequence_id\":\"s\",\"priority\":1},"
        "\"inputs\":[{" X ",\"data\":[[1],[2]],\"extra\":[]},{\"name\":\"s\",\"shape\":[],"
        "\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":13}}],"
        "\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":true,\"classification\":3}},"
        "{\"name\":\"z\"}]}");
    assert_int_equal(sv_oip_request_parse(arena, json, NULL, &request), SV_OK);
    assert_true(sv_str_eq(request.id, SV_STR("\xc3\xa9")));
    assert_true(request.all_binary && request.timeout_us == 5000);
    assert_int_equal(request.n_inputs, 2);
    assert_true(sv_str_eq(request.inputs[0].data, SV_STR("[[1],[2]]")));
    assert_int_equal(request.inputs[1].dtype, SV_DTYPE_BYTES);
    assert_int_equal(request.inputs[1].shape.rank, 0);
    assert_int_equal(request.inputs[1].n_binary, 13);
    assert_int_equal(request.n_outputs, 2);
    assert_true(request.outputs[0].is_binary && request.outputs[0].n_classes == 3);
    assert_true(!request.outputs[1].is_binary && !request.outputs[1].n_classes);
    sv_arena_free(arena);
}

static const sv_tensor_spec inputs[] = {
    {.name = SV_STR_INIT("x"), .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}},
    {.name = SV_STR_INIT("s"), .dtype = SV_DTYPE_BYTES, .is_any_shape = true}};
static const sv_tensor_spec outputs[] = {{.name = SV_STR_INIT("y"), .dtype = SV_DTYPE_FP32}};
static const sv_engine_info one_input = {
    .inputs = inputs, .n_inputs = 1, .outputs = outputs, .n_outputs = 1};
static const sv_engine_info two_inputs = {
    .inputs = inputs, .n_inputs = 2, .outputs = outputs, .n_outputs = 1};

static sv_status make(sv_arena *arena, const char *json, sv_oip_target target, sv_error *error,
                      const sv_tensor **ret_tensors)
{
    sv_oip_request request;
    assert_int_equal(sv_oip_request_parse(arena, sv_str_from(json), error, &request), SV_OK);
    return sv_oip_request_tensors(arena, &request, &target, error, ret_tensors);
}

static void test_tensors(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_tensor *tensors;
    sv_error error;
    assert_int_equal(
        make(arena,
             "{\"inputs\":[{\"name\":\"s\",\"shape\":[2],\"datatype\":\"BYTES\",\"parameters\":{"
             "\"binary_data_size\":11}},{" X "," DATA "}]}",
             (sv_oip_target){SV_STR("m"), &two_inputs, SV_STR("\1\0\0\0a\2\0\0\0bc")}, &error,
             &tensors),
        SV_OK);
    assert_true(sv_str_eq(((const sv_str *)tensors[0].data)[1], SV_STR("bc")));
    assert_true(((const float *)tensors[1].data)[1] == 2);
    assert_int_equal(tensors[1].size_bytes, 8);
    /* nothing is read where nothing is */
    assert_int_equal(make(arena,
                          INPUT("\"name\":\"x\",\"shape\":[0,2],\"datatype\":\"FP32\",\"data\":[]"),
                          (sv_oip_target){SV_STR("m"), &one_input, SV_STR("")}, &error, &tensors),
                     SV_OK);
    assert_int_equal(tensors[0].size_bytes, 0);
    sv_arena_free(arena);
}

static void test_misfits(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        sv_str bytes;
        const char *error;
    } rows[] = {
        {INPUT("\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"INT32\"," DATA),
         {"", 0},
         "[request id: <id_unknown>] inference input 'x' data-type is 'INT32', but model 'm' "
         "expects "
         "'FP32'"},
        {"{\"id\":\"r1\",\"inputs\":[{\"name\":\"x\",\"shape\":[1,5],\"datatype\":\"FP32\"," DATA
         "}]}",
         {"", 0},
         "[request id: r1] unexpected shape for input 'x' for model 'm'. Expected [-1,2], got "
         "[1,5]. "},
        {"{\"inputs\":[]}",
         {"", 0},
         "[request id: <id_unknown>] expected 1 inputs but got 0 inputs for model 'm'. Got "
         "input(s) [], but "
         "missing required input(s) ['x']. Please provide all required input(s)."},
        {INPUT("\"name\":\"q\",\"shape\":[1,2],\"datatype\":\"FP32\"," DATA),
         {"", 0},
         "[request id: <id_unknown>] unexpected inference input 'q' for model 'm'"},
        {"{\"inputs\":[{" X "," DATA "}],\"outputs\":[{\"name\":\"q\"}]}",
         {"", 0},
         "[request id: <id_unknown>] unexpected inference output 'q' for model 'm'"},
        {INPUT(X ",\"parameters\":{\"binary_data_size\":8}"),
         {"1234", 4},
         "unexpected size for input 'x', expecting 4 additional bytes for model 'm'"},
        {INPUT(X ",\"parameters\":{\"binary_data_size\":8}"),
         {"123456789", 9},
         "unexpected additional input data for model 'm'"},
        {INPUT(X ",\"parameters\":{\"binary_data_size\":4}"),
         {"1234", 4},
         "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 4"},
        {INPUT("\"name\":\"x\",\"shape\":[9000000000,2],\"datatype\":\"FP32\"," DATA),
         {"", 0},
         "Failed to parse 'data' field"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        const sv_tensor *tensors;
        sv_error error = {0};
        sv_status status =
            make(arena, rows[i].json, (sv_oip_target){SV_STR("m"), &one_input, rows[i].bytes},
                 &error, &tensors);
        if (status != SV_INVALID || error.kind->status != 400 ||
            strncmp(error.message, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s: %d %s", rows[i].json, status, error.message);
        sv_arena_free(arena);
    }
}

static bool make_once(void *arg)
{
    const char *json = arg;
    sv_arena *arena = sv_arena_new(0);
    sv_oip_target target = {SV_STR("m"), &two_inputs, SV_STR("\1\0\0\0a")};
    sv_oip_request request;
    const sv_tensor *tensors;
    sv_status status = arena ? SV_OK : SV_NO_MEMORY;
    if (!status)
        status = sv_oip_request_parse(arena, sv_str_from(json), NULL, &request);
    if (!status)
        status = sv_oip_request_tensors(arena, &request, &target, NULL, &tensors);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_without_memory(void **state)
{
    (void)state;
    static char json[] =
        "{\"inputs\":[{\"name\":\"s\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{"
        "\"binary_data_size\":5}},{" X "," DATA "}],\"outputs\":[{\"name\":\"y\"}]}";
    assert_true(failing_malloc_try_each(make_once, json) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_everything),
        cmocka_unit_test(test_tensors),        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
