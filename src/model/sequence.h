/* sequence.h: one answer under way in a slot of a context: logits -> token -> text -> the pipe.
 * For sequence_batch.c's thread. */
#ifndef SERVAL_MODEL_SEQUENCE_H
#define SERVAL_MODEL_SEQUENCE_H

#include "model/generation.h"
#include "text/stop_match.h"
#include "text/utf8_pieces.h"

/* What all answers of a model share. */
typedef struct sv_sequence_model {
    sv_text_model *model;
    const sv_token *ends; /* tokens that end an answer */
    size_t n_ends;
    sv_buf bytes, whole, text; /* for one token at a time */
} sv_sequence_model;

typedef struct sv_sequence {
    sv_generation *generation; /* held */
    sv_sequence_model *model;
    sv_sampler *sampler;
    sv_text_grammar *grammar; /* NULL: none */
    sv_stop_match *stops;
    sv_utf8_pieces pieces;
    sv_token next;   /* chosen, and to be computed in the next step; SV_NO_TOKEN: none yet */
    uint32_t n_done; /* tokens of the prompt that the slot holds */
    uint32_t n_room; /* tokens that the answer may have */
    int64_t last_ns; /* when the last token was put */
    int64_t resting_since_ns; /* nobody takes what there is; 0: it goes on */
    sv_cancel_callback on_cancel;
} sv_sequence;

/* Takes over the producer's hold. On failure the generation was told, and the hold is dropped.
 * `n_room`: tokens that there is room for behind the prompt. */
sv_status sv_sequence_new(sv_sequence_model *model, sv_generation *generation, uint32_t n_room,
                          sv_sequence **ret_sequence) SV_MUST_USE;
/* Its generation has ended. */
void sv_sequence_free(sv_sequence *sequence);

/* Chooses the next token and puts its text. SV_FINISH_NONE: it goes on, with `next`. Else the text
 * is complete, and the sequence is to be ended so. */
sv_finish sv_sequence_choose(sv_sequence *sequence, float *logits);
/* Puts what is held back, and ends the generation. */
void sv_sequence_end(sv_sequence *sequence, sv_finish finish);
/* Ends it by a failure; `error` may be NULL. */
void sv_sequence_fail(sv_sequence *sequence, sv_status status, const sv_error *error);

#endif
