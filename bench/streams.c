/* streams.c: clients of streamed answers: when each event of each stream came. What the times mean
 * is worked out by who runs this (language.py).
 *
 * bench_streams PORT FILE N [--then FILE EVENTS] [--leave EVENTS] [--hold SECONDS]
 *
 * N streams ask at once with the request in FILE; where that has @@@@@@, each gets a number of its
 * own, so that no two prompts begin alike. --then: one more stream asks with another file as soon
 * as all have so many events. --leave: every second stream hangs up then. --hold: nothing is read
 * for so long; then all hang up. One line of JSON: of every stream its status, when it asked, when
 * it ended and when each event came, in milliseconds since the start. One thread, epoll, no
 * allocation while streams run. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX_STREAMS = 4096, MAX_EVENTS = 4400, PATIENCE_MS = 300 * 1000, READ_SIZE = 1 << 16 };

typedef struct bench_stream {
    int fd; /* -1: it is over */
    int status;
    bool has_left;
    double asked_ms, ended_ms;
    double *events_ms;
    size_t n_events;
    size_t n_matched; /* of "\ndata: ", across reads */
} bench_stream;

typedef struct bench_request {
    char *text;
    size_t len;
} bench_request;

typedef struct bench_run {
    int epoll_fd;
    uint16_t port;
    bench_stream *streams;
    size_t n, n_open;
    bench_request first, then;
    size_t then_events, leave_events; /* 0: not */
    double hold_s;
    int64_t start_ns;
    unsigned number; /* of the next prompt */
} bench_run;

static void fail(const char *what)
{
    fprintf(stderr, "bench_streams: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_ms(const bench_run *run)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)(time.tv_sec * 1000000000LL + time.tv_nsec - run->start_ns) / 1e6;
}

static bench_request read_file(const char *path)
{
    bench_request request = {.text = calloc(1, 1 << 20)};
    FILE *file = fopen(path, "rb");
    if (!file || !request.text)
        fail(path);
    request.len = fread(request.text, 1, (1 << 20) - 1, file);
    fclose(file);
    return request;
}

static void number_prompt(bench_run *run, bench_request *request)
{
    static const char mark[] = "@@@@@@";
    static char *places[2];
    char **place = &places[request == &run->then];
    char digits[8];
    if (!*place)
        *place = strstr(request->text, mark);
    snprintf(digits, sizeof digits, "%06u", run->number++ % 1000000);
    if (*place)
        memcpy(*place, digits, strlen(mark));
}

static void ask(bench_run *run, bench_stream *stream, bench_request *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    stream->events_ms = malloc(MAX_EVENTS * sizeof *stream->events_ms);
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!stream->events_ms || stream->fd < 0 ||
        connect(stream->fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    number_prompt(run, request);
    stream->asked_ms = now_ms(run);
    if (write(stream->fd, request->text, request->len) != (ssize_t)request->len)
        fail("write");
    fcntl(stream->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, stream->fd, &event))
        fail("epoll_ctl");
    run->n_open++;
}

static void hang_up(bench_run *run, bench_stream *stream)
{
    close(stream->fd);
    stream->fd = -1;
    stream->ended_ms = now_ms(run);
    run->n_open--;
}

/* Lines that begin with "data: ". */
static void count_events(bench_run *run, bench_stream *stream, const char *bytes, size_t n)
{
    static const char mark[] = "\ndata: ";
    double time_ms = now_ms(run);
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != mark[stream->n_matched])
            stream->n_matched = bytes[i] == mark[0];
        else if (++stream->n_matched == sizeof mark - 1) {
            stream->n_matched = 0;
            if (stream->n_events < MAX_EVENTS)
                stream->events_ms[stream->n_events++] = time_ms;
        }
    }
}

static void take(bench_run *run, bench_stream *stream)
{
    static char bytes[READ_SIZE];
    ssize_t n = read(stream->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        hang_up(run, stream);
        return;
    }
    if (!stream->status && n > 12)
        stream->status = atoi(bytes + 9);
    count_events(run, stream, bytes, (size_t)n);
}

static bool have_all(const bench_run *run, size_t n_events)
{
    for (size_t i = 0; i < run->n; i++)
        if (run->streams[i].fd >= 0 && run->streams[i].n_events < n_events)
            return false;
    return true;
}

static void leave(bench_run *run)
{
    for (size_t i = 0; i < run->n; i += 2)
        if (run->streams[i].fd >= 0) {
            run->streams[i].has_left = true;
            hang_up(run, &run->streams[i]);
        }
}

static void follow_streams(bench_run *run)
{
    struct epoll_event events[64];
    while (run->n_open && now_ms(run) < PATIENCE_MS) {
        int n = epoll_wait(run->epoll_fd, events, 64, 1000);
        for (int i = 0; i < n; i++)
            take(run, events[i].data.ptr);
        if (run->leave_events && have_all(run, run->leave_events)) {
            run->leave_events = 0;
            leave(run);
        }
        if (run->then_events && have_all(run, run->then_events)) {
            run->then_events = 0;
            ask(run, &run->streams[run->n], &run->then);
        }
    }
}

static void print(const bench_run *run, size_t n)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"client_cpu_s\": %.3f, \"streams\": [",
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    for (size_t i = 0; i < n; i++) {
        const bench_stream *stream = &run->streams[i];
        printf("%s{\"status\": %d, \"left\": %s, \"asked\": %.3f, \"ended\": %.3f, \"events\": [",
               i ? ", " : "", stream->status, stream->has_left ? "true" : "false", stream->asked_ms,
               stream->ended_ms);
        for (size_t k = 0; k < stream->n_events; k++)
            printf("%s%.3f", k ? ", " : "", stream->events_ms[k]);
        printf("]}");
    }
    printf("]}\n");
}

static void read_options(bench_run *run, int argc, char **argv)
{
    for (int i = 4; i < argc; i++) {
        if (!strcmp(argv[i], "--then") && i + 2 < argc) {
            run->then = read_file(argv[++i]);
            run->then_events = (size_t)atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--leave") && i + 1 < argc) {
            run->leave_events = (size_t)atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--hold") && i + 1 < argc) {
            run->hold_s = atof(argv[++i]);
        } else {
            fprintf(stderr, "bench_streams: what is %s?\n", argv[i]);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    static bench_stream streams[MAX_STREAMS + 1];
    bench_run run = {.streams = streams, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    struct timespec start;
    if (argc < 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > MAX_STREAMS) {
        fprintf(stderr, "usage: bench_streams PORT FILE N [--then FILE EVENTS] [--leave EVENTS] "
                        "[--hold SECONDS]\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    run.start_ns = start.tv_sec * 1000000000LL + start.tv_nsec;
    run.number = (unsigned)(run.start_ns / 1000000 % 1000000);
    run.port = (uint16_t)atoi(argv[1]);
    run.first = read_file(argv[2]);
    run.n = (size_t)atoi(argv[3]);
    read_options(&run, argc, argv);
    size_t n_all = run.n + (run.then_events > 0);
    for (size_t i = 0; i < run.n; i++)
        ask(&run, &streams[i], &run.first);
    if (run.hold_s > 0)
        usleep((useconds_t)(run.hold_s * 1e6));
    else
        follow_streams(&run);
    print(&run, n_all);
    return 0;
}
