/* call.c: what a handler can ask and say (<serval/call.h>). Not how calls are run: dispatch.c. */
#include "web/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/writer.h"
#include "http/message.h"
#include "web/application.h"

enum { MAX_MESSAGE = 2048, FIRST_ITEMS = 8 };

void *sv_call_state(const sv_call *call)
{
    return call->user_state;
}

void sv_call_set_failure(sv_call *call, const sv_error_kind *kind, sv_str message,
                         sv_str detail_json)
{
    call->result.failure = kind;
    call->result.message = message;
    call->result.detail_json = detail_json;
    call->result.members_json = (sv_str){0};
    call->result.param = (sv_str){0};
}

sv_status sv_call_blame(sv_call *call, sv_str param)
{
    call->result.param = sv_arena_copy(call->arena, param);
    return SV_FAILED;
}

static void free_bytes(void *bytes)
{
    free(bytes);
}

sv_status sv_call_keep_bytes(sv_call *call, sv_buf *buf, sv_str *ret_bytes)
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

void sv_call_forget_body(sv_call *call)
{
    call->request.body = SV_STR("");
    if (call->exchange)
        sv_exchange_forget_body(call->exchange);
}

sv_status sv_call_respond_json(sv_call *call, sv_buf *buf)
{
    sv_str json;
    sv_status status = sv_call_keep_bytes(call, buf, &json);
    return status ? status : sv_respond_bytes(call, "application/json", json);
}

sv_status sv_fail(sv_call *call, const sv_error_kind *kind, const char *format, ...)
{
    char text[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sv_str message = sv_arena_copy(call->arena, sv_str_from(text));
    sv_call_set_failure(call, kind, message.ptr ? message : sv_str_from(kind->title), (sv_str){0});
    return SV_FAILED;
}

sv_status sv_fail_member(sv_call *call, const char *name, const char *json)
{
    sv_str before = call->result.members_json;
    sv_str added = sv_arena_printf(call->arena, "%.*s%s\"%s\":%s", (int)before.len,
                                   before.ptr ? before.ptr : "", before.ptr ? "," : "", name, json);
    if (added.ptr)
        call->result.members_json = added;
    return SV_FAILED;
}

static const sv_error_kind *kind_of_status(sv_status status)
{
    switch (status) {
    case SV_NO_MEMORY:
        return &sv_kind_insufficient_memory;
    case SV_CANCELLED:
    case SV_TIMEOUT:
        return &sv_kind_deadline_exceeded;
    case SV_UNAVAILABLE:
        return &sv_kind_server_overloaded;
    case SV_OK:
    case SV_FAILED:
    case SV_INVALID:
    case SV_NOT_FOUND:
    case SV_TOO_LARGE:
    case SV_UNSUPPORTED:
    case SV_IO:
    case SV_DEFERRED:
        break;
    }
    return &sv_kind_internal_error;
}

sv_status sv_call_fail_with(sv_call *call, sv_status status, const sv_error *error)
{
    if (status == SV_FAILED && call->result.failure)
        return SV_FAILED;
    const sv_error_kind *kind = error && error->kind ? error->kind : kind_of_status(status);
    const char *message = error && error->message[0] && error->kind ? error->message : kind->title;
    bool is_engines = kind == &sv_kind_inference_failed || kind == &sv_kind_model_not_loaded;
    if (is_engines) { /* an engine's words may name files: for the log */
        call->result.log_detail = sv_arena_copy(call->arena, sv_str_from(message));
        message = kind->title;
    }
    return sv_fail(call, kind, "%s", message);
}

sv_status sv_fail_with(sv_call *call, sv_status status, const sv_error *error)
{
    return sv_call_fail_with(call, status, error);
}

void *sv_alloc(sv_call *call, size_t size_bytes)
{
    return sv_arena_alloc(call->arena, size_bytes);
}

sv_str sv_format(sv_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sv_str text = sv_arena_vprintf(call->arena, format, args);
    va_end(args);
    return text;
}

/* A SV_LIST of any item: the layout that the macro declares. */
typedef SV_LIST(void) any_list;

/* Full lists are those whose length is FIRST_ITEMS times a power of two, or 0. */
static bool is_full(size_t len)
{
    return len == 0 || (len >= FIRST_ITEMS && (len & (len - 1)) == 0);
}

void *sv_list_push_(sv_call *call, void *list, size_t item_size)
{
    any_list *items = list;
    if (is_full(items->len)) {
        size_t capacity = items->len ? items->len * 2 : FIRST_ITEMS;
        void *grown = sv_arena_alloc_array(call->arena, capacity, item_size);
        if (!grown)
            return NULL;
        if (items->len)
            memcpy(grown, items->items, items->len * item_size);
        items->items = grown;
    }
    return (char *)items->items + item_size * items->len++;
}

sv_str sv_request_method(const sv_call *call)
{
    return call->request.method;
}

sv_str sv_request_raw_path(const sv_call *call)
{
    return call->request.raw_path;
}

sv_str sv_request_path(const sv_call *call)
{
    return call->request.path;
}

sv_str sv_request_query(const sv_call *call)
{
    return call->request.query;
}

sv_str sv_request_header(const sv_call *call, const char *name)
{
    sv_str wanted = sv_str_from(name);
    for (size_t i = 0; i < call->request.n_headers; i++)
        if (sv_str_eq_nocase(call->request.headers[i].name, wanted))
            return call->request.headers[i].value;
    return (sv_str){0};
}

sv_str sv_request_body(const sv_call *call)
{
    return call->request.body;
}

sv_str sv_request_id(const sv_call *call)
{
    return call->request.request_id;
}

sv_str sv_request_client(const sv_call *call)
{
    return call->request.client;
}

void sv_set_status(sv_call *call, int status)
{
    if (status >= 200 && status <= 599)
        call->result.status = status;
}

sv_status sv_set_header(sv_call *call, const char *name, sv_str value)
{
    sv_call_result *result = &call->result;
    if (!sv_message_is_header(sv_str_from(name), value))
        return SV_INVALID;
    if (call->is_answered)
        return sv_exchange_add_header(call->exchange, sv_str_from(name), value);
    if (result->n_headers == sizeof result->headers / sizeof *result->headers)
        return SV_TOO_LARGE;
    sv_http_header header = {sv_arena_copy(call->arena, sv_str_from(name)),
                             sv_arena_copy(call->arena, value)};
    if (!header.name.ptr || !header.value.ptr)
        return SV_NO_MEMORY;
    result->headers[result->n_headers++] = header;
    return SV_OK;
}

bool sv_has_failed(const sv_call *call)
{
    return call->result.failure != NULL;
}

sv_application *sv_call_application(const sv_call *call)
{
    return call->application;
}

bool sv_is_cancelled(const sv_call *call)
{
    return sv_cancel_is_set(call->cancel);
}

int64_t sv_remaining_ms(const sv_call *call)
{
    return sv_clock_left_ms(sv_application_clock(call->application), call->request.deadline_ns);
}
