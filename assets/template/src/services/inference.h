/* inference.h: the model: whether a text is kind. Knows nothing of HTTP; put your own model here.
 */
#ifndef INFERENCE_H
#define INFERENCE_H

#include <serval/serval.h>

enum { INFERENCE_N_LABELS = 3 };

/* Loaded at start, read by all threads. */
struct inference {
    const char *version;
    const char *labels[INFERENCE_N_LABELS];
};

/* inference_of(call) */
SV_STATE_DECLARE(inference, struct inference);

/* How sure the model is of each label; the sum is 1. */
void inference_run(const struct inference *model, sv_str text,
                   double ret_confidences[INFERENCE_N_LABELS]);

#endif
