/* bare_loop.c: decode, prepare, run and rank pictures on N threads without any server around it:
 * what the machine can give. Usage: bench_bare_loop MODEL_FOLDER PICTURE [THREADS] [SECONDS];
 * prints pictures per second and CPU per picture. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "engine/engine_host.h"
#include "model/load_step.h"

typedef struct bare_job {
    const sv_instance *instance;
    sv_str picture;
    int64_t end_ns;
    atomic_long done;
} bare_job;

static sv_str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    static char bytes[1 << 24];
    if (!file) {
        perror(path);
        exit(1);
    }
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (sv_str){bytes, len};
}

static void *run(void *arg)
{
    bare_job *job = arg;
    sv_arena *arena = sv_arena_new(0);
    while (sv_clock_now_ns(&sv_clock_system) < job->end_ns) {
        sv_predictions predictions;
        sv_error error = {0};
        sv_image_request request = {.picture = job->picture, .arena = arena};
        if (sv_task_image_run(&job->instance->image, job->instance->loaded, &request, &error,
                              &predictions)) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
        atomic_fetch_add(&job->done, 1);
        sv_arena_reset(arena);
    }
    sv_arena_free(arena);
    return NULL;
}

static double read_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(bare_job *job, int n_threads, int seconds)
{
    pthread_t threads[64];
    double cpu = read_cpu_s();
    job->end_ns = sv_clock_deadline_ns(&sv_clock_system, seconds * 1000);
    for (int i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, run, job);
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    long done = atomic_load(&job->done);
    printf("%.1f %.3f\n", (double)done / seconds, (read_cpu_s() - cpu) * 1e3 / (double)done);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int n_threads = argc > 3 ? atoi(argv[3]) : 2, seconds = argc > 4 ? atoi(argv[4]) : 3;
    const char *paths[] = {argv[1]};
    sv_arena *arena = sv_arena_new(0);
    sv_buf problems;
    sv_error error = {0};
    sv_repository repository;
    sv_engine_host *engines;
    sv_registry *registry;
    sv_engine_prepare_environment();
    sv_buf_init(&problems, 1 << 16);
    sv_registry_config config = {.repository = &repository, .engine_threads = 1, .n_scratches = 64};
    if (sv_repository_scan(arena, paths, 1, &error, &repository) ||
        sv_engine_host_new(&(sv_engine_config){0}, &engines))
        return 1;
    config.engines = engines;
    if (sv_registry_new(&config, &problems, &registry))
        return 1;
    sv_model *model = sv_registry_find(registry, (sv_str){0});
    sv_model_version *version = sv_registry_find_version(model, (sv_str){0});
    const sv_load_step step = {.registry = registry};
    if (sv_load_step_run(&step, version, &error))
        return 1;
    bare_job job = {.instance = version->current, .picture = read_file(argv[2])};
    measure(&job, n_threads, seconds);
    sv_registry_free(registry);
    sv_engine_host_free(engines);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}
