/* sequence_batch.h: continuous batching: many answers of one language model, a token each in every
 * step, on one thread that owns the model's context.
 *
 * DESIGN. Answers join and leave at every step. A new one waits until a slot of the context is free
 * (every slot has room for a whole sequence, so that nobody runs out of memory half-way); of those
 * that wait, the next is of the client with the fewest answers under way, high priority first. Its
 * prompt is computed in pieces between the tokens of the others (step_plan.h), as far as no slot
 * holds it already (held_tokens.h). Cancelled answers leave before the next step, and when all of
 * a step are cancelled, it is broken off. An answer whose reader is slow rests and costs nothing;
 * it is ended when it has rested for two seconds and somebody waits for its slot. */
#ifndef SERVAL_MODEL_SEQUENCE_BATCH_H
#define SERVAL_MODEL_SEQUENCE_BATCH_H

#include "model/generation.h"

typedef struct sv_sequence_batch sv_sequence_batch;

typedef struct sv_sequence_batch_config {
    sv_text_model *model; /* must outlive it */
    uint32_t n_sequences; /* answers at once, 1..SV_TEXT_MAX_SEQUENCES */
    uint32_t n_context;   /* tokens of each, prompt and answer; 0: as many as the model was trained
                             for */
    int threads;          /* of the engine, for all but small models; 0: 1 */
    bool spin;
    int64_t max_gap_ns; /* between two tokens of one answer, while prompts of others come */
    size_t max_waiting; /* answers that may wait for a slot */
} sv_sequence_batch_config;

typedef struct sv_sequence_batch_stats {
    size_t n_running, n_waiting;
    size_t n_slots;
    uint64_t n_held_tokens, n_busy_tokens; /* in all slots, and in those of answers under way */
    uint64_t n_room_tokens;                /* of all slots */
    uint64_t n_steps, n_prompt_tokens, n_cached_tokens, n_completion_tokens; /* since the start */
    uint64_t n_moves;
    int64_t predicted_wait_ns; /* until the first token of a short prompt that came now */
} sv_sequence_batch_stats;

/* Makes the context, which takes all memory it will need, and starts the thread. SV_INVALID,
 * SV_NO_MEMORY, SV_FAILED, with a message. */
sv_status sv_sequence_batch_new(const sv_sequence_batch_config *config, sv_error *error,
                                sv_sequence_batch **ret_batch) SV_MUST_USE;
/* Ends what is under way, as cancelled; waits for the thread. NULL is fine. */
void sv_sequence_batch_free(sv_sequence_batch *batch);
/* Tokens of a sequence, prompt and answer. */
uint32_t sv_sequence_batch_context(const sv_sequence_batch *batch);
/* Bytes of the context of such a batch. */
uint64_t sv_sequence_batch_memory(const sv_text_info *info, uint32_t n_sequences,
                                  uint32_t n_context);

/* Puts the answer in line; its producer's hold is the batch's. Any thread. `n_prompt` is less than
 * the context, and `producer`, `resumed` are the batch's. SV_INVALID: it is not. SV_UNAVAILABLE:
 * the line is full, or its first token would come after its deadline; `*ret_refusal` tells.
 * SV_TIMEOUT: the deadline has passed. On failure the hold is the caller's still, and nothing will
 * be called. */
sv_status sv_sequence_batch_submit(sv_sequence_batch *batch, sv_generation *generation,
                                   sv_work_refusal *ret_refusal) SV_MUST_USE;
/* Any thread. */
sv_sequence_batch_stats sv_sequence_batch_get_stats(sv_sequence_batch *batch);

#endif
