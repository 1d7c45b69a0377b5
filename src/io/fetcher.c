/* fetcher.c: libcurl's multi interface on a loop (only curl/curl.h).
 *
 * DESIGN. libcurl tells which sockets it waits for (watch_socket) and when it wants to be called
 * (set_timer), and is called when either happens (act). It never blocks the loop: names are looked
 * up by its own threads, and a look-up that hangs is left behind. Sockets are made here
 * (open_socket), so that the guard sees every address that is really connected to.
 *
 * The sockets stand in an epoll set of their own, and the loop waits for the set: libcurl 7.88 may
 * close a socket before it says that it waits for it no more, which such a set takes well and
 * libuv's handles do not. And now and then all transfers are looked at (tick): 7.88 forgets to ask
 * for a call when it wants to try the next address of a name. */
#include "io/fetcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CURL_DISABLE_DEPRECATION /* curl_multi_socket_all has no successor */
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
    MAX_EVENTS = 64,
    TICK_MS = 250,
};

struct sv_fetcher {
    sv_loop *loop;
    sv_fetch_config config;
    CURLM *multi;
    int sockets;    /* the epoll set */
    uv_poll_t poll; /* of it */
    sv_timer *timer;
    int64_t due_ns;  /* when libcurl wants to be called */
    int64_t tick_ns; /* when all transfers are looked at, if there are any */
    sv_list_node gets;
};

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

/* libcurl gives up all transfers when a callback fails. */
static void settle(sv_fetcher *fetcher, CURLMcode code)
{
    if (code == CURLM_OK)
        take_finished(fetcher);
    else
        finish_all(fetcher, SV_NO_MEMORY);
}

static void act(sv_fetcher *fetcher, const struct epoll_event *event)
{
    int n_running, flags = 0;
    if (event->events & (EPOLLIN | EPOLLHUP))
        flags |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        flags |= CURL_CSELECT_OUT;
    if (event->events & EPOLLERR)
        flags |= CURL_CSELECT_ERR;
    settle(fetcher, curl_multi_socket_action(fetcher->multi, event->data.fd, flags, &n_running));
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    sv_fetcher *fetcher = poll->data;
    struct epoll_event ready[MAX_EVENTS];
    int n = epoll_wait(fetcher->sockets, ready, MAX_EVENTS, 0);
    (void)status;
    (void)events;
    for (int i = 0; i < n; i++) /* one that an earlier one closed is no matter to libcurl */
        act(fetcher, &ready[i]);
}

static void arm(sv_fetcher *fetcher)
{
    int64_t next_ns = fetcher->due_ns;
    if (!sv_list_is_empty(&fetcher->gets) && fetcher->tick_ns < next_ns)
        next_ns = fetcher->tick_ns;
    sv_timer_set(fetcher->timer, next_ns);
}

static void tick(void *arg)
{
    sv_fetcher *fetcher = arg;
    int n_running;
    int64_t now_ns = sv_loop_now_ns(fetcher->loop);
    if (fetcher->due_ns <= now_ns) {
        fetcher->due_ns = SV_NEVER; /* it asks again if need be */
        settle(fetcher,
               curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &n_running));
    }
    if (fetcher->tick_ns <= now_ns) {
        fetcher->tick_ns = now_ns + TICK_MS * SV_NS_PER_MS;
        settle(fetcher, curl_multi_socket_all(fetcher->multi, &n_running));
    }
    arm(fetcher);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    sv_fetcher *fetcher = arg;
    (void)multi;
    fetcher->due_ns = SV_NEVER;
    if (timeout_ms >= 0)
        fetcher->due_ns = sv_loop_now_ns(fetcher->loop) + timeout_ms * SV_NS_PER_MS;
    arm(fetcher);
    return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    sv_fetcher *fetcher = arg;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(fetcher->sockets, EPOLL_CTL_DEL, fd, NULL); /* closed ones are out */
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (epoll_ctl(fetcher->sockets, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    return epoll_ctl(fetcher->sockets, EPOLL_CTL_ADD, fd, &event);
}

static bool open_multi(sv_fetcher *fetcher)
{
    CURLM *multi = fetcher->multi = curl_multi_init();
    int failed = !multi;
    if (failed)
        return false;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    failed |= curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAX_CONNECTIONS);
    return !failed;
}

static bool open_sockets(sv_fetcher *fetcher)
{
    fetcher->sockets = epoll_create1(EPOLL_CLOEXEC);
    if (fetcher->sockets < 0)
        return false;
    if (uv_poll_init(sv_loop_handle(fetcher->loop), &fetcher->poll, fetcher->sockets) != 0) {
        close(fetcher->sockets);
        return false;
    }
    fetcher->poll.data = fetcher;
    uv_poll_start(&fetcher->poll, UV_READABLE, on_ready);
    return true;
}

sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher)
{
    sv_status status = SV_NO_MEMORY;
    sv_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return SV_NO_MEMORY;
    fetcher->loop = loop;
    fetcher->config = *config;
    fetcher->due_ns = SV_NEVER;
    sv_list_init(&fetcher->gets);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        goto fail_global;
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        status = sv_error_set(error, SV_UNSUPPORTED, NULL,
                              "this libcurl would block while it looks names up");
        goto fail_multi;
    }
    if (!open_multi(fetcher))
        goto fail_multi;
    fetcher->timer = sv_timer_new(loop, tick, fetcher);
    if (!fetcher->timer)
        goto fail_multi;
    if (!open_sockets(fetcher)) {
        status = sv_error_set(error, SV_IO, NULL, "fetching: %s", strerror(errno));
        goto fail_sockets;
    }
    *ret_fetcher = fetcher;
    return SV_OK;

fail_sockets:
    sv_timer_free(fetcher->timer);
fail_multi:
    curl_multi_cleanup(fetcher->multi);
    curl_global_cleanup();
fail_global:
    free(fetcher);
    return status;
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void sv_fetcher_free(sv_fetcher *fetcher)
{
    if (!fetcher)
        return;
    finish_all(fetcher, SV_CANCELLED);
    curl_multi_cleanup(fetcher->multi);
    curl_global_cleanup();
    sv_timer_free(fetcher->timer);
    uv_close((uv_handle_t *)&fetcher->poll, free_closed);
    close(fetcher->sockets);
}

sv_loop *sv_fetcher_loop(const sv_fetcher *fetcher)
{
    return fetcher->loop;
}

const sv_fetch_config *sv_fetcher_config(const sv_fetcher *fetcher)
{
    return &fetcher->config;
}
