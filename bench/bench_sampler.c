/* bench_sampler.c: what choosing a token costs, without a model: medians of CPU microseconds a
 * token, for vocabularies of 512, 32,000 and 150,000 tokens and logits of two kinds: peaked, as a
 * language model's mostly are, and flat, where top_p keeps most of the vocabulary. Usage:
 * bench_sampler */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/sampler.h"

enum { MAX_VOCABULARY = 150000, N_ROUNDS = 200, N_ANSWER = 500 };

typedef struct settings {
    const char *name;
    sv_sampling sampling;
} settings;

/* Those that are 0 are off. */
static const settings rows[] = {
    {"greedy", {.top_p = 1, .repeat_penalty = 1}},
    {"top_k 40, top_p 0.95", {.temperature = 0.8, .top_k = 40, .top_p = 0.95, .repeat_penalty = 1}},
    {"top_k 2000, top_p 0.95",
     {.temperature = 1, .top_k = 2000, .top_p = 0.95, .repeat_penalty = 1}},
    {"top_p 0.95", {.temperature = 1, .top_p = 0.95, .repeat_penalty = 1}},
    {"temperature", {.temperature = 1, .top_p = 1, .repeat_penalty = 1}},
    {"penalties, all",
     {.temperature = 0.8,
      .top_k = 40,
      .top_p = 0.95,
      .min_p = 0.02,
      .presence_penalty = 0.5,
      .frequency_penalty = 0.2,
      .repeat_penalty = 1.1}},
};
static const size_t vocabularies[] = {512, 32000, MAX_VOCABULARY};
enum { N_VOCABULARIES = sizeof vocabularies / sizeof *vocabularies };

static float source[MAX_VOCABULARY], logits[MAX_VOCABULARY];

static void fail(const char *what)
{
    fprintf(stderr, "bench_sampler: %s\n", what);
    exit(1);
}

/* Bell-shaped, of the given width; the peaked ones have a few tokens above all others. */
static void fill(double width, bool is_peaked)
{
    uint64_t state = 1;
    for (size_t i = 0; i < MAX_VOCABULARY; i++) {
        double sum = -6;
        for (int j = 0; j < 12; j++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            sum += (double)(state >> 40) / (1 << 24);
        }
        source[i] = (float)(sum * width);
    }
    for (size_t i = 0; is_peaked && i < 8; i++)
        source[100 + i * 37] = (float)(16 - (double)i);
}

/* CPU time: others may use the machine. */
static double read_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double measure(const sv_sampling *sampling, size_t n)
{
    static double times[N_ROUNDS];
    sv_sampler *sampler;
    if (sv_sampler_new(sampling, n, &sampler))
        fail("no sampler");
    for (sv_token i = 0; i < N_ANSWER; i++)
        if (sv_sampler_accept(sampler, i * 7 % (sv_token)n, false))
            fail("no memory");
    for (size_t i = 0; i < N_ROUNDS; i++) {
        memcpy(logits, source, n * sizeof *logits);
        double start_us = read_us();
        sv_token token = sv_sampler_pick(sampler, logits, NULL);
        times[i] = read_us() - start_us;
        if (token == SV_NO_TOKEN)
            fail("no token");
    }
    sv_sampler_free(sampler);
    qsort(times, N_ROUNDS, sizeof *times, compare);
    return times[N_ROUNDS / 2];
}

static double measure_logprobs(size_t n)
{
    static double times[N_ROUNDS];
    sv_token_chance top[5];
    for (size_t i = 0; i < N_ROUNDS; i++) {
        double start_us = read_us();
        float logprob = sv_sampler_logprob(source, n, 3);
        if (sv_sampler_top_logprobs(source, n, top, 5) != 5 || !(logprob <= 0))
            fail("no log-probabilities");
        times[i] = read_us() - start_us;
    }
    qsort(times, N_ROUNDS, sizeof *times, compare);
    return times[N_ROUNDS / 2];
}

static void print_table(const char *title)
{
    printf("%-24s", title);
    for (size_t i = 0; i < N_VOCABULARIES; i++)
        printf("%10zu", vocabularies[i]);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        printf("\n%-24s", rows[row].name);
        for (size_t i = 0; i < N_VOCABULARIES; i++)
            printf("%10.1f", measure(&rows[row].sampling, vocabularies[i]));
    }
    printf("\n%-24s", "logprobs, 5 top");
    for (size_t i = 0; i < N_VOCABULARIES; i++)
        printf("%10.1f", measure_logprobs(vocabularies[i]));
    printf("\n\n");
}

int main(void)
{
    fill(2.5, true);
    print_table("us a token, peaked");
    fill(1, false);
    print_table("us a token, flat");
    fill(0, false);
    print_table("us a token, all equal");
    return 0;
}
