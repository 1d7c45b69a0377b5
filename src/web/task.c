/* task.c: tasks after the answer: kept as JSON with their call, run with a call of their own.
 *
 * DESIGN. The batch has an arena of its own, since the call's goes back with its exchange. The
 * argument is copied by encoding it and decoded again when the task runs: whatever it pointed to
 * may be gone by then. */
#include "web/task.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/writer.h"
#include "web/application.h"
#include "web/call_store.h"
#include "web/dependency.h"
#include "json/decode.h"
#include "json/encode.h"

enum { MAX_TASKS = 64, MAX_ARGUMENT_BYTES = 1 << 20 };

typedef struct queued_task {
    struct queued_task *next;
    const sv_task *task;
    const sv_plan *plan;
    sv_str argument; /* JSON */
} queued_task;

struct sv_task_batch {
    sv_application *application;
    sv_arena *arena;
    queued_task *first, **last;
    size_t n;
    sv_str request_id;
    sv_message message;
};

static sv_task_batch *get_batch(sv_call *call)
{
    if (call->tasks)
        return call->tasks;
    sv_arena *arena = sv_arena_new(0);
    sv_task_batch *batch = arena ? sv_arena_alloc(arena, sizeof *batch) : NULL;
    if (!batch) {
        sv_arena_free(arena);
        return NULL;
    }
    batch->application = call->application;
    batch->arena = arena;
    batch->last = &batch->first;
    batch->request_id = sv_arena_copy(arena, call->request.request_id);
    call->tasks = batch;
    return batch;
}

static sv_status keep_argument(sv_task_batch *batch, const sv_plan *plan, const void *in,
                               sv_str *ret_json)
{
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, MAX_ARGUMENT_BYTES);
    sv_writer_init(&writer, &buf);
    sv_status status = sv_encode(plan, in, &writer, &error);
    if (status == SV_INVALID)
        sv_application_report(batch->application,
                              "the argument of a task breaks its schema at %s: %s", error.path,
                              error.message);
    sv_str json = status ? (sv_str){0} : sv_arena_copy(batch->arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    if (!status && !json.ptr)
        status = SV_NO_MEMORY;
    if (!status)
        *ret_json = json;
    return status;
}

sv_status sv_task_later_(sv_call *call, const sv_task *task, const void *in)
{
    sv_task_batch *batch = get_batch(call);
    queued_task *queued = batch ? sv_arena_alloc(batch->arena, sizeof *queued) : NULL;
    if (!queued)
        return SV_NO_MEMORY;
    if (batch->n == MAX_TASKS)
        return SV_TOO_LARGE;
    queued->task = task;
    sv_status status = sv_application_plan(call->application, task->in, &queued->plan);
    if (!status)
        status = keep_argument(batch, queued->plan, in, &queued->argument);
    if (status)
        return status;
    *batch->last = queued;
    batch->last = &queued->next;
    batch->n++;
    return SV_OK;
}

sv_task_batch *sv_task_take(sv_call *call)
{
    sv_task_batch *batch = call->tasks;
    call->tasks = NULL;
    return batch;
}

void sv_task_drop(sv_task_batch *batch)
{
    if (batch)
        sv_arena_free(batch->arena);
}

static sv_status decode_argument(sv_arena *arena, const queued_task *queued, void **ret_in)
{
    const sv_value *value;
    sv_value_error syntax;
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_status status = sv_value_parse(arena, queued->argument, NULL, &syntax, &value);
    return status ? status : sv_decode_value(arena, queued->plan, value, &errors, ret_in);
}

/* A call without a request and without a sink. */
static void prepare(sv_call *call, const sv_task_batch *batch, const queued_task *queued,
                    sv_arena *arena)
{
    call->application = batch->application;
    call->name = queued->task->name;
    call->arena = arena;
    call->user_state = sv_application_state(batch->application);
    call->request.method = call->request.path = call->request.raw_path = SV_STR("");
    call->request.query = call->request.body = call->request.client = SV_STR("");
    call->request.request_id = batch->request_id;
    call->request.started_ns = sv_clock_now_ns(sv_application_clock(batch->application));
    call->request.deadline_ns = SV_NEVER;
}

static void report_failure(const sv_call *call, sv_status status)
{
    if (status == SV_FAILED && call->result.failure)
        sv_application_report(call->application, "task %s failed: %.*s", call->name,
                              SV_STR_ARG(call->result.message));
    else if (status)
        sv_application_report(call->application, "task %s failed: %s", call->name,
                              sv_status_text(status));
}

static void run_one(const sv_task_batch *batch, const queued_task *queued)
{
    sv_call_store *store = sv_application_calls(batch->application);
    sv_call *call = sv_call_store_take(store);
    sv_arena *arena = sv_arena_new(0);
    sv_status status = SV_NO_MEMORY;
    void *in = NULL;
    if (call && arena) {
        (void)sv_call_store_end(call); /* nobody waits for it: it cannot be completed */
        prepare(call, batch, queued, arena);
        status = decode_argument(arena, queued, &in);
        if (!status)
            status = queued->task->run(call, in);
        sv_dependency_close_all(call);
        report_failure(call, status);
        sv_task_pass_on(sv_task_take(call)); /* what a task left behind takes its turn */
    } else {
        sv_application_report(batch->application, "task %s was not run: out of memory",
                              queued->task->name);
    }
    sv_arena_free(arena);
    if (call)
        sv_call_store_put(store, call);
}

void sv_task_run(sv_task_batch *batch)
{
    for (const queued_task *at = batch ? batch->first : NULL; at; at = at->next)
        run_one(batch, at);
    sv_task_drop(batch);
}

static void run_message(sv_message *message)
{
    sv_task_run(SV_CONTAINER_OF(message, sv_task_batch, message));
}

sv_status sv_task_submit(sv_task_batch *batch)
{
    batch->message.run = run_message;
    return sv_pool_submit(sv_application_pool(batch->application), &batch->message);
}

void sv_task_pass_on(sv_task_batch *batch)
{
    if (!batch || !sv_task_submit(batch))
        return;
    sv_application_report(batch->application, "%zu tasks were not run: the pool takes no more",
                          batch->n);
    sv_task_drop(batch);
}
