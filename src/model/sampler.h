/* sampler.h: from logits to the next token: penalties, bias, temperature, top-k, top-p, min-p; and
 * log-probabilities. Pure: no engine, no clock; the same seed and logits give the same tokens.
 *
 * Logits change in this order: repeat_penalty, the presence and frequency penalties, biases. A
 * temperature of 0 takes the best then (ties: the lower id). Else top_k keeps the k best, the rest
 * is a distribution at the temperature, of which top_p keeps the fewest tokens whose share reaches
 * p, and min_p those with at least that part of the best one's share; where the k-th or the last of
 * the share has equals, lower ids stay. One random number chooses among what is left, which is
 * walked in the order of ids. Log-probabilities are of the model's own distribution, before all
 * that. NaN is as impossible as -INFINITY; +INFINITY is certain. */
#ifndef SERVAL_MODEL_SAMPLER_H
#define SERVAL_MODEL_SAMPLER_H

#include "engine/text_engine.h"

enum {
    SV_SAMPLER_MAX_BIASES = 1024,
    SV_SAMPLER_MAX_TOP_LOGPROBS = 20,
    SV_SAMPLER_MAX_VOCABULARY = 1 << 24,
    SV_SAMPLER_WINDOW = 64 /* tokens that repeat_penalty looks back at, prompt included */
};

typedef struct sv_logit_bias {
    sv_token token;
    float bias; /* -100..100; -100 forbids, 100 as good as forces */
} sv_logit_bias;

/* How tokens are chosen. sv_sampling_defaults fills it. */
typedef struct sv_sampling {
    double temperature;       /* 0..2; 0: the best token always */
    double top_p;             /* 0..1; 1: off */
    double min_p;             /* 0..1; 0: off */
    int64_t top_k;            /* 0: off */
    double presence_penalty;  /* -2..2: off the logit of tokens the answer has */
    double frequency_penalty; /* -2..2: the same for each time it has them */
    double repeat_penalty;    /* above 0; 1: off; logits of recent tokens are divided by it, or
                                 multiplied where they are below 0 */
    uint64_t seed;
    const sv_logit_bias *biases; /* borrowed; for generations: copied */
    size_t n_biases;
} sv_sampling;

/* Temperature 1, nothing else. */
sv_sampling sv_sampling_defaults(void);

typedef struct sv_token_chance {
    sv_token token;
    float logprob; /* natural logarithm; at least -9999 */
} sv_token_chance;

/* What may come next by rules of another kind (a grammar). */
typedef struct sv_sampler_filter {
    bool (*allows)(void *arg, sv_token token);
    void (*mask)(void *arg, float *logits, size_t n); /* the rest to -INFINITY; slow */
    void *arg;
} sv_sampler_filter;

typedef struct sv_sampler sv_sampler;

/* `sampling` is copied, its biases too. SV_INVALID: out of range. SV_NO_MEMORY. */
sv_status sv_sampler_new(const sv_sampling *sampling, size_t n_vocabulary,
                         sv_sampler **ret_sampler) SV_MUST_USE;
void sv_sampler_free(sv_sampler *sampler);
/* The sequence goes on with `token`; one outside the vocabulary is passed over. `is_prompt`: it was
 * asked for, not chosen. SV_NO_MEMORY, only while the answer has a presence or frequency penalty:
 * nothing changed. */
sv_status sv_sampler_accept(sv_sampler *sampler, sv_token token, bool is_prompt) SV_MUST_USE;
/* The next token; changes `logits` (n_vocabulary of them). `filter` may be NULL; it is asked for
 * one candidate, and only when it refuses that, masks all, of which the same random number chooses:
 * one is drawn for each pick (none at temperature 0). SV_NO_TOKEN: no token is possible (all are
 * forbidden, or no logit is a number). Does not accept it. */
sv_token sv_sampler_pick(sv_sampler *sampler, float *logits, const sv_sampler_filter *filter);
/* Log-probability of `token`; of `n` logits, to be asked before sv_sampler_pick changes them. */
float sv_sampler_logprob(const float *logits, size_t n, sv_token token);
/* The `n_top` likeliest (SV_SAMPLER_MAX_TOP_LOGPROBS at most), best first. Returns how many there
 * are. */
size_t sv_sampler_top_logprobs(const float *logits, size_t n, sv_token_chance *top, size_t n_top);

#endif
