/* Requests through the whole of web/, from bytes to bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guide_app.h"

typedef struct exchange_case {
    const char *method, *path, *body; /* a body is JSON; NULL: none */
    int status;
    const char *contains; /* of the answer */
} exchange_case;

static const exchange_case cases[] = {
    {"POST", "/generate", "{\"prompt\":\" hi \"}", 200,
     "{\"text\":\"hi\",\"max_tokens\":256,\"temperature\":0.7,\"stop_sequences\":[]}"},
    {"POST", "/generate", "{\"prompt\":\"hi\",\"stop_sequences\":[\"a\"],\"max_tokens\":\"7\"}",
     200, "\"max_tokens\":7,\"temperature\":0.7,\"stop_sequences\":[\"a\"]"},
    {"POST", "/generate", "{\"prompt\":\"   \"}", 422,
     "\"detail\":[{\"type\":\"value_error\",\"loc\":[\"body\",\"prompt\"],\"msg\":\"Value error, "
     "Prompt "
     "cannot be empty or whitespace\",\"input\":\"   \",\"ctx\":{\"error\":{}}}]"},
    {"POST", "/generate",
     "{\"prompt\":\"x\",\"stop_sequences\":[\"a\",\"123456789012345678901\"],\"temperature\":3}",
     422,
     "\"loc\":[\"body\",\"stop_sequences\",1],\"msg\":\"Value error, Stop sequence too long\""},
    {"POST", "/generate", "{\"prompt\":", 422, "\"type\":\"json_invalid\",\"loc\":[\"body\",10]"},
    {"POST", "/generate", "[]", 422, "model_attributes_type"},
    {"POST", "/generate", "", 422,
     "[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"Field required\",\"input\":null}]"},
    {"POST", "/generate", "{\"prompt\":\"\\ud800\"}", 400,
     "\"detail\":\"There was an error parsing the body\""},
    {"POST", "/generate", "\"\xff\"", 400, "\"error\":\"INVALID_JSON\""},
    {"GET", "/items/7?q=ab&verbose=yes&tags=a&tags=b", NULL, 200,
     "{\"item_id\":7,\"q\":\"ab\",\"verbose\":true,\"tags\":[\"a\",\"b\"],\"color\":\"green\"}"},
    {"GET", "/items/x?q=toolong", NULL, 422,
     "\"loc\":[\"path\",\"item_id\"],\"msg\":\"Input should be a valid integer, unable to parse "
     "string as "
     "an integer\",\"input\":\"x\"},{\"type\":\"string_too_long\",\"loc\":[\"query\",\"q\"]"},
    {"GET", "/items/1?q=a%20b%2Bc", NULL, 200, "\"q\":\"a b+c\""},
    {"GET", "/fail", NULL, 418,
     "{\"error\":\"TEAPOT\",\"message\":\"short and stout\",\"path\":\"/fail\",\"request_id\":\""},
    {"GET", "/fail", NULL, 418, "\"detail\":\"short and stout\",\"spouts\":[1]}"},
    {"GET", "/break", NULL, 500, "\"error\":\"INTERNAL_ERROR\""},
    {"GET", "/defer", NULL, 200, "{\"value\":0.5}"},
    {"PUT", "/headers", NULL, 201, "PUT"},
    {"GET", "/nowhere", NULL, 404, "\"detail\":\"Not Found\""},
    {"GET", "/generate", NULL, 405, "\"detail\":\"Method Not Allowed\""},
};

static bool contains(sv_str text, const char *wanted)
{
    return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

static void test_cases(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    assert_non_null(client);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const exchange_case *it = &cases[i];
        const char *headers = it->body ? "Content-Type: application/json\r\n" : "X-In: v\r\n";
        sv_reply reply =
            sv_test_request(client, it->method, it->path, headers, sv_str_from(it->body));
        if (reply.status != it->status || !contains(reply.body, it->contains))
            fail_msg("%s %s %s: %d %.*s", it->method, it->path, it->body ? it->body : "",
                     reply.status, SV_STR_ARG(reply.body));
        assert_true(sv_reply_header_value(&reply, "x-request-id").len > 0);
    }
    sv_test_free(client);
}

static void test_answer_that_breaks_its_schema_is_not_told(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    sv_reply reply = sv_test_get(client, "/break");
    assert_int_equal(reply.status, 500);
    assert_false(contains(reply.body, "value"));
    sv_test_free(client);
}

static void test_headers_of_the_handler(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    sv_reply reply = sv_test_request(client, "PUT", "/headers", "X-In: seen\r\n", SV_STR(""));
    assert_int_equal(reply.status, 201);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "x-good"), SV_STR("seen")));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-type"), SV_STR("text/plain")));
    sv_test_free(client);
}

static void test_many_query_parameters_are_refused(void **state)
{
    (void)state;
    static char path[60000] = "/items/1?a=1";
    for (size_t len = strlen(path); len < 7000; len += 4)
        memcpy(path + len, "&a=1", 5);
    sv_client *client = sv_test_client(&guide_app);
    sv_reply reply = sv_test_get(client, path);
    assert_int_equal(reply.status, 400);
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_answer_that_breaks_its_schema_is_not_told),
        cmocka_unit_test(test_headers_of_the_handler),
        cmocka_unit_test(test_many_query_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
