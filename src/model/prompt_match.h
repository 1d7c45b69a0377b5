/* prompt_match.h: which slot's memory a prompt can go on from: the one that holds the longest
 * beginning of it. Pure. */
#ifndef SERVAL_MODEL_PROMPT_MATCH_H
#define SERVAL_MODEL_PROMPT_MATCH_H

#include "engine/text_engine.h"

/* What a slot holds. */
typedef struct sv_held_prefix {
    const sv_token *tokens; /* borrowed; may be NULL when there are none */
    size_t n;
} sv_held_prefix;

typedef struct sv_prompt_match {
    size_t index;    /* of the slot; SIZE_MAX: none is useful */
    size_t n_common; /* tokens that it has in common with the prompt; 0: none is useful */
} sv_prompt_match;

/* How many tokens both begin with. */
size_t sv_prompt_match_length(const sv_token *a, size_t n_a, const sv_token *b, size_t n_b);
/* The slot with the longest common beginning of at least `min_useful` tokens (0 counts as 1). Of
 * equal ones that which loses least, with the fewest tokens after it; then the first. */
sv_prompt_match sv_prompt_match_best(const sv_held_prefix *held, size_t n, const sv_token *prompt,
                                     size_t n_prompt, size_t min_useful);

#endif
