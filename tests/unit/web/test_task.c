/* Tasks after the answer: their arguments are copied, they run in order, failures stay theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

struct entry {
    sv_str name;
    int64_t times;
};
SV_SCHEMA(entry, SV_FIELD(entry, name, .max_len = 10), SV_FIELD(entry, times, SV_LE(100)));

SV_TASK(audit, entry);
static sv_status audit(sv_call *call, const struct entry *in)
{
    lab_note("%.*s", SV_STR_ARG(in->name));
    if (in->times > 1)
        return audit_later(call, &(struct entry){in->name, in->times - 1});
    if (in->times == -2)
        sv_complete(call, SV_OK); /* there is nobody to be answered */
    if (in->times < 0)
        return sv_fail(call, &sv_kind_conflict, "negative");
    return SV_OK;
}

/* The arguments are gone when the tasks run. */
static sv_status leave(sv_call *call, const struct entry *in)
{
    char text[16] = "first";
    sv_status status = audit_later(call, &(struct entry){sv_str_from(text), 0});
    memset(text, 'x', sizeof text);
    if (!status)
        status = audit_later(call, in);
    return status;
}

SV_HANDLER(works, entry, entry);
static sv_status works(sv_call *call, const struct entry *in, struct entry *out)
{
    *out = *in;
    return leave(call, in);
}
SV_HANDLER(fails, entry, entry);
static sv_status fails(sv_call *call, const struct entry *in, struct entry *out)
{
    (void)out;
    assert_int_equal(leave(call, in), SV_OK);
    return sv_fail(call, &sv_kind_conflict, "no");
}
SV_HANDLER(overdoes, entry, entry);
static sv_status overdoes(sv_call *call, const struct entry *in, struct entry *out)
{
    (void)out;
    return audit_later(call, &(struct entry){in->name, 101});
}
SV_HANDLER(floods, entry, entry);
static sv_status floods(sv_call *call, const struct entry *in, struct entry *out)
{
    *out = *in;
    sv_status status = SV_OK;
    for (out->times = 0; !status && out->times < 100; out->times++)
        status = audit_later(call, in);
    assert_int_equal(status, SV_TOO_LARGE);
    return sv_fail(call, &sv_kind_conflict, "%d", (int)out->times);
}

static const sv_operation operations[] = {{"POST", "/works", &works_handler},
                                          {"POST", "/fails", &fails_handler},
                                          {"POST", "/overdoes", &overdoes_handler},
                                          {"POST", "/floods", &floods_handler},
                                          {"POST", "/inline", &works_handler, .run_inline = true},
                                          {0}};
static const sv_app app = {.operations = operations};
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

static void test_after_the_answer_in_order(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/works", "{\"name\":\"second\",\"times\":0}"), 200, "second");
    lab_await("first second");
    lab_forget();
    lab_expect(sv_test_post(client, "/inline", "{\"name\":\"second\",\"times\":0}"), 200, "second");
    lab_await("first second");
}

static void test_tasks_leave_tasks(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/works", "{\"name\":\"x\",\"times\":3}"), 200, "x");
    lab_await("first x x x");
}

static void test_none_after_a_failure(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/fails", "{\"name\":\"x\",\"times\":1}"), 409, "no");
    sv_test_free(client);
    client = NULL;
    assert_string_equal(lab_trace(), "");
}

static void test_a_task_that_fails_stops_nobody(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/works", "{\"name\":\"bad\",\"times\":-1}"), 200, "bad");
    lab_await("first bad");
    lab_expect(sv_test_post(client, "/works", "{\"name\":\"x\",\"times\":0}"), 200, "x");
    lab_await("first bad first x");
    lab_expect(sv_test_post(client, "/works", "{\"name\":\"y\",\"times\":-2}"), 200, "y");
    lab_await("first bad first x first y");
}

static void test_what_is_not_taken(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/overdoes", "{\"name\":\"x\",\"times\":1}"), 500,
               "INTERNAL_ERROR");
    lab_expect(sv_test_post(client, "/floods", "{\"name\":\"x\",\"times\":1}"), 409,
               "\"message\":\"65\"");
}

/* What was accepted is done, even when the application stops. */
static void test_a_stop_waits(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        lab_expect(sv_test_post(client, "/inline", "{\"name\":\"x\",\"times\":0}"), 200, NULL);
    sv_test_free(client);
    client = NULL;
    assert_int_equal(strlen(lab_trace()), strlen("first x ") * 5 - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_after_the_answer_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tasks_leave_tasks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_none_after_a_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_task_that_fails_stops_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stop_waits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
