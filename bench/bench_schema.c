/* bench_schema.c: what schemas cost. Usage: bench_schema [SECONDS] | bench_schema --body NAME
 *
 * Decode + validate + encode of the guide's TextGenerationRequest, and decode + validate of a
 * nested body of 100 kB, on one thread. Prints for each the body's size, the median of many rounds
 * in nanoseconds of CPU, and how often the heap was called per operation: of the small request
 * never, once the arena is warm, or the program fails. `--body` prints the body for
 * schema_pydantic.py, which does the same work. Not a test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <serval/schema.h>

#include "base/arena.h"
#include "json/body.h"
#include "json/decode.h"
#include "json/encode.h"

enum { ROUND_NS = 2000000, MAX_ROUNDS = 4096, NESTED_BYTES = 100000, MAX_BYTES = 1 << 20 };

/* Linked with --wrap: every call of the heap by anything in this program comes here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static size_t n_heap_calls;

void *__wrap_malloc(size_t size)
{
    n_heap_calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    n_heap_calls++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    n_heap_calls++;
    return __real_realloc(old, size);
}

struct generation {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};

static sv_status prompt_not_blank(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status stop_sequence_valid(sv_check *check, sv_str *item)
{
    return sv_str_count_chars(*item) <= 20 ? SV_OK : sv_reject(check, "Stop sequence too long");
}

SV_SCHEMA(generation,
          SV_FIELD(generation, prompt, .min_len = 1, .max_len = 4096,
                   .check_str = prompt_not_blank),
          SV_FIELD(generation, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
          SV_FIELD(generation, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"),
          SV_FIELD(generation, stop_sequences, .max_items = 4,
                   .check_item_str = stop_sequence_valid, .default_json = "null"));

struct box {
    double x, y, width, height;
};
struct detection {
    int64_t id;
    sv_str label;
    double score;
    bool is_crowd;
    struct box box;
    sv_strs tags;
    sv_doubles embedding;
    sv_opt_str note;
};
struct scene {
    sv_str name;
    SV_LIST(struct detection) detections;
};
SV_SCHEMA(box, SV_FIELD(box, x), SV_FIELD(box, y), SV_FIELD(box, width, SV_GT(0)),
          SV_FIELD(box, height, SV_GT(0)));
SV_SCHEMA(detection, SV_FIELD(detection, id, SV_GE(0)),
          SV_FIELD(detection, label, .min_len = 1, .max_len = 64),
          SV_FIELD(detection, score, SV_GE(0), SV_LE(1)), SV_FIELD(detection, is_crowd),
          SV_FIELD_OBJECT(detection, box, box), SV_FIELD(detection, tags, .max_items = 8),
          SV_FIELD(detection, embedding), SV_FIELD(detection, note, .default_json = "null"));
SV_SCHEMA(scene, SV_FIELD(scene, name), SV_FIELD_LIST(scene, detections, detection));

static const char generation_body[] =
    "{\"prompt\": \"Write a short story about a robot who learns to paint.\", \"max_tokens\": 512, "
    "\"temperature\": 0.85, \"stop_sequences\": [\"###\", \"The end\"]}";

static void append_detection(sv_buf *buf, unsigned i)
{
    sv_buf_printf(buf,
                  "%s{\"id\":%u,\"label\":\"animal %u\",\"score\":0.%04u,\"is_crowd\":%s,"
                  "\"box\":{\"x\":%u.25,\"y\":%u.5,\"width\":%u.125,\"height\":64.0},"
                  "\"tags\":[\"cat\",\"indoor, \\\"soft\\\" light\",\"caf\xC3\xA9\"],"
                  "\"embedding\":[0.%06u,-1.%06u,%u,3.1415926],\"note\":%s}",
                  i ? "," : "", i * 7919, i, i % 10000, i % 2 ? "true" : "false", i, i * 3, i + 1,
                  i * 977 % 1000000, i * 7 % 1000000, i, i % 3 ? "null" : "\"seen twice\"");
}

static void append_scene(sv_buf *buf)
{
    sv_buf_append_str(buf, SV_STR("{\"name\":\"a scene\",\"detections\":["));
    for (unsigned i = 0; buf->len < NESTED_BYTES; i++)
        append_detection(buf, i);
    sv_buf_append_str(buf, SV_STR("]}"));
}

typedef struct bench {
    sv_arena *arena;
    const sv_plan *plan;
    sv_str body;
    sv_buf out;
    bool encodes;
} bench;

static void stop_on(sv_status status, const char *what)
{
    if (status == SV_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, sv_status_text(status));
    exit(1);
}

/* What a request costs between its last byte and its handler, and behind the handler. */
static void run(bench *on)
{
    sv_errors errors;
    const sv_value *value;
    void *decoded;
    sv_arena_reset(on->arena);
    sv_buf_clear(&on->out);
    sv_errors_init(&errors, on->arena);
    sv_body body = {.content_type = SV_STR("application/json"), .bytes = on->body};
    stop_on(sv_body_read(on->arena, &body, &errors, &value), "read");
    stop_on(sv_decode_body(on->arena, on->plan, value, &errors, &decoded), "decode");
    if (!on->encodes)
        return;
    sv_writer writer;
    sv_writer_init(&writer, &on->out);
    stop_on(sv_encode(on->plan, decoded, &writer, NULL), "encode");
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

static double measure_round(bench *on, size_t n_runs)
{
    double start = read_cpu_ns();
    for (size_t i = 0; i < n_runs; i++)
        run(on);
    return (read_cpu_ns() - start) / (double)n_runs;
}

static double measure_ns(bench *on, double seconds)
{
    static double rounds[MAX_ROUNDS];
    size_t n = 0, n_runs = (size_t)(ROUND_NS / measure_round(on, 16)) + 1;
    double end = read_cpu_ns() + seconds * 1e9;
    while (n < MAX_ROUNDS && (n < 3 || read_cpu_ns() < end))
        rounds[n++] = measure_round(on, n_runs);
    qsort(rounds, n, sizeof *rounds, compare_doubles);
    return rounds[n / 2];
}

static size_t count_heap_calls(bench *on)
{
    size_t before = n_heap_calls;
    run(on);
    return n_heap_calls - before;
}

static bench make_bench(const sv_schema *schema, sv_str body, bool encodes)
{
    bench made = {.arena = sv_arena_new(0), .body = body, .encodes = encodes};
    sv_buf mistakes;
    sv_buf_init(&mistakes, MAX_BYTES);
    sv_buf_init(&made.out, MAX_BYTES);
    sv_arena *plans = made.arena ? sv_arena_new(0) : NULL; /* kept until the program ends */
    stop_on(plans ? sv_plan_new(plans, schema, SV_FIELD_BODY, &mistakes, &made.plan) : SV_NO_MEMORY,
            "plan");
    sv_buf_deinit(&mistakes);
    return made;
}

int main(int argc, char **argv)
{
    sv_buf scene;
    sv_buf_init(&scene, MAX_BYTES);
    append_scene(&scene);
    if (argc > 2 && strcmp(argv[1], "--body") == 0) {
        puts(strcmp(argv[2], "nested") == 0 ? sv_arena_copy(sv_arena_new(0), sv_buf_str(&scene)).ptr
                                            : generation_body);
        return 0;
    }
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    bench small = make_bench(&generation_schema, sv_str_from(generation_body), true);
    bench nested = make_bench(&scene_schema, sv_buf_str(&scene), false);
    const struct {
        const char *name;
        bench *on;
    } rows[] = {{"small", &small}, {"nested", &nested}};
    for (size_t i = 0; i < 2; i++) {
        double ns = measure_ns(rows[i].on, seconds);
        printf("%s %zu %.1f %zu\n", rows[i].name, rows[i].on->body.len, ns,
               count_heap_calls(rows[i].on));
    }
    if (!count_heap_calls(&small))
        return 0;
    fprintf(stderr, "the small request called the heap\n");
    return 1;
}
