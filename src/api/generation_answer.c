/* generation_answer.c: from generations to a call's answer; see the header. */
#include "api/generation_answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/generation_metrics.h"
#include "api/model_metrics.h"
#include "base/clock.h"
#include "http/event_stream.h"
#include "web/events.h"

/* A part is at most what a pipe holds, and every byte of it at most six of JSON, but for
 * log-probabilities. */
static const size_t MAX_OUT_BYTES = (size_t)64 << 20;

/* ---- The end ---- */

sv_generation_usage sv_generation_answer_usage(const sv_generation_answer *answer)
{
    size_t n_each = answer->n_each ? answer->n_each : answer->n_choices;
    sv_generation_usage usage = {0};
    for (size_t i = 0; i < answer->n_choices; i++) {
        const sv_generation_usage *one = &answer->generations[i]->usage;
        usage.n_completion += one->n_completion;
        if (i % n_each)
            continue;
        usage.n_prompt += one->n_prompt;
        usage.n_cached += one->n_cached;
    }
    return usage;
}

/* The times of the choice that began first stand for all. */
static const sv_generation_times *find_times(const sv_generation_answer *answer)
{
    const sv_generation_times *first = &answer->generations[0]->times;
    for (size_t i = 1; i < answer->n_choices; i++) {
        const sv_generation_times *times = &answer->generations[i]->times;
        if (times->started_ns && (!first->started_ns || times->started_ns < first->started_ns))
            first = times;
    }
    return first;
}

static void note_times(sv_generation_answer *answer)
{
    const sv_generation_times *times = find_times(answer);
    sv_model_work *work = &answer->work;
    int64_t end_ns = sv_clock_now_ns(&sv_clock_system);
    int64_t started_ns = times->started_ns ? times->started_ns : end_ns;
    int64_t submitted_ns = times->submitted_ns ? times->submitted_ns : started_ns;
    work->queued.submitted_ns = submitted_ns;
    work->queued.waited_ns = started_ns - submitted_ns;
    work->call->timeline->stage_ns[SV_STAGE_INFER] += end_ns - started_ns;
}

static sv_status tell_refusal(const sv_generation_answer *answer, sv_status status)
{
    char seconds[24], ms[24];
    if (status != SV_UNAVAILABLE)
        return status;
    snprintf(seconds, sizeof seconds, "%lld", (long long)answer->retry_after_s);
    snprintf(ms, sizeof ms, "%lld000", (long long)answer->retry_after_s);
    (void)sv_set_header(answer->work.call, "Retry-After", sv_str_from(seconds));
    (void)sv_set_header(answer->work.call, "retry-after-ms", sv_str_from(ms)); /* OpenAI's */
    return status;
}

static sv_generation_metrics *find_metrics(const sv_generation_answer *answer)
{
    return sv_model_metrics_generation(answer->work.version->series);
}

static void count_token(sv_generation *generation, int64_t gap_ns)
{
    const sv_generation_answer *answer = generation->arg;
    sv_generation_metrics_token(find_metrics(answer), generation, gap_ns, answer->work.started_ns);
}

/* What had come of it. */
static sv_cancel_stage find_stage(const sv_generation_answer *answer)
{
    if (answer->has_begun)
        return SV_STAGE_CANCELLED_STREAMING;
    return find_times(answer)->started_ns ? SV_STAGE_CANCELLED_RUNNING : SV_STAGE_CANCELLED_QUEUED;
}

/* The call ends; the answer is gone. */
static void end_call(sv_generation_answer *answer, sv_status status)
{
    sv_services *services = answer->work.services;
    sv_error error = answer->error;
    note_times(answer);
    sv_generation_metrics_end(find_metrics(answer), answer->generations, answer->n_choices,
                              answer->work.started_ns);
    status = tell_refusal(answer, status);
    if (status && status != SV_CANCELLED && !answer->has_begun && answer->format->refuse)
        status = answer->format->refuse(answer, status, &error);
    sv_cancel_remove(answer->work.call->cancel, &answer->on_cancel);
    sv_cancel_unref(answer->cancel);
    sv_buf_deinit(&answer->out);
    sv_model_work_end_at(&answer->work, find_stage(answer), status, &error);
    atomic_fetch_sub(&services->n_generating, 1);
}

bool sv_generation_answer_wait(sv_services *services, int64_t timeout_ms)
{
    int64_t end_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    while (atomic_load(&services->n_generating) > 0) {
        if (sv_clock_now_ns(&sv_clock_system) >= end_ns)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = SV_NS_PER_MS}, NULL);
    }
    return true;
}

static void drop_generations(void *arg)
{
    sv_generation_answer *answer = arg;
    for (size_t i = 0; i < answer->n_choices; i++)
        sv_generation_drop(answer->generations[i]);
}

/* The first failure is the answer's; the other choices are not wanted any more. */
static void note_failure(sv_generation_answer *answer, const sv_generation *generation,
                         sv_finish finish)
{
    if (answer->status || (finish != SV_FINISH_FAILED && finish != SV_FINISH_CANCELLED))
        return;
    answer->status = finish == SV_FINISH_FAILED ? generation->status : SV_CANCELLED;
    answer->error = generation->error;
    if (generation->retry_after_s)
        answer->retry_after_s = generation->retry_after_s;
    sv_cancel_fire(answer->cancel, SV_CANCEL_REQUEST);
}

/* ---- Whole ---- */

static void finish_whole(sv_message *note)
{
    sv_generation_answer *answer = SV_CONTAINER_OF(note, sv_generation_answer, note);
    sv_generation_part parts[SV_GENERATION_ANSWER_MAX_CHOICES];
    for (size_t i = 0; i < answer->n_choices; i++) {
        parts[i] = (sv_generation_part){0};
        (void)sv_generation_take(answer->generations[i], &parts[i]);
        note_failure(answer, answer->generations[i], parts[i].finish);
    }
    sv_status status = answer->status;
    if (!status)
        status = answer->format->whole(answer, parts);
    end_call(answer, status);
}

/* On the loop, which has others to serve. */
static void pass_on_whole(sv_message *note)
{
    sv_generation_answer *answer = SV_CONTAINER_OF(note, sv_generation_answer, note);
    note->run = finish_whole;
    if (sv_pool_submit(answer->work.services->pool, note))
        finish_whole(note);
}

static void wake_whole(sv_generation *generation, void *arg)
{
    (void)generation;
    sv_generation_answer *answer = arg;
    if (atomic_fetch_sub(&answer->n_running, 1) > 1)
        return;
    answer->note.run = pass_on_whole;
    sv_loop_post(sv_exchange_loop(answer->work.call->exchange), &answer->note);
}

/* ---- Streamed; the loop's thread ---- */

static void lose(sv_generation_answer *answer)
{
    answer->is_lost = true;
    sv_buf_clear(&answer->out);
    sv_cancel_fire(answer->cancel, SV_CANCEL_CLIENT);
}

static sv_status begin_stream(sv_generation_answer *answer)
{
    sv_call *call = answer->work.call;
    sv_events *events = sv_events_open(call);
    sv_status status = events ? sv_events_prepare(events) : SV_NO_MEMORY;
    if (!status)
        status = sv_event_stream_start(call->exchange, answer->format->heartbeat_ms);
    call->is_stream = !status;
    answer->has_begun = !status;
    if (!status && answer->format->begin)
        status = answer->format->begin(answer, &answer->out);
    return status;
}

static void run_writable(void *arg);

/* True: all of it was taken, or nobody reads. */
static bool flush(sv_generation_answer *answer)
{
    sv_exchange *exchange = answer->work.call->exchange;
    while (answer->out.len && !answer->is_lost) {
        sv_str piece = sv_str_slice(sv_buf_str(&answer->out), 0, SV_STREAM_MAX_PIECE);
        sv_status status = sv_stream_try_write(exchange, piece);
        if (status == SV_UNAVAILABLE) {
            sv_stream_on_writable(exchange, run_writable, answer);
            return false;
        }
        if (status)
            lose(answer);
        else
            sv_buf_consume(&answer->out, piece.len);
    }
    return true;
}

/* Takes the next part of a choice into `out`; false: there is none now. */
static bool take_part(sv_generation_answer *answer, size_t choice)
{
    sv_generation_part part;
    if (answer->is_over[choice] || !sv_generation_take(answer->generations[choice], &part))
        return false;
    answer->is_over[choice] = part.finish != SV_FINISH_NONE;
    note_failure(answer, answer->generations[choice], part.finish);
    if (answer->status || answer->is_lost)
        return true;
    sv_status status = answer->has_begun ? SV_OK : begin_stream(answer);
    if (!status)
        status = answer->format->part(answer, choice, &part, &answer->out);
    if (!status)
        return true;
    answer->status = status;
    sv_cancel_fire(answer->cancel, SV_CANCEL_REQUEST);
    return true;
}

static bool is_all_over(const sv_generation_answer *answer)
{
    for (size_t i = 0; i < answer->n_choices; i++)
        if (!answer->is_over[i])
            return false;
    return true;
}

/* The last words, once. */
static void write_end(sv_generation_answer *answer)
{
    sv_call *call = answer->work.call;
    answer->has_ended = true;
    if (!answer->has_begun || answer->is_lost || answer->status == SV_CANCELLED)
        return;
    if (!answer->status) {
        answer->status = answer->format->end(answer, &answer->out);
    } else if (answer->format->fail) {
        call->is_failure_told = true;
        (void)answer->format->fail(answer, &answer->error, &answer->out);
    }
}

static void pump(sv_generation_answer *answer)
{
    bool goes_on = true;
    while (goes_on) {
        if (!flush(answer))
            return;
        goes_on = false;
        for (size_t i = 0; i < answer->n_choices; i++)
            goes_on |= take_part(answer, i);
    }
    if (!is_all_over(answer) || atomic_load(&answer->is_noted)) /* the note will see to it */
        return;
    if (!answer->has_ended)
        write_end(answer);
    if (flush(answer))
        end_call(answer, answer->is_lost && !answer->status ? SV_CANCELLED : answer->status);
}

static void run_writable(void *arg)
{
    pump(arg);
}

static void run_note(sv_message *note)
{
    sv_generation_answer *answer = SV_CONTAINER_OF(note, sv_generation_answer, note);
    atomic_store(&answer->is_noted, false);
    pump(answer);
}

static void wake_stream(sv_generation *generation, void *arg)
{
    (void)generation;
    sv_generation_answer *answer = arg;
    if (!atomic_exchange(&answer->is_noted, true))
        sv_loop_post(sv_exchange_loop(answer->work.call->exchange), &answer->note);
}

/* ---- The start ---- */

static void cancel_all(void *arg)
{
    sv_generation_answer *answer = arg;
    sv_cancel_fire(answer->cancel, SV_CANCEL_CLIENT);
}

/* In place of whoever would have made it. */
static void refuse(sv_generation_answer *answer, sv_generation *generation, sv_status status,
                   const sv_work_refusal *refusal)
{
    sv_error error = {0};
    if (status == SV_UNAVAILABLE) {
        answer->retry_after_s = refusal->retry_after_s;
        sv_error_set(&error, status, &sv_kind_server_overloaded,
                     "The answer would come too late; try again in %lld s",
                     (long long)refusal->retry_after_s);
    }
    sv_generation_fail(generation, status, &error);
    sv_generation_drop(generation);
}

static void fill_request(sv_generation_answer *answer, sv_generation_request *request)
{
    const sv_call *call = answer->work.call;
    request->cancel = answer->cancel;
    request->is_collected = !answer->is_stream;
    request->first_deadline_ns = call->request.deadline_ns;
    request->deadline_ns = answer->is_stream ? SV_NEVER : call->request.deadline_ns;
    request->client = sv_model_work_client(call);
    request->priority = answer->work.priority;
}

static sv_status make_all(sv_generation_answer *answer, sv_generation_request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_generation *generation;
        fill_request(answer, &requests[i]);
        sv_status status = sv_generation_new(&requests[i], &generation);
        if (status)
            return status;
        generation->wake = answer->is_stream ? wake_stream : wake_whole;
        generation->on_token = count_token;
        generation->arg = answer;
        answer->generations[answer->n_choices++] = generation;
    }
    return SV_OK;
}

static sv_status submit(const sv_model_work *work, sv_generation *generation,
                        sv_work_refusal *ret_refusal)
{
    const sv_instance *instance = work->instance;
    const sv_relay_place place = {work->services->fetch_loop,
                                  sv_fetching_upstream(work->services->fetching)};
    return generation->request.ask.path
               ? sv_relay_submit(&instance->relay, &place, generation)
               : sv_sequence_batch_submit(instance->generation.batch, generation, ret_refusal);
}

static void submit_all(sv_generation_answer *answer, size_t n)
{
    sv_generation *generations[SV_GENERATION_ANSWER_MAX_CHOICES];
    const sv_model_work work = answer->work;
    memcpy(generations, answer->generations, sizeof generations);
    for (size_t i = 0; i < n; i++) { /* with the last one the answer may be gone */
        sv_work_refusal refusal = {.retry_after_s = 1};
        sv_status status = submit(&work, generations[i], &refusal);
        if (status)
            refuse(answer, generations[i], status, &refusal);
    }
}

/* Both holds of those that were never submitted. */
static void forget_all(sv_generation_answer *answer)
{
    for (size_t i = 0; i < answer->n_choices; i++)
        sv_generation_drop(answer->generations[i]);
}

sv_status sv_generation_answer_start(sv_generation_answer *answer, sv_generation_request *requests,
                                     size_t n_choices)
{
    sv_call *call = answer->work.call;
    answer->cancel = sv_cancel_new();
    if (!answer->cancel)
        return SV_NO_MEMORY;
    sv_buf_init(&answer->out, MAX_OUT_BYTES);
    answer->note.run = run_note;
    atomic_init(&answer->n_running, (unsigned)n_choices);
    sv_status status = sv_arena_defer(call->arena, drop_generations, answer);
    if (!status)
        status = make_all(answer, requests, n_choices);
    if (status) {
        forget_all(answer);
        sv_cancel_unref(answer->cancel);
        return status;
    }
    answer->on_cancel = (sv_cancel_callback){.run = cancel_all, .arg = answer};
    sv_cancel_add(call->cancel, &answer->on_cancel);
    sv_model_work_await(&answer->work);
    atomic_fetch_add(&answer->work.services->n_generating, 1);
    submit_all(answer, n_choices);
    return SV_DEFERRED;
}
