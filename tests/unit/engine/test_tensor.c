/* Datatypes, sizes that cannot overflow, and the words for tensors that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/tensor.h"

static void test_every_datatype_is_found_by_both_names(void **state)
{
    (void)state;
    for (int i = SV_DTYPE_NONE + 1; i < SV_DTYPE_COUNT; i++) {
        sv_dtype dtype = (sv_dtype)i;
        assert_true(sv_tensor_dtype_size(dtype) > 0);
        assert_int_equal(sv_tensor_dtype_find(sv_str_from(sv_tensor_dtype_name(dtype))), dtype);
        assert_int_equal(sv_tensor_dtype_find(sv_str_from(sv_tensor_dtype_numpy(dtype))), dtype);
    }
    assert_string_equal(sv_tensor_dtype_name(SV_DTYPE_FP32), "FP32");
    assert_string_equal(sv_tensor_dtype_numpy(SV_DTYPE_FP16), "float16");
    assert_int_equal(sv_tensor_dtype_size(SV_DTYPE_FP64), 8);
    assert_int_equal(sv_tensor_dtype_size(SV_DTYPE_NONE), 0);
    assert_int_equal(sv_tensor_dtype_find(SV_STR("fp32")), SV_DTYPE_NONE);
    assert_int_equal(sv_tensor_dtype_find(SV_STR("NONE")), SV_DTYPE_NONE);
    assert_int_equal(sv_tensor_dtype_find(SV_STR("")), SV_DTYPE_NONE);
}

static const struct {
    sv_shape shape;
    sv_dtype dtype;
    sv_status status;
    size_t bytes;
} sizes[] = {
    {{0}, SV_DTYPE_FP32, SV_OK, 4},
    {{2, {3, 5}}, SV_DTYPE_INT16, SV_OK, 30},
    {{3, {0, 5, 7}}, SV_DTYPE_FP64, SV_OK, 0},
    {{3, {INT64_MAX, INT64_MAX, 0}}, SV_DTYPE_FP32, SV_OK, 0},
    {{2, {-1, 5}}, SV_DTYPE_FP32, SV_INVALID, 0},
    {{2, {0, -5}}, SV_DTYPE_FP32, SV_INVALID, 0},
    {{9, {1}}, SV_DTYPE_FP32, SV_INVALID, 0},
    {{-1, {1}}, SV_DTYPE_FP32, SV_INVALID, 0},
    {{2, {INT64_MAX, 2}}, SV_DTYPE_UINT8, SV_TOO_LARGE, 0},
    {{1, {INT64_MAX}}, SV_DTYPE_UINT8, SV_OK, INT64_MAX},
    {{1, {INT64_MAX}}, SV_DTYPE_UINT16, SV_TOO_LARGE, 0},
    {{1, {INT64_MAX / 4 + 1}}, SV_DTYPE_FP32, SV_TOO_LARGE, 0},
    {{8, {256, 256, 256, 256, 256, 256, 256, 256}}, SV_DTYPE_UINT8, SV_TOO_LARGE, 0},
    {{8, {1, 2, 1, 2, 1, 2, 1, 2}}, SV_DTYPE_BYTES, SV_OK, 16 * sizeof(sv_str)},
};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t bytes = 77;
        sv_status status = sv_tensor_shape_bytes(&sizes[i].shape, sizes[i].dtype, &bytes);
        if (status != sizes[i].status || bytes != (status ? 77 : sizes[i].bytes))
            fail_msg("size %zu: %s, %zu bytes", i, sv_status_text(status), bytes);
    }
}

static void test_shapes_as_text(void **state)
{
    (void)state;
    char text[SV_TENSOR_SHAPE_TEXT_SIZE];
    sv_shape longest = {.rank = 8};
    for (int i = 0; i < 8; i++)
        longest.dims[i] = INT64_MIN;
    assert_string_equal(sv_tensor_shape_format(&(sv_shape){0}, text), "[]");
    assert_string_equal(sv_tensor_shape_format(&SV_SHAPE(-1, 3, 224), text), "[-1,3,224]");
    assert_int_equal(strlen(sv_tensor_shape_format(&longest, text)), 8 * 20 + 7 + 2);
    longest.rank = 100;
    assert_true(strlen(sv_tensor_shape_format(&longest, text)) < sizeof text);
}

static void test_fits(void **state)
{
    (void)state;
    assert_true(sv_tensor_shape_fits(&SV_SHAPE(-1, 3), &SV_SHAPE(0, 3)));
    assert_false(sv_tensor_shape_fits(&SV_SHAPE(-1, 3), &SV_SHAPE(2, 4)));
    assert_false(sv_tensor_shape_fits(&SV_SHAPE(-1, 3), &SV_SHAPE(3)));
    assert_true(sv_tensor_shape_fits(&(sv_shape){0}, &(sv_shape){0}));
}

static const float numbers[16];
static const sv_tensor_spec pictures = {
    .name = SV_STR_INIT("x"), .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}};
static const sv_tensor_spec anything = {
    .name = SV_STR_INIT("x"), .dtype = SV_DTYPE_FP32, .is_any_shape = true};
static const sv_tensor_spec list = {.name = SV_STR_INIT("x"), .type_text = "sequence"};

static const struct {
    const sv_tensor_spec *spec;
    sv_tensor tensor;
    sv_status status;
    const char *message;
} checks[] = {
    {&pictures, {.dtype = SV_DTYPE_FP32, {2, {2, 3}}, numbers, 24}, SV_OK, ""},
    {&pictures, {.dtype = SV_DTYPE_FP32, {2, {0, 3}}, NULL, 0}, SV_OK, ""},
    {&anything, {.dtype = SV_DTYPE_FP32, {0}, numbers, 4}, SV_OK, ""},
    {&anything, {.dtype = SV_DTYPE_FP32, {3, {1, 2, 2}}, numbers, 16}, SV_OK, ""},
    {&pictures,
     {.dtype = SV_DTYPE_FP32, {2, {2, 4}}, numbers, 32},
     SV_INVALID,
     "input 'x' has shape [2,4], expected [-1,3]"},
    {&pictures,
     {.dtype = SV_DTYPE_FP32, {1, {3}}, numbers, 12},
     SV_INVALID,
     "input 'x' has shape [3], expected [-1,3]"},
    {&pictures,
     {.dtype = SV_DTYPE_INT64, {2, {2, 3}}, numbers, 48},
     SV_INVALID,
     "input 'x' has datatype INT64, expected FP32"},
    {&pictures,
     {.dtype = SV_DTYPE_FP32, {2, {2, 3}}, numbers, 23},
     SV_INVALID,
     "input 'x' has 23 bytes, expected 24 for shape [2,3] of FP32"},
    {&pictures,
     {.dtype = SV_DTYPE_FP32, {2, {2, 3}}, NULL, 24},
     SV_INVALID,
     "input 'x' has 24 bytes, expected 24 for shape [2,3] of FP32"},
    {&pictures,
     {.dtype = SV_DTYPE_FP32, {2, {-1, 3}}, numbers, 12},
     SV_INVALID,
     "input 'x' has shape [-1,3], which no tensor can have"},
    {&anything,
     {.dtype = SV_DTYPE_FP32, {2, {INT64_MAX, 8}}, numbers, 12},
     SV_INVALID,
     "input 'x' has shape [9223372036854775807,8], which no tensor can have"},
    {&anything, {.dtype = SV_DTYPE_FP32, {3, {1 << 12, 0, 1 << 12}}, NULL, 0}, SV_OK, ""},
    {&anything,
     {.dtype = SV_DTYPE_FP32, {3, {1 << 12, 0, (1 << 12) + 1}}, NULL, 0},
     SV_INVALID,
     "input 'x' has shape [4096,0,4097]: it is empty, and its other lengths make more than "
     "16777216"},
    {&anything,
     {.dtype = SV_DTYPE_FP32, {3, {INT64_MAX, 0, INT64_MAX}}, NULL, 0},
     SV_INVALID,
     "input 'x' has shape [9223372036854775807,0,9223372036854775807]: it is empty, and its other "
     "lengths make more than 16777216"},
    {&list,
     {.dtype = SV_DTYPE_FP32, {1, {1}}, numbers, 4},
     SV_UNSUPPORTED,
     "input 'x' is a sequence, which cannot be sent"},
};

static void test_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        sv_error error = {0};
        assert_int_equal(sv_tensor_check(checks[i].spec, &checks[i].tensor, &error),
                         checks[i].status);
        assert_string_equal(error.message, checks[i].message);
        assert_ptr_equal(error.kind, checks[i].status ? &sv_kind_invalid_input : NULL);
        assert_int_equal(sv_tensor_check(checks[i].spec, &checks[i].tensor, NULL),
                         checks[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_datatype_is_found_by_both_names),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_shapes_as_text),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
