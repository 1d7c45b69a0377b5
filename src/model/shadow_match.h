/* shadow_match.h: whether the answer of a shadow version is as good as the real one. Pure; any
 * thread. */
#ifndef SERVAL_MODEL_SHADOW_MATCH_H
#define SERVAL_MODEL_SHADOW_MATCH_H

#include "model/scores.h"
#include "model/task_tensor.h"
#include "model/task_text.h"

/* What one picture, text or row was taken for. */
typedef struct sv_shadow_label {
    sv_str label;
    double confidence; /* 0 where the model tells none */
} sv_shadow_label;

/* The same label, with a confidence that differs by at most 0.1. */
bool sv_shadow_match_labels(const sv_shadow_label *real, const sv_shadow_label *shadow, size_t n);
/* As many vectors of the same length, each with a cosine of at least 0.999. */
bool sv_shadow_match_embeddings(const sv_embeddings *real, const sv_embeddings *shadow);
/* The same names, datatypes and shapes in the same order; numbers with a fraction differ by at most
 * 1e-3 of the larger one or, near 0, by 1e-6; everything else is equal. */
bool sv_shadow_match_tensors(const sv_tensors *real, const sv_tensors *shadow);

#endif
