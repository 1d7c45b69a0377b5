/* Expectations that hold, and that do not. */
#include "client_lab.h"

static void test_status_body_and_headers(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_reply reply = sv_test_get(client, "/echo/");
    client_lab_catch(client);
    assert_true(sv_test_expect(client, reply, 200));
    assert_true(sv_test_expect_text(client, reply, "GET|/echo/|||||"));
    assert_true(sv_test_expect_header(client, reply, "content-type", "text/plain"));
    assert_true(sv_test_expect_header(client, reply, "x-none", NULL));
    assert_int_equal(sv_test_failures(client), 0);
    assert_false(sv_test_expect(client, reply, 404));
    assert_false(sv_test_expect_text(client, reply, "GET"));
    assert_false(sv_test_expect_header(client, reply, "content-type", "text/html"));
    assert_false(sv_test_expect_header(client, reply, "content-type", NULL));
    assert_false(sv_test_expect_header(client, reply, "x-none", "x"));
    assert_int_equal(sv_test_failures(client), 5);
    sv_test_free(client);
}

static void test_no_answer(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    assert_false(sv_test_expect(client, sv_test_get(client, "/\r\n"), 200));
    assert_string_equal(client_lab_failure(),
                        "there is no answer, not a status 200: a path has no line ends\n");
    sv_test_free(client);
}

typedef struct json_case {
    const char *body, *path, *wanted;
    bool holds;
} json_case;

static const json_case cases[] = {
    {"{\"a\": [1, {\"b\": null}], \"c\": \"d\"}", "", "{\"c\":\"d\",\"a\":[1,{\"b\":null}]}", true},
    {"[1, 2.50, true, 1e2]", "", "[1.0, 2.5, true, 100]", true},
    {"{\"a\": {\"b\": 1}}", "a", "{\"b\": 1}", true},
    {"{\"a\": 1}", "", "{\"a\": 1, \"b\": 2}", false},
    {"{\"a\": 1, \"b\": 2}", "", "{\"a\": 1}", false},
    {"{\"a\": 1}", "", "{\"b\": 1}", false},
    {"[1, 2]", "", "[2, 1]", false},
    {"[1]", "", "[1, 2]", false},
    {"9007199254740993", "", "9007199254740992", false},
    {"\"1\"", "", "1", false},
    {"false", "", "true", false},
    {"{}", "", "[]", false},
    {"{}", "a", "1", false},
    {"nothing", "", "1", false},
    {"1", "", "nothing", false},
};

static void test_json(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t before = sv_test_failures(client);
        sv_reply reply = sv_test_post(client, "/answer", cases[i].body);
        bool holds = sv_test_expect_json(client, reply, cases[i].path, cases[i].wanted);
        if (holds != cases[i].holds || sv_test_failures(client) != before + !holds)
            fail_msg("case %zu: %s", i, cases[i].body);
    }
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_body_and_headers),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
