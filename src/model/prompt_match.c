/* prompt_match.c: see prompt_match.h. */
#include "model/prompt_match.h"

/* Of tokens that are compared at once, which compilers turn into vector code. */
enum { BLOCK = 16 };

static bool is_block_equal(const sv_token *a, const sv_token *b)
{
    uint32_t differences = 0;
    for (int i = 0; i < BLOCK; i++)
        differences |= (uint32_t)a[i] ^ (uint32_t)b[i];
    return differences == 0;
}

size_t sv_prompt_match_length(const sv_token *a, size_t n_a, const sv_token *b, size_t n_b)
{
    size_t n = n_a < n_b ? n_a : n_b, i = 0;
    while (n - i >= BLOCK && is_block_equal(a + i, b + i))
        i += BLOCK;
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

sv_prompt_match sv_prompt_match_best(const sv_held_prefix *held, size_t n, const sv_token *prompt,
                                     size_t n_prompt, size_t min_useful)
{
    sv_prompt_match best = {.index = SIZE_MAX, .n_common = 0};
    for (size_t i = 0; i < n; i++) {
        size_t n_common = sv_prompt_match_length(held[i].tokens, held[i].n, prompt, n_prompt);
        if (n_common == 0 || n_common < min_useful || n_common < best.n_common)
            continue;
        if (n_common > best.n_common || held[i].n < held[best.index].n)
            best = (sv_prompt_match){.index = i, .n_common = n_common};
    }
    return best;
}
