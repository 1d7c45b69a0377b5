/* model_work.c: the way of a call from a model's name to its permit and to its end. Not the work:
 * see `begin` and `run`. */
#include "api/model_work.h"

#include <math.h>
#include <stdio.h>

#include "api/model_metrics.h"
#include "api/shadow.h"
#include "api/sticky_key.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/writer.h"

static int64_t read_now(void)
{
    return sv_clock_now_ns(&sv_clock_system);
}

double sv_model_work_elapsed_ms(const sv_model_work *work)
{
    return round((double)(read_now() - work->started_ns) / 1e4) / 100;
}

void sv_model_work_add_stage(const sv_model_work *work, sv_stage stage, int64_t *since_ns)
{
    int64_t now = read_now();
    work->call->timeline->stage_ns[stage] += now - *since_ns;
    *since_ns = now;
}

void sv_model_work_count_cancelled(const sv_model_work *work, sv_cancel_stage stage)
{
    sv_metrics_count(work->services->cancelled[stage], 1);
}

/* Finding. */

/* `available`: the versions that there are. */
static void add_available(sv_call *call, const sv_strs *names)
{
    sv_buf list;
    sv_writer writer;
    sv_buf_init(&list, 8192);
    sv_writer_init(&writer, &list);
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < names->len; i++)
        sv_writer_str(&writer, names->items[i]);
    sv_writer_end_array(&writer);
    sv_buf_append_byte(&list, '\0');
    if (!sv_buf_status(&list))
        (void)sv_fail_member(call, "available", list.ptr);
    sv_buf_deinit(&list);
}

static sv_status refuse(sv_call *call, sv_status status, const sv_error *error,
                        const sv_acquired *found)
{
    if (!error->kind)
        return status;
    if (status == SV_UNAVAILABLE)
        (void)sv_set_header(call, "Retry-After", SV_STR("1"));
    sv_fail(call, error->kind, "%s", error->message);
    if (found->available.len)
        add_available(call, &found->available);
    return SV_FAILED;
}

/* Names that HTTP cannot carry are left out. */
static void tell_model(const sv_model_work *work)
{
    sv_call *call = work->call;
    call->timeline->model = work->model->name.ptr;
    call->timeline->version = work->version->name.ptr;
    (void)sv_set_header(call, "X-Model", work->model->name);
    (void)sv_set_header(call, "X-Model-Version", work->version->name);
}

static void release_instance(void *instance)
{
    sv_registry_release(instance);
}

static sv_status begin(sv_model_work *work, const sv_acquired *found)
{
    work->model = found->model;
    work->version = found->version;
    work->instance = found->instance;
    if (sv_arena_defer(work->call->arena, release_instance, found->instance)) {
        sv_registry_release(found->instance);
        return SV_NO_MEMORY;
    }
    tell_model(work);
    return work->begin(work);
}

static void go_on_loaded(sv_load_ticket *ticket, sv_status status);

/* In line for the loader. */
static sv_status wait_until_loaded(sv_model_work *work, const sv_acquired *found)
{
    work->version = found->version;
    work->ticket = (sv_load_ticket){.done = go_on_loaded,
                                    .model = found->model,
                                    .version = found->version,
                                    .cancel = work->call->cancel};
    if (sv_loader_wait(&work->ticket) == SV_OK)
        return SV_DEFERRED;
    sv_registry_end_wait(found->version);
    return sv_fail(work->call, &sv_kind_draining, "The server is shutting down");
}

/* `awaited`: the version that it has waited for; NULL at first. */
static sv_status enter(sv_model_work *work, sv_model_version *awaited)
{
    sv_acquired found;
    sv_error error = {0};
    sv_status status = sv_registry_acquire(work->services->registry, &work->wish, &error, &found);
    sv_registry_end_wait(awaited);
    if (status == SV_OK)
        return begin(work, &found);
    if (status == SV_DEFERRED)
        return wait_until_loaded(work, &found);
    return refuse(work->call, status, &error, &found);
}

/* On the pool, or on the thread that asked. */
static void go_on_loaded(sv_load_ticket *ticket, sv_status status)
{
    sv_model_work *work = SV_CONTAINER_OF(ticket, sv_model_work, ticket);
    if (status == SV_CANCELLED)
        sv_model_work_count_cancelled(work, SV_STAGE_CANCELLED_QUEUED);
    work->wish.has_waited = true;
    if (status)
        sv_registry_end_wait(work->version);
    else
        status = enter(work, work->version);
    if (status != SV_DEFERRED)
        sv_model_work_finish(work, status, NULL);
}

sv_status sv_model_work_start(sv_model_work *work, const sv_wish *wish)
{
    sv_call *call = work->call;
    work->services = sv_call_state(call);
    work->started_ns = read_now();
    work->wish = *wish;
    work->wish.arena = call->arena;
    work->wish.get_key = sv_sticky_key_find;
    work->wish.key_arg = call;
    if (!wish->version.len)
        work->wish.version = sv_request_header(call, "x-model-version");
    return enter(work, NULL);
}

/* Ending. */

static void add_server_timing(sv_call *call)
{
    char text[SV_TIMELINE_TEXT_SIZE];
    size_t len = sv_timeline_format(call->timeline, text);
    if (len)
        (void)sv_set_header(call, "Server-Timing", (sv_str){text, len});
}

void sv_model_work_finish(sv_model_work *work, sv_status status, const sv_error *error)
{
    sv_call *call = work->call;
    if (status)
        status = sv_call_fail_with(call, status, error);
    else
        add_server_timing(call);
    sv_complete(call, status); /* the work is gone */
}

/* Running. */

/* How the run ended, once a failure is told to the call. */
static sv_model_outcome outcome_of(const sv_call *call, bool cancelled)
{
    const sv_error_kind *kind = call->result.failure;
    if (cancelled)
        return SV_MODEL_CANCELED;
    if (!kind)
        return SV_MODEL_SUCCEEDED;
    return kind->status >= 500 ? SV_MODEL_BACKEND : SV_MODEL_OTHER;
}

/* Requests for a model that does not batch have whole shapes, of which nobody knows what is a row.
 */
static size_t count_items(const sv_model_work *work)
{
    return work->instance->batching.max_rows > 1 && work->units ? work->units : 1;
}

/* Of a run that ended now, and began with the permit. */
static sv_version_run describe_run(const sv_model_work *work)
{
    const int64_t *stages = work->call->timeline->stage_ns;
    int64_t now = read_now();
    int64_t computed_ns = now - work->queued.submitted_ns - work->queued.waited_ns;
    sv_version_run run = {.total_ns = now - work->started_ns,
                          .queue_ns = work->queued.waited_ns,
                          .infer_ns = stages[SV_STAGE_INFER],
                          .output_ns = work->ran_until_ns ? now - work->ran_until_ns
                                                          : stages[SV_STAGE_ENCODE],
                          .n_items = count_items(work)};
    run.input_ns = computed_ns - run.infer_ns - run.output_ns;
    return run;
}

static void count_run(const sv_model_work *work, sv_model_outcome outcome)
{
    sv_version_run run = describe_run(work);
    run.failed = outcome != SV_MODEL_SUCCEEDED;
    sv_version_stats_add(&work->version->stats, &run);
    if (outcome == SV_MODEL_SUCCEEDED || outcome == SV_MODEL_BACKEND)
        sv_registry_report_answer(work->version, outcome == SV_MODEL_BACKEND, run.total_ns);
    sv_model_metrics_observe(work->version->series, &run, outcome, run.n_items);
    if (run.infer_ns && work->executed_rows) {
        sv_version_stats_add_execution(&work->version->stats, &run, work->executed_rows);
        sv_model_metrics_executed(work->version->series, work->executed_rows);
    }
    bool has_failed = work->call->result.failure == &sv_kind_inference_failed;
    if (has_failed || outcome == SV_MODEL_SUCCEEDED)
        sv_registry_report_run(work->instance, has_failed);
}

void sv_model_work_begin_run(sv_model_work *work)
{
    work->call->timeline->stage_ns[SV_STAGE_QUEUE] += work->queued.waited_ns;
    work->executed_rows = count_items(work);
    sv_model_metrics_pending(work->version->series, -1);
}

static void end_run(sv_model_work *work, sv_status status, sv_error *error)
{
    bool is_cancelled = status == SV_CANCELLED;
    if (status)
        status = sv_call_fail_with(work->call, status, error);
    count_run(work, outcome_of(work->call, is_cancelled));
    sv_model_work_finish(work, status, error);
}

bool sv_model_work_end_run(sv_model_work *work, sv_status status, sv_error *error)
{
    bool is_cancelled = status == SV_CANCELLED;
    bool was_left = is_cancelled && sv_cancel_get(work->call->cancel) == SV_CANCEL_CLIENT;
    if (is_cancelled)
        sv_model_work_count_cancelled(work, SV_STAGE_CANCELLED_RUNNING);
    end_run(work, status, error);
    return was_left;
}

static void run_queued(sv_work *queued)
{
    sv_model_work *work = SV_CONTAINER_OF(queued, sv_model_work, queued);
    bool *ret_was_left = queued->ret_was_left;
    sv_error error = {0};
    sv_model_work_begin_run(work);
    sv_status status = work->run(work, &error);
    *ret_was_left = sv_model_work_end_run(work, status, &error);
}

/* Of work that never ran. */
static void count_unrun(const sv_model_work *work, sv_model_outcome outcome)
{
    sv_model_metrics_pending(work->version->series, -1);
    sv_model_metrics_observe(work->version->series, NULL, outcome, 1);
}

static void drop_queued(sv_work *queued, sv_status status)
{
    sv_model_work *work = SV_CONTAINER_OF(queued, sv_model_work, queued);
    count_unrun(work, status == SV_CANCELLED ? SV_MODEL_CANCELED : SV_MODEL_REJECTED);
    sv_model_work_count_cancelled(work, queued->was_batched ? SV_STAGE_CANCELLED_BATCHED
                                                            : SV_STAGE_CANCELLED_QUEUED);
    sv_model_work_finish(work, status, NULL);
}

/* Whoever words a failure for a protocol keeps the status of its answer. */
static bool is_answered_with(const sv_call *call, int status)
{
    const sv_error_kind *kind = call->result.failure;
    return kind && kind->status == status;
}

void sv_model_work_end_at(sv_model_work *work, sv_cancel_stage stage, sv_status status,
                          sv_error *error)
{
    bool is_cancelled = status == SV_CANCELLED;
    if (status && !is_cancelled)
        status = sv_call_fail_with(work->call, status, error);
    bool is_dropped = is_cancelled || is_answered_with(work->call, 504);
    bool is_refused = is_answered_with(work->call, 503);
    if (is_dropped)
        sv_model_work_count_cancelled(work, stage);
    if (stage != SV_STAGE_CANCELLED_QUEUED || !(is_dropped || is_refused)) {
        sv_model_work_begin_run(work);
        end_run(work, status, error);
        return;
    }
    count_unrun(work, is_cancelled ? SV_MODEL_CANCELED : SV_MODEL_REJECTED);
    sv_model_work_finish(work, status, error);
}

static sv_status turn_away(sv_model_work *work, const sv_work_refusal *refusal)
{
    sv_call *call = work->call;
    char seconds[24];
    count_unrun(work, SV_MODEL_REJECTED);
    snprintf(seconds, sizeof seconds, "%lld", (long long)refusal->retry_after_s);
    (void)sv_set_header(call, "Retry-After", sv_str_from(seconds));
    if (refusal->reason == SV_REFUSED_SHARE)
        return sv_fail(call, &sv_kind_rate_limited,
                       "More than this client's share of the line; try again in %s s", seconds);
    return sv_fail(call, &sv_kind_server_overloaded,
                   "The answer would come too late; try again in %s s", seconds);
}

void sv_model_work_await(sv_model_work *work)
{
    sv_model_metrics_pending(work->version->series, 1);
}

uint32_t sv_model_work_client(const sv_call *call)
{
    sv_str client = call->request.client;
    uint64_t hash = sv_hash_bytes(SV_HASH_START, client.ptr, client.len);
    return client.len ? (uint32_t)(hash ^ hash >> 32) : 0;
}

/* 1: it is not to be batched. */
static uint32_t most_rows(const sv_model_work *work)
{
    return work->batch_class ? (uint32_t)sv_batch_plan_rows(&work->instance->batching) : 1;
}

/* What may run together is given time to meet: while this thread reads the next request. */
static sv_status give_away(sv_model_work *work, sv_work_refusal *ret_refusal)
{
    sv_scheduler *scheduler = work->services->scheduler;
    return work->queued.max_batch_units > 1
               ? sv_scheduler_post(scheduler, &work->queued, ret_refusal)
               : sv_scheduler_submit(scheduler, &work->queued, ret_refusal);
}

sv_status sv_model_work_submit(sv_model_work *work)
{
    sv_work_refusal refusal;
    sv_call *call = work->call;
    int64_t deadline_ns = call->request.deadline_ns;
    sv_shadow_sweep(work->services->shadows);
    if (work->deadline_ns && work->deadline_ns < deadline_ns)
        deadline_ns = work->deadline_ns;
    work->queued = (sv_work){.run = run_queued,
                             .drop = drop_queued,
                             .lane = &work->version->lane,
                             .cancel = call->cancel,
                             .deadline_ns = deadline_ns,
                             .priority = work->priority,
                             .run_batch = work->run_batch,
                             .batch_class = work->batch_class,
                             .max_batch_units = most_rows(work),
                             .units = work->units,
                             .client = sv_model_work_client(call)};
    sv_model_metrics_pending(work->version->series, 1); /* before: the work may be gone after */
    if (give_away(work, &refusal) == SV_OK)
        return SV_DEFERRED;
    return turn_away(work, &refusal);
}
