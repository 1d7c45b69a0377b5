/* Who is next, and how long it takes until somebody who comes now has a token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/sequence_line.h"

enum { MAX_WAITING = 6, MAX_RUNNING = 4 };

typedef struct one {
    uint32_t client;
    sv_priority priority;
} one;

/* Who waits, oldest first, with whom under way; client 0 in `running`: a free slot. */
static const struct {
    const char *why;
    one waiting[MAX_WAITING];
    size_t n_waiting;
    uint32_t running[MAX_RUNNING];
    size_t next;
} lines[] = {
    {"the oldest", {{1, SV_PRIORITY_NORMAL}, {2, SV_PRIORITY_NORMAL}}, 2, {0}, 0},
    {"high before normal before low",
     {{1, SV_PRIORITY_LOW}, {2, SV_PRIORITY_NORMAL}, {3, SV_PRIORITY_HIGH}},
     3,
     {0},
     2},
    {"normal before low", {{1, SV_PRIORITY_LOW}, {2, SV_PRIORITY_NORMAL}}, 2, {0}, 1},
    {"shadows with the low ones", {{1, SV_PRIORITY_SHADOW}, {2, SV_PRIORITY_LOW}}, 2, {0}, 0},
    {"the client with the fewest under way",
     {{7, SV_PRIORITY_NORMAL}, {7, SV_PRIORITY_NORMAL}, {8, SV_PRIORITY_NORMAL}},
     3,
     {7, 7},
     2},
    {"priority before shares", {{8, SV_PRIORITY_NORMAL}, {7, SV_PRIORITY_HIGH}}, 2, {7, 7, 7}, 1},
    {"equal shares: the oldest", {{7, SV_PRIORITY_NORMAL}, {8, SV_PRIORITY_NORMAL}}, 2, {8, 7}, 0},
};

static void the_next_is_fair(void **state)
{
    (void)state;
    static sv_generation waiting[MAX_WAITING], running[MAX_RUNNING];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        sv_list_node line;
        sv_generation *slots[MAX_RUNNING];
        sv_list_init(&line);
        for (size_t j = 0; j < lines[i].n_waiting; j++) {
            waiting[j].request.client = lines[i].waiting[j].client;
            waiting[j].request.priority = lines[i].waiting[j].priority;
            sv_list_append(&line, &waiting[j].node);
        }
        for (size_t j = 0; j < MAX_RUNNING; j++) {
            running[j].request.client = lines[i].running[j];
            slots[j] = lines[i].running[j] ? &running[j] : NULL;
        }
        sv_generation *next = sv_sequence_line_next(&line, slots, MAX_RUNNING);
        if (next != &waiting[lines[i].next])
            fail_msg("%s: %zd is next", lines[i].why, next - waiting);
    }
}

/* One client with a hundred answers does not keep another one waiting for long. */
static void a_crowd_of_one_client_gives_turns_to_others(void **state)
{
    (void)state;
    enum { CROWD = 100 };
    static sv_generation all[CROWD + 1];
    sv_list_node line;
    sv_generation *slots[2] = {NULL};
    sv_list_init(&line);
    for (size_t i = 0; i <= CROWD; i++) {
        all[i].request.client = i == CROWD ? 2 : 1;
        all[i].request.priority = SV_PRIORITY_NORMAL;
        sv_list_append(&line, &all[i].node);
    }
    for (size_t i = 0; i < 2; i++) {
        slots[i] = sv_sequence_line_next(&line, slots, 2);
        sv_list_remove(&slots[i]->node);
    }
    assert_ptr_equal(slots[0], &all[0]);
    assert_ptr_equal(slots[1], &all[CROWD]);
}

/* ---- Predictions ---- */

static int64_t predict_ms(sv_sequence_load load)
{
    load.prompt_ns *= 1e6;
    load.step_ns *= 1e6;
    return sv_sequence_line_predict(&load) / SV_NS_PER_MS;
}

static void a_free_slot_takes_only_the_prompt(void **state)
{
    (void)state;
    sv_sequence_load load = {
        .n_prompt_tokens = 100, .n_free_slots = 2, .prompt_ns = 2, .step_ns = 10};
    assert_int_equal(predict_ms(load), 210);
    load.n_waiting = 1; /* there is one for each */
    load.n_running = 3;
    load.n_left_tokens = 3000;
    assert_int_equal(predict_ms(load), 210);
}

static void waiting_takes_as_long_as_the_others_are_expected_to_run(void **state)
{
    (void)state;
    sv_sequence_load load = {.n_running = 4, .n_left_tokens = 400, .step_ns = 10};
    int64_t first = predict_ms(load);
    assert_in_range(first, 50, 1010); /* one of four soon; each has at most 100 steps of 10 ms */
    load.n_waiting = 8;
    assert_in_range(predict_ms(load), 4 * first, 12 * first);
    load.n_left_tokens = 4000;
    assert_true(predict_ms(load) > 20 * first);
}

static void what_is_not_known_takes_no_time(void **state)
{
    (void)state;
    sv_sequence_load load = {.n_prompt_tokens = 1000, .n_running = 4, .n_left_tokens = 100};
    assert_int_equal(predict_ms(load), 0);
    sv_sequence_load huge = {.n_prompt_tokens = UINT64_MAX, .prompt_ns = 1e9};
    assert_int_equal(sv_sequence_line_predict(&huge), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_is_fair),
        cmocka_unit_test(a_crowd_of_one_client_gives_turns_to_others),
        cmocka_unit_test(a_free_slot_takes_only_the_prompt),
        cmocka_unit_test(waiting_takes_as_long_as_the_others_are_expected_to_run),
        cmocka_unit_test(what_is_not_known_takes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
