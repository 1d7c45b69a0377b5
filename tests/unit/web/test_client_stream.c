/* Requests and answers piece by piece. */
#include "client_lab.h"

#include "failing_malloc.h"

static void test_events(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_stream *stream = sv_test_open(client, "GET", "/ticks", NULL, SV_STR(""));
    sv_reply head = sv_test_head_of(stream);
    assert_int_equal(head.status, 200);
    assert_true(sv_str_starts_with(sv_reply_header_value(&head, "content-type"),
                                   SV_STR("text/event-stream")));
    static const char *const wanted[] = {"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"};
    sv_test_event event;
    for (int i = 0; i < 3; i++) {
        assert_true(sv_test_next_event(stream, &event));
        assert_string_equal(event.data.ptr, wanted[i]);
    }
    assert_false(sv_test_next_event(stream, &event));
    assert_true(sv_test_is_complete(stream));
    sv_test_free(client);
}

static void test_the_rest(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_str piece;
    sv_test_stream *stream = sv_test_open(client, "GET", "/ticks", NULL, SV_STR(""));
    assert_true(sv_test_next_piece(stream, &piece));
    assert_string_equal(piece.ptr, "data: {\"n\":1}\n\n");
    client_lab_expect(sv_test_finish(stream), 200, "data: {\"n\":2}\n\ndata: {\"n\":3}\n\n");
    client_lab_expect(sv_test_finish(stream), 200, ""); /* nothing is left */
    assert_false(sv_test_next_piece(stream, &piece));
    sv_test_free(client);
}

static void test_an_answer_that_breaks_off(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_str piece;
    sv_test_stream *stream = sv_test_open(client, "GET", "/broken", NULL, SV_STR(""));
    assert_true(sv_test_next_piece(stream, &piece));
    assert_string_equal(piece.ptr, "part");
    assert_false(sv_test_next_piece(stream, &piece));
    assert_false(sv_test_is_complete(stream));
    client_lab_expect(sv_test_get(client, "/broken"), 0, "the answer broke off");
    sv_test_free(client);
}

static void test_leaving(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_str piece;
    client_lab_reset();
    sv_test_stream *endless = sv_test_open(client, "GET", "/endless", NULL, SV_STR(""));
    assert_true(sv_test_next_piece(endless, &piece));
    sv_test_leave(endless);
    client_lab_await_left(1);
    assert_false(sv_test_next_piece(endless, &piece));
    assert_int_equal(sv_test_finish(endless).status, 0);
    sv_test_stream *waits = sv_test_open(client, "GET", "/wait", NULL, SV_STR(""));
    client_lab_await_started(1);
    sv_test_leave(waits);
    client_lab_await_left(2);
    client_lab_expect(sv_test_head_of(waits), 0, "the client left (sv_test_leave)");
    sv_test_free(client);
}

static void test_back_pressure(void **state)
{
    (void)state;
    enum { TAKEN = 10000, SENT_BEFORE = 256 * 1024 }; /* on a busy machine, before the pause */
    sv_client *client = client_lab_new();
    sv_str piece;
    client_lab_reset();
    sv_test_stream *stream = sv_test_open(client, "GET", "/endless", NULL, SV_STR(""));
    sv_test_pause(stream, TAKEN);
    size_t len = 0;
    while (sv_test_next_piece(stream, &piece))
        len += piece.len;
    assert_true(len > 0 && len <= TAKEN + SENT_BEFORE);
    client_lab_expect(sv_test_finish(stream), 0, "the client is paused (sv_test_pause)");
    sv_test_resume(stream);
    assert_true(sv_test_next_piece(stream, &piece));
    sv_test_pause(stream, 0);
    while (sv_test_next_piece(stream, &piece))
        ;
    sv_test_advance(client, 31000); /* a reader that stalls for longer than write_timeout */
    client_lab_await_left(1);
    sv_test_free(client);
}

static void test_bodies_in_pieces(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_stream *stream = sv_test_open_upload(client, "POST", "/gather", NULL);
    sv_test_send(stream, SV_STR("one"));
    sv_test_send(stream, SV_STR(""));
    sv_test_send(stream, SV_STR("seventeen bytes.."));
    sv_test_send_end(stream);
    sv_test_send(stream, SV_STR("too late"));
    client_lab_expect(sv_test_finish(stream), 200, "20");
    stream = sv_test_open_upload(client, "POST", "/echo/", NULL);
    sv_test_send(stream, SV_STR("whole"));
    sv_test_send_end(stream);
    client_lab_expect(sv_test_finish(stream), 200, "POST|/echo/|||||whole");
    sv_test_free(client);
}

static void test_two_at_a_time(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_str piece;
    sv_test_stream *one = sv_test_open(client, "GET", "/endless", NULL, SV_STR(""));
    assert_true(sv_test_next_piece(one, &piece));
    sv_test_pause(one, 1000);
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/|||||");
    sv_test_resume(one);
    assert_true(sv_test_next_piece(one, &piece));
    sv_test_free(client); /* with a stream under way */
}

static void test_no_stream(void **state)
{
    (void)state;
    sv_str piece;
    sv_test_event event;
    sv_test_send(NULL, SV_STR("a"));
    sv_test_send_end(NULL);
    sv_test_leave(NULL);
    sv_test_pause(NULL, 1);
    sv_test_resume(NULL);
    assert_false(sv_test_next_piece(NULL, &piece));
    assert_false(sv_test_next_event(NULL, &event));
    assert_false(sv_test_is_complete(NULL));
    assert_int_equal(sv_test_head_of(NULL).status, 0);
    assert_int_equal(sv_test_finish(NULL).status, 0);
}

static bool run_streams(void *arg)
{
    sv_client *client = arg;
    sv_test_event event;
    sv_test_stream *stream = sv_test_open(client, "GET", "/ticks", NULL, SV_STR(""));
    bool is_well = sv_test_next_event(stream, &event);
    is_well &= sv_test_finish(stream).status == 200;
    is_well &= sv_test_post(client, "/answer", "[1]").status == 200;
    return is_well;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    assert_true(failing_malloc_try_each(run_streams, client) >= 4);
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_the_rest),
        cmocka_unit_test(test_an_answer_that_breaks_off),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_bodies_in_pieces),
        cmocka_unit_test(test_two_at_a_time),
        cmocka_unit_test(test_no_stream),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
