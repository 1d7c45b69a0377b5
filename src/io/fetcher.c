/* fetcher.c: libcurl's multi interface on a loop (only curl/curl.h).
 *
 * DESIGN. libcurl tells which sockets it waits for (watch_socket) and when it wants to be called
 * (set_timer), and is called when either happens (act). It never blocks the loop: names are looked
 * up by its own threads, and a look-up that hangs is left behind. Sockets are made here
 * (open_socket), so that the guard sees every address that is really connected to. */
#include "io/fetcher.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <uv.h>

#include <serval/version.h>

#include "io/timer.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or later is needed: CURLOPT_QUICK_EXIT"
#endif

enum {
    MAX_HEADER_BYTES = 64 * 1024,
    MAX_IGNORED_BYTES = 64 * 1024,
    MAX_CONNECTIONS = 256,
    MAX_IDLE_CONNECTIONS = 32,
};

struct sv_fetcher {
    sv_loop *loop;
    sv_fetch_config config;
    CURLM *multi;
    sv_timer *timer;
    sv_list_node gets;
};

/* One socket that libcurl waits for. */
typedef struct watch {
    uv_poll_t poll;
    sv_fetcher *fetcher;
    curl_socket_t fd;
} watch;

static const char headers_too_large[] = "the answer's headers are too large";

/* ---- The answer ---- */

/* For a callback of libcurl: ends the transfer. */
static size_t give_up(sv_fetcher_get *get, sv_status status, const char *reason)
{
    get->fault = status;
    get->reason = reason;
    return CURL_WRITEFUNC_ERROR;
}

static sv_str trim_line(sv_str line)
{
    while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* A length that is no plain number, or that is said twice and not the same, is read in one way by
 * us and in another by somebody else. */
static bool is_good_length(sv_fetcher_get *get, sv_str line)
{
    uint64_t length;
    size_t colon = sv_str_find(line, ':');
    sv_str name = sv_str_slice(line, 0, colon);
    if (!sv_str_eq_nocase(sv_str_trim_ows(name), SV_STR("content-length")))
        return true;
    sv_str value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    if (sv_str_trim_ows(name).len != name.len || !sv_str_to_u64(value, &length) ||
        (get->has_length && length != get->length))
        return false;
    get->has_length = true;
    get->length = length;
    return true;
}

/* Nobody waits for the body of an error. That of a redirect is read, so that the connection can be
 * used again. */
static size_t end_headers(sv_fetcher_get *get, size_t len)
{
    long status = 0;
    curl_easy_getinfo(get->easy, CURLINFO_RESPONSE_CODE, &status);
    get->http_status = (int)status;
    get->is_answered = status >= 400;
    if (get->is_answered)
        return CURL_WRITEFUNC_ERROR;
    if (status >= 200 && status < 300 && get->has_length && get->length > get->body.limit)
        return give_up(get, SV_TOO_LARGE, NULL);
    return len;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    sv_fetcher_get *get = arg;
    size_t len = size * n;
    sv_str line = trim_line((sv_str){bytes, len});
    get->header_bytes += len;
    if (get->header_bytes > MAX_HEADER_BYTES)
        return give_up(get, SV_INVALID, headers_too_large);
    if (!line.len)
        return end_headers(get, len);
    if (sv_str_starts_with(line, SV_STR("HTTP/")))
        get->has_length = false; /* after a 1xx */
    if (!is_good_length(get, line))
        return give_up(get, SV_INVALID, "the answer's length is not a plain number");
    return len;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    sv_fetcher_get *get = arg;
    size_t len = size * n;
    if (get->http_status >= 300) {
        get->ignored_bytes += len;
        if (get->ignored_bytes > MAX_IGNORED_BYTES)
            return give_up(get, SV_INVALID, "the body of a redirect is too large");
        return len;
    }
    if (!get->body.len && get->has_length)
        (void)sv_buf_reserve(&get->body, (size_t)get->length); /* a failure shows below */
    sv_status status = sv_buf_append(&get->body, bytes, len);
    return status ? give_up(get, status, NULL) : len;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    sv_fetcher_get *get = arg;
    (void)purpose;
    if (!sv_address_is_allowed(get->fetcher->config.guard, &address->addr, get->by_name)) {
        get->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- One GET ---- */

/* What the client reads, without more of our network than it told us. */
static const struct {
    CURLcode code;
    sv_status status;
    const char *reason;
} faults[] = {
    {CURLE_OPERATION_TIMEDOUT, SV_TIMEOUT, NULL},
    {CURLE_OUT_OF_MEMORY, SV_NO_MEMORY, NULL},
    {CURLE_COULDNT_RESOLVE_HOST, SV_INVALID, "the host was not found"},
    {CURLE_COULDNT_CONNECT, SV_INVALID, "could not connect"},
    {CURLE_PARTIAL_FILE, SV_INVALID, "the answer was cut short"},
    {CURLE_RECV_ERROR, SV_INVALID, "the answer was cut short"},
    {CURLE_GOT_NOTHING, SV_INVALID, "the server closed the connection without an answer"},
    {CURLE_SEND_ERROR, SV_INVALID, "the server closed the connection without an answer"},
    {CURLE_WEIRD_SERVER_REPLY, SV_INVALID, "the answer is not valid HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, SV_INVALID, "the answer is not valid HTTP"},
    {CURLE_PEER_FAILED_VERIFICATION, SV_INVALID, "the server's certificate is not valid"},
    {CURLE_SSL_CONNECT_ERROR, SV_INVALID, "no secure connection could be made"},
};

/* libcurl also calls it "out of memory" when a header line is too long for its buffer. */
static bool is_long_line(const sv_fetcher_get *get, CURLcode code)
{
    curl_off_t first_byte_us = 0;
    curl_easy_getinfo(get->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    return code == CURLE_OUT_OF_MEMORY && first_byte_us > 0 && !get->http_status;
}

static sv_status translate_fault(sv_fetcher_get *get, CURLcode code)
{
    if (get->fault)
        return get->fault;
    if (is_long_line(get, code)) {
        get->reason = headers_too_large;
        return SV_INVALID;
    }
    if (get->address_refused && code == CURLE_COULDNT_CONNECT) {
        get->reason = "address is not allowed";
        return SV_INVALID;
    }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (faults[i].code == code) {
            get->reason = faults[i].reason;
            return faults[i].status;
        }
    }
    get->reason = "the transfer failed";
    return SV_INVALID;
}

static sv_status read_location(sv_fetcher_get *get)
{
    char *location = NULL;
    curl_easy_getinfo(get->easy, CURLINFO_REDIRECT_URL, &location);
    if (!location)
        return SV_OK;
    get->location = strdup(location);
    return get->location ? SV_OK : SV_NO_MEMORY;
}

static void detach(sv_fetcher_get *get)
{
    curl_multi_remove_handle(get->fetcher->multi, get->easy);
    curl_easy_cleanup(get->easy);
    get->easy = NULL;
    sv_list_remove(&get->node);
}

static void finish(sv_fetcher_get *get, sv_status status)
{
    detach(get);
    get->done(get, status); /* it may be gone then */
}

static void end_get(sv_fetcher_get *get, CURLcode code)
{
    if (get->is_answered)
        finish(get, SV_OK);
    else
        finish(get, code == CURLE_OK ? read_location(get) : translate_fault(get, code));
}

static bool set_options(sv_fetcher_get *get, long timeout_ms)
{
    CURL *easy = get->easy;
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_URL, get->url);
    failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "serval/" SV_VERSION);
    failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not that of the environment either */
    failed |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    failed |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a look-up */
    failed |= curl_easy_setopt(easy, CURLOPT_PRIVATE, get);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, get);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, get);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, get);
    return !failed;
}

static void clear_answer(sv_fetcher_get *get, size_t max_bytes)
{
    sv_buf_init(&get->body, max_bytes);
    get->http_status = 0;
    get->location = NULL;
    get->reason = NULL;
    get->header_bytes = get->ignored_bytes = 0;
    get->fault = SV_OK;
    get->has_length = get->is_answered = get->address_refused = false;
}

void sv_fetcher_start(sv_fetcher *fetcher, sv_fetcher_get *get)
{
    int64_t left_ms = sv_clock_left_ms(&sv_clock_system, get->deadline_ns);
    get->fetcher = fetcher;
    clear_answer(get, fetcher->config.max_bytes);
    sv_list_append(&fetcher->gets, &get->node);
    get->easy = curl_easy_init();
    if (!left_ms)
        finish(get, SV_TIMEOUT);
    else if (!get->easy || !set_options(get, (long)left_ms) ||
             curl_multi_add_handle(fetcher->multi, get->easy) != CURLM_OK)
        finish(get, SV_NO_MEMORY);
}

void sv_fetcher_stop(sv_fetcher_get *get)
{
    if (get->easy)
        detach(get);
}

/* ---- The loop and libcurl ---- */

static void finish_all(sv_fetcher *fetcher, sv_status status)
{
    while (!sv_list_is_empty(&fetcher->gets))
        finish(SV_CONTAINER_OF(fetcher->gets.next, sv_fetcher_get, node), status);
}

static void take_finished(sv_fetcher *fetcher)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        sv_fetcher_get *get = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&get);
        end_get(get, code); /* the message goes with the handle */
    }
}

/* When a callback had no memory, libcurl gives up all transfers. */
static void act(sv_fetcher *fetcher, curl_socket_t fd, int flags)
{
    int n_running;
    if (curl_multi_socket_action(fetcher->multi, fd, flags, &n_running) == CURLM_OK)
        take_finished(fetcher);
    else
        finish_all(fetcher, SV_NO_MEMORY);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    watch *it = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(it->fetcher, it->fd, flags);
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    sv_fetcher *fetcher = arg;
    (void)multi;
    sv_timer_set(fetcher->timer, timeout_ms < 0 ? SV_NEVER
                                                : sv_loop_now_ns(fetcher->loop) +
                                                      (int64_t)timeout_ms * SV_NS_PER_MS);
    return 0;
}

static watch *new_watch(sv_fetcher *fetcher, curl_socket_t fd)
{
    watch *it = calloc(1, sizeof *it);
    if (!it)
        return NULL;
    if (uv_poll_init_socket(sv_loop_handle(fetcher->loop), &it->poll, fd) != 0) {
        free(it);
        return NULL;
    }
    it->fetcher = fetcher;
    it->fd = fd;
    it->poll.data = it;
    curl_multi_assign(fetcher->multi, fd, it);
    return it;
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    sv_fetcher *fetcher = arg;
    watch *it = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (it)
            uv_close((uv_handle_t *)&it->poll, free_closed);
        return 0;
    }
    if (!it)
        it = new_watch(fetcher, fd);
    if (!it)
        return -1;
    int events = 0;
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&it->poll, events, on_poll) ? -1 : 0;
}

static bool open_multi(sv_fetcher *fetcher)
{
    int failed = 0;
    fetcher->multi = curl_multi_init();
    fetcher->timer = sv_timer_new(fetcher->loop, on_timer, fetcher);
    if (!fetcher->multi || !fetcher->timer)
        return false;
    failed |= curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    failed |= curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    failed |= curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    failed |= curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    failed |= curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    failed |=
        curl_multi_setopt(fetcher->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAX_CONNECTIONS);
    return !failed;
}

sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "libcurl could not be started");
    sv_status status = SV_NO_MEMORY;
    sv_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        status = sv_error_set(error, SV_UNSUPPORTED, NULL,
                              "this libcurl would block while it looks names up");
        goto fail;
    }
    if (!fetcher)
        goto fail;
    fetcher->loop = loop;
    fetcher->config = *config;
    sv_list_init(&fetcher->gets);
    if (!open_multi(fetcher))
        goto fail_multi;
    *ret_fetcher = fetcher;
    return SV_OK;

fail_multi:
    curl_multi_cleanup(fetcher->multi);
    sv_timer_free(fetcher->timer);
fail:
    free(fetcher);
    curl_global_cleanup();
    return status;
}

void sv_fetcher_free(sv_fetcher *fetcher)
{
    if (!fetcher)
        return;
    finish_all(fetcher, SV_CANCELLED);
    curl_multi_cleanup(fetcher->multi); /* closes what is idle, by watch_socket */
    sv_timer_free(fetcher->timer);
    free(fetcher);
    curl_global_cleanup();
}

sv_loop *sv_fetcher_loop(const sv_fetcher *fetcher)
{
    return fetcher->loop;
}

const sv_fetch_config *sv_fetcher_config(const sv_fetcher *fetcher)
{
    return &fetcher->config;
}
