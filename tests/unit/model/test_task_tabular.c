/* Tables: which models are one, and what their outputs say of each row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/task_tabular.h"

#define SPEC(NAME, TYPE, ...) {.name = {NAME, 1}, .dtype = SV_DTYPE_##TYPE, .shape = __VA_ARGS__}
#define DIMS(...)                                                                                  \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                 \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* An engine of this file answers what the test says. */
static sv_engine_info declared;
static sv_tensor given[2];

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    ret_loaded->info = declared;
    ret_loaded->info.memory_bytes = 1;
    return SV_OK;
}

static void unload(void *model)
{
    (void)model;
}

static sv_status run(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    (void)model, (void)error;
    *result = (sv_engine_result){.outputs = given, .n_outputs = job->n_outputs};
    return SV_OK;
}

static const sv_engine engine = {
    .name = "test", .title = "Test", .extension = ".t", .load = load, .unload = unload, .run = run};

static sv_arena *arena;
static sv_buf reasons;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&reasons, 4096);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&reasons);
    sv_arena_free(arena);
    return 0;
}

static const struct {
    sv_tensor_spec inputs[2];
    size_t n_inputs;
    sv_tensor_spec outputs[2];
    size_t n_outputs;
    bool fits, by_column;
    size_t label, scores; /* 0: none, else the number of the output */
} shapes[] = {
    {{SPEC("x", FP32, DIMS(-1, 4))},
     1,
     {SPEC("l", INT64, DIMS(-1)), SPEC("p", FP32, DIMS(-1, 3))},
     2,
     true,
     false,
     1,
     2},
    {{SPEC("x", FP64, DIMS(-1, 4))},
     1,
     {SPEC("p", FP64, DIMS(-1, -1)), SPEC("l", BYTES, DIMS(-1, 1))},
     2,
     true,
     false,
     2,
     1},
    {{SPEC("x", INT64, DIMS(-1, -1))}, 1, {SPEC("l", INT64, DIMS(-1))}, 1, true, false, 1, 0},
    {{SPEC("x", FP32, DIMS(-1, 4))}, 1, {SPEC("p", FP32, DIMS(-1, 3))}, 1, true, false, 0, 1},
    {{SPEC("x", FP32, DIMS(-1, 4))},
     1,
     {SPEC("l", INT64, DIMS(-1)), SPEC("m", NONE, {0})},
     2,
     true,
     false,
     1,
     0},
    {{SPEC("a", FP32, DIMS(-1, 1)), SPEC("b", BYTES, DIMS(-1, 1))},
     2,
     {SPEC("l", BYTES, DIMS(-1)), SPEC("p", FP32, DIMS(-1, 2))},
     2,
     true,
     true,
     1,
     2},
    {{SPEC("x", FP32, DIMS(-1, -1))}, 1, {SPEC("p", FP32, DIMS(-1, 3))}, 1, false, 0, 0, 0},
    {{SPEC("x", FP32, DIMS(-1, 4))}, 1, {SPEC("y", FP32, DIMS(-1, 1))}, 1, false, 0, 0, 0},
    {{SPEC("x", FP32, DIMS(1, 4))}, 1, {SPEC("p", FP32, DIMS(1, 3))}, 1, false, 0, 0, 0},
    {{SPEC("x", BYTES, DIMS(-1, 4))}, 1, {SPEC("l", INT64, DIMS(-1))}, 1, false, 0, 0, 0},
    {{SPEC("a", FP32, DIMS(-1, 4)), SPEC("b", FP32, DIMS(-1, 1))},
     2,
     {SPEC("l", INT64, DIMS(-1))},
     1,
     false,
     0,
     0,
     0},
    {{SPEC("a", FP32, DIMS(-1, 1)), SPEC("b", FP32, DIMS(-1, 1))},
     2,
     {SPEC("p", FP32, DIMS(-1, 3))},
     1,
     false,
     0,
     0,
     0},
};

static void test_which_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        sv_engine_info info = {.inputs = shapes[i].inputs,
                               .n_inputs = shapes[i].n_inputs,
                               .outputs = shapes[i].outputs,
                               .n_outputs = shapes[i].n_outputs};
        sv_tabular_task task = {0};
        sv_buf_clear(&reasons);
        if (sv_task_tabular_fits(&info, arena, &reasons, &task) != shapes[i].fits)
            fail_msg("case %zu", i);
        assert_true(reasons.len > 0);
        if (!shapes[i].fits)
            continue;
        assert_int_equal(task.by_column, shapes[i].by_column);
        assert_int_equal(task.columns.len, shapes[i].by_column ? shapes[i].n_inputs : 0);
        assert_ptr_equal(task.label, shapes[i].label ? &info.outputs[shapes[i].label - 1] : NULL);
        assert_ptr_equal(task.scores,
                         shapes[i].scores ? &info.outputs[shapes[i].scores - 1] : NULL);
    }
}

static const sv_tensor_spec input = SPEC("x", FP32, DIMS(-1, 1));
static const sv_tensor_spec both[] = {SPEC("l", INT64, DIMS(-1)), SPEC("p", FP32, DIMS(-1, -1))};
static const sv_tensor_spec texts[] = {SPEC("l", BYTES, DIMS(-1)), SPEC("p", FP64, DIMS(-1, -1))};

/* Whoever runs the model in between, the answer is of the same status. */
static void predict_in_halves(const sv_tabular_task *task, const sv_tensor_request *request,
                              sv_status status)
{
    sv_tensor_request prepared;
    sv_tabular_predictions found;
    sv_error error = {0};
    assert_int_equal(sv_task_tabular_prepare(task, request, &prepared), SV_OK);
    assert_ptr_equal(prepared.inputs, request->inputs);
    assert_true(sv_str_eq(prepared.outputs[0], SV_STR("l")));
    const sv_tensors outputs = {given, prepared.n_outputs};
    assert_int_equal(sv_task_tabular_finish(task, request, &outputs, &error, &found), status);
    assert_true(status || found.len == 2);
}

/* Two rows through a model that answers `given`. */
static sv_status predict(const sv_tensor_spec *outputs, size_t n_outputs, sv_tabular_task *task,
                         sv_error *error, sv_tabular_predictions *found)
{
    static const float rows[] = {0, 0};
    const sv_tensor in = {SV_STR("x"), SV_DTYPE_FP32, SV_SHAPE(2, 1), rows, sizeof rows};
    sv_engine_opened opened = {&engine, NULL};
    sv_engine_model *model;
    declared = (sv_engine_info){
        .inputs = &input, .n_inputs = 1, .outputs = outputs, .n_outputs = n_outputs};
    assert_int_equal(sv_engine_load(&opened, "m.t", NULL, error, &model), SV_OK);
    assert_true(sv_task_tabular_fits(sv_engine_model_info(model), arena, &reasons, task));
    sv_tensor_request request = {.inputs = &in, .n_inputs = 1, .arena = arena};
    sv_status status = sv_task_tabular_run(task, model, &request, error, found);
    sv_engine_unload(model);
    predict_in_halves(task, &request, status);
    return status;
}

static void expect(const sv_tabular_prediction *got, const char *label, double confidence,
                   const char *const *classes, const double *probabilities)
{
    assert_true(sv_str_eq(got->label, sv_str_from(label)));
    assert_true(got->has_scores);
    assert_true(fabs(got->confidence - confidence) < 1e-6);
    for (size_t i = 0; i < got->probabilities.len; i++) {
        assert_true(sv_str_eq(got->probabilities.items[i].key, sv_str_from(classes[i])));
        assert_true(fabs(got->probabilities.items[i].value - probabilities[i]) < 1e-6);
    }
}

static void test_labels_and_scores(void **state)
{
    (void)state;
    static const int64_t labels[] = {1, 0};
    static const float scores[] = {0.25F, 0.75F, 1, 1};
    static const char *const numbers[] = {"0", "1"}, *const names[] = {"no", "yes"};
    static sv_str named[] = {{"no", 2}, {"yes", 3}};
    sv_tabular_predictions found;
    sv_error error = {0};
    given[0] = (sv_tensor){both[0].name, SV_DTYPE_INT64, SV_SHAPE(2), labels, sizeof labels};
    given[1] = (sv_tensor){both[1].name, SV_DTYPE_FP32, SV_SHAPE(2, 2), scores, sizeof scores};
    sv_tabular_task task = {.softmax = true};
    assert_int_equal(predict(both, 2, &task, &error, &found), SV_OK);
    assert_int_equal(found.len, 2);
    expect(&found.items[0], "1", 0.75, numbers, (const double[]){0.25, 0.75});
    expect(&found.items[1], "0", 0.5, numbers, (const double[]){0.5, 0.5}); /* softmax */
    task = (sv_tabular_task){.labels.items = named, .labels.len = 2};
    assert_int_equal(predict(both, 2, &task, &error, &found), SV_OK);
    expect(&found.items[0], "yes", 0.75, names, (const double[]){0.25, 0.75});
    expect(&found.items[1], "no", 1, names, (const double[]){1, 1});
}

static void test_texts_and_labels_alone(void **state)
{
    (void)state;
    static const sv_str labels[] = {{"cat", 3}, {"dog", 3}};
    static const double scores[] = {0.1, 0.9, 0.8, 0.2};
    static const double other[] = {0.1, 0.9, 0.4, 0.6}; /* the label is not the best score */
    static const char *const numbers[] = {"0", "1"};
    sv_tabular_predictions found;
    sv_error error = {0};
    given[0] = (sv_tensor){texts[0].name, SV_DTYPE_BYTES, SV_SHAPE(2), labels, sizeof labels};
    given[1] = (sv_tensor){texts[1].name, SV_DTYPE_FP64, SV_SHAPE(2, 2), scores, sizeof scores};
    sv_tabular_task task = {.softmax = true};
    assert_int_equal(predict(texts, 2, &task, &error, &found), SV_OK);
    expect(&found.items[0], "cat", 0.9, numbers, (const double[]){0.1, 0.9});
    expect(&found.items[1], "dog", 0.8, numbers, (const double[]){0.8, 0.2});
    static sv_str named[] = {{"dog", 3}, {"cat", 3}};
    static const char *const names[] = {"dog", "cat"};
    task = (sv_tabular_task){.labels.items = named, .labels.len = 2};
    given[1].data = other;
    assert_int_equal(predict(texts, 2, &task, &error, &found), SV_OK);
    expect(&found.items[0], "cat", 0.9, names, other);
    expect(&found.items[1], "dog", 0.4, names, other + 2);
    task.labels.len = 1; /* "cat" is the name of none: the best score then */
    assert_int_equal(predict(texts, 2, &task, &error, &found), SV_OK);
    assert_true(fabs(found.items[0].confidence - 0.9) < 1e-6);
    task = (sv_tabular_task){.softmax = true};
    assert_int_equal(predict(texts, 1, &task, &error, &found), SV_OK);
    assert_true(sv_str_eq(found.items[1].label, SV_STR("dog")));
    assert_false(found.items[1].has_scores);
    assert_int_equal(found.items[1].probabilities.len, 0);
}

/* Maps name their classes; a label that is none of them leaves the best one. */
static void test_maps(void **state)
{
    (void)state;
    static const sv_tensor_spec maps[] = {SPEC("l", INT64, DIMS(-1)),
                                          {.name = {"m", 1}, .map_keys = SV_DTYPE_INT64}};
    static const int64_t labels[] = {7, 4}, classes[] = {3, 7};
    static const float scores[] = {0.75F, 0.25F, 0.4F, 0.6F};
    static const char *const names[] = {"3", "7"};
    const sv_tensor keys = {.dtype = SV_DTYPE_INT64,
                            .shape = SV_SHAPE(2),
                            .data = classes,
                            .size_bytes = sizeof classes};
    sv_tabular_predictions found;
    sv_error error = {0};
    given[0] = (sv_tensor){maps[0].name, SV_DTYPE_INT64, SV_SHAPE(2), labels, sizeof labels};
    given[1] =
        (sv_tensor){maps[1].name, SV_DTYPE_FP32, SV_SHAPE(2, 2), scores, sizeof scores, &keys};
    sv_tabular_task task = {.softmax = true};
    assert_int_equal(predict(maps, 2, &task, &error, &found), SV_OK);
    expect(&found.items[0], "7", 0.25, names, (const double[]){0.75, 0.25});
    expect(&found.items[1], "4", 0.6, names, (const double[]){0.4, 0.6});
}

static void test_outputs_that_make_no_sense(void **state)
{
    (void)state;
    static const int64_t labels[] = {1, 0, 1};
    static const float good[] = {0, 1, 0, 1}, bad[] = {0, NAN, 0, 1};
    const sv_tensor cases[][2] = {
        {{both[0].name, SV_DTYPE_INT64, SV_SHAPE(3), labels, 24},
         {both[1].name, SV_DTYPE_FP32, SV_SHAPE(2, 2), good, 16}},
        {{both[0].name, SV_DTYPE_INT64, SV_SHAPE(2), labels, 16},
         {both[1].name, SV_DTYPE_FP32, SV_SHAPE(1, 4), good, 16}},
        {{both[0].name, SV_DTYPE_INT64, SV_SHAPE(2), labels, 16},
         {both[1].name, SV_DTYPE_FP32, SV_SHAPE(2, 0), good, 0}},
        {{both[0].name, SV_DTYPE_INT64, SV_SHAPE(2), labels, 16},
         {both[1].name, SV_DTYPE_FP32, SV_SHAPE(2, 2), bad, 16}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tabular_predictions found;
        sv_tabular_task task = {0};
        sv_error error = {0};
        memcpy(given, cases[i], sizeof given);
        assert_int_equal(predict(both, 2, &task, &error, &found), SV_FAILED);
        assert_ptr_equal(error.kind, &sv_kind_invalid_model_output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which_models, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labels_and_scores, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_and_labels_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_maps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outputs_that_make_no_sense, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
