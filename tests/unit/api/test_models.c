/* What is told of models: before they are loaded, afterwards, and of one that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

#define DATA SV_SOURCE_DIR "/tests/data/engine/"

static server_lab lab;

static int set_up(void **state)
{
    static const char *const models[] = {DATA "add.onnx", DATA "garbage.onnx", NULL};
    (void)state;
    server_lab_open(&lab, models);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static void expect(const char *path, int status, const char *const *parts)
{
    sv_reply reply = sv_test_get(lab.client, path);
    assert_int_equal(reply.status, status);
    for (; *parts; parts++)
        if (!memmem(reply.body.ptr, reply.body.len, *parts, strlen(*parts)))
            fail_msg("%s: no %s in %.*s", path, *parts, SV_STR_ARG(reply.body));
}

static void test_before_loading(void **state)
{
    (void)state;
    expect("/api/v1/models", 200,
           (const char *const[]){"{\"models\":[{\"name\":\"add\",\"task\":null,\"engine\":"
                                 "\"onnxruntime\",\"state\":\"absent\",\"default_version\":\"1\","
                                 "\"versions\":[{\"version\":\"1\",\"state\":\"absent\"}]},",
                                 "{\"name\":\"digits\",", NULL});
}

static void test_loaded_and_failed(void **state)
{
    (void)state;
    server_lab_load(&lab);
    expect("/api/v1/models/add", 200,
           (const char *const[]){"{\"name\":\"add\",\"task\":\"tensor\",",
                                 "\"versions\":[{\"version\":\"1\",\"state\":\"ready\","
                                 "\"memory_bytes\":",
                                 NULL});
    expect("/api/v1/models/digits", 200,
           (const char *const[]){"\"task\":\"image-classification\"", "\"default_version\":\"2\"",
                                 "{\"version\":\"1\",\"state\":\"ready\"", NULL});
    expect("/api/v1/models/garbage", 200,
           (const char *const[]){"\"state\":\"failed\",\"default_version\":\"1\"",
                                 "{\"version\":\"1\",\"state\":\"failed\",\"reason\":\"", NULL});
}

static void test_unknown(void **state)
{
    (void)state;
    expect("/api/v1/models/nothing", 404, (const char *const[]){"\"MODEL_NOT_FOUND\"", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_before_loading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loaded_and_failed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
