/* sequence_lab.h: what tests of answers under way share: a real language model, prompts, and
 * answers that are collected as they come. All skip with a word when the model or the engine is
 * absent. */
#ifndef SERVAL_TESTS_SEQUENCE_LAB_H
#define SERVAL_TESTS_SEQUENCE_LAB_H

#include "model/sequence_steps.h"
#include "text_lab.h"

typedef struct sequence_lab {
    sv_engine_host *host;
    sv_engine_model *engine_model;
    sv_text_model *model;
} sequence_lab;

/* `name`: a model of the shared ones; NULL: the one that comes with Serval. */
void sequence_lab_open(sequence_lab *lab, const char *name);
void sequence_lab_close(sequence_lab *lab);

/* Tokens of a text from its beginning on; a conversation's where `is_chat`. */
text_lab_tokens sequence_lab_prompt(const sequence_lab *lab, const char *text, bool is_chat);
/* Greedy, without deadlines, of at most `max_tokens`. Borrows the prompt. */
sv_generation_request sequence_lab_request(const text_lab_tokens *prompt, uint32_t max_tokens);

/* An answer and what came of it until now. */
typedef struct sequence_lab_answer {
    sv_generation *generation;
    char text[8192]; /* ends in zero */
    size_t len;
    text_lab_tokens tokens; /* where log-probabilities are asked for */
    double logprobs;        /* their sum */
    sv_finish finish;
} sequence_lab_answer;

/* Fills a zeroed answer; its hooks do nothing, until a batch has set its own. */
void sequence_lab_make(sequence_lab_answer *answer, const sv_generation_request *request);
/* The same; false: it could not be made. */
bool sequence_lab_try(sequence_lab_answer *answer, const sv_generation_request *request);
/* Takes what there is. */
void sequence_lab_take(sequence_lab_answer *answer);
/* The consumer's hold. */
void sequence_lab_drop(sequence_lab_answer *answer);

/* Steps without a thread: a context of `n_slots` sequences of `n_context` tokens. */
sv_sequence_steps *sequence_lab_steps(const sequence_lab *lab, uint32_t n_slots,
                                      uint32_t n_context);
void sequence_lab_free_steps(sv_sequence_steps *steps);
/* Makes it, gives it a slot. */
void sequence_lab_seat(sv_sequence_steps *steps, sequence_lab_answer *answer,
                       const sv_generation_request *request);
/* Steps until all have ended, taking what comes. */
void sequence_lab_finish(sv_sequence_steps *steps, sequence_lab_answer *answers, size_t n);

#endif
