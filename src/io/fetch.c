/* fetch.c: libcurl's multi interface on a loop (only curl/curl.h). How addresses are judged: address.c.
 *
 * DESIGN. libcurl tells which sockets it waits for and when it wants to be called; each socket has a poll handle of the
 * loop. Redirects are followed here, one transfer each, so that every hop is judged again; the address that is really
 * connected to is judged where the socket is made, whatever a name resolved to. A cancel comes from another thread as a
 * message; a request that ends while its message is under way waits for it. */
#include "io/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <uv.h>

#include <serval/version.h>

#include "base/list.h"
#include "io/fetch_url.h"

enum { MAX_REDIRECTS = 5, MAX_HEADER_BYTES = 64 * 1024, MAX_IDLE_CONNECTIONS = 32 };
#define COULD_NOT "Could not fetch image: "

/* One socket that libcurl waits for. */
typedef struct watched_socket {
    uv_poll_t poll;
    sv_fetcher *fetcher;
    curl_socket_t fd;
} watched_socket;

typedef struct sv_fetch_transfer {
    sv_list_node node; /* of the fetcher */
    sv_fetch_request *request;
    CURL *easy;
    char *url;
    int64_t started_ns, end_ns;
    size_t header_bytes;
    int n_redirects;
    bool allowed_by_name, address_refused, too_large, bad_headers;
} transfer;

struct sv_fetcher {
    sv_loop *loop;
    sv_fetch_config config;
    CURLM *multi;
    uv_timer_t timer;
    sv_list_node transfers;
};

static void finish(sv_fetch_request *request);

static void set_message(sv_fetch_request *request, const char *text)
{
    request->result.status = SV_INVALID;
    snprintf(request->result.message, sizeof request->result.message, "%s", text);
}

/* ---- What libcurl calls ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *it = arg;
    if (sv_buf_append(&it->request->result.body, bytes, size * n)) {
        it->too_large = sv_buf_status(&it->request->result.body) == SV_TOO_LARGE;
        return CURL_WRITEFUNC_ERROR;
    }
    return size * n;
}

/* The length must be a plain number: what is not is read differently by others. */
static bool is_good_header(sv_str line)
{
    uint64_t length;
    if (!sv_str_eq_nocase(sv_str_slice(line, 0, 15), SV_STR("content-length:")))
        return true;
    sv_str value = sv_str_slice(line, 15, line.len);
    while (value.len && (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r'))
        value.len--;
    return sv_str_to_u64(sv_str_trim_ows(value), &length);
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    transfer *it = arg;
    it->header_bytes += size * n;
    if (it->header_bytes > MAX_HEADER_BYTES || !is_good_header((sv_str){bytes, size * n})) {
        it->bad_headers = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return size * n;
}

/* The address that is about to be connected to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *it = arg;
    const sv_address_guard *guard = it->request->fetcher->config.guard;
    (void)purpose;
    if (!it->allowed_by_name && !sv_address_is_allowed(guard, &address->addr)) {
        it->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void check_done(sv_fetcher *fetcher);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    watched_socket *watched = poll->data;
    sv_fetcher *fetcher = watched->fetcher;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
                (status < 0 ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action(fetcher->multi, watched->fd, flags, &running);
    check_done(fetcher);
}

static void free_watched(uv_handle_t *handle)
{
    free(handle->data);
}

static watched_socket *watch(sv_fetcher *fetcher, curl_socket_t fd)
{
    watched_socket *watched = calloc(1, sizeof *watched);
    if (!watched)
        return NULL;
    watched->fetcher = fetcher;
    watched->fd = fd;
    watched->poll.data = watched;
    if (uv_poll_init_socket(sv_loop_handle(fetcher->loop), &watched->poll, fd)) {
        free(watched);
        return NULL;
    }
    curl_multi_assign(fetcher->multi, fd, watched);
    return watched;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    sv_fetcher *fetcher = arg;
    watched_socket *watched = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched) {
            curl_multi_assign(fetcher->multi, fd, NULL);
            uv_close((uv_handle_t *)&watched->poll, free_watched);
        }
        return 0;
    }
    if (!watched && !(watched = watch(fetcher, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watched->poll, events, on_poll) ? -1 : 0;
}

static void on_timer(uv_timer_t *timer)
{
    sv_fetcher *fetcher = timer->data;
    int running;
    curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check_done(fetcher);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    sv_fetcher *fetcher = arg;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&fetcher->timer);
    else
        uv_timer_start(&fetcher->timer, on_timer, timeout_ms ? (uint64_t)timeout_ms : 1, 0);
    return 0;
}

/* ---- One transfer ---- */

static void free_transfer(sv_fetcher *fetcher, transfer *it)
{
    curl_multi_remove_handle(fetcher->multi, it->easy);
    curl_easy_cleanup(it->easy);
    sv_list_remove(&it->node);
    free(it->url);
    free(it);
}

/* Judges where the next hop goes. */
static bool judge_url(transfer *it)
{
    sv_fetch_url url;
    sv_error error = {0};
    char text[200];
    if (!sv_fetch_url_read(sv_str_from(it->url), &url)) {
        set_message(it->request, COULD_NOT "the address is not valid");
        return false;
    }
    if (sv_address_check_host(it->request->fetcher->config.guard, url.host, url.port, &error,
                              &it->allowed_by_name) == SV_OK)
        return true;
    snprintf(text, sizeof text, COULD_NOT "%.150s", error.message);
    set_message(it->request, text);
    return false;
}

static void set_options(transfer *it, long timeout_ms)
{
    CURL *easy = it->easy;
    sv_fetcher *fetcher = it->request->fetcher;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, it->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, it);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetcher->config.max_bytes);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "serval/" SV_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, it);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, it);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, it);
}

static void set_timed_out(transfer *it)
{
    char text[100];
    double seconds = (double)(it->end_ns - it->started_ns) / 1e9;
    snprintf(text, sizeof text, COULD_NOT "timed out after %.3g s", seconds);
    set_message(it->request, text);
}

/* Starts the hop in it->url; false: the request's result says why not. */
static bool start_hop(transfer *it)
{
    int64_t left_ms = (it->end_ns - sv_loop_now_ns(it->request->fetcher->loop)) / SV_NS_PER_MS;
    if (!judge_url(it))
        return false;
    if (left_ms <= 0) {
        set_timed_out(it);
        return false;
    }
    it->header_bytes = 0;
    sv_buf_clear(&it->request->result.body);
    set_options(it, (long)left_ms);
    if (curl_multi_add_handle(it->request->fetcher->multi, it->easy) == CURLM_OK)
        return true;
    it->request->result.status = SV_NO_MEMORY;
    return false;
}

static void set_failure(transfer *it, CURLcode code)
{
    char text[120];
    sv_fetch_request *request = it->request;
    if (it->address_refused) {
        set_message(request, COULD_NOT "address is not allowed");
    } else if (it->too_large || code == CURLE_FILESIZE_EXCEEDED) {
        snprintf(text, sizeof text, COULD_NOT "larger than %zu bytes",
                 request->fetcher->config.max_bytes);
        set_message(request, text);
    } else if (it->bad_headers) {
        set_message(request, COULD_NOT "the answer's headers are not acceptable");
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        set_timed_out(it);
    } else if (code == CURLE_COULDNT_RESOLVE_HOST) {
        set_message(request, COULD_NOT "the host name was not found");
    } else if (code == CURLE_COULDNT_CONNECT) {
        set_message(request, COULD_NOT "could not connect");
    } else if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR) {
        set_message(request, COULD_NOT "the answer was cut short");
    } else if (code == CURLE_OUT_OF_MEMORY) {
        request->result.status = SV_NO_MEMORY;
    } else {
        snprintf(text, sizeof text, COULD_NOT "%.90s", curl_easy_strerror(code));
        set_message(request, text);
    }
}

/* Goes on with the next hop; true when there is one under way. */
static bool follow(transfer *it)
{
    char *next = NULL;
    curl_easy_getinfo(it->easy, CURLINFO_REDIRECT_URL, &next);
    if (!next) {
        set_message(it->request, COULD_NOT "a redirect leads nowhere");
        return false;
    }
    if (++it->n_redirects > MAX_REDIRECTS) {
        set_message(it->request, COULD_NOT "too many redirects");
        return false;
    }
    char *copy = strdup(next);
    if (!copy) {
        it->request->result.status = SV_NO_MEMORY;
        return false;
    }
    free(it->url);
    it->url = copy;
    curl_multi_remove_handle(it->request->fetcher->multi, it->easy);
    return start_hop(it);
}

static void end_hop(transfer *it, CURLcode code)
{
    sv_fetch_request *request = it->request;
    long status = 0;
    curl_easy_getinfo(it->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        set_failure(it, code);
    } else if (status >= 300 && status < 400) {
        if (follow(it))
            return;
    } else if (status < 200 || status >= 300) {
        char text[80];
        snprintf(text, sizeof text, COULD_NOT "HTTP %ld", status);
        set_message(request, text);
    }
    finish(request);
}

static void check_done(sv_fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        transfer *it = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&it);
        end_hop(it, code);
    }
}

/* ---- Requests ---- */

static void tell(sv_fetch_request *request)
{
    sv_fetch_result result = request->result;
    request->done(&result, request->arg); /* the request is gone */
    sv_buf_deinit(&result.body);
}

/* The transfer is over. When a cancel is under way to us, its message needs the request a little longer. */
static void finish(sv_fetch_request *request)
{
    free_transfer(request->fetcher, request->transfer);
    request->transfer = NULL;
    if (request->result.status)
        sv_buf_deinit(&request->result.body);
    sv_cancel_remove(request->cancel, &request->on_cancel);
    if (!atomic_load(&request->cancel_posted) || request->cancel_received)
        tell(request);
}

static void take_cancel(sv_message *message)
{
    sv_fetch_request *request = SV_CONTAINER_OF(message, sv_fetch_request, cancel_message);
    request->cancel_received = true;
    if (!request->transfer) {
        tell(request);
        return;
    }
    request->result.status = SV_CANCELLED;
    finish(request);
}

/* On the canceller's thread. */
static void post_cancel(void *arg)
{
    sv_fetch_request *request = arg;
    atomic_store(&request->cancel_posted, true);
    request->cancel_message.run = take_cancel;
    sv_loop_post(request->fetcher->loop, &request->cancel_message);
}

static transfer *make_transfer(sv_fetcher *fetcher, sv_fetch_request *request)
{
    transfer *it = calloc(1, sizeof *it);
    if (!it)
        return NULL;
    it->request = request;
    it->easy = curl_easy_init();
    it->url = strndup(request->url.ptr, request->url.len);
    if (!it->easy || !it->url) {
        curl_easy_cleanup(it->easy);
        free(it->url);
        free(it);
        return NULL;
    }
    it->started_ns = sv_loop_now_ns(fetcher->loop);
    it->end_ns = it->started_ns + fetcher->config.timeout_ms * SV_NS_PER_MS;
    if (request->deadline_ns < it->end_ns)
        it->end_ns = request->deadline_ns;
    sv_list_append(&fetcher->transfers, &it->node);
    return it;
}

void sv_fetch_start(sv_fetcher *fetcher, sv_fetch_request *request)
{
    request->fetcher = fetcher;
    request->cancel_received = false;
    atomic_init(&request->cancel_posted, false);
    request->result = (sv_fetch_result){.status = SV_OK};
    sv_buf_init(&request->result.body, fetcher->config.max_bytes);
    request->transfer = make_transfer(fetcher, request);
    if (!request->transfer) {
        request->result.status = SV_NO_MEMORY;
        tell(request);
        return;
    }
    request->on_cancel = (sv_cancel_callback){.run = post_cancel, .arg = request};
    sv_cancel_add(request->cancel, &request->on_cancel);
    if (!start_hop(request->transfer))
        finish(request);
}

sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher)
{
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
        return sv_error_set(error, SV_UNSUPPORTED, NULL,
                            "this libcurl looks names up synchronously and cannot be used");
    sv_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return SV_NO_MEMORY;
    fetcher->loop = loop;
    fetcher->config = *config;
    fetcher->multi = curl_multi_init();
    if (!fetcher->multi) {
        free(fetcher);
        return SV_NO_MEMORY;
    }
    sv_list_init(&fetcher->transfers);
    uv_timer_init(sv_loop_handle(loop), &fetcher->timer);
    fetcher->timer.data = fetcher;
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    *ret_fetcher = fetcher;
    return SV_OK;
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void sv_fetcher_free(sv_fetcher *fetcher)
{
    if (!fetcher)
        return;
    while (!sv_list_is_empty(&fetcher->transfers)) {
        transfer *it = SV_CONTAINER_OF(fetcher->transfers.next, transfer, node);
        it->request->result.status = SV_CANCELLED;
        finish(it->request);
    }
    curl_multi_cleanup(fetcher->multi);
    uv_close((uv_handle_t *)&fetcher->timer, free_closed);
}
