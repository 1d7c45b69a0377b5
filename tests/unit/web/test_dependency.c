/* What a call depends on: opened once and in order, closed in reverse, refusing in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_lab.h"

struct session {
    int number;
};
struct page {
    int64_t skip, limit;
};
struct number {
    int64_t value;
};
SV_SCHEMA(page, SV_FIELD(page, skip, .default_json = "0", SV_GE(0)),
          SV_FIELD(page, limit, .default_json = "10", SV_LE(100)));
SV_SCHEMA(number, SV_FIELD(number, value));

static const sv_error_kind no_key = {"NO_KEY", 401, "No key"};

SV_DEPENDENCY(key, sv_str, key_open, key_close);
static sv_status key_open(sv_call *call, sv_str *ret)
{
    *ret = sv_request_header(call, "x-key");
    return ret->ptr ? SV_OK : sv_fail(call, &no_key, "A key is needed");
}
static void key_close(sv_call *call, sv_str *value)
{
    (void)call, (void)value;
    lab_note("key_closed");
}

/* Opens another one on its way. */
SV_DEPENDENCY(session, struct session, session_open, session_close);
static sv_status session_open(sv_call *call, struct session *ret)
{
    if (!key_of(call))
        return SV_FAILED;
    lab_note("open");
    ret->number = 7;
    return SV_OK;
}
static void session_close(sv_call *call, struct session *session)
{
    lab_note(sv_has_failed(call) ? "rollback" : "commit");
    if (session->number == 13)
        sv_fail(call, &sv_kind_conflict, "could not commit");
}

SV_DEPENDENCY_PARAMS(paging, struct page, page, paging_open, paging_close);
static sv_status paging_open(sv_call *call, const struct page *params, struct page *ret)
{
    (void)call;
    *ret = *params;
    lab_note("paging");
    return SV_OK;
}
static void paging_close(sv_call *call, struct page *page)
{
    (void)call, (void)page;
}

SV_DEPENDENCY(pretended, struct session, pretended_open, pretended_close);
static sv_status pretended_open(sv_call *call, struct session *ret)
{
    (void)call;
    ret->number = 99;
    return SV_OK;
}
static void pretended_close(sv_call *call, struct session *session)
{
    (void)call, (void)session;
}

/* Two that need each other. */
SV_DEPENDENCY(hen, struct session, hen_open, hen_close);
SV_DEPENDENCY(egg, struct session, egg_open, egg_close);
static sv_status hen_open(sv_call *call, struct session *ret)
{
    (void)ret;
    return egg_of(call) ? SV_OK : SV_FAILED;
}
static void hen_close(sv_call *call, struct session *value)
{
    (void)call, (void)value;
}
static sv_status egg_open(sv_call *call, struct session *ret)
{
    (void)ret;
    return hen_of(call) ? SV_OK : SV_FAILED;
}
static void egg_close(sv_call *call, struct session *value)
{
    (void)call, (void)value;
}

/* Uses itself and others while it is closed. */
SV_DEPENDENCY(tidy, struct session, tidy_open, tidy_close);
SV_DEPENDENCY(late, struct session, late_open, late_close);
static sv_status tidy_open(sv_call *call, struct session *ret)
{
    (void)call;
    ret->number = 1;
    return SV_OK;
}
static void tidy_close(sv_call *call, struct session *value)
{
    assert_ptr_equal(tidy_of(call), value);
    assert_non_null(late_of(call));
    lab_note("tidy_closed");
}
static sv_status late_open(sv_call *call, struct session *ret)
{
    ret->number = tidy_of(call)->number;
    return SV_OK;
}
static void late_close(sv_call *call, struct session *value)
{
    assert_int_equal(value->number, 1);
    if (sv_request_header(call, "x-again").ptr)
        assert_null(tidy_of(call));
    lab_note("late_closed");
}

SV_HANDLER(circle, sv_none, number);
static sv_status circle(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in, (void)out;
    return hen_of(call) ? SV_OK : SV_FAILED;
}
SV_HANDLER(tidies, sv_none, number);
static sv_status tidies(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in;
    out->value = tidy_of(call)->number;
    return SV_OK;
}
SV_HANDLER(lazy, sv_none, number);
static sv_status lazy(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in;
    struct session *session = session_of(call);
    if (!session)
        return SV_FAILED;
    assert_ptr_equal(session, session_of(call));
    out->value = session->number;
    return SV_OK;
}
SV_HANDLER(breaks, sv_none, number);
static sv_status breaks(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in, (void)out;
    return session_of(call) ? sv_fail(call, &sv_kind_conflict, "no") : SV_FAILED;
}
SV_HANDLER(unlucky, sv_none, number);
static sv_status unlucky(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in, (void)out;
    session_of(call)->number = 13;
    return SV_OK;
}
SV_HANDLER(paged, number, number);
static sv_status paged(sv_call *call, const struct number *in, struct number *out)
{
    struct page *page = paging_of(call);
    out->value = in->value + page->skip * 1000 + page->limit;
    return SV_OK;
}

#define NEEDS(...)                                                                                 \
    (const sv_dependency *const[])                                                                 \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
static const sv_operation operations[] = {
    {"GET", "/lazy", &lazy_handler},
    {"GET", "/breaks", &breaks_handler},
    {"GET", "/circle", &circle_handler},
    {"GET", "/tidies", &tidies_handler},
    {"GET", "/unlucky", &unlucky_handler},
    {"GET", "/inline", &lazy_handler, .run_inline = true},
    {"POST", "/paged", &paged_handler, .needs = NEEDS(&paging_dependency)},
    {"POST", "/guarded", &paged_handler, .needs = NEEDS(&key_dependency, &paging_dependency)},
    {0}};
static const sv_app app = {.operations = operations, .errors = NULL};

static sv_client *client;

static int set_up(void **state)
{
    (void)state;
    lab_forget();
    client = sv_test_client(&app);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_test_free(client);
    return 0;
}

static sv_reply ask(const char *path)
{
    return sv_test_request(client, "GET", path, "X-Key: a\r\n", SV_STR(""));
}

static void test_opened_once_closed_in_reverse(void **state)
{
    (void)state;
    lab_expect(ask("/lazy"), 200, "{\"value\":7}");
    assert_string_equal(lab_trace(), "open commit key_closed");
    lab_forget();
    lab_expect(ask("/inline"), 200, "{\"value\":7}");
    assert_string_equal(lab_trace(), "open commit key_closed");
}

static void test_what_fails_is_told_to_the_clean_up(void **state)
{
    (void)state;
    lab_expect(ask("/breaks"), 409, "\"message\":\"no\"");
    assert_string_equal(lab_trace(), "open rollback key_closed");
}

static void test_a_clean_up_can_fail_the_call(void **state)
{
    (void)state;
    lab_expect(ask("/unlucky"), 409, "could not commit");
    assert_string_equal(lab_trace(), "open commit key_closed");
}

static void test_one_that_refuses_ends_the_call(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/lazy"), 401, "NO_KEY");
    assert_string_equal(lab_trace(), "");
    /* before the body is judged, but not before it can be read */
    lab_expect(sv_test_post(client, "/guarded", "{}"), 401, "NO_KEY");
    lab_expect(sv_test_post(client, "/guarded", "{"), 422, "json_invalid");
}

static void test_parameters_of_its_own(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/paged?skip=2", "{\"value\":1}"), 200, "{\"value\":2011}");
    lab_forget();
    lab_expect(sv_test_post(client, "/paged?skip=-1&limit=101", "{}"), 422,
               "[{\"type\":\"greater_than_equal\",\"loc\":[\"query\",\"skip\"]");
    assert_string_equal(lab_trace(), "");
    sv_reply reply = sv_test_post(client, "/paged?skip=-1&limit=101", "{}");
    assert_true(lab_contains(reply.body, "\"loc\":[\"query\",\"limit\"]"));
    assert_true(lab_contains(reply.body, "\"loc\":[\"body\",\"value\"]"));
}

static void test_another_stands_in(void **state)
{
    (void)state;
    const sv_override overrides[] = {{&session_dependency, &pretended_dependency}, {0}};
    const sv_app with = {.operations = operations, .overrides = overrides};
    sv_client *other = sv_test_client(&with);
    lab_expect(sv_test_get(other, "/lazy"), 200, "{\"value\":99}");
    sv_test_free(other);
}

static void test_a_circle_ends(void **state)
{
    (void)state;
    lab_expect(ask("/circle"), 500, "INTERNAL_ERROR");
    assert_string_equal(sv_test_report(client), "circle: dependency hen needs itself\n");
}

/* Each is opened once, so that closing comes to an end. */
static void test_what_is_used_while_closing(void **state)
{
    (void)state;
    lab_expect(ask("/tidies"), 200, "{\"value\":1}");
    assert_string_equal(lab_trace(), "tidy_closed late_closed");
    lab_expect(sv_test_request(client, "GET", "/tidies", "X-Again: 1\r\n", SV_STR("")), 500, NULL);
    assert_string_equal(sv_test_report(client), "tidies: dependency tidy was closed already\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_opened_once_closed_in_reverse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_fails_is_told_to_the_clean_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_clean_up_can_fail_the_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_that_refuses_ends_the_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parameters_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_stands_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_circle_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_used_while_closing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
