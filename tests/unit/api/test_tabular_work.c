/* Rows of tables over HTTP: lists and objects, a matrix and columns, and everything refused. */
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
    static const char *const models[] = {DATA "table.onnx", DATA "columns.onnx", NULL};
    (void)state;
    server_lab_open(&lab, models);
    server_lab_load(&lab);
    return 0;
}

static int set_up_named(void **state)
{
    static const char *const models[] = {DATA "table.onnx", "--set",
                                         "table.preprocess.columns=[a, b, c]", NULL};
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

typedef struct exchange {
    const char *model, *body;
    int status;
    const char *part; /* of the answer's body */
} exchange;

static void check(const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char path[256];
        snprintf(path, sizeof path, "/api/v1/models/%s/predict", cases[i].model);
        sv_reply reply = sv_test_post(lab.client, path, cases[i].body);
        if (reply.status != cases[i].status ||
            !memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part)))
            fail_msg("%s %s: %d %.*s", cases[i].model, cases[i].body, reply.status,
                     SV_STR_ARG(reply.body));
    }
}

static void test_rows(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {"table", "{\"rows\":[[0.25,0.5,0.25],[1,0,0]]}", 200,
         "{\"predictions\":[{\"label\":\"1\",\"confidence\":0.5,\"probabilities\":{\"0\":0.25,"
         "\"1\":0.5,\"2\":0.25}},{\"label\":\"0\",\"confidence\":1.0,\"probabilities\":{\"0\":1.0,"
         "\"1\":0.0,\"2\":0.0}}],\"model_version\":\"1\",\"inference_time_ms\":"},
        {"table", "{\"rows\":[[0,0,100]]}", 200, "{\"label\":\"2\",\"confidence\":1.0,"},
        {"table", "{\"inputs\":{\"x\":[[1,2,3]]},\"outputs\":[\"label\"]}", 200,
         "{\"outputs\":{\"label\":[2]},"},
        {"columns", "{\"rows\":[{\"kind\":\"cat\",\"size\":0},[0,\"dog\"]]}", 200,
         "{\"predictions\":[{\"label\":\"cat\",\"confidence\":0.5,\"probabilities\":{\"0\":0.5,"
         "\"1\":0.5}},{\"label\":\"dog\","},
        {"columns", "{\"rows\":[{\"kind\":\"cat\",\"size\":0,\"more\":null}]}", 200,
         "{\"label\":\"cat\","},
    };
    check(cases, sizeof cases / sizeof *cases);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {"table", "{\"rows\":[]}", 422, "Expected at least one row"},
        {"table", "{}", 422, "\"type\":\"missing\",\"loc\":[\"body\",\"rows\"]"},
        {"table", "{\"rows\":{}}", 422, "\"type\":\"list_type\",\"loc\":[\"body\",\"rows\"]"},
        {"table", "{\"rows\":[[1,2,3],4]}", 422,
         "\"type\":\"list_type\",\"loc\":[\"body\",\"rows\",1]"},
        {"table", "{\"rows\":[[1,2,3],[1,2]]}", 422,
         "\"loc\":[\"body\",\"rows\",1],\"msg\":\"Value error, Expected 3 values, one for each "
         "column, not 2\""},
        {"table", "{\"rows\":[[1,2,\"3\"]]}", 422,
         "\"type\":\"float_type\",\"loc\":[\"body\",\"rows\",0,2]"},
        {"table", "{\"rows\":[[1,2,\"3\"],[null,1,1]]}", 422,
         "{\"type\":\"float_type\",\"loc\":[\"body\",\"rows\",1,0]"},
        {"table", "{\"rows\":[[1,2],[1,2,3],{}]}", 422, "\"loc\":[\"body\",\"rows\",2]"},
        {"columns", "{\"rows\":[{}]}", 422,
         "{\"type\":\"missing\",\"loc\":[\"body\",\"rows\",0,\"kind\"]"},
        {"table", "{\"rows\":[[1,2,[3]]]}", 422, "\"loc\":[\"body\",\"rows\",0,2]"},
        {"table", "{\"rows\":[{\"a\":1,\"b\":2,\"c\":3}]}", 422, "have no names, send lists"},
        {"columns", "{\"rows\":[{\"size\":1}]}", 422,
         "\"type\":\"missing\",\"loc\":[\"body\",\"rows\",0,\"kind\"]"},
        {"columns", "{\"rows\":[{\"size\":1,\"size\":1}]}", 422,
         "\"type\":\"missing\",\"loc\":[\"body\",\"rows\",0,\"kind\"]"},
        {"columns", "{\"rows\":[{\"size\":1,\"kind\":2}]}", 422,
         "\"type\":\"string_type\",\"loc\":[\"body\",\"rows\",0,\"kind\"]"},
    };
    check(cases, sizeof cases / sizeof *cases);
}

static void test_named_columns(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {"table", "{\"rows\":[{\"c\":0,\"a\":0.25,\"b\":0.75}]}", 200,
         "{\"label\":\"1\",\"confidence\":0.75,"},
        {"table", "{\"rows\":[{\"c\":0,\"a\":0.25}]}", 422, "\"loc\":[\"body\",\"rows\",0,\"b\"]"},
        {"table", "{\"rows\":[[0.25,0.75,0]]}", 200, "{\"label\":\"1\",\"confidence\":0.75,"},
    };
    check(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_named_columns, set_up_named, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
