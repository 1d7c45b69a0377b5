/* One GET: good and bad answers, limits of size and time, connections that are kept. */
#include "fetch_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "names.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LONG_HEADER                                                                                \
    "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"

static const origin_answer answers[] = {
    {"/ok", OK "Content-Length: 7\r\n\r\npicture", ORIGIN_KEEP},
    {"/chunked", OK "Transfer-Encoding: chunked\r\n\r\n3\r\npic\r\n4;x=y\r\nture\r\n0\r\n\r\n",
     ORIGIN_KEEP},
    {"/until-close", "HTTP/1.0 200 OK\r\n\r\npicture", ORIGIN_CLOSE},
    {"/hints",
     "HTTP/1.1 103 Early Hints\r\nContent-Length: 1\r\nLink: </a>\r\n\r\n" OK
     "Content-Length: 7\r\n\r\npicture",
     ORIGIN_KEEP},
    {"/twice-the-same", OK "Content-Length: 7\r\nContent-Length: 7\r\n\r\npicture", ORIGIN_KEEP},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n", ORIGIN_KEEP},
    {"/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nbody", ORIGIN_KEEP},
    {"/404-silent", "HTTP/1.1 404 Not Found\r\nContent-Length: 400\r\n\r\n", ORIGIN_HOLD},
    {"/500-endless", "HTTP/1.1 500 Oh\r\n\r\n", ORIGIN_FLOOD},
    {"/503-huge", "HTTP/1.1 503 Oh\r\nContent-Length: 1000000000\r\n\r\n", ORIGIN_HOLD},
    {"/304", "HTTP/1.1 304 Not Modified\r\n\r\n", ORIGIN_KEEP},
    {"/302", "HTTP/1.1 302 Found\r\nLocation: /next?x=1#y\r\nContent-Length: 4\r\n\r\nbody",
     ORIGIN_KEEP},
    {"/302-endless", "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n", ORIGIN_FLOOD},

    {"/endless", OK "\r\n", ORIGIN_FLOOD},
    {"/endless-chunks", OK "Transfer-Encoding: chunked\r\n\r\n", ORIGIN_FLOOD, "5\r\nabcde\r\n"},
    {"/huge", OK "Content-Length: 100001\r\n\r\n", ORIGIN_HOLD},
    {"/silent", "", ORIGIN_HOLD},
    {"/half-a-head", OK "Content-Le", ORIGIN_HOLD},
    {"/silent-body", OK "Content-Length: 7\r\n\r\npic", ORIGIN_HOLD},
    {"/drip", OK "Content-Length: 70000\r\n\r\n", ORIGIN_DRIP, "ab"},
    {"/drip-head", OK, ORIGIN_DRIP, "X: y\r\n"},

    {"/short", OK "Content-Length: 8\r\n\r\npicture", ORIGIN_CLOSE},
    {"/short-chunks", OK "Transfer-Encoding: chunked\r\n\r\n9\r\npicture", ORIGIN_CLOSE},
    {"/bad-chunks", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\npicture", ORIGIN_CLOSE},
    {"/nothing", "", ORIGIN_CLOSE},
    {"/part-of-a-head", OK "Content-Le", ORIGIN_CLOSE},
    {"/no-http", "picture picture picture\r\n\r\n", ORIGIN_CLOSE},
    {"/http-0.9", "<html>picture</html>", ORIGIN_CLOSE},
    {"/other-http", "HTTP/7.1 200 OK\r\n\r\n", ORIGIN_CLOSE},
    /* Newer libcurls see to some of these before we do, in words of their own. */
    {"/length-plus", OK "Content-Length: +7\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-minus", OK "Content-Length: -7\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-hex", OK "Content-Length: 0x7\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-list", OK "Content-Length: 7, 7\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-text", OK "Content-Length: seven\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-none", OK "Content-Length:\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-tail", OK "Content-Length: 7a\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-space", OK "Content-Length : 7\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-huge", OK "Content-Length: 99999999999999999999\r\n\r\npicture", ORIGIN_KEEP},
    {"/lengths", OK "Content-Length: 7\r\nContent-Length: 6\r\n\r\npicture", ORIGIN_KEEP},
    {"/length-and-chunks",
     OK "Content-Length: 70\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n",
     ORIGIN_KEEP},
    {"/endless-head", OK, ORIGIN_FLOOD, LONG_HEADER},
    {"/endless-line", OK "X-Filler: ", ORIGIN_FLOOD, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"/endless-hints", "", ORIGIN_FLOOD, "HTTP/1.1 103 Early Hints\r\n\r\n"},
    {0},
};

/* A GET that remembers how it ended. */
typedef struct download {
    sv_fetcher_get get;
    char url[256];
    int n_done;
    sv_status status;
} download;

static void note_end(sv_fetcher_get *get, sv_status status)
{
    download *it = SV_CONTAINER_OF(get, download, get);
    it->n_done++;
    it->status = status;
}

static void start(fetch_fixture *on, download *it, const char *path, int64_t timeout_ms)
{
    *it = (download){.get.done = note_end};
    snprintf(it->url, sizeof it->url, "http://127.0.0.1:%d%s", on->port, path);
    it->get.url = it->url;
    it->get.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    sv_fetcher_start(on->fetcher, &it->get);
}

static void clear(download *it)
{
    sv_buf_deinit(&it->get.body);
    free(it->get.location);
}

static void get(fetch_fixture *on, download *it, const char *path, int64_t timeout_ms)
{
    start(on, it, path, timeout_ms);
    io_run_until(on->loop, &it->n_done, 1);
    assert_int_equal(it->n_done, 1);
}

static void set_up(fetch_fixture *on)
{
    fetch_set_up(on, answers, NULL, NULL, FETCH_LONG_MS);
}

static void test_good_answers(void **state)
{
    (void)state;
    static const char *const paths[] = {"/ok",    "/chunked",        "/until-close",
                                        "/hints", "/twice-the-same", "/ok"};
    fetch_fixture on;
    set_up(&on);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        download it;
        get(&on, &it, paths[i], FETCH_LONG_MS);
        if (it.status)
            fail_msg("%s: %s", paths[i], it.get.reason);
        assert_int_equal(it.get.http_status, 200);
        assert_int_equal(it.get.body.len, 7);
        assert_memory_equal(it.get.body.ptr, "picture", 7);
        assert_null(it.get.location);
        clear(&it);
    }
    fetch_tear_down(&on);
}

typedef struct status_row {
    const char *path;
    int status;
    const char *location; /* behind the origin */
} status_row;

static void test_statuses(void **state)
{
    (void)state;
    static const status_row rows[] = {
        {"/empty", 204},    {"/404", 404}, {"/404-silent", 404},         {"/500-endless", 500},
        {"/503-huge", 503}, {"/304", 304}, {"/302", 302, "/next?x=1#y"},
    };
    fetch_fixture on;
    set_up(&on);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        download it;
        get(&on, &it, rows[i].path, FETCH_LONG_MS);
        assert_int_equal(it.status, SV_OK);
        assert_int_equal(it.get.http_status, rows[i].status);
        assert_int_equal(it.get.body.len, 0);
        assert_int_equal(it.get.location != NULL, rows[i].location != NULL);
        if (rows[i].location) {
            char expected[256];
            snprintf(expected, sizeof expected, "http://127.0.0.1:%d%s", on.port, rows[i].location);
            assert_string_equal(it.get.location, expected);
        }
        clear(&it);
    }
    fetch_tear_down(&on);
}

typedef struct fault_row {
    const char *path;
    sv_status status;
    const char *reason;
} fault_row;

static const fault_row faults[] = {
    {"/endless", SV_TOO_LARGE, NULL},
    {"/endless-chunks", SV_TOO_LARGE, NULL},
    {"/huge", SV_TOO_LARGE, NULL},
    {"/302-endless", SV_INVALID, "the body of a redirect is too large"},
    {"/short", SV_INVALID, "cut short"},
    {"/short-chunks", SV_INVALID, "cut short"},
    {"/bad-chunks", SV_INVALID, "cut short"},
    {"/nothing", SV_INVALID, "without an answer"},
    {"/part-of-a-head", SV_INVALID, "cut short"},
    {"/no-http", SV_INVALID, "not valid HTTP"},
    {"/http-0.9", SV_INVALID, "not valid HTTP"},
    {"/other-http", SV_INVALID, "not valid HTTP"},
    /* Newer libcurls see to some of these before we do, in words of their own. */
    {"/length-plus", SV_INVALID, ""},
    {"/length-minus", SV_INVALID, ""},
    {"/length-hex", SV_INVALID, ""},
    {"/length-list", SV_INVALID, ""},
    {"/length-text", SV_INVALID, ""},
    {"/length-none", SV_INVALID, ""},
    {"/length-tail", SV_INVALID, ""},
    {"/length-space", SV_INVALID, ""},
    {"/length-huge", SV_INVALID, ""},
    {"/lengths", SV_INVALID, ""},
    {"/length-and-chunks", SV_INVALID, "has not the length it tells"},
    {"/endless-head", SV_INVALID, "headers are too large"},
    {"/endless-line", SV_INVALID, "headers are too large"},
    {"/endless-hints", SV_INVALID, "headers are too large"},
};

static void test_faults(void **state)
{
    (void)state;
    fetch_fixture on;
    set_up(&on);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        download it;
        get(&on, &it, faults[i].path, FETCH_LONG_MS);
        const char *reason = it.get.reason ? it.get.reason : "";
        if (it.status != faults[i].status || !reason[0] != !faults[i].reason ||
            (faults[i].reason && !strstr(reason, faults[i].reason)))
            fail_msg("%s: %s, %s", faults[i].path, sv_status_text(it.status), reason);
        assert_true(it.get.body.capacity <= FETCH_MAX_BYTES);
        clear(&it);
    }
    fetch_tear_down(&on);
}

static void test_origins_without_end_in_time(void **state)
{
    (void)state;
    static const char *const paths[] = {"/silent", "/half-a-head", "/silent-body", "/drip",
                                        "/drip-head"};
    enum { N = sizeof paths / sizeof *paths };
    fetch_fixture on;
    download downloads[N];
    set_up(&on);
    int64_t before = io_now_ns();
    for (size_t i = 0; i < N; i++)
        start(&on, &downloads[i], paths[i], FETCH_SHORT_MS);
    for (size_t i = 0; i < N; i++) {
        io_run_until(on.loop, &downloads[i].n_done, 1);
        assert_int_equal(downloads[i].status, SV_TIMEOUT);
        assert_true(io_now_ns() >= downloads[i].get.deadline_ns - 2 * SV_NS_PER_MS);
        clear(&downloads[i]);
    }
    assert_true(io_now_ns() - before < 10 * FETCH_SHORT_MS * SV_NS_PER_MS);
    get(&on, &downloads[0], "/ok", -1); /* over before it begins */
    assert_int_equal(downloads[0].status, SV_TIMEOUT);
    clear(&downloads[0]);
    get(&on, &downloads[0], "/ok", FETCH_LONG_MS); /* and the next is served */
    assert_int_equal(downloads[0].status, SV_OK);
    clear(&downloads[0]);
    fetch_tear_down(&on);
}

static void test_exactly_the_limit(void **state)
{
    (void)state;
    static char exact[FETCH_MAX_BYTES + 100];
    int n = snprintf(exact, sizeof exact, OK "Content-Length: %d\r\n\r\n", FETCH_MAX_BYTES);
    memset(exact + n, 'x', FETCH_MAX_BYTES);
    const origin_answer rows[] = {{"/exact", exact, ORIGIN_KEEP}, {0}};
    fetch_fixture on;
    download it;
    fetch_set_up(&on, rows, NULL, NULL, FETCH_LONG_MS);
    get(&on, &it, "/exact", FETCH_LONG_MS);
    assert_int_equal(it.status, SV_OK);
    assert_int_equal(it.get.body.len, FETCH_MAX_BYTES);
    clear(&it);
    fetch_tear_down(&on);
}

static void test_what_is_asked(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    fetch_fixture on;
    download it;
    set_up(&on);
    get(&on, &it, "/ok", FETCH_LONG_MS);
    assert_int_equal(it.status, SV_OK);
    const char *request = origin_last_request(on.origin);
    assert_memory_equal(request, "GET /ok HTTP/1.1\r\n", 18);
    assert_non_null(strstr(request, "\r\nUser-Agent: serval/"));
    assert_null(strcasestr(request, "\r\nAccept-Encoding:"));
    assert_null(strcasestr(request, "\r\nAuthorization:"));
    assert_null(strcasestr(request, "\r\nCookie:"));
    clear(&it);
    fetch_tear_down(&on);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void test_connections_are_kept(void **state)
{
    (void)state;
    fetch_fixture on;
    set_up(&on);
    for (int i = 0; i < 4; i++) {
        download it;
        get(&on, &it, i == 2 ? "/302" : "/ok", FETCH_LONG_MS);
        assert_int_equal(it.status, SV_OK);
        clear(&it);
    }
    assert_int_equal(origin_count_requests(on.origin), 4);
    assert_int_equal(origin_count_connections(on.origin), 1);
    fetch_tear_down(&on);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum { N = 50 };
    static download downloads[N];
    fetch_fixture on;
    set_up(&on);
    for (int i = 0; i < N; i++)
        start(&on, &downloads[i], i % 2 ? "/ok" : "/chunked", FETCH_LONG_MS);
    for (int i = 0; i < N; i++) {
        io_run_until(on.loop, &downloads[i].n_done, 1);
        assert_int_equal(downloads[i].status, SV_OK);
        clear(&downloads[i]);
    }
    fetch_tear_down(&on);
}

/* The guard sees what a name resolved to. */
static void test_guard_of_connections(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool by_name;
        sv_status status;
        const char *reason;
    } rows[] = {
        {"loop.test", false, SV_OK, ""},  /* the origin's address and port are allowed */
        {"mixed.test", false, SV_OK, ""}, /* one of its addresses is */
        {"loop.test", true, SV_OK, ""},
        {"private.test", false, SV_INVALID, "address is not allowed"},
        {"none.test", false, SV_INVALID, "the host was not found"},
        {"localhost", false, SV_OK, ""},
    };
    fetch_fixture on;
    set_up(&on);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        download it = {.get = {.done = note_end, .by_name = rows[i].by_name}};
        snprintf(it.url, sizeof it.url, "http://%s:%d/ok", rows[i].host, on.port);
        it.get.url = it.url;
        it.get.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, FETCH_LONG_MS);
        sv_fetcher_start(on.fetcher, &it.get);
        io_run_until(on.loop, &it.n_done, 1);
        const char *reason = it.get.reason ? it.get.reason : "";
        if (it.status != rows[i].status || strcmp(reason, rows[i].reason) != 0)
            fail_msg("%s: %s, %s", rows[i].host, sv_status_text(it.status), reason);
        clear(&it);
    }
    fetch_tear_down(&on);
}

/* A look-up without end neither outlasts its deadline nor blocks the loop. */
static void test_hanging_look_up(void **state)
{
    (void)state;
    fetch_fixture on;
    download it = {.get.done = note_end, .url = "http://hang.test/ok"}, stopped = it, other;
    set_up(&on);
    it.get.url = it.url;
    it.get.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, FETCH_SHORT_MS);
    stopped.get.url = stopped.url;
    stopped.get.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, FETCH_LONG_MS);
    int64_t before = io_now_ns();
    sv_fetcher_start(on.fetcher, &it.get);
    sv_fetcher_start(on.fetcher, &stopped.get);
    get(&on, &other, "/ok", FETCH_LONG_MS);
    assert_int_equal(other.status, SV_OK);
    clear(&other);
    sv_fetcher_stop(&stopped.get);
    io_run_until(on.loop, &it.n_done, 1);
    assert_int_equal(it.status, SV_TIMEOUT);
    assert_true(io_now_ns() - before < 10 * FETCH_SHORT_MS * SV_NS_PER_MS);
    clear(&it);
    clear(&stopped);
    assert_int_equal(stopped.n_done, 0);
    fetch_tear_down(&on);
}

static void start_named(fetch_fixture *on, download *it, const char *url, int64_t timeout_ms)
{
    *it = (download){.get.done = note_end};
    snprintf(it->url, sizeof it->url, "%s", url);
    it->get.url = it->url;
    it->get.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    sv_fetcher_start(on->fetcher, &it->get);
}

/* What waits for its turn has its deadline too, and gets the turn of one that leaves. */
static void test_turns(void **state)
{
    (void)state;
    enum { N = SV_FETCHER_MAX_RUNNING };
    static download running[N];
    download late, next;
    fetch_fixture on;
    set_up(&on);
    for (int i = 0; i < N; i++)
        start(&on, &running[i], "/silent", FETCH_LONG_MS);
    start(&on, &late, "/ok", FETCH_SHORT_MS);
    start(&on, &next, "/ok", FETCH_LONG_MS);
    io_run_until(on.loop, &late.n_done, 1);
    assert_int_equal(late.status, SV_TIMEOUT);
    assert_int_equal(next.n_done, 0);
    sv_fetcher_stop(&running[7].get);
    io_run_until(on.loop, &next.n_done, 1);
    assert_int_equal(next.status, SV_OK);
    clear(&next);
    fetch_tear_down(&on);
    for (int i = 0; i < N; i++)
        assert_int_equal(running[i].n_done, i != 7);
}

/* A look-up goes on when nobody waits for it any more: it keeps its turn, so that there are never
 * more than turns. */
static void test_look_ups_are_limited(void **state)
{
    (void)state;
    fetch_fixture on;
    download next;
    set_up(&on);
    for (int i = 0; i < SV_FETCHER_MAX_RUNNING; i++) {
        download left;
        start_named(&on, &left, "http://hang.test/", FETCH_LONG_MS);
        sv_loop_step(on.loop, 0);
        sv_loop_step(on.loop, 0);
        sv_fetcher_stop(&left.get);
    }
    start(&on, &next, "/ok", FETCH_LONG_MS);
    for (int i = 0; i < 5; i++)
        sv_loop_step(on.loop, 1);
    assert_int_equal(next.n_done, 0);
    names_let_go();
    io_run_until(on.loop, &next.n_done, 1);
    assert_int_equal(next.status, SV_OK);
    clear(&next);
    fetch_tear_down(&on);
}

static void test_stop_and_free(void **state)
{
    (void)state;
    fetch_fixture on;
    download stopped, left;
    set_up(&on);
    start(&on, &stopped, "/silent", FETCH_LONG_MS);
    start(&on, &left, "/drip", FETCH_LONG_MS);
    for (int i = 0; i < 5; i++)
        sv_loop_step(on.loop, 10);
    sv_fetcher_stop(&stopped.get);
    sv_fetcher_stop(&stopped.get);
    clear(&stopped);
    assert_int_equal(left.n_done, 0);
    fetch_tear_down(&on);
    assert_int_equal(stopped.n_done, 0);
    assert_int_equal(left.n_done, 1);
    assert_int_equal(left.status, SV_CANCELLED);
    clear(&left);
    sv_fetcher_free(NULL);
}

/* Every allocation of ours fails once; libcurl's do not. */
static bool try_get(void *arg)
{
    fetch_fixture *on = arg;
    sv_fetcher *fetcher = NULL;
    download it;
    sv_fetch_config config = *sv_fetcher_config(on->fetcher);
    if (sv_fetcher_new(on->loop, &config, NULL, &fetcher))
        return false;
    fetch_fixture mine = *on;
    mine.fetcher = fetcher;
    get(&mine, &it, "/302", FETCH_LONG_MS);
    assert_true(it.status == SV_OK || it.status == SV_NO_MEMORY);
    clear(&it);
    if (it.status == SV_OK) {
        get(&mine, &it, "/ok", FETCH_LONG_MS);
        assert_true(it.status == SV_OK || it.status == SV_NO_MEMORY);
        clear(&it);
    }
    sv_fetcher_free(fetcher);
    sv_loop_step(on->loop, 0);
    return it.status == SV_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    fetch_fixture on;
    set_up(&on);
    assert_true(failing_malloc_try_each(try_get, &on) > 0);
    fetch_tear_down(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_answers),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_origins_without_end_in_time),
        cmocka_unit_test(test_exactly_the_limit),
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_guard_of_connections),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_hanging_look_up),
        cmocka_unit_test(test_look_ups_are_limited), /* lets go of all that hang */
        cmocka_unit_test(test_stop_and_free),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
