/* test_event_stream.c: events as text, and their stream. */
#include "http_scene.h"

#include <string.h>

#include "http/event_stream.h"

static const struct {
    sv_event_fields event;
    const char *text; /* NULL: refused */
} texts[] = {
    {{.data = SV_STR_INIT("one")}, "data: one\n\n"},
    {{.data = SV_STR_INIT("")}, "data: \n\n"},
    {{.data = SV_STR_INIT(" two")}, "data:  two\n\n"},
    {{.data = SV_STR_INIT("a\nb\rc\r\nd")}, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
    {{.data = SV_STR_INIT("\n")}, "data: \ndata: \n\n"},
    {{.data = SV_STR_INIT("a\r\r\n\n\r")}, "data: a\ndata: \ndata: \ndata: \ndata: \n\n"},
    {{.data = SV_STR_INIT("id: 7\n\nevent: x")}, "data: id: 7\ndata: \ndata: event: x\n\n"},
    {{.data = SV_STR_INIT("gr\xc3\xbc\xc3\x9f")}, "data: gr\xc3\xbc\xc3\x9f\n\n"},
    {{.event = SV_STR_INIT("token"), .data = SV_STR_INIT("x"), .id = SV_STR_INIT("7")},
     "event: token\ndata: x\nid: 7\n\n"},
    {{.id = SV_STR_INIT("")}, "id: \n\n"},
    {{.has_retry = true, .retry_ms = 2500}, "retry: 2500\n\n"},
    {{.has_retry = true}, "retry: 0\n\n"},
    {{.comment = SV_STR_INIT("still\nhere")}, ": still\n: here\n\n"},
    {{.retry_ms = 1}, "\n"},
    {{.event = SV_STR_INIT("a\nb")}, NULL},
    {{.event = SV_STR_INIT("a\rb")}, NULL},
    {{.event = SV_STR_INIT("a\0b")}, NULL},
    {{.id = SV_STR_INIT("1\n2")}, NULL},
    {{.id = SV_STR_INIT("1\r")}, NULL},
    {{.id = SV_STR_INIT("\0")}, NULL},
    {{.has_retry = true, .retry_ms = -1}, NULL},
};

static void test_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_buf out;
        sv_buf_init(&out, 1000);
        sv_status status = sv_event_stream_format(&out, &texts[i].event);
        assert_int_equal(status, texts[i].text ? SV_OK : SV_INVALID);
        if (texts[i].text && !sv_str_eq(sv_buf_str(&out), sv_str_from(texts[i].text)))
            fail_msg("row %zu: %.*s", i, SV_STR_ARG(sv_buf_str(&out)));
        sv_buf_deinit(&out);
    }
}

static void test_format_is_bounded(void **state)
{
    (void)state;
    sv_buf out;
    sv_buf_init(&out, 10);
    sv_event_fields event = {.data = SV_STR("longer than that")};
    assert_int_equal(sv_event_stream_format(&out, &event), SV_TOO_LARGE);
    sv_buf_deinit(&out);
}

static void test_stream(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    exchange->answer.status = 0;
    assert_int_equal(sv_event_stream_start(exchange, 0), SV_OK);
    scene_assert_received(here, "HTTP/1.1 200 OK\r\n");
    scene_assert_received(here, "Content-Type: text/event-stream; charset=utf-8\r\n");
    scene_assert_received(here, "Cache-Control: no-cache, no-transform\r\n");
    scene_assert_received(here, "X-Accel-Buffering: no\r\n");
    sv_event_fields event = {.data = SV_STR("one")};
    assert_int_equal(sv_event_stream_send(exchange, &event), SV_OK);
    scene_assert_received(here, "\r\n\r\nb\r\ndata: one\n\n\r\n");
    event.id = SV_STR("1\n2");
    assert_int_equal(sv_event_stream_send(exchange, &event), SV_INVALID);
    event.id = SV_STR("2");
    assert_int_equal(sv_event_stream_try_send(exchange, &event), SV_OK);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_streams, 1);
    assert_int_equal(sv_server_get_stats(here->fixture.server).n_events, 2);
    scene_end(here, exchange);
    scene_assert_received(here, "data: one\nid: 2\n\n\r\n0\r\n\r\n");
}

static void test_own_cache_control(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_exchange_add_header(exchange, SV_STR("cache-control"), SV_STR("no-store")),
                     SV_OK);
    assert_int_equal(sv_event_stream_start(exchange, 0), SV_OK);
    scene_assert_received(here, "cache-control: no-store\r\n");
    scene_assert_not_received(here, "no-cache");
    scene_end(here, exchange);
}

static void test_heartbeat(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    assert_int_equal(sv_event_stream_start(exchange, 10), SV_OK);
    http_run_ms(&here->fixture, SCENE_LATER_MS);
    scene_assert_received(here, "\r\n\r\n8\r\n: ping\n\n\r\n");
    scene_end(here, exchange);
}

static void test_failures_leave_the_answer_open(void **state)
{
    scene *here = *state;
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    for (int i = 0; i < 16; i++)
        assert_int_equal(sv_exchange_add_header(exchange, SV_STR("X-A"), SV_STR("b")), SV_OK);
    assert_int_equal(sv_event_stream_start(exchange, 0), SV_TOO_LARGE);
    exchange->answer.n_headers = 0;
    exchange->answer.body = SV_STR("another answer");
    scene_end(here, exchange);
    scene_assert_received(here, "\r\n\r\nanother answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format), cmocka_unit_test(test_format_is_bounded),
        scene_test(test_stream),       scene_test(test_own_cache_control),
        scene_test(test_heartbeat),    scene_test(test_failures_leave_the_answer_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
