/* A model by its name in the path: which version answers, what depends on the task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static void test_pictures(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
        const char *part;
    } cases[] = {
        {"digits/predict", 200, "\"model_version\":\"2\""},
        {"digits/predict", 200, "{\"predictions\":[{\"label\":\"7\",\"confidence\":"},
        {"digits/predict?model_version=1", 200, "\"model_version\":\"1\""},
        {"digits/versions/1/predict", 200, "\"model_version\":\"1\""},
        {"digits/versions/v2/predict", 200, "\"model_version\":\"2\""},
        {"digits/predict?top_k=0", 422, "greater than or equal to 1"},
        {"digits/versions/9/predict", 404, "\"available\":[\"1\",\"2\"]"},
        {"nothing/predict", 404, "MODEL_NOT_FOUND"},
        {"nothing/versions/1/predict", 404, "MODEL_NOT_FOUND"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256] = "/api/v1/models/";
        sv_reply reply = sv_test_post(lab.client, strcat(path, cases[i].path),
                                      server_lab_body(&lab, "digit-7.png"));
        if (reply.status != cases[i].status ||
            !memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part)))
            fail_msg("%s: %d %.*s", cases[i].path, reply.status, SV_STR_ARG(reply.body));
    }
}

/* The same answer as that of /api/v1/predict, but for the time. */
static void test_the_same_as_by_default(void **state)
{
    (void)state;
    sv_str picture = server_lab_picture(&lab, "digit-7.png");
    static const char headers[] = "Content-Type: image/png\r\n";
    sv_reply one = sv_test_request(lab.client, "POST", "/api/v1/predict?top_k=3", headers, picture);
    sv_reply two = sv_test_request(lab.client, "POST", "/api/v1/models/digits/predict?top_k=3",
                                   headers, picture);
    char *end = memmem(one.body.ptr, one.body.len, "\"inference_time_ms\"", 19);
    assert_non_null(end);
    assert_memory_equal(one.body.ptr, two.body.ptr, (size_t)(end - one.body.ptr));
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "\"type\":\"missing\",\"loc\":[\"body\",\"image_url\"]"},
        {"{\"image_url\":\"\"}", "at least 1 character"},
        {"{\"image_url\":7}", "valid string"},
        {"[]", "\"loc\":[\"body\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_reply reply = sv_test_post(lab.client, "/api/v1/models/digits/predict", cases[i][0]);
        assert_int_equal(reply.status, 422);
        assert_non_null(memmem(reply.body.ptr, reply.body.len, cases[i][1], strlen(cases[i][1])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pictures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_as_by_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_addresses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
