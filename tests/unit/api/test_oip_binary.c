/* test_oip_binary.c: tensors as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/oip_binary.h"
#include "failing_malloc.h"

static void test_header(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        size_t bytes;
    } rows[] = {{NULL, true, 100},   {"0", true, 0},
                {"100", true, 100},  {"007", true, 7},
                {"101", false, 0},   {"-1", false, 0},
                {"12abc", false, 0}, {"+5", false, 0},
                {"0x10", false, 0},  {"1,1", false, 0},
                {"", false, 0},      {"99999999999", false, 0},
                {"1 ", false, 0},    {"99999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t bytes = 0;
        sv_str text = rows[i].text ? sv_str_from(rows[i].text) : (sv_str){0};
        sv_status status = sv_oip_binary_split(text, 100, NULL, &bytes);
        if (status != (rows[i].good ? SV_OK : SV_INVALID) || bytes != rows[i].bytes)
            fail_msg("%s", rows[i].text);
    }
}

static sv_status read_bytes(sv_arena *arena, sv_dtype dtype, sv_shape shape, sv_str bytes,
                            sv_tensor *ret_tensor)
{
    *ret_tensor = (sv_tensor){.name = SV_STR("x"), .dtype = dtype, .shape = shape};
    return sv_oip_binary_read(arena, bytes, SV_STR("m"), NULL, ret_tensor);
}

static void test_numbers_stay_in_place(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    float numbers[3] = {0.5F, 1, 2};
    sv_str bytes = {(const char *)numbers, 8};
    sv_tensor tensor;
    assert_int_equal(read_bytes(arena, SV_DTYPE_FP32, SV_SHAPE(1, 2), bytes, &tensor), SV_OK);
    assert_ptr_equal(tensor.data, numbers);
    bytes = (sv_str){(const char *)numbers + 1, 8};
    assert_int_equal(read_bytes(arena, SV_DTYPE_FP32, SV_SHAPE(2), bytes, &tensor), SV_OK);
    assert_ptr_not_equal(tensor.data, bytes.ptr);
    assert_memory_equal(tensor.data, bytes.ptr, 8);
    assert_int_equal((uintptr_t)tensor.data % sizeof(float), 0);
    assert_int_equal(read_bytes(arena, SV_DTYPE_FP32, SV_SHAPE(3), bytes, &tensor), SV_INVALID);
    assert_int_equal(read_bytes(arena, SV_DTYPE_FP32, SV_SHAPE(0, 4), SV_STR(""), &tensor), SV_OK);
    assert_int_equal(tensor.size_bytes, 0);
    assert_int_equal(read_bytes(arena, SV_DTYPE_BOOL, SV_SHAPE(2), SV_STR("\0\1"), &tensor), SV_OK);
    assert_int_equal(read_bytes(arena, SV_DTYPE_BOOL, SV_SHAPE(2), SV_STR("\0\2"), &tensor),
                     SV_INVALID);
    sv_arena_free(arena);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        sv_str bytes;
        int64_t count;
        bool good;
    } rows[] = {
        {SV_STR_INIT("\2\0\0\0hi\3\0\0\0\xff\0!"), 2, true},
        {SV_STR_INIT("\0\0\0\0"), 1, true},
        {SV_STR_INIT(""), 0, true},
        {SV_STR_INIT("\2\0\0\0hi"), 2, false},         /* too few */
        {SV_STR_INIT("\2\0\0\0hi\0\0\0\0"), 1, false}, /* too many */
        {SV_STR_INIT("\3\0\0\0hi"), 1, false},         /* beyond the end */
        {SV_STR_INIT("\xff\xff\xff\xffhi"), 1, false},
        {SV_STR_INIT("\2\0\0"), 1, false},
        {SV_STR_INIT("\0\0\0\0"), INT64_MAX, false},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_tensor tensor;
        sv_status status =
            read_bytes(arena, SV_DTYPE_BYTES, SV_SHAPE(rows[i].count), rows[i].bytes, &tensor);
        if (status != (rows[i].good ? SV_OK : SV_INVALID))
            fail_msg("row %zu", i);
        if (status)
            continue;
        sv_buf out;
        sv_buf_init(&out, 1000);
        assert_int_equal(sv_oip_binary_size(&tensor), rows[i].bytes.len);
        sv_oip_binary_write(&tensor, &out);
        assert_true(sv_str_eq(sv_buf_str(&out), rows[i].bytes));
        sv_buf_deinit(&out);
    }
    sv_arena_free(arena);
}

static void test_raw(void **state)
{
    (void)state;
    static const struct {
        sv_tensor_spec spec;
        size_t bytes;
        const char *shape; /* NULL: refused */
    } rows[] = {
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}}, 32, "[2,4]"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}}, 0, "[0,4]"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}}, 33, NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}}, 20, NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {1, 4}}}, 16, "[1,4]"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {1, 4}}}, 32, NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, -1}}}, 32, NULL},
        {{.dtype = SV_DTYPE_FP32, .is_any_shape = true}, 32, NULL},
        {{.dtype = SV_DTYPE_NONE, .shape = {1, {-1}}}, 32, NULL},
        {{.dtype = SV_DTYPE_UINT8, .shape = {0}}, 1, "[]"},
        {{.dtype = SV_DTYPE_BYTES, .shape = {1, {1}}}, 30, "[1]"},
        {{.dtype = SV_DTYPE_BYTES, .shape = {2, {-1, 1}}}, 0, "[1,1]"},
        {{.dtype = SV_DTYPE_BYTES, .shape = {1, {2}}}, 30, NULL},
    };
    static const char bytes[64];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[SV_TENSOR_SHAPE_TEXT_SIZE];
        sv_arena *arena = sv_arena_new(0);
        sv_tensor tensor = {0};
        sv_status status = sv_oip_binary_read_raw(arena, (sv_str){bytes, rows[i].bytes},
                                                  &rows[i].spec, NULL, &tensor);
        if (status != (rows[i].shape ? SV_OK : SV_INVALID))
            fail_msg("row %zu", i);
        if (!status)
            assert_string_equal(sv_tensor_shape_format(&tensor.shape, text), rows[i].shape);
        sv_arena_free(arena);
    }
}

static bool read_unaligned(void *arg)
{
    sv_arena *arena = sv_arena_new(0);
    sv_tensor numbers, texts;
    bool good =
        arena &&
        read_bytes(arena, SV_DTYPE_INT64, SV_SHAPE(1), *(sv_str *)arg, &numbers) == SV_OK &&
        read_bytes(arena, SV_DTYPE_BYTES, SV_SHAPE(1), SV_STR("\1\0\0\0a"), &texts) == SV_OK;
    sv_arena_free(arena);
    return good;
}

static void test_without_memory(void **state)
{
    (void)state;
    static const int64_t numbers[2];
    sv_str bytes = {(const char *)numbers + 1, 8};
    assert_true(failing_malloc_try_each(read_unaligned, &bytes) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),         cmocka_unit_test(test_numbers_stay_in_place),
        cmocka_unit_test(test_texts),          cmocka_unit_test(test_raw),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
