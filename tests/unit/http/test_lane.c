/* test_lane.c: what the connections of one loop share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/lane.h"
#include "http/request.h"

static int64_t wall_ns;

static int64_t read_wall(void *arg)
{
    ++*(int *)arg;
    return wall_ns;
}

static void test_date_is_read_once_per_second(void **state)
{
    (void)state;
    int n_reads = 0;
    sv_clock clock = {.wall_ns = read_wall, .arg = &n_reads};
    sv_lane_shared shared = {.config = {.clock = &clock}};
    sv_lane lane;
    sv_loop *loop;
    wall_ns = INT64_C(1795509000) * SV_NS_PER_S;
    assert_int_equal(sv_loop_new(NULL, &loop), SV_OK);
    assert_int_equal(sv_lane_init(&lane, &shared, loop), SV_OK);
    for (int i = 0; i < 100; i++)
        assert_true(sv_str_eq(sv_lane_date(&lane, 1000), SV_STR("Tue, 24 Nov 2026 08:30:00 GMT")));
    assert_int_equal(n_reads, 1);
    wall_ns += SV_NS_PER_S;
    assert_true(sv_str_eq(sv_lane_date(&lane, 1000 + SV_NS_PER_S),
                          SV_STR("Tue, 24 Nov 2026 08:30:01 GMT")));
    sv_lane_deinit(&lane);
    sv_loop_free(loop);
}

static void test_spare_requests_are_bounded(void **state)
{
    (void)state;
    enum { N = 100 };
    sv_lane_shared shared = {.config = {.limits = sv_http_limits_default}};
    sv_lane lane;
    sv_request *requests[N];
    assert_int_equal(sv_lane_init(&lane, &shared, NULL), SV_OK);
    for (size_t i = 0; i < N; i++)
        assert_non_null(requests[i] = sv_lane_take_request(&lane));
    for (size_t i = 0; i < N; i++)
        sv_lane_put_request(&lane, requests[i]);
    assert_true(lane.n_spare > 0 && lane.n_spare < N);
    sv_lane_deinit(&lane);
    assert_null(lane.spare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date_is_read_once_per_second),
        cmocka_unit_test(test_spare_requests_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
