/* Who runs next: permits, shares of models, batches, shadows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/backlog.h"

enum { N_LANES = 3, MAX_WORKS = 64 };

/* Lane i is the only one of line i, unless a test says otherwise; a unit takes 1 s. */
typedef struct lab {
    sv_backlog backlog;
    sv_line lines[N_LANES];
    sv_lane lanes[N_LANES];
    sv_work works[MAX_WORKS];
    size_t n;
    sv_backlog_run run; /* the last that was started or taken */
    sv_work *taken[SV_BACKLOG_MAX_BATCH];
} lab;

static void start(lab *self, size_t n_permits)
{
    *self = (lab){0};
    sv_backlog_init(&self->backlog, n_permits, 1000);
    for (size_t i = 0; i < N_LANES; i++) {
        sv_line_init(&self->lines[i]);
        self->lanes[i] = (sv_lane){.line = &self->lines[i], .service_ns = SV_NS_PER_S};
    }
}

static void run_none(sv_work *const *works, size_t n)
{
    (void)works, (void)n;
}

static sv_work *add(lab *self, size_t lane, sv_priority priority)
{
    sv_work *work = &self->works[self->n++];
    *work = (sv_work){.run_batch = run_none,
                      .lane = &self->lanes[lane],
                      .priority = priority,
                      .submitted_ns = (int64_t)self->n,
                      .deadline_ns = SV_NEVER};
    return work;
}

/* True: it runs. */
static bool offer(lab *self, sv_work *work)
{
    if (sv_backlog_start(&self->backlog, work, &self->run))
        return true;
    sv_backlog_enter(&self->backlog, work);
    return false;
}

static bool add_normal(lab *self, size_t lane)
{
    return offer(self, add(self, lane, SV_PRIORITY_NORMAL));
}

static void finish(lab *self, sv_backlog_run run, int64_t took_s)
{
    sv_backlog_end end = {.took_ns = took_s * SV_NS_PER_S, .units = took_s ? run.units : 0};
    sv_backlog_finish(&self->backlog, &run, &end);
}

static size_t take(lab *self)
{
    return sv_backlog_take(&self->backlog, 0, self->taken, &self->run);
}

/* Ends what runs and takes the next, until nothing waits; the lanes of these as digits. */
static void assert_lanes(lab *self, const char *order)
{
    char lanes[MAX_WORKS + 1] = {0};
    for (size_t i = 0;; i++) {
        finish(self, self->run, 1);
        if (take(self) == 0)
            break;
        lanes[i] = (char)('0' + (self->run.lane - self->lanes));
    }
    assert_string_equal(lanes, order);
    assert_int_equal(self->backlog.n_running, 0);
    assert_int_equal(self->backlog.n_waiting, 0);
    assert_int_equal(self->backlog.running_ns, 0);
    assert_int_equal(self->backlog.n_unknown, 0);
    assert_true(sv_list_is_empty(&self->backlog.lines));
}

static void test_permits_first(void **state)
{
    (void)state;
    lab self;
    start(&self, 2);
    assert_true(add_normal(&self, 0));
    sv_backlog_run first = self.run;
    assert_true(add_normal(&self, 1));
    assert_false(add_normal(&self, 0));
    assert_int_equal(self.backlog.n_running, 2);
    finish(&self, first, 1);
    assert_int_equal(take(&self), 1);
    finish(&self, self.run, 1);
    assert_int_equal(take(&self), 0);
    assert_int_equal(self.backlog.n_running, 1);
    assert_true(add_normal(&self, 2));
}

/* Lane 0 runs first; each digit is a work that waits, by its lane. */
static void test_models_share(void **state)
{
    (void)state;
    static const struct {
        const char *waiting, *order;
    } cases[] = {
        {"", ""}, {"000", "000"}, {"0001", "1000"}, {"000011", "101000"}, {"00001122", "12012000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self, 1);
        add_normal(&self, 0);
        for (const char *lane = cases[i].waiting; *lane; lane++)
            add_normal(&self, (size_t)(*lane - '0'));
        assert_lanes(&self, cases[i].order);
    }
}

/* Works of lane 0 take four times as long: it gets one for four of the other. */
static void test_shares_are_of_time(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    self.lanes[0].service_ns = 4 * SV_NS_PER_S;
    add_normal(&self, 0);
    for (int i = 0; i < 8; i++)
        add_normal(&self, i < 2 ? 0 : 1);
    char lanes[9] = {0};
    for (size_t i = 0; i < 8; i++) {
        finish(&self, self.run, self.run.lane == &self.lanes[0] ? 4 : 1);
        assert_int_equal(take(&self), 1);
        lanes[i] = (char)('0' + (self.run.lane - self.lanes));
    }
    assert_string_equal(lanes, "11110110");
}

/* A model that was idle has saved nothing up. */
static void test_an_idle_line_catches_up(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    add_normal(&self, 0);
    for (int i = 0; i < 10; i++) {
        finish(&self, self.run, 1);
        assert_int_equal(take(&self), 0);
        add_normal(&self, 0);
    }
    for (int i = 0; i < 6; i++)
        add_normal(&self, i % 2);
    assert_lanes(&self, "101010");
}

static void test_versions_share_their_models_line(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    self.lanes[1].line = &self.lines[0];
    add_normal(&self, 0);
    for (const char *lane = "0011022"; *lane; lane++)
        add_normal(&self, (size_t)(*lane - '0'));
    assert_lanes(&self, "2020110");
}

static void test_a_lane_may_have_fewer_permits(void **state)
{
    (void)state;
    lab self;
    start(&self, 3);
    self.lanes[0].max_running = 1;
    assert_true(add_normal(&self, 0));
    sv_backlog_run limited = self.run;
    assert_false(add_normal(&self, 0));
    assert_true(add_normal(&self, 1));
    finish(&self, self.run, 1);
    assert_int_equal(take(&self), 0);
    finish(&self, limited, 1);
    assert_int_equal(take(&self), 1);
    assert_ptr_equal(self.run.lane, &self.lanes[0]);
}

static void test_shadows_run_when_nothing_else_does(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    assert_true(offer(&self, add(&self, 1, SV_PRIORITY_SHADOW)));
    assert_false(offer(&self, add(&self, 1, SV_PRIORITY_SHADOW)));
    add_normal(&self, 0);
    offer(&self, add(&self, 2, SV_PRIORITY_LOW));
    assert_lanes(&self, "021");
    start(&self, 2);
    assert_true(offer(&self, add(&self, 1, SV_PRIORITY_SHADOW)));
    sv_backlog_run shadow = self.run;
    assert_false(offer(&self, add(&self, 1, SV_PRIORITY_SHADOW))); /* not on the last permit */
    assert_true(add_normal(&self, 0));
    finish(&self, shadow, 1);
    assert_int_equal(take(&self), 0);
    finish(&self, self.run, 1);
    self.run = shadow;
    assert_int_equal(take(&self), 1);
    assert_int_equal(self.backlog.n_shadows, 0);
}

static void test_a_shadow_makes_room(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    add_normal(&self, 0);
    add_normal(&self, 0);
    assert_null(sv_backlog_evict(&self.backlog));
    sv_work *shadow = add(&self, 1, SV_PRIORITY_SHADOW);
    offer(&self, shadow);
    assert_ptr_equal(sv_backlog_evict(&self.backlog), shadow);
    assert_int_equal(self.backlog.n_shadows, 0);
    assert_lanes(&self, "0");
}

/* What is late in one line comes behind what is not in another. */
static void test_late_works_run_last(void **state)
{
    (void)state;
    lab self;
    start(&self, 1);
    add_normal(&self, 0);
    add(&self, 1, SV_PRIORITY_HIGH)->deadline_ns = SV_NS_PER_S / 2;
    offer(&self, &self.works[1]);
    add_normal(&self, 0);
    add_normal(&self, 0);
    assert_lanes(&self, "001");
}

/* Ten leave, one after the other or all at once, when another still waits or none. */
static void test_leaving_teaches_patience(void **state)
{
    (void)state;
    static const struct {
        bool left, another_waits, at_once, learns;
    } cases[] = {
        {true, true, false, true},  {false, true, false, false},
        {true, true, true, false}, /* not yet */
        {true, false, true, false}, {true, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self, 1);
        add_normal(&self, 0);
        if (cases[i].another_waits)
            add_normal(&self, 0);
        for (int k = 0; k < 10; k++) {
            sv_work *work = add(&self, 0, SV_PRIORITY_NORMAL);
            offer(&self, work);
            int64_t now_ns = (cases[i].at_once ? 2 : 2 + k) * SV_NS_PER_S;
            sv_backlog_leave(&self.backlog, work, cases[i].left, now_ns);
        }
        bool learned = sv_patience_get(&self.lines[0].patience) != SV_NEVER;
        assert_true(learned == cases[i].learns);
        assert_lanes(&self, cases[i].another_waits ? "0" : "");
    }
}

/* Works of lane 0 wait, by letter of their class ('-': alone); how many run together each time. */
static void test_batches(void **state)
{
    (void)state;
    static const struct {
        uint32_t max_units;
        const char *classes, *sizes;
    } cases[] = {
        {0, "aaa", "111"},       {1, "aaa", "111"},   {2, "aaaaa", "221"}, {8, "aaa", "3"},
        {8, "aaaaaaaaaa", "82"}, {8, "ababab", "33"}, {8, "--a", "111"},   {8, "a-a", "21"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        char sizes[MAX_WORKS + 1] = {0};
        start(&self, 1);
        add_normal(&self, 1);
        for (const char *class = cases[i].classes; *class; class ++) {
            sv_work *work = add(&self, 0, SV_PRIORITY_NORMAL);
            work->batch_class = *class == '-' ? 0 : (uint64_t)*class;
            work->max_batch_units = cases[i].max_units;
            offer(&self, work);
        }
        size_t n = 0, size = 0;
        for (finish(&self, self.run, 1); (size = take(&self)) > 0; finish(&self, self.run, 1)) {
            sizes[n++] = (char)('0' + size);
            for (size_t k = 0; k < size; k++)
                assert_true(self.taken[k]->was_batched == (size > 1));
        }
        assert_string_equal(sizes, cases[i].sizes);
    }
}

/* Rows count, not works; and nobody is made late by company. */
static void test_batches_keep_bounds(void **state)
{
    (void)state;
    static const struct {
        uint32_t units[3];
        int64_t deadline_s; /* of the second */
        size_t size;
    } cases[] = {
        {{1, 1, 1}, 0, 3}, {{4, 4, 1}, 0, 2}, {{9, 1, 1}, 0, 1}, {{1, 8, 2}, 0, 2},
        {{1, 1, 1}, 3, 3}, {{1, 1, 1}, 2, 2}, {{2, 1, 1}, 2, 2}, {{1, 1, 3}, 4, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self, 1);
        add_normal(&self, 1);
        for (size_t k = 0; k < 3; k++) {
            sv_work *work = add(&self, 0, SV_PRIORITY_NORMAL);
            work->batch_class = 1;
            work->max_batch_units = 8;
            work->units = cases[i].units[k];
            if (k == 1 && cases[i].deadline_s)
                work->deadline_ns = cases[i].deadline_s * SV_NS_PER_S;
            offer(&self, work);
        }
        finish(&self, self.run, 1);
        assert_int_equal(take(&self), cases[i].size);
        assert_ptr_equal(self.taken[0], &self.works[1]);
    }
}

static void test_wait(void **state)
{
    (void)state;
    lab self;
    start(&self, 2);
    assert_int_equal(sv_backlog_wait_ns(&self.backlog), 0);
    for (int i = 0; i < 6; i++)
        add_normal(&self, i % 3);
    assert_int_equal(sv_backlog_wait_ns(&self.backlog), 5 * SV_NS_PER_S / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permits_first),
        cmocka_unit_test(test_models_share),
        cmocka_unit_test(test_shares_are_of_time),
        cmocka_unit_test(test_an_idle_line_catches_up),
        cmocka_unit_test(test_versions_share_their_models_line),
        cmocka_unit_test(test_a_lane_may_have_fewer_permits),
        cmocka_unit_test(test_shadows_run_when_nothing_else_does),
        cmocka_unit_test(test_a_shadow_makes_room),
        cmocka_unit_test(test_late_works_run_last),
        cmocka_unit_test(test_leaving_teaches_patience),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_batches_keep_bounds),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
