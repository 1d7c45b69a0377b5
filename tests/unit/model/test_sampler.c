/* From logits to tokens: settings, penalties worked out by hand, and what is drawn how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "failing_malloc.h"
#include "model/sampler.h"

enum { N_DRAWS = 20000, MAX_TOKENS = 2048 };

static sv_sampler *make_sampler(const sv_sampling *sampling, size_t n)
{
    sv_sampler *sampler = NULL;
    assert_int_equal(sv_sampler_new(sampling, n, &sampler), SV_OK);
    return sampler;
}

/* Of a copy: a pick changes logits. */
static sv_token pick(sv_sampler *sampler, const float *logits, size_t n,
                     const sv_sampler_filter *filter)
{
    float copy[MAX_TOKENS];
    memcpy(copy, logits, n * sizeof *copy);
    return sv_sampler_pick(sampler, copy, filter);
}

static sv_token pick_once(const sv_sampling *sampling, const float *logits, size_t n)
{
    sv_sampler *sampler = make_sampler(sampling, n);
    sv_token token = pick(sampler, logits, n, NULL);
    sv_sampler_free(sampler);
    return token;
}

static sv_sampling greedy(void)
{
    sv_sampling sampling = sv_sampling_defaults();
    sampling.temperature = 0;
    return sampling;
}

/* ---- Settings ---- */

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    static const sv_logit_bias outside = {.token = 10}, negative = {.token = -1},
                               strong = {.token = 1, .bias = 100.5f},
                               broken = {.token = 1, .bias = NAN};
    const sv_sampling base = sv_sampling_defaults();
    sv_sampling bad[24];
    size_t n = 0;
#define BAD(member, value) (bad[n] = base, bad[n++].member = (value))
#define BAD_BIAS(bias) (bad[n] = base, bad[n].n_biases = 1, bad[n++].biases = &(bias))
    BAD(temperature, -0.1), BAD(temperature, 2.1), BAD(temperature, NAN);
    BAD(top_p, -0.1), BAD(top_p, 1.1), BAD(top_p, NAN);
    BAD(min_p, -0.1), BAD(min_p, 1.1), BAD(top_k, -1);
    BAD(presence_penalty, -2.1), BAD(presence_penalty, 2.1);
    BAD(frequency_penalty, -2.1), BAD(frequency_penalty, NAN);
    BAD(repeat_penalty, 0), BAD(repeat_penalty, -1), BAD(repeat_penalty, INFINITY);
    BAD(n_biases, SV_SAMPLER_MAX_BIASES + 1);
    BAD_BIAS(outside), BAD_BIAS(negative), BAD_BIAS(strong), BAD_BIAS(broken);
    sv_sampler *sampler = NULL;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sv_sampler_new(&bad[i], 10, &sampler), SV_INVALID);
    assert_int_equal(sv_sampler_new(&base, 0, &sampler), SV_INVALID);
    assert_int_equal(sv_sampler_new(&base, SV_SAMPLER_MAX_VOCABULARY + 1, &sampler), SV_INVALID);
    assert_null(sampler);
    sv_sampler_free(NULL);
}

/* ---- The best ---- */

static void greedy_takes_the_best_and_of_equals_the_first(void **state)
{
    (void)state;
    static const struct {
        float logits[4];
        sv_token token;
    } cases[] = {
        {{1, 3, 2, 0}, 1},
        {{1, 3, 3, 3}, 1},
        {{NAN, -3, NAN, -2}, 3},
        {{-INFINITY, -INFINITY, -1e38f, -INFINITY}, 2},
        {{1, INFINITY, 3e38f, INFINITY}, 1},
        {{NAN, NAN, -INFINITY, -INFINITY}, SV_NO_TOKEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_sampling sampling = greedy();
        assert_int_equal(pick_once(&sampling, cases[i].logits, 4), cases[i].token);
    }
}

static void what_is_impossible_is_never_drawn(void **state)
{
    (void)state;
    static const float some[] = {NAN, 1, -INFINITY, 1.5f, NAN}, none[] = {NAN, -INFINITY},
                       certain[] = {1, INFINITY, 3e38f, INFINITY, NAN};
    sv_sampling sampling = sv_sampling_defaults();
    for (sampling.seed = 0; sampling.seed < 200; sampling.seed++) {
        sampling.top_p = sampling.seed % 2 ? 1 : 0.99;
        sampling.top_k = sampling.seed % 3 ? 0 : 4;
        sv_token token = pick_once(&sampling, some, 5);
        assert_true(token == 1 || token == 3);
        token = pick_once(&sampling, certain, 5);
        assert_true(token == 1 || token == 3);
        assert_int_equal(pick_once(&sampling, none, 2), SV_NO_TOKEN);
    }
}

static void the_smallest_temperatures_take_the_best(void **state)
{
    (void)state;
    static const float logits[] = {1, 1.0001f, -5, 1};
    static const double temperatures[] = {5e-324, 1e-300, 1e-30, 1e-7};
    sv_sampling sampling = sv_sampling_defaults();
    for (size_t i = 0; i < 4; i++)
        for (sampling.seed = 0; sampling.seed < 50; sampling.seed++) {
            sampling.temperature = temperatures[i];
            assert_int_equal(pick_once(&sampling, logits, 4), 1);
        }
}

/* ---- How often ---- */

typedef struct frequencies {
    size_t counts[MAX_TOKENS];
} frequencies;

static void draw_many(const sv_sampling *sampling, const float *logits, size_t n,
                      frequencies *ret_drawn)
{
    sv_sampler *sampler = make_sampler(sampling, n);
    memset(ret_drawn, 0, sizeof *ret_drawn);
    for (int i = 0; i < N_DRAWS; i++)
        ret_drawn->counts[pick(sampler, logits, n, NULL)]++;
    sv_sampler_free(sampler);
}

/* Chi-square of what was drawn against `shares`, whose sum is 1; within 5 standard deviations. What
 * has no share must not have been drawn. */
static void check_frequencies(const frequencies *drawn, const double *shares, size_t n)
{
    double sum = 0, freedom = -1;
    for (size_t i = 0; i < n; i++) {
        double expected = shares[i] * N_DRAWS, off = (double)drawn->counts[i] - expected;
        if (expected <= 0) {
            assert_int_equal(drawn->counts[i], 0);
            continue;
        }
        sum += off * off / expected;
        freedom++;
    }
    assert_true(sum < freedom + 5 * sqrt(2 * freedom + 1));
}

static void draws_are_as_frequent_as_the_distribution_says(void **state)
{
    (void)state;
    enum { N = 100 };
    static const struct {
        double temperature, top_p, min_p;
        int64_t top_k;
        size_t n_left; /* of logits that fall by 0.05 */
    } cases[] = {
        {1, 1, 0, 0, N},
        {0.5, 1, 0, 0, N},
        {2, 1, 0, 0, N},
        {1, 1, 0, 7, 7},
        {1, 1, 0, 1, 1},
        {1, 1, 0, N, N},
        {1, 1, 0, INT64_MAX, N},
        /* (1 - e^(-0.05 n)) / (1 - e^(-5)) reaches 0.5 at n = 14 */
        {1, 0.5, 0, 0, 14},
        {1, 0, 0, 0, 1},
        /* e^(-0.05 i) is at least 0.55 up to i = 11 */
        {1, 1, 0.55, 0, 12},
        {1, 0.5, 0.55, 0, 12},
        {1, 1, 1, 0, 1},
        /* among 20: (1 - e^(-0.05 n)) / (1 - e^(-1)) reaches 0.5 at n = 8 */
        {1, 0.5, 0, 20, 8},
    };
    static frequencies drawn;
    float logits[N];
    for (size_t i = 0; i < N; i++) /* the best last */
        logits[i] = -0.05f * (float)(N - 1 - i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_sampling sampling = {.temperature = cases[i].temperature,
                                .top_p = cases[i].top_p,
                                .min_p = cases[i].min_p,
                                .top_k = cases[i].top_k,
                                .repeat_penalty = 1,
                                .seed = 42 + i};
        double shares[N] = {0}, sum = 0;
        for (size_t j = N - cases[i].n_left; j < N; j++)
            sum += shares[j] = exp((double)logits[j] / cases[i].temperature);
        for (size_t j = 0; j < N; j++)
            shares[j] /= sum;
        draw_many(&sampling, logits, N, &drawn);
        check_frequencies(&drawn, shares, N);
    }
}

static void equal_tokens_at_a_cut_stay_by_their_ids(void **state)
{
    (void)state;
    enum { N = 1500 };
    static frequencies drawn;
    static float logits[N];
    static double shares[N];
    sv_sampling sampling = sv_sampling_defaults();
    sampling.top_k = 700;
    sampling.top_p = 0.0899; /* of 700: 62.93 */
    for (size_t i = 0; i < 63; i++)
        shares[i] = 1.0 / 63;
    draw_many(&sampling, logits, N, &drawn);
    check_frequencies(&drawn, shares, N);
}

/* ---- Seeds ---- */

static void a_seed_gives_its_sequence(void **state)
{
    (void)state;
    enum { N = 64, LENGTH = 100 };
    float logits[N] = {0};
    sv_token sequences[3][LENGTH];
    static const uint64_t seeds[] = {7, 7, 8};
    for (int i = 0; i < 3; i++) {
        sv_sampling sampling = sv_sampling_defaults();
        sampling.seed = seeds[i];
        sv_sampler *sampler = make_sampler(&sampling, N);
        for (int j = 0; j < LENGTH; j++)
            sequences[i][j] = pick(sampler, logits, N, NULL);
        sv_sampler_free(sampler);
    }
    assert_memory_equal(sequences[0], sequences[1], sizeof sequences[0]);
    assert_memory_not_equal(sequences[0], sequences[2], sizeof sequences[0]);
}

/* ---- Penalties and biases ---- */

typedef struct accepted {
    sv_token token;
    bool is_prompt;
} accepted;

static void penalties_change_logits_as_worked_out_by_hand(void **state)
{
    (void)state;
    /* The prompt has 0 and 3; the answer 1 twice and 3 once; 9 is no token. */
    static const accepted tokens[] = {{0, true},  {3, true},  {1, false},
                                      {3, false}, {1, false}, {9, false}};
    static const sv_logit_bias biases[] = {{2, 1.5f}, {3, -1}};
    static const struct {
        double presence, frequency, repeat;
        size_t n_biases;
        float logits[4]; /* of 2, 4, -1, -3 */
    } cases[] = {
        {0, 0, 1, 0, {2, 4, -1, -3}},           {0.5, 0, 1, 0, {2, 3.5f, -1, -3.5f}},
        {0, 0.25, 1, 0, {2, 3.5f, -1, -3.25f}}, {0.5, 0.25, 1, 0, {2, 3, -1, -3.75f}},
        {-2, 0, 1, 0, {2, 6, -1, -1}},          {0, 0, 2, 0, {1, 2, -1, -6}},
        {0.5, 0.25, 2, 0, {1, 1, -1, -6.75f}},  {0.5, 0.25, 2, 2, {1, 1, 0.5f, -7.75f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_sampling sampling = greedy();
        sampling.presence_penalty = cases[i].presence;
        sampling.frequency_penalty = cases[i].frequency;
        sampling.repeat_penalty = cases[i].repeat;
        sampling.biases = biases;
        sampling.n_biases = cases[i].n_biases;
        sv_sampler *sampler = make_sampler(&sampling, 4);
        for (size_t j = 0; j < sizeof tokens / sizeof *tokens; j++)
            assert_int_equal(sv_sampler_accept(sampler, tokens[j].token, tokens[j].is_prompt),
                             SV_OK);
        float logits[] = {2, 4, -1, -3};
        sv_sampler_pick(sampler, logits, NULL);
        assert_memory_equal(logits, cases[i].logits, sizeof logits);
        sv_sampler_free(sampler);
    }
}

static void repeats_are_forgotten_after_the_window(void **state)
{
    (void)state;
    static const float logits[] = {4, 3, 0};
    sv_sampling sampling = greedy();
    sampling.repeat_penalty = 2;
    sv_sampler *sampler = make_sampler(&sampling, 3);
    assert_int_equal(sv_sampler_accept(sampler, 0, true), SV_OK);
    for (int i = 0; i < SV_SAMPLER_WINDOW; i++) {
        assert_int_equal(pick(sampler, logits, 3, NULL), 1);
        assert_int_equal(sv_sampler_accept(sampler, 2, false), SV_OK);
    }
    assert_int_equal(pick(sampler, logits, 3, NULL), 0);
    sv_sampler_free(sampler);
}

static void every_token_of_a_long_answer_is_counted(void **state)
{
    (void)state;
    enum { N = 1000 };
    sv_sampling sampling = greedy();
    sampling.frequency_penalty = 1;
    sv_sampler *sampler = make_sampler(&sampling, N);
    for (int i = 0; i < 3 * N; i++)
        assert_int_equal(sv_sampler_accept(sampler, i * 7 % N, false), SV_OK);
    assert_int_equal(sv_sampler_accept(sampler, 17, false), SV_OK);
    float logits[N] = {0};
    sv_sampler_pick(sampler, logits, NULL);
    for (int i = 0; i < N; i++)
        assert_true(logits[i] == (i == 17 ? -4 : -3));
    sv_sampler_free(sampler);
}

static void biases_forbid_and_force(void **state)
{
    (void)state;
    static const float logits[] = {5, 30, -20, INFINITY};
    sv_logit_bias biases[] = {{1, -100}, {3, -100}, {2, 100}, {0, -100}};
    sv_sampling sampling = sv_sampling_defaults();
    sampling.biases = biases;
    for (int i = 0; i < 2; i++) {
        sampling.temperature = i;
        sampling.n_biases = 2;
        assert_int_equal(pick_once(&sampling, logits, 4), 0);
        sampling.n_biases = 3;
        assert_int_equal(pick_once(&sampling, logits, 4), 2);
        biases[2].bias = -100;
        sampling.n_biases = 4;
        assert_int_equal(pick_once(&sampling, logits, 4), SV_NO_TOKEN);
        biases[2].bias = 100;
    }
}

static void biases_are_copied(void **state)
{
    (void)state;
    sv_logit_bias biases[] = {{0, -100}};
    static const float logits[] = {2, 1};
    sv_sampling sampling = greedy();
    sampling.biases = biases;
    sampling.n_biases = 1;
    sv_sampler *sampler = make_sampler(&sampling, 2);
    biases[0].bias = 100;
    assert_int_equal(pick(sampler, logits, 2, NULL), 1);
    sv_sampler_free(sampler);
}

/* ---- Filters ---- */

/* Allows multiples of a number. */
typedef struct divisor {
    sv_token of;
    int n_asked, n_masked;
} divisor;

static bool allows(void *arg, sv_token token)
{
    divisor *multiples = arg;
    multiples->n_asked++;
    return token % multiples->of == 0;
}

static void mask(void *arg, float *logits, size_t n)
{
    divisor *multiples = arg;
    multiples->n_masked++;
    for (size_t i = 0; i < n; i++)
        if ((sv_token)i % multiples->of)
            logits[i] = -INFINITY;
}

static void a_filter_masks_only_when_it_refuses(void **state)
{
    (void)state;
    static const float logits[] = {1, 5, 3, 4};
    divisor multiples = {.of = 1};
    const sv_sampler_filter filter = {allows, mask, &multiples};
    sv_sampling sampling = greedy();
    sv_sampler *sampler = make_sampler(&sampling, 4);
    assert_int_equal(pick(sampler, logits, 4, &filter), 1);
    assert_int_equal(multiples.n_masked, 0);
    multiples.of = 2;
    assert_int_equal(pick(sampler, logits, 4, &filter), 2);
    assert_int_equal(multiples.n_masked, 1);
    assert_int_equal(multiples.n_asked, 2);
    sv_sampler_free(sampler);
}

/* A token that is allowed is chosen as without a filter, so that the sequence of random numbers,
 * and what follows, is the same. */
static void a_filter_uses_one_random_number_for_each_pick(void **state)
{
    (void)state;
    enum { N = 8 };
    const float logits[N] = {0};
    divisor multiples = {.of = 2};
    const sv_sampler_filter filter = {allows, mask, &multiples};
    sv_sampling sampling = sv_sampling_defaults();
    sampling.top_k = 6;
    sv_sampler *free_one = make_sampler(&sampling, N), *filtered = make_sampler(&sampling, N);
    for (int i = 0; i < 1000; i++) {
        sv_token without = pick(free_one, logits, N, NULL);
        sv_token with = pick(filtered, logits, N, &filter);
        assert_int_equal(with % 2, 0);
        if (without % 2 == 0)
            assert_int_equal(with, without);
    }
    assert_in_range(multiples.n_masked, 400, 600);
    sv_sampler_free(free_one);
    sv_sampler_free(filtered);
}

static void a_filter_may_leave_nothing(void **state)
{
    (void)state;
    static const float logits[] = {-INFINITY, 1, 2, 3};
    divisor multiples = {.of = 4};
    const sv_sampler_filter filter = {allows, mask, &multiples};
    sv_sampling sampling = sv_sampling_defaults();
    sv_sampler *sampler = make_sampler(&sampling, 4);
    assert_int_equal(pick(sampler, logits, 4, &filter), SV_NO_TOKEN);
    sv_sampler_free(sampler);
}

/* ---- Log-probabilities ---- */

static void log_probabilities_are_of_the_whole_distribution(void **state)
{
    (void)state;
    /* 1000 is added: nothing overflows. e^0 + e^-1 + e^-2 + e^-3 = 1.5530019 */
    const float logits[] = {998, 1000, NAN, 997, 999, -INFINITY};
    const double log_sum = log(1 + exp(-1) + exp(-2) + exp(-3));
    const double expected[] = {-2 - log_sum, -log_sum, -9999, -3 - log_sum, -1 - log_sum, -9999};
    for (sv_token i = 0; i < 6; i++)
        assert_true(fabs((double)sv_sampler_logprob(logits, 6, i) - expected[i]) < 1e-6);
    assert_true(sv_sampler_logprob(logits, 6, 6) == -9999);
    assert_true(sv_sampler_logprob(logits, 6, -1) == -9999);
    sv_token_chance top[SV_SAMPLER_MAX_TOP_LOGPROBS];
    static const sv_token best[] = {1, 4, 0, 3};
    assert_int_equal(sv_sampler_top_logprobs(logits, 6, top, 2), 2);
    assert_int_equal(sv_sampler_top_logprobs(logits, 6, top, 100), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(top[i].token, best[i]);
        assert_true(fabs((double)top[i].logprob - expected[best[i]]) < 1e-6);
    }
    assert_int_equal(sv_sampler_top_logprobs(logits, 6, top, 0), 0);
}

static void log_probabilities_end_somewhere(void **state)
{
    (void)state;
    const float far[] = {0, -20000, 3e38f}, none[] = {NAN, -INFINITY}, certain[] = {INFINITY, 1};
    sv_token_chance top[2];
    assert_true(sv_sampler_logprob(far, 2, 1) == -9999);
    assert_true(sv_sampler_logprob(far, 3, 0) == -9999);
    assert_true(sv_sampler_logprob(none, 2, 0) == -9999);
    assert_int_equal(sv_sampler_top_logprobs(none, 2, top, 2), 0);
    assert_true(sv_sampler_logprob(certain, 2, 0) == 0);
    assert_true(sv_sampler_logprob(certain, 2, 1) == -9999);
}

/* ---- Memory ---- */

static bool try_answer(void *arg)
{
    (void)arg;
    sv_sampling sampling = sv_sampling_defaults();
    sampling.presence_penalty = 1;
    sv_sampler *sampler = NULL;
    sv_status status = sv_sampler_new(&sampling, 200, &sampler);
    for (sv_token i = 0; i < 100 && !status; i++)
        status = sv_sampler_accept(sampler, i, false);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_sampler_free(sampler);
    return status == SV_OK;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    assert_in_range(failing_malloc_try_each(try_answer, NULL), 3, 10);
}

/* Without penalties an answer costs nothing, however long. */
static void nothing_is_allocated_after_the_beginning(void **state)
{
    (void)state;
    sv_sampling sampling = sv_sampling_defaults();
    sampling.top_p = 0.5;
    sampling.repeat_penalty = 1.1;
    sv_sampler *sampler = make_sampler(&sampling, 2000);
    static const float logits[2000];
    failing_malloc_start(0);
    for (sv_token i = 0; i < 200; i++) {
        assert_int_not_equal(pick(sampler, logits, 2000, NULL), SV_NO_TOKEN);
        assert_int_equal(sv_sampler_accept(sampler, i, false), SV_OK);
    }
    failing_malloc_stop();
    sv_sampler_free(sampler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_out_of_range_are_refused),
        cmocka_unit_test(greedy_takes_the_best_and_of_equals_the_first),
        cmocka_unit_test(what_is_impossible_is_never_drawn),
        cmocka_unit_test(the_smallest_temperatures_take_the_best),
        cmocka_unit_test(draws_are_as_frequent_as_the_distribution_says),
        cmocka_unit_test(equal_tokens_at_a_cut_stay_by_their_ids),
        cmocka_unit_test(a_seed_gives_its_sequence),
        cmocka_unit_test(penalties_change_logits_as_worked_out_by_hand),
        cmocka_unit_test(repeats_are_forgotten_after_the_window),
        cmocka_unit_test(every_token_of_a_long_answer_is_counted),
        cmocka_unit_test(biases_forbid_and_force),
        cmocka_unit_test(biases_are_copied),
        cmocka_unit_test(a_filter_masks_only_when_it_refuses),
        cmocka_unit_test(a_filter_uses_one_random_number_for_each_pick),
        cmocka_unit_test(a_filter_may_leave_nothing),
        cmocka_unit_test(log_probabilities_are_of_the_whole_distribution),
        cmocka_unit_test(log_probabilities_end_somewhere),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(nothing_is_allocated_after_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
