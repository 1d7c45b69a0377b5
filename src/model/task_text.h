/* task_text.h: texts -> vectors, or labels with confidences, by a model over tokens. */
#ifndef SERVAL_MODEL_TASK_TEXT_H
#define SERVAL_MODEL_TASK_TEXT_H

#include "base/cancel.h"
#include "engine/engine.h"
#include "model/scores.h"
#include "observe/timeline.h"
#include "text/tokenizer.h"

enum {
    SV_TASK_TEXT_MAX_LENGTH = 8192, /* tokens of one text */
    SV_TASK_TEXT_DEFAULT_LENGTH = 256,
    SV_TASK_TEXT_MAX_DIMENSIONS = 1 << 16,
};

/* What a model is given about each text. */
typedef enum sv_text_input {
    SV_TEXT_INPUT_IDS,
    SV_TEXT_INPUT_MASK,
    SV_TEXT_INPUT_TYPES,
    SV_TEXT_INPUT_COUNTS, /* hashed n-grams instead of tokens */
    SV_TEXT_INPUT_COUNT,
} sv_text_input;

/* How the vectors of tokens become one. */
typedef enum sv_text_pooling {
    SV_TEXT_POOLING_NONE, /* the graph gives one already */
    SV_TEXT_POOLING_MEAN, /* over the tokens of the mask */
    SV_TEXT_POOLING_CLS,  /* the first token's */
} sv_text_pooling;

/* How one version reads texts. Const once made. */
typedef struct sv_text_task {
    const sv_tokenizer *tokenizer;   /* NULL: hashed n-grams */
    int inputs[SV_TEXT_INPUT_COUNT]; /* index + 1 among the model's; 0: it has none such */
    size_t output;                   /* index */
    int64_t max_length;              /* tokens of a text, specials included; longer ones are cut */
    int64_t fixed_length; /* every text is filled up to it; 0: the longest of a run decides */
    int64_t max_rows;     /* texts in one run: 1 for a model without a free batch axis */
    int64_t n_buckets;    /* of hashed n-grams */
    sv_text_pooling pooling;
    bool normalize; /* to length 1 (L2) */
    sv_strs labels; /* for classification, with the next two: see scores.h */
    int64_t top_k;
    bool softmax;
} sv_text_task;

/* A text as its tokens. */
typedef struct sv_text_tokens {
    const int64_t *ids; /* below the tokenizer's n_tokens; special ones included */
    size_t n;
} sv_text_tokens;

typedef struct sv_text_request {
    const sv_str *texts;
    const sv_text_tokens *tokens; /* instead of texts, for a task with a tokenizer and by itself,
                                     not with others' (text_batch.h); NULL: texts */
    size_t n_texts;               /* at least 1 */
    int64_t top_k;                /* 0: the task's */
    sv_arena *arena;              /* of the answer */
    sv_cancel *cancel;            /* looked at between runs, and during one; may be NULL */
    sv_timeline *timeline;        /* decode (tokens) and infer are added; may be NULL */
} sv_text_request;

/* Row-major: one row for each text, in their order. */
typedef struct sv_embeddings {
    const float *values;
    size_t n_rows, n_dimensions;
} sv_embeddings;

/* Run the model on the calling thread, several texts at once, those of like length together.
 * SV_CANCELLED; SV_FAILED with sv_kind_inference_failed or sv_kind_invalid_model_output;
 * SV_NO_MEMORY. */
sv_status sv_task_text_embed(const sv_text_task *task, sv_engine_model *model,
                             const sv_text_request *request, sv_error *error,
                             sv_embeddings *ret_embeddings) SV_MUST_USE;
/* Sets `max_rows` to 1 where texts of one run change each other's vectors or scores by more than
 * 1e-5, as where a model is quantised by the range of what it is given: its texts run one by one
 * then. Runs the model a few times. Errors as sv_task_text_embed; nothing changes then. */
sv_status sv_task_text_find_max_rows(sv_text_task *task, sv_engine_model *model, sv_cancel *cancel,
                                     sv_error *error) SV_MUST_USE;
/* `ret_predictions` has room for one list for each text. */
sv_status sv_task_text_classify(const sv_text_task *task, sv_engine_model *model,
                                const sv_text_request *request, sv_error *error,
                                sv_predictions *ret_predictions) SV_MUST_USE;

#endif
