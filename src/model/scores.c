/* scores.c: softmax where a row needs it, and the best classes. */
#include "model/scores.h"

#include <math.h>

/* True for rows that sum to 1 with nothing outside 0..1: a softmax is in the graph already. */
static bool is_distribution(const float *scores, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (scores[i] < 0 || scores[i] > 1)
            return false;
        sum += scores[i];
    }
    return fabs(sum - 1) < 1e-3;
}

static bool all_finite(const float *scores, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(scores[i]))
            return false;
    return true;
}

/* Index and score of the best `k`, best first; ties keep the lower index. */
typedef struct ranked {
    size_t index;
    float score;
} ranked;

static void rank(const float *scores, size_t n, ranked *best, size_t k)
{
    size_t held = 0;
    for (size_t i = 0; i < n; i++) {
        if (held == k && !(scores[i] > best[k - 1].score))
            continue;
        size_t at = held < k ? held++ : k - 1;
        for (; at > 0 && best[at - 1].score < scores[i]; at--)
            best[at] = best[at - 1];
        best[at] = (ranked){i, scores[i]};
    }
}

/* exp(score - max) and its sum, so that nothing overflows. */
static double softmax_sum(const float *scores, size_t n, float max)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)scores[i] - max);
    return sum;
}

static sv_str label_of(const sv_strs *labels, size_t index, sv_arena *arena)
{
    if (index < labels->len)
        return labels->items[index];
    return sv_arena_number(arena, (int64_t)index);
}

static sv_status make_predictions(const sv_scores_rules *rules, sv_scores_row row, sv_arena *arena,
                                  sv_predictions *ret_predictions)
{
    size_t k = (size_t)rules->top_k < row.n ? (size_t)rules->top_k : row.n;
    ranked *best = sv_arena_alloc_array(arena, k, sizeof *best);
    struct prediction *items = sv_arena_alloc_array(arena, k, sizeof *items);
    if (!best || !items)
        return SV_NO_MEMORY;
    rank(row.values, row.n, best, k);
    bool softmax = rules->softmax && !is_distribution(row.values, row.n);
    double sum = softmax ? softmax_sum(row.values, row.n, best[0].score) : 1;
    for (size_t i = 0; i < k; i++) {
        double score = best[i].score;
        items[i].confidence = softmax ? exp(score - best[0].score) / sum : fmin(fmax(score, 0), 1);
        items[i].label = label_of(rules->labels, best[i].index, arena);
        if (!items[i].label.ptr)
            return SV_NO_MEMORY;
    }
    ret_predictions->items = items;
    ret_predictions->len = k;
    return SV_OK;
}

sv_status sv_scores_rank(const sv_scores_rules *rules, sv_scores_row row, sv_arena *arena,
                         sv_error *error, sv_predictions *ret_predictions)
{
    if (row.n == 0 || row.n > SV_SCORES_MAX_CLASSES)
        return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                            "The model gave no scores");
    if (!all_finite(row.values, row.n))
        return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                            "The model gave scores that are not finite");
    return make_predictions(rules, row, arena, ret_predictions);
}
