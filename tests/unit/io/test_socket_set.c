/* Sockets that a loop watches: what is told of them, and what is not. */
#include "io/socket_set.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "io_fixture.h"

typedef struct notes {
    sv_socket_ready last;
    int n_ready, n_rounds;
} notes;

static void note_ready(void *arg, const sv_socket_ready *socket)
{
    notes *it = arg;
    it->last = *socket;
    it->n_ready++;
}

static void note_round(void *arg)
{
    ((notes *)arg)->n_rounds++;
}

static const sv_socket_set_port port = {note_ready, note_round};

typedef struct fixture {
    sv_loop *loop;
    sv_socket_set *set;
    int near, far;
    notes notes;
} fixture;

static void set_up(fixture *on)
{
    int fds[2];
    *on = (fixture){.loop = io_new_loop()};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    on->near = fds[0];
    on->far = fds[1];
    assert_int_equal(sv_socket_set_new(on->loop, &port, &on->notes, NULL, &on->set), SV_OK);
}

static void tear_down(fixture *on)
{
    sv_socket_set_free(on->set);
    sv_loop_free(on->loop);
    close(on->near);
    close(on->far);
}

static void test_what_is_told(void **state)
{
    (void)state;
    fixture on;
    set_up(&on);
    assert_true(sv_socket_set_watch(on.set, on.near, false, true));
    io_run_until(on.loop, &on.notes.n_rounds, 1);
    assert_int_equal(on.notes.last.fd, on.near);
    assert_true(on.notes.last.can_write && !on.notes.last.can_read && !on.notes.last.has_failed);
    assert_true(sv_socket_set_watch(on.set, on.near, true, false)); /* in another way */
    on.notes = (notes){0};
    for (int i = 0; i < 3; i++)
        sv_loop_step(on.loop, 1);
    assert_int_equal(on.notes.n_ready, 0);
    assert_int_equal(write(on.far, "x", 1), 1);
    io_run_until(on.loop, &on.notes.n_ready, 1);
    assert_true(on.notes.last.can_read && !on.notes.last.can_write);
    assert_int_equal(on.notes.n_rounds, on.notes.n_ready);
    tear_down(&on);
}

static void test_forgotten_and_closed(void **state)
{
    (void)state;
    fixture on;
    set_up(&on);
    assert_true(sv_socket_set_watch(on.set, on.near, true, false));
    sv_socket_set_forget(on.set, on.near);
    sv_socket_set_forget(on.set, on.near); /* fine */
    assert_int_equal(write(on.far, "x", 1), 1);
    for (int i = 0; i < 3; i++)
        sv_loop_step(on.loop, 1);
    assert_int_equal(on.notes.n_ready, 0);
    int closed = dup(on.far);
    close(closed);
    assert_false(sv_socket_set_watch(on.set, closed, true, false));
    sv_socket_set_forget(on.set, closed);
    assert_true(sv_socket_set_watch(on.set, on.near, true, false));
    close(on.near); /* while it is in it */
    on.near = -1;
    for (int i = 0; i < 3; i++)
        sv_loop_step(on.loop, 1);
    assert_int_equal(on.notes.n_ready, 0);
    tear_down(&on);
    sv_socket_set_free(NULL);
}

static bool try_new(void *arg)
{
    sv_socket_set *set = NULL;
    notes none;
    if (sv_socket_set_new(arg, &port, &none, NULL, &set))
        return false;
    sv_socket_set_free(set);
    return true;
}

static void test_no_memory(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    assert_true(failing_malloc_try_each(try_new, loop) > 0);
    sv_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_forgotten_and_closed),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
