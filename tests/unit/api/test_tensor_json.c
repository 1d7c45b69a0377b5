/* Nested lists <-> tensors: every datatype there and back, shapes, and the place of each mistake.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/tensor_json.h"

static sv_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    return 0;
}

static const sv_value *parse(const char *json)
{
    const sv_value *value;
    sv_value_error error;
    if (sv_value_parse(arena, sv_str_from(json), NULL, &error, &value))
        fail_msg("not JSON: %s", json);
    return value;
}

/* `rank` -1: any shape. */
static sv_tensor_spec spec_of(sv_dtype dtype, int rank, int64_t last)
{
    sv_tensor_spec spec = {.name = SV_STR("x"), .dtype = dtype, .is_any_shape = rank < 0};
    for (int i = 0; i < rank; i++)
        spec.shape.dims[i] = i == rank - 1 ? last : -1;
    spec.shape.rank = rank < 0 ? 0 : rank;
    return spec;
}

/* SV_OK, or the list of errors in `text`. */
static sv_status read_text(const sv_tensor_spec *spec, const char *json, sv_tensor *tensor,
                           char text[1024])
{
    sv_errors errors;
    sv_buf buf;
    sv_writer writer;
    sv_loc body = {.name = SV_STR("body")}, name = {.parent = &body, .name = SV_STR("x")};
    sv_errors_init(&errors, arena);
    sv_status status = sv_tensor_json_read(spec, parse(json), &name, &errors, tensor);
    sv_buf_init(&buf, 1023);
    sv_writer_init(&writer, &buf);
    sv_errors_write(&errors, &writer);
    sv_buf_append_byte(&buf, '\0');
    memcpy(text, buf.ptr, buf.len);
    sv_buf_deinit(&buf);
    return status;
}

static sv_status write_text(const sv_tensor *tensor, sv_error *error, char text[1024])
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1023);
    sv_writer_init(&writer, &buf);
    sv_status status = sv_tensor_json_write(tensor, &writer, error);
    sv_buf_append_byte(&buf, '\0');
    memcpy(text, buf.ptr, buf.len);
    sv_buf_deinit(&buf);
    return status;
}

static void test_there_and_back(void **state)
{
    (void)state;
    static const struct {
        sv_dtype dtype;
        const char *json, *shape, *back; /* NULL: the same */
    } cases[] = {
        {SV_DTYPE_FP32, "[[1.0,2.5],[-3.0,1e-7]]", "[2,2]", "[[1.0,2.5],[-3.0,1e-7]]"},
        {SV_DTYPE_FP32, "[1,2]", "[2]", "[1.0,2.0]"},
        {SV_DTYPE_FP32, "3.5", "[]", NULL},
        {SV_DTYPE_FP64, "[[[0.1]]]", "[1,1,1]", NULL},
        {SV_DTYPE_FP64, "[18446744073709551616]", "[1]", "[1.8446744073709552e+19]"},
        {SV_DTYPE_FP16, "[0.1,65504,6e-8]", "[3]",
         "[0.0999755859375,65504.0,5.960464477539063e-8]"},
        {SV_DTYPE_BF16, "[1.0,3.0e38]", "[2]", "[1.0,3.00405527047391e+38]"},
        {SV_DTYPE_BOOL, "[true,false]", "[2]", NULL},
        {SV_DTYPE_UINT8, "[0,255]", "[2]", NULL},
        {SV_DTYPE_UINT16, "[0,65535]", "[2]", NULL},
        {SV_DTYPE_UINT32, "[0,4294967295]", "[2]", NULL},
        {SV_DTYPE_UINT64, "[0,9007199254740993,18446744073709551615]", "[3]", NULL},
        {SV_DTYPE_INT8, "[-128,127]", "[2]", NULL},
        {SV_DTYPE_INT16, "[-32768,32767]", "[2]", NULL},
        {SV_DTYPE_INT32, "[-2147483648,2147483647]", "[2]", NULL},
        {SV_DTYPE_INT64, "[-9223372036854775808,9223372036854775807]", "[2]", NULL},
        {SV_DTYPE_INT64, "[1.0,-2e3]", "[2]", "[1,-2000]"},
        {SV_DTYPE_UINT64, "[1.0,1e19]", "[2]", "[1,10000000000000000000]"},
        {SV_DTYPE_BYTES, "[\"\",\"\\u00e9\\n\",\"\xe4\xb8\xad\"]", "[3]",
         "[\"\",\"\xc3\xa9\\n\",\"\xe4\xb8\xad\"]"},
        {SV_DTYPE_BYTES, "\"a\"", "[]", NULL},
        {SV_DTYPE_FP32, "[]", "[0]", NULL},
        {SV_DTYPE_FP32, "[[],[]]", "[2,0]", NULL},
        {SV_DTYPE_INT8, "[[[[[[[[1]]]]]]]]", "[1,1,1,1,1,1,1,1]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tensor_spec spec = spec_of(cases[i].dtype, -1, 0);
        sv_tensor tensor;
        sv_error error = {0};
        char text[1024], shape[SV_TENSOR_SHAPE_TEXT_SIZE];
        if (read_text(&spec, cases[i].json, &tensor, text))
            fail_msg("%s: %s", cases[i].json, text);
        assert_int_equal(sv_tensor_check(&spec, &tensor, &error), SV_OK);
        assert_string_equal(sv_tensor_shape_format(&tensor.shape, shape), cases[i].shape);
        assert_int_equal(write_text(&tensor, &error, text), SV_OK);
        assert_string_equal(text, cases[i].back ? cases[i].back : cases[i].json);
    }
}

/* The inner lengths that no list tells are the model's. */
static void test_empty_lists(void **state)
{
    (void)state;
    static const struct {
        const char *json, *shape;
        int rank;
        int64_t last;
    } cases[] = {
        {"[]", "[0,4]", 2, 4},
        {"[]", "[0,0,0]", 3, -1},
        {"[[],[]]", "[2,0,4]", 3, 4},
        {"[[],[]]", "[2,0]", 1, 4}, /* refused by the check of the shape */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tensor_spec spec = spec_of(SV_DTYPE_FP32, cases[i].rank, cases[i].last);
        sv_tensor tensor;
        char text[1024], shape[SV_TENSOR_SHAPE_TEXT_SIZE];
        assert_int_equal(read_text(&spec, cases[i].json, &tensor, text), SV_OK);
        assert_string_equal(sv_tensor_shape_format(&tensor.shape, shape), cases[i].shape);
        assert_int_equal(tensor.size_bytes, 0);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        sv_dtype dtype;
        const char *json, *says;
    } cases[] = {
        {SV_DTYPE_FP32, "[[1,2],[3]]",
         "\"loc\":[\"body\",\"x\",1],\"msg\":\"Value error, Expected 2 items, as in the first "
         "list, not 1\""},
        {SV_DTYPE_FP32, "[[1],[3,4]]", "Expected 1 item, as in the first list, not 2"},
        {SV_DTYPE_FP32, "[[1,2],3]",
         "\"loc\":[\"body\",\"x\",1],\"msg\":\"Value error, Expected a list of 2 items, as the "
         "first one has\""},
        {SV_DTYPE_FP32, "[1,[2]]",
         "\"loc\":[\"body\",\"x\",1],\"msg\":\"Value error, Expected a value, as the first one, "
         "not a list\""},
        {SV_DTYPE_FP32, "[[[1],[2]],[[3],[4,5]]]", "\"loc\":[\"body\",\"x\",1,1]"},
        {SV_DTYPE_FP32, "[[1,2],[3,\"4\"]]",
         "\"type\":\"float_type\",\"loc\":[\"body\",\"x\",1,1],\"msg\":\"Input should be a valid "
         "number\",\"input\":\"4\""},
        {SV_DTYPE_FP32, "[null]", "float_type"},
        {SV_DTYPE_FP32, "[true]", "float_type"},
        {SV_DTYPE_FP32, "{\"a\":1}", "\"type\":\"float_type\",\"loc\":[\"body\",\"x\"]"},
        {SV_DTYPE_FP32, "[1e39]", "finite_number"},
        {SV_DTYPE_FP32, "[1e400]", "finite_number"},
        {SV_DTYPE_FP16, "[65520]", "finite_number"},
        {SV_DTYPE_BF16, "[3.4e38]", "finite_number"},
        {SV_DTYPE_BOOL, "[1]", "bool_type"},
        {SV_DTYPE_BYTES, "[1]", "string_type"},
        {SV_DTYPE_UINT8, "[256]", "Input should be less than or equal to 255"},
        {SV_DTYPE_UINT8, "[-1]", "Input should be greater than or equal to 0"},
        {SV_DTYPE_UINT64, "[-1.0]", "Input should be greater than or equal to 0"},
        {SV_DTYPE_UINT64, "[18446744073709551616]", "int_parsing_size"},
        {SV_DTYPE_UINT64, "[1.8446744073709552e19]", "int_parsing_size"},
        {SV_DTYPE_INT8, "[128]", "Input should be less than or equal to 127"},
        {SV_DTYPE_INT8, "[-129]", "Input should be greater than or equal to -128"},
        {SV_DTYPE_INT64, "[9223372036854775808]", "int_parsing_size"},
        {SV_DTYPE_INT64, "[9.3e18]", "int_parsing_size"},
        {SV_DTYPE_INT64, "[1.5]", "int_from_float"},
        {SV_DTYPE_INT64, "[\"1\"]", "int_type"},
        {SV_DTYPE_INT64, "[true]", "int_type"},
        {SV_DTYPE_INT64, "[1e400]", "finite_number"},
        {SV_DTYPE_INT8, "[[[[[[[[[1]]]]]]]]]", "at most 8 levels of lists"},
        {SV_DTYPE_INT8, "[[0,0,0,0],[],[],[],[]]", "Expected 4 items"},
        {SV_DTYPE_INT8, "[[1,\"a\",2],[3,4,true]]",
         "\"loc\":[\"body\",\"x\",0,1],\"msg\":\"Input should be a valid "
         "integer\",\"input\":\"a\"},"
         "{\"type\":\"int_type\",\"loc\":[\"body\",\"x\",1,2],"},
        {SV_DTYPE_INT8, "[[1,2],[3],[4,5],6]", "\"loc\":[\"body\",\"x\",3],"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tensor_spec spec = spec_of(cases[i].dtype, -1, 0);
        sv_tensor tensor;
        char text[1024];
        assert_int_equal(read_text(&spec, cases[i].json, &tensor, text), SV_INVALID);
        if (!strstr(text, cases[i].says))
            fail_msg("%s: %s", cases[i].json, text);
    }
    sv_tensor_spec none = spec_of(SV_DTYPE_NONE, -1, 0);
    sv_tensor tensor;
    char text[1024];
    assert_int_equal(read_text(&none, "[]", &tensor, text), SV_UNSUPPORTED);
}

static void test_what_is_not_written(void **state)
{
    (void)state;
    static const float bad[] = {1, NAN}, infinite[] = {-INFINITY, 1};
    static const uint16_t half[] = {0x7c00, 0};
    const sv_tensor cases[] = {
        {SV_STR("y"), SV_DTYPE_FP32, SV_SHAPE(2), bad, sizeof bad},
        {SV_STR("y"), SV_DTYPE_FP32, SV_SHAPE(1, 2), infinite, sizeof infinite},
        {SV_STR("y"), SV_DTYPE_FP16, SV_SHAPE(2), half, sizeof half},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error = {0};
        char text[1024];
        assert_int_equal(write_text(&cases[i], &error, text), SV_FAILED);
        assert_ptr_equal(error.kind, &sv_kind_invalid_model_output);
        assert_string_equal(error.message, "Output 'y' has a number that is not finite");
    }
}

/* A billion empty lists end with the buffer. */
static void test_a_full_buffer(void **state)
{
    (void)state;
    const sv_tensor tensor = {SV_STR("y"), SV_DTYPE_FP32, SV_SHAPE(1000000000, 0), NULL, 0};
    sv_error error = {0};
    char text[1024];
    assert_int_equal(write_text(&tensor, &error, text), SV_TOO_LARGE);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    sv_arena *small = sv_arena_new(2048);
    sv_tensor_spec spec = spec_of(SV_DTYPE_FP64, -1, 0);
    const sv_value *value = parse("[[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
                                  "0,0]]");
    sv_errors errors;
    sv_loc name = {.name = SV_STR("x")};
    sv_tensor tensor;
    sv_errors_init(&errors, small);
    while (sv_arena_alloc_raw(small, 64))
        ;
    assert_int_equal(sv_tensor_json_read(&spec, value, &name, &errors, &tensor), SV_NO_MEMORY);
    assert_int_equal(errors.count, 0);
    sv_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
