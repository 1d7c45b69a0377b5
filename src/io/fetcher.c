/* fetcher.c: what is made of an answer: a body in memory, within limits, or where a redirect leads.
 * The guard is asked about every address that is connected to. */
#include "io/fetcher.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_IGNORED_BYTES = 64 * 1024, MAX_IDLE_CONNECTIONS = 32 };

struct sv_fetcher {
    sv_loop *loop;
    sv_fetch_config config;
    sv_transfer_pool *pool;
};

static sv_fetcher_get *get_of(sv_transfer *transfer)
{
    return SV_CONTAINER_OF(transfer, sv_fetcher_get, transfer);
}

/* For a callback: ends the transfer. */
static bool give_up(sv_fetcher_get *get, sv_status status, const char *reason)
{
    get->fault = status;
    get->reason = reason;
    return false;
}

/* Nobody waits for the body of an error. That of a redirect is read, so that the connection can be
 * used again. */
static bool end_headers(sv_fetcher_get *get)
{
    int status = get->http_status = sv_transfer_http_status(&get->transfer);
    get->is_answered = status >= 400;
    if (status >= 200 && status < 300 && get->head.has_length && get->head.length > get->body.limit)
        return give_up(get, SV_TOO_LARGE, NULL);
    return !get->is_answered;
}

static bool take_line(sv_transfer *transfer, sv_str line)
{
    sv_fetcher_get *get = get_of(transfer);
    const char *reason = sv_fetch_head_take(&get->head, line);
    if (reason)
        return give_up(get, SV_INVALID, reason);
    return !get->head.is_complete || end_headers(get);
}

static bool take_body(sv_transfer *transfer, sv_str bytes, size_t *ret_taken)
{
    sv_fetcher_get *get = get_of(transfer);
    (void)ret_taken; /* all of them */
    if (get->http_status >= 300) {
        get->ignored_bytes += bytes.len;
        return get->ignored_bytes <= MAX_IGNORED_BYTES ||
               give_up(get, SV_INVALID, "the body of a redirect is too large");
    }
    if (!get->body.len && get->head.has_length)
        (void)sv_buf_reserve(&get->body, (size_t)get->head.length); /* a failure shows below */
    sv_status status = sv_buf_append_str(&get->body, bytes);
    return !status || give_up(get, status, NULL);
}

static bool may_connect(sv_transfer *transfer, const struct sockaddr *address)
{
    sv_fetcher_get *get = get_of(transfer);
    if (sv_address_is_allowed(get->fetcher->config.guard, address, get->by_name))
        return true;
    get->address_refused = true;
    return false;
}

/* The HTTP library goes by the chunks when there is a length as well. */
static sv_status check_length(sv_fetcher_get *get)
{
    if (!get->head.has_length || get->head.length == get->body.len)
        return SV_OK;
    get->reason = "the answer has not the length it tells";
    return SV_INVALID;
}

static sv_status take_location(sv_fetcher_get *get, const char *location)
{
    get->location = location ? strdup(location) : NULL;
    return location && !get->location ? SV_NO_MEMORY : SV_OK;
}

static sv_status judge_end(sv_fetcher_get *get, sv_transfer_end end, const char *location)
{
    switch (end) {
    case SV_TRANSFER_COMPLETE:
        return get->http_status >= 300 ? take_location(get, location) : check_length(get);
    case SV_TRANSFER_STOPPED:
        return get->fault; /* none: the answer is an error */
    case SV_TRANSFER_TIMED_OUT:
        return SV_TIMEOUT;
    case SV_TRANSFER_NO_MEMORY:
        return SV_NO_MEMORY;
    case SV_TRANSFER_CANCELLED:
        return SV_CANCELLED;
    case SV_TRANSFER_NOT_CONNECTED:
    case SV_TRANSFER_NO_HOST:
    case SV_TRANSFER_BAD_CERTIFICATE:
    case SV_TRANSFER_NO_TLS:
    case SV_TRANSFER_NO_ANSWER:
    case SV_TRANSFER_CUT_SHORT:
    case SV_TRANSFER_BAD_HTTP:
    case SV_TRANSFER_LONG_LINE:
    case SV_TRANSFER_FAILED:
        break;
    }
    bool is_refused = get->address_refused && end == SV_TRANSFER_NOT_CONNECTED;
    get->reason = is_refused ? "address is not allowed" : sv_transfer_end_why(end);
    return SV_INVALID;
}

static void end_get(sv_transfer *transfer, sv_transfer_end end, const char *location)
{
    sv_fetcher_get *get = get_of(transfer);
    get->done(get, judge_end(get, end, location)); /* it may be gone then */
}

static const sv_transfer_port port = {
    .may_connect = may_connect, .take_line = take_line, .take_body = take_body, .done = end_get};

static void clear_answer(sv_fetcher_get *get, size_t max_bytes)
{
    sv_buf_init(&get->body, max_bytes);
    get->http_status = 0;
    get->location = NULL;
    get->reason = NULL;
    get->ignored_bytes = 0;
    get->head = (sv_fetch_head){0};
    get->fault = SV_OK;
    get->is_answered = get->address_refused = false;
}

void sv_fetcher_start(sv_fetcher *fetcher, sv_fetcher_get *get)
{
    clear_answer(get, fetcher->config.max_bytes);
    get->fetcher = fetcher;
    get->transfer = (sv_transfer){.port = &port, .url = get->url, .deadline_ns = get->deadline_ns};
    sv_transfer_start(fetcher->pool, &get->transfer);
}

void sv_fetcher_stop(sv_fetcher_get *get)
{
    sv_transfer_stop(&get->transfer);
}

sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher)
{
    sv_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return SV_NO_MEMORY;
    fetcher->loop = loop;
    fetcher->config = *config;
    sv_status status = sv_transfer_pool_new(loop, SV_FETCHER_MAX_RUNNING, MAX_IDLE_CONNECTIONS,
                                            error, &fetcher->pool);
    if (status) {
        free(fetcher);
        return status;
    }
    *ret_fetcher = fetcher;
    return SV_OK;
}

void sv_fetcher_free(sv_fetcher *fetcher)
{
    if (!fetcher)
        return;
    sv_transfer_pool_free(fetcher->pool);
    free(fetcher);
}

sv_loop *sv_fetcher_loop(const sv_fetcher *fetcher)
{
    return fetcher->loop;
}

const sv_fetch_config *sv_fetcher_config(const sv_fetcher *fetcher)
{
    return &fetcher->config;
}
