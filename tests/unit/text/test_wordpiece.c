/* Words into the longest pieces of a vocabulary. */
#include "text/wordpiece.h"

#include <stdio.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const sv_wordpiece *make(sv_arena *arena)
{
    static const sv_wordpiece_token tokens[] = {
        {SV_STR_INIT("un"), 1},  {SV_STR_INIT("##aff"), 2}, {SV_STR_INIT("##able"), 3},
        {SV_STR_INIT("aff"), 4}, {SV_STR_INIT("##a"), 5},   {SV_STR_INIT("a"), 7},
        {SV_STR_INIT("##é"), 8}, {SV_STR_INIT("a"), 6},     {SV_STR_INIT("#"), 9},
        {SV_STR_INIT("##"), 10},
    };
    const sv_wordpiece_config config = {tokens, sizeof tokens / sizeof *tokens, SV_STR("##"), 99};
    const sv_wordpiece *wordpiece = NULL;
    assert_int_equal(sv_wordpiece_new(arena, &config, &wordpiece), SV_OK);
    return wordpiece;
}

static void takes_the_longest_pieces(void **state)
{
    static const struct {
        const char *word;
        int64_t ids[4];
        size_t n;
    } cases[] = {
        {"unaffable", {1, 2, 3}, 3},
        {"aff", {4}, 1},
        {"a", {6}, 1},
        {"aé", {6, 8}, 2},
        {"unx", {99}, 1},
        {"xun", {99}, 1},
        {"é", {99}, 1},
        {"aaa", {6, 5, 5}, 3},
        {"#", {9}, 1},
        {"##", {10}, 1},
        {"###", {99}, 1},
    };
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_wordpiece *wordpiece = make(arena);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ids[4];
        assert_int_equal(sv_wordpiece_split(wordpiece, sv_str_from(cases[i].word), ids, 4),
                         cases[i].n);
        assert_memory_equal(ids, cases[i].ids, cases[i].n * sizeof *ids);
    }
    sv_arena_free(arena);
}

static void keeps_to_the_room(void **state)
{
    int64_t ids[3] = {-1, -1, -1};
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_wordpiece *wordpiece = make(arena);
    assert_int_equal(sv_wordpiece_split(wordpiece, SV_STR("unaffable"), ids, 2), 2);
    assert_memory_equal(ids, ((int64_t[]){1, 2, -1}), sizeof ids);
    assert_int_equal(sv_wordpiece_split(wordpiece, (sv_str){NULL, 0}, ids, 2), 1);
    assert_int_equal(ids[0], 99);
    sv_arena_free(arena);
}

static void finds_whole_tokens(void **state)
{
    uint32_t id = 0;
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_wordpiece *wordpiece = make(arena);
    assert_true(sv_wordpiece_find(wordpiece, SV_STR("##able"), &id));
    assert_int_equal(id, 3);
    assert_false(sv_wordpiece_find(wordpiece, SV_STR("able"), &id));
    assert_false(sv_wordpiece_find(wordpiece, SV_STR(""), &id));
    sv_arena_free(arena);
}

static void holds_many_tokens(void **state)
{
    enum { N = 5000 };
    static sv_wordpiece_token tokens[N];
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (uint32_t i = 0; i < N; i++)
        tokens[i] = (sv_wordpiece_token){sv_arena_printf(arena, "t%u", i), i};
    const sv_wordpiece_config config = {tokens, N, SV_STR("##"), 0};
    const sv_wordpiece *wordpiece = NULL;
    assert_int_equal(sv_wordpiece_new(arena, &config, &wordpiece), SV_OK);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t id = N;
        assert_true(sv_wordpiece_find(wordpiece, tokens[i].text, &id));
        assert_int_equal(id, i);
    }
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_longest_pieces),
        cmocka_unit_test(keeps_to_the_room),
        cmocka_unit_test(finds_whole_tokens),
        cmocka_unit_test(holds_many_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
