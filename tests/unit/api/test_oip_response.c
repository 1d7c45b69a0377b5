/* test_oip_response.c: responses, in JSON and with bytes behind it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/oip_response.h"
#include "failing_malloc.h"

static sv_status write_one(const char *id, const sv_tensor *tensor, bool is_binary, sv_buf *out,
                           size_t *json_bytes)
{
    sv_oip_part part = {tensor, is_binary};
    sv_oip_response response = {.id = sv_str_from(id),
                                .model = SV_STR("m"),
                                .version = SV_STR("1"),
                                .parts = &part,
                                .n_parts = 1};
    sv_error error = {0};
    sv_buf_clear(out);
    sv_status status = sv_oip_response_write(&response, out, &error, json_bytes);
    if (status == SV_INVALID)
        assert_int_equal(error.kind->status, 400);
    return status;
}

/* The example of the binary extension: 141 bytes of JSON, then 8. */
static void test_binary(void **state)
{
    (void)state;
    float values[] = {1.5F, -2};
    sv_tensor tensor = {.name = SV_STR("y"),
                        .dtype = SV_DTYPE_FP32,
                        .shape = SV_SHAPE(1, 2),
                        .data = values,
                        .size_bytes = sizeof values};
    sv_buf out;
    size_t json_bytes;
    sv_buf_init(&out, 1000);
    assert_int_equal(write_one("r1", &tensor, true, &out, &json_bytes), SV_OK);
    assert_int_equal(json_bytes, 141);
    assert_int_equal(out.len, 149);
    assert_memory_equal(out.ptr + json_bytes, values, sizeof values);
    sv_buf_deinit(&out);
}

#define SAMPLE(DTYPE, VALUES, N)                                                                   \
    {.name = SV_STR_INIT("y"),                                                                     \
     .dtype = SV_DTYPE_##DTYPE,                                                                    \
     .shape = {1, {N}},                                                                            \
     .data = VALUES,                                                                               \
     .size_bytes = sizeof(VALUES)}

static void test_json(void **state)
{
    (void)state;
    static const uint8_t truth[] = {1, 0}, bytes[] = {255};
    static const int8_t small[] = {-128};
    static const uint64_t large[] = {UINT64_MAX};
    static const int64_t negative[] = {INT64_MIN};
    static const float floats[] = {0.5F, 1};
    static const double doubles[] = {0.1};
    static const sv_str texts[] = {SV_STR_INIT("a\"\xc3\xa9")};
    static const struct {
        sv_tensor tensor;
        const char *json;
    } rows[] = {
        {SAMPLE(BOOL, truth, 2), "\"BOOL\",\"shape\":[2],\"data\":[true,false]"},
        {SAMPLE(UINT8, bytes, 1), "\"UINT8\",\"shape\":[1],\"data\":[255]"},
        {SAMPLE(INT8, small, 1), "\"INT8\",\"shape\":[1],\"data\":[-128]"},
        {SAMPLE(UINT64, large, 1), "\"UINT64\",\"shape\":[1],\"data\":[18446744073709551615]"},
        {SAMPLE(INT64, negative, 1), "\"INT64\",\"shape\":[1],\"data\":[-9223372036854775808]"},
        {SAMPLE(FP32, floats, 2), "\"FP32\",\"shape\":[2],\"data\":[0.5,1.0]"},
        {SAMPLE(FP64, doubles, 1), "\"FP64\",\"shape\":[1],\"data\":[0.1]"},
        {SAMPLE(BYTES, texts, 1), "\"BYTES\",\"shape\":[1],\"data\":[\"a\\\"\xc3\xa9\"]"},
        {{.name = SV_STR_INIT("y"), .dtype = SV_DTYPE_FP32, .shape = {2, {0, 4}}},
         "\"FP32\",\"shape\":[0,4],\"data\":[]"},
    };
    sv_buf out;
    size_t json_bytes;
    sv_buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf expected;
        sv_buf_init(&expected, 1000);
        sv_buf_printf(&expected,
                      "{\"model_name\":\"m\",\"model_version\":\"1\",\"outputs\":[{\"name\":\"y\","
                      "\"datatype\":%s}]}",
                      rows[i].json);
        assert_int_equal(write_one("", &rows[i].tensor, false, &out, &json_bytes), SV_OK);
        if (!sv_str_eq(sv_buf_str(&out), sv_buf_str(&expected)))
            fail_msg("%.*s", SV_STR_ARG(sv_buf_str(&out)));
        assert_int_equal(json_bytes, out.len);
        sv_buf_deinit(&expected);
    }
    sv_buf_deinit(&out);
}

/* What JSON cannot carry goes as binary only. */
static void test_binary_only(void **state)
{
    (void)state;
    static const float not_finite[] = {1, INFINITY};
    static const double no_number[] = {NAN};
    static const uint16_t half[] = {1};
    static const sv_str raw[] = {SV_STR_INIT("\xff")};
    static const sv_tensor rows[] = {SAMPLE(FP32, not_finite, 2), SAMPLE(FP64, no_number, 1),
                                     SAMPLE(FP16, half, 1), SAMPLE(BF16, half, 1),
                                     SAMPLE(BYTES, raw, 1)};
    sv_buf out;
    size_t json_bytes;
    sv_buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(write_one("", &rows[i], false, &out, &json_bytes), SV_INVALID);
        assert_int_equal(write_one("", &rows[i], true, &out, &json_bytes), SV_OK);
        assert_true(out.len > json_bytes);
    }
    sv_buf_deinit(&out);
}

static bool write_once(void *arg)
{
    sv_oip_part part = {arg, true};
    sv_oip_response response = {
        .model = SV_STR("m"), .version = SV_STR("1"), .parts = &part, .n_parts = 1};
    sv_buf out;
    size_t json_bytes;
    sv_buf_init(&out, 1 << 20);
    sv_status status = sv_oip_response_write(&response, &out, NULL, &json_bytes);
    sv_buf_deinit(&out);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_limits_and_memory(void **state)
{
    (void)state;
    static double values[1000];
    sv_tensor tensor = {.name = SV_STR("y"),
                        .dtype = SV_DTYPE_FP64,
                        .shape = SV_SHAPE(1000),
                        .data = values,
                        .size_bytes = sizeof values};
    assert_true(failing_malloc_try_each(write_once, &tensor) > 1);
    sv_buf out;
    size_t json_bytes;
    sv_buf_init(&out, 1000);
    assert_int_equal(write_one("", &tensor, false, &out, &json_bytes), SV_TOO_LARGE);
    sv_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_binary_only),
        cmocka_unit_test(test_limits_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
