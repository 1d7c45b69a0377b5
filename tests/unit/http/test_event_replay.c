/* test_event_replay.c: followers of a source of events: what they missed, what comes, how it ends.
 */
#include "http_scene.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/event_replay.h"

#define AFTER(id) "GET /stream HTTP/1.1\r\n" SCENE_HOST "Last-Event-ID: " id "\r\n\r\n"

static sv_event_replay *make_replay(size_t max_events, size_t max_bytes)
{
    sv_event_replay *replay;
    assert_int_equal(sv_event_replay_new(max_events, max_bytes, &replay), SV_OK);
    return replay;
}

static void publish(sv_event_replay *replay, const char *data)
{
    sv_event_fields event = {.data = sv_str_from(data)};
    assert_int_equal(sv_event_replay_publish(replay, &event), SV_OK);
}

static void give_back(void *arg, sv_status status)
{
    (void)status;
    sv_exchange_respond(arg);
}

static sv_status follow(sv_event_replay *replay, sv_exchange *exchange)
{
    sv_event_follow how = {.on_end = give_back, .arg = exchange};
    exchange->answer.status = 0;
    return sv_event_replay_follow(replay, exchange, &how);
}

/* The ids in what the client has received, e.g. "1 2 3". */
static const char *ids(scene *here)
{
    static char list[4000];
    size_t len = 0;
    http_settle(&here->fixture);
    list[0] = '\0';
    for (const char *at = http_text(here->client); (at = strstr(at, "\nid: ")); at++)
        len +=
            (size_t)snprintf(list + len, sizeof list - len, "%s%d", len ? " " : "", atoi(at + 5));
    return list;
}

static void test_past_then_live(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(10, 1000);
    publish(replay, "a");
    publish(replay, "b");
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    assert_string_equal(ids(here), "1 2");
    publish(replay, "c");
    assert_string_equal(ids(here), "1 2 3");
    scene_assert_received(here, "data: c\nid: 3\n\n");
    sv_event_replay_end(replay);
    scene_assert_received(here, "\r\n0\r\n\r\n");
    assert_int_equal(here->fixture.seen.n_done, 1);
    sv_event_replay_free(replay);
}

/* What each Last-Event-ID gets of the kept events 3, 4, 5. */
static const struct {
    const char *request, *ids;
} places[] = {
    {SCENE_STREAM, "3 4 5"}, {AFTER("4"), "5"},      {AFTER("3"), "4 5"},
    {AFTER("2"), "3 4 5"},   {AFTER("1"), "3 4 5"},  {AFTER("5"), ""},
    {AFTER("6"), "3 4 5"},   {AFTER("x1"), "3 4 5"}, {AFTER("99999999999999999999999"), "3 4 5"},
    {AFTER("-1"), "3 4 5"},
};

static void test_place_of_a_client(void **state)
{
    scene *here = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        sv_event_replay *replay = make_replay(3, 1000);
        for (int k = 0; k < 5; k++)
            publish(replay, "x");
        assert_int_equal(follow(replay, scene_ask(here, places[i].request)), SV_OK);
        assert_string_equal(ids(here), places[i].ids);
        sv_event_replay_free(replay);
        http_settle(&here->fixture);
        sv_buf_clear(sv_loopback_received(here->client));
    }
}

static void test_ended_and_seen_is_no_content(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(3, 1000);
    publish(replay, "x");
    sv_event_replay_end(replay);
    sv_event_fields late = {.data = SV_STR("late")};
    assert_int_equal(sv_event_replay_publish(replay, &late), SV_CANCELLED);
    sv_exchange *exchange = scene_ask(here, AFTER("1"));
    assert_int_equal(follow(replay, exchange), SV_NOT_FOUND);
    scene_end(here, exchange);
    scene_assert_received(here, "HTTP/1.1 204 ");
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    assert_string_equal(ids(here), "1");
    scene_assert_received(here, "\r\n0\r\n\r\n");
    sv_event_replay_free(replay);
}

static void test_bytes_are_bounded(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(100, 60); /* 16 bytes each */
    for (int i = 0; i < 9; i++)
        publish(replay, "x");
    sv_event_fields event = {.data =
                                 SV_STR("0123456789012345678901234567890123456789012345678901")};
    assert_int_equal(sv_event_replay_publish(replay, &event), SV_TOO_LARGE);
    event.id = SV_STR("7");
    assert_int_equal(sv_event_replay_publish(replay, &event), SV_INVALID);
    event = (sv_event_fields){.event = SV_STR("a\nb")};
    assert_int_equal(sv_event_replay_publish(replay, &event), SV_INVALID);
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    assert_string_equal(ids(here), "6 7 8 9");
    sv_event_replay_free(replay);
}

static void test_slow_follower_goes_on_where_it_was(void **state)
{
    static char data[2001];
    char expected[4000] = "";
    scene *here = *state;
    sv_event_replay *replay = make_replay(200, 1000 * 1000);
    memset(data, 'd', sizeof data - 1);
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    http_settle(&here->fixture);
    sv_loopback_limit(here->client, 0);
    for (int i = 1; i <= 200; i++) {
        publish(replay, data);
        http_settle(&here->fixture);
        snprintf(expected + strlen(expected), 8, "%s%d", i > 1 ? " " : "", i);
    }
    assert_string_equal(ids(here), "");
    sv_loopback_limit(here->client, SIZE_MAX);
    sv_loopback_take_held(here->client);
    http_settle(&here->fixture);
    assert_string_equal(ids(here), expected);
    sv_event_replay_free(replay);
}

static void test_followers_leave(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(10, 1000);
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    publish(replay, "x");
    sv_loopback_reset(here->client);
    publish(replay, "y");
    scene_assert_done(here, 499);
    sv_event_replay_free(replay);
}

static void test_client_is_gone_already(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(10, 1000);
    sv_exchange *exchange = scene_ask(here, SCENE_STREAM);
    sv_loopback_reset(here->client);
    assert_int_equal(follow(replay, exchange), SV_CANCELLED);
    scene_end(here, exchange);
    sv_event_replay_free(replay);
}

static void test_head_gets_no_events(void **state)
{
    scene *here = *state;
    sv_event_replay *replay = make_replay(10, 1000);
    publish(replay, "x");
    assert_int_equal(follow(replay, scene_ask(here, "HEAD /stream HTTP/1.1\r\n" SCENE_HOST "\r\n")),
                     SV_OK);
    assert_string_equal(ids(here), "");
    scene_assert_done(here, 200);
    sv_event_replay_free(replay);
}

enum { N_PUBLISHED = 500 };

static void *publish_many(void *arg)
{
    for (int i = 0; i < N_PUBLISHED; i++)
        publish(arg, "x");
    sv_event_replay_end(arg);
    return NULL;
}

static void test_publisher_on_another_thread(void **state)
{
    scene *here = *state;
    pthread_t thread;
    sv_event_replay *replay = make_replay(N_PUBLISHED, 1000 * 1000);
    assert_int_equal(follow(replay, scene_ask(here, SCENE_STREAM)), SV_OK);
    assert_int_equal(pthread_create(&thread, NULL, publish_many, replay), 0);
    while (here->fixture.seen.n_done == 0)
        sv_loop_step(here->fixture.loop, 10);
    pthread_join(thread, NULL);
    const char *at = http_text(here->client);
    for (int i = 1; i <= N_PUBLISHED; i++) {
        at = strstr(at, "\nid: ");
        assert_non_null(at++);
        assert_int_equal(atoi(at + 4), i);
    }
    assert_null(strstr(at, "\nid: "));
    sv_event_replay_free(replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(test_past_then_live),
        scene_test(test_place_of_a_client),
        scene_test(test_ended_and_seen_is_no_content),
        scene_test(test_bytes_are_bounded),
        scene_test(test_slow_follower_goes_on_where_it_was),
        scene_test(test_followers_leave),
        scene_test(test_client_is_gone_already),
        scene_test(test_head_gets_no_events),
        scene_test(test_publisher_on_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
