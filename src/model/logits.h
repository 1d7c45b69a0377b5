/* logits.h: what a model says of every token of its vocabulary, as a distribution: the best, the
 * best few, how much lies in a part of it, and a draw. Pure and const: nothing is copied, changed
 * or allocated, so that a caller may forbid tokens afterwards and ask again.
 *
 * DESIGN. Tokens have one order: the higher logit first, of equal ones the lower id. top_k, top_p
 * and min_p each keep a beginning of it, so what is left after any of them is one *cut*: the last
 * token that is kept. Nothing is sorted but a list of at most SV_LOGITS_LIST tokens: a cut is found
 * among the few tokens with a share of at least 1 / SV_LOGITS_LIST, and where the distribution is
 * so flat that it lies below them, by histograms of ever narrower bands of logits until a band has
 * few members or only equal ones. All passes work on blocks of fixed size, which compilers turn
 * into vector code, and step over blocks that have nothing above the cut.
 *
 * NaN is as good as absent, like -INFINITY. */
#ifndef SERVAL_MODEL_LOGITS_H
#define SERVAL_MODEL_LOGITS_H

#include "engine/text_engine.h"

enum { SV_LOGITS_LIST = 512 };

typedef struct sv_logit {
    float value;
    sv_token token;
} sv_logit;

/* Of each token the weight e^((value - best) / temperature), 1 for the best; made by
 * sv_logits_view. Weights below 2^-125 are 0. */
typedef struct sv_logits {
    const float *values; /* borrowed */
    size_t n;
    float best;  /* the highest; -INFINITY: no token is possible, and nothing below may be asked */
    float scale; /* log2(e) / temperature */
} sv_logits;

/* The last token that is kept. */
typedef sv_logit sv_logits_cut;

/* `temperature` above 0; n at most INT32_MAX. */
sv_logits sv_logits_view(const float *values, size_t n, double temperature);
/* Cuts off nothing. */
sv_logits_cut sv_logits_all(void);

/* The best token; SV_NO_TOKEN: none is possible. */
sv_token sv_logits_best(const float *values, size_t n);
/* The `capacity` best, at most SV_LOGITS_LIST, best first; returns how many there are. */
size_t sv_logits_top(const float *values, size_t n, sv_logit *top, size_t capacity);

/* Relative error below 3e-7 plus 2e-7 for each unit of (value - best) / temperature. */
float sv_logits_weight(const sv_logits *logits, float value);
/* The sum of the weights of what is kept. */
double sv_logits_mass(const sv_logits *logits, sv_logits_cut cut);

/* Cuts of what `cut` keeps; `best` must be finite. The `k` best (at least 1); the fewest that
 * together have at least the share `p` of it (0..1; at least one token); those with at least the
 * share `p` (0..1) of the best one. */
sv_logits_cut sv_logits_keep_count(const sv_logits *logits, size_t k);
sv_logits_cut sv_logits_keep_share(const sv_logits *logits, sv_logits_cut cut, double p);
sv_logits_cut sv_logits_keep_above(const sv_logits *logits, sv_logits_cut cut, double p);

/* The token at the part `u` (0 <= u < 1) of what is kept, which is walked in the order of ids. */
sv_token sv_logits_draw(const sv_logits *logits, sv_logits_cut cut, double u);

#endif
