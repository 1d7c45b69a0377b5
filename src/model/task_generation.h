/* task_generation.h: text generation: a language model with its batch of answers, as an instance
 * has it; conversations and texts to prompts. */
#ifndef SERVAL_MODEL_TASK_GENERATION_H
#define SERVAL_MODEL_TASK_GENERATION_H

#include "model/manifest.h"
#include "model/sequence_batch.h"

enum {
    SV_GENERATION_SEQUENCES = 8,      /* when the manifest does not say */
    SV_GENERATION_MAX_CONTEXT = 4096, /* the same; less where all would take over 1 GiB */
    SV_GENERATION_WAITING = 256       /* the same */
};

typedef struct sv_generation_task {
    sv_text_model *model; /* NULL: it is no such task */
    sv_sequence_batch *batch;
    const char *chat_template; /* text or name; NULL: the engine's own choice */
    uint32_t n_sequences, n_context;
} sv_generation_task;

typedef struct sv_task_generation_config {
    sv_text_model *model;
    const struct manifest_generation *manifest; /* NULL: nothing is said */
    int threads;
} sv_task_generation_config;

/* Takes the memory of all answers and starts their thread; `chat_template` lives in the arena. Adds
 * what was decided to `reasons`, one line each. SV_INVALID, SV_NO_MEMORY, SV_FAILED, with a
 * message.
 */
sv_status sv_task_generation_open(const sv_task_generation_config *config, sv_arena *arena,
                                  sv_buf *reasons, sv_error *error,
                                  sv_generation_task *ret_task) SV_MUST_USE;
/* Nothing may be under way but what is cancelled. A zeroed one is fine. */
void sv_task_generation_close(sv_generation_task *task);
/* Bytes of its answers' memory. */
uint64_t sv_task_generation_memory(const sv_generation_task *task);

/* Appends the tokens of a text that is to be continued, or of a conversation that is to be
 * answered. SV_TOO_LARGE, kind sv_kind_invalid_input: it is longer than the context; the message
 * has both numbers. SV_INVALID, the same kind: it is empty. SV_NO_MEMORY. Any thread. */
sv_status sv_task_generation_read_text(const sv_generation_task *task, sv_str text, sv_error *error,
                                       sv_buf *tokens) SV_MUST_USE;
sv_status sv_task_generation_read_chat(const sv_generation_task *task,
                                       const sv_chat_message *messages, size_t n, sv_error *error,
                                       sv_buf *tokens) SV_MUST_USE;
/* What a prompt of `n` tokens, none or too many, is refused with. */
sv_status sv_task_generation_refuse_length(const sv_generation_task *task, size_t n,
                                           sv_error *error);
/* A token or two, to be the first; blocks. */
sv_status sv_task_generation_warm_up(const sv_generation_task *task, sv_cancel *cancel,
                                     sv_error *error) SV_MUST_USE;

#endif
