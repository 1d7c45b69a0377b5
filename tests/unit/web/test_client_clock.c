/* A clock that a test puts ahead, and what obeys it. */
#include "client_lab.h"

#include "web/client_clock.h"

static void test_both_times_move(void **state)
{
    (void)state;
    enum { DAY_MS = 24 * 60 * 60 * 1000 };
    sv_client_clock clock, other;
    sv_client_clock_init(&clock);
    sv_client_clock_init(&other);
    int64_t now = sv_clock_now_ns(&clock.clock), wall = sv_clock_wall_ns(&clock.clock);
    sv_client_clock_advance(&clock, DAY_MS);
    assert_true(sv_clock_now_ns(&clock.clock) - now >= DAY_MS * SV_NS_PER_MS);
    assert_true(sv_clock_wall_ns(&clock.clock) - wall >= (DAY_MS - 1000) * SV_NS_PER_MS);
    assert_true(sv_clock_now_ns(&other.clock) - now < DAY_MS * SV_NS_PER_MS);
}

static void test_never_back_nor_too_far(void **state)
{
    (void)state;
    sv_client_clock clock;
    sv_client_clock_init(&clock);
    sv_client_clock_advance(&clock, 0);
    sv_client_clock_advance(&clock, -5);
    sv_client_clock_advance(&clock, INT64_MAX);
    assert_int_equal(clock.ahead_ns, 0);
    for (int i = 0; i < 3; i++)
        sv_client_clock_advance(&clock, INT64_C(500000000000));
    assert_true(clock.ahead_ns == INT64_C(1000000000000) * SV_NS_PER_MS);
}

static void test_deadlines_of_requests(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_reset();
    sv_test_stream *stream = sv_test_open(client, "GET", "/wait", NULL, SV_STR(""));
    client_lab_await_started(1);
    sv_test_advance(client, 31000);
    assert_int_equal(sv_test_finish(stream).status, 504);
    client_lab_await_left(1);
    sv_test_free(client);
}

static void test_calls_start_with_all_their_time(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_advance(client, 3600000);
    client_lab_expect(sv_test_get(client, "/left"), 200, "20");
    sv_test_free(client);
}

static void test_heartbeats(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_str piece;
    client_lab_reset();
    sv_test_stream *stream = sv_test_open(client, "GET", "/quiet", NULL, SV_STR(""));
    assert_true(sv_test_next_piece(stream, &piece));
    assert_string_equal(piece.ptr, "data: {\"n\":1}\n\n");
    client_lab_await_started(1);
    for (int i = 0; i < 3; i++) {
        sv_test_advance(client, 15001);
        assert_true(sv_test_next_piece(stream, &piece));
        assert_true(sv_str_starts_with(piece, SV_STR(":")));
    }
    sv_test_leave(stream);
    client_lab_await_left(1);
    sv_test_free(client);
}

static void test_rate_limits(void **state)
{
    (void)state;
    sv_client *client = client_lab_new(), *other = client_lab_new();
    for (int i = 0; i < 2; i++)
        sv_test_expect(client, sv_test_get(client, "/limited"), 200);
    sv_test_expect(client, sv_test_get(client, "/limited"), 429);
    sv_test_expect(other, sv_test_get(other, "/limited"), 200);
    sv_test_advance(client, 61000);
    sv_test_expect(client, sv_test_get(client, "/limited"), 200);
    assert_int_equal(sv_test_failures(client) + sv_test_failures(other), 0);
    sv_test_free(client);
    sv_test_free(other);
}

static void test_dates(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_reply now = sv_test_get(client, "/document");
    sv_test_advance(client, 2000);
    sv_reply later = sv_test_get(client, "/document");
    assert_false(
        sv_str_eq(sv_reply_header_value(&now, "date"), sv_reply_header_value(&later, "date")));
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_times_move),
        cmocka_unit_test(test_never_back_nor_too_far),
        cmocka_unit_test(test_deadlines_of_requests),
        cmocka_unit_test(test_calls_start_with_all_their_time),
        cmocka_unit_test(test_heartbeats),
        cmocka_unit_test(test_rate_limits),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
