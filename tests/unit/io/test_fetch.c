/* Fetching: redirects, the guard on every hop, what the client reads, cancelling. */
#include "fetch_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "io/fetch.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define TO "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
#define WORDS "Could not fetch image: "

static const origin_answer answers[] = {
    {"/ok", OK "Content-Length: 7\r\n\r\npicture", ORIGIN_KEEP},
    {"/404", "HTTP/1.1 404 Not Found\r\n\r\n", ORIGIN_KEEP},
    {"/304", "HTTP/1.1 304 Not Modified\r\n\r\n", ORIGIN_KEEP},
    {"/huge", OK "Content-Length: 100001\r\n\r\n", ORIGIN_HOLD},
    {"/silent", "", ORIGIN_HOLD},
    {"/short", OK "Content-Length: 8\r\n\r\npicture", ORIGIN_CLOSE},
    {"/a/relative", TO "../ok\r\n\r\n", ORIGIN_KEEP},
    {"/5", TO "/4\r\n\r\n", ORIGIN_KEEP},
    {"/4", TO "/3\r\n\r\n", ORIGIN_KEEP},
    {"/3", TO "/2\r\n\r\n", ORIGIN_KEEP},
    {"/2", TO "/1\r\n\r\n", ORIGIN_KEEP},
    {"/1", TO "/ok\r\n\r\n", ORIGIN_KEEP},
    {"/6", TO "/5\r\n\r\n", ORIGIN_KEEP},
    {"/loop", TO "/loop\r\n\r\n", ORIGIN_KEEP},
    {"/to-silent", TO "/silent\r\n\r\n", ORIGIN_KEEP},
    {"/to-metadata", TO "http://169.254.169.254/latest/meta-data/\r\n\r\n", ORIGIN_KEEP},
    {"/to-loopback", TO "http://127.0.0.1:1/\r\n\r\n", ORIGIN_KEEP},
    {"/to-ipv6", TO "http://[::1]/\r\n\r\n", ORIGIN_KEEP},
    {"/to-decimal", TO "http://2130706433/\r\n\r\n", ORIGIN_KEEP},
    {"/to-octal", TO "http://0177.0.0.1/\r\n\r\n", ORIGIN_KEEP},
    {"/to-name", TO "http://private.test/\r\n\r\n", ORIGIN_KEEP},
    {"/to-user", TO "http://example.com@127.0.0.1/\r\n\r\n", ORIGIN_KEEP},
    {"/to-file", TO "file:///etc/passwd\r\n\r\n", ORIGIN_KEEP},
    {"/to-ftp", TO "ftp://127.0.0.1/\r\n\r\n", ORIGIN_KEEP},
    {"/to-https", TO "https://127.0.0.1:1/\r\n\r\n", ORIGIN_KEEP},
    {"/to-slashes", TO "//169.254.169.254/\r\n\r\n", ORIGIN_KEEP},
    {"/to-nowhere", TO "\r\n\r\n", ORIGIN_KEEP},
    {0},
};

typedef struct fetch {
    sv_fetch_request request;
    char url[512];
    atomic_int n_done;
    int n_seen; /* as the loop's thread sees it */
    sv_status status;
    char message[256];
    size_t len;
    char bytes[16];
} fetch;

static void take(sv_fetch_result *result, void *arg)
{
    fetch *it = arg;
    it->status = result->status;
    it->len = result->body.len;
    if (it->len)
        memcpy(it->bytes, result->body.ptr, it->len < 16 ? it->len : 16);
    memcpy(it->message, result->message, sizeof it->message);
    it->n_seen++;
    atomic_fetch_add(&it->n_done, 1);
}

/* `path` behind the origin, or a whole address. */
static void prepare(fetch_fixture *on, fetch *it, const char *path, sv_cancel *cancel)
{
    *it = (fetch){.request = {.deadline_ns = SV_NEVER, .cancel = cancel, .done = take}};
    it->request.arg = it;
    if (path[0] == '/')
        snprintf(it->url, sizeof it->url, "http://127.0.0.1:%d%s", on->port, path);
    else
        snprintf(it->url, sizeof it->url, "%s", path);
    it->request.url = sv_str_from(it->url);
}

static void run(fetch_fixture *on, fetch *it, const char *path)
{
    prepare(on, it, path, NULL);
    sv_fetch_start(on->fetcher, &it->request);
    memset(it->url, '?', sizeof it->url); /* it was only borrowed */
    io_run_until(on->loop, &it->n_seen, 1);
}

typedef struct row {
    const char *path;
    const char *message; /* NULL: it succeeds */
} row;

static void expect(fetch_fixture *on, const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fetch it;
        run(on, &it, rows[i].path);
        bool as_expected = rows[i].message
                               ? it.status == SV_INVALID && !strcmp(it.message, rows[i].message)
                               : it.status == SV_OK && it.len == 7 &&
                                     !memcmp(it.bytes, "picture", 7) && !it.message[0];
        if (!as_expected)
            fail_msg("%s: %s: %s", rows[i].path, sv_status_text(it.status), it.message);
        assert_int_equal(it.n_done, 1);
    }
}
#define EXPECT(on, rows) expect(on, rows, sizeof(rows) / sizeof *(rows))

static void test_answers_and_redirects(void **state)
{
    (void)state;
    static const row rows[] = {
        {"/ok", NULL},
        {"/a/relative", NULL},
        {"/1", NULL},
        {"/5", NULL},
        {"/6", WORDS "more than 5 redirects"},
        {"/loop", WORDS "more than 5 redirects"},
        {"/404", WORDS "HTTP 404"},
        {"/304", WORDS "HTTP 304"},
        {"/to-nowhere", WORDS "HTTP 302"},
        {"/huge", WORDS "larger than 100000 bytes"},
        {"/short", WORDS "the answer was cut short"},
    };
    fetch_fixture on;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    EXPECT(&on, rows);
    fetch_tear_down(&on);
}

static void test_redirects_are_judged(void **state)
{
    (void)state;
    static const row rows[] = {
        {"/to-metadata", WORDS "address is not allowed"},
        {"/to-loopback", WORDS "address is not allowed"},
        {"/to-ipv6", WORDS "address is not allowed"},
        {"/to-name", WORDS "address is not allowed"},
        {"/to-slashes", WORDS "address is not allowed"},
        {"/to-decimal", WORDS "address is not allowed"}, /* libcurl has made it plain */
        {"/to-octal", WORDS "address is not allowed"},
        {"/to-user", WORDS "the address carries a user name"},
        {"/to-file", WORDS "only http and https addresses can be fetched"},
        {"/to-ftp", WORDS "only http and https addresses can be fetched"},
    };
    fetch_fixture on;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    EXPECT(&on, rows);
    fetch_tear_down(&on);
}

/* Nothing is connected to, whatever it is called. */
static void test_addresses_are_judged(void **state)
{
    (void)state;
    static const row rows[] = {
        {"http://127.0.0.1:1/", WORDS "address is not allowed"},
        {"http://[::1]/", WORDS "address is not allowed"},
        {"http://10.0.0.1/", WORDS "address is not allowed"},
        {"http://169.254.169.254/", WORDS "address is not allowed"},
        {"http://[fd00:ec2::254]/", WORDS "address is not allowed"},
        {"http://private.test/", WORDS "address is not allowed"},
        {"http://loop.test/", WORDS "address is not allowed"}, /* but on another port */
        {"http://localhost/", WORDS "address is not allowed"},
        {"http://none.test/", WORDS "the host was not found"},
        {"http://2130706433/", WORDS "the host is not valid"},
        {"http://127.1/", WORDS "the host is not valid"},
        {"http://0x7f000001/", WORDS "the host is not valid"},
        {"http://example.com./", WORDS "the host is not valid"},
        {"http://m\xC3\xBCnchen.test/", WORDS "the host is not plain ASCII"},
        {"ftp://example.com/", WORDS "only http and https addresses can be fetched"},
        {"", WORDS "only http and https addresses can be fetched"},
    };
    fetch_fixture on;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    EXPECT(&on, rows);
    assert_int_equal(origin_count_connections(on.origin), 0);
    fetch_tear_down(&on);
}

static void test_names_on_the_list(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch_set_up(&on, answers, "loop.test:%d", NULL, FETCH_LONG_MS);
    fetch it;
    char url[64];
    snprintf(url, sizeof url, "http://loop.test:%d/ok", on.port);
    run(&on, &it, url);
    assert_int_equal(it.status, SV_OK);
    run(&on, &it, "/ok"); /* the same address without its name */
    assert_string_equal(it.message, WORDS "address is not allowed");
    run(&on, &it, "http://loop.test:1/ok"); /* another port of it */
    assert_string_equal(it.message, WORDS "address is not allowed");
    fetch_tear_down(&on);
}

/* A port of 127.0.0.2 that lets connections hang; its descriptors go with the test. */
static void open_black_hole(int port, int *ret_fds)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(ret_fds[0], (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(ret_fds[0], 0), 0);
    for (int i = 1; i < 4; i++) { /* its backlog is full */
        ret_fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(ret_fds[i], (struct sockaddr *)&address, sizeof address);
    }
}

/* Where the first address of a name refuses or does not answer, the second is tried. */
static void test_second_address(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch it;
    char url[64];
    int fds[4];
    fetch_set_up(&on, answers, "127.0.0.0/8:%d", NULL, 1000);
    snprintf(url, sizeof url, "http://second.test:%d/ok", on.port);
    run(&on, &it, url);
    assert_int_equal(it.status, SV_OK);
    fetch_tear_down(&on);
    fetch_set_up(&on, answers, "127.0.0.0/8:%d", NULL, 1000);
    snprintf(url, sizeof url, "http://second.test:%d/ok", on.port);
    open_black_hole(on.port, fds);
    run(&on, &it, url);
    assert_string_equal(it.message, "");
    assert_int_equal(it.status, SV_OK);
    fetch_tear_down(&on);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void test_schemes(void **state)
{
    (void)state;
    static const row only_http[] = {{"/ok", NULL}, {"/to-https", NULL}};
    fetch_fixture on;
    fetch it;
    fetch_set_up(&on, answers, NULL, " HTTP ,data", FETCH_LONG_MS);
    expect(&on, only_http, 1);
    run(&on, &it, "/to-https");
    assert_string_equal(it.message, WORDS "https addresses are not fetched");
    fetch_tear_down(&on);
    fetch_set_up(&on, answers, NULL, "data", FETCH_LONG_MS);
    run(&on, &it, "/ok");
    assert_string_equal(it.message, WORDS "http addresses are not fetched");
    assert_int_equal(origin_count_connections(on.origin), 0);
    fetch_tear_down(&on);
}

static void test_zero_bytes(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch it;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    prepare(&on, &it, "/ok?", NULL);
    it.url[it.request.url.len - 1] = '\0';
    sv_fetch_start(on.fetcher, &it.request);
    assert_int_equal(it.status, SV_INVALID);
    prepare(&on, &it, "/ok", NULL);
    it.request.url = (sv_str){NULL, 0};
    sv_fetch_start(on.fetcher, &it.request);
    assert_int_equal(it.status, SV_INVALID);
    fetch_tear_down(&on);
}

static void test_time(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch it;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_SHORT_MS);
    run(&on, &it, "/silent");
    assert_int_equal(it.status, SV_INVALID);
    assert_string_equal(it.message, WORDS "timed out after 0.3 s");
    run(&on, &it, "/to-silent"); /* one limit for all hops */
    assert_string_equal(it.message, WORDS "timed out after 0.3 s");
    fetch_tear_down(&on);
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    prepare(&on, &it, "/silent", NULL);
    it.request.deadline_ns = sv_clock_deadline_ns(&sv_clock_system, 50);
    sv_fetch_start(on.fetcher, &it.request);
    io_run_until(on.loop, &it.n_seen, 1);
    assert_int_equal(it.status, SV_CANCELLED); /* nothing to say of the picture */
    assert_string_equal(it.message, "");
    fetch_tear_down(&on);
}

static void test_cancel(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch it;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    sv_cancel *cancel = sv_cancel_new();
    prepare(&on, &it, "/silent", cancel);
    sv_fetch_start(on.fetcher, &it.request);
    for (int i = 0; i < 5; i++)
        sv_loop_step(on.loop, 10);
    assert_int_equal(it.n_seen, 0);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_int_equal(it.n_seen, 0); /* by a message */
    io_run_until(on.loop, &it.n_seen, 1);
    assert_int_equal(it.status, SV_CANCELLED);
    prepare(&on, &it, "/silent", cancel); /* cancelled before */
    sv_fetch_start(on.fetcher, &it.request);
    io_run_until(on.loop, &it.n_seen, 1);
    assert_int_equal(it.status, SV_CANCELLED);
    prepare(&on, &it, "http://127.0.0.1:1/", cancel); /* cancelled before, and refused */
    sv_fetch_start(on.fetcher, &it.request);
    io_run_until(on.loop, &it.n_seen, 1);
    assert_int_equal(it.status, SV_CANCELLED);
    int n_requests = origin_count_requests(on.origin);
    assert_int_equal(n_requests, 1); /* the first: what is cancelled before asks nobody */
    sv_cancel_unref(cancel);
    fetch_tear_down(&on);
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
    enum { ROUNDS = 20, N = 16 };
    fetch_fixture on;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    for (int round = 0; round < ROUNDS; round++) {
        fetch fetches[N];
        sv_cancel *cancels[N + 1] = {NULL};
        pthread_t thread;
        for (int i = 0; i < N; i++) {
            cancels[i] = sv_cancel_new();
            prepare(&on, &fetches[i], i % 3 ? "/ok" : "/1", cancels[i]);
            sv_fetch_start(on.fetcher, &fetches[i].request);
        }
        for (int i = 0; i < round % 5; i++)
            sv_loop_step(on.loop, 1);
        assert_int_equal(pthread_create(&thread, NULL, cancel_all, cancels), 0);
        for (int i = 0; i < N; i++)
            io_run_until(on.loop, &fetches[i].n_seen, 1);
        pthread_join(thread, NULL);
        sv_loop_step(on.loop, 0);
        for (int i = 0; i < N; i++) {
            assert_int_equal(fetches[i].n_seen, 1);
            assert_true(fetches[i].status == SV_OK || fetches[i].status == SV_CANCELLED);
            sv_cancel_unref(cancels[i]);
        }
    }
    fetch_tear_down(&on);
}

static void test_free_ends_what_is_under_way(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch plain, cancelled;
    sv_cancel *cancel = sv_cancel_new();
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    prepare(&on, &plain, "/silent", NULL);
    prepare(&on, &cancelled, "/silent", cancel);
    sv_fetch_start(on.fetcher, &plain.request);
    sv_fetch_start(on.fetcher, &cancelled.request);
    sv_loop_step(on.loop, 10);
    sv_cancel_fire(cancel, SV_CANCEL_SHUTDOWN); /* its message is still under way */
    fetch_tear_down(&on);
    assert_int_equal(plain.n_seen, 1);
    assert_int_equal(plain.status, SV_CANCELLED);
    assert_int_equal(cancelled.n_seen, 1);
    assert_int_equal(cancelled.status, SV_CANCELLED);
    sv_cancel_unref(cancel);
}

static bool try_fetch(void *arg)
{
    fetch_fixture *on = arg;
    fetch it;
    run(on, &it, "/a/relative");
    assert_int_equal(it.n_seen, 1);
    assert_true(it.status == SV_OK || it.status == SV_NO_MEMORY);
    return it.status == SV_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    fetch_fixture on;
    fetch_set_up(&on, answers, NULL, NULL, FETCH_LONG_MS);
    assert_true(failing_malloc_try_each(try_fetch, &on) > 0);
    fetch_tear_down(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_and_redirects),
        cmocka_unit_test(test_redirects_are_judged),
        cmocka_unit_test(test_addresses_are_judged),
        cmocka_unit_test(test_names_on_the_list),
        cmocka_unit_test(test_second_address),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_meets_the_end),
        cmocka_unit_test(test_free_ends_what_is_under_way),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
