/* The HTTP library's side of an exchange: lines that are sent, pieces that are not taken, ends.
 * What fetches and upstreams make of it: test_fetcher.c, test_upstream.c. */
#include "io/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "failing_malloc.h"
#include "io_fixture.h"
#include "origin.h"

#define OK "HTTP/1.1 200 OK\r\n"

enum { LARGE = 200000, HEAD = 100, LONG_MS = 60000 };

typedef struct fixture {
    sv_loop *loop;
    sv_transfer_pool *pool;
    origin *origin;
} fixture;

typedef struct talk {
    sv_transfer transfer;
    char url[64], location[64];
    size_t step; /* how much is taken at a time; 0: all */
    size_t len;
    uint32_t sum;
    int n_begun, n_connected, n_lines, n_paused, n_done, http_status;
    bool refuses_address;
    sv_transfer_end end;
} talk;

static void note_begin(sv_transfer *transfer)
{
    SV_CONTAINER_OF(transfer, talk, transfer)->n_begun++;
}

static bool judge(sv_transfer *transfer, const struct sockaddr *address)
{
    assert_int_equal(address->sa_family, AF_INET);
    return !SV_CONTAINER_OF(transfer, talk, transfer)->refuses_address;
}

static void note_connected(sv_transfer *transfer)
{
    SV_CONTAINER_OF(transfer, talk, transfer)->n_connected++;
}

static bool note_line(sv_transfer *transfer, sv_str line)
{
    talk *it = SV_CONTAINER_OF(transfer, talk, transfer);
    assert_true(sv_str_ends_with(line, SV_STR("\n")));
    it->n_lines++;
    it->http_status = sv_transfer_http_status(transfer);
    return true;
}

static bool note_body(sv_transfer *transfer, sv_str bytes, size_t *ret_taken)
{
    talk *it = SV_CONTAINER_OF(transfer, talk, transfer);
    assert_int_equal(*ret_taken, bytes.len);
    if (it->step && it->step < bytes.len)
        *ret_taken = it->step;
    for (size_t i = 0; i < *ret_taken; i++)
        it->sum = it->sum * 31 + (unsigned char)bytes.ptr[i];
    it->len += *ret_taken;
    it->n_paused += *ret_taken < bytes.len;
    return true;
}

static void note_done(sv_transfer *transfer, sv_transfer_end end, const char *location)
{
    talk *it = SV_CONTAINER_OF(transfer, talk, transfer);
    it->end = end;
    snprintf(it->location, sizeof it->location, "%s", location ? location : "");
    it->n_done++;
}

static const sv_transfer_port port = {.begin = note_begin,
                                      .may_connect = judge,
                                      .connected = note_connected,
                                      .take_line = note_line,
                                      .take_body = note_body,
                                      .done = note_done};

static char large[HEAD + LARGE + 1];

static const origin_answer answers[] = {
    {"/ok", OK "Content-Length: 6\r\n\r\nanswer", ORIGIN_KEEP},
    {"/302", "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n", ORIGIN_KEEP},
    {"/large", large, ORIGIN_KEEP},
    {"/silent", "", ORIGIN_HOLD},
    {"/nothing", "", ORIGIN_CLOSE},
    {0},
};

static uint32_t fill_large(void)
{
    uint32_t sum = 0, next = 1;
    int head = snprintf(large, HEAD, OK "Content-Length: %d\r\n\r\n", LARGE);
    for (int i = 0; i < LARGE; i++) {
        next = next * 1664525 + 1013904223;
        large[head + i] = (char)('a' + (next >> 16) % 26);
        sum = sum * 31 + (unsigned char)large[head + i];
    }
    return sum;
}

static void set_up(fixture *on)
{
    *on = (fixture){.loop = io_new_loop(), .origin = origin_start(answers)};
    assert_int_equal(sv_transfer_pool_new(on->loop, 2, 2, NULL, &on->pool), SV_OK);
}

static void tear_down(fixture *on)
{
    sv_transfer_pool_free(on->pool);
    sv_loop_free(on->loop);
    origin_stop(on->origin);
}

static void prepare(const fixture *on, talk *it, const char *path)
{
    *it = (talk){.transfer = {.port = &port, .url = it->url, .deadline_ns = SV_NEVER}};
    snprintf(it->url, sizeof it->url, "http://127.0.0.1:%d%s", origin_port(on->origin), path);
}

static void test_stages(void **state)
{
    (void)state;
    fixture on;
    talk it;
    set_up(&on);
    prepare(&on, &it, "/302");
    sv_transfer_start(on.pool, &it.transfer);
    io_run_until(on.loop, &it.n_done, 1);
    assert_int_equal(it.end, SV_TRANSFER_COMPLETE);
    assert_int_equal(it.http_status, 302);
    assert_int_equal(it.n_lines, 4);
    assert_int_equal(it.n_begun, 1);
    assert_int_equal(it.n_connected, 1);
    assert_true(sv_str_ends_with(sv_str_from(it.location), SV_STR("/next")));
    sv_transfer_stop(&it.transfer); /* fine */
    sv_transfer_resume(&it.transfer);
    assert_int_equal(sv_transfer_http_status(&it.transfer), 0);
    prepare(&on, &it, "/nothing");
    sv_transfer_start(on.pool, &it.transfer);
    io_run_until(on.loop, &it.n_done, 1);
    assert_int_equal(it.end, SV_TRANSFER_NO_ANSWER);
    assert_non_null(sv_transfer_end_why(it.end));
    assert_null(sv_transfer_end_why(SV_TRANSFER_COMPLETE));
    tear_down(&on);
}

static void test_refused_address(void **state)
{
    (void)state;
    fixture on;
    talk it;
    set_up(&on);
    prepare(&on, &it, "/ok");
    it.refuses_address = true;
    sv_transfer_start(on.pool, &it.transfer);
    io_run_until(on.loop, &it.n_done, 1);
    assert_int_equal(it.end, SV_TRANSFER_NOT_CONNECTED);
    assert_int_equal(it.n_connected, 0);
    assert_int_equal(origin_count_connections(on.origin), 0);
    tear_down(&on);
}

static void test_lines(void **state)
{
    (void)state;
    fixture on;
    talk it;
    set_up(&on);
    prepare(&on, &it, "/ok");
    it.transfer.lines = SV_STR("X-One: 1\0X-None;\0Accept:\0");
    it.transfer.is_post = true;
    it.transfer.body = SV_STR("body");
    sv_transfer_start(on.pool, &it.transfer);
    io_run_until(on.loop, &it.n_done, 1);
    const char *request = origin_last_request(on.origin);
    assert_non_null(strstr(request, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(request, "\r\nX-None:\r\n"));
    assert_null(strstr(request, "\r\nAccept:"));
    assert_non_null(strstr(request, "\r\n\r\nbody"));
    tear_down(&on);
}

/* What was not taken comes again, and nothing is lost, whatever the sizes. */
static void test_pieces(void **state)
{
    (void)state;
    static const size_t steps[] = {0, 1000, 16383, 16384, 16385, 100000};
    uint32_t sum = fill_large();
    fixture on;
    set_up(&on);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        talk it;
        prepare(&on, &it, "/large");
        it.step = steps[i];
        sv_transfer_start(on.pool, &it.transfer);
        while (!it.n_done) {
            sv_loop_step(on.loop, 5);
            sv_transfer_resume(&it.transfer);
        }
        assert_int_equal(it.end, SV_TRANSFER_COMPLETE);
        assert_int_equal(it.len, LARGE);
        assert_int_equal(it.sum, sum);
        if (steps[i] == 1000)
            assert_true(it.n_paused > 100);
    }
    tear_down(&on);
}

static void test_deadline_and_stop(void **state)
{
    (void)state;
    fixture on;
    talk late, stopped, waits;
    set_up(&on);
    prepare(&on, &late, "/silent");
    prepare(&on, &stopped, "/silent");
    prepare(&on, &waits, "/ok");
    sv_transfer_start(on.pool, &late.transfer);
    sv_transfer_start(on.pool, &stopped.transfer);
    sv_transfer_start(on.pool, &waits.transfer);
    io_run_until(on.loop, &late.n_connected, 1);
    assert_int_equal(waits.n_begun, 0); /* two turns */
    sv_transfer_set_deadline(&late.transfer, sv_clock_deadline_ns(&sv_clock_system, 20));
    io_run_until(on.loop, &late.n_done, 1);
    assert_int_equal(late.end, SV_TRANSFER_TIMED_OUT);
    io_run_until(on.loop, &waits.n_done, 1);
    assert_int_equal(waits.end, SV_TRANSFER_COMPLETE);
    sv_transfer_stop(&stopped.transfer);
    sv_loop_step(on.loop, 1);
    assert_int_equal(stopped.n_done, 0);
    prepare(&on, &late, "/silent");
    sv_transfer_start(on.pool, &late.transfer);
    tear_down(&on);
    assert_int_equal(late.end, SV_TRANSFER_CANCELLED);
    sv_transfer_pool_free(NULL);
}

static bool try_transfer(void *arg)
{
    fixture mine = *(fixture *)arg;
    talk it;
    if (sv_transfer_pool_new(mine.loop, 1, 1, NULL, &mine.pool))
        return false;
    prepare(&mine, &it, "/ok");
    sv_transfer_start(mine.pool, &it.transfer);
    io_run_until(mine.loop, &it.n_done, 1);
    assert_true(it.end == SV_TRANSFER_COMPLETE || it.end == SV_TRANSFER_NO_MEMORY);
    sv_transfer_pool_free(mine.pool);
    sv_loop_step(mine.loop, 0);
    return it.end == SV_TRANSFER_COMPLETE;
}

static void test_no_memory(void **state)
{
    (void)state;
    fixture on;
    set_up(&on);
    assert_true(failing_malloc_try_each(try_transfer, &on) > 0);
    tear_down(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_refused_address),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_deadline_and_stop),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
