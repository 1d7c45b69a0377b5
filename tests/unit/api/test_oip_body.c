/* test_oip_body.c: bodies of control calls: an object or nothing, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static void check(const char *body, int status, const char *answer)
{
    sv_reply reply = sv_test_post(lab.client, "/v2/repository/index", body);
    if (reply.status != status || !sv_str_starts_with(reply.body, sv_str_from(answer)))
        fail_msg("%.40s: %d %.*s", body, reply.status, SV_STR_ARG(reply.body));
}

static void reads_an_object_or_nothing(void **state)
{
#define PARSE "{\"error\":\"failed to parse the request JSON buffer: "
    static const struct {
        const char *body;
        int status;
        const char *answer;
    } cases[] = {{"", 200, "["},
                 {"{}", 200, "["},
                 {"{\"ready\":true}", 200, "["},
                 {"{", 400, PARSE},
                 {"{\"ready\":true}x", 400, PARSE "Extra data at 14\"}"},
                 {"[]", 400, PARSE "expected an object\"}"},
                 {"null", 400, PARSE "expected an object\"}"},
                 {"\xff", 400, PARSE}};
    (void)state;
    server_lab_open(&lab, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].body, cases[i].status, cases[i].answer);
}

static void nests_so_deep_and_no_deeper(void **state)
{
    char body[512] = "{\"x\":";
    (void)state;
    server_lab_open(&lab, NULL);
    memset(body + 5, '[', 99);
    memset(body + 5 + 99, ']', 99);
    body[5 + 2 * 99] = '}';
    check(body, 200, "[");
    memset(body + 5, '[', 100);
    memset(body + 5 + 100, ']', 100);
    body[5 + 2 * 100] = '}';
    check(body, 400, "{\"error\":\"JSON nesting depth exceeds maximum allowed limit (100)\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_an_object_or_nothing, tear_down),
        cmocka_unit_test_teardown(nests_so_deep_and_no_deeper, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
