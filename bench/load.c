/* load.c: the load generator. In a closed loop each of N clients asks again when it was answered:
 * what a server can do. In an open loop requests are due by a Poisson process whether or not
 * earlier ones were answered, each is counted from the moment it was due, and each client hangs up
 * after a second: what is left of a server when more is asked than it can do. Beside them go health
 * probes 20 times a second, and after the burst one client that asks until it is served.
 *
 * bench_load PORT REQUEST_FILE closed CONNECTIONS SECONDS
 * bench_load PORT REQUEST_FILE open RATE SECONDS
 *
 * REQUEST_FILE holds the whole request, head and body. Prints one line of JSON. Everything is
 * bounded: connections by MAX_PEERS (what is due beyond is counted as not sent), the time after the
 * burst by AFTER_S. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "peer.h"

enum { MAX_PEERS = 8192, MAX_TIMES = 1 << 20, HEALTH_PER_S = 20, AFTER_S = 20 };
enum { SECOND = 1000000000 };

typedef enum traffic { WORK, HEALTH, PROBE, N_KINDS } traffic;

/* Requests of one kind under way, the oldest first: all of a kind are equally patient. */
typedef struct waiting {
    sv_peer *first, *last;
    int64_t patience_ns;
    sv_str request;
    long due, sent, good, refused, failed, left, not_sent;
    int64_t *times; /* from due to answered, of the good */
} waiting;

typedef struct load {
    int epoll_fd;
    uint16_t port;
    long n_peers;
    sv_peer *idle;
    sv_peer *gone; /* closed; freed when no event of this batch can name them any more */
    waiting kinds[N_KINDS];
    int64_t late_ns, first_good_ns, last_good_ns;
    bool again;  /* closed loop: an answer is followed by the next request */
    long n_owed; /* such requests that are still to be started */
} load;

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * (int64_t)SECOND + time.tv_nsec;
}

static void hang_up(load *run, sv_peer *peer)
{
    sv_peer_close(peer);
    peer->after = run->gone;
    run->gone = peer;
    run->n_peers--;
}

static void free_gone(load *run)
{
    for (sv_peer *peer; (peer = run->gone);) {
        run->gone = peer->after;
        free(peer);
    }
}

static void link_peer(waiting *line, sv_peer *peer)
{
    peer->before = line->last, peer->after = NULL;
    *(line->last ? &line->last->after : &line->first) = peer;
    line->last = peer;
}

static void unlink_peer(waiting *line, sv_peer *peer)
{
    *(peer->before ? &peer->before->after : &line->first) = peer->after;
    *(peer->after ? &peer->after->before : &line->last) = peer->before;
}

static void unlink_idle(load *run, sv_peer *peer)
{
    *(peer->before ? &peer->before->after : &run->idle) = peer->after;
    if (peer->after)
        peer->after->before = peer->before;
}

static void count_answer(load *run, waiting *line, const sv_peer *peer, int64_t end_ns)
{
    if (peer->status == 200) {
        if (line->good < MAX_TIMES)
            line->times[line->good] = end_ns - peer->start_ns;
        line->good++;
        if (peer->kind == WORK)
            run->last_good_ns = end_ns;
        if (peer->kind == PROBE)
            run->first_good_ns = end_ns;
    } else if (peer->status == 429 || peer->status == 503) {
        line->refused++;
    } else {
        line->failed++;
    }
}

static void conclude(load *run, sv_peer *peer, sv_peer_result result)
{
    waiting *line = &run->kinds[peer->kind];
    traffic kind = (traffic)peer->kind;
    int64_t end_ns = now();
    unlink_peer(line, peer);
    if (result == SV_PEER_ANSWERED)
        count_answer(run, line, peer, end_ns);
    else
        line->failed++;
    if (result == SV_PEER_ANSWERED && peer->keep) {
        peer->before = NULL, peer->after = run->idle;
        if (run->idle)
            run->idle->before = peer;
        run->idle = peer;
    } else {
        hang_up(run, peer);
    }
    if (run->again && kind == WORK)
        run->n_owed++;
}

static sv_peer *find_peer(load *run)
{
    sv_peer *peer = run->idle;
    if (peer) {
        unlink_idle(run, peer);
        return peer;
    }
    if (run->n_peers >= MAX_PEERS || !(peer = malloc(sizeof *peer)))
        return NULL;
    if (sv_peer_connect(peer, run->epoll_fd, run->port)) {
        free(peer);
        return NULL;
    }
    run->n_peers++;
    return peer;
}

static void start(load *run, traffic kind, int64_t due_ns)
{
    waiting *line = &run->kinds[kind];
    sv_peer *peer = find_peer(run);
    line->due++;
    if (!peer) {
        line->not_sent++;
        return;
    }
    line->sent++;
    peer->kind = kind;
    peer->start_ns = due_ns;
    link_peer(line, peer);
    sv_peer_result result = sv_peer_send(peer, line->request);
    if (result != SV_PEER_WAITING)
        conclude(run, peer, result);
}

/* Clients whose second is over leave. */
static void leave(load *run)
{
    int64_t time = now();
    for (int i = 0; i < N_KINDS; i++) {
        waiting *line = &run->kinds[i];
        while (line->first && line->first->start_ns + line->patience_ns <= time) {
            sv_peer *peer = line->first;
            unlink_peer(line, peer);
            line->left++;
            hang_up(run, peer);
        }
    }
}

/* Waits for events until `until_ns` at the latest, and deals with one batch of them. */
static void step(load *run, int64_t until_ns)
{
    struct epoll_event events[64];
    int64_t left = until_ns - now();
    left = left < 0 ? 0 : left;
    struct timespec timeout = {left / SECOND, left % SECOND};
    int n = epoll_pwait2(run->epoll_fd, events, 64, &timeout, NULL);
    for (int i = 0; i < n; i++) {
        sv_peer *peer = events[i].data.ptr;
        bool busy = peer->busy;
        if (peer->fd < 0)
            continue;
        sv_peer_result result = sv_peer_progress(peer);
        if (result != SV_PEER_WAITING && busy) {
            conclude(run, peer, result);
        } else if (result == SV_PEER_BROKEN) {
            unlink_idle(run, peer);
            hang_up(run, peer);
        }
    }
    long n_owed = run->n_owed;
    run->n_owed = 0;
    for (; n_owed; n_owed--)
        start(run, WORK, now());
    leave(run);
    free_gone(run);
}

static double uniform(uint64_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void run_open(load *run, double rate, int64_t end_ns)
{
    uint64_t random = 88172645463325252u;
    int64_t work_ns = now(), health_ns = work_ns, time;
    while ((time = now()) < end_ns) {
        for (; work_ns <= time; work_ns += (int64_t)(-log(uniform(&random)) / rate * SECOND)) {
            if (time - work_ns > run->late_ns)
                run->late_ns = time - work_ns;
            start(run, WORK, work_ns);
        }
        for (; health_ns <= time; health_ns += SECOND / HEALTH_PER_S)
            start(run, HEALTH, health_ns);
        step(run, min_ns(work_ns, health_ns));
    }
}

/* One client that asks again until it is served; those of the burst are still there. */
static void ask_until_served(load *run, int64_t end_ns)
{
    waiting *line = &run->kinds[PROBE];
    int64_t next_ns = now(), time;
    while (!run->first_good_ns && (time = now()) < end_ns) {
        if (!line->first && next_ns <= time) {
            next_ns = time + SECOND / 100;
            start(run, PROBE, time);
        }
        step(run, time + SECOND / 1000);
    }
    while (run->kinds[WORK].first || run->kinds[HEALTH].first)
        step(run, now() + SECOND / 100);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The named share of the times, in milliseconds; -1 when there is none. */
static double quantile(waiting *line, double share)
{
    long n = line->good < MAX_TIMES ? line->good : MAX_TIMES;
    return n ? (double)line->times[(long)(share * (double)(n - 1) + 0.5)] / 1e6 : -1;
}

static void print_kind(const char *name, waiting *line)
{
    long n = line->good < MAX_TIMES ? line->good : MAX_TIMES;
    qsort(line->times, (size_t)n, sizeof *line->times, compare_times);
    printf("\"%s\":{\"due\":%ld,\"sent\":%ld,\"good\":%ld,\"refused\":%ld,\"failed\":%ld,"
           "\"left\":%ld,\"not_sent\":%ld,\"p50_ms\":%.3f,\"p99_ms\":%.3f},",
           name, line->due, line->sent, line->good, line->refused, line->failed, line->left,
           line->not_sent, quantile(line, 0.5), quantile(line, 0.99));
}

static void print_result(load *run, double seconds, int64_t burst_end_ns)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    putchar('{');
    print_kind("work", &run->kinds[WORK]);
    print_kind("health", &run->kinds[HEALTH]);
    print_kind("probe", &run->kinds[PROBE]);
    double first_ms = run->first_good_ns ? (double)(run->first_good_ns - burst_end_ns) / 1e6 : -1;
    printf("\"seconds\":%.3f,\"good_per_s\":%.2f,\"late_ms\":%.3f,\"first_good_ms\":%.3f,"
           "\"client_cpu_s\":%.3f}\n",
           seconds, (double)run->kinds[WORK].good / seconds, (double)run->late_ns / 1e6, first_ms,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static sv_str read_request(const char *path)
{
    enum { MAX_REQUEST = 1 << 26 };
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(MAX_REQUEST);
    if (!file || !bytes) {
        perror(path);
        exit(1);
    }
    size_t len = fread(bytes, 1, MAX_REQUEST, file);
    fclose(file);
    return (sv_str){bytes, len};
}

static void prepare(load *run, const char *port, const char *request_path)
{
    const int patience_s[N_KINDS] = {run->again ? 120 : 1, 10, 1};
    run->port = (uint16_t)atoi(port);
    run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    sv_str request = read_request(request_path);
    for (int i = 0; i < N_KINDS; i++) {
        run->kinds[i].patience_ns = patience_s[i] * (int64_t)SECOND;
        run->kinds[i].request = request;
        run->kinds[i].times = calloc(MAX_TIMES, sizeof(int64_t));
        if (!run->kinds[i].times)
            exit(1);
    }
    run->kinds[HEALTH].request = SV_STR("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

int main(int argc, char **argv)
{
    static load run;
    struct rlimit files = {MAX_PEERS + 64, MAX_PEERS + 64};
    if (argc != 6)
        return 2;
    setrlimit(RLIMIT_NOFILE, &files);
    run.again = !strcmp(argv[3], "closed");
    prepare(&run, argv[1], argv[2]);
    double number = atof(argv[4]), seconds = atof(argv[5]);
    int64_t begin_ns = now(), end_ns = begin_ns + (int64_t)(seconds * SECOND);
    if (run.again) {
        for (int i = 0; i < (int)number; i++)
            start(&run, WORK, begin_ns);
        while (now() < end_ns)
            step(&run, end_ns);
        /* Up to the last answer: where few fit in, the rest would count as nothing. */
        seconds = (double)((run.last_good_ns ? run.last_good_ns : end_ns) - begin_ns) / SECOND;
    } else {
        run_open(&run, number, end_ns);
        ask_until_served(&run, end_ns + AFTER_S * (int64_t)SECOND);
    }
    print_result(&run, seconds, end_ns);
    return 0;
}
