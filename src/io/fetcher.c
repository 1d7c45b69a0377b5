/* fetcher.c: libcurl's multi interface on a loop (only curl/curl.h).
 *
 * DESIGN. libcurl tells which sockets it waits for (watch_socket) and when it wants to be called
 * (set_timer). Sockets are made here (open_socket), so that the guard sees every address that is
 * really connected to. Turns and deadlines are kept here: libcurl has none for those that wait.
 *
 * Each look-up of a name is a thread of libcurl's that nothing can stop. A GET that ends in the
 * middle of one leaves its transfer behind, an orphan that keeps its turn until the look-up ends:
 * the loop does not wait for it, and there are never more threads than turns.
 *
 * The sockets stand in an epoll set of their own, for which the loop waits: libcurl 7.88 may close
 * one before it says that it waits for it no more, which libuv's handles do not take. Now and then
 * all transfers are looked at (tick): 7.88 forgets to ask for a call to try the next address. */
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

enum {
    MAX_IGNORED_BYTES = 64 * 1024,
    MAX_IDLE_CONNECTIONS = 32,
    MAX_SPARES = 16,
    MAX_CONNECT_MS = 300 * 1000,
    ORPHAN_MS = 60 * 1000, /* longer than a look-up takes */
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
    int64_t due_ns;                /* when libcurl wants to be called */
    int64_t tick_ns;               /* when all transfers are looked at, if there are any */
    sv_list_node waiting, running; /* transfers */
    struct sv_fetcher_transfer *spares[MAX_SPARES];
    size_t n_running, n_spares;
};

/* A handle of libcurl, for one GET after another. */
typedef struct sv_fetcher_transfer {
    sv_list_node node; /* of waiting or running */
    sv_fetcher *fetcher;
    CURL *easy;
    sv_timer *deadline;
    sv_fetcher_get *get; /* NULL: an orphan or a spare */
    bool is_running, is_done, has_socket;
} transfer;

/* ---- The answer ---- */

/* For a callback of libcurl: ends the transfer. */
static size_t give_up(sv_fetcher_get *get, sv_status status, const char *reason)
{
    get->fault = status;
    get->reason = reason;
    return CURL_WRITEFUNC_ERROR;
}

/* Nobody waits for the body of an error. That of a redirect is read, so that the connection can be
 * used again. */
static size_t end_headers(sv_fetcher_get *get, size_t len)
{
    long status = 0;
    curl_easy_getinfo(get->transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    get->http_status = (int)status;
    get->is_answered = status >= 400;
    if (status >= 400)
        return CURL_WRITEFUNC_ERROR;
    if (status >= 200 && status < 300 && get->head.has_length && get->head.length > get->body.limit)
        return give_up(get, SV_TOO_LARGE, NULL);
    return len;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    sv_fetcher_get *get = ((transfer *)arg)->get;
    size_t len = size * n;
    if (!get)
        return CURL_WRITEFUNC_ERROR;
    const char *reason = sv_fetch_head_take(&get->head, (sv_str){bytes, len});
    if (reason)
        return give_up(get, SV_INVALID, reason);
    return get->head.is_complete ? end_headers(get, len) : len;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    sv_fetcher_get *get = ((transfer *)arg)->get;
    size_t len = size * n;
    if (!get)
        return CURL_WRITEFUNC_ERROR;
    if (get->http_status >= 300) {
        get->ignored_bytes += len;
        if (get->ignored_bytes > MAX_IGNORED_BYTES)
            return give_up(get, SV_INVALID, "the body of a redirect is too large");
        return len;
    }
    if (!get->body.len && get->head.has_length)
        (void)sv_buf_reserve(&get->body, (size_t)get->head.length); /* a failure shows below */
    sv_status status = sv_buf_append(&get->body, bytes, len);
    return status ? give_up(get, status, NULL) : len;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *it = arg;
    sv_fetcher_get *get = it->get;
    (void)purpose;
    it->has_socket = true;
    if (get && sv_address_is_allowed(it->fetcher->config.guard, &address->addr, get->by_name))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (get)
        get->address_refused = true;
    return CURL_SOCKET_BAD;
}

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

/* A header line too long for libcurl's buffer: "out of memory", since 8.6 CURLE_TOO_LARGE (100). */
static bool is_long_line(const sv_fetcher_get *get, CURLcode code)
{
    curl_off_t first_byte_us = 0;
    curl_easy_getinfo(get->transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    bool out_of_room = code == CURLE_OUT_OF_MEMORY && first_byte_us > 0 && !get->http_status;
    return out_of_room || (int)code == 100;
}

static sv_status translate_fault(sv_fetcher_get *get, CURLcode code)
{
    if (get->fault)
        return get->fault;
    if (is_long_line(get, code)) {
        get->reason = sv_fetch_head_too_large;
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
    curl_easy_getinfo(get->transfer->easy, CURLINFO_REDIRECT_URL, &location);
    get->location = location ? strdup(location) : NULL;
    return location && !get->location ? SV_NO_MEMORY : SV_OK;
}

/* libcurl goes by the chunks when there is a length as well. */
static sv_status check_length(sv_fetcher_get *get)
{
    if (!get->head.has_length || get->head.length == get->body.len)
        return SV_OK;
    get->reason = "the answer has not the length it tells";
    return SV_INVALID;
}

/* ---- Turns ---- */

static void free_transfer(transfer *it)
{
    curl_easy_cleanup(it->easy);
    sv_timer_free(it->deadline);
    free(it);
}

static void on_deadline(void *arg);

static transfer *take_transfer(sv_fetcher *fetcher)
{
    if (fetcher->n_spares)
        return fetcher->spares[--fetcher->n_spares];
    transfer *it = calloc(1, sizeof *it);
    if (!it)
        return NULL;
    it->fetcher = fetcher;
    it->easy = curl_easy_init();
    it->deadline = sv_timer_new(fetcher->loop, on_deadline, it);
    if (it->easy && it->deadline)
        return it;
    free_transfer(it);
    return NULL;
}

static void end_transfer(transfer *it)
{
    sv_fetcher *fetcher = it->fetcher;
    if (it->is_running) {
        curl_multi_remove_handle(fetcher->multi, it->easy);
        fetcher->n_running--;
    }
    sv_list_remove(&it->node);
    it->is_running = it->is_done = it->has_socket = false;
    sv_timer_set(it->deadline, SV_NEVER);
    curl_easy_reset(it->easy);
    if (fetcher->n_spares < MAX_SPARES)
        fetcher->spares[fetcher->n_spares++] = it;
    else
        free_transfer(it);
}

static bool is_looking_up(const transfer *it)
{
    curl_off_t looked_up_us = 0;
    curl_easy_getinfo(it->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up_us);
    return it->is_running && !it->is_done && !it->has_socket && !looked_up_us;
}

/* The GET is its caller's again. */
static void let_go(sv_fetcher_get *get)
{
    transfer *it = get->transfer;
    if (!it)
        return;
    get->transfer = NULL;
    it->get = NULL;
    if (is_looking_up(it))
        sv_timer_set(it->deadline, sv_clock_deadline_ns(&sv_clock_system, ORPHAN_MS));
    else
        end_transfer(it);
}

static void finish(sv_fetcher_get *get, sv_status status)
{
    let_go(get);
    get->done(get, status); /* it may be gone then */
}

static void take_result(transfer *it, CURLcode code)
{
    sv_fetcher_get *get = it->get;
    it->is_done = true;
    if (!get)
        end_transfer(it);
    else if (get->is_answered)
        finish(get, SV_OK);
    else if (code != CURLE_OK)
        finish(get, translate_fault(get, code));
    else
        finish(get, get->http_status >= 300 ? read_location(get) : check_length(get));
}

static bool set_options(transfer *it)
{
    CURL *easy = it->easy;
    int64_t left_ms = sv_clock_left_ms(&sv_clock_system, it->get->deadline_ns);
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_URL, it->get->url);
    failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "serval/" SV_VERSION);
    failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not that of the environment either */
    failed |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    failed |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* Of all addresses of a name: the first does not get all of the time. */
    failed |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                               left_ms < MAX_CONNECT_MS ? (long)left_ms : (long)MAX_CONNECT_MS);
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* not to wait for a look-up */
    failed |= curl_easy_setopt(easy, CURLOPT_PRIVATE, it);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, it);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, it);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, it);
    return !failed;
}

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

static transfer *take_first(sv_list_node *transfers)
{
    sv_list_node *node = transfers->next;
    transfers->next = node->next; /* in such words that an analyser sees it, too */
    node->next->prev = transfers;
    sv_list_init(node);
    return SV_CONTAINER_OF(node, transfer, node);
}

static void give_turns(sv_fetcher *fetcher)
{
    while (fetcher->n_running < SV_FETCHER_MAX_RUNNING && !sv_list_is_empty(&fetcher->waiting)) {
        transfer *it = take_first(&fetcher->waiting);
        if (!set_options(it) || curl_multi_add_handle(fetcher->multi, it->easy) != CURLM_OK) {
            finish(it->get, SV_NO_MEMORY);
            continue;
        }
        sv_list_append(&fetcher->running, &it->node);
        it->is_running = true;
        fetcher->n_running++;
    }
}

static void on_deadline(void *arg)
{
    transfer *it = arg;
    sv_fetcher *fetcher = it->fetcher;
    if (it->get)
        finish(it->get, it->get->fault ? it->get->fault : SV_TIMEOUT);
    else
        end_transfer(it);
    give_turns(fetcher);
}

void sv_fetcher_start(sv_fetcher *fetcher, sv_fetcher_get *get)
{
    transfer *it = take_transfer(fetcher);
    clear_answer(get, fetcher->config.max_bytes);
    get->fetcher = fetcher;
    get->transfer = it;
    if (!it) {
        get->done(get, SV_NO_MEMORY);
        return;
    }
    it->get = get;
    sv_timer_set(it->deadline, get->deadline_ns);
    sv_list_append(&fetcher->waiting, &it->node);
    if (get->deadline_ns > sv_loop_now_ns(fetcher->loop))
        give_turns(fetcher);
}

void sv_fetcher_stop(sv_fetcher_get *get)
{
    let_go(get);
    sv_timer_set(get->fetcher->timer, 0); /* turns are given from there */
}

/* ---- The loop and libcurl ---- */

static void take_finished(sv_fetcher *fetcher)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        transfer *it = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&it);
        take_result(it, code); /* the message goes with the handle */
    }
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
    (void)curl_multi_socket_action(fetcher->multi, event->data.fd, flags, &n_running);
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
    take_finished(fetcher);
    give_turns(fetcher);
}

static void arm(sv_fetcher *fetcher)
{
    int64_t next_ns = fetcher->due_ns;
    if (fetcher->n_running && fetcher->tick_ns < next_ns)
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
        (void)curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
    }
    if (fetcher->tick_ns <= now_ns) {
        fetcher->tick_ns = now_ns + TICK_MS * SV_NS_PER_MS;
        (void)curl_multi_socket_all(fetcher->multi, &n_running);
    }
    take_finished(fetcher);
    give_turns(fetcher);
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

/* Ends the transfer soon. libcurl is not told: it would give up all transfers, for ever. */
static void give_up_socket(CURL *easy)
{
    transfer *it = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&it);
    if (it && it->get) {
        it->get->fault = SV_NO_MEMORY;
        sv_timer_set(it->deadline, 0);
    }
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    sv_fetcher *fetcher = arg;
    struct epoll_event event = {.data.fd = fd};
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(fetcher->sockets, EPOLL_CTL_DEL, fd, NULL); /* closed ones are out */
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (epoll_ctl(fetcher->sockets, EPOLL_CTL_MOD, fd, &event) != 0 &&
        epoll_ctl(fetcher->sockets, EPOLL_CTL_ADD, fd, &event) != 0)
        give_up_socket(easy);
    return 0;
}

static bool open_multi(sv_fetcher *fetcher)
{
    CURLM *multi = fetcher->multi = curl_multi_init();
    int failed = 0;
    if (!multi)
        return false;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
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
    sv_list_init(&fetcher->waiting);
    sv_list_init(&fetcher->running);
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

static void end_all(sv_list_node *transfers)
{
    while (!sv_list_is_empty(transfers)) {
        transfer *it = take_first(transfers);
        it->is_done = true; /* so that it becomes no orphan */
        if (it->get)
            finish(it->get, SV_CANCELLED);
        else
            end_transfer(it);
    }
}

void sv_fetcher_free(sv_fetcher *fetcher)
{
    if (!fetcher)
        return;
    end_all(&fetcher->waiting);
    end_all(&fetcher->running);
    while (fetcher->n_spares)
        free_transfer(fetcher->spares[--fetcher->n_spares]);
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
