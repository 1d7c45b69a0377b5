/* The texts of several requests run together: every answer goes to whom it belongs, failures and
 * departures are felt by nobody else. The engine of this file counts hashed n-grams: a text gives
 * [how many, how many of the first half]; it refuses texts of more than 40 of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "model/text_batch.h"

enum { BUCKETS = 16, WIDTH = 2, MAX_TEXTS = 64, N = 3 };

static sv_tensor_spec inputs[] = {
    {.name = {"counts", 6}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, BUCKETS}}}};
static sv_tensor_spec outputs[] = {
    {.name = {"v", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, WIDTH}}}};

static float values[MAX_TEXTS][WIDTH];
static sv_tensor result_tensor;
static int n_runs;
static void (*during)(void); /* called in a run */

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    ret_loaded->info = (sv_engine_info){inputs, outputs, 1, 1, .memory_bytes = 1};
    return SV_OK;
}

static void unload(void *state)
{
    (void)state;
}

static sv_status run(void *state, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    (void)state;
    size_t n = (size_t)job->inputs[0]->shape.dims[0];
    const float *counts = job->inputs[0]->data;
    n_runs++;
    if (during)
        during();
    if (sv_cancel_is_set(job->cancel))
        return SV_FAILED;
    memset(values, 0, sizeof values);
    for (size_t i = 0; i < n * BUCKETS; i++) {
        values[i / BUCKETS][0] += counts[i];
        values[i / BUCKETS][1] += i % BUCKETS < BUCKETS / 2 ? counts[i] : 0;
    }
    for (size_t i = 0; i < n; i++)
        if (values[i][0] > 40)
            return sv_error_set(error, SV_FAILED, NULL, "too long");
    result_tensor = (sv_tensor){outputs[0].name, SV_DTYPE_FP32, SV_SHAPE((int64_t)n, WIDTH), values,
                                n * sizeof *values};
    *result = (sv_engine_result){&result_tensor, 1, NULL, NULL};
    return SV_OK;
}

static const sv_engine engine = {
    .name = "test", .title = "Test", .extension = ".t", .load = load, .unload = unload, .run = run};

static const sv_text_task task = {.inputs[SV_TEXT_INPUT_COUNTS] = 1,
                                  .max_length = 256,
                                  .max_rows = 32,
                                  .n_buckets = BUCKETS,
                                  .top_k = 2,
                                  .softmax = true};
static const sv_str texts[] = {SV_STR_INIT("a first text"), SV_STR_INIT("b"),
                               SV_STR_INIT("another one"),  SV_STR_INIT("c d e"),
                               SV_STR_INIT("f g"),          SV_STR_INIT("the last")};
static const sv_str long_text = SV_STR_INIT(
    "a text of many words one two three four five six seven eight nine ten eleven twelve thirteen");

static sv_engine_model *model;
static sv_text_request requests[N];
static sv_text_batch_member members[N];
static sv_timeline timelines[N];

static int set_up(void **state)
{
    (void)state;
    sv_engine_opened opened = {&engine, NULL};
    sv_error error = {0};
    n_runs = 0;
    during = NULL;
    memset(members, 0, sizeof members);
    memset(timelines, 0, sizeof timelines);
    for (size_t i = 0; i < N; i++) { /* of 1, 2 and 3 texts */
        requests[i] = (sv_text_request){.texts = &texts[i * (i + 1) / 2],
                                        .n_texts = i + 1,
                                        .arena = sv_arena_new(0),
                                        .cancel = sv_cancel_new(),
                                        .timeline = &timelines[i]};
        members[i].request = &requests[i];
    }
    return (int)sv_engine_load(&opened, "m.t", NULL, &error, &model);
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        sv_arena_free(requests[i].arena);
        sv_cancel_unref(requests[i].cancel);
    }
    sv_engine_unload(model);
    return 0;
}

static void assert_vectors(const sv_text_batch_member *member)
{
    sv_error error = {0};
    sv_embeddings alone;
    sv_text_request again = *member->request;
    again.cancel = NULL;
    assert_int_equal(member->status, SV_OK);
    assert_int_equal(sv_task_text_embed(&task, model, &again, &error, &alone), SV_OK);
    assert_int_equal(member->embeddings.n_rows, alone.n_rows);
    assert_int_equal(member->embeddings.n_dimensions, WIDTH);
    assert_memory_equal(member->embeddings.values, alone.values,
                        alone.n_rows * WIDTH * sizeof(float));
}

static void test_vectors(void **state)
{
    (void)state;
    assert_int_equal(sv_text_batch_run(&task, model, members, N), SV_BATCH_OUTCOME_JOINED);
    assert_int_equal(n_runs, 1);
    for (size_t i = 0; i < N; i++) {
        assert_vectors(&members[i]);
        assert_true(timelines[i].stage_ns[SV_STAGE_INFER] > 0);
    }
}

static void test_labels(void **state)
{
    (void)state;
    sv_predictions lists[N][N], alone[N];
    for (size_t i = 0; i < N; i++)
        members[i].predictions = lists[i];
    requests[0].top_k = 1;
    assert_int_equal(sv_text_batch_run(&task, model, members, N), SV_BATCH_OUTCOME_JOINED);
    assert_int_equal(n_runs, 1);
    for (size_t i = 0; i < N; i++) {
        sv_error error = {0};
        assert_int_equal(members[i].status, SV_OK);
        assert_int_equal(sv_task_text_classify(&task, model, &requests[i], &error, alone), SV_OK);
        for (size_t t = 0; t <= i; t++) {
            assert_int_equal(lists[i][t].len, i ? 2 : 1);
            assert_int_equal(lists[i][t].len, alone[t].len);
            assert_true(sv_str_eq(lists[i][t].items[0].label, alone[t].items[0].label));
            assert_true(lists[i][t].items[0].confidence == alone[t].items[0].confidence);
        }
    }
}

static void test_a_failure_is_ones_own(void **state)
{
    (void)state;
    requests[1].texts = &long_text;
    requests[1].n_texts = 1;
    assert_int_equal(sv_text_batch_run(&task, model, members, N), SV_BATCH_OUTCOME_FAILED);
    assert_int_equal(n_runs, 1 + N);
    assert_int_equal(members[1].status, SV_FAILED);
    assert_string_equal(members[1].error.message, "too long");
    assert_vectors(&members[0]);
    assert_vectors(&members[2]);
}

static void fire_first(void)
{
    sv_cancel_fire(requests[0].cancel, SV_CANCEL_CLIENT);
}

static void fire_all(void)
{
    for (size_t i = 0; i < N; i++)
        sv_cancel_fire(requests[i].cancel, SV_CANCEL_CLIENT);
}

static void test_departures(void **state)
{
    (void)state;
    sv_cancel_fire(requests[1].cancel, SV_CANCEL_CLIENT);
    during = fire_first;
    assert_int_equal(sv_text_batch_run(&task, model, members, N), SV_BATCH_OUTCOME_JOINED);
    assert_int_equal(n_runs, 1);
    assert_int_equal(members[0].status, SV_CANCELLED);
    assert_int_equal(members[1].status, SV_CANCELLED);
    during = NULL;
    assert_vectors(&members[2]);
}

static void test_all_depart(void **state)
{
    (void)state;
    during = fire_all;
    assert_int_equal(sv_text_batch_run(&task, model, members, N), SV_BATCH_OUTCOME_FAILED);
    assert_int_equal(n_runs, 1);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(members[i].status, SV_CANCELLED);
}

static void test_one_is_no_batch(void **state)
{
    (void)state;
    assert_int_equal(sv_text_batch_run(&task, model, members, 1), SV_BATCH_OUTCOME_ALONE);
    assert_vectors(&members[0]);
}

static void test_classes(void **state)
{
    (void)state;
    const sv_tokenizer *tokenizer = (const sv_tokenizer *)(const void *)&task; /* is not read */
    const struct {
        sv_text_task task;
        bool can;
    } cases[] = {
        {task, true},
        {{.max_rows = 1}, false},
        {{.max_rows = 32, .tokenizer = tokenizer}, false}, /* filling would be read as text */
        {{.max_rows = 32, .tokenizer = tokenizer, .fixed_length = 64}, true},
        {{.max_rows = 32, .tokenizer = tokenizer, .inputs[SV_TEXT_INPUT_MASK] = 2}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sv_text_batch_class(&cases[i].task) != 0, cases[i].can);
}

static bool attempt_batch(void *arg)
{
    (void)arg;
    bool is_done = true;
    sv_predictions lists[N][N];
    for (size_t i = 0; i < N; i++) {
        sv_arena_reset(requests[i].arena);
        members[i].predictions = lists[i];
    }
    sv_text_batch_run(&task, model, members, N);
    for (size_t i = 0; i < N; i++)
        is_done = is_done && members[i].status == SV_OK;
    return is_done;
}

static void test_without_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(attempt_batch, NULL) >= 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_vectors),    TEST(test_labels),         TEST(test_a_failure_is_ones_own),
        TEST(test_departures), TEST(test_all_depart),     TEST(test_one_is_no_batch),
        TEST(test_classes),    TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
