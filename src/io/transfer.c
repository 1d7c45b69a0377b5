/* transfer.c: libcurl's multi interface on a loop (only curl/curl.h).
 *
 * DESIGN. libcurl tells which sockets it waits for (watch_socket) and when it wants to be called
 * (set_timer). Sockets are made here (open_socket), so that the user sees every address that is
 * really connected to. Turns and deadlines are kept here: libcurl has none for those that wait.
 *
 * Each look-up of a name is a thread of libcurl's that nothing can stop. A transfer that ends in it
 * leaves its handle behind, an orphan that keeps its turn until the look-up ends: the loop does not
 * wait for it, and there are never more threads than turns.
 *
 * The sockets stand in a set of their own: libcurl 7.88 may close one before it says that it waits
 * for it no more. Now and then all transfers are looked at (tick): 7.88 forgets to ask for a call
 * to try the next address.
 *
 * A piece that was not taken whole comes again from its start (n_taken). Meanwhile nothing is read:
 * what libcurl keeps is what one read brought, and with HTTP/2 one window. */
#include "io/transfer.h"

#include <stdlib.h>

#define CURL_DISABLE_DEPRECATION /* curl_multi_socket_all has no successor */
#include <curl/curl.h>

#include <serval/version.h>

#include "base/list.h"
#include "io/socket_set.h"
#include "io/timer.h"

enum {
    MAX_SPARES = 16,
    MAX_CONNECT_MS = 300 * 1000,
    ORPHAN_MS = 60 * 1000, /* longer than a look-up takes */
    TICK_MS = 250,
};

struct sv_transfer_pool {
    sv_loop *loop;
    size_t max_running;
    CURLM *multi;
    sv_socket_set *sockets;
    sv_timer *timer;
    int64_t due_ns;                /* when libcurl wants to be called */
    int64_t tick_ns;               /* when all transfers are looked at, if there are any */
    sv_list_node waiting, running; /* handles */
    struct sv_transfer_handle *spares[MAX_SPARES];
    size_t n_running, n_spares;
};

/* A handle of libcurl, for one transfer after another. */
typedef struct sv_transfer_handle {
    sv_list_node node; /* of waiting or running */
    sv_transfer_pool *pool;
    CURL *easy;
    struct curl_slist *lines; /* the headers that are sent */
    sv_timer *deadline;
    sv_transfer *transfer; /* NULL: an orphan or a spare */
    size_t n_taken;        /* of the piece that libcurl gives again */
    sv_transfer_end early; /* what `deadline` stands for, if it is not the deadline */
    bool is_running, is_done, has_socket, has_head, is_paused, is_stopped;
} handle;

/* ---- The answer ---- */

static size_t stop(handle *it)
{
    it->is_stopped = true;
    return CURL_WRITEFUNC_ERROR;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    handle *it = arg;
    sv_str line = {bytes, size * n};
    if (!it->transfer || it->is_stopped)
        return CURL_WRITEFUNC_ERROR;
    if (line.len <= 2) /* the empty line */
        it->has_head = sv_transfer_http_status(it->transfer) >= 200;
    return it->transfer->port->take_line(it->transfer, line) ? line.len : stop(it);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    handle *it = arg;
    size_t len = size * n, skipped = it->n_taken < len ? it->n_taken : len;
    size_t taken = len - skipped;
    if (!it->transfer || it->is_stopped)
        return CURL_WRITEFUNC_ERROR;
    sv_str rest = {bytes + skipped, len - skipped};
    if (rest.len && !it->transfer->port->take_body(it->transfer, rest, &taken))
        return stop(it);
    it->is_paused = taken < rest.len;
    it->n_taken = it->is_paused ? skipped + taken : it->n_taken - skipped;
    return it->is_paused ? CURL_WRITEFUNC_PAUSE : len;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    handle *it = arg;
    sv_transfer *transfer = it->transfer;
    (void)purpose;
    it->has_socket = true;
    if (!transfer ||
        (transfer->port->may_connect && !transfer->port->may_connect(transfer, &address->addr)))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int note_connected(void *arg, char *remote, char *local, int remote_port, int local_port)
{
    handle *it = arg;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (it->transfer && it->transfer->port->connected)
        it->transfer->port->connected(it->transfer);
    return it->transfer ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static const struct {
    CURLcode code;
    sv_transfer_end end;
} ends[] = {
    {CURLE_OK, SV_TRANSFER_COMPLETE},
    {CURLE_OPERATION_TIMEDOUT, SV_TRANSFER_TIMED_OUT},
    {CURLE_OUT_OF_MEMORY, SV_TRANSFER_NO_MEMORY},
    {CURLE_COULDNT_RESOLVE_HOST, SV_TRANSFER_NO_HOST},
    {CURLE_COULDNT_CONNECT, SV_TRANSFER_NOT_CONNECTED},
    {CURLE_PARTIAL_FILE, SV_TRANSFER_CUT_SHORT},
    {CURLE_RECV_ERROR, SV_TRANSFER_CUT_SHORT},
    {CURLE_HTTP2, SV_TRANSFER_CUT_SHORT},
    {CURLE_HTTP2_STREAM, SV_TRANSFER_CUT_SHORT},
    {CURLE_GOT_NOTHING, SV_TRANSFER_NO_ANSWER},
    {CURLE_SEND_ERROR, SV_TRANSFER_NO_ANSWER},
    {CURLE_WEIRD_SERVER_REPLY, SV_TRANSFER_BAD_HTTP},
    {CURLE_UNSUPPORTED_PROTOCOL, SV_TRANSFER_BAD_HTTP},
    {CURLE_PEER_FAILED_VERIFICATION, SV_TRANSFER_BAD_CERTIFICATE},
    {CURLE_SSL_CONNECT_ERROR, SV_TRANSFER_NO_TLS},
};

/* A header line too long for libcurl's buffer: "out of memory", since 8.6 CURLE_TOO_LARGE (100). */
static bool is_long_line(const handle *it, CURLcode code)
{
    curl_off_t first_byte_us = 0;
    curl_easy_getinfo(it->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    if (code == CURLE_OUT_OF_MEMORY)
        return first_byte_us > 0 && !it->has_head;
    return (int)code == 100;
}

static sv_transfer_end translate(const handle *it, CURLcode code)
{
    if (it->is_stopped)
        return SV_TRANSFER_STOPPED;
    if (it->early)
        return it->early;
    if (code == CURLE_OK && !it->has_head) /* libcurl sees no fault in half a head */
        return SV_TRANSFER_CUT_SHORT;
    if (is_long_line(it, code))
        return SV_TRANSFER_LONG_LINE;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i].code == code)
            return ends[i].end;
    return SV_TRANSFER_FAILED;
}

const char *sv_transfer_end_why(sv_transfer_end end)
{
    static const char *const whys[] = {
#define WHY(name, why) why,
        SV_TRANSFER_END_MAP(WHY)
#undef WHY
    };
    return whys[end];
}

/* ---- What is asked ---- */

static bool add_lines(handle *it)
{
    sv_str rest = it->transfer->lines, line;
    while (sv_str_split(&rest, '\0', &line) && line.len) {
        struct curl_slist *longer = curl_slist_append(it->lines, line.ptr);
        if (!longer)
            return false;
        it->lines = longer;
    }
    return true;
}

static int set_request(handle *it)
{
    CURL *easy = it->easy;
    const sv_transfer *transfer = it->transfer;
    long version = transfer->allows_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, it->lines);
    if (transfer->is_post) {
        failed |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
        failed |=
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.len);
        failed |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                   transfer->body.len ? transfer->body.ptr : "");
    }
    return failed;
}

static int set_callbacks(handle *it)
{
    CURL *easy = it->easy;
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_PRIVATE, it);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, it);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, it);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, it);
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, note_connected);
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, it);
    return failed;
}

static bool set_options(handle *it)
{
    CURL *easy = it->easy;
    int64_t left_ms = sv_clock_left_ms(&sv_clock_system, it->transfer->deadline_ns);
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "serval/" SV_VERSION);
    failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not that of the environment either */
    failed |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    failed |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* Of all addresses of a name: the first does not get all of the time. */
    failed |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                               left_ms < MAX_CONNECT_MS ? (long)left_ms : (long)MAX_CONNECT_MS);
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* not to wait for a look-up */
    return add_lines(it) && !failed && !set_request(it) && !set_callbacks(it);
}

/* ---- Turns ---- */

static void free_handle(handle *it)
{
    curl_easy_cleanup(it->easy);
    sv_timer_free(it->deadline);
    free(it);
}

static void on_deadline(void *arg);

static handle *take_handle(sv_transfer_pool *pool)
{
    if (pool->n_spares)
        return pool->spares[--pool->n_spares];
    handle *it = calloc(1, sizeof *it);
    if (!it)
        return NULL;
    it->pool = pool;
    it->easy = curl_easy_init();
    it->deadline = sv_timer_new(pool->loop, on_deadline, it);
    if (it->easy && it->deadline)
        return it;
    free_handle(it);
    return NULL;
}

static void end_handle(handle *it)
{
    sv_transfer_pool *pool = it->pool;
    if (it->is_running) {
        curl_multi_remove_handle(pool->multi, it->easy);
        pool->n_running--;
    }
    sv_list_remove(&it->node);
    sv_timer_set(it->deadline, SV_NEVER);
    curl_easy_reset(it->easy);
    curl_slist_free_all(it->lines);
    *it = (handle){.pool = pool, .easy = it->easy, .deadline = it->deadline};
    if (pool->n_spares < MAX_SPARES)
        pool->spares[pool->n_spares++] = it;
    else
        free_handle(it);
}

static bool is_looking_up(const handle *it)
{
    curl_off_t looked_up_us = 0;
    curl_easy_getinfo(it->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up_us);
    return it->is_running && !it->is_done && !it->has_socket && !looked_up_us;
}

/* The transfer is its user's again. */
static sv_transfer *let_go(handle *it)
{
    sv_transfer *transfer = it->transfer;
    transfer->handle = NULL;
    it->transfer = NULL;
    return transfer;
}

static void release(handle *it)
{
    if (is_looking_up(it))
        sv_timer_set(it->deadline, sv_clock_deadline_ns(&sv_clock_system, ORPHAN_MS));
    else
        end_handle(it);
}

static void finish(handle *it, sv_transfer_end end)
{
    char *location = NULL;
    sv_transfer *transfer = let_go(it);
    if (end == SV_TRANSFER_COMPLETE)
        curl_easy_getinfo(it->easy, CURLINFO_REDIRECT_URL, &location);
    transfer->port->done(transfer, end, location); /* it may be gone then */
    release(it);
}

static void take_result(handle *it, CURLcode code)
{
    it->is_done = true;
    if (it->transfer)
        finish(it, translate(it, code));
    else
        end_handle(it);
}

static handle *take_first(sv_list_node *handles)
{
    sv_list_node *node = handles->next;
    handles->next = node->next; /* in such words that an analyser sees it, too */
    node->next->prev = handles;
    sv_list_init(node);
    return SV_CONTAINER_OF(node, handle, node);
}

static void give_turn(handle *it)
{
    sv_transfer_pool *pool = it->pool;
    if (it->transfer->port->begin)
        it->transfer->port->begin(it->transfer);
    if (!set_options(it) || curl_multi_add_handle(pool->multi, it->easy) != CURLM_OK) {
        finish(it, SV_TRANSFER_NO_MEMORY);
        return;
    }
    sv_list_append(&pool->running, &it->node);
    it->is_running = true;
    pool->n_running++;
}

static void give_turns(sv_transfer_pool *pool)
{
    while (pool->n_running < pool->max_running && !sv_list_is_empty(&pool->waiting))
        give_turn(take_first(&pool->waiting));
}

static void on_deadline(void *arg)
{
    handle *it = arg;
    sv_transfer_pool *pool = it->pool;
    if (it->transfer)
        finish(it, it->early ? it->early : SV_TRANSFER_TIMED_OUT);
    else
        end_handle(it);
    give_turns(pool);
}

static handle *handle_of(CURL *easy)
{
    handle *it = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&it);
    return it;
}

static void end_soon(handle *it, sv_transfer_end end)
{
    if (!it)
        return;
    it->early = end;
    sv_timer_set(it->deadline, 0);
}

void sv_transfer_start(sv_transfer_pool *pool, sv_transfer *transfer)
{
    handle *it = take_handle(pool);
    transfer->handle = it;
    if (!it) {
        transfer->port->done(transfer, SV_TRANSFER_NO_MEMORY, NULL);
        return;
    }
    it->transfer = transfer;
    sv_timer_set(it->deadline, transfer->deadline_ns);
    sv_list_append(&pool->waiting, &it->node);
    if (transfer->deadline_ns > sv_loop_now_ns(pool->loop))
        give_turns(pool);
}

void sv_transfer_stop(sv_transfer *transfer)
{
    handle *it = transfer->handle;
    if (!it)
        return;
    sv_timer_set(it->pool->timer, 0); /* turns are given from there */
    let_go(it);
    release(it);
}

void sv_transfer_resume(sv_transfer *transfer)
{
    handle *it = transfer->handle;
    if (!it || !it->is_paused)
        return;
    it->is_paused = false;
    CURLcode code = curl_easy_pause(it->easy, CURLPAUSE_CONT);
    if (code != CURLE_OK)
        end_soon(it, translate(it, code));
}

void sv_transfer_set_deadline(sv_transfer *transfer, int64_t deadline_ns)
{
    handle *it = transfer->handle;
    transfer->deadline_ns = deadline_ns;
    if (it && !it->early)
        sv_timer_set(it->deadline, deadline_ns);
}

int sv_transfer_http_status(const sv_transfer *transfer)
{
    long status = 0;
    if (transfer->handle)
        curl_easy_getinfo(transfer->handle->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

/* ---- The loop and libcurl ---- */

static void take_finished(sv_transfer_pool *pool)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(pool->multi, &left))) {
        CURLcode code = message->data.result;
        take_result(handle_of(message->easy_handle), code); /* the message goes with it */
    }
}

static void act(void *arg, const sv_socket_ready *socket)
{
    sv_transfer_pool *pool = arg;
    int n_running, flags = 0;
    if (socket->can_read)
        flags |= CURL_CSELECT_IN;
    if (socket->can_write)
        flags |= CURL_CSELECT_OUT;
    if (socket->has_failed)
        flags |= CURL_CSELECT_ERR;
    (void)curl_multi_socket_action(pool->multi, socket->fd, flags,
                                   &n_running); /* or it is closed */
}

static void end_round(void *arg)
{
    take_finished(arg);
    give_turns(arg);
}

static const sv_socket_set_port sockets_port = {act, end_round};

static void arm(sv_transfer_pool *pool)
{
    int64_t next_ns = pool->due_ns;
    if (pool->n_running && pool->tick_ns < next_ns)
        next_ns = pool->tick_ns;
    sv_timer_set(pool->timer, next_ns);
}

static void tick(void *arg)
{
    sv_transfer_pool *pool = arg;
    int64_t now_ns = sv_loop_now_ns(pool->loop);
    int n_running;
    if (pool->due_ns <= now_ns) {
        pool->due_ns = SV_NEVER; /* it asks again if need be */
        (void)curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
    }
    if (pool->tick_ns <= now_ns) {
        pool->tick_ns = now_ns + TICK_MS * SV_NS_PER_MS;
        (void)curl_multi_socket_all(pool->multi, &n_running);
    }
    end_round(pool);
    arm(pool);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    sv_transfer_pool *pool = arg;
    (void)multi;
    pool->due_ns = SV_NEVER;
    if (timeout_ms >= 0)
        pool->due_ns = sv_loop_now_ns(pool->loop) + timeout_ms * SV_NS_PER_MS;
    arm(pool);
    return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    sv_transfer_pool *pool = arg;
    (void)unused;
    if (what == CURL_POLL_REMOVE)
        sv_socket_set_forget(pool->sockets, fd);
    else if (!sv_socket_set_watch(pool->sockets, fd, what & CURL_POLL_IN, what & CURL_POLL_OUT))
        end_soon(handle_of(easy), SV_TRANSFER_NO_MEMORY);
    return 0; /* libcurl is not told: it would give up all transfers, for ever */
}

static bool open_multi(sv_transfer_pool *pool, size_t max_kept)
{
    CURLM *multi = pool->multi = curl_multi_init();
    int failed = 0;
    if (!multi)
        return false;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
    failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)max_kept);
    return !failed;
}

sv_status sv_transfer_pool_new(sv_loop *loop, size_t max_running, size_t max_kept, sv_error *error,
                               sv_transfer_pool **ret_pool)
{
    sv_status status = SV_NO_MEMORY;
    sv_transfer_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return SV_NO_MEMORY;
    pool->loop = loop;
    pool->max_running = max_running;
    pool->due_ns = SV_NEVER;
    sv_list_init(&pool->waiting);
    sv_list_init(&pool->running);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        goto fail_global;
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        status = sv_error_set(error, SV_UNSUPPORTED, NULL,
                              "this libcurl would block while it looks names up");
        goto fail_multi;
    }
    if (!open_multi(pool, max_kept))
        goto fail_multi;
    pool->timer = sv_timer_new(loop, tick, pool);
    if (!pool->timer)
        goto fail_multi;
    status = sv_socket_set_new(loop, &sockets_port, pool, error, &pool->sockets);
    if (status)
        goto fail_sockets;
    *ret_pool = pool;
    return SV_OK;

fail_sockets:
    sv_timer_free(pool->timer);
fail_multi:
    curl_multi_cleanup(pool->multi);
    curl_global_cleanup();
fail_global:
    free(pool);
    return status;
}

static void end_all(sv_list_node *handles)
{
    while (!sv_list_is_empty(handles)) {
        handle *it = take_first(handles);
        it->is_done = true; /* so that it becomes no orphan */
        if (it->transfer)
            finish(it, SV_TRANSFER_CANCELLED);
        else
            end_handle(it);
    }
}

void sv_transfer_pool_free(sv_transfer_pool *pool)
{
    if (!pool)
        return;
    end_all(&pool->waiting);
    end_all(&pool->running);
    while (pool->n_spares)
        free_handle(pool->spares[--pool->n_spares]);
    curl_multi_cleanup(pool->multi);
    curl_global_cleanup();
    sv_timer_free(pool->timer);
    sv_socket_set_free(pool->sockets);
    free(pool);
}
