/* Events shared by all who listen, and kept for those who come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

static sv_channel *channel;

struct token {
    sv_str content;
};
SV_SCHEMA(token, SV_FIELD(token, content));
SV_STREAM(listen, sv_none, token);
static sv_status listen(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    return sv_events_follow(events, channel);
}
static const sv_operation operations[] = {{"GET", "/events", &listen_handler},
                                          {"GET", "/inline", &listen_handler, .run_inline = true},
                                          {0}};
static const sv_app app = {.operations = operations};

static void publish(const char *text)
{
    sv_event event = {.data = sv_str_from(text)};
    assert_int_equal(sv_channel_publish(channel, &event), SV_OK);
}

static void expect_events(sv_client *client, const char *path, const char *headers,
                          const char *const *wanted)
{
    sv_reply reply = sv_test_request(client, "GET", path, headers, SV_STR(""));
    assert_int_equal(reply.status, 200);
    size_t from = 0;
    for (; *wanted; wanted++) {
        sv_str rest = sv_str_slice(reply.body, from, reply.body.len);
        const char *at = memmem(rest.ptr, rest.len, *wanted, strlen(*wanted));
        if (!at)
            fail_msg("%s not in %.*s", *wanted, SV_STR_ARG(reply.body));
        from = (size_t)(at - reply.body.ptr);
    }
}

static void test_missed_events_and_the_end(void **state)
{
    (void)state;
    channel = sv_channel_new(3, 1000);
    sv_client *client = sv_test_client(&app);
    for (int i = 0; i < 4; i++)
        publish((const char *[]){"a", "b", "c", "d"}[i]);
    assert_int_equal(sv_channel_publish(channel, &(sv_event){.id = SV_STR("7")}), SV_INVALID);
    sv_channel_end(channel);
    expect_events(client, "/events", NULL,
                  (const char *[]){"data: b\n", "data: c\n", "data: d\n", NULL});
    expect_events(client, "/inline", "Last-Event-ID: 3\r\n", (const char *[]){"id: 4\n", NULL});
    sv_reply reply = sv_test_request(client, "GET", "/events", "Last-Event-ID: 4\r\n", SV_STR(""));
    lab_expect(reply, 204, NULL);
    sv_test_free(client);
    sv_channel_free(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_missed_events_and_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
