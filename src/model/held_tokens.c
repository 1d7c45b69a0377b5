/* held_tokens.c: see the header. */
#include "model/held_tokens.h"

#include <string.h>

void sv_held_tokens_init(sv_held_tokens *held, size_t n_slots, size_t max_tokens_per_slot)
{
    memset(held, 0, sizeof *held);
    held->n_slots = n_slots;
    for (size_t i = 0; i < n_slots; i++)
        sv_buf_init(&held->slots[i].tokens, max_tokens_per_slot * sizeof(sv_token));
}

void sv_held_tokens_deinit(sv_held_tokens *held)
{
    for (size_t i = 0; i < held->n_slots; i++)
        sv_buf_deinit(&held->slots[i].tokens);
}

size_t sv_held_tokens_count(const sv_held_tokens *held, size_t slot)
{
    return held->slots[slot].tokens.len / sizeof(sv_token);
}

/* Tokens at the beginning that both have; the prompt's last one is always computed, for its logits.
 */
static size_t count_shared(const sv_held_tokens *held, size_t slot, const sv_token *prompt,
                           size_t n_prompt)
{
    const sv_token *tokens = (const sv_token *)(const void *)held->slots[slot].tokens.ptr;
    size_t n = sv_held_tokens_count(held, slot), i = 0;
    while (i < n && i + 1 < n_prompt && tokens[i] == prompt[i])
        i++;
    return i;
}

/* The busy slots lie between these; none: first > last. */
static void find_busy(const sv_held_tokens *held, size_t *ret_first, size_t *ret_last)
{
    *ret_first = held->n_slots;
    *ret_last = 0;
    for (size_t i = 0; i < held->n_slots; i++)
        if (held->slots[i].is_busy) {
            *ret_first = *ret_first == held->n_slots ? i : *ret_first;
            *ret_last = i;
        }
}

/* Nearest to the others first, then empty ones, then who was used longest ago. */
static bool is_better(const sv_held_tokens *held, size_t a, size_t b, size_t first, size_t last)
{
    const sv_held_slot *x = &held->slots[a], *y = &held->slots[b];
    bool near_a = first > last || (a + 1 >= first && a <= last + 1);
    bool near_b = first > last || (b + 1 >= first && b <= last + 1);
    if (near_a != near_b)
        return near_a;
    bool empty_a = x->tokens.len == 0, empty_b = y->tokens.len == 0;
    return empty_a != empty_b ? empty_a : x->used < y->used;
}

static bool find_free(const sv_held_tokens *held, size_t *ret_slot)
{
    size_t first, last, best = held->n_slots;
    find_busy(held, &first, &last);
    for (size_t i = 0; i < held->n_slots; i++)
        if (!held->slots[i].is_busy &&
            (best == held->n_slots || is_better(held, i, best, first, last)))
            best = i;
    *ret_slot = best;
    return best < held->n_slots;
}

/* Most of what a free slot holds is of another conversation, and there is an emptier one to copy
 * to. */
static bool is_worth_keeping(const sv_held_tokens *held, size_t slot, size_t other, size_t n_shared)
{
    return slot != other && n_shared < sv_held_tokens_count(held, slot) / 2 &&
           held->slots[other].tokens.len < held->slots[slot].tokens.len;
}

bool sv_held_tokens_place(const sv_held_tokens *held, const sv_token *prompt, size_t n_prompt,
                          sv_held_place *ret_place)
{
    size_t slot;
    if (!find_free(held, &slot))
        return false;
    sv_held_place place = {.slot = slot, .from = slot};
    place.n_shared = count_shared(held, slot, prompt, n_prompt);
    for (size_t i = 0; i < held->n_slots; i++) {
        size_t n = count_shared(held, i, prompt, n_prompt);
        if (n < SV_HELD_TOKENS_MIN_SHARED || n <= place.n_shared)
            continue;
        bool is_copied = held->slots[i].is_busy || is_worth_keeping(held, i, slot, n);
        place = (sv_held_place){.slot = is_copied ? slot : i, .from = i, .n_shared = n};
    }
    *ret_place = place;
    return true;
}

sv_status sv_held_tokens_take(sv_held_tokens *held, const sv_held_place *place)
{
    sv_held_slot *slot = &held->slots[place->slot];
    if (place->from != place->slot) {
        sv_buf_clear(&slot->tokens);
        sv_status status = sv_buf_append(&slot->tokens, held->slots[place->from].tokens.ptr,
                                         place->n_shared * sizeof(sv_token));
        if (status)
            return status;
    }
    slot->tokens.len = place->n_shared * sizeof(sv_token);
    slot->is_busy = true;
    slot->used = ++held->n_uses;
    return SV_OK;
}

sv_status sv_held_tokens_add(sv_held_tokens *held, size_t slot, sv_token token)
{
    return sv_buf_append(&held->slots[slot].tokens, &token, sizeof token);
}

void sv_held_tokens_cut(sv_held_tokens *held, size_t slot, size_t n)
{
    sv_buf *tokens = &held->slots[slot].tokens;
    if (n * sizeof(sv_token) < tokens->len)
        tokens->len = n * sizeof(sv_token);
    tokens->status = SV_OK;
}

void sv_held_tokens_free(sv_held_tokens *held, size_t slot)
{
    held->slots[slot].is_busy = false;
    held->slots[slot].used = ++held->n_uses;
}

bool sv_held_tokens_find_move(const sv_held_tokens *held, sv_held_move *ret_move)
{
    size_t first, last, gap;
    find_busy(held, &first, &last);
    for (gap = first; gap < last && held->slots[gap].is_busy;)
        gap++;
    if (first >= last || gap == last)
        return false;
    *ret_move = (sv_held_move){.from = last, .to = gap};
    return true;
}

void sv_held_tokens_note_move(sv_held_tokens *held, sv_held_move move)
{
    sv_held_slot *from = &held->slots[move.from], *to = &held->slots[move.to];
    sv_buf old = to->tokens;
    *to = *from;
    from->tokens = old;
    sv_buf_clear(&from->tokens);
    from->is_busy = false;
}
