/* io_fixture.c: loops that run until something happened, clients that block. */
#include "io_fixture.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

int64_t io_now_ns(void)
{
    return sv_clock_now_ns(&sv_clock_system);
}

sv_loop *io_new_loop(void)
{
    sv_loop *loop = NULL;
    assert_int_equal(sv_loop_new(NULL, &loop), SV_OK);
    return loop;
}

void io_run_until(sv_loop *loop, const int *counter, int n)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, IO_PATIENCE_MS);
    while (*counter < n) {
        assert_true(io_now_ns() < end);
        sv_loop_step(loop, 100);
    }
}

void io_wait_until(bool (*is_so)(void *arg), void *arg)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, IO_PATIENCE_MS);
    while (!is_so(arg)) {
        assert_true(io_now_ns() < end);
        sched_yield();
    }
}

int io_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}
