/* bench_routing.c: what it costs to find a route among 10, 1,000 and 10,000. Usage: bench_routing
 * [SECONDS]
 *
 * Three routes of five have parameters; any of the rows may be asked for next. Prints for each
 * table the median of many rounds in nanoseconds of CPU for one lookup, and the milliseconds it
 * took to build. Not a test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/router.h"

enum { MAX_ROUTES = 10000, MAX_PATH = 64, ROUND = 128, MAX_ROUNDS = 400000 };

static char templates[MAX_ROUTES][MAX_PATH], paths[MAX_ROUTES][MAX_PATH];
static sv_route routes[MAX_ROUTES];

/* Resources with the usual five operations. */
static void make_rows(void)
{
    static const struct {
        const char *method, *template, *path;
    } rows[] = {
        {"GET", "", ""},
        {"POST", "", ""},
        {"GET", "/{id}", "/1234"},
        {"DELETE", "/{id}", "/1234"},
        {"GET", "/{id}/parts/{part}", "/1234/parts/5"},
    };
    enum { N_ROWS = sizeof rows / sizeof *rows };
    for (size_t i = 0; i < MAX_ROUTES; i++) {
        size_t row = i % N_ROWS;
        snprintf(templates[i], MAX_PATH, "/api/v1/resource%04zu%s", i / N_ROWS, rows[row].template);
        snprintf(paths[i], MAX_PATH, "/api/v1/resource%04zu%s", i / N_ROWS, rows[row].path);
        routes[i] = (sv_route){.method = rows[row].method, .path = templates[i]};
    }
}

static double read_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* xorshift64 */
static size_t next_random(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* What is asked for lies ready in the cache, as behind a parser; the routes do not. */
static double measure_round(const sv_router *router, size_t n_routes)
{
    char ready[ROUND][MAX_PATH];
    sv_str asked_methods[ROUND], asked[ROUND];
    sv_route_match match;
    size_t n_found = 0;
    for (size_t i = 0; i < ROUND; i++) {
        size_t at = next_random() % n_routes;
        memcpy(ready[i], paths[at], MAX_PATH);
        asked[i] = sv_str_from(ready[i]);
        asked_methods[i] = sv_str_from(routes[at].method);
    }
    double start = read_cpu_ns();
    for (size_t i = 0; i < ROUND; i++)
        n_found += sv_router_find(router, asked_methods[i], asked[i], &match) == SV_MATCH_FOUND;
    double ns = (read_cpu_ns() - start) / ROUND;
    if (n_found != ROUND)
        exit(1);
    return ns;
}

static void measure(size_t n_routes, double seconds)
{
    static double rounds[MAX_ROUNDS];
    size_t n = 0;
    double start = read_cpu_ns();
    sv_router *router = sv_router_new();
    for (size_t i = 0; i < n_routes; i++)
        if (!router || sv_router_add(router, &routes[i], NULL))
            exit(1);
    double build_ms = (read_cpu_ns() - start) / 1e6, end = read_cpu_ns() + seconds * 1e9;
    while (n < MAX_ROUNDS && (n < 3 || read_cpu_ns() < end))
        rounds[n++] = measure_round(router, n_routes);
    qsort(rounds, n, sizeof *rounds, compare_doubles);
    printf("%zu %.1f %.3f\n", n_routes, rounds[n / 2], build_ms);
    sv_router_free(router);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    make_rows();
    measure(10, seconds);
    measure(1000, seconds);
    measure(MAX_ROUTES, seconds);
    return 0;
}
