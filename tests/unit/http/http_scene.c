/* http_scene.c: see http_scene.h. */
#include "http_scene.h"

#include <string.h>

int scene_start_with(void **state, const sv_http_limits *limits)
{
    scene *made = test_calloc(1, sizeof *made);
    http_init(&made->fixture);
    made->fixture.limits = *limits;
    http_start(&made->fixture, false);
    made->client = scene_connect(made);
    *state = made;
    return 0;
}

int scene_start(void **state)
{
    return scene_start_with(state, &sv_http_limits_default);
}

int scene_start_hasty(void **state)
{
    sv_http_limits limits = sv_http_limits_default;
    limits.write_timeout_ms = limits.request_timeout_ms = 40;
    return scene_start_with(state, &limits);
}

int scene_stop(void **state)
{
    scene *made = *state;
    sv_loopback_free(made->client);
    http_stop(&made->fixture);
    test_free(made);
    return 0;
}

sv_loopback *scene_connect(scene *here)
{
    sv_loopback *client = sv_loopback_new(here->fixture.server, here->fixture.loop);
    assert_non_null(client);
    return client;
}

sv_exchange *scene_take_held(scene *here)
{
    sv_exchange *exchange = here->fixture.held;
    assert_non_null(exchange);
    here->fixture.held = NULL;
    exchange->answer.status = 200;
    exchange->answer.content_type = SV_STR("text/plain");
    return exchange;
}

sv_exchange *scene_ask(scene *here, const char *request)
{
    sv_loopback_send(here->client, sv_str_from(request));
    return scene_take_held(here);
}

void scene_end(scene *here, sv_exchange *exchange)
{
    sv_exchange_respond(exchange);
    http_settle(&here->fixture);
}

void scene_assert_received(scene *here, const char *text)
{
    http_settle(&here->fixture);
    if (!strstr(http_text(here->client), text))
        fail_msg("not received: %s\n%s", text, http_text(here->client));
}

void scene_assert_not_received(scene *here, const char *text)
{
    http_settle(&here->fixture);
    if (strstr(http_text(here->client), text))
        fail_msg("received: %s\n%s", text, http_text(here->client));
}

void scene_assert_done(scene *here, int status)
{
    http_settle(&here->fixture);
    assert_int_equal(here->fixture.seen.n_done, 1);
    assert_int_equal(here->fixture.seen.last_status, status);
}

void scene_assert_statuses(sv_loopback *client, size_t n, const int *expected)
{
    int statuses[8];
    assert_int_equal(http_statuses(client, statuses, 8), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(statuses[i], expected[i]);
}

size_t scene_count_active(scene *here)
{
    return sv_server_get_stats(here->fixture.server).n_active;
}
