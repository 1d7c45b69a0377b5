/* Bodies that are no JSON, or not the JSON that a model needs: refused in the words of any other
 * route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/model_body.h"
#include "server_lab.h"

#define DATA SV_SOURCE_DIR "/tests/data/engine/"
#define JSON "Content-Type: application/json\r\n"

static server_lab lab;

static int set_up(void **state)
{
    static const char *const models[] = {DATA "add.onnx", NULL};
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

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body;
        int status;
        const char *part;
    } cases[] = {
        {NULL, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"},
        {"Content-Type: text/plain\r\n", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"},
        {"Content-Type: image/png\r\n", "{}", 415,
         "This model takes application/json, not image/png"},
        {JSON, "", 422, "{\"type\":\"missing\",\"loc\":[\"body\"]"},
        {JSON, "{\"inputs\":", 422, "json_invalid"},
        {JSON, "{\"inputs\":NaN}", 422, "json_invalid"},
        {JSON, "{\"a\":\"\xff\"}", 400, "INVALID_JSON"},
        {JSON, "{\"a\":\"\\ud800\"}", 400, "INVALID_JSON"},
        {JSON, "[]", 422, "\"type\":\"model_attributes_type\",\"loc\":[\"body\"]"},
        {JSON, "null", 422, "\"loc\":[\"body\"]"},
        {"Content-Type: application/vnd.x+json\r\n", "{}", 422, "\"loc\":[\"body\",\"inputs\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_reply reply = sv_test_request(lab.client, "POST", "/api/v1/models/add/predict",
                                         cases[i].headers, sv_str_from(cases[i].body));
        if (reply.status != cases[i].status ||
            !memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part)))
            fail_msg("case %zu: %d %.*s", i, reply.status, SV_STR_ARG(reply.body));
    }
}

static void test_members(void **state)
{
    (void)state;
    sv_value_error problem;
    const sv_value *body, *found;
    sv_errors errors;
    sv_errors_init(&errors, lab.runtime.arena);
    assert_int_equal(
        sv_value_parse(lab.runtime.arena, SV_STR("{\"a\":[1],\"b\":{}}"), NULL, &problem, &body),
        SV_OK);
    assert_int_equal(sv_model_body_get(body, SV_STR("a"), SV_VALUE_ARRAY, &errors, &found), SV_OK);
    assert_int_equal(sv_value_len(found), 1);
    assert_int_equal(sv_model_body_get(body, SV_STR("b"), SV_VALUE_OBJECT, &errors, &found), SV_OK);
    assert_int_equal(sv_model_body_get(body, SV_STR("b"), SV_VALUE_ARRAY, &errors, &found),
                     SV_INVALID);
    assert_int_equal(sv_errors_get(&errors, 0).type, SV_ERROR_TYPE_LIST_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
