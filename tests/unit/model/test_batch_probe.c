/* The probe of batches, with an engine whose cost and faults are known, on a clock that only the
 * engine moves; and with models of ours, whose answers are known to stay equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "model/batch_probe.h"

/* "x" FP32 [-1,3] and "id" INT64 [-1] in, "y" FP32 [-1,3] and "label" INT64 [-1] out. */
static sv_tensor_spec inputs[] = {{.name = {"x", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
                                  {.name = {"id", 2}, .dtype = SV_DTYPE_INT64, .shape = {1, {-1}}}};
static sv_tensor_spec outputs[] = {
    {.name = {"y", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
    {.name = {"label", 5}, .dtype = SV_DTYPE_INT64, .shape = {1, {-1}}}};

enum { MAX_ROWS = 64 };

/* How the engine behaves. */
typedef struct behaviour {
    int64_t run_us, row_us; /* cost of a run, and of each of its rows */
    double leak;            /* share of the largest number of a batch that leaks into all */
    bool mixes_labels, is_uneven, refuses_batches, refuses_all;
    int64_t max_id; /* 0: any */
} behaviour;

static behaviour lab;
static int64_t now_ns;
static int n_out, n_runs, largest;

static int64_t read_fake(void *arg)
{
    (void)arg;
    return now_ns;
}
static const sv_clock fake_clock = {.monotonic_ns = read_fake, .wall_ns = read_fake};

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    ret_loaded->info = (sv_engine_info){
        .inputs = inputs, .n_inputs = 2, .outputs = outputs, .n_outputs = 2, .memory_bytes = 1};
    return SV_OK;
}

static void unload(void *model)
{
    (void)model;
}

typedef struct result_memory {
    float y[3 * MAX_ROWS];
    int64_t labels[MAX_ROWS];
    sv_tensor tensors[2];
} result_memory;

static void release(void *owner)
{
    free(owner);
    n_out--;
}

static sv_status refuse(const sv_engine_job *job, size_t n, sv_error *error)
{
    const int64_t *ids = job->inputs[1]->data;
    if (lab.refuses_all || (n > 1 && lab.refuses_batches))
        return sv_error_set(error, SV_FAILED, NULL, "no such kernel");
    for (size_t i = 0; i < n; i++)
        if (lab.max_id && ids[i] > lab.max_id)
            return sv_error_set(error, SV_INVALID, NULL, "id out of range");
    return SV_OK;
}

static void fill(result_memory *memory, const sv_engine_job *job, size_t n)
{
    const float *x = job->inputs[0]->data;
    const int64_t *ids = job->inputs[1]->data;
    float most = 0;
    for (size_t i = 0; i < 3 * n; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < 3 * n; i++)
        memory->y[i] = x[i] + 10 + (n > 1 ? (float)lab.leak * most : 0);
    for (size_t i = 0; i < n; i++)
        memory->labels[i] = ids[i] + (lab.mixes_labels ? ids[0] : 0);
    int64_t n_rows = (int64_t)n - (lab.is_uneven && n > 1);
    memory->tensors[0] = (sv_tensor){outputs[0].name, SV_DTYPE_FP32, SV_SHAPE(n_rows, 3), memory->y,
                                     12 * (size_t)n_rows};
    memory->tensors[1] = (sv_tensor){outputs[1].name, SV_DTYPE_INT64, SV_SHAPE(n_rows),
                                     memory->labels, 8 * (size_t)n_rows};
}

static sv_status run(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    (void)model;
    size_t n = (size_t)job->inputs[0]->shape.dims[0];
    n_runs++;
    now_ns += 1000 * (lab.run_us + lab.row_us * (int64_t)n);
    largest = (int)n > largest ? (int)n : largest;
    sv_status status = refuse(job, n, error);
    result_memory *memory = status ? NULL : malloc(sizeof *memory);
    if (!memory)
        return status ? status : SV_NO_MEMORY;
    fill(memory, job, n);
    *result = (sv_engine_result){memory->tensors, 2, memory, release};
    n_out++;
    return SV_OK;
}

static const sv_engine engine = {
    .name = "test", .title = "Test", .extension = ".t", .load = load, .unload = unload, .run = run};

static sv_engine_model *model;

static int set_up(void **state)
{
    (void)state;
    sv_engine_opened opened = {&engine, NULL};
    sv_error error = {0};
    now_ns = 0;
    n_out = n_runs = largest = 0;
    inputs[0].shape.dims[0] = -1;
    return (int)sv_engine_load(&opened, "m.t", NULL, &error, &model);
}

static int tear_down(void **state)
{
    (void)state;
    sv_engine_unload(model);
    return n_out != 0;
}

static sv_batch_probe_result probe(size_t max_rows, bool is_wanted, int64_t budget_ms)
{
    const sv_tensor row[] = {
        {.name = {"x", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {1, 3}}, .size_bytes = 12},
        {.name = {"id", 2}, .dtype = SV_DTYPE_INT64, .shape = {1, {1}}, .size_bytes = 8}};
    const sv_batch_probe_options options = {.row = row,
                                            .n_inputs = 2,
                                            .max_rows = max_rows,
                                            .is_wanted = is_wanted,
                                            .budget_ns = budget_ms * SV_NS_PER_MS,
                                            .seed = 7,
                                            .clock = &fake_clock};
    sv_batch_probe_result result;
    sv_batch_probe_run(model, &options, &result);
    return result;
}

static const struct {
    behaviour lab;
    size_t max_rows;
    bool is_wanted;
    int64_t budget_ms;
    size_t rows;
    bool is_equal, is_paying;
    const char *says;
} cases[] = {
    /* Reading the weights dominates: 8 rows for little more than one. */
    {{.run_us = 900, .row_us = 100},
     8,
     false,
     500,
     8,
     true,
     true,
     "batching pays: 4.7 x the rows at 8 at once"},
    /* A convolution: each row costs what it costs. */
    {{.run_us = 10, .row_us = 1000},
     8,
     false,
     500,
     1,
     true,
     false,
     "batching stays off: 8 rows at once are only 1.01 x as fast"},
    {{.run_us = 10, .row_us = 1000},
     8,
     true,
     500,
     8,
     true,
     false,
     "batching is on as asked, but does not pay: 8 rows at once are only 1.01 x as fast"},
    /* The knee: 16 and 32 give little more than 8. */
    {{.run_us = 150, .row_us = 100},
     32,
     false,
     500,
     8,
     true,
     true,
     "batching pays: 2.1 x the rows at 8 at once"},
    {{.run_us = 150, .row_us = 100},
     64,
     true,
     500,
     64,
     true,
     true,
     "batching pays: 2.4 x the rows at 32 at once"},
    {{.run_us = 900, .row_us = 100},
     2,
     false,
     500,
     2,
     true,
     true,
     "batching pays: 1.8 x the rows at 2 at once"},
    {{.run_us = 1000},
     1,
     true,
     500,
     1,
     false,
     false,
     "batching stays off: at most one row may run at once"},
    /* Neighbours. */
    {{.run_us = 900, .row_us = 100, .leak = 0.01},
     8,
     true,
     500,
     1,
     false,
     false,
     "batching stays off: answers depend on their neighbours, as with dynamic quantisation: "
     "row 1 of 4 of 'y' differs by 0.0"},
    {{.run_us = 900, .row_us = 100, .leak = 1e-6},
     8,
     false,
     500,
     8,
     true,
     true,
     "batching pays"}, /* the last bits */
    {{.run_us = 900, .row_us = 100, .mixes_labels = true},
     8,
     true,
     500,
     1,
     false,
     false,
     "of 4 of 'label' is another"},
    /* What cannot be tried. */
    {{.run_us = 900, .is_uneven = true},
     8,
     true,
     500,
     1,
     false,
     false,
     "batching stays off: output 'y' has not one row for each of 4"},
    {{.run_us = 900, .refuses_all = true},
     8,
     true,
     500,
     1,
     false,
     false,
     "batching stays off: the model does not run made-up rows: no such kernel"},
    {{.run_us = 900, .refuses_batches = true},
     8,
     true,
     500,
     1,
     false,
     false,
     "batching stays off: the model fails with 4 rows at once: no such kernel"},
    {{.run_us = 900, .row_us = 100, .max_id = 1}, 8, true, 500, 8, true, true, "batching pays"},
    /* Time. */
    {{.run_us = 1000, .row_us = 200000},
     8,
     false,
     500,
     1,
     false,
     false,
     "batching stays off: the probe's budget of 500 ms was spent before 4 rows ran"},
    {{.run_us = 30000, .row_us = 30000},
     8,
     true,
     500,
     4,
     true,
     true,
     "batching pays: 1.6 x the rows at 4 at once"}, /* there was no time for 8 */
};

static void test_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab = cases[i].lab;
        int64_t started = now_ns;
        sv_batch_probe_result result =
            probe(cases[i].max_rows, cases[i].is_wanted, cases[i].budget_ms);
        if (!strstr(result.reason, cases[i].says))
            fail_msg("case %zu: %s", i, result.reason);
        assert_int_equal(result.max_rows, cases[i].rows);
        assert_int_equal(result.is_equal, cases[i].is_equal);
        assert_int_equal(result.is_paying, cases[i].is_paying);
        assert_true(now_ns - started <= cases[i].budget_ms * SV_NS_PER_MS);
        assert_true(largest <= SV_BATCH_PROBE_MAX_ROWS);
        assert_int_equal(n_out, 0);
    }
}

static void test_a_model_without_rows(void **state)
{
    (void)state;
    inputs[0].shape.dims[0] = 1;
    sv_batch_probe_result result = probe(8, true, 500);
    assert_string_equal(result.reason, "batching stays off: input 'x' has no free first axis");
    assert_int_equal(result.max_rows, 1);
    assert_int_equal(n_runs, 0);
}

static bool attempt_probe(void *arg)
{
    (void)arg;
    sv_batch_probe_result result = probe(8, false, 20);
    assert_true(result.reason[0] != '\0');
    return result.max_rows == 8;
}

static void test_without_memory(void **state)
{
    (void)state;
    lab = (behaviour){.run_us = 900, .row_us = 100};
    assert_true(failing_malloc_try_each(attempt_probe, NULL) > 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_it_says),
        TEST(test_a_model_without_rows),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
