/* What one reads when an expectation does not hold. */
#include "client_lab.h"

#include <string.h>

static bool has_failed_with(const char *text)
{
    return strstr(client_lab_failure(), text) != NULL;
}

static void test_request_and_answer_are_shown(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    assert_string_equal(sv_test_last(client), "");
    sv_test_expect(client, sv_test_post(client, "/answer", "{\"a\":\n1}"), 201);
    assert_true(has_failed_with("the answer's status is 200, not 201\n> POST /answer HTTP/1.1\n"));
    assert_true(has_failed_with("> Content-Type: application/json\n>\n> {\"a\":\n> 1}\n"));
    assert_true(has_failed_with("< HTTP/1.1 200 OK\n"));
    assert_true(has_failed_with("<\n< {\"a\":\n< 1}\n"));
    assert_non_null(strstr(client_lab_failure(), sv_test_last(client)));
    sv_test_free(client);
}

static void test_long_bodies_are_cut(void **state)
{
    (void)state;
    static char body[6001];
    memset(body, 'x', sizeof body - 1);
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    sv_test_expect(client, sv_test_post(client, "/gather", body), 201);
    assert_true(has_failed_with("x\n> (6000 bytes, cut)\n"));
    assert_true(strlen(client_lab_failure()) < 5500);
    sv_test_free(client);
}

static void test_bytes_are_only_counted(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    sv_reply reply = sv_test_request(client, "POST", "/gather", NULL, SV_STR("\x00\x01\x02"));
    sv_test_expect(client, reply, 201);
    assert_true(has_failed_with(">\n> (3 bytes, not text)\n"));
    sv_test_free(client);
}

static jmp_buf out;

static void leave(const char *text)
{
    (void)text;
    longjmp(out, 1);
}

static void test_failures_may_leave(void **state)
{
    (void)state;
    static sv_client *client;
    client = client_lab_new();
    sv_test_set_fail(client, leave);
    if (!setjmp(out)) {
        sv_test_expect(client, sv_test_get(client, "/document"), 404);
        fail_msg("it came back");
    }
    assert_int_equal(sv_test_failures(client), 1);
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_and_answer_are_shown),
        cmocka_unit_test(test_long_bodies_are_cut),
        cmocka_unit_test(test_bytes_are_only_counted),
        cmocka_unit_test(test_failures_may_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
