/* test_tensor_text.c: lists of numbers as text: what is read is what tensor_json.c reads, and what
 * that refuses is left to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/oip_data.h"
#include "api/tensor_json.h"
#include "api/tensor_text.h"
#include "failing_malloc.h"

static const struct {
    sv_dtype dtype;
    const char *text;
    sv_status status;
} rows[] = {
    {SV_DTYPE_FP32, "[1]", SV_OK},
    {SV_DTYPE_FP32, " [ [1 , -2.5e3]\t,\n[0.1,1e-3 ] ] ", SV_UNSUPPORTED}, /* ends with a space */
    {SV_DTYPE_FP32, "[ [1 , -2.5e3]\t,\n[0.1,1e-3 ] ]", SV_OK},
    {SV_DTYPE_FP64, "[[[0.1234567890123456789]],[[1e308]]]", SV_OK},
    {SV_DTYPE_INT8, "[[-128,127]]", SV_OK},
    {SV_DTYPE_UINT64, "[18446744073709551615,0]", SV_OK},
    {SV_DTYPE_INT64, "[[[[[[[[1,2],[3,4]]]]]]]]", SV_OK},
    {SV_DTYPE_INT64, "[[[[[[[[[1]]]]]]]]]", SV_UNSUPPORTED},
    {SV_DTYPE_INT8, "[128]", SV_UNSUPPORTED},
    {SV_DTYPE_UINT8, "[-0]", SV_UNSUPPORTED},
    {SV_DTYPE_INT32, "[1.0]", SV_UNSUPPORTED}, /* it is one, but rare */
    {SV_DTYPE_FP32, "[1e39]", SV_UNSUPPORTED},
    {SV_DTYPE_FP64, "[1e309]", SV_UNSUPPORTED},
    {SV_DTYPE_FP16, "[1]", SV_UNSUPPORTED},
    {SV_DTYPE_BF16, "[1]", SV_UNSUPPORTED},
    {SV_DTYPE_BOOL, "[true]", SV_UNSUPPORTED},
    {SV_DTYPE_BYTES, "[\"a\"]", SV_UNSUPPORTED},
    {SV_DTYPE_NONE, "[1]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "1", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[],[]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[1,2],[3]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[1],[2,3]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[[1,2]],[[3],[4]]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1,[2]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[1],2]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1,]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[,1]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1 2]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1][2]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[[1][2]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1]]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[01]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[1.]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[+1]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[null]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[\"1,2\"]", SV_UNSUPPORTED},
    {SV_DTYPE_FP32, "[NaN]", SV_UNSUPPORTED},
};

/* As JSON; false: it is none, or not a tensor. */
static bool read_slowly(sv_arena *arena, const sv_tensor_spec *spec, sv_str text, sv_tensor *tensor)
{
    const sv_value *value;
    sv_value_error why;
    sv_errors errors;
    const sv_loc where = {.name = SV_STR("x")};
    sv_errors_init(&errors, arena);
    return !sv_value_parse(arena, text, NULL, &why, &value) &&
           !sv_tensor_json_read(spec, value, &where, &errors, tensor);
}

static sv_status read_both(sv_dtype dtype, sv_str text)
{
    sv_arena *arena = sv_arena_new(0);
    assert_non_null(arena);
    sv_tensor_spec spec = {.name = SV_STR("x"), .dtype = dtype, .is_any_shape = true};
    sv_tensor quick, slow;
    size_t n_values = 1000;
    sv_status status = sv_tensor_text_read(arena, &spec, text, &n_values, &quick);
    if (!status) {
        if (!read_slowly(arena, &spec, text, &slow))
            fail_msg("%.*s", SV_STR_ARG(text));
        assert_int_equal(quick.shape.rank, slow.shape.rank);
        assert_memory_equal(quick.shape.dims, slow.shape.dims, sizeof slow.shape.dims);
        assert_int_equal(quick.size_bytes, slow.size_bytes);
        assert_memory_equal(quick.data, slow.data, slow.size_bytes);
        assert_int_equal(quick.dtype, dtype);
    }
    sv_arena_free(arena);
    return status;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (read_both(rows[i].dtype, sv_str_from(rows[i].text)) != rows[i].status)
            fail_msg("%s", rows[i].text);
}

/* Texts of few signs, most of them wrong: none is read as something else than it is. */
static void test_any_text(void **state)
{
    (void)state;
    static const char signs[] = "[[[]]],,,1.0e-3 7";
    static const sv_dtype dtypes[] = {SV_DTYPE_FP32, SV_DTYPE_FP64, SV_DTYPE_INT8, SV_DTYPE_UINT16};
    uint64_t random = 88172645463325252u;
    size_t n_read = 0;
    for (int i = 0; i < 100000; i++) {
        char text[16];
        size_t len = 3 + (size_t)i % 9;
        for (size_t j = 0; j < len; j++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            text[j] = signs[random % (sizeof signs - 1)];
        }
        text[0] = '[';
        text[len - 1] = ']';
        n_read += !read_both(dtypes[i % 4], (sv_str){text, len});
    }
    assert_in_range(n_read, 1000, 90000);
}

static void test_too_many_values(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_tensor_spec spec = {.name = SV_STR("x"), .dtype = SV_DTYPE_FP32, .is_any_shape = true};
    sv_tensor tensor;
    size_t n_values = 7; /* four numbers, three lists */
    assert_int_equal(sv_tensor_text_read(arena, &spec, SV_STR("[[1,2],[3,4]]"), &n_values, &tensor),
                     SV_OK);
    assert_int_equal(n_values, 0);
    n_values = 6;
    assert_int_equal(sv_tensor_text_read(arena, &spec, SV_STR("[[1,2],[3,4]]"), &n_values, &tensor),
                     SV_UNSUPPORTED);
    sv_arena_free(arena);
}

/* A request is cut into lists and the rest, and a list read. */
static bool split_and_read(void *arg)
{
    const sv_tensor_spec spec = {.name = SV_STR("x"), .dtype = SV_DTYPE_FP32, .is_any_shape = true};
    sv_arena *arena = sv_arena_new(0);
    sv_oip_split split;
    sv_tensor tensor;
    sv_error error = {0};
    size_t n_values = 100000;
    sv_status status = arena ? SV_OK : SV_NO_MEMORY;
    if (!status)
        status = sv_oip_data_split_lists(arena, *(const sv_str *)arg, &error, &split);
    if (!status) {
        assert_int_equal(split.n_spans, 1);
        status = sv_tensor_text_read(arena, &spec, split.spans[0], &n_values, &tensor);
    }
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    if (!status)
        assert_int_equal(tensor.size_bytes, 10000 * sizeof(float));
    sv_arena_free(arena);
    return !status;
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    static char request[64 + 10000 * 4];
    size_t len = (size_t)snprintf(request, sizeof request, "{\"inputs\":{\"x\":[0");
    for (int i = 1; i < 10000; i++)
        len += (size_t)snprintf(request + len, sizeof request - len, ",0.5");
    len += (size_t)snprintf(request + len, sizeof request - len, "]}}");
    sv_str text = {request, len};
    assert_in_range(failing_malloc_try_each(split_and_read, &text), 3, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
