/* Handlers that answer twice, too early, too late or never: contained and reported. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

#include "base/buf.h"
#include "web/service.h"
#include "web/test_client.h"

struct number {
    int64_t value;
};
SV_SCHEMA(number, SV_FIELD(number, value));

static sv_call *kept; /* of the last deferred handler */

#define DEFINE(F)                                                                                  \
    SV_HANDLER(F, sv_none, number);                                                                \
    static sv_status F(sv_call *call, const struct sv_none *in, struct number *out)

DEFINE(completes_and_returns)
{
    (void)in;
    out->value = 1;
    sv_complete(call, SV_OK);
    return SV_FAILED;
}
DEFINE(completes_then_defers)
{
    (void)in;
    out->value = 2;
    sv_complete(call, SV_OK);
    return SV_DEFERRED;
}
static void *complete_later(void *call)
{
    sv_complete(call, SV_OK);
    return NULL;
}
DEFINE(completed_elsewhere)
{
    (void)in;
    pthread_t thread;
    out->value = 3;
    kept = call;
    assert_int_equal(pthread_create(&thread, NULL, complete_later, call), 0);
    pthread_detach(thread);
    return SV_DEFERRED;
}
SV_DEPENDENCY(session, int, session_open, session_close);
static sv_status session_open(sv_call *call, int *ret)
{
    (void)call;
    *ret = 1;
    return SV_OK;
}
static void session_close(sv_call *call, int *session)
{
    (void)session;
    lab_note(sv_has_failed(call) ? "rollback" : "commit");
}
SV_TASK(forgotten, number);
static sv_status forgotten(sv_call *call, const struct number *in)
{
    (void)call, (void)in;
    lab_note("task");
    return SV_OK;
}
DEFINE(never_completes)
{
    (void)in, (void)out;
    assert_non_null(session_of(call));
    assert_int_equal(forgotten_later(call, &(struct number){1}), SV_OK);
    return SV_DEFERRED;
}
DEFINE(plain)
{
    (void)call, (void)in;
    out->value = 4;
    return SV_OK;
}

static const sv_operation operations[] = {
    {"GET", "/returns", &completes_and_returns_handler},
    {"GET", "/early", &completes_then_defers_handler},
    {"GET", "/elsewhere", &completed_elsewhere_handler},
    {"GET", "/never", &never_completes_handler, .timeout_ms = 300},
    {"GET", "/plain", &plain_handler},
    {0}};
static const sv_app app = {.operations = operations};

static void write_report(void *arg, const char *line)
{
    (void)arg;
    lab_note("[%s]", line);
}

static sv_service *service;
static sv_client *client;

static int set_up(void **state)
{
    (void)state;
    sv_service_config config = {.application = {.app = &app, .report = write_report},
                                .limits = sv_http_limits_default};
    sv_buf problems;
    lab_forget();
    sv_buf_init(&problems, 1 << 20);
    sv_status status = sv_service_new(&config, &problems, &service);
    sv_buf_deinit(&problems);
    client = status ? NULL : sv_test_client_of(service);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_test_free(client);
    sv_service_free(service);
    return 0;
}

static void test_completed_and_returned(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/returns"), 200, "{\"value\":1}");
    lab_await("[completes_and_returns: the call was answered twice; the first counts]");
    lab_expect(sv_test_get(client, "/plain"), 200, "{\"value\":4}");
}

static void test_completed_before_it_returned(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/early"), 200, "{\"value\":2}");
    assert_string_equal(lab_trace(), "");
}

/* The second completion finds a call that is over, or somebody else's: neither is harmed. */
static void test_completed_twice(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/elsewhere"), 200, "{\"value\":3}");
    sv_complete(kept, SV_OK);
    assert_true(strstr(lab_trace(), "answered twice") != NULL);
    for (int i = 0; i < 100; i++)
        lab_expect(sv_test_get(client, i % 2 ? "/plain" : "/elsewhere"), 200, NULL);
}

static void test_never_completed(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/never"), 504, "DEADLINE_EXCEEDED");
    lab_expect(sv_test_get(client, "/plain"), 200, "{\"value\":4}");
    sv_service_free(service);
    service = NULL;
    sv_test_free(client);
    client = NULL;
    assert_string_equal(lab_trace(),
                        "[never_completes: its call was deferred and never completed] rollback");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_completed_and_returned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_completed_before_it_returned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_completed_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_completed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
