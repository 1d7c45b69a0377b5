/* dispatch.c: how every call runs: decode and validate, handle, encode, hand to the sink. The only
 * place that knows the order of things; handlers and HTTP know nothing of each other. */
#include "web/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "http/message.h"
#include "web/application.h"
#include "web/call.h"
#include "web/operation.h"
#include "json/body.h"
#include "json/decode.h"
#include "json/encode.h"
#include "json/params.h"

enum { MAX_QUERY_PARAMS = 1000, MAX_ANSWER_BYTES = 1 << 30, FIRST_ANSWER_BYTES = 512 };

static void finish(sv_call *call, sv_status status);

/* Path and query as name-value pairs, percent-decoded. */
static sv_status collect_params(sv_call *call, sv_params *ret_params)
{
    const sv_bound_operation *operation = call->operation;
    size_t max = operation->n_path_params + sv_message_count_pairs(call->request.query);
    if (max > MAX_QUERY_PARAMS)
        return sv_fail(call, &sv_kind_bad_request,
                       "Too many query parameters: at most %d are allowed", MAX_QUERY_PARAMS);
    sv_param *items = sv_arena_alloc_array(call->arena, max, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    size_t n = 0;
    for (; n < operation->n_path_params; n++)
        items[n] = (sv_param){SV_IN_PATH, operation->path_params[n], call->request.path_params[n]};
    sv_str rest = call->request.query, name, value;
    while (n < max && sv_message_next_pair(&rest, call->arena, &name, &value))
        items[n++] = (sv_param){SV_IN_QUERY, name, value};
    *ret_params = (sv_params){items, n};
    return SV_OK;
}

static sv_status decode_params(sv_call *call, sv_errors *errors)
{
    if (!call->operation->params)
        return SV_OK;
    sv_params params;
    sv_status status = collect_params(call, &params);
    void *decoded = NULL;
    if (!status)
        status = sv_params_decode(call->arena, call->operation->params, &params, errors, &decoded);
    call->params = decoded;
    return status;
}

/* A body of a type that the row lists as raw reaches the handler as it is. */
static bool takes_raw_body(const sv_call *call, sv_str content_type)
{
    return call->operation->row->raw_media && !sv_body_is_json(content_type);
}

static sv_status read_body(sv_call *call, sv_errors *errors, const sv_value **ret_value)
{
    sv_body body = {.content_type = sv_request_header(call, "content-type"),
                    .bytes = call->request.body};
    sv_status status = sv_body_read(call->arena, &body, errors, ret_value);
    if (status == SV_FAILED)
        sv_fail(call, &sv_kind_invalid_json, SV_BODY_UNREADABLE);
    if (status == SV_TOO_LARGE)
        return sv_fail(call, &sv_kind_payload_too_large, "The body holds too many values");
    return status;
}

/* Parameters and body, every mistake of both in one list; a syntax error of the body stands alone.
 */
static sv_status decode_request(sv_call *call, sv_errors *errors)
{
    const sv_bound_operation *operation = call->operation;
    bool has_body = operation->in && !takes_raw_body(call, sv_request_header(call, "content-type"));
    const sv_value *value = NULL;
    sv_status status = has_body ? read_body(call, errors, &value) : SV_OK;
    if (status)
        return status;
    status = decode_params(call, errors);
    if ((status && status != SV_INVALID) || !has_body)
        return status;
    void *decoded = NULL;
    sv_status of_body = sv_decode_body(call->arena, operation->in, value, errors, &decoded);
    call->in = decoded;
    return of_body ? of_body : status;
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

/* The 422 of a request that does not fit its schemas. */
static sv_status refuse_invalid(sv_call *call, const sv_errors *errors)
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
        return refuse_invalid(call, &errors);
    if (status)
        return status;
    if (sv_cancel_is_set(call->cancel))
        return SV_CANCELLED;
    if (handler->out && !(call->out = sv_arena_alloc(call->arena, handler->out->size)))
        return SV_NO_MEMORY;
    return handler->run(call, call->params, call->in, call->out);
}

static void run_call(sv_call *call)
{
    sv_status status = run_handler(call);
    if (status != SV_DEFERRED) /* else the call may be gone already */
        finish(call, status);
}

static void run_message(sv_message *message)
{
    run_call(SV_CONTAINER_OF(message, sv_call, message));
}

static void free_bytes(void *bytes)
{
    free(bytes);
}

/* Moves what a buffer holds into the call: no copy, freed with the arena. */
static sv_status keep_bytes(sv_call *call, sv_buf *buf, sv_str *ret_bytes)
{
    size_t len;
    char *bytes = sv_buf_take(buf, &len);
    if (sv_arena_defer(call->arena, free_bytes, bytes)) {
        free(bytes);
        return SV_NO_MEMORY;
    }
    *ret_bytes = (sv_str){bytes ? bytes : "", len};
    return SV_OK;
}

static sv_status encode_answer(sv_call *call)
{
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_buf_reserve(&buf, FIRST_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_status status = sv_encode(call->operation->out, call->out, &writer, &error);
    if (!status)
        status = keep_bytes(call, &buf, &call->result.body);
    sv_buf_deinit(&buf);
    call->result.content_type = SV_STR("application/json");
    if (status != SV_INVALID)
        return status;
    call->result.log_detail = sv_arena_printf(call->arena, "the answer breaks its schema at %s: %s",
                                              error.path, error.message);
    const sv_error_kind *kind = error.kind ? error.kind : &sv_kind_internal_error;
    return sv_fail(call, kind, "%s", kind->title);
}

/* Ends a call: whatever went wrong becomes a failure of the contract, and the sink gets it. */
static void finish(sv_call *call, sv_status status)
{
    const sv_bound_operation *operation = call->operation;
    if (!status && operation->out && !call->has_bytes)
        status = encode_answer(call);
    if (status && !(status == SV_FAILED && call->result.failure))
        sv_call_fail_with(call, status, NULL);
    if (call->result.failure)
        call->result.status = call->result.failure->status;
    if (call->result.status >= 500 && call->result.log_detail.len &&
        sv_application_get_config(operation->application)->debug)
        call->result.message = call->result.log_detail;
    if (!call->result.status)
        call->result.status = operation->row->status ? operation->row->status : 200;
    call->sink(call);
}

void sv_complete(sv_call *call, sv_status status)
{
    finish(call, status);
}

/* The sink of HTTP: the result becomes the exchange's answer. */
static void answer_exchange(sv_call *call)
{
    sv_exchange *exchange = call->sink_arg;
    const sv_call_result *result = &call->result;
    sv_answer *answer = &exchange->answer;
    answer->status = result->status;
    answer->content_type = result->content_type;
    answer->body = result->body;
    answer->log_detail = result->log_detail;
    memcpy(answer->headers, result->headers, result->n_headers * sizeof *result->headers);
    answer->n_headers = result->n_headers;
    if (result->failure)
        sv_exchange_fail(exchange, &(sv_failure){.kind = result->failure,
                                                 .message = result->message,
                                                 .detail_json = result->detail_json,
                                                 .members_json = result->members_json});
    sv_exchange_respond(exchange);
}

static sv_call *make_call(sv_exchange *exchange)
{
    const sv_bound_operation *operation = exchange->route->data;
    sv_call *call = sv_arena_alloc(exchange->arena, sizeof *call);
    if (!call)
        return NULL;
    call->operation = operation;
    call->arena = exchange->arena;
    call->cancel = exchange->cancel;
    call->timeline = &exchange->timeline;
    call->state = sv_application_state(operation->application);
    call->request = (sv_call_request){.method = exchange->method,
                                      .raw_path = exchange->raw_path,
                                      .path = exchange->path,
                                      .query = exchange->query,
                                      .body = exchange->body,
                                      .request_id = exchange->request_id,
                                      .client = exchange->client,
                                      .headers = exchange->headers,
                                      .n_headers = exchange->n_headers,
                                      .path_params = exchange->params,
                                      .deadline_ns = exchange->deadline_ns};
    call->message.run = run_message;
    call->sink = answer_exchange;
    call->sink_arg = exchange;
    return call;
}

static void refuse(sv_exchange *exchange, const sv_error_kind *kind)
{
    sv_exchange_fail(exchange, &(sv_failure){.kind = kind, .message = sv_str_from(kind->title)});
    (void)sv_exchange_add_header(exchange, SV_STR("Retry-After"),
                                 SV_STR("1")); /* memory may be out */
    sv_exchange_respond(exchange);
}

void sv_dispatch_exchange(sv_exchange *exchange)
{
    sv_call *call = make_call(exchange);
    if (!call) {
        refuse(exchange, &sv_kind_insufficient_memory);
        return;
    }
    if (call->operation->row->run_inline) {
        run_call(call);
        return;
    }
    sv_pool *pool = sv_application_pool(call->operation->application);
    if (sv_pool_submit(pool, &call->message) != SV_OK)
        refuse(exchange, &sv_kind_server_overloaded);
}
