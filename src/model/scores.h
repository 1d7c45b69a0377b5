/* scores.h: a row of class scores -> the best labels with confidences. Pure; any thread. */
#ifndef SERVAL_MODEL_SCORES_H
#define SERVAL_MODEL_SCORES_H

#include <serval/schema.h>

#include "base/arena.h"

enum { SV_SCORES_MAX_CLASSES = 1 << 20 };

struct prediction {
    sv_str label;
    double confidence; /* 0..1 */
};
typedef SV_LIST(struct prediction) sv_predictions;

/* How a row is read. */
typedef struct sv_scores_rules {
    const sv_strs *labels; /* empty: the class index is the label */
    bool softmax;          /* apply it when a row is not a distribution already */
    int64_t top_k;         /* at least 1 */
} sv_scores_rules;

/* One score for each class. */
typedef struct sv_scores_row {
    const float *values;
    size_t n;
} sv_scores_row;

/* Ranks the scores of a row; ties go to the lower index. Lives in the arena; labels are borrowed.
 * SV_FAILED, kind sv_kind_invalid_model_output: there are none, too many, or some are not finite;
 * SV_NO_MEMORY. */
sv_status sv_scores_rank(const sv_scores_rules *rules, sv_scores_row row, sv_arena *arena,
                         sv_error *error, sv_predictions *ret_predictions) SV_MUST_USE;

#endif
