/* What every engine of tensors does alike. Each test runs once for each row of the table of
 * engines; a new engine brings a row of `files` and passes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/engine_table.h"
#include "engine_lab.h"

/* The same models in the form of each engine; all in tests/data/engine. */
typedef struct model_files {
    const char *engine;
    const char *add;    /* FP32 a, b [batch,3] -> sum, difference */
    const char *burn;   /* INT64 n [] -> FP32 y: works n times some microseconds */
    const char *bad[5]; /* not models */
    const char *missing;
} model_files;

static const model_files files[] = {
    {"onnxruntime",
     "add.onnx",
     "burn.onnx",
     {"empty.onnx", "garbage.onnx", "truncated.onnx", "unknown_operator.onnx"},
     "missing.onnx"},
};

/* What a test works on: the engine at hand. */
typedef struct lab {
    const model_files *files;
    sv_engine_host *host;
} lab;

static lab at;

static int set_up(void **state)
{
    const sv_engine *engine = *state;
    at = (lab){0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].engine, engine->name) == 0)
            at.files = &files[i];
    if (!at.files) {
        print_message("%s has no row of model files\n", engine->name);
        return -1;
    }
    at.host = engine_lab_open(engine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_engine_host_free(at.host);
    return 0;
}

static const float a_values[] = {1, 2, 3, 4, 5, 6};
static const float b_values[] = {10, 20, 30, 40, 50, 60};

static void fill_pair(sv_tensor *pair, int64_t n_rows)
{
    pair[0] = engine_lab_floats("a", SV_SHAPE(n_rows, 3), a_values);
    pair[1] = engine_lab_floats("b", SV_SHAPE(n_rows, 3), b_values);
}

static void assert_adds(sv_engine_model *model)
{
    sv_tensor pair[2];
    sv_engine_result result;
    fill_pair(pair, 2);
    assert_int_equal(engine_lab_run(model, pair, 2, NULL, &result), SV_OK);
    assert_int_equal(result.n_outputs, 2);
    assert_true(sv_str_eq(result.outputs[0].name, SV_STR("sum")));
    assert_int_equal(result.outputs[0].dtype, SV_DTYPE_FP32);
    assert_int_equal(result.outputs[0].shape.rank, 2);
    assert_int_equal(result.outputs[0].shape.dims[0], 2);
    assert_int_equal(result.outputs[0].size_bytes, sizeof a_values);
    for (size_t i = 0; i < 6; i++) {
        assert_true(((const float *)result.outputs[0].data)[i] == a_values[i] + b_values[i]);
        assert_true(((const float *)result.outputs[1].data)[i] == a_values[i] - b_values[i]);
    }
    sv_engine_result_deinit(&result);
}

static void test_a_model_runs(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    const sv_engine_info *info = sv_engine_model_info(model);
    assert_string_equal(sv_engine_model_engine(model), at.files->engine);
    assert_int_equal(info->n_inputs, 2);
    assert_true(sv_str_eq(info->inputs[0].name, SV_STR("a")));
    assert_int_equal(info->inputs[0].shape.dims[0], -1);
    assert_int_equal(info->inputs[0].shape.dims[1], 3);
    assert_true(info->memory_bytes > 0);
    assert_adds(model);
    sv_engine_unload(model);
}

static void test_a_model_runs_on_more_threads(void **state)
{
    (void)state;
    const sv_engine_options options = {.threads = 2, .spin = true};
    sv_engine_model *model = NULL;
    if (!at.host)
        skip();
    assert_int_equal(
        sv_engine_host_load(at.host, engine_lab_path(at.files->add), &options, NULL, &model),
        SV_OK);
    assert_adds(model);
    sv_engine_unload(model);
}

static void assert_not_loaded(const char *file, sv_status expected)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    sv_status status = sv_engine_host_load(at.host, engine_lab_path(file), NULL, &error, &model);
    if (status != expected || model || !error.message[0])
        fail_msg("%s: %s, '%s'", file, sv_status_text(status), error.message);
    assert_string_equal(error.path, engine_lab_path(file));
}

static void test_files_that_are_no_models(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    assert_not_loaded(at.files->missing, SV_NOT_FOUND);
    for (const char *const *bad = at.files->bad; *bad; bad++)
        assert_not_loaded(*bad, SV_INVALID);
    assert_adds(model); /* nothing happened to others */
    sv_engine_unload(model);
}

static void assert_refused(sv_engine_model *model, const sv_tensor *inputs, size_t n,
                           const char *said)
{
    sv_engine_result result = {0};
    sv_error error = {0};
    assert_int_equal(engine_lab_run(model, inputs, n, &error, &result), SV_INVALID);
    assert_ptr_equal(error.kind, &sv_kind_invalid_input);
    assert_string_equal(error.message, said);
    assert_null(result.outputs);
}

static void test_inputs_that_do_not_fit(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    sv_tensor pair[2];
    fill_pair(pair, 2);
    assert_refused(model, pair, 1, "there is no input 'b'");
    assert_refused(model, pair, 0, "there is no input 'a'");
    pair[1].name = SV_STR("c");
    assert_refused(model, pair, 2, "the model has no input 'c'");
    fill_pair(pair, 2);
    pair[1].shape = SV_SHAPE(3, 2);
    assert_refused(model, pair, 2, "input 'b' has shape [3,2], expected [-1,3]");
    pair[1].shape = SV_SHAPE(6);
    assert_refused(model, pair, 2, "input 'b' has shape [6], expected [-1,3]");
    fill_pair(pair, 2);
    pair[0].dtype = SV_DTYPE_INT32;
    assert_refused(model, pair, 2, "input 'a' has datatype INT32, expected FP32");
    fill_pair(pair, 2);
    pair[0].size_bytes -= 4;
    assert_refused(model, pair, 2, "input 'a' has 20 bytes, expected 24 for shape [2,3] of FP32");
    assert_adds(model);
    sv_engine_unload(model);
}

/* Shapes that fit each on its own and not each other: the engine's to refuse. */
static void test_inputs_that_do_not_fit_each_other(void **state)
{
    (void)state;
    static const float numbers[9];
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    const sv_tensor pair[] = {engine_lab_floats("a", SV_SHAPE(2, 3), numbers),
                              engine_lab_floats("b", SV_SHAPE(3, 3), numbers)};
    sv_engine_result result = {0};
    sv_error error = {0};
    sv_status status = engine_lab_run(model, pair, 2, &error, &result);
    assert_true(status == SV_FAILED || status == SV_INVALID);
    assert_non_null(error.kind);
    assert_true(strlen(error.message) > 0);
    assert_adds(model);
    sv_engine_unload(model);
}

static void test_a_batch_of_nothing(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    sv_tensor pair[2];
    sv_engine_result result;
    fill_pair(pair, 0);
    pair[0].data = NULL;
    assert_int_equal(engine_lab_run(model, pair, 2, NULL, &result), SV_OK);
    assert_int_equal(result.outputs[0].shape.dims[0], 0);
    assert_int_equal(result.outputs[0].size_bytes, 0);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

static void test_outputs_by_name(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    const sv_engine_output wanted = {.name = SV_STR("difference")};
    sv_tensor pair[2];
    sv_engine_request request = {pair, 2, &wanted, 1, NULL};
    sv_engine_result result;
    fill_pair(pair, 1);
    assert_int_equal(sv_engine_run(model, &request, NULL, &result), SV_OK);
    assert_int_equal(result.n_outputs, 1);
    assert_true(((const float *)result.outputs[0].data)[2] == -27);
    sv_engine_result_deinit(&result);
    sv_engine_unload(model);
}

/* ---- Threads ---- */

enum { N_THREADS = 4, N_RUNS = 200 };

typedef struct caller {
    sv_engine_model *model;
    float number;
    int n_right;
} caller;

static void *call_often(void *arg)
{
    caller *self = arg;
    for (int i = 0; i < N_RUNS; i++) {
        const float values[] = {self->number, (float)i, 0};
        const sv_tensor pair[] = {engine_lab_floats("a", SV_SHAPE(1, 3), values),
                                  engine_lab_floats("b", SV_SHAPE(1, 3), values)};
        sv_engine_result result;
        if (engine_lab_run(self->model, pair, 2, NULL, &result))
            break;
        const float *sum = result.outputs[0].data;
        self->n_right += sum[0] == 2 * self->number && sum[1] == 2 * (float)i;
        sv_engine_result_deinit(&result);
    }
    return NULL;
}

static void test_threads_share_a_model(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    caller callers[N_THREADS];
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    for (int i = 0; i < N_THREADS; i++) {
        callers[i] = (caller){model, (float)i + 0.5f, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(callers[i].n_right, N_RUNS);
    sv_engine_unload(model);
}

/* ---- Cancellation ---- */

typedef struct burning {
    sv_engine_model *model;
    sv_cancel *cancel;
    int64_t n;
    sv_status status;
    int64_t cpu_ns; /* that the thread had used when its run was over */
} burning;

static int64_t read_cpu(clockid_t clock)
{
    struct timespec time;
    assert_int_equal(clock_gettime(clock, &time), 0);
    return time.tv_sec * SV_NS_PER_S + time.tv_nsec;
}

static void *burn(void *arg)
{
    burning *self = arg;
    const sv_tensor input = engine_lab_int64s("n", (sv_shape){0}, &self->n);
    sv_engine_request request = {.inputs = &input, .n_inputs = 1, .cancel = self->cancel};
    sv_engine_result result = {0};
    self->status = sv_engine_run(self->model, &request, NULL, &result);
    sv_engine_result_deinit(&result);
    self->cpu_ns = read_cpu(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

/* Times are CPU times of the running thread: a busy machine changes nothing. */
static void test_a_run_is_cancelled_in_its_middle(void **state)
{
    (void)state;
    burning run = {engine_lab_load(at.host, at.files->burn), sv_cancel_new(), INT64_C(1) << 40};
    pthread_t thread;
    clockid_t clock;
    int64_t fired_ns;
    assert_int_equal(pthread_create(&thread, NULL, burn, &run), 0);
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    while ((fired_ns = read_cpu(clock)) < 50 * SV_NS_PER_MS)
        ;
    sv_cancel_fire(run.cancel, SV_CANCEL_CLIENT);
    pthread_join(thread, NULL);
    assert_int_equal(run.status, SV_CANCELLED);
    assert_true(run.cpu_ns - fired_ns < 100 * SV_NS_PER_MS);
    sv_cancel_unref(run.cancel);
    run.cancel = NULL;
    run.n = 3;
    burn(&run);
    assert_int_equal(run.status, SV_OK); /* the model is as good as before */
    sv_engine_unload(run.model);
}

static void test_a_token_that_is_set_already(void **state)
{
    (void)state;
    burning run = {engine_lab_load(at.host, at.files->burn), sv_cancel_new(), INT64_C(1) << 40};
    sv_cancel_fire(run.cancel, SV_CANCEL_DEADLINE);
    burn(&run);
    assert_int_equal(run.status, SV_CANCELLED);
    sv_cancel_unref(run.cancel);
    sv_engine_unload(run.model);
}

/* ---- Memory ---- */

static void load_run_unload(void)
{
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    assert_adds(model);
    sv_engine_unload(model);
    assert_not_loaded(at.files->bad[1], SV_INVALID);
}

static void test_loading_and_unloading_leaves_nothing(void **state)
{
    (void)state;
    enum { N_CYCLES = 200, N_FIRST = 20 };
    for (int i = 0; i < N_FIRST; i++)
        load_run_unload();
    size_t before = engine_lab_heap_bytes();
    for (int i = 0; i < N_CYCLES; i++)
        load_run_unload();
    size_t after = engine_lab_heap_bytes();
    if (after > before + 64 * 1024)
        fail_msg("%zu bytes became %zu", before, after);
}

static void test_running_leaves_nothing(void **state)
{
    (void)state;
    sv_engine_model *model = engine_lab_load(at.host, at.files->add);
    for (int i = 0; i < 20; i++)
        assert_adds(model);
    size_t before = engine_lab_heap_bytes();
    for (int i = 0; i < 1000; i++)
        assert_adds(model);
    size_t after = engine_lab_heap_bytes();
    if (after > before + 4096)
        fail_msg("%zu bytes became %zu", before, after);
    sv_engine_unload(model);
}

#define CONTRACT(test, engine) {#test, test, set_up, tear_down, engine}

int main(void)
{
    size_t n_engines;
    const sv_engine *const *engines = sv_engine_table(&n_engines);
    int n_failed = 0;
    for (size_t i = 0; i < n_engines; i++) {
        if (!engines[i]->run)
            continue; /* it has no tensors: test_text_engine.c, test_relay_engine.c */
        void *engine = (void *)(uintptr_t)engines[i];
        const struct CMUnitTest tests[] = {
            CONTRACT(test_a_model_runs, engine),
            CONTRACT(test_a_model_runs_on_more_threads, engine),
            CONTRACT(test_files_that_are_no_models, engine),
            CONTRACT(test_inputs_that_do_not_fit, engine),
            CONTRACT(test_inputs_that_do_not_fit_each_other, engine),
            CONTRACT(test_a_batch_of_nothing, engine),
            CONTRACT(test_outputs_by_name, engine),
            CONTRACT(test_threads_share_a_model, engine),
            CONTRACT(test_a_run_is_cancelled_in_its_middle, engine),
            CONTRACT(test_a_token_that_is_set_already, engine),
            CONTRACT(test_loading_and_unloading_leaves_nothing, engine),
            CONTRACT(test_running_leaves_nothing, engine),
        };
        n_failed += cmocka_run_group_tests_name(engines[i]->title, tests, NULL, NULL);
    }
    return n_failed;
}
