/* Texts through a made-up model: token `id` at place `p` gives the vector [id, p, 1]. */
#include "folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "model/task_text.h"

enum { WIDTH = 3, MAX_RUNS = 64 };

/* What the fake model does and was asked. */
typedef struct fake_model {
    bool pooled;    /* gives [N,WIDTH], the sum */
    sv_dtype dtype; /* of what it gives; 0: FP32 */
    bool gives_nan;
    bool sees_neighbours; /* what it gives depends on how many there are */
    int64_t n_missing;    /* rows that it leaves out */
    sv_status status;
    int n_runs;
    int64_t rows[MAX_RUNS], lengths[MAX_RUNS];
} fake_model;

static fake_model fake;
static sv_arena *arena;
static sv_engine_model *model;
static const sv_tokenizer *tokenizer;
static sv_tensor_spec inputs[3], outputs[1];

static sv_status load_fake(void *state, const char *path, const sv_engine_options *options,
                           sv_error *error, sv_engine_loaded *ret_loaded)
{
    static const char *const names[] = {"input_ids", "attention_mask", "token_type_ids"};
    (void)state, (void)path, (void)options, (void)error;
    for (int i = 0; i < 3; i++)
        inputs[i] = (sv_tensor_spec){.name = sv_str_from(names[i]),
                                     .dtype = i == 1 ? SV_DTYPE_INT32 : SV_DTYPE_INT64,
                                     .shape = SV_SHAPE(-1, -1)};
    outputs[0] = (sv_tensor_spec){
        .name = SV_STR("vectors"), .dtype = SV_DTYPE_FP32, .shape = SV_SHAPE(-1, -1, WIDTH)};
    if (fake.pooled)
        outputs[0].shape = SV_SHAPE(-1, WIDTH);
    *ret_loaded = (sv_engine_loaded){.model = &fake, .info = {inputs, outputs, 3, 1}};
    return SV_OK;
}

static void unload_fake(void *state)
{
    (void)state;
}

/* Padding must be masked, and must be of the type that pads. */
static void check_mask(const sv_engine_job *job, int64_t n_rows, int64_t length)
{
    const int64_t *ids = job->inputs[0]->data;
    const int32_t *mask = job->inputs[1]->data;
    for (int64_t i = 0; i < n_rows * length; i++)
        assert_int_equal(mask[i], ids[i] != 0);
}

static void narrow(const float *values, size_t n, sv_tensor *output)
{
    uint16_t *halves = (uint16_t *)(uintptr_t)output->data;
    bool is_bfloat = fake.dtype == SV_DTYPE_BF16;
    for (size_t i = 0; i < n; i++)
        halves[i] = sv_half_from_double(values[i], is_bfloat ? SV_HALF_BFLOAT16 : SV_HALF_BINARY16);
    output->dtype = fake.dtype;
    output->size_bytes /= 2;
}

static sv_status run_fake(void *state, const sv_engine_job *job, sv_error *error,
                          sv_engine_result *result)
{
    (void)state, (void)error;
    static sv_tensor output;
    int64_t n = job->inputs[0]->shape.dims[0], length = job->inputs[0]->shape.dims[1];
    const int64_t *ids = job->inputs[0]->data;
    fake.rows[fake.n_runs % MAX_RUNS] = n;
    fake.lengths[fake.n_runs++ % MAX_RUNS] = length;
    check_mask(job, n, length);
    if (fake.status)
        return fake.status;
    size_t per_row = (size_t)(fake.pooled ? 1 : length) * WIDTH;
    float *values = calloc((size_t)n * per_row, sizeof *values);
    for (int64_t r = 0; r < n; r++)
        for (int64_t i = 0; i < length; i++) {
            float *at = values + (size_t)r * per_row + (fake.pooled ? 0 : (size_t)i * WIDTH);
            at[0] += fake.gives_nan ? NAN : (float)ids[r * length + i];
            at[1] += ids[r * length + i] ? (float)i : 0;
            at[2] += fake.sees_neighbours ? (float)n : 1;
        }
    n -= fake.n_missing;
    output = (sv_tensor){.name = outputs[0].name,
                         .dtype = SV_DTYPE_FP32,
                         .shape = fake.pooled ? SV_SHAPE(n, WIDTH) : SV_SHAPE(n, length, WIDTH),
                         .data = values,
                         .size_bytes = (size_t)n * per_row * sizeof *values};
    if (fake.dtype)
        narrow(values, (size_t)n * per_row, &output);
    *result =
        (sv_engine_result){.outputs = &output, .n_outputs = 1, .owner = values, .release = free};
    return SV_OK;
}

static const sv_engine fake_engine = {.name = "fake",
                                      .title = "Fake",
                                      .extension = ".fake",
                                      .load = load_fake,
                                      .unload = unload_fake,
                                      .run = run_fake};

static sv_text_task begin(fake_model how)
{
    const sv_engine_opened opened = {&fake_engine, NULL};
    const sv_engine_options options = {0};
    sv_error error = {0};
    fake = how;
    assert_int_equal(sv_engine_load(&opened, folder_write("m.fake", "x"), &options, &error, &model),
                     SV_OK);
    return (sv_text_task){.tokenizer = tokenizer,
                          .inputs = {1, 2, 3},
                          .max_length = 16,
                          .max_rows = 100,
                          .pooling = how.pooled ? SV_TEXT_POOLING_NONE : SV_TEXT_POOLING_MEAN,
                          .top_k = 2,
                          .softmax = true};
}

static int set_up(void **state)
{
    (void)state;
    sv_error error = {0};
    arena = sv_arena_new(0);
    /* [PAD] 0 [UNK] 1 [CLS] 2 [SEP] 3 a 4 b 5 */
    const char *path = folder_write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n");
    return arena && !sv_tokenizer_load(arena, path, &error, &tokenizer) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_engine_unload(model);
    model = NULL;
    sv_arena_free(arena);
    return 0;
}

static sv_status embed(const sv_text_task *task, const sv_str *texts, size_t n, sv_error *error,
                       sv_embeddings *ret_embeddings)
{
    sv_text_request request = {.texts = texts, .n_texts = n, .arena = arena};
    return sv_task_text_embed(task, model, &request, error, ret_embeddings);
}

static const sv_str some[] = {SV_STR_INIT("a b a"), SV_STR_INIT("b"), SV_STR_INIT("a a")};

static void assert_rows(const sv_embeddings *got, const float (*expected)[WIDTH])
{
    assert_int_equal(got->n_rows, 3);
    assert_int_equal(got->n_dimensions, WIDTH);
    for (size_t i = 0; i < 3 * (size_t)WIDTH; i++)
        assert_true(fabsf(got->values[i] - expected[i / WIDTH][i % WIDTH]) < 1e-5F);
}

static void takes_the_mean_of_the_tokens(void **state)
{
    static const float expected[3][WIDTH] = {{(2 + 4 + 5 + 4 + 3) / 5.0F, 2, 1},
                                             {(2 + 5 + 3) / 3.0F, 1, 1},
                                             {(2 + 8 + 3) / 4.0F, 1.5F, 1}};
    (void)state;
    sv_text_task task = begin((fake_model){0});
    sv_error error = {0};
    sv_embeddings got;
    assert_int_equal(embed(&task, some, 3, &error, &got), SV_OK);
    assert_rows(&got, expected);
    assert_int_equal(fake.n_runs, 1); /* together, filled up to the longest */
    assert_int_equal(fake.rows[0], 3);
    assert_int_equal(fake.lengths[0], 5);
}

static void takes_halves(void **state)
{
    static const float expected[3][WIDTH] = {{3.6F, 2, 1}, {10 / 3.0F, 1, 1}, {13 / 4.0F, 1.5F, 1}};
    static const sv_dtype dtypes[] = {SV_DTYPE_FP16, SV_DTYPE_BF16};
    (void)state;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        sv_text_task task = begin((fake_model){.dtype = dtypes[i]});
        sv_error error = {0};
        sv_embeddings got;
        task.max_rows = 2; /* two runs: the second one is shorter */
        assert_int_equal(embed(&task, some, 3, &error, &got), SV_OK);
        assert_rows(&got, expected);
        assert_int_equal(fake.n_runs, 2);
        sv_engine_unload(model);
        model = NULL;
    }
}

static void runs_texts_alone_that_change_each_other(void **state)
{
    (void)state;
    for (int sees = 0; sees < 2; sees++) {
        sv_text_task task = begin((fake_model){.sees_neighbours = sees});
        sv_error error = {0};
        assert_int_equal(sv_task_text_find_max_rows(&task, model, NULL, &error), SV_OK);
        assert_int_equal(task.max_rows, sees ? 1 : 100);
        assert_int_equal(fake.n_runs, 3);
        fake.status = SV_FAILED;
        task.max_rows = 7;
        assert_int_equal(sv_task_text_find_max_rows(&task, model, NULL, &error), SV_FAILED);
        assert_int_equal(task.max_rows, 7);
        sv_engine_unload(model);
        model = NULL;
    }
}

static void takes_the_first_token(void **state)
{
    static const float expected[3][WIDTH] = {{2, 0, 1}, {2, 0, 1}, {2, 0, 1}};
    (void)state;
    sv_text_task task = begin((fake_model){0});
    sv_error error = {0};
    sv_embeddings got;
    task.pooling = SV_TEXT_POOLING_CLS;
    assert_int_equal(embed(&task, some, 3, &error, &got), SV_OK);
    assert_rows(&got, expected);
}

static void takes_what_the_graph_pooled(void **state)
{
    (void)state;
    sv_text_task task = begin((fake_model){.pooled = true});
    sv_error error = {0};
    sv_embeddings got;
    task.normalize = true;
    task.max_rows = 1;
    assert_int_equal(embed(&task, some, 3, &error, &got), SV_OK);
    assert_int_equal(fake.n_runs, 3); /* the model takes one at a time: shortest first */
    assert_int_equal(fake.lengths[0], 3);
    assert_int_equal(fake.lengths[2], 5);
    for (size_t r = 0; r < 3; r++) {
        const float *v = got.values + r * WIDTH;
        assert_true(fabsf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2] - 1) < 1e-5F);
    }
    assert_true(fabsf(got.values[0] / got.values[2] - 18 / 5.0F) < 1e-4F);
}

static void fills_up_to_a_fixed_length_and_cuts(void **state)
{
    static const sv_str longer[] = {SV_STR_INIT("a a a a a a a a a"), SV_STR_INIT("b")};
    (void)state;
    sv_text_task task = begin((fake_model){0});
    sv_error error = {0};
    sv_embeddings got;
    task.max_length = 4;
    task.fixed_length = 6;
    assert_int_equal(embed(&task, longer, 2, &error, &got), SV_OK);
    assert_int_equal(fake.lengths[0], 6);
    assert_true(fabsf(got.values[0] - (2 + 4 + 4 + 3) / 4.0F) < 1e-5F);
}

static void runs_many_texts_in_small_runs(void **state)
{
    enum { N_TEXTS = 256 };
    static sv_str texts[N_TEXTS];
    (void)state;
    sv_text_task task = begin((fake_model){0});
    sv_error error = {0};
    sv_embeddings got;
    for (size_t i = 0; i < N_TEXTS; i++)
        texts[i] = i % 3 ? SV_STR("a") : SV_STR("b b b b");
    assert_int_equal(embed(&task, texts, N_TEXTS, &error, &got), SV_OK);
    assert_int_equal(fake.n_runs, N_TEXTS / 32);
    for (size_t i = 0; i < N_TEXTS; i++)
        assert_true(fabsf(got.values[i * WIDTH] - (i % 3 ? 9 / 3.0F : 25 / 6.0F)) < 1e-5F);
}

static void tells_bad_outputs(void **state)
{
    static const struct {
        fake_model how;
        sv_status status;
        const sv_error_kind *kind;
    } cases[] = {
        {{.gives_nan = true}, SV_FAILED, &sv_kind_invalid_model_output},
        {{.n_missing = 1}, SV_FAILED, &sv_kind_invalid_model_output},
        {{.status = SV_INVALID}, SV_FAILED, &sv_kind_inference_failed},
        {{.status = SV_CANCELLED}, SV_CANCELLED, NULL},
        {{.status = SV_NO_MEMORY}, SV_NO_MEMORY, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_text_task task = begin(cases[i].how);
        sv_error error = {0};
        sv_embeddings got;
        assert_int_equal(embed(&task, some, 3, &error, &got), cases[i].status);
        if (cases[i].kind)
            assert_ptr_equal(error.kind, cases[i].kind);
        sv_engine_unload(model);
        model = NULL;
    }
}

static void keeps_a_vector_without_length(void **state)
{
    (void)state;
    sv_text_task task = begin((fake_model){.pooled = true});
    sv_error error = {0};
    sv_embeddings got;
    task.pooling = SV_TEXT_POOLING_MEAN; /* not what the model gives */
    assert_int_equal(embed(&task, some, 3, &error, &got), SV_FAILED);
    assert_ptr_equal(error.kind, &sv_kind_invalid_model_output);
}

static void classifies(void **state)
{
    static sv_str names[] = {SV_STR_INIT("ids"), SV_STR_INIT("places"), SV_STR_INIT("ones")};
    sv_predictions lists[3];
    (void)state;
    sv_text_task task = begin((fake_model){.pooled = true});
    sv_error error = {0};
    task.labels = (sv_strs){names, 3};
    sv_text_request request = {.texts = some, .n_texts = 3, .arena = arena};
    assert_int_equal(sv_task_text_classify(&task, model, &request, &error, lists), SV_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lists[i].len, 2);
        assert_true(sv_str_eq(lists[i].items[0].label, SV_STR("ids")));
        assert_true(lists[i].items[0].confidence > 0.9);
    }
    request.top_k = 3;
    assert_int_equal(sv_task_text_classify(&task, model, &request, &error, lists), SV_OK);
    assert_int_equal(lists[0].len, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_the_mean_of_the_tokens),
        TEST(takes_the_first_token),
        TEST(takes_halves),
        TEST(runs_texts_alone_that_change_each_other),
        TEST(takes_what_the_graph_pooled),
        TEST(fills_up_to_a_fixed_length_and_cuts),
        TEST(runs_many_texts_in_small_runs),
        TEST(tells_bad_outputs),
        TEST(keeps_a_vector_without_length),
        TEST(classifies),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
