/* sequence_steps.h: the answers under way in the slots of a context, step by step. For
 * sequence_batch.c: one thread, no locks; who waits and who is told is not known here. */
#ifndef SERVAL_MODEL_SEQUENCE_STEPS_H
#define SERVAL_MODEL_SEQUENCE_STEPS_H

#include <stdatomic.h>

#include "model/held_tokens.h"
#include "model/sequence.h"
#include "model/sequence_batch.h"
#include "model/sequence_line.h"
#include "model/step_plan.h"

enum { SV_SEQUENCE_STEPS_MAX_TOKENS = 512 }; /* of one step */

typedef struct sv_sequence_steps {
    sv_text_context *context;
    uint32_t n_context;
    int64_t max_gap_ns;
    atomic_bool is_stopping; /* any thread: breaks off the step that is under way */
    void (*poke)(void *arg); /* any thread: an answer was cancelled */
    void *arg;

    sv_sequence_model model;
    sv_sequence *sequences[SV_TEXT_MAX_SEQUENCES]; /* by slot; NULL: free */
    sv_held_tokens held;
    sv_step_speed speed;
    sv_text_entry entries[SV_SEQUENCE_STEPS_MAX_TOKENS]; /* of the step */
    size_t n_entries;
    sv_step_load load;
    size_t n_copies;     /* of slots since the last step, which takes their time */
    unsigned n_with_gap; /* steps since answers lie apart */
    sv_sequence_batch_stats counts;
} sv_sequence_steps;

/* `config` is complete; `poke` and `arg` are set, the rest is zeroed. On failure nothing is left.
 */
sv_status sv_sequence_steps_init(sv_sequence_steps *steps, const sv_sequence_batch_config *config,
                                 sv_error *error) SV_MUST_USE;
void sv_sequence_steps_deinit(sv_sequence_steps *steps);

/* Is there a slot for it? */
bool sv_sequence_steps_has_room(const sv_sequence_steps *steps);
/* Gives a slot to an answer, of which the producer's hold is taken over; one that cannot begin has
 * failed. There is room. */
void sv_sequence_steps_seat(sv_sequence_steps *steps, sv_generation *generation);
/* The answer of each slot; NULL: free. */
void sv_sequence_steps_list(const sv_sequence_steps *steps, sv_generation **answers);
/* SV_OK: it is still wanted; SV_CANCELLED, SV_TIMEOUT. */
sv_status sv_sequence_steps_judge(const sv_generation *generation, int64_t now_ns);
/* Ends an answer, with what sv_sequence_steps_judge says. */
void sv_sequence_steps_tell(sv_generation *generation, sv_status why);
/* Ends those that nobody wants any more; those whose readers have taken nothing for two seconds
 * (when somebody waits for their slots); all. */
void sv_sequence_steps_drop_unwanted(sv_sequence_steps *steps);
void sv_sequence_steps_evict_resting(sv_sequence_steps *steps);
void sv_sequence_steps_end_all(sv_sequence_steps *steps);
/* Computes one step and chooses tokens; false: nothing can be computed now. */
bool sv_sequence_steps_run(sv_sequence_steps *steps);
/* Moves answers where others have left, as many as there is time for before one step. `may_fill`:
 * somebody waits who may take the place himself. */
void sv_sequence_steps_close_gaps(sv_sequence_steps *steps, bool may_fill);
/* What is under way: all of `ret_load` but who waits. */
void sv_sequence_steps_measure(const sv_sequence_steps *steps, sv_sequence_load *ret_load);

#endif
