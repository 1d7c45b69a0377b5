/* Who may wait: predicted finish, bounds of lines, reasons, when to come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/admission.h"

enum { N_LANES = 2, MAX_WORKS = 256, NOW_S = 1000 };

typedef struct lab {
    sv_backlog backlog;
    sv_line lines[N_LANES];
    sv_lane lanes[N_LANES];
    sv_work works[MAX_WORKS], asks;
    size_t n;
} lab;

static void fill_work(sv_work *work, sv_lane *lane, uint32_t client)
{
    *work = (sv_work){.lane = lane,
                      .client = client,
                      .submitted_ns = NOW_S * SV_NS_PER_S,
                      .deadline_ns = SV_NEVER};
}

static sv_work *add(lab *self, size_t lane, uint32_t client)
{
    sv_backlog_run run;
    sv_work *work = &self->works[self->n++];
    fill_work(work, &self->lanes[lane], client);
    if (!sv_backlog_start(&self->backlog, work, &run))
        sv_backlog_enter(&self->backlog, work);
    return work;
}

/* All permits are taken by lane 0, where a work takes 10 s; in lane 1 it takes 1 s. */
static void start(lab *self, size_t n_permits)
{
    *self = (lab){0};
    sv_backlog_init(&self->backlog, n_permits, 100);
    for (size_t i = 0; i < N_LANES; i++) {
        sv_line_init(&self->lines[i]);
        self->lanes[i] = (sv_lane){.line = &self->lines[i]};
    }
    self->lanes[0].service_ns = 10 * SV_NS_PER_S;
    self->lanes[1].service_ns = SV_NS_PER_S;
    for (size_t i = 0; i < n_permits; i++)
        add(self, 0, 0);
    fill_work(&self->asks, &self->lanes[0], 0);
}

static bool decide(lab *self, sv_work_refusal *ret_refusal)
{
    return sv_admission_decide(&self->backlog, &self->asks, NOW_S * SV_NS_PER_S, ret_refusal);
}

static void assert_refused(lab *self, sv_refusal_reason reason, int64_t retry_after_s)
{
    sv_work_refusal refusal = {.retry_after_s = -1};
    assert_false(decide(self, &refusal));
    assert_int_equal(refusal.reason, reason);
    assert_int_equal(refusal.retry_after_s, retry_after_s);
}

static void learn_patience(lab *self, double seconds)
{
    for (int i = 0; i < 20; i++)
        sv_patience_note_left(&self->lines[0].patience, (int64_t)(seconds * 1e9),
                              (NOW_S - 20 + i) * SV_NS_PER_S);
}

static void test_predicted_finish(void **state)
{
    (void)state;
    static const struct {
        size_t n_permits, n_same, n_other; /* waiting: in the own lane, in the other model's */
        int64_t line_ms, wait_ms;
    } cases[] = {
        {1, 0, 0, 0, 5000},       {1, 1, 0, 10000, 15000},
        {2, 2, 0, 10000, 15000},  {1, 0, 3, 0, 8000}, /* the other model uses what it needs, */
        {1, 0, 30, 0, 15000},                         /* but no more than this one */
        {1, 1, 30, 20000, 35000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self, cases[i].n_permits);
        for (size_t k = 0; k < cases[i].n_same; k++)
            add(&self, 0, 0);
        for (size_t k = 0; k < cases[i].n_other; k++)
            add(&self, 1, 0);
        sv_forecast forecast = sv_admission_predict(&self.backlog, &self.asks);
        assert_int_equal(forecast.line_ns, cases[i].line_ms * SV_NS_PER_MS);
        assert_int_equal(forecast.wait_ns, cases[i].wait_ms * SV_NS_PER_MS);
        assert_int_equal(forecast.finish_ns, forecast.wait_ns + 10 * SV_NS_PER_S);
    }
}

/* Ten works of one client wait: another client's first has one of them before it. */
static void test_prediction_by_client_and_priority(void **state)
{
    (void)state;
    static const struct {
        uint32_t client;
        sv_priority priority;
        int64_t line_s;
    } cases[] = {
        {7, SV_PRIORITY_NORMAL, 10},
        {8, SV_PRIORITY_NORMAL, 1},
        {8, SV_PRIORITY_LOW, 10},
        {8, SV_PRIORITY_HIGH, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self, 1);
        for (int k = 0; k < 10; k++)
            add(&self, 1, 7);
        fill_work(&self.asks, &self.lanes[1], cases[i].client);
        self.asks.priority = cases[i].priority;
        sv_forecast forecast = sv_admission_predict(&self.backlog, &self.asks);
        assert_int_equal(forecast.line_ns, cases[i].line_s * SV_NS_PER_S);
    }
}

/* Three permits are free, but the lane may use one only. */
static void test_a_lane_of_its_own(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    self.backlog.n_permits = 4;
    self.lanes[0].max_running = 1;
    add(&self, 0, 0);
    sv_forecast forecast = sv_admission_predict(&self.backlog, &self.asks);
    assert_int_equal(forecast.line_ns, 10 * SV_NS_PER_S);
    assert_int_equal(forecast.wait_ns, 15 * SV_NS_PER_S);
}

static void test_deadlines(void **state)
{
    (void)state;
    static const struct {
        int64_t left_s, retry_s; /* 0: admitted */
    } cases[] = {{25, 0}, {24, 1}, {20, 5}, {0, 25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        sv_work_refusal refusal;
        start(&self, 1);
        add(&self, 0, 0);
        self.asks.deadline_ns = (NOW_S + cases[i].left_s) * SV_NS_PER_S;
        if (cases[i].retry_s)
            assert_refused(&self, SV_REFUSED_DEADLINE, cases[i].retry_s);
        else
            assert_true(decide(&self, &refusal));
    }
}

static void test_half_a_minute_at_most(void **state)
{
    (void)state;
    lab self;
    sv_work_refusal refusal;
    start(&self, 1);
    for (int i = 0; i < 3; i++) {
        add(&self, 0, 0);
        assert_true(decide(&self, &refusal));
    }
    add(&self, 0, 0);
    assert_refused(&self, SV_REFUSED_LINE_FULL, 10);
}

static void test_there_is_room_for_so_many(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    self.lanes[0].service_ns = 1;
    self.backlog.running_ns = 1;
    for (size_t i = 0; i < 100; i++)
        add(&self, 0, 0);
    assert_refused(&self, SV_REFUSED_LINE_FULL, 1);
}

/* Clients leave after 16 s. Without overload the line holds 8 s, with much of it a fraction. */
static void test_patience_bounds_the_line(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    self.lanes[0].service_ns = SV_NS_PER_MS;
    learn_patience(&self, 16);
    int64_t now_ns = NOW_S * SV_NS_PER_S, before_ns = INT64_MAX;
    int64_t patience_ns = sv_patience_get(&self.lines[0].patience);
    assert_int_equal(sv_admission_limit_ns(&self.backlog, &self.asks, now_ns), patience_ns / 2);
    for (int i = 0; i < 3000; i++) {
        sv_admission_note(&self.backlog, &self.asks, now_ns);
        int64_t limit_ns = sv_admission_limit_ns(&self.backlog, &self.asks, now_ns);
        assert_true(limit_ns <= before_ns);
        before_ns = limit_ns;
    }
    assert_int_equal(before_ns, patience_ns / 32);
    now_ns += 10 * SV_NS_PER_S; /* the load is over */
    assert_int_equal(sv_admission_limit_ns(&self.backlog, &self.asks, now_ns), patience_ns / 2);
    self.lanes[0].service_ns = 20 * SV_NS_PER_S; /* nobody could be served in time */
    assert_int_equal(sv_admission_limit_ns(&self.backlog, &self.asks, now_ns), 30 * SV_NS_PER_S);
}

/* 1 s each, patience a bit below 4 s: a line of 3 s is more than half of that by more than 1 s. */
static void test_who_would_leave_before(void **state)
{
    (void)state;
    lab self;
    sv_work_refusal refusal;
    start(&self, 1);
    self.backlog.running_ns = SV_NS_PER_S;
    self.lanes[0].service_ns = SV_NS_PER_S;
    learn_patience(&self, 4);
    for (int i = 0; i < 2; i++) {
        assert_true(decide(&self, &refusal));
        add(&self, 0, 0);
    }
    add(&self, 0, 0);
    assert_refused(&self, SV_REFUSED_LINE_FULL, 2);
}

static void test_share(void **state)
{
    (void)state;
    static const struct {
        uint32_t client;
        sv_refusal_reason reason;
    } cases[] = {
        {7, SV_REFUSED_SHARE},    {8, SV_REFUSED_DEADLINE},
        {9, SV_REFUSED_DEADLINE}, {7 + SV_LINE_PLACES, SV_REFUSED_DEADLINE}, /* hashes alike */
        {0, SV_REFUSED_DEADLINE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        sv_work_refusal refusal;
        start(&self, 1);
        for (int k = 0; k < 3; k++)
            add(&self, 0, 7);
        add(&self, 0, 8);
        self.asks.client = cases[i].client;
        self.asks.deadline_ns = 0;
        assert_false(decide(&self, &refusal));
        assert_int_equal(refusal.reason, cases[i].reason);
    }
    lab self;
    sv_work_refusal refusal;
    start(&self, 1);
    add(&self, 0, 7);
    self.asks.client = 7; /* alone: no share to exceed */
    self.asks.deadline_ns = 0;
    assert_false(decide(&self, &refusal));
    assert_int_equal(refusal.reason, SV_REFUSED_DEADLINE);
}

static void test_shadows(void **state)
{
    (void)state;
    lab self;
    sv_work_refusal refusal;
    start(&self, 1);
    for (int i = 0; i < 64; i++) {
        self.asks.priority = SV_PRIORITY_SHADOW;
        assert_true(decide(&self, &refusal));
        sv_work *shadow = &self.works[self.n++];
        fill_work(shadow, &self.lanes[1], 0);
        shadow->priority = SV_PRIORITY_SHADOW;
        sv_backlog_enter(&self.backlog, shadow);
    }
    assert_false(decide(&self, &refusal));
    self.asks.priority = SV_PRIORITY_NORMAL; /* they are not in the way of others */
    assert_int_equal(sv_admission_predict(&self.backlog, &self.asks).line_ns, 0);
    assert_true(decide(&self, &refusal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicted_finish),
        cmocka_unit_test(test_prediction_by_client_and_priority),
        cmocka_unit_test(test_a_lane_of_its_own),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_half_a_minute_at_most),
        cmocka_unit_test(test_there_is_room_for_so_many),
        cmocka_unit_test(test_patience_bounds_the_line),
        cmocka_unit_test(test_who_would_leave_before),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_shadows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
