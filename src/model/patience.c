/* patience.c: when clients leave, estimated from those who left and those who did not. See
 * patience.h for the design. */
#include "model/patience.h"

#include <string.h>

#include "base/clock.h"

/* Counts lose a fifth each ten seconds: half of them in half a minute. */
#define FADE_NS (10 * SV_NS_PER_S)
#define FADE 0.8F
/* The share of clients who may leave before the age that counts as their patience. */
#define STAY 0.9F
/* Fewer departures tell nothing, by count and as share of the recent outcomes (of which the newest
 * weighs one part in 64). */
#define MIN_LEFT 4.0F
#define MIN_RECENT 0.06F
#define RECENT_WEIGHT (1.0F / 64)

/* Departures within such a moment may have one cause. */
#define MOMENT_NS (50 * SV_NS_PER_MS)

enum {
    MAX_UNSURE = 1024,
    MIN_BITS = 10,
    SUB_BITS = 2,
    SUBS = 1 << SUB_BITS,
    NEWS = 16,
    MAX_FADES = 64
};

/* Buckets are log-linear in units of 1024 ns: four equal parts of each doubling. */
static size_t bucket_of(int64_t age_ns)
{
    uint64_t units = age_ns > 0 ? (uint64_t)age_ns >> 10 : 0;
    if (units >> MIN_BITS == 0)
        return 0;
    int bits = 63 - __builtin_clzll(units);
    size_t sub = (units >> (bits - SUB_BITS)) & (SUBS - 1);
    size_t bucket = (size_t)(bits - MIN_BITS) * SUBS + sub;
    return bucket < SV_PATIENCE_BUCKETS ? bucket : SV_PATIENCE_BUCKETS - 1;
}

static int64_t start_of(size_t bucket)
{
    int64_t octave = INT64_C(1024) << (MIN_BITS + bucket / SUBS);
    return octave + octave / SUBS * (int64_t)(bucket % SUBS);
}

static void fade(sv_patience *patience, int64_t now_ns)
{
    int64_t steps = (now_ns - patience->faded_ns) / FADE_NS;
    if (steps <= 0)
        return;
    float by = FADE;
    for (int64_t i = 1; i < steps && i < MAX_FADES; i++)
        by *= FADE;
    for (size_t i = 0; i < SV_PATIENCE_BUCKETS; i++) {
        patience->left[i] *= by;
        patience->stayed[i] *= by;
    }
    patience->faded_ns += steps * FADE_NS;
    patience->n_news = NEWS;
}

static float sum_of(const float *counts)
{
    float sum = 0;
    for (size_t i = 0; i < SV_PATIENCE_BUCKETS; i++)
        sum += counts[i];
    return sum;
}

/* The start of the first bucket in which the share of those still there falls too low. */
static int64_t estimate(const sv_patience *patience)
{
    float at_risk = sum_of(patience->left) + sum_of(patience->stayed), there = 1;
    for (size_t i = 0; i < SV_PATIENCE_BUCKETS && at_risk > 0; i++) {
        there *= 1 - patience->left[i] / at_risk;
        if (there < STAY)
            return start_of(i);
        at_risk -= patience->left[i] + patience->stayed[i];
    }
    return 0;
}

/* An estimate walks over all buckets, so it is made now and then; while little is known, at once.
 */
static void refresh(sv_patience *patience)
{
    if (++patience->n_news < NEWS && patience->matters)
        return;
    patience->n_news = 0;
    bool enough = sum_of(patience->left) >= MIN_LEFT;
    patience->matters = enough && (patience->matters || patience->recent >= MIN_RECENT);
    patience->estimate_ns = patience->matters ? estimate(patience) : 0;
}

static void note_departures(sv_patience *patience, size_t bucket, size_t n)
{
    patience->left[bucket] += (float)n;
    for (size_t i = 0; i < n; i++)
        patience->recent += (1 - patience->recent) * RECENT_WEIGHT;
}

static void forget_unsure(sv_patience *patience)
{
    memset(patience->unsure, 0, sizeof patience->unsure);
    patience->n_unsure = 0;
}

/* Counts the departures that are a moment old. */
static void settle(sv_patience *patience, int64_t now_ns)
{
    fade(patience, now_ns);
    if (patience->n_unsure == 0 || now_ns - patience->unsure_ns < MOMENT_NS)
        return;
    for (size_t i = 0; i < SV_PATIENCE_BUCKETS; i++)
        note_departures(patience, i, patience->unsure[i]);
    forget_unsure(patience);
    patience->n_news = NEWS;
    refresh(patience);
}

void sv_patience_note_left(sv_patience *patience, int64_t age_ns, int64_t now_ns)
{
    settle(patience, now_ns);
    if (patience->n_unsure++ == 0)
        patience->unsure_ns = now_ns;
    uint16_t *unsure = &patience->unsure[bucket_of(age_ns)];
    if (*unsure < MAX_UNSURE)
        ++*unsure;
}

void sv_patience_note_empty(sv_patience *patience)
{
    forget_unsure(patience);
}

void sv_patience_note_answered(sv_patience *patience, size_t n, int64_t age_ns, int64_t now_ns)
{
    settle(patience, now_ns);
    patience->stayed[bucket_of(age_ns)] += (float)n;
    patience->recent /= 1 + (float)n * RECENT_WEIGHT;
    if (patience->matters)
        refresh(patience);
}

int64_t sv_patience_get(const sv_patience *patience)
{
    return patience->estimate_ns ? patience->estimate_ns : SV_NEVER;
}
