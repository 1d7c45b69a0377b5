/* What surrounds the work of a model: which version it gets, what the call is told when there is
 * none, and the end of the call. By a work of its own, without an endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/model_work.h"
#include "server_lab.h"

static server_lab lab;
static sv_call call;
static sv_timeline timeline;
static sv_http_header header_line;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    timeline = (sv_timeline){0};
    memset(&call, 0, sizeof call);
    call.arena = sv_arena_new(0);
    assert_non_null(call.arena);
    call.timeline = &timeline;
    call.user_state = &lab.runtime.services;
    call.request.deadline_ns = SV_NEVER;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(call.arena); /* what it holds first */
    server_lab_close(&lab);
    return 0;
}

static sv_status begin_nothing(sv_model_work *work)
{
    assert_ptr_equal(work->instance->version, work->version);
    return SV_OK;
}

static void test_finding(void **state)
{
    (void)state;
    static const struct {
        const char *model, *version, *header;
        const sv_error_kind *failure;
        const char *found;
    } cases[] = {
        {"", "", NULL, NULL, "2"},
        {"digits", "", NULL, NULL, "2"},
        {"digits", "1", NULL, NULL, "1"},
        {"digits", "v1", "2", NULL, "1"},
        {"digits", "", "1", NULL, "1"},
        {"nothing", "", NULL, &sv_kind_model_not_found, NULL},
        {"digits", "9", NULL, &sv_kind_model_version_not_found, NULL},
        {"digits", "", "9", &sv_kind_model_version_not_found, NULL},
    };
    server_lab_load(&lab);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_model_work work = {.call = &call, .begin = begin_nothing};
        call.result = (sv_call_result){0};
        header_line = (sv_http_header){SV_STR("x-model-version"), sv_str_from(cases[i].header)};
        call.request.headers = &header_line;
        call.request.n_headers = cases[i].header ? 1 : 0;
        const sv_wish wish = {.model = sv_str_from(cases[i].model),
                              .version = sv_str_from(cases[i].version)};
        sv_status status = sv_model_work_start(&work, &wish);
        assert_int_equal(status, cases[i].failure ? SV_FAILED : SV_OK);
        assert_ptr_equal(call.result.failure, cases[i].failure);
        if (status)
            continue;
        assert_true(sv_str_eq(work.version->name, sv_str_from(cases[i].found)));
        assert_int_equal(call.result.n_headers, 2);
        assert_string_equal(timeline.model, "digits");
        assert_string_equal(timeline.version, cases[i].found);
    }
}

static void test_a_version_that_is_not_loaded(void **state)
{
    (void)state;
    sv_model_work work = {.call = &call, .begin = begin_nothing};
    const sv_wish wish = {.model = SV_STR("digits"), .version = SV_STR("1")};
    assert_int_equal(sv_model_work_start(&work, &wish), SV_FAILED);
    assert_ptr_equal(call.result.failure, &sv_kind_model_not_loaded);
    assert_true(sv_str_eq(call.result.message, SV_STR("Model digits is not loaded")));
}

static void test_times(void **state)
{
    (void)state;
    sv_model_work work = {.call = &call, .begin = begin_nothing};
    server_lab_load(&lab);
    assert_int_equal(sv_model_work_start(&work, &(sv_wish){.model = SV_STR("digits")}), SV_OK);
    work.started_ns -= 12345678;
    double ms = sv_model_work_elapsed_ms(&work);
    assert_true(ms >= 12.34 && ms < 10000);
    int64_t since = work.started_ns;
    sv_model_work_add_stage(&work, SV_STAGE_FETCH, &since);
    assert_true(timeline.stage_ns[SV_STAGE_FETCH] >= 12345678 && since > work.started_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_version_that_is_not_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_times, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
