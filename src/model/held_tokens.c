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

/* More saved, or the same without a copy. */
static bool saves_more(const sv_held_place *a, const sv_held_place *b)
{
    if (a->n_shared != b->n_shared)
        return a->n_shared > b->n_shared;
    return a->from == a->slot && b->from != b->slot;
}

bool sv_held_tokens_place(const sv_held_tokens *held, const sv_token *prompt, size_t n_prompt,
                          sv_held_place *ret_place)
{
    size_t slot;
    if (!find_free(held, &slot))
        return false;
    sv_held_place best = {.slot = slot, .from = slot};
    best.n_shared = count_shared(held, slot, prompt, n_prompt);
    for (size_t i = 0; i < held->n_slots; i++) {
        size_t n = count_shared(held, i, prompt, n_prompt);
        bool is_copied = held->slots[i].is_busy || is_worth_keeping(held, i, slot, n);
        sv_held_place place = {.slot = is_copied ? slot : i, .from = i, .n_shared = n};
        size_t n_least = is_copied && held->min_copied > SV_HELD_TOKENS_MIN_SHARED
                             ? held->min_copied
                             : SV_HELD_TOKENS_MIN_SHARED;
        if (n >= n_least && saves_more(&place, &best))
            best = place;
    }
    *ret_place = best;
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
    sv_held_tokens_cut(held, place->slot, place->n_shared);
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

static size_t count_busy(const sv_held_tokens *held, size_t from, size_t n)
{
    size_t count = 0;
    for (size_t i = from; i < from + n; i++)
        count += held->slots[i].is_busy;
    return count;
}

/* Where `n` neighbours begin of whom most are busy already: fewest have to move. */
static size_t find_home(const sv_held_tokens *held, size_t n)
{
    size_t best = 0, count = count_busy(held, 0, n), most = count;
    for (size_t at = 1; at + n <= held->n_slots; at++) {
        count += held->slots[at + n - 1].is_busy;
        count -= held->slots[at - 1].is_busy;
        if (count > most) {
            most = count;
            best = at;
        }
    }
    return best;
}

bool sv_held_tokens_find_move(const sv_held_tokens *held, sv_held_move *ret_move)
{
    size_t n = count_busy(held, 0, held->n_slots), home = find_home(held, n);
    size_t to = held->n_slots, from = 0;
    for (size_t i = home; i < home + n; i++)
        if (!held->slots[i].is_busy &&
            (to == held->n_slots || held->slots[i].used < held->slots[to].used))
            to = i;
    if (to == held->n_slots)
        return false;
    while (!held->slots[from].is_busy || (from >= home && from < home + n))
        from++;
    *ret_move = (sv_held_move){.from = from, .to = to};
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
