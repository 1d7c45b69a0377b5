/* test_server.c: servers on real sockets: ports, loops, drain, limits. The protocol is tested in
 * memory. */
#include "http_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define HOLD "POST /hold HTTP/1.1\r\nHost: a\r\n\r\n"

static const sv_tcp_address any_port = {.host = "127.0.0.1", .port = 0};

static int start(void **state)
{
    http_fixture *fixture = test_calloc(1, sizeof *fixture);
    http_init(fixture);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    http_stop(*state);
    test_free(*state);
    return 0;
}

static void listen_on(http_fixture *fixture, const sv_tcp_address *address, size_t n_loops)
{
    sv_error error = {0};
    http_start(fixture, false);
    if (sv_server_listen(fixture->server, address, n_loops, &error))
        fail_msg("%s", error.message);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until the text is there or the other end closes. */
static void hear(int fd, char *heard, size_t size, const char *awaited)
{
    size_t len = 0;
    ssize_t got = 1;
    heard[0] = '\0';
    while (got > 0 && !strstr(heard, awaited) && len + 1 < size) {
        got = recv(fd, heard + len, size - len - 1, 0);
        len += got > 0 ? (size_t)got : 0;
        heard[len] = '\0';
    }
    if (!strstr(heard, awaited))
        fail_msg("\"%s\" was not heard: %s", awaited, heard);
}

static void assert_closed(int fd)
{
    char rest[1000];
    ssize_t got;
    while ((got = recv(fd, rest, sizeof rest, 0)) > 0)
        ;
    assert_int_equal(got, 0);
}

static void test_several_loops(void **state)
{
    http_fixture *fixture = *state;
    char heard[2000];
    listen_on(fixture, &any_port, 2);
    assert_int_equal(sv_server_n_loops(fixture->server), 2);
    assert_non_null(sv_server_loop(fixture->server, 1));
    assert_null(sv_server_loop(fixture->server, 2));
    assert_true(sv_server_port(fixture->server) > 0);
    for (int i = 0; i < 20; i++) {
        int fd = connect_to(sv_server_port(fixture->server));
        say(fd, HELLO);
        hear(fd, heard, sizeof heard, "\r\n\r\nhello");
        close(fd);
    }
    assert_true(sv_clock_now_ns(&sv_clock_system) - sv_server_last_round_ns(fixture->server) <
                5 * SV_NS_PER_S);
}

static void test_unix_socket(void **state)
{
    http_fixture *fixture = *state;
    char heard[2000], path[64] = "/tmp/test_server.XXXXXX";
    int made = mkstemp(path);
    close(made);
    unlink(path);
    sv_tcp_address address = {.uds_path = path};
    listen_on(fixture, &address, 2);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strcpy(to.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    say(fd, HELLO);
    hear(fd, heard, sizeof heard, "\r\n\r\nhello");
    close(fd);
}

static void test_port_in_use(void **state)
{
    http_fixture *fixture = *state;
    http_fixture second;
    sv_error error = {0};
    listen_on(fixture, &any_port, 1);
    int blocker = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof taken;
    assert_int_equal(bind(blocker, (struct sockaddr *)&taken, size), 0);
    assert_int_equal(listen(blocker, 1), 0);
    getsockname(blocker, (struct sockaddr *)&taken, &size);
    http_init(&second);
    http_start(&second, false);
    sv_tcp_address address = {.host = "127.0.0.1", .port = ntohs(taken.sin_port)};
    assert_int_not_equal(sv_server_listen(second.server, &address, 2, &error), SV_OK);
    assert_true(error.message[0]);
    assert_int_equal(sv_server_listen(second.server, &any_port, 2, &error), SV_OK);
    http_stop(&second);
    close(blocker);
}

static void wait_for_handler(http_fixture *fixture)
{
    while (!fixture->held)
        usleep(1000);
}

static void wait_for_active(http_fixture *fixture, size_t n)
{
    while (sv_server_get_stats(fixture->server).n_active != n)
        usleep(1000);
}

static void *drain(void *arg)
{
    sv_server_drain(((http_fixture *)arg)->server, 20000);
    return NULL;
}

static void test_drain_finishes_what_is_in_flight(void **state)
{
    http_fixture *fixture = *state;
    char heard[2000];
    pthread_t drainer;
    listen_on(fixture, &any_port, 1);
    int idle = connect_to(sv_server_port(fixture->server)),
        busy = connect_to(sv_server_port(fixture->server));
    say(idle, HELLO);
    hear(idle, heard, sizeof heard, "\r\n\r\nhello");
    say(busy, HOLD);
    wait_for_handler(fixture);
    assert_int_equal(pthread_create(&drainer, NULL, drain, fixture), 0);
    assert_closed(idle);
    assert_true(sv_server_is_draining(fixture->server));
    http_release(fixture);
    hear(busy, heard, sizeof heard, "\r\n\r\nheld");
    assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
    assert_closed(busy);
    close(idle);
    close(busy);
    pthread_join(drainer, NULL);
}

static void test_drain_cuts_at_its_deadline(void **state)
{
    http_fixture *fixture = *state;
    listen_on(fixture, &any_port, 1);
    int busy = connect_to(sv_server_port(fixture->server));
    say(busy, HOLD);
    wait_for_handler(fixture);
    sv_server_drain(fixture->server, 50);
    assert_int_equal(sv_cancel_get(fixture->held->cancel), SV_CANCEL_SHUTDOWN);
    assert_closed(busy);
    close(busy);
}

static void test_departed_client_is_seen(void **state)
{
    http_fixture *fixture = *state;
    listen_on(fixture, &any_port, 1);
    int fd = connect_to(sv_server_port(fixture->server));
    say(fd, HOLD);
    wait_for_handler(fixture);
    close(fd);
    wait_for_active(fixture, 0);
    assert_int_equal(sv_cancel_get(fixture->held->cancel), SV_CANCEL_CLIENT);
}

static void test_too_many_connections(void **state)
{
    http_fixture *fixture = *state;
    char heard[2000];
    fixture->limits.max_connections = 2;
    listen_on(fixture, &any_port, 1);
    int first = connect_to(sv_server_port(fixture->server)),
        second = connect_to(sv_server_port(fixture->server));
    say(first, HELLO);
    hear(first, heard, sizeof heard, "hello");
    say(second, HELLO);
    hear(second, heard, sizeof heard, "hello");
    int third = connect_to(sv_server_port(fixture->server));
    hear(third, heard, sizeof heard, "\r\nRetry-After: ");
    assert_non_null(strstr(heard, "HTTP/1.1 503 "));
    assert_closed(third);
    close(third);
    close(first);
    while (sv_server_get_stats(fixture->server).n_idle > 1)
        usleep(1000);
    say(second, HELLO);
    hear(second, heard, sizeof heard, "hello");
    close(second);
}

/* The refusal must survive that the client is in the middle of sending. */
static void test_refusal_in_the_middle_of_an_upload(void **state)
{
    http_fixture *fixture = *state;
    static char upload[100 * 1024];
    char heard[2000];
    listen_on(fixture, &any_port, 1);
    int fd = connect_to(sv_server_port(fixture->server));
    say(fd, "POST /items HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 102400\r\n\r\n");
    for (size_t at = 0; at < sizeof upload; at += 10240) {
        usleep(2000);
        assert_int_equal(send(fd, upload + at, 10240, MSG_NOSIGNAL), 10240);
    }
    hear(fd, heard, sizeof heard, "\"error\":\"BAD_REQUEST\"");
    assert_closed(fd);
    close(fd);
}

#define server_test(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(test_several_loops),
        server_test(test_unix_socket),
        server_test(test_port_in_use),
        server_test(test_drain_finishes_what_is_in_flight),
        server_test(test_drain_cuts_at_its_deadline),
        server_test(test_departed_client_is_seen),
        server_test(test_too_many_connections),
        server_test(test_refusal_in_the_middle_of_an_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
