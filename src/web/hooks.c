/* hooks.c: runs an application's middleware around every exchange of its server.
 *
 * DESIGN. The call is made when the head of the request is there, carried by the exchange through
 * its handler, if any, and given back once everything is written. While the handler works, the call
 * is the handler's. A request whose time is over is answered by a stand-in that has no call: only
 * `done` sees it, when its handler has given it back. */
#include "web/hooks.h"

#include <serval/middleware.h>

#include "base/clock.h"
#include "web/call.h"
#include "web/call_store.h"
#include "web/dependency.h"
#include "web/dispatch.h"
#include "web/task.h"

/* The rows that see this exchange, outermost first: those of the application whose route it has,
 * and of those it is mounted in; without a route the root's. */
static const sv_hook *list_hooks(const sv_exchange *exchange, const sv_application *root,
                                 size_t *ret_count)
{
    const sv_bound_operation *operation = exchange->route ? exchange->route->data : NULL;
    return sv_application_hooks(operation ? operation->application : root, ret_count);
}

/* Nothing passes by a hook that might have refused it. */
static void refuse_memory(sv_exchange *exchange)
{
    const sv_error_kind *kind = &sv_kind_insufficient_memory;
    sv_exchange_fail(exchange, &(sv_failure){.kind = kind, .message = sv_str_from(kind->title)});
}

static bool run_before(sv_exchange *exchange, void *arg)
{
    size_t n;
    const sv_hook *hooks = list_hooks(exchange, arg, &n);
    if (!n)
        return true;
    sv_call *call = sv_dispatch_make_call(arg, exchange);
    if (!call) {
        refuse_memory(exchange);
        return false;
    }
    (void)sv_call_store_end(call); /* only its handler may complete it (dispatch.c) */
    call->is_hooked = true;
    exchange->user = call;
    for (size_t i = 0; i < n; i++) {
        call->application = hooks[i].application;
        sv_status status = hooks[i].middleware->before ? hooks[i].middleware->before(call) : SV_OK;
        if (!status)
            continue;
        sv_dispatch_settle_failure(call, status);
        sv_dispatch_fill_answer(call);
        return false;
    }
    return true;
}

/* A hook that calls sv_fail puts another error in the place of the answer. */
static void run_on_error(sv_call *call, const sv_middleware *middleware)
{
    call->result.failure = NULL;
    middleware->on_error(call, call->exchange->answer.kind);
    if (call->result.failure)
        sv_dispatch_fill_failure(call);
}

static void run_after(sv_exchange *exchange, void *arg)
{
    sv_call *call = exchange->user;
    size_t n;
    const sv_hook *hooks = list_hooks(exchange, arg, &n);
    if (!call)
        return;
    call->is_answered = true;
    for (size_t i = n; exchange->answer.kind && i-- > 0;) {
        call->application = hooks[i].application;
        if (hooks[i].middleware->on_error)
            run_on_error(call, hooks[i].middleware);
    }
    for (size_t i = n; i-- > 0;) {
        call->application = hooks[i].application;
        if (hooks[i].middleware->after)
            hooks[i].middleware->after(call);
    }
}

/* What hooks opened and asked for, when no handler ran, or after it. */
static void tidy_up(sv_call *call)
{
    const sv_answer *answer = &call->exchange->answer;
    call->result.failure = answer->kind;
    if (answer->status == 499)
        call->result.failure = &sv_kind_request_timeout; /* for sv_has_failed */
    sv_dependency_close_all(call);
    sv_task_batch *tasks = sv_task_take(call);
    if (answer->status >= 400)
        sv_task_drop(tasks);
    else
        sv_task_pass_on(tasks);
}

static void run_done(sv_exchange *exchange, void *arg)
{
    sv_call *call = exchange->user;
    size_t n;
    const sv_hook *hooks = list_hooks(exchange, arg, &n);
    if (!call)
        return;
    for (size_t i = n; i-- > 0;) {
        call->application = hooks[i].application;
        if (hooks[i].middleware->done)
            hooks[i].middleware->done(call);
    }
    exchange->user = NULL;
    tidy_up(call);
    sv_call_store_put(sv_application_calls(call->application), call);
}

void sv_hooks_see_piece(sv_call *call, sv_str piece)
{
    size_t n;
    const sv_hook *hooks = sv_application_hooks(call->application, &n);
    for (size_t i = n; call->is_hooked && i-- > 0;)
        if (hooks[i].middleware->on_stream)
            hooks[i].middleware->on_stream(call, piece);
}

sv_http_middleware sv_hooks_middleware(sv_application *application)
{
    if (!sv_application_has_hooks(application))
        return (sv_http_middleware){0};
    return (sv_http_middleware){
        .before = run_before, .after = run_after, .done = run_done, .arg = application};
}

int sv_response_status(const sv_call *call)
{
    return call->exchange ? call->exchange->answer.status : call->result.status;
}

size_t sv_response_size_bytes(const sv_call *call)
{
    return call->exchange ? call->exchange->answer_bytes : 0;
}

double sv_elapsed_ms(const sv_call *call)
{
    int64_t until = call->exchange ? call->exchange->finished_ns : 0;
    if (!until)
        until = sv_clock_now_ns(sv_application_clock(call->application));
    return (double)(until - call->request.started_ns) / (double)SV_NS_PER_MS;
}
