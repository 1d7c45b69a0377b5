/* Distributions: against plain ones in double precision, of whole sorted vocabularies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>

#include "model/logits.h"

enum { MAX_TOKENS = 5000 };

typedef struct plain {
    sv_logit order[MAX_TOKENS]; /* best first */
    double weights[MAX_TOKENS]; /* of each of `order`, 1 for the best */
    double shares[MAX_TOKENS];  /* of all, up to and with each of `order` */
    size_t n;                   /* possible tokens */
} plain;

static float values[MAX_TOKENS];
static plain expected;

/* Numbers of this file, in [0, 1). */
static double next_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (double)(1 << 24);
}

static int compare(const void *a, const void *b)
{
    const sv_logit *left = a, *right = b;
    if (left->value != right->value)
        return left->value > right->value ? -1 : 1;
    return left->token < right->token ? -1 : 1;
}

static void expect_of(size_t n, double temperature)
{
    expected.n = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] > -INFINITY)
            expected.order[expected.n++] = (sv_logit){values[i], (sv_token)i};
    qsort(expected.order, expected.n, sizeof *expected.order, compare);
    double sum = 0;
    for (size_t i = 0; i < expected.n; i++) {
        double below = (double)expected.order[i].value - (double)expected.order[0].value;
        expected.weights[i] = exp(below / temperature);
        sum += expected.weights[i];
        expected.shares[i] = sum;
    }
    for (size_t i = 0; i < expected.n; i++)
        expected.shares[i] /= sum;
}

static float make_flat(uint64_t *state)
{
    return (float)next_number(state);
}

static float make_wide(uint64_t *state)
{
    return (float)(next_number(state) * 40 - 20);
}

/* Many equal ones. */
static float make_coarse(uint64_t *state)
{
    return floorf((float)next_number(state) * 4);
}

static float make_equal(uint64_t *state)
{
    next_number(state);
    return -3.25f;
}

/* From huge to tiny, of both signs. */
static float make_extreme(uint64_t *state)
{
    double exponent = next_number(state) * 76 - 38;
    return (float)((next_number(state) < 0.5 ? -1 : 1) * pow(10, exponent));
}

/* As near to each other as floats can be. */
static float make_tiny(uint64_t *state)
{
    return (float)(floor(next_number(state) * 2000 - 1000) * 1.5e-45);
}

static float make_broken(uint64_t *state)
{
    double number = next_number(state);
    return number < 0.2 ? NAN : number < 0.4 ? -INFINITY : (float)next_number(state) * 8;
}

static float (*const makers[])(uint64_t *state) = {make_flat,    make_wide, make_coarse, make_equal,
                                                   make_extreme, make_tiny, make_broken};
static const size_t sizes[] = {1, 2, 63, 64, 65, 513, 1000, MAX_TOKENS};
enum { N_MAKERS = sizeof makers / sizeof *makers, N_SIZES = sizeof sizes / sizeof *sizes };

static void fill(size_t maker, size_t n)
{
    uint64_t state = maker * 1000 + n;
    for (size_t i = 0; i < n; i++)
        values[i] = makers[maker](&state);
}

/* Calls `check` with every kind of values and size that has a possible token. */
static void with_each(double temperature, void (*check)(const sv_logits *logits))
{
    for (size_t maker = 0; maker < N_MAKERS; maker++)
        for (size_t size = 0; size < N_SIZES; size++) {
            fill(maker, sizes[size]);
            sv_logits logits = sv_logits_view(values, sizes[size], temperature);
            expect_of(sizes[size], temperature);
            if (logits.best > -INFINITY)
                check(&logits);
        }
}

static void check_best(const sv_logits *logits)
{
    sv_logit top[SV_LOGITS_LIST];
    assert_int_equal(sv_logits_best(values, logits->n), expected.order[0].token);
    for (size_t k = 0; k <= SV_LOGITS_LIST; k = k * 3 + 1) {
        size_t n = sv_logits_top(values, logits->n, top, k);
        assert_int_equal(n, k < expected.n ? k : expected.n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(top[i].token, expected.order[i].token);
    }
}

static void the_best_are_those_of_a_sorted_vocabulary(void **state)
{
    (void)state;
    with_each(1, check_best);
}

static void check_counts(const sv_logits *logits)
{
    for (size_t k = 1; k < logits->n; k = k * 2 + 1) {
        sv_logits_cut cut = sv_logits_keep_count(logits, k);
        if (k >= expected.n)
            assert_true(cut.value <= expected.order[expected.n - 1].value);
        else
            assert_int_equal(cut.token, expected.order[k - 1].token);
    }
}

static void a_count_keeps_exactly_the_best(void **state)
{
    (void)state;
    with_each(1, check_counts);
}

static size_t count_kept(sv_logits_cut cut)
{
    size_t n = 0;
    while (n < expected.n &&
           (expected.order[n].value > cut.value ||
            (expected.order[n].value == cut.value && expected.order[n].token <= cut.token)))
        n++;
    return n;
}

static const double error = 1e-5; /* what floats may differ from `expected` in */

/* So many tokens of n have the share p, and no fewer. */
static void check_share(size_t n, size_t n_before, double p)
{
    assert_in_range(n, 1, n_before);
    double of = expected.shares[n_before - 1];
    assert_true(expected.shares[n - 1] >= p * of - error);
    if (n > 1)
        assert_true(expected.shares[n - 2] < p * of + error);
}

static void check_shares(const sv_logits *logits)
{
    static const double ps[] = {0, 1e-6, 0.1, 0.5, 0.9, 0.99, 0.99999};
    sv_logits_cut half = sv_logits_keep_count(logits, logits->n / 2 + 1);
    size_t n_half = count_kept(half);
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
        sv_logits_cut cut = sv_logits_keep_share(logits, sv_logits_all(), ps[i]);
        check_share(count_kept(cut), expected.n, ps[i]);
        check_share(count_kept(sv_logits_keep_share(logits, half, ps[i])), n_half, ps[i]);
    }
}

static void a_share_keeps_the_fewest_that_reach_it(void **state)
{
    (void)state;
    with_each(1, check_shares);
    with_each(0.05, check_shares);
    with_each(2, check_shares);
}

static void check_above(const sv_logits *logits)
{
    double scale = 1 / 0.7;
    for (double p = 0.001; p <= 1; p *= 3) {
        sv_logits_cut cut = sv_logits_keep_above(logits, sv_logits_all(), p);
        size_t n = count_kept(cut);
        for (size_t i = 0; i < expected.n; i++) {
            double below = (double)expected.order[i].value - (double)expected.order[0].value;
            double weight = exp(below * scale);
            if (fabs(weight - p) > error)
                assert_int_equal(weight > p, i < n);
        }
    }
}

static void a_part_of_the_best_keeps_those_above(void **state)
{
    (void)state;
    with_each(0.7, check_above);
}

/* The share of all that is kept and has a lower id, and with it. */
static void check_drawn(sv_logits_cut cut, sv_token token, double u)
{
    double before = 0, own = 0, all = 0;
    for (size_t i = 0, n = count_kept(cut); i < n; i++) {
        before += expected.order[i].token < token ? expected.weights[i] : 0;
        own += expected.order[i].token == token ? expected.weights[i] : 0;
        all += expected.weights[i];
    }
    assert_true(own > 0);
    assert_true(before <= (u + error) * all && before + own >= (u - error) * all);
}

static void check_draws(const sv_logits *logits)
{
    sv_logits_cut cuts[] = {sv_logits_all(), sv_logits_keep_count(logits, logits->n / 3 + 1),
                            sv_logits_keep_share(logits, sv_logits_all(), 0.7)};
    for (size_t i = 0; i < 3; i++)
        for (double u = 0; u <= 1; u += 0.124999)
            check_drawn(cuts[i], sv_logits_draw(logits, cuts[i], u), u);
    check_drawn(cuts[0], sv_logits_draw(logits, cuts[0], 1 - 0x1p-53), 1);
}

static void a_draw_is_the_inverse_of_the_distribution(void **state)
{
    (void)state;
    with_each(1, check_draws);
}

static void weights_are_exponentials_within_their_error(void **state)
{
    (void)state;
    static const double temperatures[] = {0.01, 0.7, 1, 2};
    for (size_t i = 0; i < sizeof temperatures / sizeof *temperatures; i++) {
        sv_logits logits = {.best = 5, .scale = (float)(1.4426950408889634 / temperatures[i])};
        assert_true(sv_logits_weight(&logits, 5) == 1);
        for (double below = 0; below < 86; below += 0.0137) {
            float value = (float)(5 - below * temperatures[i]);
            double exact = exp(((double)value - 5) / temperatures[i]);
            double off = fabs((double)sv_logits_weight(&logits, value) / exact - 1);
            assert_true(off < 3e-7 + 2e-7 * (5 - (double)value) / temperatures[i]);
        }
        assert_true(sv_logits_weight(&logits, -1000) == 0);
    }
}

static void weights_of_what_is_no_number_are_none(void **state)
{
    (void)state;
    sv_logits logits = {.best = 5, .scale = 1e30f};
    assert_true(sv_logits_weight(&logits, NAN) == 0);
    assert_true(sv_logits_weight(&logits, -INFINITY) == 0);
    assert_true(sv_logits_weight(&logits, -FLT_MAX) == 0);
    assert_true(sv_logits_weight(&logits, 5) == 1);
}

static void nothing_comes_of_nothing(void **state)
{
    (void)state;
    float none[] = {NAN, -INFINITY, NAN};
    sv_logit top[3];
    assert_int_equal(sv_logits_best(none, 3), SV_NO_TOKEN);
    assert_int_equal(sv_logits_best(none, 0), SV_NO_TOKEN);
    assert_int_equal(sv_logits_top(none, 3, top, 3), 0);
    sv_logits logits = sv_logits_view(none, 3, 1);
    assert_true(logits.best == -INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_those_of_a_sorted_vocabulary),
        cmocka_unit_test(a_count_keeps_exactly_the_best),
        cmocka_unit_test(a_share_keeps_the_fewest_that_reach_it),
        cmocka_unit_test(a_part_of_the_best_keeps_those_above),
        cmocka_unit_test(a_draw_is_the_inverse_of_the_distribution),
        cmocka_unit_test(weights_are_exponentials_within_their_error),
        cmocka_unit_test(weights_of_what_is_no_number_are_none),
        cmocka_unit_test(nothing_comes_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
