/* Stop sequences across pieces: nothing of them leaks, and the cuts do not matter. */
#include "text/stop_match.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "failing_malloc.h"

enum { MAX_STOPS = 4, NONE = -1 };

static const struct {
    const char *stops[MAX_STOPS];
    const char *text, *out;
    int index;
} cases[] = {
    {{NULL}, "anything", "anything", NONE},
    {{"END"}, "", "", NONE},
    {{"END"}, "no such thing", "no such thing", NONE},
    {{"END"}, "beforeENDafter", "before", 0},
    {{"END"}, "ENENDx", "EN", 0},
    {{"END"}, "the EN", "the EN", NONE},
    {{"END"}, "END", "", 0},
    {{"a", "b"}, "xxba", "xx", 1},
    {{"aab"}, "aaaaab", "aaa", 0},
    {{"abab"}, "abaabab!", "aba", 0},
    /* the one that begins first, though the other is complete before it */
    {{"abcd", "bc"}, "abcd", "", 0},
    {{"abcd", "bc"}, "abcx", "a", 1},
    {{"abcd", "bc"}, "abc", "a", 1},
    {{"bcd", "abcde", "c"}, "abcdf", "a", 0},
    {{"abcdef", "bcd", "c", "cdeg"}, "abcdef", "", 0},
    /* of those that begin at the same place the shortest, then the first */
    {{"abc", "ab"}, "xabc", "x", 1},
    {{"ab", "ab"}, "xab", "x", 0},
    {{"\n\n", "\nUser:"}, "Hi\nUser: you", "Hi", 1},
    {{"\xc3\xa8"}, "\xc3\xa9\xc3\xa9\xc3\xa8 no", "\xc3\xa9\xc3\xa9", 0},
    {{"\xe6\x9d\xb1\xe4\xba\xac"}, "\xe6\x9d\xb1\xe6\x9d\xb1\xe4\xba\xac", "\xe6\x9d\xb1", 0},
};

static size_t make_stops(const char *const texts[MAX_STOPS], sv_str stops[MAX_STOPS])
{
    size_t n = 0;
    for (; n < MAX_STOPS && texts[n]; n++)
        stops[n] = sv_str_from(texts[n]);
    return n;
}

/* The same question without pieces. */
static int search(const sv_str *stops, size_t n_stops, sv_str text, size_t *ret_len)
{
    for (size_t start = 0; start < text.len; start++) {
        int best = NONE;
        for (size_t i = 0; i < n_stops; i++)
            if (sv_str_starts_with(sv_str_slice(text, start, text.len), stops[i]) &&
                (best == NONE || stops[i].len < stops[best].len))
                best = (int)i;
        *ret_len = start;
        if (best != NONE)
            return best;
    }
    *ret_len = text.len;
    return NONE;
}

/* Cut before byte i wherever bit i of `cuts` is set and a character begins. */
static void check(const sv_str *stops, size_t n_stops, sv_str text, uint32_t cuts)
{
    sv_arena *arena = sv_arena_new(0);
    sv_stop_match *match;
    bool stopped = false;
    sv_buf out;
    sv_buf_init(&out, 1000);
    assert_int_equal(sv_stop_match_new(arena, stops, n_stops, NULL, &match), SV_OK);
    for (size_t start = 0, end = 1; start < text.len; start = end++) {
        while (end < text.len && (!(cuts >> end % 32 & 1) || (text.ptr[end] & 0xc0) == 0x80))
            end++;
        bool before = stopped;
        sv_str piece = sv_str_slice(text, start, end - start);
        assert_int_equal(sv_stop_match_add(match, piece, &out, &stopped), SV_OK);
        assert_true(stopped || !before);
        assert_true(sv_str_is_utf8(sv_buf_str(&out)));
    }
    assert_int_equal(sv_stop_match_end(match, &out, &stopped), SV_OK);
    size_t len;
    int index = search(stops, n_stops, text, &len);
    assert_int_equal(out.len, len);
    assert_true(sv_str_eq(sv_buf_str(&out), sv_str_slice(text, 0, len)));
    assert_int_equal(stopped, index != NONE);
    if (stopped)
        assert_int_equal(sv_stop_match_index(match), index);
    sv_buf_deinit(&out);
    sv_arena_free(arena);
}

static void finds_the_stop_that_begins_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str stops[MAX_STOPS], text = sv_str_from(cases[i].text);
        size_t len, n_stops = make_stops(cases[i].stops, stops);
        assert_int_equal(search(stops, n_stops, text, &len), cases[i].index);
        assert_true(sv_str_eq(sv_str_slice(text, 0, len), sv_str_from(cases[i].out)));
        for (uint32_t cuts = 0; cuts < 1u << (text.len < 9 ? text.len : 9); cuts++)
            check(stops, n_stops, text, cuts * 0x201);
    }
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (size_t round = 0; round < 4000; round++) {
        char letters[MAX_STOPS][8], text[24];
        sv_str stops[MAX_STOPS];
        size_t n_letters = 1 + draw(&seed) % 3, n_stops = draw(&seed) % (MAX_STOPS + 1);
        for (size_t i = 0; i < n_stops; i++) {
            stops[i] = (sv_str){letters[i], 1 + draw(&seed) % 8};
            for (size_t j = 0; j < stops[i].len; j++)
                letters[i][j] = (char)('a' + draw(&seed) % n_letters);
        }
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)('a' + draw(&seed) % (n_letters + (round & 1)));
        check(stops, n_stops, (sv_str){text, draw(&seed) % sizeof text}, draw(&seed));
    }
}

/* What is certain comes out at once, also when a part of a stop turns out to be none. */
static void holds_no_more_than_needed(void **state)
{
    static const struct {
        const char *piece;
        size_t len;
        bool stopped;
    } steps[] = {{"Hi", 2, false}, {" <", 3, false}, {"|e", 3, false},     {"x", 7, false},
                 {"<|", 7, false}, {"en", 7, false}, {"d|>more", 7, true}, {"more", 7, true}};
    (void)state;
    sv_str stop = SV_STR("<|end|>");
    sv_arena *arena = sv_arena_new(0);
    sv_stop_match *match;
    sv_buf out;
    sv_buf_init(&out, 100);
    assert_int_equal(sv_stop_match_new(arena, &stop, 1, NULL, &match), SV_OK);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool stopped;
        sv_str piece = sv_str_from(steps[i].piece);
        assert_int_equal(sv_stop_match_add(match, piece, &out, &stopped), SV_OK);
        assert_int_equal(stopped, steps[i].stopped);
        assert_int_equal(out.len, steps[i].len);
    }
    assert_true(sv_str_eq(sv_buf_str(&out), SV_STR("Hi <|ex")));
    sv_buf_deinit(&out);
    sv_arena_free(arena);
}

static void refuses_what_is_no_stop(void **state)
{
    static const char bytes[SV_STOP_MATCH_MAX_BYTES + 1];
    const sv_str most = {bytes, SV_STOP_MATCH_MAX_BYTES};
    const sv_str four[] = {most, most, most, most, SV_STR_INIT("x")};
    const sv_str few[] = {SV_STR("a"), SV_STR("")}, broken = SV_STR_INIT("\xc3");
    const sv_str longer = {bytes, sizeof bytes};
    sv_str many[SV_STOP_MATCH_MAX_STOPS + 1];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = SV_STR("x");
    const struct {
        const sv_str *stops;
        size_t n_stops;
        const char *message;
    } refused[] = {
        {many, SV_STOP_MATCH_MAX_STOPS + 1, "stop: at most 16 sequences"},
        {few, 2, "stop: a sequence has 1 to 256 bytes"},
        {&longer, 1, "stop: a sequence has 1 to 256 bytes"},
        {&broken, 1, "stop: a sequence is not UTF-8"},
        {four, 5, "stop: at most 1024 bytes in all"},
    };
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_stop_match *match = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sv_error error = {0};
        assert_int_equal(
            sv_stop_match_new(arena, refused[i].stops, refused[i].n_stops, &error, &match),
            SV_INVALID);
        assert_string_equal(error.message, refused[i].message);
        assert_null(match);
    }
    assert_int_equal(sv_stop_match_new(arena, many, SV_STOP_MATCH_MAX_STOPS, NULL, &match), SV_OK);
    assert_int_equal(sv_stop_match_new(arena, four, 4, NULL, &match), SV_OK);
    sv_arena_free(arena);
}

static bool try_to_match(void *arg)
{
    (void)arg;
    sv_str stops[] = {SV_STR("ab"), SV_STR("bcd")};
    sv_arena *arena = sv_arena_new(0);
    sv_stop_match *match;
    bool stopped = false;
    sv_buf out;
    sv_buf_init(&out, 100);
    bool done = arena && !sv_stop_match_new(arena, stops, 2, NULL, &match) &&
                !sv_stop_match_add(match, SV_STR("text a"), &out, &stopped) &&
                !sv_stop_match_end(match, &out, &stopped);
    sv_buf_deinit(&out);
    sv_arena_free(arena);
    return done;
}

static void survives_failed_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_to_match, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_stop_that_begins_first),
        cmocka_unit_test(agrees_with_a_plain_search),
        cmocka_unit_test(holds_no_more_than_needed),
        cmocka_unit_test(refuses_what_is_no_stop),
        cmocka_unit_test(survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
