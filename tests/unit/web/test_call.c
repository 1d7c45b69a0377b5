/* What a handler can ask and say, without a server around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "web/call.h"

static sv_call call;

static int set_up(void **state)
{
    (void)state;
    call = (sv_call){.arena = sv_arena_new(0), .cancel = sv_cancel_new()};
    return call.arena && call.cancel ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(call.arena);
    sv_cancel_unref(call.cancel);
    return 0;
}

static const sv_error_kind teapot = {"TEAPOT", 418, "I'm a teapot", NULL};

static void test_fail(void **state)
{
    (void)state;
    assert_int_equal(sv_fail(&call, &teapot, "short and %s", "stout"), SV_FAILED);
    assert_ptr_equal(call.result.failure, &teapot);
    assert_true(sv_str_eq(call.result.message, SV_STR("short and stout")));
    assert_int_equal(sv_fail_member(&call, "spouts", "[1]"), SV_FAILED);
    assert_int_equal(sv_fail_member(&call, "handle", "true"), SV_FAILED);
    assert_true(sv_str_eq(call.result.members_json, SV_STR("\"spouts\":[1],\"handle\":true")));
    (void)sv_fail(&call, &sv_kind_conflict, "again"); /* the last call wins, members and all */
    assert_ptr_equal(call.result.failure, &sv_kind_conflict);
    assert_null(call.result.members_json.ptr);
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    (void)sv_fail(&call, &teapot, "%s", text);
    assert_int_equal(call.result.message.len, 2047);
}

/* What a function of ours returned, as a client reads it: texts without a kind stay inside. */
static void test_statuses_become_kinds(void **state)
{
    (void)state;
    static const struct {
        sv_status status;
        const sv_error_kind *kind;
    } cases[] = {
        {SV_NO_MEMORY, &sv_kind_insufficient_memory},
        {SV_CANCELLED, &sv_kind_deadline_exceeded},
        {SV_TIMEOUT, &sv_kind_deadline_exceeded},
        {SV_UNAVAILABLE, &sv_kind_server_overloaded},
        {SV_IO, &sv_kind_internal_error},
        {SV_FAILED, &sv_kind_internal_error},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error = {.message = "/secret/path is broken"};
        call.result.failure = NULL;
        assert_int_equal(sv_call_fail_with(&call, cases[i].status, i % 2 ? &error : NULL),
                         SV_FAILED);
        assert_ptr_equal(call.result.failure, cases[i].kind);
        assert_true(sv_str_eq(call.result.message, sv_str_from(cases[i].kind->title)));
    }
}

static void test_errors_with_a_kind(void **state)
{
    (void)state;
    sv_error bad = {.kind = &sv_kind_invalid_input, .message = "not a picture"};
    sv_error engine = {.kind = &sv_kind_inference_failed, .message = "/models/a.onnx: no"};
    (void)sv_call_fail_with(&call, SV_INVALID, &bad);
    assert_ptr_equal(call.result.failure, &sv_kind_invalid_input);
    assert_true(sv_str_eq(call.result.message, SV_STR("not a picture")));
    (void)sv_call_fail_with(&call, SV_FAILED, &engine); /* the handler has spoken already */
    assert_ptr_equal(call.result.failure, &sv_kind_invalid_input);
    call.result.failure = NULL;
    (void)sv_call_fail_with(&call, SV_FAILED, &engine);
    assert_true(sv_str_eq(call.result.message, sv_str_from(sv_kind_inference_failed.title)));
    assert_true(sv_str_eq(call.result.log_detail, SV_STR("/models/a.onnx: no")));
}

static void test_memory_and_text(void **state)
{
    (void)state;
    const char *bytes = sv_alloc(&call, 100);
    assert_non_null(bytes);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    assert_true(sv_str_eq(sv_format(&call, "%d and %s", 1, "more"), SV_STR("1 and more")));
    sv_arena_set_limit(call.arena, 1000);
    assert_null(sv_alloc(&call, 100000));
    static char text[10000];
    memset(text, 'x', sizeof text - 1);
    assert_null(sv_format(&call, "%s", text).ptr);
}

static void test_lists_grow(void **state)
{
    (void)state;
    enum { N = 1000 };
    typedef SV_LIST(int64_t) int_list;
    int_list list = {0};
    for (int i = 0; i < N; i++) {
        int64_t *item = sv_list_push(&call, &list);
        assert_non_null(item);
        assert_int_equal(*item, 0);
        *item = i;
    }
    assert_int_equal(list.len, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(list.items[i], i);
    sv_arena_set_limit(call.arena, 1);
    while (list.len < 1024)
        (void)sv_list_push(&call, &list);
    assert_null(sv_list_push(&call, &list)); /* it would have to grow */
    assert_int_equal(list.len, 1024);
    assert_int_equal(list.items[N - 1], N - 1);
}

static void test_the_request(void **state)
{
    (void)state;
    const sv_http_header headers[] = {{SV_STR_INIT("Accept"), SV_STR_INIT("a")},
                                      {SV_STR_INIT("X-Twice"), SV_STR_INIT("1")},
                                      {SV_STR_INIT("x-twice"), SV_STR_INIT("2")}};
    call.request = (sv_call_request){.method = SV_STR("POST"),
                                     .raw_path = SV_STR("/a%20b"),
                                     .path = SV_STR("/a b"),
                                     .query = SV_STR("c=d"),
                                     .body = SV_STR("{}"),
                                     .request_id = SV_STR("id"),
                                     .client = SV_STR("127.0.0.1"),
                                     .headers = headers,
                                     .n_headers = 3};
    assert_true(sv_str_eq(sv_request_method(&call), SV_STR("POST")));
    assert_true(sv_str_eq(sv_request_raw_path(&call), SV_STR("/a%20b")));
    assert_true(sv_str_eq(sv_request_path(&call), SV_STR("/a b")));
    assert_true(sv_str_eq(sv_request_query(&call), SV_STR("c=d")));
    assert_true(sv_str_eq(sv_request_body(&call), SV_STR("{}")));
    assert_true(sv_str_eq(sv_request_id(&call), SV_STR("id")));
    assert_true(sv_str_eq(sv_request_client(&call), SV_STR("127.0.0.1")));
    assert_true(sv_str_eq(sv_request_header(&call, "ACCEPT"), SV_STR("a")));
    assert_true(sv_str_eq(sv_request_header(&call, "X-TWICE"), SV_STR("1")));
    assert_null(sv_request_header(&call, "Acc").ptr);
}

static void test_headers_of_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        sv_status status;
    } cases[] = {
        {"X-Good", "a b", SV_OK},           {"X-Empty", "", SV_OK},
        {"X Bad", "a", SV_INVALID},         {"", "a", SV_INVALID},
        {"X-Bad", "a\r\nb: c", SV_INVALID}, {"X-Bad\n", "a", SV_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sv_set_header(&call, cases[i].name, sv_str_from(cases[i].value)),
                         cases[i].status);
    assert_int_equal(call.result.n_headers, 2);
    char name[] = "X-Mine";
    assert_int_equal(sv_set_header(&call, name, SV_STR("1")), SV_OK);
    name[0] = 'Y'; /* it was copied */
    assert_true(sv_str_eq(call.result.headers[2].name, SV_STR("X-Mine")));
    sv_status status = SV_OK;
    for (int i = 0; i < 100 && !status; i++)
        status = sv_set_header(&call, "X-More", SV_STR("1"));
    assert_int_equal(status, SV_TOO_LARGE);
}

static void test_status_of_the_answer(void **state)
{
    (void)state;
    static const struct {
        int asked, is;
    } cases[] = {{201, 201}, {599, 599}, {200, 200}, {0, 200}, {199, 200}, {600, 200}, {-1, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_set_status(&call, cases[i].asked);
        assert_int_equal(call.result.status, cases[i].is);
    }
    assert_int_equal(sv_respond_bytes(&call, "text/plain", SV_STR("hello")), SV_OK);
    assert_true(call.has_bytes);
    assert_true(sv_str_eq(call.result.body, SV_STR("hello")));
}

static void test_time_and_cancellation(void **state)
{
    (void)state;
    call.request.deadline_ns = SV_NEVER;
    assert_int_equal(sv_remaining_ms(&call), INT64_MAX);
    call.request.deadline_ns = sv_clock_now_ns(&sv_clock_system) - 1;
    assert_int_equal(sv_remaining_ms(&call), 0);
    assert_false(sv_is_cancelled(&call));
    sv_cancel_fire(call.cancel, SV_CANCEL_CLIENT);
    assert_true(sv_is_cancelled(&call));
}

/* A failure is told even when there is no memory for its words. */
static void test_fail_without_memory(void **state)
{
    (void)state;
    sv_arena_set_limit(call.arena, 1);
    assert_int_equal(sv_fail(&call, &teapot, "%s", "words"), SV_FAILED);
    assert_true(sv_str_eq(call.result.message, SV_STR("I'm a teapot")));
    assert_int_equal(sv_fail_member(&call, "spouts", "[1]"), SV_FAILED);
    assert_int_equal(sv_set_header(&call, "X-Good", SV_STR("1")), SV_NO_MEMORY);
    assert_int_equal(call.result.n_headers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fail),
        TEST(test_long_messages_are_cut),
        TEST(test_statuses_become_kinds),
        TEST(test_errors_with_a_kind),
        TEST(test_memory_and_text),
        TEST(test_lists_grow),
        TEST(test_the_request),
        TEST(test_headers_of_the_answer),
        TEST(test_status_of_the_answer),
        TEST(test_time_and_cancellation),
        TEST(test_fail_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
