/* States and lifecycle: opened in order, closed in reverse, all or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_lab.h"

struct number {
    int64_t value;
};
SV_SCHEMA(number, SV_FIELD(number, value));

SV_STATE(first, struct number, first_open, first_close);
static sv_status first_open(sv_application *application, struct number *ret, sv_error *error)
{
    (void)application, (void)error;
    lab_note("first");
    ret->value = 1;
    return SV_OK;
}
static void first_close(struct number *value)
{
    lab_note("-first%d", (int)value->value);
}

SV_STATE(second, struct number, second_open, second_close);
static sv_status second_open(sv_application *application, struct number *ret, sv_error *error)
{
    (void)error;
    lab_note("second");
    ret->value = first_in(application)->value + 1;
    return SV_OK;
}
static void second_close(struct number *value)
{
    lab_note("-second%d", (int)value->value);
}

SV_STATE(broken, struct number, broken_open, broken_close);
static sv_status broken_open(sv_application *application, struct number *ret, sv_error *error)
{
    (void)application, (void)ret;
    return sv_error_set(error, SV_IO, NULL, "the disk is full");
}
static void broken_close(struct number *value)
{
    (void)value;
    lab_note("-broken");
}

static sv_status warm(sv_application *application, sv_error *error)
{
    (void)error;
    lab_note("warm%d", (int)second_in(application)->value);
    return SV_OK;
}
static void cool(sv_application *application)
{
    lab_note("cool%d", (int)second_in(application)->value);
}
static sv_status never(sv_application *application, sv_error *error)
{
    (void)application;
    return sv_error_set(error, SV_UNAVAILABLE, NULL, "no device");
}

SV_HANDLER(show, sv_none, number);
static sv_status show(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in;
    out->value = first_of(call)->value * 10 + second_of(call)->value;
    return SV_OK;
}
static const sv_operation operations[] = {{"GET", "/", &show_handler}, {0}};

#define STATES(...)                                                                                \
    (const sv_state *const[])                                                                      \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_around_serving(void **state)
{
    (void)state;
    const sv_lifecycle lifecycle[] = {{"warm up", warm, NULL}, {"cool down", NULL, cool}, {0}};
    const sv_app app = {.operations = operations,
                        .states = STATES(&first_state, &second_state),
                        .lifecycle = lifecycle};
    lab_forget();
    sv_client *client = sv_test_client(&app);
    assert_string_equal(lab_trace(), "first second warm2");
    lab_expect(sv_test_get(client, "/"), 200, "{\"value\":12}");
    sv_test_free(client);
    assert_string_equal(lab_trace(), "first second warm2 cool2 -second2 -first1");
}

static void test_a_state_that_fails_undoes_the_others(void **state)
{
    (void)state;
    const sv_app app = {.operations = operations,
                        .states = STATES(&first_state, &broken_state, &second_state)};
    lab_forget();
    assert_null(sv_test_client(&app));
    assert_string_equal(lab_trace(), "first -first1");
}

static void test_a_start_that_fails_undoes_all(void **state)
{
    (void)state;
    const sv_lifecycle lifecycle[] = {{"warm up", warm, cool}, {"device", never, cool}, {0}};
    const sv_app app = {.operations = operations,
                        .states = STATES(&first_state, &second_state),
                        .lifecycle = lifecycle};
    lab_forget();
    assert_null(sv_test_client(&app));
    assert_string_equal(lab_trace(), "first second warm2 cool2 -second2 -first1");
}

static void test_mounted_applications_have_their_own(void **state)
{
    (void)state;
    const sv_app inner = {.operations = operations, .states = STATES(&second_state)};
    const sv_mount mounts[] = {{.prefix = "/in", .app = &inner}, {0}};
    const sv_app outer = {
        .operations = operations, .states = STATES(&first_state), .mounts = mounts};
    lab_forget();
    sv_client *client = sv_test_client(&outer);
    assert_string_equal(lab_trace(), "first second");
    lab_expect(sv_test_get(client, "/in/"), 200, "{\"value\":12}"); /* sees the root's too */
    sv_test_free(client);
    assert_string_equal(lab_trace(), "first second -second2 -first1");
}

static void test_another_stands_in(void **state)
{
    (void)state;
    const sv_override overrides[] = {{&broken_state, &first_state}, {0}};
    const sv_app app = {
        .operations = operations, .states = STATES(&broken_state), .overrides = overrides};
    lab_forget();
    sv_client *client = sv_test_client(&app);
    assert_non_null(client);
    sv_test_free(client);
    assert_string_equal(lab_trace(), "first -first1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_around_serving),
        cmocka_unit_test(test_a_state_that_fails_undoes_the_others),
        cmocka_unit_test(test_a_start_that_fails_undoes_all),
        cmocka_unit_test(test_mounted_applications_have_their_own),
        cmocka_unit_test(test_another_stands_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
