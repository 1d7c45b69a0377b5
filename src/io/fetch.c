/* fetch.c: what may be fetched, redirects, cancelling, and what the client reads.
 *
 * DESIGN. Redirects are followed here, one GET each, so that every hop is judged like the first. A
 * cancel comes from another thread as a message; a request that ends while its message is under way
 * waits for it, for the message lies in the request. */
#include "io/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fetch_url.h"

enum { MAX_REDIRECTS = 5 };

static void say(sv_fetch_request *request, const char *format, ...) SV_PRINTF(2, 3);

static void say(sv_fetch_request *request, const char *format, ...)
{
    sv_fetch_result *result = &request->result;
    int n = snprintf(result->message, sizeof result->message, "Could not fetch image: ");
    va_list args;
    va_start(args, format);
    vsnprintf(result->message + n, sizeof result->message - (size_t)n, format, args);
    va_end(args);
    result->status = SV_INVALID;
}

static void tell(sv_fetch_request *request)
{
    sv_fetch_result result = request->result;
    request->done(&result, request->arg); /* the request is gone then */
    sv_buf_deinit(&result.body);
}

/* No GET is under way any more. */
static void finish(sv_fetch_request *request)
{
    if (request->result.status == SV_OK)
        request->result.body = request->get.body;
    else
        sv_buf_deinit(&request->get.body);
    free(request->get.location);
    free(request->address);
    request->is_over = true;
    sv_cancel_remove(request->cancel, &request->on_cancel);
    if (!atomic_load(&request->is_cancel_posted) || request->is_cancel_received)
        tell(request);
}

static bool is_listed(sv_str schemes, sv_str scheme)
{
    sv_str piece;
    if (!schemes.ptr)
        return true;
    while (sv_str_split(&schemes, ',', &piece))
        if (sv_str_eq_nocase(sv_str_trim_ows(piece), scheme))
            return true;
    return false;
}

static sv_status judge(const sv_fetch_config *config, sv_str address, sv_error *error,
                       bool *ret_by_name)
{
    sv_fetch_url url;
    sv_status status = sv_fetch_url_read(address, error, &url);
    if (status)
        return status;
    if (!is_listed(config->schemes, url.scheme))
        return sv_error_set(error, SV_INVALID, NULL, "%.*s addresses are not fetched",
                            SV_STR_ARG(url.scheme));
    return sv_address_check_host(config->guard, url.host, url.port, error, ret_by_name);
}

/* Starts the GET of request->address, or ends the request. */
static void start_hop(sv_fetcher *fetcher, sv_fetch_request *request)
{
    sv_error error = {0};
    if (judge(sv_fetcher_config(fetcher), sv_str_from(request->address), &error,
              &request->get.by_name)) {
        say(request, "%.200s", error.message);
        finish(request);
        return;
    }
    request->get.url = request->address;
    sv_fetcher_start(fetcher, &request->get);
}

static void follow(sv_fetch_request *request)
{
    sv_fetcher_get *get = &request->get;
    if (++request->n_redirects > MAX_REDIRECTS) {
        say(request, "more than %d redirects", MAX_REDIRECTS);
        finish(request);
        return;
    }
    free(request->address);
    request->address = get->location;
    get->location = NULL;
    sv_buf_deinit(&get->body);
    start_hop(get->fetcher, request);
}

static void say_failure(sv_fetch_request *request, sv_status status)
{
    const sv_fetcher_get *get = &request->get;
    if (status == SV_INVALID)
        say(request, "%s", get->reason);
    else if (status == SV_TOO_LARGE)
        say(request, "larger than %zu bytes", sv_fetcher_config(get->fetcher)->max_bytes);
    else if (status == SV_TIMEOUT && get->deadline_ns == request->deadline_ns)
        request->result.status = SV_CANCELLED; /* the request's own time is over, not the fetch's */
    else if (status == SV_TIMEOUT)
        say(request, "timed out after %.3g s",
            (double)(get->deadline_ns - request->started_ns) / (double)SV_NS_PER_S);
    else
        request->result.status = status;
}

static void end_hop(sv_fetcher_get *get, sv_status status)
{
    sv_fetch_request *request = SV_CONTAINER_OF(get, sv_fetch_request, get);
    if (!status && get->location) {
        follow(request);
        return;
    }
    if (status)
        say_failure(request, status);
    else if (get->http_status < 200 || get->http_status >= 300)
        say(request, "HTTP %d", get->http_status);
    finish(request);
}

static void take_cancel(sv_message *message)
{
    sv_fetch_request *request = SV_CONTAINER_OF(message, sv_fetch_request, cancel_message);
    request->is_cancel_received = true;
    if (request->is_over) {
        tell(request);
        return;
    }
    sv_fetcher_stop(&request->get);
    request->result.status = SV_CANCELLED;
    finish(request);
}

/* On the canceller's thread. */
static void post_cancel(void *arg)
{
    sv_fetch_request *request = arg;
    atomic_store(&request->is_cancel_posted, true);
    sv_loop_post(request->loop, &request->cancel_message);
}

static void init_request(sv_fetcher *fetcher, sv_fetch_request *request)
{
    int64_t timeout_ms = sv_fetcher_config(fetcher)->timeout_ms;
    int64_t end_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    request->loop = sv_fetcher_loop(fetcher);
    request->get = (sv_fetcher_get){.done = end_hop};
    request->get.deadline_ns = end_ns < request->deadline_ns ? end_ns : request->deadline_ns;
    request->started_ns = sv_clock_now_ns(&sv_clock_system);
    request->n_redirects = 0;
    request->on_cancel = (sv_cancel_callback){.run = post_cancel, .arg = request};
    request->cancel_message.run = take_cancel;
    atomic_init(&request->is_cancel_posted, false);
    request->is_cancel_received = request->is_over = false;
    request->result = (sv_fetch_result){.status = SV_OK};
    request->address = NULL;
}

static sv_status copy_address(sv_fetch_request *request)
{
    sv_str url = request->url;
    if (url.len > SV_FETCH_URL_MAX || sv_str_find(url, '\0') < url.len) {
        say(request, "the address is not valid");
        return SV_INVALID;
    }
    request->address = calloc(1, url.len + 1);
    if (!request->address)
        return SV_NO_MEMORY;
    if (url.len)
        memcpy(request->address, url.ptr, url.len);
    return SV_OK;
}

void sv_fetch_start(sv_fetcher *fetcher, sv_fetch_request *request)
{
    init_request(fetcher, request);
    sv_cancel_add(request->cancel, &request->on_cancel);
    request->result.status =
        sv_cancel_is_set(request->cancel) ? SV_CANCELLED : copy_address(request);
    if (request->result.status)
        finish(request);
    else
        start_hop(fetcher, request);
}
