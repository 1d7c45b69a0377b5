/* model_work.c: the way of a call from a model's name to its permit and to its end. Not the work:
 * see `run`. */
#include "api/model_work.h"

#include <math.h>
#include <stdio.h>

#include "api/model_metrics.h"
#include "base/clock.h"
#include "base/writer.h"

static int64_t read_now(void)
{
    return sv_clock_now_ns(&sv_clock_system);
}

void sv_model_work_start(sv_model_work *work)
{
    work->services = sv_call_state(work->call);
    work->started_ns = read_now();
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

static sv_status fail_version(sv_call *call, const sv_model *model, sv_str version)
{
    sv_buf list;
    sv_writer writer;
    sv_buf_init(&list, 8192);
    sv_writer_init(&writer, &list);
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < model->n_versions; i++)
        sv_writer_str(&writer, model->versions[i].name);
    sv_writer_end_array(&writer);
    sv_buf_append_byte(&list, '\0');
    sv_fail(call, &sv_kind_model_version_not_found, "Model version %.*s not found",
            SV_STR_ARG(version));
    if (!sv_buf_status(&list))
        (void)sv_fail_member(call, "available", list.ptr);
    sv_buf_deinit(&list);
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

sv_status sv_model_work_find(sv_model_work *work, sv_str model, sv_str version)
{
    sv_call *call = work->call;
    work->model = sv_registry_find(work->services->registry, model);
    if (!work->model && model.len)
        return sv_fail(call, &sv_kind_model_not_found, "Model %.*s not found", SV_STR_ARG(model));
    if (!work->model)
        return sv_fail(call, &sv_kind_model_not_loaded, "Model classifier is not loaded");
    if (!version.len)
        version = sv_request_header(call, "x-model-version");
    work->version = sv_registry_find_version(work->model, version);
    if (!work->version)
        return fail_version(call, work->model, version);
    if (sv_registry_state(work->version) != SV_VERSION_READY)
        return sv_fail(call, &sv_kind_model_not_loaded, "Model %.*s is not loaded",
                       SV_STR_ARG(work->model->name));
    tell_model(work);
    return SV_OK;
}

/* Ending. */

/* "fetch;dur=1.2, queue;dur=…": the stages that happened. */
static void add_server_timing(sv_call *call)
{
    sv_buf text;
    sv_buf_init(&text, 512);
    for (int stage = 0; stage < SV_STAGE_COUNT; stage++) {
        int64_t ns = call->timeline->stage_ns[stage];
        if (ns)
            sv_buf_printf(&text, "%s%s;dur=%.2f", text.len ? ", " : "",
                          sv_timeline_stage_name((sv_stage)stage), (double)ns / 1e6);
    }
    if (text.len && !sv_buf_status(&text))
        (void)sv_set_header(call, "Server-Timing", sv_buf_str(&text));
    sv_buf_deinit(&text);
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

/* `computed_ns` is all of the time with the permit. */
static void count_run(const sv_model_work *work, sv_model_outcome outcome, int64_t waited_ns,
                      int64_t computed_ns)
{
    const int64_t *stages = work->call->timeline->stage_ns;
    int64_t infer_ns = stages[SV_STAGE_INFER], output_ns = stages[SV_STAGE_ENCODE];
    sv_version_run run = {.failed = outcome != SV_MODEL_SUCCEEDED,
                          .total_ns = read_now() - work->started_ns,
                          .queue_ns = waited_ns,
                          .input_ns = computed_ns - infer_ns - output_ns,
                          .infer_ns = infer_ns,
                          .output_ns = output_ns};
    sv_version_stats_add(&work->version->stats, &run);
    sv_model_metrics_observe(work->version->series, &run, outcome, 1);
    if (infer_ns)
        sv_model_metrics_executed(work->version->series, 1);
}

static void run_queued(sv_work *queued)
{
    sv_model_work *work = SV_CONTAINER_OF(queued, sv_model_work, queued);
    sv_error error = {0};
    int64_t started = read_now();
    sv_model_metrics_pending(work->version->series, -1);
    work->call->timeline->stage_ns[SV_STAGE_QUEUE] += queued->waited_ns;
    sv_status status = work->run(work, &error);
    bool cancelled = status == SV_CANCELLED;
    if (status)
        status = sv_call_fail_with(work->call, status, &error);
    count_run(work, outcome_of(work->call, cancelled), queued->waited_ns, read_now() - started);
    if (cancelled)
        sv_model_work_count_cancelled(work, SV_STAGE_CANCELLED_RUNNING);
    sv_model_work_finish(work, status, &error);
}

static void drop_queued(sv_work *queued, sv_status status)
{
    sv_model_work *work = SV_CONTAINER_OF(queued, sv_model_work, queued);
    sv_model_outcome outcome = status == SV_CANCELLED ? SV_MODEL_CANCELED : SV_MODEL_REJECTED;
    sv_model_metrics_pending(work->version->series, -1);
    sv_model_metrics_observe(work->version->series, NULL, outcome, 1);
    sv_model_work_count_cancelled(work, SV_STAGE_CANCELLED_QUEUED);
    sv_model_work_finish(work, status, NULL);
}

sv_status sv_model_work_submit(sv_model_work *work)
{
    sv_work_refusal refusal;
    sv_call *call = work->call;
    work->queued = (sv_work){.run = run_queued,
                             .drop = drop_queued,
                             .lane = &work->version->lane,
                             .cancel = call->cancel,
                             .deadline_ns = call->request.deadline_ns};
    sv_model_metrics_pending(work->version->series, 1); /* before: the work may be gone after */
    if (sv_scheduler_submit(work->services->scheduler, &work->queued, &refusal) == SV_OK)
        return SV_DEFERRED;
    sv_model_metrics_pending(work->version->series, -1);
    sv_model_metrics_observe(work->version->series, NULL, SV_MODEL_REJECTED, 1);
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)refusal.retry_after_s);
    (void)sv_set_header(call, "Retry-After", sv_str_from(seconds));
    return sv_fail(call, &sv_kind_server_overloaded,
                   "The answer would come too late; try again in %s s", seconds);
}
