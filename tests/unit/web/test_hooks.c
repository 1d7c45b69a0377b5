/* Middleware around every request, whatever answers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

struct number {
    int64_t value;
};
SV_SCHEMA(number, SV_FIELD(number, value));

struct seen {
    int count;
};
SV_SLOT(seen, struct seen);

static const sv_error_kind stop = {"STOP", 403, "Stop"};
static const sv_error_kind teapot = {"TEAPOT", 418, "Teapot"};

static sv_status outer_before(sv_call *call)
{
    seen_of(call)->count++;
    lab_note("outer");
    return SV_OK;
}
static void outer_after(sv_call *call)
{
    lab_note("outer_after%d", sv_response_status(call));
    assert_int_equal(sv_set_header(call, "X-Outer", SV_STR("1")), SV_OK);
}
static void outer_done(sv_call *call)
{
    assert_true(sv_elapsed_ms(call) >= 0);
    assert_true(sv_response_size_bytes(call) > 0);
    lab_note("outer_done%d:%d", sv_response_status(call), seen_of(call)->count);
}
static sv_status inner_before(sv_call *call)
{
    seen_of(call)->count++;
    lab_note("inner");
    return sv_request_header(call, "x-stop").ptr ? sv_fail(call, &stop, "halt") : SV_OK;
}
static void inner_after(sv_call *call)
{
    (void)call;
    lab_note("inner_after");
}
static void inner_on_error(sv_call *call, const sv_error_kind *kind)
{
    lab_note("error:%s", kind->code);
    if (sv_request_header(call, "x-tea").ptr)
        sv_fail(call, &teapot, "short and stout");
}

SV_HANDLER(show, number, number);
static sv_status show(sv_call *call, const struct number *in, struct number *out)
{
    lab_note("handler");
    out->value = in->value + seen_of(call)->count;
    return SV_OK;
}

static const sv_operation operations[] = {
    {"POST", "/show", &show_handler}, {"POST", "/inline", &show_handler, .run_inline = true}, {0}};
static void own_done(sv_call *call)
{
    (void)call;
    lab_note("own_done");
}
static const sv_middleware own[] = {{.name = "own", .done = own_done}, {0}};
static const sv_app inner_app = {.operations = operations, .middleware = own};
static const sv_mount mounts[] = {{.prefix = "/in", .app = &inner_app}, {0}};
static const sv_middleware middleware[] = {
    {.name = "outer", .before = outer_before, .after = outer_after, .done = outer_done},
    {.name = "inner", .before = inner_before, .after = inner_after, .on_error = inner_on_error},
    {0}};
static const sv_app app = {.operations = operations, .middleware = middleware, .mounts = mounts};

typedef struct hook_case {
    const char *method, *path, *headers, *body;
    int status;
    const char *trace;
} hook_case;

#define JSON "Content-Type: application/json\r\n"

static const hook_case cases[] = {
    {"POST", "/show", JSON, "{\"value\":5}", 200,
     "outer inner handler inner_after outer_after200 outer_done200:2"},
    {"POST", "/inline", JSON, "{\"value\":5}", 200,
     "outer inner handler inner_after outer_after200 outer_done200:2"},
    {"POST", "/in/show", JSON, "{\"value\":5}", 200,
     "outer inner handler inner_after outer_after200 own_done outer_done200:2"},
    {"POST", "/show", JSON "X-Stop: 1\r\n", "{\"value\":5}", 403,
     "outer inner error:STOP inner_after outer_after403 outer_done403:2"},
    {"POST", "/show", JSON, "{}", 422,
     "outer inner error:VALIDATION_ERROR inner_after outer_after422 outer_done422:2"},
    {"GET", "/nowhere", NULL, "", 404,
     "outer inner error:NOT_FOUND inner_after outer_after404 outer_done404:2"},
    {"GET", "/show", NULL, "", 405,
     "outer inner error:METHOD_NOT_ALLOWED inner_after outer_after405 outer_done405:2"},
    {"GET", "/nowhere", "X-Tea: 1\r\n", "", 418,
     "outer inner error:NOT_FOUND inner_after outer_after418 outer_done418:2"},
};

static void test_the_onion(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&app);
    assert_non_null(client);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const hook_case *c = &cases[i];
        lab_forget();
        sv_reply reply =
            sv_test_request(client, c->method, c->path, c->headers, sv_str_from(c->body));
        lab_expect(reply, c->status, NULL);
        assert_string_equal(lab_trace(), c->trace);
        assert_true(sv_str_eq(sv_reply_header_value(&reply, "x-outer"), SV_STR("1")));
    }
    sv_test_free(client);
}

/* What hooks may not do, and what they leave behind. */

SV_DEPENDENCY(lock, struct number, lock_open, lock_close);
static sv_status lock_open(sv_call *call, struct number *ret)
{
    (void)call, (void)ret;
    return SV_OK;
}
static void lock_close(sv_call *call, struct number *value)
{
    (void)value;
    lab_note(sv_has_failed(call) ? "undone" : "closed");
}
SV_TASK(later, number);
static sv_status later(sv_call *call, const struct number *in)
{
    (void)call;
    lab_note("task%d", (int)in->value);
    return SV_OK;
}
static sv_status meddler_before(sv_call *call)
{
    assert_non_null(lock_of(call));
    assert_int_equal(later_later(call, &(struct number){1}), SV_OK);
    assert_int_equal(sv_respond_stream(call, "text/plain"), SV_UNSUPPORTED);
    sv_complete(call, SV_OK);
    return sv_request_header(call, "x-stop").ptr ? sv_fail(call, &stop, "halt") : SV_OK;
}
static void meddler_after(sv_call *call)
{
    assert_int_equal(sv_respond_stream(call, "text/plain"), SV_UNSUPPORTED);
    sv_complete(call, SV_OK);
}
static void meddler_done(sv_call *call)
{
    if (sv_request_header(call, "x-task").ptr)
        assert_int_equal(later_later(call, &(struct number){2}), SV_OK);
}
static void meddler_on_error(sv_call *call, const sv_error_kind *kind)
{
    (void)kind;
    sv_fail(call, &teapot, "short and stout");
}
/* Without a name it is a hook all the same. */
static const sv_middleware meddlers[] = {{.before = meddler_before,
                                          .after = meddler_after,
                                          .on_error = meddler_on_error,
                                          .done = meddler_done},
                                         {0}};
static const sv_app meddled = {.operations = operations, .middleware = meddlers};

static const hook_case meddled_cases[] = {
    {"POST", "/show", JSON, "{\"value\":5}", 200, "handler closed task1"},
    {"POST", "/show", JSON "X-Task: 1\r\n", "{\"value\":5}", 200, "handler closed task1 task2"},
    {"POST", "/show", JSON "X-Stop: 1\r\n", "{\"value\":5}", 418, "undone"},
    {"GET", "/nowhere", "X-Task: 1\r\n", "", 418, "undone"},
    {"GET", "/show", NULL, "", 418, "undone"},
};

static void test_what_hooks_leave_behind(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&meddled);
    assert_non_null(client);
    for (size_t i = 0; i < sizeof meddled_cases / sizeof *meddled_cases; i++) {
        const hook_case *c = &meddled_cases[i];
        lab_forget();
        sv_reply reply =
            sv_test_request(client, c->method, c->path, c->headers, sv_str_from(c->body));
        lab_expect(reply, c->status, NULL);
        lab_await(c->trace);
        bool is_405 = sv_str_eq(sv_str_from(c->method), SV_STR("GET")) && !c->headers;
        assert_int_equal(sv_reply_header_value(&reply, "allow").ptr != NULL, is_405);
        assert_non_null(strstr(sv_test_report(client), "answered twice"));
    }
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_onion),
                                       cmocka_unit_test(test_what_hooks_leave_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
