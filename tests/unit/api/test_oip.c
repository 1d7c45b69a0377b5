/* test_oip.c: the endpoints below /v2 but inference, as the server wires them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static sv_reply post(const char *path, const char *body)
{
    return sv_test_request(lab.client, "POST", path, NULL, sv_str_from(body));
}

static void expect(sv_reply reply, int status, const char *body)
{
    if (reply.status != status || !sv_str_eq(reply.body, sv_str_from(body)))
        fail_msg("%d %.*s", reply.status, SV_STR_ARG(reply.body));
}

/* Before anything is loaded. */
static void test_before_loading(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    expect(sv_test_get(lab.client, "/v2/health/live"), 200, "{\"live\":true}");
    expect(sv_test_get(lab.client, "/v2/health/ready"), 503,
           "{\"error\":\"Model 'digits' is not ready\"}");
    expect(sv_test_get(lab.client, "/v2/models/digits/ready"), 503,
           "{\"error\":\"Model version not ready\"}");
    expect(sv_test_get(lab.client, "/v2/models/digits"), 503,
           "{\"error\":\"Request for unknown model: 'digits' version 2 is not at ready state\"}");
    expect(post("/v2/models/digits/infer", "{}"), 503,
           "{\"error\":\"Request for unknown model: 'digits' version 2 is not at ready state\"}");
    expect(post("/v2/repository/index", ""), 200, "[{\"name\":\"digits\"},{\"name\":\"digits\"}]");
    expect(post("/v2/repository/index", "{\"ready\":true}"), 200, "[]");
    assert_int_equal(post("/v2/repository/models/nobody/load", "").status, 404);
    /* Nobody loads in this server. */
    assert_int_equal(post("/v2/repository/models/digits/load", "{}").status, 503);
    server_lab_close(&lab);
}

static void test_once_loaded(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    expect(sv_test_get(lab.client, "/v2/health/ready"), 200, "{\"ready\":true}");
    expect(sv_test_get(lab.client, "/v2/models/digits/versions/1/ready"), 200,
           "{\"name\":\"digits\",\"ready\":true}");
    expect(post("/v2/repository/index", ""), 200,
           "[{\"name\":\"digits\",\"version\":\"1\",\"state\":\"READY\"},"
           "{\"name\":\"digits\",\"version\":\"2\",\"state\":\"READY\"}]");
    expect(post("/v2/repository/models/digits/load", ""), 200,
           "{\"name\":\"digits\",\"load\":true}");
    (void)post("/v2/repository/models/digits/unload",
               "{\"parameters\":{\"unload_dependents\":false}}");
    /* Nobody frees them in this server. */
    expect(post("/v2/repository/index", ""), 200,
           "[{\"name\":\"digits\",\"version\":\"1\",\"state\":\"UNLOADING\"},"
           "{\"name\":\"digits\",\"version\":\"2\",\"state\":\"UNLOADING\"}]");
    server_lab_close(&lab);
}

/* Wrong in every state: one text, never a page of another dialect. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        int status;
    } rows[] = {
        {"GET", "/v2/nothing", "", 404},
        {"GET", "/v2/models", "", 404},
        {"GET", "/v2/models/x", "", 404},
        {"GET", "/v2/models/digits/versions/9", "", 404},
        {"GET", "/v2/models/digits/stats/", "", 404},
        {"PUT", "/v2/models/digits", "", 405},
        {"POST", "/v2/health/live", "", 405},
        {"POST", "/v2/repository/index", "[]", 400},
        {"POST", "/v2/repository/index", "{\"ready\":0}", 400},
        {"POST", "/v2/repository/models/x/load", "", 404},
        {"POST", "/v2/repository/models/digits/load", "5", 400},
        {"POST", "/v2/repository/models/digits/load", "{\"parameters\":[]}", 400},
        {"POST", "/v2/repository/models/digits/load", "{\"parameters\":{\"a\":\"b\"}}", 400},
        {"POST", "/v2/repository/models/digits/load", "{\"parameters\":{\"config\":5}}", 400},
        {"POST", "/v2/repository/models/digits/load", "{\"parameters\":{\"config\":\"\"}}", 501},
        {"POST", "/v2/repository/a/index", "", 501},
        {"POST", "/v2/repository/a/models/digits/load", "", 501},
    };
    server_lab_open(&lab, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_reply reply = sv_test_request(lab.client, rows[i].method, rows[i].path, NULL,
                                         sv_str_from(rows[i].body));
        const sv_value *error = server_lab_json(&lab, &reply);
        if (reply.status != rows[i].status || sv_value_len(error) != 1 ||
            !server_lab_text(&lab, &reply, "error").len)
            fail_msg("%s %s: %d %.*s", rows[i].method, rows[i].path, reply.status,
                     SV_STR_ARG(reply.body));
    }
    server_lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_loading),
        cmocka_unit_test(test_once_loaded),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
