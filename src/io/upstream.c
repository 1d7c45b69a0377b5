/* upstream.c: the stages of an exchange, their time limits, and what each end is called.
 *
 * DESIGN. A stage has one time limit, which is the transfer's deadline as long as it lasts:
 *
 *   its turn -> connecting -> waiting for the answer -> reading it <-> paused
 *    (none)     connect_ms         first_byte_ms          idle_ms     (none)
 *
 * `when_late` is how it ends if the limit passes; the limit of the whole goes before all of them. A
 * cancel comes from another thread as a message; an exchange that ends while its message is under
 * way waits for it, for the message lies in the exchange. */
#include "io/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/fetch_url.h"

struct sv_upstream {
    sv_loop *loop;
    sv_transfer_pool *pool;
    bool allows_http2;
};

static sv_upstream_exchange *exchange_of(sv_transfer *transfer)
{
    return SV_CONTAINER_OF(transfer, sv_upstream_exchange, transfer);
}

/* ---- The end ---- */

static void tell(sv_upstream_exchange *exchange)
{
    static const struct {
        sv_status status;
        const char *message;
    } faults[] = {
#define FAULT(name, status, message) {SV_##status, message},
        SV_UPSTREAM_FAULT_MAP(FAULT)
#undef FAULT
    };
    const sv_upstream_end end = {.fault = exchange->fault,
                                 .status = faults[exchange->fault].status,
                                 .message = faults[exchange->fault].message,
                                 .is_answered = exchange->is_answered};
    exchange->port->on_end(exchange, &end); /* it may be gone then */
}

static void tell_later(sv_message *message)
{
    tell(SV_CONTAINER_OF(message, sv_upstream_exchange, end_message));
}

/* No transfer is under way any more. */
static void finish(sv_upstream_exchange *exchange, sv_upstream_fault fault)
{
    exchange->fault = fault;
    exchange->is_over = true;
    free(exchange->request);
    sv_cancel_remove(exchange->cancel, &exchange->on_cancel);
    if (atomic_load(&exchange->is_cancel_posted) && !exchange->is_cancel_received)
        return;
    if (exchange->is_starting)
        sv_loop_post(exchange->loop, &exchange->end_message);
    else
        tell(exchange);
}

static void take_cancel(sv_message *message)
{
    sv_upstream_exchange *exchange = SV_CONTAINER_OF(message, sv_upstream_exchange, cancel_message);
    exchange->is_cancel_received = true;
    if (exchange->is_over) {
        tell(exchange);
        return;
    }
    sv_transfer_stop(&exchange->transfer);
    finish(exchange, SV_UPSTREAM_CANCELLED);
}

/* On the canceller's thread. */
static void post_cancel(void *arg)
{
    sv_upstream_exchange *exchange = arg;
    atomic_store(&exchange->is_cancel_posted, true);
    sv_loop_post(exchange->loop, &exchange->cancel_message);
}

/* ---- The stages ---- */

/* A new stage, of `ms` (0: any time), after which the exchange ends with `fault`. */
static void enter(sv_upstream_exchange *exchange, int64_t ms, sv_upstream_fault fault)
{
    int64_t now_ns = sv_loop_now_ns(exchange->loop), end_ns = exchange->deadline_ns;
    exchange->when_late = SV_UPSTREAM_DEADLINE;
    if (ms > 0 && ms < (end_ns - now_ns) / SV_NS_PER_MS) {
        exchange->when_late = fault;
        end_ns = now_ns + ms * SV_NS_PER_MS;
    }
    sv_transfer_set_deadline(&exchange->transfer, end_ns);
}

static void begin(sv_transfer *transfer)
{
    sv_upstream_exchange *exchange = exchange_of(transfer);
    enter(exchange, exchange->limits->connect_ms, SV_UPSTREAM_LATE_CONNECTION);
}

static void connected(sv_transfer *transfer)
{
    sv_upstream_exchange *exchange = exchange_of(transfer);
    enter(exchange, exchange->limits->first_byte_ms, SV_UPSTREAM_LATE_ANSWER);
}

/* For a callback: ends the transfer. */
static bool give_up(sv_upstream_exchange *exchange, sv_upstream_fault fault)
{
    exchange->fault = fault;
    return false;
}

static void read_content_type(sv_upstream_exchange *exchange, sv_str value)
{
    exchange->content_type_len = value.len <= SV_UPSTREAM_MAX_CONTENT_TYPE ? value.len : 0;
    if (exchange->content_type_len)
        memcpy(exchange->content_type, value.ptr, value.len);
}

static void read_header(sv_upstream_exchange *exchange, sv_str line)
{
    uint64_t seconds;
    size_t colon = sv_str_find(line, ':');
    sv_str name = sv_str_slice(line, 0, colon);
    sv_str value = sv_str_trim(sv_str_slice(line, colon + 1, line.len));
    if (sv_str_eq_nocase(name, SV_STR("content-type")))
        read_content_type(exchange, value);
    else if (sv_str_eq_nocase(name, SV_STR("retry-after")) && sv_str_to_u64(value, &seconds) &&
             seconds <= INT64_MAX)
        exchange->retry_after_s = (int64_t)seconds;
}

static bool end_head(sv_upstream_exchange *exchange)
{
    const sv_upstream_head head = {
        .status = sv_transfer_http_status(&exchange->transfer),
        .content_type = {exchange->content_type, exchange->content_type_len},
        .retry_after_s = exchange->retry_after_s};
    uint64_t max_bytes = exchange->limits->max_bytes;
    if (head.status < 200)
        return true;
    exchange->is_announced = true;
    exchange->http_status = head.status;
    if (max_bytes && exchange->head.has_length && exchange->head.length > max_bytes)
        return give_up(exchange, SV_UPSTREAM_TOO_LARGE);
    exchange->port->on_head(exchange, &head);
    return true;
}

static bool take_line(sv_transfer *transfer, sv_str line)
{
    sv_upstream_exchange *exchange = exchange_of(transfer);
    exchange->is_answered = true;
    enter(exchange, exchange->limits->idle_ms, SV_UPSTREAM_SILENT);
    const char *reason = sv_fetch_head_take(&exchange->head, line);
    if (reason)
        return give_up(exchange, reason == sv_fetch_head_too_large ? SV_UPSTREAM_TOO_LARGE
                                                                   : SV_UPSTREAM_BAD_HTTP);
    if (exchange->is_announced) /* a trailer */
        return true;
    read_header(exchange, line);
    return !exchange->head.is_complete || end_head(exchange);
}

static bool take_body(sv_transfer *transfer, sv_str bytes, size_t *ret_taken)
{
    sv_upstream_exchange *exchange = exchange_of(transfer);
    uint64_t max_bytes = exchange->limits->max_bytes;
    if (max_bytes && bytes.len > max_bytes - exchange->n_bytes)
        return give_up(exchange, SV_UPSTREAM_TOO_LARGE);
    size_t taken = exchange->port->on_data(exchange, bytes);
    if (taken == SV_UPSTREAM_STOP)
        return give_up(exchange, SV_UPSTREAM_STOPPED);
    exchange->n_bytes += taken;
    exchange->is_paused = taken < bytes.len;
    if (exchange->is_paused)
        enter(exchange, 0, SV_UPSTREAM_DEADLINE);
    else
        enter(exchange, exchange->limits->idle_ms, SV_UPSTREAM_SILENT);
    *ret_taken = taken;
    return true;
}

/* The HTTP library goes by the chunks when there is a length as well. */
static sv_upstream_fault judge_length(const sv_upstream_exchange *exchange)
{
    bool has_body = exchange->http_status != 204 && exchange->http_status != 304;
    bool is_lie = exchange->head.has_length && exchange->head.length != exchange->n_bytes;
    return has_body && is_lie ? SV_UPSTREAM_BAD_HTTP : SV_UPSTREAM_NONE;
}

static sv_upstream_fault judge_end(const sv_upstream_exchange *exchange, sv_transfer_end end)
{
    switch (end) {
    case SV_TRANSFER_COMPLETE:
        return judge_length(exchange);
    case SV_TRANSFER_STOPPED:
        return exchange->fault;
    case SV_TRANSFER_TIMED_OUT:
        return exchange->when_late;
    case SV_TRANSFER_NO_MEMORY:
        return SV_UPSTREAM_NO_MEMORY;
    case SV_TRANSFER_CANCELLED:
        return SV_UPSTREAM_CANCELLED;
    case SV_TRANSFER_NO_HOST:
    case SV_TRANSFER_NOT_CONNECTED:
        return SV_UPSTREAM_NOT_CONNECTED;
    case SV_TRANSFER_BAD_CERTIFICATE:
    case SV_TRANSFER_NO_TLS:
        return SV_UPSTREAM_NO_TLS;
    case SV_TRANSFER_NO_ANSWER:
    case SV_TRANSFER_CUT_SHORT:
        return exchange->is_answered ? SV_UPSTREAM_CLOSED_LATE : SV_UPSTREAM_CLOSED_EARLY;
    case SV_TRANSFER_BAD_HTTP:
        return SV_UPSTREAM_BAD_HTTP;
    case SV_TRANSFER_LONG_LINE:
        return SV_UPSTREAM_TOO_LARGE;
    case SV_TRANSFER_FAILED:
        break;
    }
    return SV_UPSTREAM_FAILED;
}

static void end_transfer(sv_transfer *transfer, sv_transfer_end end, const char *location)
{
    sv_upstream_exchange *exchange = exchange_of(transfer);
    (void)location;
    finish(exchange, judge_end(exchange, end));
}

static const sv_transfer_port port = {.begin = begin,
                                      .connected = connected,
                                      .take_line = take_line,
                                      .take_body = take_body,
                                      .done = end_transfer};

/* ---- The request ---- */

static bool is_token(sv_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return name.len > 0;
}

static bool is_text(sv_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static bool is_reserved(sv_str name)
{
    static const char *const names[] = {"connection", "content-length", "expect",
                                        "transfer-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sv_str_eq_nocase(name, sv_str_from(names[i])))
            return true;
    return false;
}

/* What the HTTP library would add to a body: some servers do not know Expect, and it is no form. */
static void write_body_lines(const sv_upstream_exchange *exchange, bool has_type, sv_buf *to)
{
    if (!exchange->is_post)
        return;
    sv_buf_append_str(to, SV_STR("Expect:\0"));
    if (!has_type)
        sv_buf_append_str(to, SV_STR("Content-Type:\0"));
}

static sv_status write_lines(const sv_upstream_exchange *exchange, sv_buf *to)
{
    bool has_type = false;
    for (size_t i = 0; i < exchange->n_headers; i++) {
        sv_str name = exchange->headers[i].name;
        sv_str value = sv_str_trim_ows(exchange->headers[i].value);
        if (!is_token(name) || !is_text(value) || is_reserved(name))
            return SV_INVALID;
        has_type |= sv_str_eq_nocase(name, SV_STR("content-type"));
        sv_buf_append_str(to, name);
        sv_buf_append_str(to, value.len ? SV_STR(": ") : SV_STR(";"));
        sv_buf_append_str(to, value);
        sv_buf_append_byte(to, '\0');
    }
    write_body_lines(exchange, has_type, to);
    return sv_buf_status(to);
}

/* The address and the lines, each with a zero at its end. */
static sv_status write_request(sv_upstream_exchange *exchange)
{
    sv_fetch_url parts;
    sv_buf to;
    if (sv_fetch_url_read(exchange->url, NULL, &parts))
        return SV_INVALID;
    sv_buf_init(&to, SV_UPSTREAM_MAX_REQUEST_HEAD);
    sv_buf_append_str(&to, exchange->url);
    sv_buf_append_byte(&to, '\0');
    sv_status status = write_lines(exchange, &to);
    if (status) {
        sv_buf_deinit(&to);
        return status;
    }
    size_t len, url_len = exchange->url.len + 1;
    exchange->request = sv_buf_take(&to, &len);
    exchange->transfer.url = exchange->request;
    exchange->transfer.lines = (sv_str){exchange->request + url_len, len - url_len};
    return SV_OK;
}

static void init_exchange(sv_upstream *upstream, sv_upstream_exchange *exchange)
{
    exchange->loop = upstream->loop;
    exchange->transfer = (sv_transfer){.port = &port,
                                       .is_post = exchange->is_post,
                                       .body = exchange->body,
                                       .allows_http2 = upstream->allows_http2,
                                       .deadline_ns = exchange->deadline_ns};
    exchange->request = NULL;
    exchange->head = (sv_fetch_head){0};
    exchange->n_bytes = 0;
    exchange->retry_after_s = -1;
    exchange->fault = SV_UPSTREAM_NONE;
    exchange->when_late = SV_UPSTREAM_DEADLINE;
    exchange->content_type_len = 0;
    exchange->http_status = 0;
    exchange->is_answered = exchange->is_announced = exchange->is_paused = exchange->is_over =
        false;
    exchange->on_cancel = (sv_cancel_callback){.run = post_cancel, .arg = exchange};
    exchange->cancel_message = (sv_message){.run = take_cancel};
    exchange->end_message = (sv_message){.run = tell_later};
    atomic_init(&exchange->is_cancel_posted, false);
    exchange->is_cancel_received = false;
}

void sv_upstream_start(sv_upstream *upstream, sv_upstream_exchange *exchange)
{
    init_exchange(upstream, exchange);
    exchange->is_starting = true;
    sv_cancel_add(exchange->cancel, &exchange->on_cancel);
    sv_status status = write_request(exchange);
    if (sv_cancel_is_set(exchange->cancel))
        finish(exchange, SV_UPSTREAM_CANCELLED);
    else if (status)
        finish(exchange, status == SV_NO_MEMORY ? SV_UPSTREAM_NO_MEMORY : SV_UPSTREAM_BAD_REQUEST);
    else
        sv_transfer_start(upstream->pool, &exchange->transfer);
    exchange->is_starting = false;
}

void sv_upstream_resume(sv_upstream_exchange *exchange)
{
    if (!exchange->is_paused || exchange->is_over)
        return;
    exchange->is_paused = false;
    enter(exchange, exchange->limits->idle_ms, SV_UPSTREAM_SILENT);
    sv_transfer_resume(&exchange->transfer);
}

sv_status sv_upstream_new(sv_loop *loop, const sv_upstream_config *config, sv_error *error,
                          sv_upstream **ret_upstream)
{
    sv_upstream *upstream = calloc(1, sizeof *upstream);
    if (!upstream)
        return SV_NO_MEMORY;
    upstream->loop = loop;
    upstream->allows_http2 = config->allows_http2;
    sv_status status = sv_transfer_pool_new(loop, config->max_running, config->max_running, error,
                                            &upstream->pool);
    if (status) {
        free(upstream);
        return status;
    }
    *ret_upstream = upstream;
    return SV_OK;
}

void sv_upstream_free(sv_upstream *upstream)
{
    if (!upstream)
        return;
    sv_transfer_pool_free(upstream->pool);
    free(upstream);
}
