/* Redirects: only when asked for; where they lead, and with what. */
#include "client_lab.h"

#include <stdio.h>

typedef struct redirect_case {
    const char *method, *headers;
    int status;
    const char *body;
} redirect_case;

static const redirect_case cases[] = {
    {"POST", "X-Status: 307\r\nX-To: /echo/a\r\n", 200, "POST|/echo/a||x/y|||body"},
    {"POST", "X-Status: 308\r\nX-To: /echo/a\r\n", 200, "POST|/echo/a||x/y|||body"},
    {"POST", "X-Status: 301\r\nX-To: /echo/a\r\n", 200, "GET|/echo/a|||||"},
    {"POST", "X-Status: 302\r\nX-To: /echo/a\r\n", 200, "GET|/echo/a|||||"},
    {"POST", "X-Status: 303\r\nX-To: /echo/a\r\n", 200, "GET|/echo/a|||||"},
    {"PUT", "X-Status: 302\r\nX-To: /echo/a\r\n", 200, "PUT|/echo/a||x/y|||body"},
    {"PUT", "X-Status: 303\r\nX-To: /echo/a\r\n", 200, "GET|/echo/a|||||"},
    /* Places. */
    {"PUT", "X-To: http://localhost:80/echo/a?q#f\r\n", 200, "PUT|/echo/a|q|x/y|||body"},
    {"PUT", "X-To: //localhost/echo/a\r\n", 200, "PUT|/echo/a||x/y|||body"},
    {"PUT", "X-To: /echo/a?u=http://elsewhere/\r\n", 200,
     "PUT|/echo/a|u=http://elsewhere/|x/y|||body"},
    {"PUT", "X-To: ../echo/a\r\n", 200, "PUT|/echo/a||x/y|||body"},
    {"PUT", "X-To: https://elsewhere/\r\n", 0, "redirected to another host"},
    {"PUT", "X-To: /redirect/x\r\n", 0, "redirected more than 20 times"},
    {"PUT", "X-To: again\r\n", 0, "redirected more than 20 times"},
};

static void test_followed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_client *client = client_lab_new();
        char headers[200];
        snprintf(headers, sizeof headers, "Content-Type: x/y\r\n%s", cases[i].headers);
        sv_test_follow(client, true);
        sv_reply reply =
            sv_test_request(client, cases[i].method, "/redirect/x", headers, SV_STR("body"));
        if (cases[i].body)
            client_lab_expect(reply, cases[i].status, cases[i].body);
        assert_int_equal(reply.status, cases[i].status);
        sv_test_free(client);
    }
}

static void test_not_followed(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_set_header(client, "X-To", "/echo/a");
    sv_reply reply = sv_test_get(client, "/redirect/x");
    assert_int_equal(reply.status, 307);
    assert_true(sv_test_expect_header(client, reply, "Location", "/echo/a"));
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_followed),
        cmocka_unit_test(test_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
