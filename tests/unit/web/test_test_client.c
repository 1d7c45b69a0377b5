/* The in-process client: what it sends, what it makes of the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "guide_app.h"

SV_HANDLER_RAW(echo);
static sv_status echo(sv_call *call)
{
    sv_str type = sv_request_header(call, "content-type");
    sv_str text =
        sv_format(call, "%.*s|%.*s|%.*s|%.*s|%.*s", SV_STR_ARG(sv_request_method(call)),
                  SV_STR_ARG(sv_request_path(call)), SV_STR_ARG(sv_request_query(call)),
                  (int)type.len, type.ptr ? type.ptr : "", SV_STR_ARG(sv_request_body(call)));
    return sv_respond_bytes(call, "text/plain", text);
}

static const sv_operation rows[] = {{"*", "/{rest:path}", &echo_handler}, {0}};
static const sv_app echo_app = {.operations = rows, .no_pages = true};

static void test_what_is_sent(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&echo_app);
    assert_non_null(client);
    sv_reply get = sv_test_get(client, "/a/b?c=d");
    sv_reply post = sv_test_post(client, "/a", "{\"b\": 1}");
    sv_reply other = sv_test_request(client, "PUT", "/", "Content-Type: x/y\r\n", SV_STR("bytes"));
    assert_int_equal(get.status, 200);
    assert_true(sv_str_eq(get.body, SV_STR("GET|/a/b|c=d||")));
    assert_true(sv_str_eq(post.body, SV_STR("POST|/a||application/json|{\"b\": 1}")));
    assert_true(sv_str_eq(other.body, SV_STR("PUT|/||x/y|bytes")));
    sv_test_free(client);
}

static void test_headers_of_a_reply(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&echo_app);
    sv_reply reply = sv_test_get(client, "/");
    assert_true(reply.n_headers > 0);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "CONTENT-TYPE"), SV_STR("text/plain")));
    assert_true(sv_reply_header_value(&reply, "x-request-id").len > 0);
    assert_null(sv_reply_header_value(&reply, "x-nothing").ptr);
    sv_test_free(client);
}

/* A large body needs many turns of the loop, in both directions. */
static void test_a_large_body(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    memset(bytes, 'x', SIZE);
    sv_client *client = sv_test_client(&echo_app);
    sv_reply reply = sv_test_request(client, "POST", "/", NULL, (sv_str){bytes, SIZE});
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, SIZE + strlen("POST|/|||"));
    sv_test_free(client);
    free(bytes);
}

static void test_replies_live_as_long_as_the_client(void **state)
{
    (void)state;
    enum { N = 50 };
    sv_reply replies[N];
    sv_client *client = sv_test_client(&guide_app);
    for (int i = 0; i < N; i++)
        replies[i] = sv_test_get(client, i % 2 ? "/items/1" : "/nowhere");
    for (int i = 0; i < N; i++) {
        assert_int_equal(replies[i].status, i % 2 ? 200 : 404);
        assert_true(sv_str_starts_with(replies[i].body, SV_STR("{")));
    }
    sv_test_free(client);
    sv_test_free(NULL);
}

static void test_bytes_that_are_no_request(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&echo_app);
    assert_int_equal(sv_test_request(client, "G E T", "/", NULL, SV_STR("")).status, 400);
    assert_int_equal(sv_test_get(client, "no-slash").status, 400);
    sv_test_free(client);
}

static void test_an_application_that_cannot_start(void **state)
{
    (void)state;
    static const sv_operation wrong[] = {{"GET", "/a", NULL}, {0}};
    static const sv_app app = {.operations = wrong};
    assert_null(sv_test_client(&app));
}

static bool make_client(void *arg)
{
    (void)arg;
    sv_client *client = sv_test_client(&guide_app);
    sv_test_free(client);
    return client != NULL;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(make_client, NULL) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_headers_of_a_reply),
        cmocka_unit_test(test_a_large_body),
        cmocka_unit_test(test_replies_live_as_long_as_the_client),
        cmocka_unit_test(test_bytes_that_are_no_request),
        cmocka_unit_test(test_an_application_that_cannot_start),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
