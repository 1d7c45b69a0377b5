/* One exchange with an upstream: what is asked, answers in pieces and pauses, every way in which it
 * can end, cancelling at each stage, connections that are kept. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "names.h"
#include "upstream_fixture.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LONG_HEADER                                                                                \
    "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
#define P16 "abcdefghijklmnop"
#define P64 P16 P16 P16 P16
#define P256 P64 P64 P64 P64
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

enum { SHORT_MS = 200 };

static const origin_answer answers[] = {
    {"/ok", OK "Content-Type:  text/event-stream; charset=utf-8\r\nContent-Length: 6\r\n\r\nanswer",
     ORIGIN_KEEP},
    {"/chunked", OK CHUNKED "3\r\nans\r\n3;x=y\r\nwer\r\n0\r\nTrailer: x\r\n\r\n", ORIGIN_KEEP},
    {"/until-close", "HTTP/1.0 200 OK\r\n\r\nanswer", ORIGIN_CLOSE},
    {"/hints",
     "HTTP/1.1 103 Early Hints\r\nContent-Type: a/b\r\n\r\n" OK "Content-Length: 6\r\n\r\nanswer",
     ORIGIN_KEEP},
    {"/429",
     "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\nContent-Type: application/json\r\n"
     "Content-Length: 6\r\n\r\nanswer",
     ORIGIN_KEEP},
    {"/503",
     "HTTP/1.1 503 Oh\r\nRetry-After: Tue, 24 Nov 2026 08:30:00 GMT\r\n"
     "Content-Length: 6\r\n\r\nanswer",
     ORIGIN_KEEP},
    {"/302", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 6\r\n\r\nanswer", ORIGIN_KEEP},

    {"/silent", "", ORIGIN_HOLD},
    {"/half-a-head", OK "Content-Le", ORIGIN_HOLD},
    {"/silent-body", OK "Content-Length: 7\r\n\r\nans", ORIGIN_HOLD},
    {"/drip", OK "Content-Length: 70000\r\n\r\n", ORIGIN_DRIP, "ab"},
    {"/flood", OK "\r\n", ORIGIN_FLOOD, LONG_HEADER},
    {"/flood-chunks", OK CHUNKED, ORIGIN_FLOOD, "5\r\nabcde\r\n"},
    {"/flood-large-chunks", OK CHUNKED, ORIGIN_FLOOD, "400\r\n" P256 P256 P256 P256 "\r\n"},
    {"/huge", OK "Content-Length: 100001\r\n\r\n", ORIGIN_HOLD},

    {"/nothing", "", ORIGIN_CLOSE},
    {"/part-of-a-head", OK "Content-Le", ORIGIN_CLOSE},
    {"/short", OK "Content-Length: 7\r\n\r\nanswer", ORIGIN_CLOSE},
    {"/short-chunks", OK CHUNKED "9\r\nanswer", ORIGIN_CLOSE},
    {"/between-chunks", OK CHUNKED "6\r\nanswer\r\n", ORIGIN_CLOSE},
    {"/bad-chunks", OK CHUNKED "zz\r\nanswer", ORIGIN_CLOSE},
    {"/garbage", "answer answer answer\r\n\r\n", ORIGIN_CLOSE},
    {"/http-0.9", "{\"answer\": 1}", ORIGIN_CLOSE},
    {"/length-text", OK "Content-Length: six\r\n\r\nanswer", ORIGIN_KEEP},
    {"/lengths", OK "Content-Length: 6\r\nContent-Length: 5\r\n\r\nanswer", ORIGIN_KEEP},
    {"/length-and-chunks", OK "Content-Length: 70\r\n" CHUNKED "6\r\nanswer\r\n0\r\n\r\n",
     ORIGIN_KEEP},
    {"/endless-head", OK, ORIGIN_FLOOD, LONG_HEADER},
    {"/endless-line", OK "X-Filler: ", ORIGIN_FLOOD, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"/endless-hints", "", ORIGIN_FLOOD, "HTTP/1.1 103 Early Hints\r\n\r\n"},
    {0},
};

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
        const char *content_type;
        int64_t retry_after_s;
    } rows[] = {
        {"/ok", 200, "text/event-stream; charset=utf-8", -1},
        {"/chunked", 200, "", -1},
        {"/until-close", 200, "", -1},
        {"/429", 429, "application/json", 7},
        {"/503", 503, "", -1},
        {"/302", 302, "", -1},
    };
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        upstream_talk it;
        upstream_prepare(&on, &it, rows[i].path);
        upstream_run(&on, &it);
        upstream_expect(&it, rows[i].path, SV_UPSTREAM_NONE, true);
        assert_int_equal(it.n_heads, 1);
        assert_int_equal(it.http_status, rows[i].status);
        assert_string_equal(it.content_type, rows[i].content_type);
        assert_int_equal(it.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(it.len, 6);
        assert_memory_equal(it.bytes, "answer", 6);
    }
    upstream_talk it;
    upstream_prepare(&on, &it, "/hints"); /* one head, the last one */
    upstream_run(&on, &it);
    upstream_expect(&it, "/hints", SV_UPSTREAM_NONE, true);
    assert_int_equal(it.http_status, 200);
    upstream_tear_down(&on);
}

static const struct {
    const char *path;
    sv_upstream_fault fault;
    bool is_answered;
} faults[] = {
    {"/nothing", SV_UPSTREAM_CLOSED_EARLY, false},
    {"/part-of-a-head", SV_UPSTREAM_CLOSED_LATE, true},
    {"/short", SV_UPSTREAM_CLOSED_LATE, true},
    {"/short-chunks", SV_UPSTREAM_CLOSED_LATE, true},
    {"/between-chunks", SV_UPSTREAM_CLOSED_LATE, true},
    {"/bad-chunks", SV_UPSTREAM_CLOSED_LATE, true},
    {"/garbage", SV_UPSTREAM_BAD_HTTP, false},
    {"/http-0.9", SV_UPSTREAM_BAD_HTTP, false},
    {"/length-and-chunks", SV_UPSTREAM_BAD_HTTP, true},
    {"/huge", SV_UPSTREAM_TOO_LARGE, true},
    {"/flood", SV_UPSTREAM_TOO_LARGE, true},
    {"/flood-chunks", SV_UPSTREAM_TOO_LARGE, true},
    {"/endless-head", SV_UPSTREAM_TOO_LARGE, true},
    {"/endless-line", SV_UPSTREAM_TOO_LARGE, true},
    {"/endless-hints", SV_UPSTREAM_TOO_LARGE, true},
    {"http://127.0.0.1:1/", SV_UPSTREAM_NOT_CONNECTED, false},
    {"http://none.test/", SV_UPSTREAM_NOT_CONNECTED, false},
    {"ftp://127.0.0.1/", SV_UPSTREAM_BAD_REQUEST, false},
    {"http://user:key@127.0.0.1/", SV_UPSTREAM_BAD_REQUEST, false},
    {"", SV_UPSTREAM_BAD_REQUEST, false},
};

static void test_faults(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        upstream_prepare(&on, &it, faults[i].path);
        upstream_run(&on, &it);
        upstream_expect(&it, faults[i].path, faults[i].fault, faults[i].is_answered);
        assert_true(it.len <= UPSTREAM_MAX_BODY);
    }
    static const char *const lies[] = {"/length-text", "/lengths"};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) { /* the library may say it first */
        upstream_prepare(&on, &it, lies[i]);
        upstream_run(&on, &it);
        assert_int_not_equal(it.end.fault, SV_UPSTREAM_NONE);
    }
    upstream_prepare(&on, &it, "/ok");
    snprintf(it.url, sizeof it.url, "https://127.0.0.1:%d/ok", on.port); /* speaks no TLS */
    it.exchange.url = sv_str_from(it.url);
    it.limits.connect_ms = 2000;
    upstream_run(&on, &it);
    assert_int_not_equal(it.end.fault, SV_UPSTREAM_NONE);
    assert_false(it.end.is_answered);
    upstream_tear_down(&on);
}

static void test_time_limits(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        sv_upstream_limits limits;
        int64_t total_ms; /* 0: never */
        sv_upstream_fault fault;
        bool is_answered;
    } rows[] = {
        {"http://hang.test/",
         {SHORT_MS, UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, 0},
         0,
         SV_UPSTREAM_LATE_CONNECTION,
         false},
        {"http://hang.test/", {0, 0, 0, 0}, SHORT_MS, SV_UPSTREAM_DEADLINE, false},
        {"/silent",
         {UPSTREAM_LONG_MS, SHORT_MS, UPSTREAM_LONG_MS, 0},
         0,
         SV_UPSTREAM_LATE_ANSWER,
         false},
        {"/silent",
         {UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, SHORT_MS, 0},
         2 * SHORT_MS,
         SV_UPSTREAM_DEADLINE,
         false},
        {"/silent-body",
         {UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, SHORT_MS, 0},
         0,
         SV_UPSTREAM_SILENT,
         true},
        {"/silent-body", {SHORT_MS, SHORT_MS, 0, 0}, 2 * SHORT_MS, SV_UPSTREAM_DEADLINE, true},
        {"/drip",
         {UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, 0},
         SHORT_MS,
         SV_UPSTREAM_DEADLINE,
         true},
        {"/ok",
         {UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, 0},
         -1,
         SV_UPSTREAM_DEADLINE,
         false},
    };
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        upstream_talk it;
        upstream_prepare(&on, &it, rows[i].path);
        it.limits = rows[i].limits;
        if (rows[i].total_ms)
            it.exchange.deadline_ns = io_now_ns() + rows[i].total_ms * SV_NS_PER_MS;
        int64_t before = io_now_ns();
        upstream_run(&on, &it);
        upstream_expect(&it, rows[i].path, rows[i].fault, rows[i].is_answered);
        assert_int_equal(it.end.status, SV_TIMEOUT);
        if (rows[i].total_ms >= 0)
            assert_true(io_now_ns() - before >= (SHORT_MS - 5) * SV_NS_PER_MS);
    }
    names_let_go();
    upstream_tear_down(&on);
}

static void test_what_is_asked(void **state)
{
    (void)state;
    const sv_upstream_header headers[] = {
        {SV_STR("Authorization"), SV_STR("Bearer secret")},
        {SV_STR("Content-Type"), SV_STR("application/json")},
        {SV_STR("X-Empty"), SV_STR("")},
        {SV_STR("Accept"), SV_STR("text/event-stream")},
    };
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    upstream_prepare(&on, &it, "/ok");
    it.exchange.headers = headers;
    it.exchange.n_headers = 4;
    it.exchange.is_post = true;
    it.exchange.body = SV_STR("{\"stream\":\0true}");
    upstream_run(&on, &it);
    upstream_expect(&it, "POST", SV_UPSTREAM_NONE, true);
    const char *request = origin_last_request(on.origin);
    assert_memory_equal(request, "POST /ok HTTP/1.1\r\n", 19);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer secret\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(request, "\r\nAccept: text/event-stream\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 16\r\n"));
    assert_memory_equal(strstr(request, "\r\n\r\n") + 4, "{\"stream\":\0true}", 16);
    assert_null(strstr(request, "\r\nExpect:"));
    upstream_prepare(&on, &it, "/ok");
    upstream_run(&on, &it);
    assert_memory_equal(origin_last_request(on.origin), "GET /ok HTTP/1.1\r\n", 18);
    assert_null(strcasestr(origin_last_request(on.origin), "\r\nAuthorization:"));
    static char large[3000000];
    memset(large, 'x', sizeof large);
    upstream_prepare(&on, &it, "/ok");
    it.exchange.is_post = true;
    it.exchange.body = (sv_str){large, sizeof large};
    upstream_run(&on, &it);
    upstream_expect(&it, "a large body", SV_UPSTREAM_NONE, true);
    request = origin_last_request(on.origin);
    assert_non_null(strstr(request, "\r\nContent-Length: 3000000\r\n"));
    assert_null(strcasestr(request, "\r\nExpect:"));
    assert_null(strcasestr(request, "\r\nContent-Type:"));
    upstream_prepare(&on, &it, "/ok");
    it.exchange.is_post = true; /* with nothing in it */
    upstream_run(&on, &it);
    assert_non_null(strstr(origin_last_request(on.origin), "\r\nContent-Length: 0\r\n"));
    upstream_tear_down(&on);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const sv_upstream_header rows[] = {
        {SV_STR_INIT("X"), SV_STR_INIT("a\r\nY: b")},
        {SV_STR_INIT("X"), SV_STR_INIT("a\nb")},
        {SV_STR_INIT("X"), SV_STR_INIT("a\rb")},
        {SV_STR_INIT("X"), SV_STR_INIT("a\0b")},
        {SV_STR_INIT("X"), SV_STR_INIT("a\x7f")},
        {SV_STR_INIT("X\r\nY"), SV_STR_INIT("a")},
        {SV_STR_INIT("X Y"), SV_STR_INIT("a")},
        {SV_STR_INIT("X:"), SV_STR_INIT("a")},
        {SV_STR_INIT("X\0"), SV_STR_INIT("a")},
        {SV_STR_INIT(""), SV_STR_INIT("a")},
        {SV_STR_INIT("content-length"), SV_STR_INIT("1")},
        {SV_STR_INIT("Transfer-Encoding"), SV_STR_INIT("chunked")},
        {SV_STR_INIT("Connection"), SV_STR_INIT("close")},
        {SV_STR_INIT("Expect"), SV_STR_INIT("100-continue")},
    };
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        upstream_talk it;
        upstream_prepare(&on, &it, "/ok");
        it.exchange.headers = &rows[i];
        it.exchange.n_headers = 1;
        upstream_run(&on, &it);
        upstream_expect(&it, rows[i].name.ptr, SV_UPSTREAM_BAD_REQUEST, false);
    }
    assert_int_equal(origin_count_connections(on.origin), 0);
    upstream_tear_down(&on);
}

/* Taken byte by byte and in odd pieces, with a pause after each, the answer is the same. */
static void test_pauses(void **state)
{
    (void)state;
    static const char *const paths[] = {"/ok", "/chunked", "/until-close"};
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (size_t room = 1; room < 8; room++) {
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            upstream_talk it;
            upstream_prepare(&on, &it, paths[i]);
            it.room = room - 1;
            it.limits.idle_ms = UPSTREAM_LONG_MS;
            upstream_start(&on, &it);
            while (!it.n_ends) {
                sv_loop_step(on.loop, 5);
                it.room = room;
                sv_upstream_resume(&it.exchange);
            }
            upstream_expect(&it, paths[i], SV_UPSTREAM_NONE, true);
            assert_int_equal(it.len, 6);
            assert_memory_equal(it.bytes, "answer", 6);
            sv_upstream_resume(&it.exchange); /* fine */
        }
    }
    upstream_tear_down(&on);
}

/* Who is not read stops sending: the kernel's buffers are full. */
static void test_pause_holds_the_upstream(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    upstream_prepare(&on, &it, "/flood-large-chunks");
    it.limits = (sv_upstream_limits){UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, 1,
                                     0}; /* silence is no fault of a pause */
    it.room = 7;
    upstream_start(&on, &it);
    for (int round = 0; round < 3; round++) {
        size_t before = 0;
        int n_same = 0, n_data = 0;
        int64_t end = sv_clock_deadline_ns(&sv_clock_system, IO_PATIENCE_MS);
        while (n_same < 10) {
            assert_true(io_now_ns() < end);
            sv_loop_step(on.loop, 10);
            size_t sent = origin_count_sent(on.origin);
            n_same = sent == before && sent && it.room == 0 ? n_same + 1 : 0;
            before = sent;
        }
        n_data = it.n_data;
        sv_loop_step(on.loop, 10);
        assert_int_equal(it.n_data, n_data);
        assert_int_equal(it.n_ends, 0);
        assert_memory_equal(it.bytes, "abcdefg", 7);
        it.limits.idle_ms = UPSTREAM_LONG_MS;
        it.room = 1000000;
        sv_upstream_resume(&it.exchange);
        io_run_until(on.loop, &it.n_data, n_data + 1);
    }
    assert_true(it.len > 1000000);
    upstream_tear_down(&on);
    assert_int_equal(it.n_ends, 1);
    upstream_expect(&it, "free", SV_UPSTREAM_CANCELLED, true);
}

static void test_stop(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    upstream_prepare(&on, &it, "/drip");
    it.stops = true;
    upstream_run(&on, &it);
    upstream_expect(&it, "stop", SV_UPSTREAM_STOPPED, true);
    assert_int_equal(it.n_data, 1);
    upstream_prepare(&on, &it, "/ok"); /* and in the middle of sv_upstream_resume */
    it.room = 0;
    upstream_start(&on, &it);
    io_run_until(on.loop, &it.n_data, 1);
    it.stops = true;
    sv_upstream_resume(&it.exchange);
    assert_int_equal(it.n_ends, 0);
    io_run_until(on.loop, &it.n_ends, 1);
    upstream_expect(&it, "stop", SV_UPSTREAM_STOPPED, true);
    upstream_tear_down(&on);
}

static void test_connections_are_kept(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    for (int i = 0; i < 4; i++) {
        upstream_prepare(&on, &it, i % 2 ? "/chunked" : "/429");
        it.exchange.is_post = i & 1;
        upstream_run(&on, &it);
        upstream_expect(&it, "kept", SV_UPSTREAM_NONE, true);
    }
    assert_int_equal(origin_count_requests(on.origin), 4);
    assert_int_equal(origin_count_connections(on.origin), 1);
    upstream_tear_down(&on);
}

static void test_start_again(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_talk it;
    upstream_set_up(&on, answers);
    upstream_prepare(&on, &it, "/nothing");
    it.again = on.upstream;
    it.n_again = 3;
    upstream_run(&on, &it);
    upstream_expect(&it, "again", SV_UPSTREAM_CLOSED_EARLY, false);
    assert_int_equal(origin_count_requests(on.origin), 4);
    upstream_tear_down(&on);
}

/* More than there are turns. */
static void test_turns(void **state)
{
    (void)state;
    static upstream_talk upstream_talks[3 * UPSTREAM_MAX_RUNNING];
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (int i = 0; i < 3 * UPSTREAM_MAX_RUNNING; i++) {
        upstream_prepare(&on, &upstream_talks[i], i < UPSTREAM_MAX_RUNNING ? "/silent" : "/ok");
        upstream_talks[i].limits.first_byte_ms = SHORT_MS;
        upstream_start(&on, &upstream_talks[i]);
    }
    for (int i = 0; i < 3 * UPSTREAM_MAX_RUNNING; i++) {
        io_run_until(on.loop, &upstream_talks[i].n_ends, 1);
        upstream_expect(&upstream_talks[i], "turns",
                        i < UPSTREAM_MAX_RUNNING ? SV_UPSTREAM_LATE_ANSWER : SV_UPSTREAM_NONE,
                        i >= UPSTREAM_MAX_RUNNING);
    }
    upstream_tear_down(&on);
}

static bool has_left(void *arg)
{
    const upstream_fixture *on = arg;
    return origin_count_left(on->origin) == origin_count_connections(on->origin);
}

/* Before it starts, before the answer, in it, and while it is paused. */
static void test_cancel(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t room;
        int n_data; /* that come before */
    } rows[] = {{"/ok", 9, -1},
                {"/silent", 9, 0},
                {"/half-a-head", 9, 0},
                {"/drip", 70000, 2},
                {"/flood-chunks", 3, 1}};
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        upstream_talk it;
        sv_cancel *cancel = sv_cancel_new();
        upstream_prepare(&on, &it, rows[i].path);
        it.exchange.cancel = cancel;
        it.room = rows[i].room;
        if (rows[i].n_data < 0)
            sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
        int n_requests = origin_count_requests(on.origin) + (rows[i].n_data >= 0);
        upstream_start(&on, &it);
        io_run_until(on.loop, &it.n_data, rows[i].n_data);
        while (origin_count_requests(on.origin) < n_requests)
            sv_loop_step(on.loop, 5);
        sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
        assert_int_equal(it.n_ends, 0); /* by a message */
        io_run_until(on.loop, &it.n_ends, 1);
        upstream_expect(&it, rows[i].path, SV_UPSTREAM_CANCELLED, it.end.is_answered);
        io_wait_until(has_left, &on);
        sv_upstream_resume(&it.exchange);
        assert_int_equal(it.n_ends, 1);
        sv_cancel_unref(cancel);
    }
    upstream_tear_down(&on);
}

static void *cancel_all(void *arg)
{
    for (sv_cancel **at = arg; *at; at++)
        sv_cancel_fire(*at, SV_CANCEL_CLIENT);
    return NULL;
}

/* From another thread, while the answers come: each ends once, one way or the other. */
static void test_cancel_meets_the_end(void **state)
{
    (void)state;
    enum { ROUNDS = 20, N = 8 };
    upstream_fixture on;
    upstream_set_up(&on, answers);
    for (int round = 0; round < ROUNDS; round++) {
        static upstream_talk upstream_talks[N];
        sv_cancel *cancels[N + 1] = {NULL};
        pthread_t thread;
        for (int i = 0; i < N; i++) {
            cancels[i] = sv_cancel_new();
            upstream_prepare(&on, &upstream_talks[i], i == 5 ? "bad" : i % 3 ? "/ok" : "/drip");
            upstream_talks[i].exchange.cancel = cancels[i];
            upstream_start(&on, &upstream_talks[i]);
        }
        for (int i = 0; i < round % 5; i++)
            sv_loop_step(on.loop, 1);
        assert_int_equal(pthread_create(&thread, NULL, cancel_all, cancels), 0);
        for (int i = 0; i < N; i++)
            io_run_until(on.loop, &upstream_talks[i].n_ends, 1);
        pthread_join(thread, NULL);
        sv_loop_step(on.loop, 0);
        for (int i = 0; i < N; i++) {
            assert_int_equal(upstream_talks[i].n_ends, 1);
            sv_cancel_unref(cancels[i]);
        }
    }
    upstream_tear_down(&on);
}

static bool try_exchange(void *arg)
{
    upstream_fixture mine = *(upstream_fixture *)arg;
    const sv_upstream_config config = {.max_running = 1};
    const sv_upstream_header header = {SV_STR("Authorization"), SV_STR("Bearer secret")};
    upstream_talk it;
    if (sv_upstream_new(mine.loop, &config, NULL, &mine.upstream))
        return false;
    upstream_prepare(&mine, &it, "/ok");
    it.exchange.headers = &header;
    it.exchange.n_headers = 1;
    upstream_run(&mine, &it);
    upstream_expect(&it, "no memory", it.end.fault ? SV_UPSTREAM_NO_MEMORY : SV_UPSTREAM_NONE,
                    it.end.is_answered);
    sv_upstream_free(mine.upstream);
    sv_loop_step(mine.loop, 0);
    return !it.end.fault;
}

static void test_no_memory(void **state)
{
    (void)state;
    upstream_fixture on;
    upstream_set_up(&on, answers);
    assert_true(failing_malloc_try_each(try_exchange, &on) > 0);
    upstream_tear_down(&on);
    sv_upstream_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_pause_holds_the_upstream),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_start_again),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_meets_the_end),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_time_limits), /* lets go of names that hang */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
