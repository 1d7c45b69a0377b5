/* test_oip_data.c: arrays of data: cut out of a request, and read into elements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/oip_data.h"

static void test_splitting(void **state)
{
    (void)state;
    static const struct {
        const char *request, *text, *spans[2];
    } rows[] = {
        {"{}", "{}", {NULL}},
        {"{\"inputs\":[{\"data\":[1,[2]]}]}", "{\"inputs\":[{\"data\":[0]}]}", {"[1,[2]]"}},
        {"{\"inputs\" : [ {\"data\" : [\"]\\\"\"] } , {\"data\":[]}]}",
         "{\"inputs\" : [ {\"data\" : [0] } , {\"data\":[1]}]}",
         {"[\"]\\\"\"]", "[]"}},
        {"{\"in\\u0070uts\":[{\"d\\u0061ta\":[7]}]}",
         "{\"in\\u0070uts\":[{\"d\\u0061ta\":[0]}]}",
         {"[7]"}},
        /* not data of an input */
        {"{\"data\":[1]}", "{\"data\":[1]}", {NULL}},
        {"{\"outputs\":[{\"data\":[1]}]}", "{\"outputs\":[{\"data\":[1]}]}", {NULL}},
        {"{\"inputs\":[{\"x\":{\"data\":[1]}}]}", "{\"inputs\":[{\"x\":{\"data\":[1]}}]}", {NULL}},
        {"{\"inputs\":[{\"name\":\"data\",\"shape\":[1]}]}",
         "{\"inputs\":[{\"name\":\"data\",\"shape\":[1]}]}",
         {NULL}},
        {"{\"inputs\":[{\"datas\":[1],\"dat\":[2]}]}",
         "{\"inputs\":[{\"datas\":[1],\"dat\":[2]}]}",
         {NULL}},
        {"{\"inputs\":[{\"data\":5}]}", "{\"inputs\":[{\"data\":5}]}", {NULL}},
        {"{\"inputs\":[{\"data\":[1,", "{\"inputs\":[{\"data\":[0]", {"[1,"}}, /* cut off */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_oip_split split;
        assert_int_equal(sv_oip_data_split(arena, sv_str_from(rows[i].request), NULL, &split),
                         SV_OK);
        if (!sv_str_eq(split.text, sv_str_from(rows[i].text)))
            fail_msg("%s: %.*s", rows[i].request, SV_STR_ARG(split.text));
        for (size_t k = 0; k < 2 && rows[i].spans[k]; k++)
            assert_true(k < split.n_spans &&
                        sv_str_eq(split.spans[k], sv_str_from(rows[i].spans[k])));
        sv_arena_free(arena);
    }
}

static sv_status split_deep(int levels)
{
    char text[512] = "{\"inputs\":[{\"data\":";
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_oip_split split;
    size_t len = strlen(text);
    memset(text + len, '[', (size_t)levels);
    memset(text + len + levels, ']', (size_t)levels);
    sv_status status = sv_oip_data_split(arena, sv_str_from(text), &error, &split);
    if (status)
        assert_string_equal(error.message,
                            "JSON nesting depth exceeds maximum allowed limit (100)");
    sv_arena_free(arena);
    return status;
}

static void test_depth(void **state)
{
    (void)state;
    assert_int_equal(split_deep(SV_OIP_MAX_DEPTH - 3), SV_OK);
    assert_int_equal(split_deep(SV_OIP_MAX_DEPTH - 2), SV_INVALID);
}

/* Reads a span; the elements stay in `elements`. */
static sv_status read_span(sv_dtype dtype, const char *span, size_t count, void *elements,
                           sv_error *error)
{
    sv_arena *arena = sv_arena_new(0);
    sv_oip_array array = {
        .name = SV_STR("x"), .span = sv_str_from(span), .dtype = dtype, .count = count};
    sv_status status = sv_oip_data_read(arena, &array, elements, error);
    sv_arena_free(arena);
    return status;
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        sv_dtype dtype;
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {SV_DTYPE_UINT8, "255", true, 255},
        {SV_DTYPE_UINT8, "256", false, 0},
        {SV_DTYPE_UINT8, "300", false, 0},
        {SV_DTYPE_UINT8, "-1", false, 0},
        {SV_DTYPE_UINT8, "-0", true, 0},
        {SV_DTYPE_UINT8, "1.0", false, 0},
        {SV_DTYPE_UINT8, "1e0", false, 0},
        {SV_DTYPE_INT8, "-128", true, -128},
        {SV_DTYPE_INT8, "-129", false, 0},
        {SV_DTYPE_INT8, "128", false, 0},
        {SV_DTYPE_UINT16, "65535", true, 65535},
        {SV_DTYPE_INT16, "-32768", true, -32768},
        {SV_DTYPE_UINT32, "4294967295", true, 4294967295},
        {SV_DTYPE_UINT32, "4294967296", false, 0},
        {SV_DTYPE_INT32, "-2147483648", true, -2147483648},
        {SV_DTYPE_INT64, "9223372036854775807", true, INT64_MAX},
        {SV_DTYPE_INT64, "-9223372036854775808", true, INT64_MIN},
        {SV_DTYPE_INT64, "9223372036854775808", false, 0},
        {SV_DTYPE_INT64, "-9223372036854775809", false, 0},
        {SV_DTYPE_UINT64, "18446744073709551615", true, -1},
        {SV_DTYPE_UINT64, "18446744073709551616", false, 0},
        {SV_DTYPE_INT32, "true", false, 0},
        {SV_DTYPE_INT32, "null", false, 0},
        {SV_DTYPE_INT32, "\"1\"", false, 0},
        {SV_DTYPE_INT32, "{}", false, 0},
        {SV_DTYPE_INT32, "01", false, 0},
        {SV_DTYPE_INT32, "+1", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char span[64];
        int64_t value = 0, expected = rows[i].value;
        snprintf(span, sizeof span, "[%s]", rows[i].text);
        sv_status status = read_span(rows[i].dtype, span, 1, &value, NULL);
        if ((status == SV_OK) != rows[i].good ||
            memcmp(&value, &expected, sv_tensor_dtype_size(rows[i].dtype)) != 0)
            fail_msg("%s %s", sv_tensor_dtype_name(rows[i].dtype), rows[i].text);
    }
}

static void test_floats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double value;
    } rows[] = {{"1", true, 1},
                {"-0.0", true, -0.0},
                {"0.1", true, 0.1},
                {"0.12345679104328156", true, 0.12345679104328156},
                {"1.7976931348623157e308", true, 1.7976931348623157e308},
                {"1e309", false, 0},
                {"4.9e-324", true, 4.9e-324},
                {"1e-400", true, 0},
                {"9007199254740993", true, 9007199254740992.0},
                {"123456789012345678901234567890", true, 123456789012345678901234567890.0},
                {"0.000000000000000000000000000000000001e36", true, 1},
                {"1E+2", true, 100},
                {"1e", false, 0},
                {".5", false, 0},
                {"5.", false, 0},
                {"-", false, 0},
                {"NaN", false, 0},
                {"Infinity", false, 0},
                {"true", false, 0},
                {"null", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char span[64];
        double value = 0;
        snprintf(span, sizeof span, "[%s]", rows[i].text);
        sv_status status = read_span(SV_DTYPE_FP64, span, 1, &value, NULL);
        if ((status == SV_OK) != rows[i].good ||
            (!status && memcmp(&value, &rows[i].value, 8) != 0))
            fail_msg("%s: %.17g", rows[i].text, value);
    }
    float narrow;
    assert_int_equal(read_span(SV_DTYPE_FP32, "[0.1]", 1, &narrow, NULL), SV_OK);
    assert_true(narrow == 0.1F);
    assert_int_equal(read_span(SV_DTYPE_FP32, "[1e39]", 1, &narrow, NULL), SV_INVALID);
}

/* Digits of every length and size against the C library. */
static void test_nearest_doubles(void **state)
{
    (void)state;
    uint64_t x = 1;
    for (int i = 0; i < 20000; i++) {
        char span[80];
        double value = 0;
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        snprintf(span, sizeof span, "[%s%llu.%0*llue%d]", i % 2 ? "-" : "",
                 (unsigned long long)(x >> (x % 64)), i % 9 + 1,
                 (unsigned long long)(x >> 32 & 0xff), i % 61 - 30);
        assert_int_equal(read_span(SV_DTYPE_FP64, span, 1, &value, NULL), SV_OK);
        if (value != strtod(span + 1, NULL))
            fail_msg("%s", span);
    }
    static const char *const middles[] = {
        "[9007199254740993]",
        "[9007199254740993.0]",
        "[0.5000000000000000555111512312578270]",
        "[1.00000000000000011102230246251565404236316680908203125]",
        "[8.5899345925e9]",
        "[2.4703282292062327e-324]"};
    for (size_t i = 0; i < sizeof middles / sizeof *middles; i++) {
        double value = 0;
        assert_int_equal(read_span(SV_DTYPE_FP64, middles[i], 1, &value, NULL), SV_OK);
        assert_true(value == strtod(middles[i] + 1, NULL));
    }
}

static void test_nesting_and_count(void **state)
{
    (void)state;
    static const struct {
        const char *span, *error; /* NULL: good */
    } rows[] = {
        {"[1,2,3]", NULL},
        {" [ [1 , 2] ,\n [[3]] ] " + 1, "failed to parse"}, /* a space behind */
        {"[[1,2],[[3]]]", NULL},
        {"[[],[1],[2,3]]", NULL},
        {"[1,2]", "Failed to parse 'data' field: shape does not match true shape"},
        {"[]", "Failed to parse 'data' field: shape does not match true shape"},
        {"[1,2,3,4]", "Shape does not match true shape of 'data' field"},
        {"[1,2,3,]", "failed to parse"},
        {"[1 2,3]", "failed to parse"},
        {"[,1,2,3]", "failed to parse"},
        {"[[1][2],3]", "failed to parse"},
        {"[1,,2,3]", "failed to parse"},
        {"[1,2,3", "failed to parse"},
        {"[[1,2,3]", "failed to parse"},
        {"[1,2,true]",
         "Unable to parse 'data': attempt to access JSON element 2 of input 'x' as INT32"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t values[3];
        sv_error error = {0};
        sv_status status = read_span(SV_DTYPE_INT32, rows[i].span, 3, values, &error);
        if (!rows[i].error) {
            assert_int_equal(status, SV_OK);
            assert_true(values[0] == 1 && values[1] == 2 && values[2] == 3);
        } else if (status != SV_INVALID ||
                   strncmp(error.message, rows[i].error, strlen(rows[i].error)) != 0) {
            fail_msg("%s: %s", rows[i].span, error.message);
        }
    }
}

static void test_other_types(void **state)
{
    (void)state;
    unsigned char truth[2];
    sv_str texts[3];
    sv_arena *arena = sv_arena_new(0);
    assert_int_equal(read_span(SV_DTYPE_BOOL, "[true,false]", 2, truth, NULL), SV_OK);
    assert_true(truth[0] == 1 && truth[1] == 0);
    assert_int_equal(read_span(SV_DTYPE_BOOL, "[1,0]", 2, truth, NULL), SV_INVALID);
    assert_int_equal(read_span(SV_DTYPE_BOOL, "[truefalse]", 2, truth, NULL), SV_INVALID);
    sv_oip_array array = {
        .span = SV_STR("[\"a\",\"\",\"\\u00e9\\n\"]"), .dtype = SV_DTYPE_BYTES, .count = 3};
    assert_int_equal(sv_oip_data_read(arena, &array, texts, NULL), SV_OK);
    assert_true(sv_str_eq(texts[0], SV_STR("a")) && !texts[1].len);
    assert_true(sv_str_eq(texts[2], SV_STR("\xc3\xa9\n")));
    static const char *const broken[] = {"[\"a]",         "[\"\x01\"]", "[\"\\x\"]", "[\"\xff\"]",
                                         "[\"\\ud800\"]", "[\"a\\",     "[5]"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        if (read_span(SV_DTYPE_BYTES, broken[i], 1, texts, NULL) != SV_INVALID)
            fail_msg("%s", broken[i]);
    uint16_t half;
    assert_int_equal(read_span(SV_DTYPE_FP16, "[1]", 1, &half, NULL), SV_INVALID);
    assert_int_equal(read_span(SV_DTYPE_BF16, "[1]", 1, &half, NULL), SV_INVALID);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splitting),       cmocka_unit_test(test_depth),
        cmocka_unit_test(test_integers),        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_nearest_doubles), cmocka_unit_test(test_nesting_and_count),
        cmocka_unit_test(test_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
