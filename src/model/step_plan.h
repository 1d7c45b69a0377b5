/* step_plan.h: how much of the prompts that wait goes into the next step of a language model. Pure.
 *
 * DESIGN. One step computes the next token of every answer under way and a piece of the prompts of
 * those that have none yet. The piece is as long as the measured speed allows without a gap in any
 * answer passing `max_gap`; with nobody to keep waiting it is as long as the engine is quick with.
 * Whoever came first gets at least half of it, so that everybody's turn comes; the rest goes where
 * least is left, since that brings most first tokens soonest. */
#ifndef SERVAL_MODEL_STEP_PLAN_H
#define SERVAL_MODEL_STEP_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "engine/text_engine.h"

/* What was measured. Zeroed: nothing yet. */
typedef struct sv_step_speed {
    double decode_ns[SV_TEXT_MAX_SEQUENCES + 1]; /* of a step for so many answers; 0: not known */
    double prompt_ns;                            /* of a prompt's token; 0: not known */
    double copy_ns;                              /* of copying a slot; 0: not known */
} sv_step_speed;

typedef struct sv_step_load {
    size_t n_decoding; /* answers that get a token */
    size_t n_prompt;   /* tokens of prompts */
    size_t n_copies;   /* slots that are copied before it */
} sv_step_load;

/* A step took this long. */
void sv_step_plan_note(sv_step_speed *speed, sv_step_load load, int64_t took_ns);
/* How long such a step takes; 0: not known. */
int64_t sv_step_plan_predict(const sv_step_speed *speed, sv_step_load load);
/* Tokens of prompts for a step with such answers and copies (`n_prompt` is not read): 1..max, at
 * least 16 where that is less. */
size_t sv_step_plan_prompt_budget(const sv_step_speed *speed, sv_step_load load, int64_t max_gap_ns,
                                  size_t max);
/* Slots that may be copied before one step: at least 1. */
size_t sv_step_plan_copies(const sv_step_speed *speed, int64_t max_gap_ns);
/* Tokens of a prompt that are computed as soon as a slot is copied; 0: not known. */
size_t sv_step_plan_copy_worth(const sv_step_speed *speed);
/* Divides `budget` among prompts of which `left[i]` tokens are left, in the order they came. Writes
 * the tokens of each into `shares`. */
void sv_step_plan_share(const size_t *left, size_t n, size_t budget, size_t *shares);

#endif
