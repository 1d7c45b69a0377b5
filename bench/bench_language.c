/* bench_language.c: continuous batching with no HTTP around it: N answers of a language model begin
 * at once, and each is taken at its end. Beside what clients of a server see (language.py),
 * the difference in CPU time is what streaming by HTTP costs.
 *
 * bench_language MODEL_FILE N THREADS PROMPT_TOKENS ANSWER_TOKENS [SPIN [SLOTS]]
 *
 * SPIN 1: threads wait busily. Greedy, ends are ignored, no two prompts begin alike. Prints one
 * line of JSON: tokens a second, CPU microseconds a token, first tokens' waits and longest gap. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "engine/engine_host.h"
#include "model/sequence_batch.h"

enum { MAX_ANSWERS = 256, MAX_PROMPT = 8192 };

typedef struct language_bench {
    sv_engine_model *engine_model;
    sv_text_model *model;
    sv_sequence_batch *batch;
    sv_generation *answers[MAX_ANSWERS];
    size_t n, n_prompt, n_answer;
    pthread_mutex_t lock;
    pthread_cond_t is_over;
    size_t n_over; /* guarded by lock */
    _Atomic int64_t longest_gap_ns;
} language_bench;

static void fail(const char *what)
{
    fprintf(stderr, "bench_language: %s\n", what);
    exit(1);
}

/* `n_completion` is of the tokens before. */
static void note_gap(sv_generation *generation, int64_t gap_ns)
{
    language_bench *bench = generation->arg;
    if (generation->usage.n_completion > 0 && gap_ns > atomic_load(&bench->longest_gap_ns))
        atomic_store(&bench->longest_gap_ns, gap_ns);
}

static void wake(sv_generation *generation, void *arg)
{
    language_bench *bench = arg;
    if (!generation->finish)
        return;
    pthread_mutex_lock(&bench->lock);
    bench->n_over++;
    pthread_cond_signal(&bench->is_over);
    pthread_mutex_unlock(&bench->lock);
}

static void submit(language_bench *bench, size_t which)
{
    static sv_token prompt[MAX_PROMPT];
    sv_work_refusal refusal;
    int32_t n_words = sv_text_info_of(bench->model)->n_vocabulary;
    for (size_t i = 0; i < bench->n_prompt; i++)
        prompt[i] = (sv_token)((which * 31 + i * 17 + 300) % (size_t)n_words);
    sv_generation_request request = {.prompt = prompt,
                                     .n_prompt = bench->n_prompt,
                                     .sampling = sv_sampling_defaults(),
                                     .max_tokens = (uint32_t)bench->n_answer,
                                     .ignores_end = true,
                                     .is_collected = true,
                                     .first_deadline_ns = SV_NEVER,
                                     .deadline_ns = SV_NEVER};
    request.sampling.temperature = 0;
    if (sv_generation_new(&request, &bench->answers[which]))
        fail("no memory");
    bench->answers[which]->wake = wake;
    bench->answers[which]->on_token = note_gap;
    bench->answers[which]->arg = bench;
    if (sv_sequence_batch_submit(bench->batch, bench->answers[which], &refusal))
        fail("an answer was refused");
}

static double read_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void wait_for_all(language_bench *bench)
{
    pthread_mutex_lock(&bench->lock);
    while (bench->n_over < bench->n)
        pthread_cond_wait(&bench->is_over, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
}

static void print(const language_bench *bench, double seconds, double cpu_us)
{
    double n_tokens = (double)(bench->n * bench->n_answer);
    sv_sequence_batch_stats stats = sv_sequence_batch_get_stats(bench->batch);
    printf("{\"tokens_per_s\": %.1f, \"cpu_us_per_token\": %.2f, \"steps\": %llu, \"gap_max_ms\": "
           "%.2f, \"first_ms\": [",
           n_tokens / seconds, cpu_us / n_tokens, (unsigned long long)stats.n_steps,
           (double)atomic_load(&bench->longest_gap_ns) / 1e6);
    for (size_t i = 0; i < bench->n; i++) {
        const sv_generation_times *times = &bench->answers[i]->times;
        printf("%s%.2f", i ? ", " : "", (double)(times->first_ns - times->submitted_ns) / 1e6);
    }
    printf("]}\n");
}

static void measure(language_bench *bench)
{
    double cpu_us = read_cpu_us();
    int64_t start_ns = sv_clock_now_ns(&sv_clock_system);
    for (size_t i = 0; i < bench->n; i++)
        submit(bench, i);
    wait_for_all(bench);
    double seconds = (double)(sv_clock_now_ns(&sv_clock_system) - start_ns) / 1e9;
    print(bench, seconds, read_cpu_us() - cpu_us);
}

static void open_model(language_bench *bench, sv_engine_host *engines, int argc, char **argv)
{
    sv_error error = {0};
    size_t n_slots = argc > 7 ? (size_t)atoi(argv[7]) : bench->n;
    sv_engine_options options = {.threads = 1};
    if (sv_engine_host_load(engines, argv[1], &options, &error, &bench->engine_model))
        fail(error.message);
    bench->model = sv_engine_text_model(bench->engine_model);
    if (!bench->model)
        fail("it is no language model");
    sv_sequence_batch_config config = {.model = bench->model,
                                       .n_sequences = (uint32_t)n_slots,
                                       .n_context = (uint32_t)(bench->n_prompt + bench->n_answer),
                                       .threads = atoi(argv[3]),
                                       .spin = argc > 6 && atoi(argv[6]),
                                       .max_waiting = MAX_ANSWERS};
    if (sv_sequence_batch_new(&config, &error, &bench->batch))
        fail(error.message);
}

int main(int argc, char **argv)
{
    static language_bench bench = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                   .is_over = PTHREAD_COND_INITIALIZER};
    sv_engine_host *engines;
    if (argc < 6 || atoi(argv[2]) < 1 || atoi(argv[2]) > MAX_ANSWERS || atoi(argv[4]) < 1 ||
        atoi(argv[4]) > MAX_PROMPT || atoi(argv[5]) < 1)
        return 2;
    bench.n = (size_t)atoi(argv[2]);
    bench.n_prompt = (size_t)atoi(argv[4]);
    bench.n_answer = (size_t)atoi(argv[5]);
    sv_engine_prepare_environment();
    if (sv_engine_host_new(&(sv_engine_config){.directory = BENCH_ENGINES}, &engines))
        fail("no memory");
    open_model(&bench, engines, argc, argv);
    measure(&bench);
    for (size_t i = 0; i < bench.n; i++)
        sv_generation_drop(bench.answers[i]);
    sv_sequence_batch_free(bench.batch);
    sv_engine_unload(bench.engine_model);
    sv_engine_host_free(engines);
    return 0;
}
