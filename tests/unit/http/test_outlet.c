/* test_outlet.c: how answers are put together and handed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/outlet.h"

/* A carrier that notes what it was given. */
typedef struct carrier {
    int n_writes;
    size_t n_bytes, queued;
    sv_status next; /* of write */
} carrier;

static sv_status take(void *self, const sv_slice *slices, size_t n_slices)
{
    carrier *to = self;
    to->n_writes++;
    for (size_t i = 0; i < n_slices; i++)
        to->n_bytes += slices[i].len;
    return to->next;
}

static size_t count_queued(const void *self)
{
    return ((const carrier *)self)->queued;
}

static const sv_transport transport = {.write = take, .queued_bytes = count_queued};

typedef struct bench {
    sv_lane_shared shared;
    sv_lane lane;
    sv_loop *loop;
    carrier carrier;
    sv_outlet outlet;
    sv_request *request;
} bench;

static int start(void **state)
{
    bench *made = test_calloc(1, sizeof *made);
    made->shared.config =
        (sv_server_config){.limits = sv_http_limits_default, .clock = &sv_clock_system};
    assert_int_equal(sv_loop_new(NULL, &made->loop), SV_OK);
    assert_int_equal(sv_lane_init(&made->lane, &made->shared, made->loop), SV_OK);
    made->outlet = (sv_outlet){.lane = &made->lane,
                               .carrier = {.transport = &transport, .self = &made->carrier}};
    assert_non_null(made->request = sv_lane_take_request(&made->lane));
    *state = made;
    return 0;
}

static int stop(void **state)
{
    bench *made = *state;
    sv_lane_put_request(&made->lane, made->request);
    sv_lane_deinit(&made->lane);
    sv_loop_free(made->loop);
    test_free(made);
    return 0;
}

static void write_body(bench *at, sv_str body)
{
    at->request->exchange.answer = (sv_answer){.status = 200, .body = body};
    sv_outlet_write_answer(&at->outlet, at->request, false);
}

static void test_small_answers_leave_together(void **state)
{
    bench *at = *state;
    size_t n_bytes = 0;
    for (int i = 0; i < 10; i++) {
        write_body(at, SV_STR("hello"));
        n_bytes += at->request->exchange.answer_bytes;
    }
    assert_int_equal(at->carrier.n_writes, 0);
    sv_outlet_flush(&at->outlet);
    assert_int_equal(at->carrier.n_writes, 1);
    assert_int_equal(at->carrier.n_bytes, n_bytes);
    sv_outlet_flush(&at->outlet);
    assert_int_equal(at->carrier.n_writes, 1);
}

static void test_large_body_is_not_copied(void **state)
{
    bench *at = *state;
    static char body[1 << 20];
    write_body(at, (sv_str){body, sizeof body});
    assert_int_equal(at->carrier.n_writes, 2);
    assert_int_equal(at->carrier.n_bytes, at->request->exchange.answer_bytes);
    assert_true(at->lane.out.capacity < sizeof body);
    assert_null(at->outlet.held);
}

/* A carrier that is full copies what it has got; it gets no more until it is empty. */
static void test_large_body_leaves_in_pieces(void **state)
{
    bench *at = *state;
    static char body[3 << 20];
    at->carrier.next = SV_UNAVAILABLE;
    at->request->connection = (struct sv_connection *)at; /* goes on with it: it is not put back */
    write_body(at, (sv_str){body, sizeof body});
    for (int n_writes = 1; n_writes < 6; n_writes++) {
        assert_int_equal(at->carrier.n_writes, n_writes);
        assert_true(at->carrier.n_bytes < (size_t)n_writes * (513 << 10));
        assert_true(at->outlet.is_blocked && at->outlet.held == at->request);
        sv_outlet_go_on(&at->outlet);
    }
    assert_int_equal(at->carrier.n_bytes, at->request->exchange.answer_bytes);
    assert_true(at->outlet.is_blocked && !at->outlet.held);
    sv_outlet_go_on(&at->outlet);
    assert_false(at->outlet.is_blocked);
    assert_int_equal(at->carrier.n_writes, 6);
    at->request->connection = NULL;
}

/* The request lives as long as its body, and as its connection needs it. */
static void test_held_requests_are_put_back(void **state)
{
    bench *at = *state;
    static char body[3 << 20];
    for (int is_wanted = 0; is_wanted < 2; is_wanted++) {
        at->carrier.next = SV_UNAVAILABLE;
        at->outlet.is_blocked = at->outlet.is_broken = false;
        at->request->connection = is_wanted ? (struct sv_connection *)at : NULL;
        write_body(at, (sv_str){body, sizeof body});
        assert_int_equal(at->lane.n_spare, 0);
        at->carrier.next = is_wanted ? SV_OK : SV_IO;
        sv_outlet_go_on(&at->outlet);
        assert_null(at->outlet.held);
        assert_int_equal(at->lane.n_spare, is_wanted ? 0 : 1);
        at->request->connection = NULL;
        if (!is_wanted)
            assert_ptr_equal(at->request, sv_lane_take_request(&at->lane));
    }
    at->carrier.next = SV_UNAVAILABLE;
    write_body(at, (sv_str){body, sizeof body});
    sv_outlet_forget(&at->outlet);
    assert_int_equal(at->lane.n_spare, 1);
    assert_non_null(at->request = sv_lane_take_request(&at->lane));
}

static void test_many_answers_do_not_pile_up(void **state)
{
    bench *at = *state;
    static char body[10000];
    for (int i = 0; i < 100; i++)
        write_body(at, (sv_str){body, sizeof body});
    assert_true(at->carrier.n_writes > 5);
    assert_true(at->lane.out.capacity < 200 * 1024);
    sv_outlet_forget(&at->outlet);
}

static void test_another_outlet_waits_its_turn(void **state)
{
    bench *at = *state;
    carrier other_carrier = {0};
    sv_outlet other = {.lane = &at->lane,
                       .carrier = {.transport = &transport, .self = &other_carrier}};
    write_body(at, SV_STR("hello"));
    sv_outlet_write(&other, SV_STR("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(at->carrier.n_bytes, at->request->exchange.answer_bytes);
    sv_outlet_flush(&at->outlet);
    assert_int_equal(other_carrier.n_writes, 0);
    sv_outlet_flush(&other);
    assert_int_equal(other_carrier.n_bytes, 25);
}

static void test_blocked_and_moving(void **state)
{
    bench *at = *state;
    at->carrier.next = SV_UNAVAILABLE;
    at->carrier.queued = 100;
    write_body(at, SV_STR("hello"));
    sv_outlet_flush(&at->outlet);
    assert_true(at->outlet.is_blocked);
    assert_false(sv_outlet_has_moved(&at->outlet));
    at->carrier.queued = 99;
    assert_true(sv_outlet_has_moved(&at->outlet));
    assert_false(sv_outlet_has_moved(&at->outlet));
}

static void test_broken(void **state)
{
    bench *at = *state;
    at->carrier.next = SV_IO;
    write_body(at, SV_STR("hello"));
    assert_false(at->outlet.is_broken);
    sv_outlet_flush(&at->outlet);
    assert_true(at->outlet.is_broken);
}

static void test_impossible_status(void **state)
{
    bench *at = *state;
    at->request->exchange.answer = (sv_answer){.status = 101};
    sv_outlet_write_answer(&at->outlet, at->request, false);
    assert_int_equal(at->request->exchange.answer.status, 500);
    assert_string_equal(at->request->exchange.answer.error_code, "INTERNAL_ERROR");
    sv_outlet_forget(&at->outlet);
}

#define outlet_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        outlet_test(test_small_answers_leave_together),
        outlet_test(test_large_body_is_not_copied),
        outlet_test(test_large_body_leaves_in_pieces),
        outlet_test(test_held_requests_are_put_back),
        outlet_test(test_many_answers_do_not_pile_up),
        outlet_test(test_another_outlet_waits_its_turn),
        outlet_test(test_blocked_and_moving),
        outlet_test(test_broken),
        outlet_test(test_impossible_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
