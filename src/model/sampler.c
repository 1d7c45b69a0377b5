/* sampler.c: what makes a choice: the settings, the tokens so far, random numbers. What logits are
 * as a distribution is in logits.c. */
#include "model/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/logits.h"

/* Smallest log-probability, of what is impossible: JSON has no infinity. */
static const float lowest_logprob = -9999;

/* How often the answer has a token. */
typedef struct token_count {
    sv_token token;
    uint32_t count; /* 0: a free place */
} token_count;

/* Open addressing, at most half full: as large as the answer is varied. */
typedef struct token_counts {
    token_count *places;
    size_t n, capacity; /* a power of two, or 0 */
} token_counts;

struct sv_sampler {
    sv_sampling sampling;
    size_t n_vocabulary;
    uint64_t random[4];
    sv_token window[SV_SAMPLER_WINDOW]; /* a ring */
    size_t n_seen;                      /* tokens that went into the ring */
    token_counts counts;
    sv_logit_bias biases[];
};

/* ---- Random numbers: xoshiro256** 1.0, seeded by SplitMix64 (Blackman and Vigna) ---- */

static void seed_random(uint64_t random[4], uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        random[i] = mixed ^ (mixed >> 31);
    }
}

static uint64_t rotate(uint64_t bits, int by)
{
    return bits << by | bits >> (64 - by);
}

/* In [0, 1). */
static double draw_part(uint64_t random[4])
{
    uint64_t drawn = rotate(random[1] * 5, 7) * 9, shifted = random[1] << 17;
    random[2] ^= random[0];
    random[3] ^= random[1];
    random[1] ^= random[2];
    random[0] ^= random[3];
    random[2] ^= shifted;
    random[3] = rotate(random[3], 45);
    return (double)(drawn >> 11) * 0x1p-53;
}

/* ---- Counts ---- */

static token_count *find_place(const token_counts *counts, sv_token token)
{
    size_t at = (uint32_t)token * UINT32_C(2654435769) & (counts->capacity - 1);
    while (counts->places[at].count > 0 && counts->places[at].token != token)
        at = (at + 1) & (counts->capacity - 1);
    return &counts->places[at];
}

static sv_status grow_counts(token_counts *counts)
{
    token_counts grown = {.n = counts->n, .capacity = counts->capacity ? counts->capacity * 2 : 32};
    grown.places = calloc(grown.capacity, sizeof *grown.places);
    if (!grown.places)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < counts->capacity; i++)
        if (counts->places[i].count > 0)
            *find_place(&grown, counts->places[i].token) = counts->places[i];
    free(counts->places);
    *counts = grown;
    return SV_OK;
}

static sv_status count_token(token_counts *counts, sv_token token)
{
    if (counts->n * 2 >= counts->capacity && grow_counts(counts))
        return SV_NO_MEMORY;
    token_count *place = find_place(counts, token);
    if (place->count == 0)
        counts->n++;
    place->token = token;
    place->count++;
    return SV_OK;
}

/* ---- Making ---- */

sv_sampling sv_sampling_defaults(void)
{
    return (sv_sampling){.temperature = 1, .top_p = 1, .repeat_penalty = 1};
}

/* False for NaN. */
static bool is_within(double value, double low, double high)
{
    return value >= low && value <= high;
}

static bool are_biases_valid(const sv_sampling *sampling, size_t n_vocabulary)
{
    if (sampling->n_biases > SV_SAMPLER_MAX_BIASES)
        return false;
    for (size_t i = 0; i < sampling->n_biases; i++) {
        const sv_logit_bias *bias = &sampling->biases[i];
        if (bias->token < 0 || (size_t)bias->token >= n_vocabulary ||
            !is_within((double)bias->bias, -100, 100))
            return false;
    }
    return true;
}

static bool is_valid(const sv_sampling *sampling, size_t n_vocabulary)
{
    return n_vocabulary > 0 && n_vocabulary <= SV_SAMPLER_MAX_VOCABULARY &&
           is_within(sampling->temperature, 0, 2) && is_within(sampling->top_p, 0, 1) &&
           is_within(sampling->min_p, 0, 1) && sampling->top_k >= 0 &&
           is_within(sampling->presence_penalty, -2, 2) &&
           is_within(sampling->frequency_penalty, -2, 2) && sampling->repeat_penalty > 0 &&
           isfinite(sampling->repeat_penalty) && are_biases_valid(sampling, n_vocabulary);
}

sv_status sv_sampler_new(const sv_sampling *sampling, size_t n_vocabulary, sv_sampler **ret_sampler)
{
    if (!is_valid(sampling, n_vocabulary))
        return SV_INVALID;
    size_t biases_bytes = sampling->n_biases * sizeof(sv_logit_bias);
    sv_sampler *sampler = calloc(1, sizeof *sampler + biases_bytes);
    if (!sampler)
        return SV_NO_MEMORY;
    sampler->sampling = *sampling;
    if (biases_bytes > 0)
        memcpy(sampler->biases, sampling->biases, biases_bytes);
    sampler->sampling.biases = sampler->biases;
    sampler->n_vocabulary = n_vocabulary;
    seed_random(sampler->random, sampling->seed);
    *ret_sampler = sampler;
    return SV_OK;
}

void sv_sampler_free(sv_sampler *sampler)
{
    if (!sampler)
        return;
    free(sampler->counts.places);
    free(sampler);
}

sv_status sv_sampler_accept(sv_sampler *sampler, sv_token token, bool is_prompt)
{
    const sv_sampling *sampling = &sampler->sampling;
    if (token < 0 || (size_t)token >= sampler->n_vocabulary)
        return SV_OK;
    bool is_counted =
        !is_prompt && (sampling->presence_penalty != 0 || sampling->frequency_penalty != 0);
    if (is_counted && count_token(&sampler->counts, token))
        return SV_NO_MEMORY;
    sampler->window[sampler->n_seen++ % SV_SAMPLER_WINDOW] = token;
    return SV_OK;
}

/* ---- Changing logits ---- */

static bool is_among(const sv_token *tokens, size_t n, sv_token token)
{
    for (size_t i = 0; i < n; i++)
        if (tokens[i] == token)
            return true;
    return false;
}

/* Each token of the window once, however often it came. */
static void penalise_repeats(const sv_sampler *sampler, float *logits)
{
    float penalty = (float)sampler->sampling.repeat_penalty;
    size_t n = sampler->n_seen < SV_SAMPLER_WINDOW ? sampler->n_seen : SV_SAMPLER_WINDOW;
    for (size_t i = 0; i < n; i++) {
        sv_token token = sampler->window[i];
        if (!is_among(sampler->window, i, token))
            logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
    }
}

static void penalise_answer(const sv_sampler *sampler, float *logits)
{
    const sv_sampling *sampling = &sampler->sampling;
    for (size_t i = 0; i < sampler->counts.capacity; i++) {
        const token_count *place = &sampler->counts.places[i];
        if (place->count > 0)
            logits[place->token] -=
                (float)(sampling->presence_penalty + sampling->frequency_penalty * place->count);
    }
}

static void add_biases(const sv_sampler *sampler, float *logits)
{
    for (size_t i = 0; i < sampler->sampling.n_biases; i++) {
        const sv_logit_bias *bias = &sampler->biases[i];
        logits[bias->token] = bias->bias > -100 ? logits[bias->token] + bias->bias : -INFINITY;
    }
}

static void change_logits(const sv_sampler *sampler, float *logits)
{
    if (sampler->sampling.repeat_penalty != 1)
        penalise_repeats(sampler, logits);
    penalise_answer(sampler, logits);
    add_biases(sampler, logits);
}

/* ---- Choosing ---- */

/* What is certain leaves nothing to the rest. */
static void keep_infinite(float *logits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        logits[i] = logits[i] == INFINITY ? 0 : -INFINITY;
}

static sv_token choose(const sv_sampling *sampling, float *values, size_t n, double part)
{
    if (sampling->temperature == 0)
        return sv_logits_best(values, n);
    sv_logits logits = sv_logits_view(values, n, sampling->temperature);
    if (logits.best == INFINITY) {
        keep_infinite(values, n);
        logits.best = 0;
    }
    if (logits.best == -INFINITY)
        return SV_NO_TOKEN;
    sv_logits_cut cut = sv_logits_all();
    if (sampling->top_k > 0 && (uint64_t)sampling->top_k < n)
        cut = sv_logits_keep_count(&logits, (size_t)sampling->top_k);
    if (sampling->top_p < 1)
        cut = sv_logits_keep_share(&logits, cut, sampling->top_p);
    if (sampling->min_p > 0)
        cut = sv_logits_keep_above(&logits, cut, sampling->min_p);
    return sv_logits_draw(&logits, cut, part);
}

sv_token sv_sampler_pick(sv_sampler *sampler, float *logits, const sv_sampler_filter *filter)
{
    const sv_sampling *sampling = &sampler->sampling;
    size_t n = sampler->n_vocabulary;
    change_logits(sampler, logits);
    double part = sampling->temperature > 0 ? draw_part(sampler->random) : 0;
    sv_token token = choose(sampling, logits, n, part);
    if (token == SV_NO_TOKEN || !filter || filter->allows(filter->arg, token))
        return token;
    filter->mask(filter->arg, logits, n);
    return choose(sampling, logits, n, part);
}

/* ---- Log-probabilities ---- */

/* Of a logit, where `log_mass` is the logarithm of the sum of all weights. */
static float find_logprob(const sv_logits *logits, double log_mass, float value)
{
    double logprob = (value == logits->best ? 0 : (double)value - (double)logits->best) - log_mass;
    return logprob > (double)lowest_logprob ? (float)logprob : lowest_logprob;
}

float sv_sampler_logprob(const float *values, size_t n, sv_token token)
{
    sv_logits logits = sv_logits_view(values, n, 1);
    if (token < 0 || (size_t)token >= n || logits.best == -INFINITY)
        return lowest_logprob;
    return find_logprob(&logits, log(sv_logits_mass(&logits, sv_logits_all())), values[token]);
}

size_t sv_sampler_top_logprobs(const float *values, size_t n, sv_token_chance *top, size_t n_top)
{
    sv_logit best[SV_SAMPLER_MAX_TOP_LOGPROBS];
    sv_logits logits = sv_logits_view(values, n, 1);
    if (logits.best == -INFINITY || n_top == 0)
        return 0;
    double log_mass = log(sv_logits_mass(&logits, sv_logits_all()));
    size_t most = n_top < SV_SAMPLER_MAX_TOP_LOGPROBS ? n_top : SV_SAMPLER_MAX_TOP_LOGPROBS;
    size_t count = sv_logits_top(values, n, best, most);
    for (size_t i = 0; i < count; i++)
        top[i] = (sv_token_chance){best[i].token, find_logprob(&logits, log_mass, best[i].value)};
    return count;
}
