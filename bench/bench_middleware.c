/* bench_middleware.c: what ten middlewares that do nothing add to a request. Usage:
 * bench_middleware [SECONDS]
 *
 * Two services that differ in their middlewares only answer the same inline request in turns, on
 * one connection in memory each. Prints the medians of many rounds, in nanoseconds of CPU for one
 * request, without and with, and the median of the rounds' differences. Not a test. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <serval/serval.h>

#include "http/loopback.h"
#include "web/service.h"

enum { N_MIDDLEWARES = 10, ROUND = 500, MAX_ROUNDS = 20000, MAX_PROBLEMS = 1 << 16 };

SV_HANDLER_RAW(noop);
static sv_status noop(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{\"status\":\"ok\"}"));
}

static const sv_operation operations[] = {
    {"GET", "/noop", &noop_handler, .run_inline = true},
    {0},
};

static sv_status do_nothing_before(sv_call *call)
{
    (void)call;
    return SV_OK;
}

static void do_nothing(sv_call *call)
{
    (void)call;
}

#define NOTHING                                                                                    \
    {.name = "nothing", .before = do_nothing_before, .after = do_nothing, .done = do_nothing}
static const sv_middleware nothing[N_MIDDLEWARES + 1] = {
    NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, {0}};
static const sv_app plain_app = {.operations = operations};
static const sv_app onion_app = {.operations = operations, .middleware = nothing};

typedef struct side {
    sv_service *service;
    sv_loop *loop;
    sv_loopback *client;
} side;

static side open_side(const sv_app *app)
{
    side made = {0};
    sv_buf problems;
    sv_buf_init(&problems, MAX_PROBLEMS);
    sv_service_config config = {.application = {.app = app}, .limits = sv_http_limits_default};
    if (sv_service_new(&config, &problems, &made.service) || sv_service_start(made.service, NULL) ||
        sv_loop_new(NULL, &made.loop))
        exit(1);
    made.client = sv_loopback_new(sv_service_server(made.service), made.loop);
    if (!made.client)
        exit(1);
    sv_buf_deinit(&problems);
    return made;
}

static void close_side(side *closed)
{
    sv_loopback_free(closed->client);
    sv_service_free(closed->service);
    sv_loop_free(closed->loop);
}

static void ask(const side *asked)
{
    sv_loopback_send(asked->client, SV_STR("GET /noop HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    sv_buf *received = sv_loopback_received(asked->client);
    while (!received->len)
        sv_loop_step(asked->loop, 0);
    sv_buf_clear(received);
}

static double read_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure_round(const side *asked)
{
    double start = read_cpu_ns();
    for (int i = 0; i < ROUND; i++)
        ask(asked);
    return (read_cpu_ns() - start) / ROUND;
}

static int compare_doubles(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double median(double *numbers, size_t n)
{
    qsort(numbers, n, sizeof *numbers, compare_doubles);
    return numbers[n / 2];
}

int main(int argc, char **argv)
{
    static double without[MAX_ROUNDS], with[MAX_ROUNDS], added[MAX_ROUNDS];
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1, end = read_cpu_ns() + seconds * 1e9;
    side plain = open_side(&plain_app), onion = open_side(&onion_app);
    size_t n = 0;
    for (; n < MAX_ROUNDS && (n < 3 || read_cpu_ns() < end); n++) {
        without[n] = measure_round(&plain);
        with[n] = measure_round(&onion);
        added[n] = with[n] - without[n];
    }
    printf("%.1f %.1f %.1f\n", median(without, n), median(with, n), median(added, n));
    close_side(&onion);
    close_side(&plain);
    return 0;
}
