/* generation_metrics.c: which series a language model has, and what an answer adds to them. */
#include "api/generation_metrics.h"

#include <stdlib.h>

#include "api/model_metrics.h"

/* Series without a third label. */
typedef enum single {
    SLOTS,
    RUNNING,
    WAITING,
    KV_USAGE,
    PREEMPTIONS,
    PROMPT_TOKENS,
    GENERATION_TOKENS,
    PREFIX_QUERIES,
    PREFIX_HITS,
    FIRST_TOKEN,
    TOKEN_TIME,
    TOKEN_GAP,
    E2E,
    QUEUE_TIME,
    INFERENCE_TIME,
    PREFILL_TIME,
    DECODE_TIME,
    REQUEST_PROMPT,
    REQUEST_GENERATION,
    MAX_TOKENS,
    MAX_GENERATION,
    CHOICES,
    LLAMA_PROMPT_TOKENS,
    LLAMA_PROMPT_TIME,
    LLAMA_PREDICTED,
    LLAMA_PREDICTED_TIME,
    LLAMA_DECODES,
    LLAMA_TOKENS_MAX,
    LLAMA_PROMPT_RATE,
    LLAMA_PREDICTED_RATE,
    LLAMA_PROCESSING,
    LLAMA_DEFERRED,
    LLAMA_BUSY_SLOTS,
    N_SINGLES,
} single;

static const sv_metric_id singles[N_SINGLES] = {
    [SLOTS] = SV_METRIC_GENERATION_SLOTS,
    [RUNNING] = SV_METRIC_VLLM_RUNNING,
    [WAITING] = SV_METRIC_VLLM_WAITING,
    [KV_USAGE] = SV_METRIC_VLLM_KV_USAGE,
    [PREEMPTIONS] = SV_METRIC_VLLM_PREEMPTIONS,
    [PROMPT_TOKENS] = SV_METRIC_VLLM_PROMPT_TOKENS,
    [GENERATION_TOKENS] = SV_METRIC_VLLM_GENERATION_TOKENS,
    [PREFIX_QUERIES] = SV_METRIC_VLLM_PREFIX_QUERIES,
    [PREFIX_HITS] = SV_METRIC_VLLM_PREFIX_HITS,
    [FIRST_TOKEN] = SV_METRIC_VLLM_FIRST_TOKEN,
    [TOKEN_TIME] = SV_METRIC_VLLM_TOKEN_TIME,
    [TOKEN_GAP] = SV_METRIC_VLLM_TOKEN_GAP,
    [E2E] = SV_METRIC_VLLM_E2E,
    [QUEUE_TIME] = SV_METRIC_VLLM_QUEUE_TIME,
    [INFERENCE_TIME] = SV_METRIC_VLLM_INFERENCE_TIME,
    [PREFILL_TIME] = SV_METRIC_VLLM_PREFILL_TIME,
    [DECODE_TIME] = SV_METRIC_VLLM_DECODE_TIME,
    [REQUEST_PROMPT] = SV_METRIC_VLLM_REQUEST_PROMPT,
    [REQUEST_GENERATION] = SV_METRIC_VLLM_REQUEST_GENERATION,
    [MAX_TOKENS] = SV_METRIC_VLLM_MAX_TOKENS,
    [MAX_GENERATION] = SV_METRIC_VLLM_MAX_GENERATION,
    [CHOICES] = SV_METRIC_VLLM_N,
    [LLAMA_PROMPT_TOKENS] = SV_METRIC_LLAMA_PROMPT_TOKENS,
    [LLAMA_PROMPT_TIME] = SV_METRIC_LLAMA_PROMPT_TIME,
    [LLAMA_PREDICTED] = SV_METRIC_LLAMA_PREDICTED,
    [LLAMA_PREDICTED_TIME] = SV_METRIC_LLAMA_PREDICTED_TIME,
    [LLAMA_DECODES] = SV_METRIC_LLAMA_DECODES,
    [LLAMA_TOKENS_MAX] = SV_METRIC_LLAMA_TOKENS_MAX,
    [LLAMA_PROMPT_RATE] = SV_METRIC_LLAMA_PROMPT_RATE,
    [LLAMA_PREDICTED_RATE] = SV_METRIC_LLAMA_PREDICTED_RATE,
    [LLAMA_PROCESSING] = SV_METRIC_LLAMA_PROCESSING,
    [LLAMA_DEFERRED] = SV_METRIC_LLAMA_DEFERRED,
    [LLAMA_BUSY_SLOTS] = SV_METRIC_LLAMA_BUSY_SLOTS,
};

/* Values of third labels. */
typedef enum reason { STOP, LENGTH, ABORT, ERROR, N_REASONS } reason;
typedef enum kv_state { KV_ROOM, KV_HELD, KV_BUSY, N_KV_STATES } kv_state;

static const char *const reasons[N_REASONS] = {
    [STOP] = "stop", [LENGTH] = "length", [ABORT] = "abort", [ERROR] = "error"};
static const char *const kv_states[N_KV_STATES] = {
    [KV_ROOM] = "room", [KV_HELD] = "held", [KV_BUSY] = "busy"};

struct sv_generation_metrics {
    sv_metrics *metrics;
    sv_series *singles[N_SINGLES];
    sv_series *reasons[N_REASONS];
    sv_series *kv[N_KV_STATES];
    _Atomic uint32_t longest; /* tokens of a prompt with its answer */
    uint64_t n_steps;         /* that were counted; guarded by the set's lock */
};

/* ---- Life ---- */

/* vLLM numbers the engines of a model; here it has one. */
static void choose_labels(sv_metric_id id, const char *model, const char *version,
                          const char *labels[SV_METRICS_MAX_LABELS])
{
    labels[0] = model;
    labels[1] = id == SV_METRIC_GENERATION_SLOTS || id == SV_METRIC_GENERATION_KV ? version : "0";
}

sv_status sv_generation_metrics_open(sv_metrics *metrics, const char *model, const char *version,
                                     sv_generation_metrics **ret_series)
{
    const char *labels[SV_METRICS_MAX_LABELS] = {NULL};
    sv_generation_metrics *made = calloc(1, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    made->metrics = metrics;
    for (int i = 0; i < N_SINGLES; i++) {
        choose_labels(singles[i], model, version, labels);
        made->singles[i] = sv_metrics_add_series(metrics, singles[i], labels);
    }
    choose_labels(SV_METRIC_VLLM_SUCCESS, model, version, labels);
    for (int i = 0; i < N_REASONS; i++) {
        labels[2] = reasons[i];
        made->reasons[i] = sv_metrics_add_series(metrics, SV_METRIC_VLLM_SUCCESS, labels);
    }
    choose_labels(SV_METRIC_GENERATION_KV, model, version, labels);
    for (int i = 0; i < N_KV_STATES; i++) {
        labels[2] = kv_states[i];
        made->kv[i] = sv_metrics_add_series(metrics, SV_METRIC_GENERATION_KV, labels);
    }
    *ret_series = made;
    return SV_OK;
}

static void remove_all(sv_metrics *metrics, sv_series *const *series, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sv_metrics_remove_series(metrics, series[i]);
}

void sv_generation_metrics_close(sv_generation_metrics *series)
{
    if (!series)
        return;
    remove_all(series->metrics, series->singles, N_SINGLES);
    remove_all(series->metrics, series->reasons, N_REASONS);
    remove_all(series->metrics, series->kv, N_KV_STATES);
    free(series);
}

/* ---- Tokens ---- */

static void count(sv_generation_metrics *series, single which, uint64_t n)
{
    sv_metrics_count(series->singles[which], n);
}

static void observe(sv_generation_metrics *series, single which, int64_t value)
{
    sv_metrics_observe(series->singles[which], value);
}

void sv_generation_metrics_token(sv_generation_metrics *series, sv_generation *generation,
                                 int64_t gap_ns, int64_t asked_ns)
{
    if (!series)
        return;
    count(series, GENERATION_TOKENS, 1);
    if (generation->n_told++ == 0) {
        observe(series, FIRST_TOKEN, generation->times.first_ns - asked_ns);
        return;
    }
    observe(series, TOKEN_TIME, gap_ns);
    observe(series, TOKEN_GAP, gap_ns);
}

/* ---- Ends ---- */

static reason find_reason(const sv_generation *generation)
{
    switch (generation->finish) {
    case SV_FINISH_STOP:
        return STOP;
    case SV_FINISH_LENGTH:
        return LENGTH;
    case SV_FINISH_FAILED:
        return generation->status == SV_TIMEOUT ? ABORT : ERROR;
    case SV_FINISH_NONE:
    case SV_FINISH_CANCELLED:
        break;
    }
    return ABORT;
}

static void note_length(sv_generation_metrics *series, uint32_t n_tokens)
{
    uint32_t longest = atomic_load(&series->longest);
    while (longest < n_tokens &&
           !atomic_compare_exchange_weak(&series->longest, &longest, n_tokens))
        ;
}

/* A clock that was told backwards took no time. */
static uint64_t measure(int64_t from_ns, int64_t to_ns)
{
    return to_ns > from_ns ? (uint64_t)(to_ns - from_ns) : 0;
}

/* Upstreams tell their tokens at the end, and not always each when it came. */
static void count_work(sv_generation_metrics *series, const sv_generation *generation)
{
    const sv_generation_times *times = &generation->times;
    const sv_generation_usage *usage = &generation->usage;
    if (usage->n_completion > generation->n_told)
        count(series, GENERATION_TOKENS, usage->n_completion - generation->n_told);
    count(series, PROMPT_TOKENS, usage->n_prompt);
    count(series, PREFIX_QUERIES, usage->n_prompt);
    count(series, PREFIX_HITS, usage->n_cached);
    if (usage->n_prompt > usage->n_cached)
        count(series, LLAMA_PROMPT_TOKENS, usage->n_prompt - usage->n_cached);
    count(series, LLAMA_PROMPT_TIME, measure(times->started_ns, times->first_ns));
    count(series, LLAMA_PREDICTED, usage->n_completion);
    count(series, LLAMA_PREDICTED_TIME, measure(times->first_ns, times->finished_ns));
    note_length(series, usage->n_prompt + usage->n_completion);
}

static void observe_answer(sv_generation_metrics *series, const sv_generation *generation,
                           int64_t asked_ns)
{
    const sv_generation_times *times = &generation->times;
    observe(series, E2E, times->finished_ns - asked_ns);
    observe(series, QUEUE_TIME, times->started_ns - times->submitted_ns);
    observe(series, INFERENCE_TIME, times->finished_ns - times->started_ns);
    observe(series, PREFILL_TIME, times->first_ns - times->started_ns);
    observe(series, DECODE_TIME, times->finished_ns - times->first_ns);
    observe(series, REQUEST_GENERATION, generation->usage.n_completion);
}

/* Of one that got in line: whether it ended well. */
static bool count_answer(sv_generation_metrics *series, const sv_generation *generation,
                         int64_t asked_ns)
{
    reason why = find_reason(generation);
    sv_metrics_count(series->reasons[why], 1);
    if (generation->times.first_ns)
        count_work(series, generation);
    if (why != STOP && why != LENGTH)
        return false;
    observe_answer(series, generation, asked_ns);
    return true;
}

void sv_generation_metrics_end(sv_generation_metrics *series, sv_generation *const *answers,
                               size_t n, int64_t asked_ns)
{
    uint32_t longest = 0;
    bool is_well = series && n > 0;
    for (size_t i = 0; series && i < n; i++) {
        const sv_generation *one = answers[i];
        bool is_in_line = one->status != SV_UNAVAILABLE || one->times.started_ns;
        is_well &= is_in_line && count_answer(series, one, asked_ns);
        if (one->usage.n_completion > longest)
            longest = one->usage.n_completion;
    }
    if (!is_well)
        return;
    observe(series, REQUEST_PROMPT, answers[0]->usage.n_prompt);
    observe(series, MAX_TOKENS, answers[0]->request.max_tokens);
    observe(series, MAX_GENERATION, longest);
    observe(series, CHOICES, (int64_t)n);
}

/* ---- Gauges ---- */

/* `series`: one that counts for all of them; NULL: none does. */
typedef struct load {
    sv_generation_metrics *series;
    int64_t n_running, n_waiting, n_busy_tokens, n_room_tokens;
    uint32_t longest;
} load;

static void set(sv_generation_metrics *series, single which, int64_t value)
{
    sv_metrics_set(series->singles[which], value);
}

static void set_ratio(sv_generation_metrics *series, single which, double of, double to)
{
    set(series, which, to > 0 ? (int64_t)(of / to * 1e9) : 0);
}

static double get(const sv_generation_metrics *series, single which)
{
    return (double)sv_metrics_get(series->singles[which]);
}

static void add_load(load *sum, const load *one)
{
    if (one->series)
        sum->series = one->series;
    sum->n_running += one->n_running;
    sum->n_waiting += one->n_waiting;
    sum->n_busy_tokens += one->n_busy_tokens;
    sum->n_room_tokens += one->n_room_tokens;
    if (sum->longest < one->longest)
        sum->longest = one->longest;
}

/* A version that is loaded anew counts its steps from 0. */
static void count_steps(sv_generation_metrics *series, uint64_t n_steps)
{
    if (n_steps < series->n_steps)
        series->n_steps = 0;
    count(series, LLAMA_DECODES, n_steps - series->n_steps);
    series->n_steps = n_steps;
}

/* With the set's lock held, which is never asked for by those who hold a batch's. */
static load read_version(const sv_model_version *version)
{
    sv_generation_metrics *series = sv_model_metrics_generation(version->series);
    sv_sequence_batch *batch = version->current ? version->current->generation.batch : NULL;
    sv_sequence_batch_stats stats = {0};
    if (!series)
        return (load){0};
    if (batch) {
        stats = sv_sequence_batch_get_stats(batch);
        count_steps(series, stats.n_steps);
    }
    set(series, SLOTS, (int64_t)stats.n_slots);
    sv_metrics_set(series->kv[KV_ROOM], (int64_t)stats.n_room_tokens);
    sv_metrics_set(series->kv[KV_HELD], (int64_t)stats.n_held_tokens);
    sv_metrics_set(series->kv[KV_BUSY], (int64_t)stats.n_busy_tokens);
    return (load){series,
                  (int64_t)stats.n_running,
                  (int64_t)stats.n_waiting,
                  (int64_t)stats.n_busy_tokens,
                  (int64_t)stats.n_room_tokens,
                  atomic_load(&series->longest)};
}

static load read_model(const sv_model *model)
{
    load sum = {0};
    for (size_t i = 0; i < model->n_versions; i++) {
        load one = read_version(model->versions[i]);
        add_load(&sum, &one);
    }
    if (!sum.series)
        return sum;
    set(sum.series, RUNNING, sum.n_running);
    set(sum.series, WAITING, sum.n_waiting);
    set_ratio(sum.series, KV_USAGE, (double)sum.n_busy_tokens, (double)sum.n_room_tokens);
    return sum;
}

static void show_all(const load *all)
{
    sv_generation_metrics *series = all->series;
    set(series, LLAMA_PROCESSING, all->n_running);
    set(series, LLAMA_DEFERRED, all->n_waiting);
    set(series, LLAMA_TOKENS_MAX, all->longest);
    set_ratio(series, LLAMA_PROMPT_RATE, get(series, LLAMA_PROMPT_TOKENS),
              get(series, LLAMA_PROMPT_TIME) / 1e9);
    set_ratio(series, LLAMA_PREDICTED_RATE, get(series, LLAMA_PREDICTED),
              get(series, LLAMA_PREDICTED_TIME) / 1e9);
    set_ratio(series, LLAMA_BUSY_SLOTS, get(series, LLAMA_PREDICTED), get(series, LLAMA_DECODES));
}

void sv_generation_metrics_refresh(sv_registry *registry)
{
    sv_model_set *models = sv_registry_set(registry);
    load all = {0};
    pthread_mutex_lock(&models->lock);
    for (size_t i = 0; i < models->n_models; i++) {
        load one = read_model(models->models[i]);
        add_load(&all, &one);
    }
    if (all.series)
        show_all(&all);
    pthread_mutex_unlock(&models->lock);
}
