/* Connected sockets: what is written arrives, what happens is told once, closing ends it all. */
#include "io_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "io/socket.h"

enum { MAX_READ = 64, LARGE = 4 * 1024 * 1024 };

/* A socket on a loop, its peer as a plain descriptor, and what was told. */
typedef struct line {
    sv_loop *loop;
    sv_socket *socket;
    int peer;
    char bytes[MAX_READ];
    size_t n_bytes;
    int n_reads, n_eofs, n_errors, n_drained, n_closed;
    bool closes_on_read;
} line;

static void on_read(void *arg, const char *bytes, size_t len)
{
    line *it = arg;
    it->n_reads++;
    size_t room = MAX_READ - it->n_bytes;
    memcpy(it->bytes + it->n_bytes, bytes, len < room ? len : room);
    it->n_bytes += len < room ? len : room;
    if (it->closes_on_read)
        sv_socket_close(it->socket);
}

static void on_eof(void *arg)
{
    ((line *)arg)->n_eofs++;
}

static void on_error(void *arg)
{
    ((line *)arg)->n_errors++;
}

static void on_drained(void *arg)
{
    ((line *)arg)->n_drained++;
}

static void on_closed(void *arg)
{
    ((line *)arg)->n_closed++;
}

static const sv_socket_events events = {on_read, on_eof, on_error, on_drained, on_closed};

static void set_up(line *it)
{
    int pair[2];
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    *it = (line){.loop = io_new_loop()};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    it->socket = sv_socket_adopt(it->loop, pair[0], (struct sockaddr *)&peer);
    assert_non_null(it->socket);
    it->peer = pair[1];
    sv_socket_set_events(it->socket, &events, it);
}

static void tear_down(line *it)
{
    if (it->peer >= 0)
        close(it->peer);
    sv_socket_close(it->socket);
    io_run_until(it->loop, &it->n_closed, 1);
    assert_int_equal(it->n_closed, 1);
    sv_loop_free(it->loop);
}

static void hang_up(line *it)
{
    close(it->peer);
    it->peer = -1;
}

static sv_status write_text(line *it, const char *text)
{
    sv_slice slice = {text, strlen(text)};
    return sv_socket_write(it->socket, &slice, 1);
}

static void test_reads_and_eof(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    assert_string_equal(sv_socket_peer(it.socket), "");
    assert_int_equal(sv_socket_peer_port(it.socket), 0);
    assert_int_equal(write(it.peer, "hello", 5), 5);
    sv_loop_step(it.loop, 10);
    assert_int_equal(it.n_reads, 0); /* not asked for yet */
    sv_socket_read_start(it.socket);
    io_run_until(it.loop, &it.n_reads, 1);
    assert_memory_equal(it.bytes, "hello", 5);
    sv_socket_read_stop(it.socket);
    assert_int_equal(write(it.peer, "!", 1), 1);
    sv_loop_step(it.loop, 10);
    assert_int_equal(it.n_reads, 1);
    hang_up(&it);
    sv_socket_read_start(it.socket);
    io_run_until(it.loop, &it.n_eofs, 1);
    assert_int_equal(it.n_bytes, 6);
    assert_int_equal(it.n_errors, 0);
    tear_down(&it);
}

static void test_writes_at_once(void **state)
{
    (void)state;
    line it;
    char got[16] = {0};
    set_up(&it);
    sv_slice slices[SV_SOCKET_MAX_SLICES + 1] = {{"ab", 2}, {"", 0}, {NULL, 0}, {"cde", 3}};
    assert_int_equal(sv_socket_write(it.socket, slices, 4), SV_OK);
    assert_int_equal(sv_socket_write(it.socket, slices, 0), SV_OK);
    assert_int_equal(sv_socket_queued_bytes(it.socket), 0);
    assert_int_equal(read(it.peer, got, sizeof got), 5); /* no round was needed */
    assert_string_equal(got, "abcde");
    assert_int_equal(sv_socket_write(it.socket, slices, SV_SOCKET_MAX_SLICES + 1), SV_IO);
    sv_loop_step(it.loop, 1);
    assert_int_equal(it.n_drained, 0); /* nothing was queued */
    tear_down(&it);
}

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 31 + position / 251);
}

/* Reads all that is there now, and checks it. */
static void read_some(int fd, size_t *position)
{
    static unsigned char bytes[65536];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < n; i++, ++*position)
            if (bytes[i] != byte_at(*position))
                fail();
}

static void test_queue_keeps_order(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    char *large = malloc(LARGE);
    assert_non_null(large);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)byte_at(i);
    size_t half = LARGE / 2, position = 0;
    sv_slice first[] = {{large, 1000}, {large + 1000, half - 1000}};
    sv_slice second[] = {{large + half, 0}, {large + half, half - 1}, {large + LARGE - 1, 1}};
    assert_int_equal(sv_socket_write(it.socket, first, 2), SV_UNAVAILABLE);
    size_t queued = sv_socket_queued_bytes(it.socket);
    assert_true(queued > 0 && queued < half);
    assert_int_equal(sv_socket_write(it.socket, second, 3), SV_UNAVAILABLE);
    assert_int_equal(sv_socket_queued_bytes(it.socket), queued + half);
    memset(large, 0, LARGE); /* it was copied */
    sv_socket_shutdown(it.socket);
    sv_socket_shutdown(it.socket);
    while (position < LARGE) {
        sv_loop_step(it.loop, 1);
        read_some(it.peer, &position);
    }
    io_run_until(it.loop, &it.n_drained, 1);
    assert_int_equal(it.n_drained, 1);
    assert_int_equal(sv_socket_queued_bytes(it.socket), 0);
    assert_int_equal(read(it.peer, large, 1), 0); /* the half-close came after */
    assert_int_equal(write_text(&it, "late"), SV_IO);
    free(large);
    tear_down(&it);
}

static void test_a_gone_peer_is_told_once(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    sv_socket_read_start(it.socket);
    hang_up(&it);
    while (write_text(&it, "x") == SV_OK) /* SIGPIPE, if it were not blocked */
        sv_loop_step(it.loop, 1);
    assert_int_equal(write_text(&it, "x"), SV_IO);
    for (int i = 0; i < 5; i++)
        sv_loop_step(it.loop, 1);
    assert_true(it.n_errors <= 1);
    tear_down(&it);
}

static void test_failed_queue_is_told_once(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    char *large = calloc(1, LARGE);
    sv_slice slice = {large, LARGE};
    assert_non_null(large);
    assert_int_equal(sv_socket_write(it.socket, &slice, 1), SV_UNAVAILABLE);
    assert_int_equal(sv_socket_write(it.socket, &slice, 1), SV_UNAVAILABLE);
    sv_socket_read_start(it.socket);
    hang_up(&it);
    io_run_until(it.loop, &it.n_errors, 1);
    for (int i = 0; i < 5; i++)
        sv_loop_step(it.loop, 1);
    assert_int_equal(it.n_errors, 1);
    assert_int_equal(it.n_drained, 0);
    assert_int_equal(write_text(&it, "x"), SV_IO);
    free(large);
    tear_down(&it);
}

static void test_closing_ends_it_all(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    char *large = calloc(1, LARGE);
    sv_slice slice = {large, LARGE};
    assert_non_null(large);
    assert_int_equal(sv_socket_write(it.socket, &slice, 1), SV_UNAVAILABLE);
    sv_socket_shutdown(it.socket);
    sv_socket_read_start(it.socket);
    assert_int_equal(write(it.peer, "a", 1), 1);
    it.closes_on_read = true;
    io_run_until(it.loop, &it.n_closed, 1);
    assert_int_equal(it.n_reads, 1);
    assert_int_equal(it.n_errors + it.n_eofs + it.n_drained, 0);
    free(large);
    close(it.peer);
    sv_loop_free(it.loop);
}

static void test_calls_after_close_do_nothing(void **state)
{
    (void)state;
    line it;
    set_up(&it);
    sv_socket_close(it.socket);
    sv_socket_close(it.socket);
    sv_socket_read_start(it.socket);
    sv_socket_shutdown(it.socket);
    assert_int_equal(write_text(&it, "x"), SV_IO);
    assert_int_equal(it.n_closed, 0); /* in a later round */
    tear_down(&it);
}

static void test_no_memory(void **state)
{
    (void)state;
    line it;
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    set_up(&it);
    int fd = dup(it.peer);
    failing_malloc_start(0);
    assert_null(sv_socket_adopt(it.loop, fd, (struct sockaddr *)&peer));
    failing_malloc_stop();
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed all the same */
    char *large = calloc(1, LARGE);
    sv_slice slice = {large, LARGE};
    assert_non_null(large);
    failing_malloc_start(0);
    assert_int_equal(sv_socket_write(it.socket, &slice, 1), SV_NO_MEMORY);
    failing_malloc_stop();
    assert_int_equal(sv_socket_queued_bytes(it.socket), 0);
    free(large);
    tear_down(&it);
}

static void test_bad_descriptor(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    assert_null(sv_socket_adopt(loop, -1, (struct sockaddr *)&peer));
    sv_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_eof),
        cmocka_unit_test(test_writes_at_once),
        cmocka_unit_test(test_queue_keeps_order),
        cmocka_unit_test(test_a_gone_peer_is_told_once),
        cmocka_unit_test(test_failed_queue_is_told_once),
        cmocka_unit_test(test_closing_ends_it_all),
        cmocka_unit_test(test_calls_after_close_do_nothing),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_bad_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
