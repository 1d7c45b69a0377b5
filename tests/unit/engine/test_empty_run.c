/* Runs on no rows: which they are, and what comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/empty_run.h"

typedef struct empty_case {
    sv_shape inputs[2], declared[2]; /* of one or two inputs */
    const char *axes[2];             /* of their first axes */
    sv_shape output;
    const char *output_axis;
    bool applies;
    sv_shape result; /* rank -1: refused */
    size_t n_inputs;
} empty_case;

static sv_tensor_spec make_spec(const char *name, sv_shape shape, const char *axis)
{
    sv_tensor_spec spec = {.name = sv_str_from(name), .dtype = SV_DTYPE_FP32, .shape = shape};
    spec.axes[0] = sv_str_from(axis);
    return spec;
}

static void check_case(const empty_case *row)
{
    sv_tensor_spec inputs[2], output = make_spec("out", row->output, row->output_axis);
    sv_tensor tensors[2];
    const sv_tensor *given[2] = {&tensors[0], &tensors[1]};
    size_t wanted = 0;
    const sv_engine_output *buffer = NULL;
    for (size_t i = 0; i < row->n_inputs; i++) {
        inputs[i] = make_spec(i ? "second" : "first", row->declared[i], row->axes[i]);
        tensors[i] =
            (sv_tensor){.name = inputs[i].name, .dtype = SV_DTYPE_FP32, .shape = row->inputs[i]};
        assert_int_equal(
            sv_tensor_shape_bytes(&row->inputs[i], SV_DTYPE_FP32, &tensors[i].size_bytes), SV_OK);
    }
    sv_engine_info info = {
        .inputs = inputs, .n_inputs = row->n_inputs, .outputs = &output, .n_outputs = 1};
    sv_engine_job job = {given, &wanted, &buffer, 1, NULL};
    sv_engine_result result = {0};
    sv_error error = {0};
    assert_int_equal(sv_empty_run_applies(&info, &job), row->applies);
    if (!row->applies)
        return;
    sv_status status = sv_empty_run_make(&info, &job, &error, &result);
    assert_int_equal(status, row->result.rank < 0 ? SV_INVALID : SV_OK);
    if (status) {
        assert_ptr_equal(error.kind, &sv_kind_invalid_input);
        return;
    }
    assert_int_equal(result.outputs[0].shape.rank, row->result.rank);
    for (int i = 0; i < row->result.rank; i++)
        assert_int_equal(result.outputs[0].shape.dims[i], row->result.dims[i]);
    assert_int_equal(result.outputs[0].size_bytes, 0);
    sv_engine_result_deinit(&result);
}

static void test_cases(void **state)
{
    (void)state;
    const sv_shape none = {.rank = -1};
    const empty_case cases[] = {
        /* one input: rows are rows by name, or where neither has one */
        {{SV_SHAPE(0, 4)},
         {SV_SHAPE(-1, 4)},
         {"N", ""},
         SV_SHAPE(-1, 3),
         "N",
         true,
         SV_SHAPE(0, 3),
         1},
        {{SV_SHAPE(0, 4)}, {SV_SHAPE(-1, 4)}, {"", ""}, SV_SHAPE(-1), "", true, SV_SHAPE(0), 1},
        {{SV_SHAPE(0, 4)}, {SV_SHAPE(-1, 4)}, {"N", ""}, SV_SHAPE(-1, 3), "M", true, none, 1},
        {{SV_SHAPE(0, 4)}, {SV_SHAPE(-1, 4)}, {"N", ""}, SV_SHAPE(1, 3), "", true, none, 1},
        {{SV_SHAPE(0, 4)}, {SV_SHAPE(-1, 4)}, {"N", ""}, SV_SHAPE(-1, -1), "N", true, none, 1},
        /* rows: not the engine's affair; a cache at its beginning is */
        {{SV_SHAPE(2, 4)}, {SV_SHAPE(-1, 4)}, {"N", ""}, SV_SHAPE(-1, 3), "N", false, none, 1},
        {{SV_SHAPE(1, 4), SV_SHAPE(1, 0)},
         {SV_SHAPE(-1, 4), SV_SHAPE(-1, -1)},
         {"N", "N"},
         SV_SHAPE(-1, 3),
         "N",
         false,
         none,
         2},
        {{SV_SHAPE(0, 4), SV_SHAPE(0, 2)},
         {SV_SHAPE(-1, 4), SV_SHAPE(-1, -1)},
         {"N", "N"},
         SV_SHAPE(-1, 3),
         "N",
         true,
         SV_SHAPE(0, 3),
         2},
        {{SV_SHAPE(3, 0), SV_SHAPE(3, 0)},
         {SV_SHAPE(-1, -1), SV_SHAPE(-1, -1)},
         {"N", "N"},
         SV_SHAPE(-1, 3),
         "N",
         true,
         none,
         2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
