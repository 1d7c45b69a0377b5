/* sequence_line.h: answers that wait for a slot: who is next, and how long it takes. Pure. */
#ifndef SERVAL_MODEL_SEQUENCE_LINE_H
#define SERVAL_MODEL_SEQUENCE_LINE_H

#include "model/generation.h"

/* The next of `line` (linked by `node`, oldest first; not empty): high priority before normal
 * before low; of the same, that of the client with the fewest among `running` (NULL where a slot is
 * free); then the oldest. */
sv_generation *sv_sequence_line_next(const sv_list_node *line, sv_generation *const *running,
                                     size_t n_running);

/* What is ahead of an answer that came now. */
typedef struct sv_sequence_load {
    uint64_t n_prompt_tokens; /* of prompts that wait or are being computed, its own included */
    size_t n_free_slots, n_waiting;
    uint64_t n_left_tokens; /* that answers under way may still have, together */
    size_t n_running;
    double prompt_ns, step_ns; /* a token of a prompt, a step; 0: not known */
} sv_sequence_load;
/* Until its first token. */
int64_t sv_sequence_line_predict(const sv_sequence_load *load);

#endif
