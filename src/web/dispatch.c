/* dispatch.c: how every call runs: decode and validate, handle, encode, hand to the sink. The only
 * place that knows the order of things; handlers and HTTP know nothing of each other. */
#include "web/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "http/message.h"
#include "http/stream.h"
#include "web/application.h"
#include "web/call_store.h"
#include "web/dependency.h"
#include "web/events.h"
#include "web/gather.h"
#include "web/task.h"
#include "json/body.h"
#include "json/decode.h"
#include "json/encode.h"

enum { MAX_ANSWER_BYTES = 1 << 30, FIRST_ANSWER_BYTES = 512, INLINE_LIMIT_MS = 100 };

/* A body of a type that the row lists as raw reaches the handler as it is. */
static bool takes_raw_body(const sv_call *call, sv_str content_type)
{
    const char *raw = call->operation->row->raw_media;
    return raw && (!sv_body_is_json(content_type) ||
                   sv_message_media_matches(SV_STR("application/json"), sv_str_from(raw)));
}

static sv_status read_body(sv_call *call, sv_errors *errors, const sv_value **ret_value)
{
    sv_body body = {.content_type = sv_request_header(call, "content-type"),
                    .bytes = call->request.body,
                    .only_json = call->operation->in && call->operation->in->schema->embed};
    sv_status status = sv_body_read(call->arena, &body, errors, ret_value);
    if (status == SV_FAILED)
        sv_fail(call, &sv_kind_invalid_json, SV_BODY_UNREADABLE);
    if (status == SV_TOO_LARGE)
        return sv_fail(call, &sv_kind_payload_too_large, "The body holds too many values");
    return status;
}

static sv_status decode_params(sv_call *call, sv_errors *errors)
{
    if (!call->operation->params)
        return SV_OK;
    return sv_gather_params(call, call->operation->params, errors, &call->params);
}

static sv_status decode_body(sv_call *call, const sv_value *value, sv_errors *errors)
{
    bool is_absent = !value || sv_value_get_type(value) == SV_VALUE_NULL;
    if (is_absent && call->operation->row->optional_body)
        return SV_OK;
    void *decoded = NULL;
    sv_status status = sv_decode_body(call->arena, call->operation->in, value, errors, &decoded);
    call->in = decoded;
    return status;
}

/* In FastAPI's order: a syntax error of the body stands alone; what the operation needs may refuse
 * (a key that is missing) before its own parameters and body are judged, all in one list. */
static sv_status decode_request(sv_call *call, sv_errors *errors)
{
    const sv_bound_operation *operation = call->operation;
    bool has_body = operation->in && !takes_raw_body(call, sv_request_header(call, "content-type"));
    const sv_value *value = NULL;
    sv_status status = has_body ? read_body(call, errors, &value) : SV_OK;
    if (!status)
        status = sv_dependency_open_all(call, errors);
    if (status)
        return status;
    status = decode_params(call, errors);
    if (status && status != SV_INVALID)
        return status;
    if (has_body) {
        sv_status of_body = decode_body(call, value, errors);
        status = of_body ? of_body : status;
    }
    return !status && errors->count ? SV_INVALID : status;
}

static sv_status write_detail(sv_call *call, const sv_errors *errors, sv_str *ret_json)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_errors_write(errors, &writer);
    sv_status status = sv_buf_status(&buf);
    sv_str json = status ? (sv_str){0} : sv_arena_copy(call->arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    if (!status && !json.ptr)
        status = SV_NO_MEMORY;
    if (!status)
        *ret_json = json;
    return status;
}

sv_status sv_dispatch_refuse(sv_call *call, const sv_errors *errors)
{
    sv_str detail;
    sv_status status =
        errors->status == SV_NO_MEMORY ? SV_NO_MEMORY : write_detail(call, errors, &detail);
    if (status)
        return status;
    sv_errors_view first = sv_errors_get(errors, 0);
    if (first.type == SV_ERROR_TYPE_JSON_INVALID)
        first.path = SV_STR(""); /* an offset, not a field */
    sv_str message = sv_arena_printf(call->arena, "%s%.*s%s%.*s%s",
                                     "Validation failed: ", SV_STR_ARG(first.path),
                                     first.path.len ? ": " : "", SV_STR_ARG(first.message),
                                     errors->count > 1 ? " (and more, see detail)" : "");
    sv_call_set_failure(call, &sv_kind_validation_error,
                        message.ptr ? message : SV_STR("Validation failed"), detail);
    return SV_FAILED;
}

static sv_status run_handler(sv_call *call)
{
    const sv_handler *handler = call->operation->row->handler;
    sv_errors errors;
    sv_errors_init(&errors, call->arena);
    sv_status status = decode_request(call, &errors);
    if (status == SV_INVALID)
        return sv_dispatch_refuse(call, &errors);
    if (status)
        return status;
    if (sv_cancel_is_set(call->cancel))
        return SV_CANCELLED;
    if (handler->out && !(call->out = sv_arena_alloc(call->arena, handler->out->size)))
        return SV_NO_MEMORY;
    if (handler->event && !(call->out = sv_events_open(call)))
        return SV_NO_MEMORY;
    return handler->run(call, call->params, call->in, call->out);
}

/* A handler on an event loop holds up all its connections: one that takes long is told. */
static void report_blocking(const sv_application *application, const char *name, int64_t since_ns)
{
    int64_t took_ms = (sv_clock_now_ns(&sv_clock_system) - since_ns) / SV_NS_PER_MS;
    if (took_ms >= INLINE_LIMIT_MS)
        sv_application_report(application,
                              "%s ran for %lld ms on an event loop: `run_inline` handlers must not "
                              "block nor take long",
                              name, (long long)took_ms);
}

static void report_twice(const sv_application *application, const char *name)
{
    sv_application_report(application, "%s: the call was answered twice; the first counts", name);
}

static void mark_running(sv_call *call, int64_t since_ns)
{
    atomic_store_explicit(&call->is_inline, !call->is_on_pool, memory_order_relaxed);
    atomic_store_explicit(&call->running_since_ns, since_ns, memory_order_relaxed);
}

/* Once the handler has returned, the call may be over, if somebody completed it, and its memory
 * another call's. */
static void run_call(sv_call *call)
{
    unsigned long long turn = sv_call_store_turn(call);
    const sv_application *application = call->application;
    const char *name = call->name;
    bool is_inline = !call->is_on_pool;
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    mark_running(call, now);
    sv_status status = run_handler(call);
    if (is_inline)
        report_blocking(application, name, now);
    if (status == SV_DEFERRED) {
        if (sv_call_store_turn(call) == turn)
            atomic_store_explicit(&call->running_since_ns, 0, memory_order_relaxed);
        (void)sv_call_store_leave(call, turn, SV_CALL_DEFERRED);
        return;
    }
    if (sv_call_store_leave(call, turn, SV_CALL_ENDING))
        sv_dispatch_finish(call, status);
    else
        report_twice(application, name);
}

void sv_complete(sv_call *call, sv_status status)
{
    if (!sv_call_store_end(call)) {
        report_twice(call->application, call->name);
        return;
    }
    call->is_on_pool = false; /* this thread has other things to do than its tasks */
    sv_dispatch_finish(call, status == SV_DEFERRED ? SV_FAILED : status);
}

static void run_message(sv_message *message)
{
    sv_call *call = SV_CONTAINER_OF(message, sv_call, message);
    call->is_on_pool = true;
    run_call(call);
}

static sv_status encode_answer(sv_call *call)
{
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_buf_reserve(&buf, FIRST_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    const sv_operation *row = call->operation->row;
    unsigned flags = (row->exclude_none ? SV_ENCODE_WITHOUT_NULLS : SV_ENCODE_ALL) |
                     (row->exclude_defaults ? SV_ENCODE_WITHOUT_DEFAULTS : SV_ENCODE_ALL);
    sv_status status =
        sv_encode_some(call->operation->out, call->out, (sv_encode_flags)flags, &writer, &error);
    if (!status)
        status = sv_call_keep_bytes(call, &buf, &call->result.body);
    sv_buf_deinit(&buf);
    call->result.content_type = SV_STR("application/json");
    if (status != SV_INVALID)
        return status;
    call->result.log_detail = sv_arena_printf(call->arena, "the answer breaks its schema at %s: %s",
                                              error.path, error.message);
    const sv_error_kind *kind = error.kind ? error.kind : &sv_kind_internal_error;
    return sv_fail(call, kind, "%s", kind->title);
}

void sv_dispatch_settle_failure(sv_call *call, sv_status status)
{
    if (!call->result.failure)
        sv_call_fail_with(call, status, NULL);
    call->result.status = call->result.failure->status;
    if (call->result.status >= 500 && call->result.log_detail.len &&
        sv_application_get_config(call->application)->debug)
        call->result.message = call->result.log_detail;
}

/* What the handler returned, as the result of the call. */
static void conclude(sv_call *call, sv_status status)
{
    const sv_bound_operation *operation = call->operation;
    if (call->is_stream)
        sv_events_finish(call, status);
    else if (!status && operation->row->handler->event && !call->has_bytes)
        status = sv_events_close(call->out);
    else if (!status && operation->out && !call->has_bytes)
        status = encode_answer(call);
    if (status)
        sv_dispatch_settle_failure(call, status);
    else
        call->result.failure = NULL;
    sv_dependency_close_all(call);
    if (call->result.failure) /* closing may have failed too */
        sv_dispatch_settle_failure(call, SV_FAILED);
    else if (!call->result.status)
        call->result.status = operation->row->status ? operation->row->status : 200;
}

/* Ends a call: its result goes to the sink, its tasks run afterwards. On a thread that is not the
 * pool's they are handed over before, so that a pool that takes nothing more refuses the request
 * instead of losing them. */
void sv_dispatch_finish(sv_call *call, sv_status status)
{
    bool is_on_pool = call->is_on_pool;
    atomic_store_explicit(&call->running_since_ns, 0, memory_order_relaxed);
    conclude(call, status);
    sv_task_batch *tasks = sv_task_take(call);
    if (tasks && call->result.failure) {
        sv_task_drop(tasks);
        tasks = NULL;
    }
    if (tasks && !is_on_pool) {
        if (sv_task_submit(tasks)) {
            sv_task_drop(tasks);
            sv_dispatch_settle_failure(call, SV_UNAVAILABLE);
        }
        tasks = NULL;
    }
    call->sink(call);
    sv_task_run(tasks);
}

void sv_dispatch_fill_failure(sv_call *call)
{
    const sv_call_result *result = &call->result;
    sv_exchange_fail(call->exchange, &(sv_failure){.kind = result->failure,
                                                   .message = result->message,
                                                   .detail_json = result->detail_json,
                                                   .members_json = result->members_json,
                                                   .param = result->param});
}

/* The sink of HTTP: the result becomes the exchange's answer. */
void sv_dispatch_fill_answer(sv_call *call)
{
    sv_exchange *exchange = call->exchange;
    const sv_call_result *result = &call->result;
    sv_answer *answer = &exchange->answer;
    answer->status = result->status;
    answer->content_type = result->content_type;
    answer->body = result->body;
    answer->absent_bytes = result->absent_bytes;
    answer->log_detail = result->log_detail;
    memcpy(answer->headers, result->headers, result->n_headers * sizeof *result->headers);
    answer->n_headers = result->n_headers;
    if (result->failure)
        sv_dispatch_fill_failure(call);
}

/* A call with hooks lives until they have seen its end (hooks.c). */
static void answer_exchange(sv_call *call)
{
    sv_exchange *exchange = call->exchange;
    bool breaks_off = call->breaks_off;
    if (!call->is_stream)
        sv_dispatch_fill_answer(call);
    if (!call->is_hooked)
        sv_call_store_put(sv_application_calls(call->application), call);
    if (breaks_off)
        sv_stream_abort(exchange);
    else
        sv_exchange_respond(exchange);
}

sv_call *sv_dispatch_make_call(sv_application *application, sv_exchange *exchange)
{
    sv_call *call = sv_call_store_take(sv_application_calls(application));
    if (!call)
        return NULL;
    call->application = application;
    call->name = "middleware";
    call->exchange = exchange;
    call->arena = exchange->arena;
    call->cancel = exchange->cancel;
    call->timeline = &exchange->timeline;
    call->user_state = sv_application_state(application);
    call->request = (sv_call_request){.method = exchange->method,
                                      .raw_path = exchange->raw_path,
                                      .path = exchange->path,
                                      .query = exchange->query,
                                      .request_id = exchange->request_id,
                                      .client = exchange->client,
                                      .headers = exchange->headers,
                                      .n_headers = exchange->n_headers,
                                      .path_params = exchange->params,
                                      .started_ns = exchange->started_ns,
                                      .deadline_ns = exchange->deadline_ns};
    call->message.run = run_message;
    call->sink = answer_exchange;
    return call;
}

static void refuse(sv_exchange *exchange, const sv_error_kind *kind)
{
    sv_exchange_fail(exchange, &(sv_failure){.kind = kind, .message = sv_str_from(kind->title)});
    (void)sv_exchange_add_header(exchange, SV_STR("Retry-After"),
                                 SV_STR("1")); /* memory may be out */
    sv_exchange_respond(exchange);
}

/* The call that middleware has seen already, or a new one. */
static sv_call *get_call(sv_exchange *exchange)
{
    const sv_bound_operation *operation = exchange->route->data;
    sv_call *call = exchange->user;
    if (call)
        sv_call_store_resume(call); /* from now on it may be completed */
    else
        call = sv_dispatch_make_call(operation->application, exchange);
    if (!call)
        return NULL;
    call->application = operation->application;
    call->operation = operation;
    call->name = operation->row->handler->name;
    call->message.kind = operation;
    call->request.body = exchange->body;
    call->request.deadline_ns = exchange->deadline_ns;
    return call;
}

void sv_dispatch_exchange(sv_exchange *exchange)
{
    sv_call *call = get_call(exchange);
    if (!call) {
        refuse(exchange, &sv_kind_insufficient_memory);
        return;
    }
    if (call->operation->row->run_inline) {
        run_call(call);
        return;
    }
    sv_pool *pool = sv_application_pool(call->application);
    if (sv_pool_submit(pool, &call->message) == SV_OK)
        return;
    if (!call->is_hooked)
        sv_call_store_put(sv_application_calls(call->application), call);
    refuse(exchange, &sv_kind_server_overloaded);
}
