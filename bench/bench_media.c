/* bench_media.c: CPU time of a picture's way to a tensor, by stage. Usage: bench_media PICTURE
 * [SECONDS]
 *
 * Prints the least of many rounds, in milliseconds of CPU: what the work costs when nothing
 * disturbs it. Not a test. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "media/preprocess.h"

enum { ROUND = 10 };

typedef struct bench {
    sv_str picture;
    sv_image_context context;
    sv_preprocess_room room;
} bench;

static double read_cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void stop_on(sv_status status, const sv_error *error)
{
    if (status == SV_OK)
        return;
    fprintf(stderr, "%s: %s\n", sv_status_text(status), error->message);
    exit(1);
}

static void decode(bench *on, unsigned shrink)
{
    sv_image_info info;
    sv_image image;
    sv_error error = {0};
    stop_on(sv_image_probe(on->picture, NULL, &info, &error), &error);
    stop_on(sv_image_decode(&info, shrink, &on->context, &image, &error), &error);
}

static void run_decode(bench *on)
{
    decode(on, 1);
}

static void run_decode_half(bench *on)
{
    decode(on, 2);
}

static void run_probe(bench *on)
{
    sv_image_info info;
    sv_error error = {0};
    stop_on(sv_image_probe(on->picture, NULL, &info, &error), &error);
}

static void run_all(bench *on)
{
    sv_error error = {0};
    stop_on(sv_preprocess_run(&sv_preprocess_imagenet, on->picture, &on->context, on->room, &error),
            &error);
}

static const struct {
    const char *name;
    void (*run)(bench *on);
} stages[] = {
    {"probe", run_probe},
    {"decode", run_decode},
    {"decode at half size", run_decode_half},
    {"decode + resize + normalise", run_all},
};

static double measure_ms(bench *on, void (*run)(bench *on), double seconds)
{
    double least = 1e9, now = read_cpu_ms(), end = now + seconds * 1e3;
    while (now < end) {
        double start = now;
        for (int i = 0; i < ROUND; i++)
            run(on);
        now = read_cpu_ms();
        double each = (now - start) / ROUND;
        least = each < least ? each : least;
    }
    return least;
}

static sv_str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t capacity = (size_t)64 << 20, len = 0;
    char *bytes = malloc(capacity);
    if (file && bytes)
        len = fread(bytes, 1, capacity, file);
    if (file)
        fclose(file);
    return (sv_str){bytes, len};
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_media PICTURE [SECONDS]\n");
        return 2;
    }
    size_t tensor_bytes = sv_preprocess_tensor_bytes(&sv_preprocess_imagenet);
    bench on = {
        .picture = read_file(argv[1]),
        .context.scratch = sv_media_scratch_new(0),
        .room = {malloc(tensor_bytes), tensor_bytes},
    };
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 1.0;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        printf("%-28s %7.3f ms\n", stages[i].name, measure_ms(&on, stages[i].run, seconds));
    sv_media_scratch_free(on.context.scratch);
    free(on.room.ptr);
    free((char *)on.picture.ptr);
    return 0;
}
