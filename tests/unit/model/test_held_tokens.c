/* Which slot a prompt goes to, what is shared, and what moves: examples, and properties that hold
 * whatever comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/held_tokens.h"

enum { MAX_TOKENS = 64 };

static sv_held_tokens held;

static void start(size_t n_slots)
{
    sv_held_tokens_deinit(&held);
    sv_held_tokens_init(&held, n_slots, MAX_TOKENS);
}

static int end(void **state)
{
    (void)state;
    sv_held_tokens_deinit(&held);
    memset(&held, 0, sizeof held);
    return 0;
}

/* Tokens kind, kind + 1, ... */
static void fill_prompt(sv_token *prompt, size_t n, sv_token kind)
{
    for (size_t i = 0; i < n; i++)
        prompt[i] = kind + (sv_token)i;
}

static sv_held_place place(const sv_token *prompt, size_t n)
{
    sv_held_place at = {.slot = SIZE_MAX};
    assert_true(sv_held_tokens_place(&held, prompt, n, &at));
    assert_true(at.n_shared < n);
    return at;
}

static void add(size_t slot, const sv_token *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sv_held_tokens_add(&held, slot, tokens[i]), SV_OK);
}

/* Seats an answer of the kind and lets it hold `n` tokens; its slot. */
static size_t run(sv_token kind, size_t n)
{
    sv_token prompt[MAX_TOKENS];
    fill_prompt(prompt, n, kind);
    sv_held_place at = place(prompt, n);
    assert_int_equal(sv_held_tokens_take(&held, &at), SV_OK);
    add(at.slot, prompt + at.n_shared, n - at.n_shared);
    return at.slot;
}

/* The slot holds so many tokens of a kind, busy or not. */
static void set_slot(size_t slot, sv_token kind, size_t n, bool is_busy)
{
    sv_token tokens[MAX_TOKENS];
    sv_held_place at = {.slot = slot, .from = slot};
    fill_prompt(tokens, n, kind);
    assert_int_equal(sv_held_tokens_take(&held, &at), SV_OK);
    add(slot, tokens, n);
    if (!is_busy)
        sv_held_tokens_free(&held, slot);
}

/* ---- Places ---- */

typedef struct slot_state {
    sv_token kind;
    size_t n;
    bool is_busy;
} slot_state;

/* Prompts of 20 tokens of kind 100; slots in the order they were used. */
static const struct {
    const char *why;
    slot_state slots[4];
    size_t min_copied;
    sv_held_place expected;
} places[] = {
    {"all is empty", {{0}}, 0, {0, 0, 0}},
    {"what was used longest ago gives way",
     {{200, 20, false}, {300, 20, false}, {400, 20, false}, {500, 20, false}},
     0,
     {0, 0, 0}},
    {"an empty one before that",
     {{200, 20, false}, {300, 20, false}, {0, 0, false}, {500, 20, false}},
     0,
     {2, 2, 0}},
    {"beside the others", {{0}, {0}, {300, 20, true}, {0}}, 0, {1, 1, 0}},
    {"between the others", {{200, 20, true}, {0}, {300, 20, true}, {0}}, 0, {1, 1, 0}},
    {"a free slot that agrees is used as it is",
     {{200, 20, false}, {100, 12, false}, {0}, {0}},
     0,
     {1, 1, 12}},
    {"all but the last token is shared", {{0}, {100, 20, false}, {0}, {0}}, 0, {1, 1, 19}},
    {"longer ones are cut", {{0}, {100, 25, false}, {0}, {0}}, 0, {1, 1, 19}},
    {"too little is not worth a farther slot", {{0}, {0}, {100, 7, false}, {0}}, 0, {0, 0, 0}},
    {"a busy slot is copied", {{0}, {100, 15, true}, {0}, {0}}, 0, {0, 1, 15}},
    {"unless that takes longer", {{0}, {100, 15, true}, {0}, {0}}, 16, {0, 0, 0}},
    {"a long one of which little is shared is copied",
     {{0}, {100, 60, false}, {0}, {0}},
     0,
     {0, 1, 19}},
    {"a free one rather than a copy of the same",
     {{100, 15, true}, {0}, {100, 15, false}, {0}},
     0,
     {2, 2, 15}},
    {"the one that shares most",
     {{100, 10, false}, {100, 14, false}, {100, 12, true}, {0}},
     0,
     {1, 1, 14}},
};

static void prompts_go_where_most_is_there(void **state)
{
    (void)state;
    sv_token prompt[20];
    fill_prompt(prompt, 20, 100);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        start(4);
        held.min_copied = places[i].min_copied;
        for (size_t slot = 0; slot < 4; slot++)
            if (places[i].slots[slot].n)
                set_slot(slot, places[i].slots[slot].kind, places[i].slots[slot].n,
                         places[i].slots[slot].is_busy);
        sv_held_place at = place(prompt, 20), expected = places[i].expected;
        if (at.slot != expected.slot || at.from != expected.from ||
            at.n_shared != expected.n_shared)
            fail_msg("%s: slot %zu from %zu with %zu", places[i].why, at.slot, at.from,
                     at.n_shared);
    }
}

static void full_ones_take_nobody(void **state)
{
    (void)state;
    sv_token prompt[] = {1, 2};
    sv_held_place at;
    start(2);
    run(100, 3);
    run(200, 3);
    assert_false(sv_held_tokens_place(&held, prompt, 2, &at));
}

static void a_copy_holds_what_is_shared(void **state)
{
    (void)state;
    start(2);
    size_t first = run(100, 30);
    sv_token prompt[20];
    fill_prompt(prompt, 20, 100);
    prompt[15] = 7;
    sv_held_place at = place(prompt, 20);
    assert_int_equal(at.from, first);
    assert_int_equal(at.n_shared, 15);
    assert_int_equal(sv_held_tokens_take(&held, &at), SV_OK);
    assert_int_equal(sv_held_tokens_count(&held, at.slot), 15);
    assert_int_equal(sv_held_tokens_count(&held, first), 30);
    assert_memory_equal(held.slots[at.slot].tokens.ptr, prompt, 15 * sizeof *prompt);
}

/* An allocation that failed once, or a slot that was full, is no matter for the next answer. */
static void a_slot_recovers_from_a_failure(void **state)
{
    (void)state;
    start(1);
    size_t slot = run(100, MAX_TOKENS);
    assert_int_equal(sv_held_tokens_add(&held, slot, 5), SV_TOO_LARGE);
    sv_held_tokens_free(&held, slot);
    slot = run(100, 20);
    assert_int_equal(sv_held_tokens_count(&held, slot), 20);
}

static void cut_keeps_the_beginning(void **state)
{
    (void)state;
    start(1);
    size_t slot = run(100, 10);
    sv_held_tokens_cut(&held, slot, 12);
    assert_int_equal(sv_held_tokens_count(&held, slot), 10);
    sv_held_tokens_cut(&held, slot, 4);
    assert_int_equal(sv_held_tokens_count(&held, slot), 4);
}

/* ---- Moves ---- */

/* Busy slots as a picture; how many moves make them neighbours. */
static const struct {
    const char *busy;
    size_t n_moves;
} gaps[] = {
    {"........", 0}, {"###.....", 0}, {".....###", 0},         {"#.#.....", 1}, {"#......#", 1},
    {"#...####", 1}, {"####...#", 1}, {"#.#.#.#.", 2},         {"#.##.###", 1}, {"##....##", 2},
    {"########", 0}, {"#", 0},        {"#.#.#.#.#.#.#.#.", 4},
};

static bool are_neighbours(void)
{
    size_t n_edges = 0;
    for (size_t i = 0; i < held.n_slots; i++)
        n_edges += held.slots[i].is_busy && (i == 0 || !held.slots[i - 1].is_busy);
    return n_edges <= 1;
}

/* Makes all moves; how many. Nobody is moved onto another. */
static size_t close_gaps(void)
{
    sv_held_move move;
    size_t n = 0;
    for (; sv_held_tokens_find_move(&held, &move); n++) {
        assert_true(held.slots[move.from].is_busy);
        assert_false(held.slots[move.to].is_busy);
        size_t count = sv_held_tokens_count(&held, move.from);
        sv_held_tokens_note_move(&held, move);
        assert_true(held.slots[move.to].is_busy);
        assert_false(held.slots[move.from].is_busy);
        assert_int_equal(sv_held_tokens_count(&held, move.to), count);
        assert_int_equal(sv_held_tokens_count(&held, move.from), 0);
        assert_true(n < held.n_slots);
    }
    assert_true(are_neighbours());
    return n;
}

static void the_fewest_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        start(strlen(gaps[i].busy));
        for (size_t slot = 0; slot < held.n_slots; slot++)
            if (gaps[i].busy[slot] == '#')
                set_slot(slot, (sv_token)(100 * slot), 10, true);
        size_t n = close_gaps();
        if (n != gaps[i].n_moves)
            fail_msg("%s: %zu moves", gaps[i].busy, n);
    }
}

/* ---- Properties ---- */

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % below;
}

/* What each slot should hold: of `kind`, `n` tokens, of an answer under way. */
static slot_state model[SV_TEXT_MAX_SEQUENCES];

static void assert_as_modelled(void)
{
    sv_token tokens[MAX_TOKENS];
    for (size_t i = 0; i < held.n_slots; i++) {
        assert_int_equal(held.slots[i].is_busy, model[i].is_busy);
        if (!model[i].is_busy)
            continue;
        fill_prompt(tokens, model[i].n, model[i].kind);
        assert_int_equal(sv_held_tokens_count(&held, i), model[i].n);
        assert_memory_equal(held.slots[i].tokens.ptr, tokens, model[i].n * sizeof *tokens);
    }
}

static void join(unsigned *seed)
{
    sv_token prompt[MAX_TOKENS];
    size_t n = 2 + draw(seed, MAX_TOKENS - 12);
    sv_token kind = (sv_token)(1000 * draw(seed, 6)); /* conversations come again */
    fill_prompt(prompt, n, kind);
    sv_held_place at;
    if (!sv_held_tokens_place(&held, prompt, n, &at))
        return;
    assert_false(model[at.slot].is_busy);
    assert_true(at.n_shared < n);
    assert_true(at.n_shared <= sv_held_tokens_count(&held, at.from));
    assert_int_equal(sv_held_tokens_take(&held, &at), SV_OK);
    add(at.slot, prompt + at.n_shared, n - at.n_shared);
    model[at.slot] = (slot_state){kind, n, true};
}

static void go_on(size_t slot)
{
    slot_state *one = &model[slot];
    if (!one->is_busy || one->n == MAX_TOKENS)
        return;
    assert_int_equal(sv_held_tokens_add(&held, slot, one->kind + (sv_token)one->n), SV_OK);
    one->n++;
}

static void leave(size_t slot)
{
    if (model[slot].is_busy)
        sv_held_tokens_free(&held, slot);
    model[slot].is_busy = false;
}

static void move_one(void)
{
    sv_held_move move;
    if (!sv_held_tokens_find_move(&held, &move))
        return;
    assert_true(model[move.from].is_busy && !model[move.to].is_busy);
    model[move.to] = model[move.from];
    model[move.from].is_busy = false;
    sv_held_tokens_note_move(&held, move);
}

static void whatever_comes_and_goes_nobody_is_overwritten(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        unsigned seed = round;
        start(1 + round % 16);
        memset(model, 0, sizeof model);
        for (size_t i = 0; i < 500; i++) {
            size_t slot = draw(&seed, (unsigned)held.n_slots);
            switch (draw(&seed, 4)) {
            case 0:
                join(&seed);
                break;
            case 1:
                leave(slot);
                break;
            case 2:
                move_one();
                break;
            case 3:
                go_on(slot);
                break;
            }
            assert_as_modelled();
        }
        close_gaps();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(prompts_go_where_most_is_there, end),
        cmocka_unit_test_teardown(full_ones_take_nobody, end),
        cmocka_unit_test_teardown(a_copy_holds_what_is_shared, end),
        cmocka_unit_test_teardown(a_slot_recovers_from_a_failure, end),
        cmocka_unit_test_teardown(cut_keeps_the_beginning, end),
        cmocka_unit_test_teardown(the_fewest_move, end),
        cmocka_unit_test_teardown(whatever_comes_and_goes_nobody_is_overwritten, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
