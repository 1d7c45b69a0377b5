/* What the server says about itself before, while and after models are loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/version.h>

#include "server_lab.h"

#include "model/load_step.h"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static bool is_true(const sv_value *object, const char *name)
{
    const sv_value *value = sv_value_get(object, sv_str_from(name));
    assert_non_null(value);
    assert_int_equal(sv_value_get_type(value), SV_VALUE_BOOL);
    return sv_value_bool(value);
}

static void assert_health(const char *status, bool loaded)
{
    sv_reply reply = sv_test_get(lab.client, "/health");
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "status"), sv_str_from(status)));
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "version"), SV_STR(SV_VERSION)));
    const sv_value *body = server_lab_json(&lab, &reply);
    assert_int_equal(is_true(body, "model_loaded"), loaded);
    (void)is_true(body, "gpu_available");
}

static void test_health(void **state)
{
    (void)state;
    assert_health("unhealthy", false);
    server_lab_load_version(&lab, "1");
    assert_health("unhealthy", false); /* the default is version 2 */
    server_lab_load_version(&lab, "2");
    assert_health("healthy", true);
}

static void test_degraded_while_a_version_is_missing(void **state)
{
    (void)state;
    server_lab_load_version(&lab, "2");
    assert_health("degraded", true);
}

static void test_ready(void **state)
{
    (void)state;
    sv_reply reply = sv_test_get(lab.client, "/health/ready");
    assert_int_equal(reply.status, 503);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "Retry-After"), SV_STR("1")));
    server_lab_load_version(&lab, "2");
    static const char *const paths[] = {"/health/ready", "/health/ready?model=digits"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        reply = sv_test_get(lab.client, paths[i]);
        assert_int_equal(reply.status, 200);
        assert_true(sv_str_eq(reply.body, SV_STR("{\"status\":\"ready\"}")));
    }
    assert_int_equal(sv_test_get(lab.client, "/health/ready?model=nothing").status, 404);
}

static void test_a_failed_model_says_why(void **state)
{
    (void)state;
    sv_model *model = sv_registry_find(lab.runtime.registry, SV_STR("digits"));
    sv_model_version *version = sv_registry_find_version(model, SV_STR("2"));
    const sv_load_step step = {.registry = lab.runtime.registry};
    sv_error error = {0};
    model->files->source.versions[1].file = "/nowhere/model.onnx";
    assert_int_not_equal(sv_load_step_run(&step, version, &error), SV_OK);
    sv_reply reply = sv_test_get(lab.client, "/health/ready");
    assert_int_equal(reply.status, 503);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "model digits is failed: ", 24));
    assert_health("unhealthy", false);
}

static void test_live(void **state)
{
    (void)state;
    sv_reply reply = sv_test_get(lab.client, "/health/live");
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(reply.body, SV_STR("{\"status\":\"alive\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_degraded_while_a_version_is_missing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_model_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
