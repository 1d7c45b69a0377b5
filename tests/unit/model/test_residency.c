/* Who gives way: a table, and what holds for any crowd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/residency.h"

enum { MAX_RESIDENTS = 12, N_CROWDS = 20000 };

#define GO(b, used) {.bytes = (b), .last_used_ns = (used), .may_go = true}
#define STAY(b, used) {.bytes = (b), .last_used_ns = (used)}

static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        sv_resident residents[4];
        size_t n;
        uint64_t budget, need;
        bool fits;
        const char *who_goes; /* a letter each */
    } cases[] = {
        {"nobody is there", {{0}}, 0, 10, 10, true, ""},
        {"too large for anybody", {{0}}, 0, 10, 11, false, ""},
        {"room enough", {GO(4, 1)}, 1, 10, 6, true, "-"},
        {"one byte short", {GO(4, 1)}, 1, 10, 7, true, "x"},
        {"the oldest", {GO(4, 3), GO(4, 1), GO(4, 2)}, 3, 12, 4, true, "-x-"},
        {"two of them", {GO(4, 3), GO(4, 1), GO(4, 2)}, 3, 12, 8, true, "-xx"},
        {"who may not stays", {STAY(4, 1), GO(4, 3), GO(4, 2)}, 3, 12, 4, true, "--x"},
        {"none may", {STAY(4, 1), STAY(4, 2)}, 2, 8, 1, false, "--"},
        {"not even without them all", {STAY(6, 1), GO(4, 2)}, 2, 10, 5, false, "--"},
        {"exactly without them all", {STAY(6, 1), GO(4, 2)}, 2, 10, 4, true, "-x"},
        {"the small and old is spared", {GO(1, 1), GO(9, 2)}, 2, 10, 9, true, "-x"},
        {"spared is the younger", {GO(3, 1), GO(3, 2), GO(4, 3)}, 3, 10, 7, true, "x-x"},
        {"of equals the first", {GO(4, 1), GO(4, 1)}, 2, 8, 4, true, "x-"},
        {"above the budget already", {GO(8, 1), GO(8, 2)}, 2, 10, 2, true, "x-"},
        {"no need, above the budget", {GO(8, 1), GO(8, 2)}, 2, 10, 0, true, "x-"},
        {"takes nothing", {GO(0, 1), GO(5, 2)}, 2, 5, 5, true, "-x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_resident all[4];
        for (size_t k = 0; k < cases[i].n; k++)
            all[k] = cases[i].residents[k];
        bool fits = sv_residency_choose(all, cases[i].n, cases[i].budget, cases[i].need);
        if (fits != cases[i].fits)
            fail_msg("%s: fits %d", cases[i].what, fits);
        for (size_t k = 0; k < cases[i].n; k++)
            if (all[k].goes != (cases[i].who_goes[k] == 'x'))
                fail_msg("%s: number %zu", cases[i].what, k);
    }
}

/* What was chosen before counts for nothing. */
static void test_a_second_choice(void **state)
{
    (void)state;
    sv_resident one = GO(4, 1);
    assert_true(sv_residency_choose(&one, 1, 4, 4));
    assert_true(one.goes);
    assert_true(sv_residency_choose(&one, 1, 8, 4));
    assert_false(one.goes);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static uint64_t sum(const sv_resident *all, size_t n, bool with_goers, bool with_movable)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        if ((with_goers || !all[i].goes) && (with_movable || !all[i].may_go))
            bytes += all[i].bytes;
    return bytes;
}

/* Somebody who may go stays though he is older than one who goes: only if his going instead would
 * not have been enough. */
static void check_order(const sv_resident *all, size_t n, uint64_t spare)
{
    for (size_t i = 0; i < n; i++) {
        if (!all[i].may_go || all[i].goes)
            continue;
        for (size_t k = 0; k < n; k++)
            if (all[k].goes && all[k].last_used_ns > all[i].last_used_ns)
                assert_true(all[k].bytes > all[i].bytes + spare);
    }
}

static void check_crowd(sv_resident *all, size_t n, uint64_t budget, uint64_t need)
{
    bool fits = sv_residency_choose(all, n, budget, need);
    assert_int_equal(fits, sum(all, n, true, false) + need <= budget);
    uint64_t left = sum(all, n, false, true) + need;
    for (size_t i = 0; i < n; i++) {
        assert_true(!all[i].goes || (all[i].may_go && fits));
        if (all[i].goes) /* nobody for nothing */
            assert_true(left + all[i].bytes > budget);
    }
    if (!fits)
        return;
    assert_true(left <= budget);
    check_order(all, n, budget - left);
}

static void test_any_crowd(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < N_CROWDS; round++) {
        sv_resident all[MAX_RESIDENTS];
        size_t n = next_random(&seed) % (MAX_RESIDENTS + 1);
        for (size_t i = 0; i < n; i++)
            all[i] = (sv_resident){.bytes = next_random(&seed) % 50,
                                   .last_used_ns = (int64_t)(next_random(&seed) % 20),
                                   .may_go = next_random(&seed) % 4 != 0,
                                   .goes = next_random(&seed) % 2 != 0};
        uint64_t budget = next_random(&seed) % 300;
        check_crowd(all, n, budget, next_random(&seed) % 100);
    }
}

/* All of one size: then it is the longest unused, and nobody else. */
static void test_equal_sizes_go_by_age(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < N_CROWDS / 10; round++) {
        sv_resident all[MAX_RESIDENTS];
        for (size_t i = 0; i < MAX_RESIDENTS; i++)
            all[i] = (sv_resident)GO(10, (int64_t)(next_random(&seed) % 1000));
        size_t n_going = next_random(&seed) % MAX_RESIDENTS, n = 0;
        assert_true(sv_residency_choose(all, MAX_RESIDENTS, MAX_RESIDENTS * 10, n_going * 10));
        for (size_t i = 0; i < MAX_RESIDENTS; i++) {
            n += all[i].goes;
            for (size_t k = 0; k < MAX_RESIDENTS; k++)
                assert_true(!all[i].goes || all[k].goes ||
                            all[i].last_used_ns <= all[k].last_used_ns);
        }
        assert_int_equal(n, n_going);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_a_second_choice),
        cmocka_unit_test(test_any_crowd),
        cmocka_unit_test(test_equal_sizes_go_by_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
