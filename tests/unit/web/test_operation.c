/* Wrong tables: every mistake is told, and the application does not start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/application.h"
#include "web/operation.h"

struct body {
    sv_str text;
};
struct params {
    int64_t id;
};
SV_SCHEMA(body, SV_FIELD(body, text, .min_len = 5, .max_len = 2, .default_json = "nonsense"));
SV_SCHEMA(params, SV_FIELD(params, id, .in = SV_IN_PATH));

SV_HANDLER(wrong_body, body, sv_none);
static sv_status wrong_body(sv_call *call, const struct body *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}
SV_HANDLER_PARAMS(with_params, params, sv_none, sv_none);
static sv_status with_params(sv_call *call, const struct params *params, const struct sv_none *in,
                             struct sv_none *out)
{
    (void)call, (void)params, (void)in, (void)out;
    return SV_OK;
}

static const sv_error_kind no_status = {"NO_STATUS", 0, "No status", NULL};
static const sv_error_kind *const errors[] = {&no_status, NULL};
static const sv_operation table[] = {{"POST", "/a", &wrong_body_handler},
                                     {"FETCH", "/b/{id}", &with_params_handler},
                                     {"GET", "/c", &with_params_handler},
                                     {"GET", "/d/{other}", &with_params_handler},
                                     {"GET", "/e/{id}", NULL},
                                     {"GET", "f/{id}", &with_params_handler},
                                     {"GET", "/g/{id}", &with_params_handler, .errors = errors},
                                     {"GET", "/h/{id}", &with_params_handler, .status = 99},
                                     {"GET", "/i/{id}", &with_params_handler},
                                     {"GET", "/i/{id}", &with_params_handler},
                                     {0}};

static void test_every_mistake_is_listed(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "POST /a: ",
        "min_len",
        "default_json",
        "FETCH /b/{id}: unknown method",
        "GET /c: the path has no segment for parameter id",
        "GET /d/{other}: the parameter schema has no field for a segment of the path: other",
        "GET /e/{id}: a row needs",
        "GET f/{id}: ",
        "NO_STATUS",
        "GET /h/{id}: `status`",
        "GET /i/{id}: "};
    const sv_operation *tables[] = {table};
    sv_application_config config = {.tables = tables, .n_tables = 1};
    sv_application *application = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1 << 20);
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_INVALID);
    assert_null(application);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!memmem(problems.ptr, problems.len, wanted[i], strlen(wanted[i])))
            fail_msg("not told: %s in\n%.*s", wanted[i], SV_STR_ARG(sv_buf_str(&problems)));
    sv_buf_deinit(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
