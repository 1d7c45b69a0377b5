/* Listening sockets: who gets a connection, what is refused, and a process without descriptors. */
#include "io_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "io/listener.h"

/* Counts connections and closes them; the last peer is kept. */
typedef struct door {
    int n_accepted;
    char peer[64];
    int peer_port;
    bool keeps;
    sv_socket *kept;
} door;

static void take(sv_socket *socket, void *arg)
{
    door *it = arg;
    it->n_accepted++;
    snprintf(it->peer, sizeof it->peer, "%s", sv_socket_peer(socket));
    it->peer_port = sv_socket_peer_port(socket);
    if (it->keeps)
        it->kept = socket;
    else
        sv_socket_close(socket);
}

static sv_listener *open_on(sv_loop *loop, sv_tcp_address address, door *at)
{
    sv_listener *listener = NULL;
    sv_error error = {0};
    sv_status status = sv_listener_open(loop, &address, (sv_accept){take, at}, &error, &listener);
    if (status)
        print_error("%s\n", error.message);
    assert_int_equal(status, SV_OK);
    return listener;
}

static void refuse_on(sv_loop *loop, sv_tcp_address address, const char *words)
{
    sv_listener *listener = NULL;
    sv_error error = {0};
    assert_int_not_equal(
        sv_listener_open(loop, &address, (sv_accept){take, NULL}, &error, &listener), SV_OK);
    assert_null(listener);
    assert_non_null(strstr(error.message, words));
}

static int port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

/* Our end of a client's connection. */
static int find_accepted(int client)
{
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port_of(client))
            return fd;
    }
    fail_msg("no such connection");
    return -1;
}

static void test_tcp(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    door at = {.keeps = true};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "127.0.0.1"}, &at);
    assert_true(sv_listener_port(listener) > 0);
    int client = io_connect(sv_listener_port(listener));
    io_run_until(loop, &at.n_accepted, 1);
    assert_string_equal(at.peer, "127.0.0.1");
    assert_int_equal(at.peer_port, port_of(client));
    int on = 0, ours = find_accepted(client);
    socklen_t len = sizeof on;
    assert_int_equal(getsockopt(ours, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
    assert_true(fcntl(ours, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(ours, F_GETFD) & FD_CLOEXEC);
    sv_socket_close(at.kept);
    close(client);
    sv_listener_close(listener);
    sv_listener_close(NULL);
    sv_loop_free(loop);
}

static void test_closed_listener_refuses(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    door at = {0};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "127.0.0.1"}, &at);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sv_listener_port(listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    sv_listener_close(listener);
    assert_int_not_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(errno, ECONNREFUSED);
    close(client);
    sv_loop_free(loop);
}

static void test_names_and_ipv6(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    door at = {0};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "localhost"}, &at);
    int client = io_connect(sv_listener_port(listener)); /* over IPv4 */
    io_run_until(loop, &at.n_accepted, 1);
    close(client);
    sv_listener_close(listener);
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    if (probe >= 0) {
        listener = open_on(loop, (sv_tcp_address){.host = "::"}, &at);
        client = io_connect(sv_listener_port(listener)); /* "::" takes both */
        io_run_until(loop, &at.n_accepted, 2);
        assert_string_equal(at.peer, "127.0.0.1");
        assert_int_equal(at.peer_port, port_of(client));
        close(client);
        sv_listener_close(listener);
        close(probe);
    }
    sv_loop_free(loop);
}

static void test_refused_addresses(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    door at = {0};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "127.0.0.1"}, &at);
    char words[80];
    snprintf(words, sizeof words, "127.0.0.1:%d: Address already in use",
             sv_listener_port(listener));
    refuse_on(loop, (sv_tcp_address){.host = "127.0.0.1", .port = sv_listener_port(listener)},
              words);
    refuse_on(loop, (sv_tcp_address){.host = "192.0.2.1"}, "Cannot assign requested address");
    refuse_on(loop, (sv_tcp_address){.host = "no.such.host.invalid"}, "no.such.host.invalid");
    sv_listener_close(listener);
    sv_loop_free(loop);
}

static void test_shared_port(void **state)
{
    (void)state;
    enum { N_CLIENTS = 64 };
    sv_loop *loops[2] = {io_new_loop(), io_new_loop()};
    door at[2] = {{0}, {0}};
    sv_tcp_address address = {.host = "127.0.0.1"};
    sv_listener *first = open_on(loops[0], address, &at[0]), *second = NULL;
    assert_int_equal(sv_listener_share(loops[1], first, (sv_accept){take, &at[1]}, NULL, &second),
                     SV_OK);
    assert_int_equal(sv_listener_port(second), sv_listener_port(first));
    address.port = sv_listener_port(first);
    refuse_on(loops[0], address, "Address already in use"); /* others still do not get in */
    int clients[N_CLIENTS];
    for (int i = 0; i < N_CLIENTS; i++)
        clients[i] = io_connect(address.port);
    while (at[0].n_accepted + at[1].n_accepted < N_CLIENTS) {
        sv_loop_step(loops[0], 1);
        sv_loop_step(loops[1], 1);
    }
    assert_true(at[0].n_accepted > 0 && at[1].n_accepted > 0);
    for (int i = 0; i < N_CLIENTS; i++)
        close(clients[i]);
    sv_listener_close(first);
    sv_listener_close(second);
    sv_loop_free(loops[0]);
    sv_loop_free(loops[1]);
}

/* ---- Unix sockets ---- */

static char folder[] = "/tmp/serval-listener-XXXXXX";

static sv_tcp_address uds(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
    return (sv_tcp_address){.uds_path = path};
}

static int connect_unix(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path)); /* short, and the rest is zero */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

/* What a server that was killed leaves behind. */
static void leave_dead_socket(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path)); /* short, and the rest is zero */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
}

static void test_unix(void **state)
{
    (void)state;
    char path[128];
    sv_loop *loops[2] = {io_new_loop(), io_new_loop()};
    door at[2] = {{0}, {0}};
    sv_tcp_address address = uds(path, sizeof path, "live");
    leave_dead_socket(path);
    sv_listener *first = open_on(loops[0], address, &at[0]), *second = NULL;
    assert_int_equal(sv_listener_port(first), 0);
    refuse_on(loops[0], address, "Address already in use");
    int client = connect_unix(path);
    io_run_until(loops[0], &at[0].n_accepted, 1);
    assert_string_equal(at[0].peer, "");
    assert_int_equal(sv_listener_share(loops[1], first, (sv_accept){take, &at[1]}, NULL, &second),
                     SV_OK);
    int other = connect_unix(path);
    io_run_until(loops[1], &at[1].n_accepted, 1); /* whoever comes first */
    sv_listener_close(second);
    assert_int_equal(access(path, F_OK), 0);
    sv_listener_close(first);
    assert_int_equal(access(path, F_OK), -1);
    close(client);
    close(other);
    sv_loop_free(loops[0]);
    sv_loop_free(loops[1]);
}

static void test_unix_leaves_files_of_others(void **state)
{
    (void)state;
    char path[128], longer[200];
    sv_loop *loop = io_new_loop();
    sv_tcp_address address = uds(path, sizeof path, "file");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    refuse_on(loop, address, "Address already in use");
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    door at = {0};
    sv_listener *listener = open_on(loop, address, &at);
    unlink(path); /* somebody else takes the place */
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    sv_listener_close(listener);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    refuse_on(loop, (sv_tcp_address){.uds_path = longer}, "at most 107 bytes");
    refuse_on(loop, (sv_tcp_address){.uds_path = "/no/such/folder/socket"}, "No such file");
    sv_loop_free(loop);
}

/* ---- Without descriptors ---- */

static bool is_closed_by_peer(void *arg)
{
    char byte;
    return recv(*(int *)arg, &byte, 1, MSG_DONTWAIT) == 0;
}

/* The client that the reserve was given up for sees the end; the others wait and are served once
 * there are descriptors; meanwhile the loop sleeps. */
static void test_no_descriptors(void **state)
{
    (void)state;
    enum { N_CLIENTS = 8, N_ALLOWED = 64, QUIET_MS = 250 };
    sv_loop *loop = io_new_loop();
    door at = {0};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "127.0.0.1"}, &at);
    struct rlimit before, few;
    int clients[N_CLIENTS], taken[N_ALLOWED], n_taken = 0;
    for (int i = 0; i < N_CLIENTS; i++)
        clients[i] = io_connect(sv_listener_port(listener));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){N_ALLOWED, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (n_taken < N_ALLOWED && (taken[n_taken] = open("/", O_RDONLY)) >= 0)
        n_taken++;
    assert_int_equal(errno, EMFILE);
    int n_rounds = 0;
    int64_t end = io_now_ns() + QUIET_MS * SV_NS_PER_MS;
    for (; io_now_ns() < end; n_rounds++)
        sv_loop_step(loop, QUIET_MS);
    assert_int_equal(at.n_accepted, 0);
    assert_true(n_rounds < 20);
    assert_true(is_closed_by_peer(&clients[0]));
    while (n_taken > 0)
        close(taken[--n_taken]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    int n_let_go = 0;
    for (int i = 0; i < N_CLIENTS; i++)
        n_let_go += is_closed_by_peer(&clients[i]);
    assert_true(n_let_go < N_CLIENTS);
    io_run_until(loop, &at.n_accepted, N_CLIENTS - n_let_go);
    for (int i = 0; i < N_CLIENTS; i++)
        close(clients[i]);
    sv_listener_close(listener);
    sv_loop_free(loop);
}

static bool try_open(void *arg)
{
    sv_loop *loop = arg;
    sv_listener *listener = NULL;
    sv_tcp_address address = {.host = "127.0.0.1"};
    if (sv_listener_open(loop, &address, (sv_accept){take, NULL}, NULL, &listener)) {
        assert_null(listener);
        sv_loop_step(loop, 0);
        return false;
    }
    sv_listener_close(listener);
    sv_loop_step(loop, 0);
    return true;
}

static void test_no_memory(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    assert_true(failing_malloc_try_each(try_open, loop) > 0);
    sv_loop_free(loop);
}

/* A client that cannot be served for want of memory is let go, the next one is served. */
static void test_no_memory_for_a_client(void **state)
{
    (void)state;
    sv_loop *loop = io_new_loop();
    door at = {0};
    sv_listener *listener = open_on(loop, (sv_tcp_address){.host = "127.0.0.1"}, &at);
    int client = io_connect(sv_listener_port(listener));
    failing_malloc_start(0);
    while (!is_closed_by_peer(&client))
        sv_loop_step(loop, 10);
    failing_malloc_stop();
    assert_int_equal(at.n_accepted, 0);
    close(client);
    client = io_connect(sv_listener_port(listener));
    io_run_until(loop, &at.n_accepted, 1);
    close(client);
    sv_listener_close(listener);
    sv_loop_free(loop);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_closed_listener_refuses),
        cmocka_unit_test(test_names_and_ipv6),
        cmocka_unit_test(test_refused_addresses),
        cmocka_unit_test(test_shared_port),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_unix_leaves_files_of_others),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_memory_for_a_client),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
