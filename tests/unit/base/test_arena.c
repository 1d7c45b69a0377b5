/* Arenas: alignment, the ceiling, growth, clean-ups, and every allocation failing. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "failing_malloc.h"

static void test_pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 5000, 100000, 1};
    enum { N = sizeof sizes / sizeof *sizes };
    unsigned char *pieces[N];
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < N; i++) {
        pieces[i] = sv_arena_alloc(arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i + 1);
    sv_arena_free(arena);
}

static void test_nothing_beyond_the_ceiling(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(10000);
    assert_null(sv_arena_alloc(arena, 10001));
    assert_non_null(sv_arena_alloc(arena, 9000));
    assert_null(sv_arena_alloc(arena, 1500));
    assert_non_null(sv_arena_alloc(arena, 500));
    sv_arena_set_limit(arena, 20000);
    assert_non_null(sv_arena_alloc(arena, 1500));
    sv_arena_set_limit(arena, 100); /* less than is out */
    assert_null(sv_arena_alloc(arena, 1));
    assert_true(sv_arena_used(arena) >= 11000);
    sv_arena_free(arena);
}

static void test_sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(SIZE_MAX);
    assert_null(sv_arena_alloc(arena, SIZE_MAX));
    assert_null(sv_arena_alloc(arena, SIZE_MAX - 15));
    assert_null(sv_arena_alloc_array(arena, SIZE_MAX / 2, 3));
    assert_null(sv_arena_copy(arena, (sv_str){"", SIZE_MAX}).ptr);
    assert_non_null(sv_arena_alloc_array(arena, 0, 100));
    sv_arena_free(arena);
}

static void test_copies_and_printf_end_in_zero(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str copy = sv_arena_copy(arena, (sv_str){"abcdef", 3});
    assert_int_equal(copy.len, 3);
    assert_string_equal(copy.ptr, "abc");
    assert_string_equal(sv_arena_copy(arena, (sv_str){NULL, 0}).ptr, "");
    sv_str text = sv_arena_printf(arena, "%d-%s", 42, "x");
    assert_int_equal(text.len, 4);
    assert_string_equal(text.ptr, "42-x");
    sv_arena_free(arena);
}

/* Which clean-ups ran, by letter. */
static char order[64];
static char a[] = "a", b[] = "b", c[] = "c";
static void note(void *arg)
{
    strncat(order, arg, 1);
}

static void test_clean_ups_run_once_newest_first(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    order[0] = '\0';
    assert_int_equal(sv_arena_defer(arena, note, a), SV_OK);
    assert_int_equal(sv_arena_defer(arena, note, b), SV_OK);
    sv_arena_reset(arena);
    assert_string_equal(order, "ba");
    assert_int_equal(sv_arena_defer(arena, note, c), SV_OK);
    sv_arena_free(arena);
    assert_string_equal(order, "bac");
    sv_arena_free(NULL);
}

static void test_reset_gives_everything_back(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(100000);
    for (int round = 0; round < 50; round++) {
        assert_non_null(sv_arena_alloc(arena, 60000));
        assert_non_null(sv_arena_alloc(arena, 30000));
        sv_arena_reset(arena);
        assert_int_equal(sv_arena_used(arena), 0);
    }
    sv_arena_free(arena);
}

static bool use_an_arena(void *arg)
{
    (void)arg;
    sv_arena *arena = sv_arena_new(0);
    if (!arena)
        return false;
    bool got_all = true;
    for (int i = 0; i < 40; i++)
        got_all &= sv_arena_alloc(arena, 700) != NULL;
    got_all &= sv_arena_alloc(arena, 100000) != NULL;
    got_all &= sv_arena_defer(arena, note, c) == SV_OK;
    sv_arena_free(arena);
    return got_all;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    order[0] = '\0';
    assert_true(failing_malloc_try_each(use_an_arena, NULL) >= 4);
}

static void test_numbers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 7, -7, 1000, INT64_MAX, INT64_MIN};
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)numbers[i]);
        sv_str made = sv_arena_number(arena, numbers[i]);
        assert_int_equal(made.len, strlen(text));
        assert_string_equal(made.ptr, text);
    }
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(test_nothing_beyond_the_ceiling),
        cmocka_unit_test(test_sizes_that_overflow_are_refused),
        cmocka_unit_test(test_copies_and_printf_end_in_zero),
        cmocka_unit_test(test_clean_ups_run_once_newest_first),
        cmocka_unit_test(test_reset_gives_everything_back),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
