/* The order of one line, what sinks in it, and what it knows of its speed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/line.h"

enum { MAX_WORKS = 64 };

typedef struct lab {
    sv_line line;
    sv_lane lane;
    sv_work works[MAX_WORKS];
    size_t n;
} lab;

static void start(lab *self)
{
    *self = (lab){0};
    sv_line_init(&self->line);
    self->lane = (sv_lane){.line = &self->line, .service_ns = SV_NS_PER_S};
}

static sv_work *enter(lab *self, sv_priority priority, uint32_t client)
{
    sv_work *work = &self->works[self->n++];
    *work = (sv_work){
        .lane = &self->lane, .priority = priority, .client = client, .deadline_ns = SV_NEVER};
    sv_line_enter(work);
    return work;
}

/* Takes all; the indices of the works in this order, as letters. */
static void assert_order(lab *self, const char *order)
{
    char taken[MAX_WORKS + 1] = {0};
    sv_rank rank;
    for (size_t i = 0; (rank = sv_line_best_rank(&self->lane)) != SV_RANKS; i++)
        taken[i] = (char)('a' + (sv_line_take(&self->lane, rank) - self->works));
    assert_string_equal(taken, order);
    assert_int_equal(self->line.n_waiting, 0);
    assert_true(sv_list_is_empty(&self->line.lanes));
    for (sv_rank each = SV_RANK_HIGH; each < SV_RANKS; each++)
        assert_int_equal(self->line.waiting_ns[each], 0);
}

/* Each letter of `clients` is the client of a work; `order` tells them by their place. */
static void test_clients_take_turns(void **state)
{
    (void)state;
    static const struct {
        const char *clients, *order;
    } cases[] = {
        {"", ""},         {"A", "a"},         {"AAA", "abc"},         {"ABC", "abc"},
        {"AAAB", "adbc"}, {"AABBC", "acebd"}, {"AAAABBC", "aegbfcd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self);
        for (const char *client = cases[i].clients; *client; client++)
            enter(&self, SV_PRIORITY_NORMAL, (uint32_t)*client);
        assert_order(&self, cases[i].order);
    }
}

static void test_priorities(void **state)
{
    (void)state;
    lab self;
    start(&self);
    enter(&self, SV_PRIORITY_SHADOW, 0);
    enter(&self, SV_PRIORITY_LOW, 0);
    enter(&self, SV_PRIORITY_NORMAL, 0);
    enter(&self, SV_PRIORITY_HIGH, 0);
    enter(&self, SV_PRIORITY_NORMAL, 0);
    assert_order(&self, "dceba");
}

/* The next of a client inherits the turn of the one that leaves. */
static void test_leaving_keeps_turns(void **state)
{
    (void)state;
    static const struct {
        size_t leaves;
        const char *order;
    } cases[] = {{0, "bdc"}, {1, "adc"}, {2, "adb"}, {3, "abc"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self);
        for (const char *client = "AAAB"; *client; client++)
            enter(&self, SV_PRIORITY_NORMAL, (uint32_t)*client);
        sv_line_leave(&self.works[cases[i].leaves]);
        assert_false(self.works[cases[i].leaves].is_waiting);
        assert_int_equal(self.line.n_waiting, 3);
        assert_order(&self, cases[i].order);
    }
}

static void test_what_cannot_be_done_in_time_sinks(void **state)
{
    (void)state;
    static const struct {
        int64_t deadline_s;
        const char *order;
    } cases[] = {{9, "bca"}, {10, "bca"}, {11, "abc"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab self;
        start(&self);
        for (int n = 0; n < 3; n++)
            enter(&self, SV_PRIORITY_NORMAL, 0);
        self.works[0].deadline_ns = cases[i].deadline_s * SV_NS_PER_S;
        sv_line_sink_late(&self.lane, 10 * SV_NS_PER_S);
        assert_int_equal(self.line.n_waiting, 3);
        assert_order(&self, cases[i].order);
    }
}

/* Clients leave after 4 s; the work takes 1 s: it must start before it is 3 s old. */
static void test_what_clients_do_not_wait_for_sinks(void **state)
{
    (void)state;
    lab self;
    start(&self);
    for (int i = 0; i < 10; i++)
        sv_patience_note_left(&self.line.patience, 4 * SV_NS_PER_S, i * SV_NS_PER_S);
    for (int i = 0; i < 4; i++)
        enter(&self, SV_PRIORITY_NORMAL, 0)->submitted_ns = i * SV_NS_PER_S;
    sv_line_sink_late(&self.lane, 4 * SV_NS_PER_S);
    assert_int_equal(self.lane.queues[SV_RANK_LATE].n_works, 2);
    assert_order(&self, "cdab");
}

/* A model too slow for anybody's patience does not sort by it. */
static void test_impossible_patience_is_ignored(void **state)
{
    (void)state;
    lab self;
    start(&self);
    for (int i = 0; i < 10; i++)
        sv_patience_note_left(&self.line.patience, SV_NS_PER_S / 2, i * SV_NS_PER_S);
    sv_work *work = enter(&self, SV_PRIORITY_NORMAL, 0);
    assert_true(sv_line_limit_ns(work) == SV_NEVER);
    work->deadline_ns = 7;
    assert_int_equal(sv_line_limit_ns(work), 7);
}

static void test_it_learns_its_speed_by_unit(void **state)
{
    (void)state;
    lab self;
    start(&self);
    self.lane.service_ns = 0;
    enter(&self, SV_PRIORITY_NORMAL, 0);
    sv_work *big = enter(&self, SV_PRIORITY_LOW, 0);
    assert_int_equal(sv_line_predict_ns(big), 0);
    sv_line_leave(big);
    big->units = 5;
    sv_line_enter(big);
    sv_line_learn(&self.lane, 4, 32 * SV_NS_PER_S); /* the first counts whole */
    assert_int_equal(self.lane.service_ns, 8 * SV_NS_PER_S);
    assert_int_equal(self.line.waiting_ns[SV_RANK_LOW], 40 * SV_NS_PER_S);
    sv_line_learn(&self.lane, 1, 16 * SV_NS_PER_S); /* later ones an eighth */
    assert_int_equal(self.lane.service_ns, 9 * SV_NS_PER_S);
    assert_int_equal(self.lane.deviation_ns, 2 * SV_NS_PER_S);
    assert_int_equal(sv_line_predict_ns(big), 45 * SV_NS_PER_S);
    assert_int_equal(self.line.waiting_ns[SV_RANK_NORMAL], 9 * SV_NS_PER_S);
    assert_order(&self, "ab");
}

static void test_a_client_is_counted(void **state)
{
    (void)state;
    lab self;
    start(&self);
    sv_work asks = {.lane = &self.lane, .client = 7};
    assert_int_equal(sv_line_count_client(&asks), 0);
    for (int i = 0; i < 3; i++)
        enter(&self, SV_PRIORITY_NORMAL, 7);
    enter(&self, SV_PRIORITY_NORMAL, 8);
    enter(&self, SV_PRIORITY_HIGH, 7);
    assert_int_equal(sv_line_count_client(&asks), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients_take_turns),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_leaving_keeps_turns),
        cmocka_unit_test(test_what_cannot_be_done_in_time_sinks),
        cmocka_unit_test(test_what_clients_do_not_wait_for_sinks),
        cmocka_unit_test(test_impossible_patience_is_ignored),
        cmocka_unit_test(test_it_learns_its_speed_by_unit),
        cmocka_unit_test(test_a_client_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
