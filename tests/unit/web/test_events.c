/* Streamed answers of handlers: events and bytes, how they begin and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

struct chat {
    sv_str message;
    int64_t fail_after;
};
struct token {
    sv_str content;
};
SV_SCHEMA(chat, SV_FIELD(chat, message, .min_len = 1),
          SV_FIELD(chat, fail_after, .default_json = "100"));
SV_SCHEMA(token, SV_FIELD(token, content, .max_len = 8));

static const sv_error_kind teapot = {"TEAPOT", 418, "Teapot"};

/* One event for each word. */
SV_STREAM(words, chat, token);
static sv_status words(sv_call *call, const struct chat *in, sv_events *events)
{
    sv_str rest = in->message, word;
    int64_t n = 0;
    sv_status status = SV_OK;
    while (!status && sv_str_split(&rest, ' ', &word)) {
        if (n++ == in->fail_after)
            return sv_fail(call, &teapot, "enough");
        status = words_send(events, &(struct token){word});
    }
    return status;
}

SV_STREAM(raw, chat, token);
static sv_status raw(sv_call *call, const struct chat *in, sv_events *events)
{
    (void)call;
    sv_status status = sv_events_send_text(events, in->message);
    if (!status)
        status = sv_events_send(events, &(sv_event){.event = SV_STR("mark"),
                                                    .id = SV_STR("7"),
                                                    .data = SV_STR("x"),
                                                    .retry_ms = 50});
    return status ? status : sv_events_send_text(events, SV_STR("[DONE]"));
}

SV_STREAM(silent, sv_none, token);
static sv_status silent(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in, (void)events;
    return SV_OK;
}

SV_HANDLER(bytes, chat, sv_none);
static sv_status bytes(sv_call *call, const struct chat *in, struct sv_none *out)
{
    (void)out;
    sv_set_status(call, 206);
    sv_status status = sv_set_header(call, "X-Kind", SV_STR("bytes"));
    if (!status)
        status = sv_respond_stream(call, "text/plain");
    if (!status)
        status = sv_write(call, in->message);
    if (!status && in->fail_after == 1)
        return sv_fail(call, &teapot, "enough");
    return status ? status : sv_write(call, SV_STR("!"));
}

SV_STREAM(texts, chat, sv_none);
static sv_status texts(sv_call *call, const struct chat *in, sv_events *events)
{
    sv_status status = in->fail_after ? sv_events_send_text(events, in->message) : SV_OK;
    return status || in->fail_after != 1 ? status : sv_fail(call, &teapot, "enough");
}

static void see(sv_call *call, sv_str piece)
{
    (void)call;
    lab_note("%.*s", SV_STR_ARG(piece));
}
static const sv_middleware middleware[] = {{.name = "see", .on_stream = see}, {0}};

static const sv_operation operations[] = {{"POST", "/words", &words_handler},
                                          {"POST", "/inline", &words_handler, .run_inline = true},
                                          {"POST", "/raw", &raw_handler},
                                          {"POST", "/bytes", &bytes_handler},
                                          {"GET", "/silent", &silent_handler},
                                          {"POST", "/texts", &texts_handler},
                                          {0}};
static const sv_app app = {.operations = operations, .middleware = middleware};
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

static void expect_body(sv_reply reply, int status, const char *wanted)
{
    if (reply.status != status || !sv_str_eq(reply.body, sv_str_from(wanted)))
        fail_msg("wanted %d %s, got %d %.*s", status, wanted, reply.status, SV_STR_ARG(reply.body));
}

static void test_events(void **state)
{
    (void)state;
    static const char wanted[] = "data: {\"content\":\"a\"}\n\ndata: {\"content\":\"b\"}\n\n";
    sv_reply reply = sv_test_post(client, "/words", "{\"message\":\"a b\"}");
    expect_body(reply, 200, wanted);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-type"),
                          SV_STR("text/event-stream; charset=utf-8")));
    assert_string_equal(lab_trace(), "{\"content\":\"a\"} {\"content\":\"b\"}");
    expect_body(sv_test_post(client, "/inline", "{\"message\":\"a b\"}"), 200, wanted);
}

static void test_text_and_marks(void **state)
{
    (void)state;
    expect_body(sv_test_post(client, "/raw", "{\"message\":\"a\\nb\"}"), 200,
                "data: a\ndata: b\n\nevent: mark\ndata: x\nid: 7\nretry: 50\n\ndata: [DONE]\n\n");
}

static void test_nothing_to_say(void **state)
{
    (void)state;
    expect_body(sv_test_get(client, "/silent"), 200, "");
}

static void test_a_failure_before_the_first_event(void **state)
{
    (void)state;
    lab_expect(sv_test_post(client, "/words", "{\"message\":\"a\",\"fail_after\":0}"), 418,
               "\"error\":\"TEAPOT\"");
    lab_expect(sv_test_post(client, "/words", "{\"message\":\"\"}"), 422, "string_too_short");
    lab_expect(sv_test_post(client, "/words", "{\"message\":\"muchtoolong\"}"), 500,
               "\"error\":\"INTERNAL_ERROR\"");
}

static void test_a_failure_later(void **state)
{
    (void)state;
    sv_reply reply = sv_test_post(client, "/words", "{\"message\":\"a b\",\"fail_after\":1}");
    lab_expect(reply, 200, "data: {\"content\":\"a\"}\n\n");
    lab_expect(reply, 200,
               "\n\nevent: error\ndata: {\"error\":\"TEAPOT\",\"message\":\"enough\",\"path\":"
               "\"/words\"");
}

static void test_events_without_a_schema(void **state)
{
    (void)state;
    expect_body(sv_test_post(client, "/texts", "{\"message\":\"a\"}"), 200, "data: a\n\n");
    lab_expect(sv_test_post(client, "/texts", "{\"message\":\"a\",\"fail_after\":1}"), 200,
               "data: a\n\nevent: error\ndata: {\"error\":\"TEAPOT\"");
    sv_reply reply = sv_test_post(client, "/texts", "{\"message\":\"a\",\"fail_after\":0}");
    expect_body(reply, 200, "");
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-type"),
                          SV_STR("text/event-stream; charset=utf-8")));
}

static void test_bytes(void **state)
{
    (void)state;
    sv_reply reply = sv_test_post(client, "/bytes", "{\"message\":\"abc\"}");
    expect_body(reply, 206, "abc!");
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-type"), SV_STR("text/plain")));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "x-kind"), SV_STR("bytes")));
    lab_expect(sv_test_post(client, "/bytes", "{}"), 422, "missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_and_marks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failure_before_the_first_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failure_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_without_a_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
