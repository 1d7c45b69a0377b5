/* sequence_batch.c: the thread that owns a context, and the line before it. What it computes:
 * sequence_steps.c; who is next: sequence_line.c. */
#include "model/sequence_batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "model/sequence_steps.h"

static const int64_t DEFAULT_MAX_GAP_NS = 200 * SV_NS_PER_MS;
static const int64_t LOOK_NS = 50 * SV_NS_PER_MS;

struct sv_sequence_batch {
    sv_sequence_batch_config config;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t poked;
    /* Guarded by lock. */
    bool is_poked; /* something came, was cancelled or may go on */
    sv_list_node arrived;
    size_t n_arrived; /* in it */
    uint64_t n_arrived_prompt;
    sv_sequence_batch_stats stats; /* as of the last step */
    sv_sequence_load load;         /* the same */

    /* The thread's own. */
    sv_list_node line;
    size_t n_waiting;
    bool is_busy; /* something was computed: there may be more */
    sv_sequence_steps steps;
};

/* ---- Any thread ---- */

static void poke(sv_sequence_batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    batch->is_poked = true;
    pthread_cond_signal(&batch->poked);
    pthread_mutex_unlock(&batch->lock);
}

static void poke_by_resumed(sv_generation *generation)
{
    poke(generation->producer);
}

static void poke_by_cancel(void *arg)
{
    poke(arg);
}

static sv_status refuse(sv_work_refusal *ret_refusal, sv_refusal_reason reason, int64_t wait_ns)
{
    int64_t seconds = wait_ns / SV_NS_PER_S + 1;
    *ret_refusal = (sv_work_refusal){.reason = reason, .retry_after_s = seconds};
    return SV_UNAVAILABLE;
}

/* With the lock held. */
static int64_t predict_wait(const sv_sequence_batch *batch, size_t n_prompt)
{
    sv_sequence_load load = batch->load;
    load.n_waiting += batch->n_arrived;
    load.n_prompt_tokens += batch->n_arrived_prompt + n_prompt;
    return sv_sequence_line_predict(&load);
}

/* With the lock held. */
static sv_status admit_to_line(sv_sequence_batch *batch, sv_generation *generation,
                               sv_work_refusal *ret_refusal)
{
    int64_t wait_ns = predict_wait(batch, generation->request.n_prompt);
    size_t n_ahead = batch->load.n_waiting + batch->n_arrived;
    if (n_ahead >= batch->config.max_waiting + batch->load.n_free_slots)
        return refuse(ret_refusal, SV_REFUSED_LINE_FULL, wait_ns);
    int64_t deadline_ns = generation->request.first_deadline_ns;
    if (generation->times.submitted_ns >= deadline_ns)
        return SV_TIMEOUT;
    if (deadline_ns != SV_NEVER && generation->times.submitted_ns + wait_ns > deadline_ns)
        return refuse(ret_refusal, SV_REFUSED_DEADLINE, wait_ns);
    sv_list_append(&batch->arrived, &generation->node);
    batch->n_arrived++;
    batch->n_arrived_prompt += generation->request.n_prompt;
    batch->is_poked = true;
    pthread_cond_signal(&batch->poked);
    return SV_OK;
}

sv_status sv_sequence_batch_submit(sv_sequence_batch *batch, sv_generation *generation,
                                   sv_work_refusal *ret_refusal)
{
    if (generation->request.n_prompt >= batch->config.n_context)
        return SV_INVALID;
    generation->producer = batch;
    generation->resumed = poke_by_resumed;
    generation->times.submitted_ns = sv_clock_now_ns(&sv_clock_system);
    generation->usage.n_prompt = (uint32_t)generation->request.n_prompt;
    pthread_mutex_lock(&batch->lock);
    sv_status status = admit_to_line(batch, generation, ret_refusal);
    pthread_mutex_unlock(&batch->lock);
    return status;
}

sv_sequence_batch_stats sv_sequence_batch_get_stats(sv_sequence_batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    sv_sequence_batch_stats stats = batch->stats;
    stats.n_waiting += batch->n_arrived;
    stats.predicted_wait_ns = predict_wait(batch, 1);
    pthread_mutex_unlock(&batch->lock);
    return stats;
}

uint32_t sv_sequence_batch_context(const sv_sequence_batch *batch)
{
    return batch->config.n_context;
}

uint64_t sv_sequence_batch_memory(const sv_text_info *info, uint32_t n_sequences,
                                  uint32_t n_context)
{
    uint64_t tokens = n_context ? n_context : (uint64_t)info->n_context;
    return info->kv_bytes_per_token * tokens * n_sequences;
}

/* ---- The line ---- */

static void leave_line(sv_sequence_batch *batch, sv_generation *generation)
{
    sv_list_remove(&generation->node);
    batch->n_waiting--;
}

/* Of who waits, and of who is under way. */
static void drop_unwanted(sv_sequence_batch *batch)
{
    int64_t now_ns = sv_clock_now_ns(&sv_clock_system);
    sv_sequence_steps_drop_unwanted(&batch->steps);
    if (batch->n_waiting > 0 && !sv_sequence_steps_has_room(&batch->steps))
        sv_sequence_steps_evict_resting(&batch->steps);
    for (sv_list_node *node = batch->line.next, *next; node != &batch->line; node = next) {
        next = node->next;
        sv_generation *generation = SV_CONTAINER_OF(node, sv_generation, node);
        sv_status why = sv_sequence_steps_judge(generation, now_ns);
        if (!why)
            continue;
        leave_line(batch, generation);
        sv_sequence_steps_tell(generation, why);
        sv_generation_drop(generation);
    }
}

static void end_all(sv_sequence_batch *batch)
{
    sv_sequence_steps_end_all(&batch->steps);
    while (!sv_list_is_empty(&batch->line)) {
        sv_generation *generation = SV_CONTAINER_OF(batch->line.next, sv_generation, node);
        leave_line(batch, generation);
        sv_generation_finish(generation, SV_FINISH_CANCELLED);
        sv_generation_drop(generation);
    }
}

static void admit(sv_sequence_batch *batch)
{
    sv_generation *running[SV_TEXT_MAX_SEQUENCES];
    while (!sv_list_is_empty(&batch->line) && sv_sequence_steps_has_room(&batch->steps)) {
        sv_sequence_steps_list(&batch->steps, running);
        sv_generation *next =
            sv_sequence_line_next(&batch->line, running, batch->steps.held.n_slots);
        leave_line(batch, next);
        sv_sequence_steps_seat(&batch->steps, next);
    }
}

/* ---- The thread ---- */

/* Nothing can be done until somebody pokes. With the lock held. */
static bool is_idle(sv_sequence_batch *batch)
{
    return !batch->is_poked && !batch->is_busy;
}

/* Answers that rest, or wait behind such, have deadlines still. With the lock held. */
static void wait_for_poke(sv_sequence_batch *batch)
{
    if (batch->load.n_running == 0 && batch->load.n_waiting == 0) {
        while (!batch->is_poked)
            pthread_cond_wait(&batch->poked, &batch->lock);
        return;
    }
    int64_t until_ns = sv_clock_now_ns(&sv_clock_system) + LOOK_NS;
    struct timespec until = {.tv_sec = until_ns / SV_NS_PER_S, .tv_nsec = until_ns % SV_NS_PER_S};
    pthread_cond_timedwait(&batch->poked, &batch->lock, &until);
}

static void take_arrived(sv_sequence_batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    if (is_idle(batch))
        wait_for_poke(batch);
    batch->is_poked = false;
    while (!sv_list_is_empty(&batch->arrived)) {
        sv_list_node *node = batch->arrived.next;
        sv_list_remove(node);
        sv_list_append(&batch->line, node);
        batch->n_waiting++;
    }
    batch->load.n_waiting = batch->n_waiting;
    batch->n_arrived = 0;
    batch->load.n_prompt_tokens += batch->n_arrived_prompt;
    batch->n_arrived_prompt = 0;
    pthread_mutex_unlock(&batch->lock);
}

static void publish(sv_sequence_batch *batch)
{
    const sv_sequence_steps *steps = &batch->steps;
    sv_sequence_batch_stats stats = steps->counts;
    sv_sequence_load load;
    sv_sequence_steps_measure(steps, &load);
    load.n_waiting = batch->n_waiting;
    for (const sv_list_node *node = batch->line.next; node != &batch->line; node = node->next)
        load.n_prompt_tokens += SV_CONTAINER_OF(node, sv_generation, node)->request.n_prompt;
    stats.n_running = load.n_running;
    stats.n_waiting = load.n_waiting;
    stats.n_slots = steps->held.n_slots;
    stats.n_room_tokens = (uint64_t)steps->held.n_slots * batch->config.n_context;
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        size_t n = sv_held_tokens_count(&steps->held, i);
        stats.n_held_tokens += n;
        stats.n_busy_tokens += steps->sequences[i] ? n : 0;
    }
    pthread_mutex_lock(&batch->lock);
    batch->stats = stats;
    batch->load = load;
    pthread_mutex_unlock(&batch->lock);
}

static void *run_thread(void *arg)
{
    sv_sequence_batch *batch = arg;
    while (!atomic_load(&batch->steps.is_stopping)) {
        take_arrived(batch);
        drop_unwanted(batch);
        admit(batch);
        batch->is_busy = sv_sequence_steps_run(&batch->steps);
        sv_sequence_steps_close_gaps(&batch->steps, batch->n_waiting > 0);
        publish(batch);
    }
    batch->is_busy = true;
    take_arrived(batch);
    end_all(batch);
    publish(batch);
    return NULL;
}

/* ---- Life ---- */

static void free_lines(sv_sequence_batch *batch)
{
    pthread_cond_destroy(&batch->poked);
    pthread_mutex_destroy(&batch->lock);
    free(batch);
}

/* Waits by the clock that deadlines are of. */
static void init_poked(sv_sequence_batch *batch)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&batch->poked, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static sv_sequence_batch *make(const sv_sequence_batch_config *config, uint32_t n_trained)
{
    sv_sequence_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    batch->config = *config;
    batch->config.n_context = config->n_context ? config->n_context : n_trained;
    if (config->max_gap_ns <= 0)
        batch->config.max_gap_ns = DEFAULT_MAX_GAP_NS;
    batch->steps.poke = poke_by_cancel;
    batch->steps.arg = batch;
    sv_list_init(&batch->arrived);
    sv_list_init(&batch->line);
    pthread_mutex_init(&batch->lock, NULL);
    init_poked(batch);
    return batch;
}

sv_status sv_sequence_batch_new(const sv_sequence_batch_config *config, sv_error *error,
                                sv_sequence_batch **ret_batch)
{
    uint32_t n_trained = (uint32_t)sv_text_info_of(config->model)->n_context;
    if (config->n_sequences == 0 || config->n_sequences > SV_TEXT_MAX_SEQUENCES ||
        config->n_context > n_trained)
        return sv_error_set(error, SV_INVALID, NULL,
                            "1 to %d sequences of at most %u tokens are possible, asked were %u of "
                            "%u",
                            SV_TEXT_MAX_SEQUENCES, n_trained, config->n_sequences,
                            config->n_context);
    sv_sequence_batch *batch = make(config, n_trained);
    if (!batch)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    sv_status status = sv_sequence_steps_init(&batch->steps, &batch->config, error);
    if (status) {
        free_lines(batch);
        return status;
    }
    publish(batch);
    if (pthread_create(&batch->thread, NULL, run_thread, batch)) {
        sv_sequence_steps_deinit(&batch->steps);
        free_lines(batch);
        return sv_error_set(error, SV_NO_MEMORY, NULL, "no thread could be started");
    }
    *ret_batch = batch;
    return SV_OK;
}

void sv_sequence_batch_free(sv_sequence_batch *batch)
{
    if (!batch)
        return;
    atomic_store(&batch->steps.is_stopping, true);
    poke(batch);
    pthread_join(batch->thread, NULL);
    sv_sequence_steps_deinit(&batch->steps);
    free_lines(batch);
}
