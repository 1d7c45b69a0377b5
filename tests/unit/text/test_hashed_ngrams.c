/* Pieces of words in buckets; the whole of it against the bundled model: tests/e2e/test_embed.py.
 */
#include "text/hashed_ngrams.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { N = 1 << 16 };

static uint32_t bucket_of(const char *piece)
{
    uint32_t hash = 2166136261u;
    for (; *piece; piece++)
        hash = (hash ^ (unsigned char)*piece) * 16777619u;
    return hash % N;
}

static void counts_the_pieces(void **state)
{
    static const struct {
        const char *text;
        const char *pieces[12];
    } cases[] = {
        {"", {"<>"}},
        {"!? .", {"<>"}},
        {"A", {"<>", "<a>"}},
        {"a, a", {"<>", "<a>", "<a>"}},
        {"Cat", {"<>", "<ca", "cat", "at>", "<cat", "cat>", "<cat>"}},
        {"cats",
         {"<>", "<ca", "cat", "ats", "ts>", "<cat", "cats", "ats>", "<cats", "cats>", "<cats>"}},
        {"\xc3\x89", {"<>", "<\xc3\x89", "\xc3\x89>", "<\xc3\x89>"}},
    };
    static float counts[N], expected[N];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(counts, 0, sizeof counts);
        memset(expected, 0, sizeof expected);
        for (const char *const *piece = cases[i].pieces; *piece; piece++)
            expected[bucket_of(*piece)]++;
        sv_hashed_ngrams_count(sv_str_from(cases[i].text), counts, N);
        assert_memory_equal(counts, expected, sizeof counts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_the_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
