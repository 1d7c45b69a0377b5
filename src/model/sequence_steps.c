/* sequence_steps.c: see the header. Which tokens and texts: sequence.c; which slot: held_tokens.c;
 * how much of which prompt: step_plan.c. */
#include "model/sequence_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    MAX_PROMPT_ALONE = 256, /* tokens of prompts in a step, when nobody waits for a next token */
    STEPS_BEFORE_MOVE = 2,  /* a gap may be filled by a new answer meanwhile */
    MAX_TOKEN_BYTES = 1 << 16,
    SMALL_MODEL = 8 * 1000 * 1000 /* parameters */
};

static const int64_t MAX_REST_NS = 2 * SV_NS_PER_S;

/* ---- Ends ---- */

static void end_slot(sv_sequence_steps *steps, size_t slot)
{
    sv_sequence *sequence = steps->sequences[slot];
    sv_cancel_remove(sequence->generation->request.cancel, &sequence->on_cancel);
    steps->counts.n_completion_tokens += sequence->generation->usage.n_completion;
    sv_sequence_free(sequence);
    steps->sequences[slot] = NULL;
    sv_held_tokens_free(&steps->held, slot);
}

static void finish_slot(sv_sequence_steps *steps, size_t slot, sv_finish finish)
{
    sv_sequence_end(steps->sequences[slot], finish);
    end_slot(steps, slot);
}

static void fail_slot(sv_sequence_steps *steps, size_t slot, sv_status status,
                      const sv_error *error)
{
    sv_sequence_fail(steps->sequences[slot], status, error);
    end_slot(steps, slot);
}

sv_status sv_sequence_steps_judge(const sv_generation *generation, int64_t now_ns)
{
    const sv_generation_request *request = &generation->request;
    if (sv_cancel_is_set(request->cancel))
        return SV_CANCELLED;
    bool is_late = now_ns >= request->deadline_ns ||
                   (!generation->times.first_ns && now_ns >= request->first_deadline_ns);
    return is_late ? SV_TIMEOUT : SV_OK;
}

void sv_sequence_steps_tell(sv_generation *generation, sv_status why)
{
    if (why == SV_CANCELLED)
        sv_generation_finish(generation, SV_FINISH_CANCELLED);
    else
        sv_generation_fail(generation, why, NULL);
}

void sv_sequence_steps_drop_unwanted(sv_sequence_steps *steps)
{
    int64_t now_ns = sv_clock_now_ns(&sv_clock_system);
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        sv_sequence *sequence = steps->sequences[i];
        sv_status why = sequence ? sv_sequence_steps_judge(sequence->generation, now_ns) : SV_OK;
        if (why) {
            sv_sequence_steps_tell(sequence->generation, why);
            end_slot(steps, i);
        }
    }
}

void sv_sequence_steps_evict_resting(sv_sequence_steps *steps)
{
    int64_t since_ns = sv_clock_now_ns(&sv_clock_system) - MAX_REST_NS;
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        const sv_sequence *sequence = steps->sequences[i];
        if (sequence && sequence->resting_since_ns && sequence->resting_since_ns <= since_ns)
            finish_slot(steps, i, SV_FINISH_CANCELLED);
    }
}

void sv_sequence_steps_end_all(sv_sequence_steps *steps)
{
    for (size_t i = 0; i < steps->held.n_slots; i++)
        if (steps->sequences[i])
            finish_slot(steps, i, SV_FINISH_CANCELLED);
}

/* ---- Coming in ---- */

static bool is_decoding(const sv_sequence *sequence)
{
    return sequence->next != SV_NO_TOKEN;
}

/* Tokens of the prompt that the slot holds then: none where the model cannot forget the rest. */
static size_t share(sv_sequence_steps *steps, const sv_held_place *place)
{
    int32_t from = (int32_t)place->from, slot = (int32_t)place->slot;
    bool is_there = from == slot || sv_text_copy(steps->context, from, slot);
    steps->n_copies += from != slot;
    if (is_there && sv_text_forget(steps->context, slot, (int32_t)place->n_shared))
        return place->n_shared;
    sv_held_tokens_cut(&steps->held, place->slot, 0);
    return 0;
}

static void seat(sv_sequence_steps *steps, const sv_held_place *place, sv_sequence *sequence)
{
    sv_generation *generation = sequence->generation;
    size_t n_shared = share(steps, place);
    steps->sequences[place->slot] = sequence;
    sequence->n_done = (uint32_t)n_shared;
    generation->usage.n_cached = (uint32_t)n_shared;
    generation->times.started_ns = sv_clock_now_ns(&sv_clock_system);
    steps->counts.n_cached_tokens += n_shared;
    sequence->on_cancel = (sv_cancel_callback){.run = steps->poke, .arg = steps->arg};
    sv_cancel_add(generation->request.cancel, &sequence->on_cancel);
}

void sv_sequence_steps_list(const sv_sequence_steps *steps, sv_generation **answers)
{
    for (size_t i = 0; i < steps->held.n_slots; i++)
        answers[i] = steps->sequences[i] ? steps->sequences[i]->generation : NULL;
}

bool sv_sequence_steps_has_room(const sv_sequence_steps *steps)
{
    for (size_t i = 0; i < steps->held.n_slots; i++)
        if (!steps->sequences[i])
            return true;
    return false;
}

void sv_sequence_steps_seat(sv_sequence_steps *steps, sv_generation *generation)
{
    const sv_generation_request *request = &generation->request;
    sv_held_place place = {0};
    sv_sequence *sequence;
    steps->held.min_copied = sv_step_plan_copy_worth(&steps->speed);
    bool is_placed = sv_held_tokens_place(&steps->held, request->prompt, request->n_prompt, &place);
    uint32_t n_room = steps->n_context - (uint32_t)request->n_prompt;
    if (sv_sequence_new(&steps->model, generation, n_room, &sequence))
        return;
    if (is_placed && sv_held_tokens_take(&steps->held, &place) == SV_OK) {
        seat(steps, &place, sequence);
        return;
    }
    sv_sequence_fail(sequence, SV_NO_MEMORY, NULL);
    sv_sequence_free(sequence);
}

/* ---- A step ---- */

static void add_entry(sv_sequence_steps *steps, size_t slot, sv_token token, bool has_logits)
{
    size_t position = sv_held_tokens_count(&steps->held, slot);
    if (sv_held_tokens_add(&steps->held, slot, token)) { /* the step goes on without it */
        fail_slot(steps, slot, SV_NO_MEMORY, NULL);
        return;
    }
    steps->entries[steps->n_entries++] = (sv_text_entry){.token = token,
                                                         .position = (int32_t)position,
                                                         .sequence = (int32_t)slot,
                                                         .has_logits = has_logits};
}

static size_t prompt_left(const sv_sequence *sequence)
{
    return sequence && !is_decoding(sequence)
               ? sequence->generation->request.n_prompt - sequence->n_done
               : 0;
}

/* Slots whose prompts are not computed yet, in the order they came. */
static size_t list_prompts(const sv_sequence_steps *steps, size_t *slots)
{
    size_t n = 0;
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        if (!prompt_left(steps->sequences[i]))
            continue;
        int64_t came_ns = steps->sequences[i]->generation->times.started_ns;
        size_t at = n++;
        while (at && steps->sequences[slots[at - 1]]->generation->times.started_ns > came_ns) {
            slots[at] = slots[at - 1];
            at--;
        }
        slots[at] = i;
    }
    return n;
}

static void plan_prompts(sv_sequence_steps *steps, size_t *shares_by_slot)
{
    size_t slots[SV_TEXT_MAX_SEQUENCES], left[SV_TEXT_MAX_SEQUENCES], shares[SV_TEXT_MAX_SEQUENCES];
    size_t n = list_prompts(steps, slots);
    for (size_t i = 0; i < n; i++)
        left[i] = prompt_left(steps->sequences[slots[i]]);
    size_t max = steps->load.n_decoding ? SV_SEQUENCE_STEPS_MAX_TOKENS - SV_TEXT_MAX_SEQUENCES
                                        : MAX_PROMPT_ALONE;
    size_t budget = sv_step_plan_prompt_budget(&steps->speed, steps->load, steps->max_gap_ns, max);
    sv_step_plan_share(left, n, budget, shares);
    memset(shares_by_slot, 0, steps->held.n_slots * sizeof *shares_by_slot);
    for (size_t i = 0; i < n; i++)
        shares_by_slot[slots[i]] = shares[i];
}

static bool takes_part(sv_sequence *sequence)
{
    if (!sequence || !is_decoding(sequence))
        return false;
    if (sv_generation_has_room(sequence->generation)) {
        sequence->resting_since_ns = 0;
        return true;
    }
    if (!sequence->resting_since_ns)
        sequence->resting_since_ns = sv_clock_now_ns(&sv_clock_system);
    return false;
}

static void fill_prompt(sv_sequence_steps *steps, size_t slot, size_t n)
{
    sv_sequence *sequence = steps->sequences[slot];
    const sv_generation_request *request = &sequence->generation->request;
    for (size_t i = 0; i < n && steps->sequences[slot]; i++) {
        size_t at = sequence->n_done + i;
        add_entry(steps, slot, request->prompt[at], at + 1 == request->n_prompt);
    }
    if (steps->sequences[slot])
        sequence->n_done += (uint32_t)n;
    steps->load.n_prompt += n;
}

/* Entries of all slots, by slot: neighbours are computed in one piece. */
static void fill_step(sv_sequence_steps *steps)
{
    size_t shares[SV_TEXT_MAX_SEQUENCES];
    bool decodes[SV_TEXT_MAX_SEQUENCES];
    steps->n_entries = 0;
    steps->load = (sv_step_load){.n_copies = steps->n_copies};
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        decodes[i] = takes_part(steps->sequences[i]);
        steps->load.n_decoding += decodes[i];
    }
    plan_prompts(steps, shares);
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        if (decodes[i])
            add_entry(steps, i, steps->sequences[i]->next, true);
        else if (shares[i])
            fill_prompt(steps, i, shares[i]);
    }
}

/* The engine keeps nothing of the step. */
static void fail_step(sv_sequence_steps *steps, sv_status status, const sv_error *error)
{
    for (size_t i = steps->n_entries; i-- > 0;) {
        const sv_text_entry *entry = &steps->entries[i];
        size_t slot = (size_t)entry->sequence;
        size_t n_held = (size_t)sv_text_held(steps->context, entry->sequence);
        sv_sequence *sequence = steps->sequences[slot];
        sv_held_tokens_cut(&steps->held, slot, n_held);
        if (sequence && (status != SV_CANCELLED || (is_decoding(sequence) && !n_held)))
            fail_slot(steps, slot, status, error);
    }
}

static void choose_tokens(sv_sequence_steps *steps)
{
    for (size_t i = 0; i < steps->n_entries; i++) {
        const sv_text_entry *entry = &steps->entries[i];
        size_t slot = (size_t)entry->sequence;
        sv_sequence *sequence = steps->sequences[slot];
        float *logits = entry->has_logits && sequence ? sv_text_logits(steps->context, i) : NULL;
        if (!logits)
            continue;
        sv_finish finish = sv_sequence_choose(sequence, logits);
        if (finish)
            finish_slot(steps, slot, finish);
    }
}

/* Broken off: all of it was cancelled; what was not computed is computed later. */
static void redo_step(sv_sequence_steps *steps, const sv_error *error)
{
    fail_step(steps, SV_CANCELLED, error);
    for (size_t i = 0; i < steps->held.n_slots; i++)
        if (steps->sequences[i] && !is_decoding(steps->sequences[i]))
            steps->sequences[i]->n_done = (uint32_t)sv_held_tokens_count(&steps->held, i);
}

bool sv_sequence_steps_run(sv_sequence_steps *steps)
{
    sv_error error = {0};
    fill_step(steps);
    if (!steps->n_entries)
        return false;
    int64_t started_ns = sv_clock_now_ns(&sv_clock_system);
    sv_status status = sv_text_step(steps->context, steps->entries, steps->n_entries, &error);
    if (status == SV_CANCELLED)
        redo_step(steps, &error);
    else if (status)
        fail_step(steps, status, &error);
    if (status)
        return true;
    steps->n_copies = 0;
    steps->counts.n_steps++;
    steps->counts.n_prompt_tokens += steps->load.n_prompt;
    choose_tokens(steps);
    sv_step_plan_note(&steps->speed, steps->load, sv_clock_now_ns(&sv_clock_system) - started_ns);
    return true;
}

/* Asked by the engine, maybe by other threads of it, during a step: all that it is for is unwanted.
 */
static bool is_step_unwanted(void *arg)
{
    sv_sequence_steps *steps = arg;
    if (atomic_load(&steps->is_stopping))
        return true;
    for (size_t i = 0; i < steps->n_entries; i++) {
        const sv_sequence *sequence = steps->sequences[steps->entries[i].sequence];
        if (sequence && !sv_cancel_is_set(sequence->generation->request.cancel))
            return false;
    }
    return true;
}

static bool move_answer(sv_sequence_steps *steps, sv_held_move move)
{
    steps->n_copies++;
    if (!sv_text_copy(steps->context, (int32_t)move.from, (int32_t)move.to)) {
        sv_held_tokens_cut(&steps->held, move.to, 0);
        return false;
    }
    (void)sv_text_forget(steps->context, (int32_t)move.from, 0);
    steps->sequences[move.to] = steps->sequences[move.from];
    steps->sequences[move.from] = NULL;
    sv_held_tokens_note_move(&steps->held, move);
    steps->counts.n_moves++;
    return true;
}

void sv_sequence_steps_close_gaps(sv_sequence_steps *steps, bool may_fill)
{
    sv_held_move move;
    if (!sv_held_tokens_find_move(&steps->held, &move)) {
        steps->n_with_gap = 0;
        return;
    }
    if (steps->n_with_gap++ < STEPS_BEFORE_MOVE && may_fill)
        return;
    size_t n_most = sv_step_plan_copies(&steps->speed, steps->max_gap_ns);
    while (steps->n_copies < n_most && sv_held_tokens_find_move(&steps->held, &move))
        if (!move_answer(steps, move))
            return;
}

void sv_sequence_steps_measure(const sv_sequence_steps *steps, sv_sequence_load *ret_load)
{
    sv_sequence_load load = {.prompt_ns = steps->speed.prompt_ns};
    for (size_t i = 0; i < steps->held.n_slots; i++) {
        const sv_sequence *sequence = steps->sequences[i];
        load.n_running += sequence != NULL;
        load.n_prompt_tokens += prompt_left(sequence);
        load.n_left_tokens +=
            sequence ? sequence->n_room - sequence->generation->usage.n_completion : 0;
    }
    load.n_free_slots = steps->held.n_slots - load.n_running;
    load.step_ns = (double)sv_step_plan_predict(
        &steps->speed, (sv_step_load){.n_decoding = load.n_running ? load.n_running : 1});
    *ret_load = load;
}

/* ---- Life ---- */

static sv_status list_ends(sv_sequence_steps *steps)
{
    sv_buf ends;
    sv_buf_init(&ends, MAX_TOKEN_BYTES);
    sv_status status = SV_OK;
    int32_t n = sv_text_info_of(steps->model.model)->n_vocabulary;
    for (sv_token token = 0; !status && token < n; token++)
        if (sv_text_ends(steps->model.model, token))
            status = sv_buf_append(&ends, &token, sizeof token);
    size_t len = 0;
    steps->model.ends = (const sv_token *)(void *)sv_buf_take(&ends, &len);
    steps->model.n_ends = len / sizeof(sv_token);
    sv_buf_deinit(&ends);
    return status;
}

/* Threads that share a step wait for each other busily, dozens of times in it: what is small is
 * done sooner by one, and is not at the mercy of a scheduler that takes another one away. */
static int pick_threads(const sv_sequence_batch_config *config)
{
    bool is_small = sv_text_info_of(config->model)->n_parameters < SMALL_MODEL;
    return is_small ? 1 : config->threads;
}

static sv_status make_context(sv_sequence_steps *steps, const sv_sequence_batch_config *config,
                              sv_error *error)
{
    sv_text_context_options options = {.n_sequences = config->n_sequences,
                                       .n_tokens_per_sequence = config->n_context,
                                       .max_batch = SV_SEQUENCE_STEPS_MAX_TOKENS,
                                       .threads = pick_threads(config),
                                       .spin = config->spin,
                                       .is_aborted = is_step_unwanted,
                                       .arg = steps};
    return sv_text_context_new(config->model, &options, error, &steps->context);
}

void sv_sequence_steps_deinit(sv_sequence_steps *steps)
{
    sv_text_context_free(steps->context);
    sv_held_tokens_deinit(&steps->held);
    sv_buf_deinit(&steps->model.bytes);
    sv_buf_deinit(&steps->model.whole);
    sv_buf_deinit(&steps->model.text);
    free((void *)steps->model.ends);
}

sv_status sv_sequence_steps_init(sv_sequence_steps *steps, const sv_sequence_batch_config *config,
                                 sv_error *error)
{
    size_t n_vocabulary = (size_t)sv_text_info_of(config->model)->n_vocabulary;
    steps->n_context = config->n_context;
    steps->max_gap_ns = config->max_gap_ns;
    steps->model.model = config->model;
    sv_buf_init(&steps->model.bytes, MAX_TOKEN_BYTES);
    sv_buf_init(&steps->model.whole, MAX_TOKEN_BYTES + n_vocabulary * sizeof(float));
    sv_buf_init(&steps->model.text, MAX_TOKEN_BYTES);
    sv_held_tokens_init(&steps->held, config->n_sequences, config->n_context);
    sv_status status = list_ends(steps);
    if (!status)
        status = make_context(steps, config, error);
    if (status)
        sv_sequence_steps_deinit(steps);
    return status;
}
