/* What the client sends. */
#include "client_lab.h"

static void test_methods(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_expect(sv_test_get(client, "/echo/a?b=c"), 200, "GET|/echo/a|b=c||||");
    client_lab_expect(sv_test_head(client, "/echo/a"), 200, "");
    client_lab_expect(sv_test_options(client, "/echo/a"), 200, "OPTIONS|/echo/a|||||");
    client_lab_expect(sv_test_delete(client, "/echo/a"), 200, "DELETE|/echo/a|||||");
    client_lab_expect(sv_test_post(client, "/echo/a", "[1]"), 200,
                      "POST|/echo/a||application/json|||[1]");
    client_lab_expect(sv_test_put(client, "/echo/a", "[2]"), 200,
                      "PUT|/echo/a||application/json|||[2]");
    client_lab_expect(sv_test_patch(client, "/echo/a", "[3]"), 200,
                      "PATCH|/echo/a||application/json|||[3]");
    client_lab_expect(sv_test_post_json(client, "/echo/a", "{\"n\": %d}", 7), 200,
                      "POST|/echo/a||application/json|||{\"n\": 7}");
    sv_test_free(client);
}

static void test_headers_of_every_request(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_set_header(client, "X-Lab", "one");
    sv_test_set_header(client, "x-lab", "two");
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/|||two||");
    client_lab_expect(sv_test_request(client, "GET", "/echo/", "X-LAB: three\r\n", SV_STR("")), 200,
                      "GET|/echo/|||three||");
    sv_test_set_header(client, "X-Lab", NULL);
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/|||||");
    sv_test_free(client);
}

static void test_mistakes(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    static const struct {
        const char *method, *path, *headers;
    } mistakes[] = {{"GET\r\n", "/", NULL},
                    {NULL, "/", NULL},
                    {"GET", NULL, NULL},
                    {"GET", "/ HTTP/1.1\r\nA: b", NULL},
                    {"GET", "/", "A: b"},
                    {"GET", "/", "\r\n"},
                    {"GET", "/", "A: b\r\n\r\nC: d\r\n"}};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        sv_reply reply = sv_test_request(client, mistakes[i].method, mistakes[i].path,
                                         mistakes[i].headers, SV_STR(""));
        assert_int_equal(reply.status, 0);
        assert_true(reply.body.len > 0);
    }
    sv_test_set_header(client, "A b", "c");
    client_lab_expect(sv_test_get(client, "/echo/"), 0, "sv_test_set_header: that is no header");
    assert_int_equal(sv_test_get(client, "/echo/").status, 200); /* told once */
    for (int i = 0; i < 33; i++)
        sv_test_set_header(client, (char[]){'X', (char)('A' + i / 10), (char)('0' + i % 10), '\0'},
                           "v");
    client_lab_expect(sv_test_get(client, "/echo/"), 0, "a client has at most 32 headers");
    sv_test_free(client);
}

static void test_no_client(void **state)
{
    (void)state;
    sv_test_set_header(NULL, "a", "b");
    sv_test_follow(NULL, true);
    sv_test_advance(NULL, 5);
    sv_test_set_cookie(NULL, "a", "b");
    sv_test_clear_cookies(NULL);
    assert_null(sv_test_cookie(NULL, "a").ptr);
    assert_null(sv_test_query(NULL, "/", NULL));
    assert_null(sv_test_open(NULL, "GET", "/", NULL, SV_STR("")));
    assert_int_equal(sv_test_get(NULL, "/").status, 0);
    assert_int_equal(sv_test_post_json(NULL, "/", "%d", 1).status, 0);
    assert_int_equal(sv_test_post_form(NULL, "/", NULL).status, 0);
    assert_int_equal(sv_test_failures(NULL), 1);
}

static void test_framing_may_be_the_callers(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_reply reply = sv_test_request(client, "POST", "/echo/", "Transfer-Encoding: chunked\r\n",
                                     SV_STR("2\r\nab\r\n0\r\n\r\n"));
    client_lab_expect(reply, 200, "POST|/echo/|||||ab");
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_headers_of_every_request),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_no_client),
        cmocka_unit_test(test_framing_may_be_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
