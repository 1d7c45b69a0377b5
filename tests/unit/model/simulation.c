/* simulation.c: events in order of time, and what servers and clients do at them. */
#include "simulation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_RETRIES = 3, SERVER_MAX_WAITING = 10000 };

typedef enum event_kind { SENDS, LEAVES, ENDS } event_kind;

typedef struct request {
    sv_work work;
    const sim_source *source;
    sim_result *result;
    size_t server;
    int64_t sent_ns, patience_ns, service_ns;
    int n_tries;
    bool has_left, is_over;
} request;

/* A permit at work. */
typedef struct running {
    sv_backlog_run run;
    request *requests[SV_BACKLOG_MAX_BATCH];
    size_t n;
    int64_t started_ns;
    bool is_used;
} running;

typedef struct event {
    int64_t at_ns;
    event_kind kind;
    request *request;
    running *running;
} event;

typedef struct server {
    sv_backlog backlog;
    sv_line lines[SIM_MAX_LANES];
    sv_lane lanes[SIM_MAX_LANES];
    running *permits;
} server;

typedef struct simulation {
    const sim_config *config;
    server servers[SIM_MAX_SERVERS];
    event *events; /* a heap */
    size_t n_events, n_room;
    request **requests;
    size_t n_requests, n_requests_room, turn;
    uint64_t random;
    int64_t now_ns;
} simulation;

static uint64_t next_random(simulation *sim)
{
    uint64_t z = sim->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* In (0, 1). */
static double next_share(simulation *sim)
{
    return ((double)(next_random(sim) >> 11) + 0.5) / 9007199254740992.0;
}

static double next_normal(simulation *sim)
{
    return sqrt(-2 * log(next_share(sim))) * cos(6.283185307179586 * next_share(sim));
}

static int64_t to_ns(double seconds)
{
    return (int64_t)(seconds * 1e9);
}

static bool is_earlier(const event *one, const event *other)
{
    return one->at_ns < other->at_ns;
}

static void add_event(simulation *sim, event added)
{
    if (sim->n_events == sim->n_room) {
        sim->n_room = sim->n_room ? sim->n_room * 2 : 1024;
        sim->events = realloc(sim->events, sim->n_room * sizeof *sim->events);
        assert_non_null(sim->events);
    }
    size_t at = sim->n_events++;
    for (; at > 0 && is_earlier(&added, &sim->events[(at - 1) / 2]); at = (at - 1) / 2)
        sim->events[at] = sim->events[(at - 1) / 2];
    sim->events[at] = added;
}

static event take_event(simulation *sim)
{
    event first = sim->events[0], last = sim->events[--sim->n_events];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < sim->n_events) {
        if (child + 1 < sim->n_events && is_earlier(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!is_earlier(&sim->events[child], &last))
            break;
        sim->events[at] = sim->events[child];
        at = child;
    }
    sim->events[at] = last;
    return first;
}

static request *new_request(simulation *sim, const sim_source *source, sim_result *result)
{
    request *made = calloc(1, sizeof *made);
    if (sim->n_requests == sim->n_requests_room) {
        sim->n_requests_room = sim->n_requests_room ? sim->n_requests_room * 2 : 1024;
        sim->requests = realloc(sim->requests, sim->n_requests_room * sizeof(request *));
    }
    assert_non_null(made);
    assert_non_null(sim->requests);
    sim->requests[sim->n_requests++] = made;
    double service_s = source->service_s;
    if (source->sigma > 0)
        service_s *= exp(source->sigma * next_normal(sim) - source->sigma * source->sigma / 2);
    *made = (request){.source = source,
                      .result = result,
                      .service_ns = to_ns(service_s),
                      .patience_ns = source->patience_s > 0 ? to_ns(source->patience_s) : SV_NEVER};
    return made;
}

static void run_nothing(sv_work *const *works, size_t n)
{
    (void)works, (void)n;
}

static void begin(simulation *sim, server *at, const sv_backlog_run *run, sv_work *const *works)
{
    running *permit = at->permits;
    while (permit->is_used)
        permit++;
    *permit = (running){.run = *run, .n = run->n_works, .started_ns = sim->now_ns, .is_used = true};
    double fixed = sim->config->batch_fixed, took = 0, longest = 0;
    for (size_t i = 0; i < permit->n; i++) {
        permit->requests[i] = SV_CONTAINER_OF(works[i], request, work);
        took += (double)permit->requests[i]->service_ns;
        longest = fmax(longest, (double)permit->requests[i]->service_ns);
    }
    int64_t took_ns = (int64_t)(fixed * longest + (1 - fixed) * took);
    add_event(sim, (event){sim->now_ns + took_ns, ENDS, permit->requests[0], permit});
}

static size_t choose_server(simulation *sim)
{
    size_t n = sim->config->n_servers;
    return sim->config->balancer == SIM_RANDOM ? next_random(sim) % n : sim->turn++ % n;
}

static void note_refused(simulation *sim, request *sent, const sv_work_refusal *refusal)
{
    sim_result *result = sent->result;
    result->n_refused[refusal->reason]++;
    if (refusal->retry_after_s > result->longest_retry_s)
        result->longest_retry_s = refusal->retry_after_s;
    assert_true(refusal->retry_after_s >= 1);
    if (!sent->source->retries || ++sent->n_tries >= MAX_RETRIES)
        return;
    double after_s = (double)refusal->retry_after_s * (1 + next_share(sim) / 4);
    add_event(sim, (event){sim->now_ns + to_ns(after_s), SENDS, sent, NULL});
}

static void send(simulation *sim, request *sent)
{
    const sim_source *source = sent->source;
    sv_backlog_run run;
    sv_work_refusal refusal;
    sent->server = choose_server(sim);
    server *at = &sim->servers[sent->server];
    sent->sent_ns = sim->now_ns;
    sent->work = (sv_work){
        .run_batch = run_nothing,
        .lane = &at->lanes[source->lane],
        .deadline_ns = source->deadline_s > 0 ? sim->now_ns + to_ns(source->deadline_s) : SV_NEVER,
        .batch_class = source->batch_class,
        .max_batch_units = sim->config->max_batch_units,
        .client = source->client ? source->client : (uint32_t)next_random(sim),
        .priority = source->priority,
        .submitted_ns = sim->now_ns};
    sv_work *work = &sent->work;
    sv_admission_note(&at->backlog, work, sim->now_ns);
    if (sv_backlog_start(&at->backlog, work, &run)) {
        begin(sim, at, &run, &work);
    } else if (sv_admission_decide(&at->backlog, work, sim->now_ns, &refusal)) {
        sv_backlog_enter(&at->backlog, work);
    } else {
        note_refused(sim, sent, &refusal);
        return;
    }
    if (sent->patience_ns != SV_NEVER)
        add_event(sim, (event){sim->now_ns + sent->patience_ns, LEAVES, sent, NULL});
}

static void leave(simulation *sim, request *left)
{
    if (left->is_over)
        return;
    left->has_left = true;
    if (!left->work.is_waiting)
        return;
    sv_backlog_leave(&sim->servers[left->server].backlog, &left->work, true, sim->now_ns);
    left->is_over = true;
    left->result->n_left++;
}

static void note_good(simulation *sim, request *answered)
{
    sim_result *result = answered->result;
    double took_s = (double)(sim->now_ns - answered->sent_ns) / 1e9;
    size_t second = (size_t)(sim->now_ns / SV_NS_PER_S);
    result->n_good++;
    if (second < SIM_MAX_SECONDS)
        result->good_in[second]++;
    if (result->first_good_s == 0)
        result->first_good_s = (double)sim->now_ns / 1e9;
    result->longest_s = fmax(result->longest_s, took_s);
    result->sum_s += took_s;
}

static void answer(simulation *sim, request *answered)
{
    answered->is_over = true;
    if (answered->has_left)
        answered->result->n_late++;
    else
        note_good(sim, answered);
    const sim_source *source = answered->source;
    if (source->n_clients && sim->now_ns < to_ns(source->to_s))
        add_event(sim,
                  (event){sim->now_ns, SENDS, new_request(sim, source, answered->result), NULL});
}

static void end(simulation *sim, running *permit)
{
    server *at = &sim->servers[permit->requests[0]->server];
    sv_work *works[SV_BACKLOG_MAX_BATCH];
    sv_backlog_run run;
    sv_backlog_end how = {.now_ns = sim->now_ns,
                          .took_ns = sim->now_ns - permit->started_ns,
                          .units = permit->run.units,
                          .was_left = permit->requests[0]->has_left};
    permit->is_used = false;
    for (size_t i = 0; i < permit->n; i++)
        answer(sim, permit->requests[i]);
    sv_backlog_finish(&at->backlog, &permit->run, &how);
    if (sv_backlog_take(&at->backlog, sim->now_ns, works, &run))
        begin(sim, at, &run, works);
}

/* The source's next arrival, or the first of each client. */
static void plan_first(simulation *sim, size_t index, sim_result *result)
{
    const sim_source *source = &sim->config->sources[index];
    double at_s = source->from_s;
    for (size_t i = 0; i < source->n_clients; i++)
        add_event(sim, (event){to_ns(at_s), SENDS, new_request(sim, source, result), NULL});
    if (source->per_s <= 0)
        return;
    for (;;) {
        at_s -= log(next_share(sim)) / source->per_s;
        if (at_s >= source->to_s)
            return;
        result->n_sent++;
        add_event(sim, (event){to_ns(at_s), SENDS, new_request(sim, source, result), NULL});
    }
}

static void init_server(const sim_config *config, server *made)
{
    sv_backlog_init(&made->backlog, config->n_permits, SERVER_MAX_WAITING);
    made->permits = calloc(config->n_permits, sizeof *made->permits);
    assert_non_null(made->permits);
    for (size_t i = 0; i < config->n_lanes; i++) {
        sv_line_init(&made->lines[i]);
        made->lanes[i] = (sv_lane){.line = &made->lines[i]};
    }
}

static void free_simulation(simulation *sim)
{
    for (size_t i = 0; i < sim->n_requests; i++)
        free(sim->requests[i]);
    for (size_t i = 0; i < sim->config->n_servers; i++)
        free(sim->servers[i].permits);
    free(sim->requests);
    free(sim->events);
    free(sim);
}

void sim_run(const sim_config *config, sim_result *ret_results)
{
    simulation *sim = calloc(1, sizeof *sim);
    assert_non_null(sim);
    sim->config = config;
    sim->random = config->seed;
    memset(ret_results, 0, config->n_sources * sizeof *ret_results);
    for (size_t i = 0; i < config->n_servers; i++)
        init_server(config, &sim->servers[i]);
    for (size_t i = 0; i < config->n_sources; i++)
        plan_first(sim, i, &ret_results[i]);
    while (sim->n_events && sim->events[0].at_ns < to_ns(config->seconds)) {
        event next = take_event(sim);
        sim->now_ns = next.at_ns;
        if (next.kind == SENDS)
            send(sim, next.request);
        else if (next.kind == LEAVES)
            leave(sim, next.request);
        else
            end(sim, next.running);
    }
    free_simulation(sim);
}

size_t sim_count_good(const sim_result *result, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t second = from; second < to && second < SIM_MAX_SECONDS; second++)
        n += result->good_in[second];
    return n;
}

size_t sim_count_refused(const sim_result *result)
{
    return result->n_refused[0] + result->n_refused[1] + result->n_refused[2];
}
