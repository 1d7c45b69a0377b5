/* step_plan.c: measured speeds and the division of a step; see the header. */
#include "model/step_plan.h"

/* The share of max_gap that a step is planned for; sending and jitter have the rest. Long steps are
 * few, so that fewer of an answer's gaps are long and prompts wait for fewer tokens of others. */
static const double GAP_SHARE = 0.75;
/* The share that copies may have. */
static const double COPIES_SHARE = 0.3;
/* Tokens before speeds are known. */
enum { FIRST_BUDGET = 32, MIN_PROMPT_NOTED = 8 };
/* Where answers alone fill `max_gap`, a token or two a step would keep who is new waiting for ever:
 * the engine reads so many for little more. */
enum { LEAST_BUDGET = 16 };
static const double NEWEST = 0.25; /* weight of the newest measurement */

static void blend(double *average, double newest)
{
    *average = *average > 0 ? *average + NEWEST * (newest - *average) : newest;
}

/* Of as many answers, or the nearest number that was measured. */
static double decode_time(const sv_step_speed *speed, size_t n)
{
    if (n == 0)
        return 0;
    for (size_t away = 0; away <= SV_TEXT_MAX_SEQUENCES; away++) {
        if (n + away <= SV_TEXT_MAX_SEQUENCES && speed->decode_ns[n + away] > 0)
            return speed->decode_ns[n + away];
        if (n > away && speed->decode_ns[n - away] > 0)
            return speed->decode_ns[n - away];
    }
    return 0;
}

static sv_step_load without_copies(sv_step_load load)
{
    load.n_copies = 0;
    return load;
}

void sv_step_plan_note(sv_step_speed *speed, sv_step_load load, int64_t took_ns)
{
    if (load.n_copies > 0) { /* what else it took is known, or never mind */
        double copies_ns = (double)(took_ns - sv_step_plan_predict(speed, without_copies(load)));
        if (copies_ns > 0)
            blend(&speed->copy_ns, copies_ns / (double)load.n_copies);
        return;
    }
    if (load.n_prompt == 0 && load.n_decoding > 0 && load.n_decoding <= SV_TEXT_MAX_SEQUENCES)
        blend(&speed->decode_ns[load.n_decoding], (double)took_ns);
    if (load.n_prompt < MIN_PROMPT_NOTED)
        return;
    double prompts_ns = (double)took_ns - decode_time(speed, load.n_decoding);
    if (prompts_ns > 0)
        blend(&speed->prompt_ns, prompts_ns / (double)load.n_prompt);
}

int64_t sv_step_plan_predict(const sv_step_speed *speed, sv_step_load load)
{
    return (int64_t)(decode_time(speed, load.n_decoding) +
                     speed->prompt_ns * (double)load.n_prompt +
                     speed->copy_ns * (double)load.n_copies);
}

size_t sv_step_plan_prompt_budget(const sv_step_speed *speed, sv_step_load load, int64_t max_gap_ns,
                                  size_t max)
{
    if (load.n_decoding == 0)
        return max;
    if (speed->prompt_ns <= 0)
        return max < FIRST_BUDGET ? max : FIRST_BUDGET;
    double left_ns = (double)max_gap_ns * GAP_SHARE - decode_time(speed, load.n_decoding) -
                     speed->copy_ns * (double)load.n_copies;
    double tokens = left_ns / speed->prompt_ns;
    if (tokens >= (double)max)
        return max;
    if (tokens >= LEAST_BUDGET)
        return (size_t)tokens;
    return max < LEAST_BUDGET ? max : LEAST_BUDGET;
}

size_t sv_step_plan_copies(const sv_step_speed *speed, int64_t max_gap_ns)
{
    if (speed->copy_ns <= 0)
        return 1;
    double n = (double)max_gap_ns * COPIES_SHARE / speed->copy_ns;
    if (n >= SV_TEXT_MAX_SEQUENCES)
        return SV_TEXT_MAX_SEQUENCES;
    return n < 1 ? 1 : (size_t)n;
}

size_t sv_step_plan_copy_worth(const sv_step_speed *speed)
{
    if (speed->copy_ns <= 0 || speed->prompt_ns <= 0)
        return 0;
    double n = speed->copy_ns / speed->prompt_ns;
    return n < 1e6 ? (size_t)n + 1 : 1000000;
}

static size_t find_shortest(const size_t *left, const size_t *shares, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (left[i] > shares[i] && (best == n || left[i] - shares[i] < left[best] - shares[best]))
            best = i;
    return best;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void sv_step_plan_share(const size_t *left, size_t n, size_t budget, size_t *shares)
{
    for (size_t i = 0; i < n; i++)
        shares[i] = 0;
    if (n == 0)
        return;
    shares[0] = smaller(left[0], (budget + 1) / 2);
    budget -= shares[0];
    while (budget > 0) {
        size_t shortest = find_shortest(left, shares, n);
        if (shortest == n)
            return;
        size_t more = smaller(left[shortest] - shares[shortest], budget);
        shares[shortest] += more;
        budget -= more;
    }
}
