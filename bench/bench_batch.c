/* bench_batch.c: what joining works gains where no HTTP is around it: N clients that each ask a
 * model of one [rows, 784] input again as soon as they were answered, through the scheduler with
 * one permit, on one thread. Usage: bench_batch MODEL_FILE MAX_SIZE CLIENTS SECONDS; MAX_SIZE 1:
 * no batches. Prints answers per second, CPU per answer in microseconds and works per run. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "engine/engine_host.h"
#include "model/batch.h"
#include "model/scheduler.h"

enum { N_FEATURES = 784, MAX_CLIENTS = 256 };

typedef struct batch_bench {
    sv_engine_model *model;
    sv_scheduler *scheduler;
    sv_lane lane;
    sv_line line;
    sv_batch_room room;
    struct batch_client *clients;
    size_t n_clients;
    uint32_t max_rows; /* of a batch */
    int64_t end_ns;
    long n_answers, n_runs;
    bool is_started;
} batch_bench;

typedef struct batch_client {
    sv_work work; /* the first: a work is its client */
    batch_bench *bench;
    sv_tensor input;
    sv_tensor_request request;
} batch_client;

static void fail(const char *what)
{
    fprintf(stderr, "bench_batch: %s\n", what);
    exit(1);
}

static void submit(batch_client *client)
{
    sv_work_refusal refusal;
    if (sv_scheduler_submit(client->bench->scheduler, &client->work, &refusal))
        fail("a work was refused");
}

static void run_clients(sv_work *const *works, size_t n)
{
    sv_batch_member members[MAX_CLIENTS] = {0};
    batch_bench *bench = ((batch_client *)works[0])->bench;
    for (size_t i = 0; i < n; i++)
        members[i].request = &((batch_client *)works[i])->request;
    sv_batch_run(bench->model, members, n, &bench->room);
    bench->n_runs++;
    for (size_t i = 0; i < n; i++) {
        batch_client *client = (batch_client *)works[i];
        if (members[i].status)
            fail(members[i].error.message);
        bench->n_answers++;
        sv_arena_reset(client->request.arena);
        if (sv_clock_now_ns(&sv_clock_system) < bench->end_ns)
            submit(client);
    }
}

/* The first brings the others: whoever submits runs what is in line until nothing is. */
static void run_client(sv_work *work)
{
    batch_bench *bench = ((batch_client *)work)->bench;
    if (!bench->is_started) {
        bench->is_started = true;
        for (size_t i = 1; i < bench->n_clients; i++)
            submit(&bench->clients[i]);
    }
    run_clients(&work, 1);
}

static void drop_client(sv_work *work, sv_status status)
{
    (void)work, (void)status;
    fail("a work was dropped");
}

static void prepare_client(batch_client *client, batch_bench *bench, sv_str input_name)
{
    static float row[N_FEATURES];
    for (int i = 0; i < N_FEATURES; i++)
        row[i] = (float)(i % 17) / 16;
    client->bench = bench;
    client->input = (sv_tensor){.name = input_name,
                                .dtype = SV_DTYPE_FP32,
                                .shape = {.rank = 2, .dims = {1, N_FEATURES}},
                                .data = row,
                                .size_bytes = sizeof row};
    client->request =
        (sv_tensor_request){.inputs = &client->input, .n_inputs = 1, .arena = sv_arena_new(0)};
    uint64_t class = sv_batch_class(sv_engine_model_info(bench->model), &client->request);
    client->work = (sv_work){.run = run_client,
                             .run_batch = run_clients,
                             .drop = drop_client,
                             .lane = &bench->lane,
                             .deadline_ns = SV_NEVER,
                             .batch_class = class,
                             .units = 1,
                             .max_batch_units = bench->max_rows};
}

static double read_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void prepare(batch_bench *bench, char **argv, sv_engine_host *engines, sv_pool *pool)
{
    static batch_client clients[MAX_CLIENTS];
    sv_error error = {0};
    sv_engine_options options = {.threads = 1};
    sv_scheduler_config config = {.n_permits = 1, .max_waiting = MAX_CLIENTS, .pool = pool};
    if (sv_engine_host_load(engines, argv[1], &options, &error, &bench->model))
        fail(error.message);
    if (sv_scheduler_new(&config, &bench->scheduler))
        fail("no memory");
    sv_line_init(&bench->line);
    bench->lane = (sv_lane){.line = &bench->line};
    bench->max_rows = (uint32_t)atoi(argv[2]);
    bench->clients = clients;
    bench->n_clients = (size_t)atoi(argv[3]);
    if (bench->n_clients < 1 || bench->n_clients > MAX_CLIENTS)
        fail("CLIENTS is 1 to 256");
    for (size_t i = 0; i < bench->n_clients; i++)
        prepare_client(&clients[i], bench, sv_engine_model_info(bench->model)->inputs[0].name);
}

static void measure(batch_bench *bench, double wanted_s)
{
    int64_t begin_ns = sv_clock_now_ns(&sv_clock_system);
    double cpu_us = read_cpu_us();
    bench->end_ns = begin_ns + (int64_t)(wanted_s * 1e9);
    submit(&bench->clients[0]);
    double seconds = (double)(sv_clock_now_ns(&sv_clock_system) - begin_ns) / 1e9;
    printf("%.1f %.3f %.2f\n", (double)bench->n_answers / seconds,
           (read_cpu_us() - cpu_us) / (double)bench->n_answers,
           (double)bench->n_answers / (double)bench->n_runs);
}

int main(int argc, char **argv)
{
    static batch_bench bench;
    sv_engine_host *engines;
    sv_pool *pool;
    if (argc != 5)
        return 2;
    sv_engine_prepare_environment();
    if (sv_engine_host_new(&(sv_engine_config){0}, &engines) || sv_pool_new(1, 16, 1000, &pool))
        fail("no memory");
    prepare(&bench, argv, engines, pool);
    measure(&bench, atof(argv[4]));
    for (size_t i = 0; i < bench.n_clients; i++)
        sv_arena_free(bench.clients[i].request.arena);
    sv_batch_room_deinit(&bench.room);
    sv_scheduler_free(bench.scheduler);
    sv_pool_free(pool);
    sv_engine_unload(bench.model);
    sv_engine_host_free(engines);
    return 0;
}
