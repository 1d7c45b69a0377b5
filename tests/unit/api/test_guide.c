/* The three tests that a guide to serving models asks of every server: it is healthy, it predicts,
 * it refuses an empty address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static void test_health_check(void **state)
{
    (void)state;
    sv_reply reply = sv_test_get(lab.client, "/health");
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "status"), SV_STR("healthy")));
}

static void test_prediction(void **state)
{
    (void)state;
    sv_reply reply =
        sv_test_post(lab.client, "/api/v1/predict", server_lab_body(&lab, "digit-7.png"));
    assert_int_equal(reply.status, 200);
    const sv_value *predictions =
        sv_value_get(server_lab_json(&lab, &reply), SV_STR("predictions"));
    assert_non_null(predictions);
    assert_int_equal(sv_value_get_type(predictions), SV_VALUE_ARRAY);
    assert_true(sv_value_len(predictions) > 0);
}

static void test_invalid_image_url(void **state)
{
    (void)state;
    sv_reply reply = sv_test_post(lab.client, "/api/v1/predict", "{\"image_url\": \"\"}");
    assert_int_equal(reply.status, 422);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_health_check, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_prediction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_invalid_image_url, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
