/* Server-sent events as a browser reads them. */
#include "client_lab.h"

#include "web/client_event.h"

typedef struct event_case {
    const char *text;
    const char *wanted; /* event|data|id|retry; of each event */
} event_case;

static const event_case cases[] = {
    {"data: a\n\n", "message|a||-1;"},
    {"data:a\ndata: b\ndata:\n\n", "message|a\nb\n||-1;"},
    {"data\n\n", "message|||-1;"},
    {"event: e\ndata: a\n\ndata: b\n\n", "e|a||-1;message|b||-1;"},
    {"id: 7\nretry: 100\ndata: a\n\ndata: b\n\n", "message|a|7|100;message|b|7|100;"},
    {"id: 7\n\ndata: a\n\nid\ndata: b\n\n", "message|a|7|-1;message|b||-1;"},
    {"retry: x\nretry: -1\nunknown: x\n: comment\ndata:  a\n\n", "message| a||-1;"},
    {"event: e\n\ndata: a\n\n", "message|a||-1;"},
    {"\xef\xbb\xbf"
     "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
     "message|a||-1;message|b||-1;message|c||-1;"},
    {": beat\n\n: beat\n\n", ""},
    {"data: not complete\n", ""},
    {"", ""},
};

static void take_all(sv_client_event *events, sv_arena *arena, sv_buf *out)
{
    sv_test_event event;
    while (sv_client_event_next(events, arena, &event) == SV_OK)
        sv_buf_printf(out, "%.*s|%.*s|%.*s|%lld;", SV_STR_ARG(event.event), SV_STR_ARG(event.data),
                      SV_STR_ARG(event.id), (long long)event.retry_ms);
}

static void check(const event_case *it, size_t step)
{
    sv_client_event events;
    sv_arena *arena = sv_arena_new(0);
    sv_str rest = sv_str_from(it->text);
    sv_buf out;
    sv_buf_init(&out, 10000);
    sv_client_event_init(&events);
    for (size_t at = 0; at < rest.len; at += step) {
        sv_buf_append_str(&events.text, sv_str_slice(rest, at, step));
        if (step > 1 || at >= 2) /* a mark comes whole */
            take_all(&events, arena, &out);
    }
    if (!sv_str_eq(sv_buf_str(&out), sv_str_from(it->wanted)))
        fail_msg("by %zu: %s gave %.*s", step, it->text, SV_STR_ARG(sv_buf_str(&out)));
    sv_client_event_deinit(&events);
    sv_buf_deinit(&out);
    sv_arena_free(arena);
}

static void test_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check(&cases[i], 1000);
        check(&cases[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
