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
#include "web/dispatch.h"

static const sv_middleware *list_of(const sv_call *call)
{
    return sv_application_get_config(call->application)->app->middleware;
}

static size_t count(const sv_middleware *list)
{
    size_t n = 0;
    while (list && list[n].name)
        n++;
    return n;
}

static bool run_before(sv_exchange *exchange, void *arg)
{
    sv_call *call = sv_dispatch_make_call(arg, exchange);
    if (!call)
        return true; /* the handler's call will say that memory is out */
    call->is_hooked = true;
    exchange->user = call;
    const sv_middleware *list = list_of(call);
    for (size_t i = 0, n = count(list); i < n; i++) {
        sv_status status = list[i].before ? list[i].before(call) : SV_OK;
        if (!status)
            continue;
        sv_dispatch_settle_failure(call, status);
        sv_dispatch_fill_answer(call);
        return false;
    }
    return true;
}

/* A hook that calls sv_fail puts another error in the place of the answer. */
static void run_on_error(sv_call *call, const sv_middleware *list)
{
    sv_exchange *exchange = call->exchange;
    for (size_t i = count(list); i-- > 0;) {
        if (!list[i].on_error)
            continue;
        call->result.failure = NULL;
        list[i].on_error(call, exchange->answer.kind);
        if (call->result.failure)
            sv_dispatch_fill_answer(call);
    }
}

/* The application of the call may be a mounted one by now: its hooks are those of the root. */
static void run_after(sv_exchange *exchange, void *arg)
{
    sv_call *call = exchange->user;
    if (!call)
        return;
    call->application = arg;
    call->is_answered = true;
    const sv_middleware *list = list_of(call);
    if (exchange->answer.kind)
        run_on_error(call, list);
    for (size_t i = count(list); i-- > 0;)
        if (list[i].after)
            list[i].after(call);
}

static void run_done(sv_exchange *exchange, void *arg)
{
    sv_call *call = exchange->user;
    if (!call)
        return;
    call->application = arg;
    const sv_middleware *list = list_of(call);
    for (size_t i = count(list); i-- > 0;)
        if (list[i].done)
            list[i].done(call);
    exchange->user = NULL;
    sv_call_store_put(sv_application_calls(call->application), call);
}

void sv_hooks_see_piece(sv_call *call, sv_str piece)
{
    if (!call->is_hooked)
        return;
    const sv_middleware *list =
        sv_application_get_config(sv_application_root(call->application))->app->middleware;
    for (size_t i = count(list); i-- > 0;)
        if (list[i].on_stream)
            list[i].on_stream(call, piece);
}

sv_http_middleware sv_hooks_middleware(sv_application *application)
{
    const sv_app *app = sv_application_get_config(application)->app;
    if (!app || !count(app->middleware))
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
