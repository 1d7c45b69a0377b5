/* Tensors over HTTP: models of tests/data/engine, what comes out of them, and everything that is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

#define DATA SV_SOURCE_DIR "/tests/data/engine/"

static server_lab lab;

static int set_up(void **state)
{
    static const char *const models[] = {DATA "add.onnx",      DATA "pick.onnx",
                                         DATA "scalar.onnx",   DATA "types.onnx",
                                         DATA "sequence.onnx", NULL};
    (void)state;
    server_lab_open(&lab, models);
    server_lab_load(&lab);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static sv_reply post(const char *model, const char *body)
{
    char path[256];
    snprintf(path, sizeof path, "/api/v1/models/%s/predict", model);
    return sv_test_post(lab.client, path, body);
}

static bool has(const sv_reply *reply, const char *part)
{
    return memmem(reply->body.ptr, reply->body.len, part, strlen(part)) != NULL;
}

typedef struct exchange {
    const char *model, *body;
    int status;
    const char *part; /* of the answer's body */
} exchange;

static void check_one(const exchange *one, const char *body)
{
    sv_reply reply = post(one->model, body);
    if (reply.status != one->status || !has(&reply, one->part))
        fail_msg("%s %s: %d %.*s", one->model, one->body, reply.status, SV_STR_ARG(reply.body));
    (void)server_lab_json(&lab, &reply);
}

/* Each also with spaces behind it: large bodies are read in another way, which nobody sees. */
static void check(const exchange *cases, size_t n)
{
    enum { LARGE = 20000 };
    for (size_t i = 0; i < n; i++) {
        char body[LARGE + 1];
        snprintf(body, sizeof body, "%-*s", LARGE, cases[i].body);
        check_one(&cases[i], cases[i].body);
        check_one(&cases[i], body);
    }
}

static void test_answers(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {"add", "{\"inputs\":{\"a\":[[1,2,3]],\"b\":[[10,20,30.5]]}}", 200,
         "{\"outputs\":{\"sum\":[[11.0,22.0,33.5]],\"difference\":[[-9.0,-18.0,-27.5]]},"
         "\"model_version\":\"1\",\"inference_time_ms\":"},
        {"add/versions/v1", "{\"inputs\":{\"b\":[[1,1,1]],\"a\":[[1,2,3]]},\"outputs\":[\"sum\"]}",
         200, "{\"outputs\":{\"sum\":[[2.0,3.0,4.0]]},"},
        {"add", "{\"inputs\":{\"a\":[],\"b\":[]}}", 200, "\"sum\":[]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,3]],\"b\":[[1,2,3]]},\"outputs\":[]}", 200,
         "\"difference\":[[0.0,0.0,0.0]]"},
        {"scalar", "{\"inputs\":{\"x\":2}}", 200, "\"y\":-2.0"},
        {"sequence", "{\"inputs\":{\"x\":[1]},\"outputs\":[\"y\"]}", 200, "\"y\":[-1.0]"},
    };
    check(cases, sizeof cases / sizeof *cases);
    sv_reply reply = post("add", cases[0].body);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "X-Model"), SV_STR("add")));
    sv_str timing = sv_reply_header_value(&reply, "Server-Timing");
    assert_non_null(memmem(timing.ptr, timing.len, "infer;dur=", 10));
    assert_non_null(memmem(timing.ptr, timing.len, "encode;dur=", 11));
}

/* Every datatype comes back as it was sent. */
static void test_types(void **state)
{
    (void)state;
    static const char body[] =
        "{\"inputs\":{\"in_BOOL\":[true,false],\"in_UINT8\":[0,255],\"in_UINT16\":[65535,0],"
        "\"in_UINT32\":[4294967295,1],\"in_UINT64\":[18446744073709551615,0],\"in_INT8\":[-128,127]"
        ","
        "\"in_INT16\":[-32768,32767],\"in_INT32\":[-2147483648,0],\"in_INT64\":[-"
        "9223372036854775808,0],"
        "\"in_FP16\":[0.5,-2.0],\"in_FP32\":[0.25,1.0],\"in_FP64\":[0.1,1.0],\"in_BF16\":[2.0,0.5],"
        "\"in_BYTES\":[\"\",\"caf\xc3\xa9\"]}}";
    static const char *const parts[] = {
        "\"out_BOOL\":[true,false]",    "\"out_UINT8\":[0,255]",
        "\"out_UINT16\":[65535,0]",     "\"out_UINT32\":[4294967295,1]",
        "\"out_INT8\":[-128,127]",      "\"out_UINT64\":[18446744073709551615,0]",
        "\"out_INT16\":[-32768,32767]", "\"out_INT32\":[-2147483648,0]",
        "\"out_FP16\":[0.5,-2.0]",      "\"out_INT64\":[-9223372036854775808,0]",
        "\"out_FP32\":[0.25,1.0]",      "\"out_FP64\":[0.1,1.0]",
        "\"out_BF16\":[2.0,0.5]",       "\"out_BYTES\":[\"\",\"caf\xc3\xa9\"]"};
    sv_reply reply = post("types", body);
    assert_int_equal(reply.status, 200);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!has(&reply, parts[i]))
            fail_msg("%s not in %.*s", parts[i], SV_STR_ARG(reply.body));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {"add", "{}", 422, "{\"type\":\"missing\",\"loc\":[\"body\",\"inputs\"]"},
        {"add", "{\"inputs\":[]}", 422, "\"type\":\"dict_type\",\"loc\":[\"body\",\"inputs\"]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,3],[1,2]],\"b\":[]}}", 422,
         "\"loc\":[\"body\",\"inputs\",\"a\",1]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,\"3\"]],\"b\":[]}}", 422,
         "\"type\":\"float_type\",\"loc\":[\"body\",\"inputs\",\"a\",0,2]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,\"3\"]],\"b\":[[null,1,1]]}}", 422,
         "{\"type\":\"float_type\",\"loc\":[\"body\",\"inputs\",\"b\",0,0]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,1e400]],\"b\":[]}}", 422, "finite_number"},
        {"add", "{\"inputs\":{},\"outputs\":\"sum\"}", 422,
         "\"type\":\"list_type\",\"loc\":[\"body\",\"outputs\"]"},
        {"add", "{\"inputs\":{},\"outputs\":[1]}", 422,
         "\"type\":\"string_type\",\"loc\":[\"body\",\"outputs\",0]"},
        {"add", "{\"inputs\":{\"a\":[[1,2,3]]}}", 400,
         "missing input 'b'; the model has 'a' FP32 [-1,3], 'b' FP32 [-1,3]"},
        {"add", "{\"inputs\":{\"c\":1}}", 400, "unknown input 'c'; the model has 'a' FP32"},
        {"add", "{\"inputs\":{\"a\":[],\"a\":[],\"b\":[]}}", 400, "more than one input 'a'"},
        {"add", "{\"inputs\":{\"a\":[],\"a\":[],\"a\":[],\"a\":[],\"b\":[]}}", 400,
         "more than one input 'a'"},
        {"add", "{\"inputs\":{\"a\":[[1,2]],\"b\":[[1,2]]}}", 400,
         "input 'a' has shape [1,2], expected [-1,3]"},
        {"add", "{\"inputs\":{\"a\":[],\"b\":[]},\"outputs\":[\"x\"]}", 400,
         "unknown output 'x'; the model has 'sum' FP32 [-1,3], 'difference' FP32 [-1,3]"},
        {"sequence", "{\"inputs\":{\"x\":[1]}}", 400, "output 'list' is a "},
        {"pick", "{\"inputs\":{\"index\":[4]}}", 400, "indices element out of data bounds"},
        {"add", "{\"inputs\":{\"a\":[[3e38,0,0]],\"b\":[[3e38,0,0]]}}", 500,
         "\"INVALID_MODEL_OUTPUT\",\"message\":\"Output 'sum' has a number that is not finite\""},
    };
    check(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
