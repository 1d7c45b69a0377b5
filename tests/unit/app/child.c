/* child.c: see child.h. */
#include "child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* One stream of the child: its text so far, with the zero. */
typedef struct stream {
    char *text;
    size_t room, len;
} stream;

static void run_in_child(child_main *run, const char *const *args, int out, int err)
{
    int n = 0;
    while (args[n])
        n++;
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    exit(run(n, (char *const *)(uintptr_t)args)); /* with the leak check of the sanitizer */
}

/* False at the end of the stream. */
static bool read_some(int fd, stream *to)
{
    char lost[4096];
    size_t left = to->room - 1 - to->len;
    ssize_t n = read(fd, left ? to->text + to->len : lost, left ? left : sizeof lost);
    if (n > 0 && left)
        to->len += (size_t)n;
    to->text[to->len] = '\0';
    return n > 0;
}

static void read_streams(pid_t child, struct pollfd fds[2], stream streams[2])
{
    bool told = false;
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, 60000) <= 0) {
            kill(child, SIGKILL);
            return;
        }
        for (int i = 0; i < 2; i++)
            if (fds[i].revents && !read_some(fds[i].fd, &streams[i]))
                fds[i].fd = -1;
        if (!told && strstr(streams[1].text, "ready on ")) {
            kill(child, SIGTERM);
            told = true;
        }
    }
}

const child_result *child_run(child_main *run, const char *const *args)
{
    static child_result result;
    int out[2], err[2], status = 0;
    assert_true(pipe(out) == 0 && pipe(err) == 0);
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(out[0]);
        close(err[0]);
        run_in_child(run, args, out[1], err[1]);
    }
    close(out[1]);
    close(err[1]);
    struct pollfd fds[2] = {{.fd = out[0], .events = POLLIN}, {.fd = err[0], .events = POLLIN}};
    stream streams[2] = {{result.out, sizeof result.out, 0}, {result.err, sizeof result.err, 0}};
    result.out[0] = result.err[0] = '\0';
    read_streams(child, fds, streams);
    close(out[0]);
    close(err[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return &result;
}
