/* held_tokens.h: what the slots of a context hold, and which slot a prompt goes to. Pure but for
 * the list of tokens that each slot keeps.
 *
 * DESIGN. A slot whose answer has ended keeps its tokens until somebody needs the slot: a prompt
 * that begins like what a slot holds (the same conversation, the same system message) is not
 * computed again as far as they agree. A free slot that agrees is used as it is; a busy one is
 * copied. Answers under way are to lie side by side, since the engine computes neighbours in one
 * piece: slots are chosen so, and moved when others have left. */
#ifndef SERVAL_MODEL_HELD_TOKENS_H
#define SERVAL_MODEL_HELD_TOKENS_H

#include "base/buf.h"
#include "engine/text_engine.h"

/* Fewer tokens than these are computed sooner than copied. */
enum { SV_HELD_TOKENS_MIN_SHARED = 8 };

typedef struct sv_held_slot {
    sv_buf tokens; /* of sv_token: what the slot holds */
    bool is_busy;
    uint64_t used; /* rises with every use */
} sv_held_slot;

typedef struct sv_held_tokens {
    sv_held_slot slots[SV_TEXT_MAX_SEQUENCES];
    size_t n_slots;
    uint64_t n_uses;
    size_t min_copied; /* tokens that a copy must save to be worth its time; 0: not known */
} sv_held_tokens;

/* Where a prompt goes. */
typedef struct sv_held_place {
    size_t slot;
    size_t from;     /* slot to be copied first; == slot: none */
    size_t n_shared; /* tokens that need not be computed; less than the prompt has */
} sv_held_place;

typedef struct sv_held_move {
    size_t from, to;
} sv_held_move;

void sv_held_tokens_init(sv_held_tokens *held, size_t n_slots, size_t max_tokens_per_slot);
void sv_held_tokens_deinit(sv_held_tokens *held);
/* False: all slots are busy. */
bool sv_held_tokens_place(const sv_held_tokens *held, const sv_token *prompt, size_t n_prompt,
                          sv_held_place *ret_place);
/* The slot is busy with it; holds the shared tokens. SV_NO_MEMORY. */
sv_status sv_held_tokens_take(sv_held_tokens *held, const sv_held_place *place) SV_MUST_USE;
/* It has a token more. SV_NO_MEMORY. */
sv_status sv_held_tokens_add(sv_held_tokens *held, size_t slot, sv_token token) SV_MUST_USE;
size_t sv_held_tokens_count(const sv_held_tokens *held, size_t slot);
/* Keeps the first `n` tokens of a slot. */
void sv_held_tokens_cut(sv_held_tokens *held, size_t slot, size_t n);
/* Its answer has ended. */
void sv_held_tokens_free(sv_held_tokens *held, size_t slot);
/* Answers are not side by side: one that is to be moved into a free slot between the others, so
 * that the fewest move in all. */
bool sv_held_tokens_find_move(const sv_held_tokens *held, sv_held_move *ret_move);
/* It was moved; where it was is free and empty. */
void sv_held_tokens_note_move(sv_held_tokens *held, sv_held_move move);

#endif
