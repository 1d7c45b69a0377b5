/* Row i in is row i out, with real models: requests of random rows run together and by themselves,
 * and the answers are the same. Models of this repository always, those shared beside it where they
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "engine/engine_host.h"
#include "model/batch.h"

enum { N_ROUNDS = 12, MAX_MEMBERS = 6, MAX_ROWS = 5, FREE_LENGTH = 3, MAX_INPUTS = 16 };

static uint64_t random_state = 20261124;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Small numbers of every datatype that the models take. */
static void make_element(sv_dtype dtype, char *to)
{
    static const sv_str words[] = {SV_STR_INIT("1"), SV_STR_INIT("22"), SV_STR_INIT("-3")};
    uint64_t number = next_random() % 2;
    float small = (float)(next_random() % 1000) / 1000;
    double large = small;
    size_t size = sv_tensor_dtype_size(dtype);
    if (dtype == SV_DTYPE_BYTES)
        memcpy(to, &words[next_random() % 3], size);
    else if (dtype == SV_DTYPE_FP32)
        memcpy(to, &small, size);
    else if (dtype == SV_DTYPE_FP64)
        memcpy(to, &large, size);
    else
        memcpy(to, &number, size);
}

static void make_input(const sv_tensor_spec *spec, int64_t n_rows, sv_arena *arena,
                       sv_tensor *ret_input)
{
    sv_tensor input = {.name = spec->name, .dtype = spec->dtype, .shape = spec->shape};
    size_t size = sv_tensor_dtype_size(spec->dtype);
    for (int i = 1; i < input.shape.rank; i++)
        if (input.shape.dims[i] < 0)
            input.shape.dims[i] = FREE_LENGTH;
    input.shape.dims[0] = n_rows;
    assert_int_equal(sv_tensor_shape_bytes(&input.shape, input.dtype, &input.size_bytes), SV_OK);
    char *data = sv_arena_alloc(arena, input.size_bytes);
    assert_non_null(data);
    for (size_t at = 0; at < input.size_bytes; at += size)
        make_element(input.dtype, data + at);
    input.data = data;
    *ret_input = input;
}

/* A request of its own arena. */
typedef struct asker {
    sv_tensor inputs[MAX_INPUTS];
    sv_tensor_request request;
} asker;

static void ask(const sv_engine_info *info, asker *it)
{
    int64_t n_rows = 1 + (int64_t)(next_random() % MAX_ROWS);
    it->request = (sv_tensor_request){
        .inputs = it->inputs, .n_inputs = info->n_inputs, .arena = sv_arena_new(256 << 20)};
    assert_non_null(it->request.arena);
    assert_true(info->n_inputs <= MAX_INPUTS);
    for (size_t i = 0; i < info->n_inputs; i++)
        make_input(&info->inputs[i], n_rows, it->request.arena, &it->inputs[i]);
}

/* Within what kernels that add up in another order may differ by. */
static bool is_near(const float *a, const float *b, size_t n)
{
    float most = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmaxf(most, fabsf(a[i] - b[i]));
        largest = fmaxf(largest, fabsf(a[i]));
    }
    return most <= 1e-5F * largest;
}

static bool is_same(const sv_tensor *a, const sv_tensor *b)
{
    if (!sv_str_eq(a->name, b->name) || a->dtype != b->dtype || a->size_bytes != b->size_bytes ||
        memcmp(&a->shape, &b->shape, sizeof a->shape) != 0)
        return false;
    const sv_str *x = a->data, *y = b->data;
    for (size_t i = 0; a->dtype == SV_DTYPE_BYTES && i < a->size_bytes / sizeof *x; i++)
        if (!sv_str_eq(x[i], y[i]))
            return false;
    if (a->dtype == SV_DTYPE_BYTES || memcmp(a->data, b->data, a->size_bytes) == 0)
        return true;
    return a->dtype == SV_DTYPE_FP32 && is_near(a->data, b->data, a->size_bytes / sizeof(float));
}

static void assert_as_alone(sv_engine_model *model, const asker *it, const sv_batch_member *member)
{
    sv_error error = {0};
    sv_tensors alone = {0};
    assert_int_equal(member->status, SV_OK);
    assert_int_equal(sv_task_tensor_run(model, &it->request, &error, &alone), SV_OK);
    assert_int_equal(member->outputs.len, alone.len);
    for (size_t i = 0; i < alone.len; i++)
        if (!is_same(&alone.items[i], &member->outputs.items[i]))
            fail_msg("rows %zu.. of '%.*s' differ", member->first_row,
                     SV_STR_ARG(alone.items[i].name));
}

static void run_round(sv_engine_model *model, sv_batch_room *room)
{
    const sv_engine_info *info = sv_engine_model_info(model);
    asker askers[MAX_MEMBERS];
    sv_batch_member members[MAX_MEMBERS];
    size_t n = 2 + next_random() % (MAX_MEMBERS - 1);
    for (size_t i = 0; i < n; i++) {
        ask(info, &askers[i]);
        members[i].request = &askers[i].request;
        assert_true(sv_batch_class(info, &askers[i].request) != 0);
        assert_true(sv_batch_class(info, &askers[i].request) ==
                    sv_batch_class(info, &askers[0].request));
    }
    assert_int_equal(sv_batch_run(model, members, n, room), SV_BATCH_OUTCOME_JOINED);
    for (size_t i = 0; i < n; i++)
        assert_as_alone(model, &askers[i], &members[i]);
    for (size_t i = 0; i < n; i++)
        sv_arena_free(askers[i].request.arena);
}

/* False: the engine is not installed. */
static bool run_model(sv_engine_host *host, const char *path)
{
    sv_engine_model *model = NULL;
    sv_batch_room room = {0};
    sv_error error = {0};
    sv_status status = sv_engine_host_load(host, path, NULL, &error, &model);
    if (status == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", error.message);
        return false;
    }
    if (status)
        fail_msg("%s: %s", path, error.message);
    for (int round = 0; round < N_ROUNDS; round++)
        run_round(model, &room);
    sv_batch_room_deinit(&room);
    sv_engine_unload(model);
    return true;
}

static void run_models(const char *directory, const char *const *names, size_t n)
{
    sv_engine_config config = {0};
    sv_engine_host *host = NULL;
    bool is_installed = true;
    assert_int_equal(sv_engine_host_new(&config, &host), SV_OK);
    for (size_t i = 0; i < n && is_installed; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s/model.onnx", directory, names[i]);
        is_installed = run_model(host, path);
    }
    sv_engine_host_free(host);
    if (!is_installed)
        skip();
}

static void test_bundled_models(void **state)
{
    (void)state;
    static const char *const names[] = {"digits/1", "digits/2", "embedder/1"};
    run_models(SV_SOURCE_DIR "/models", names, sizeof names / sizeof *names);
}

static void test_shared_models(void **state)
{
    (void)state;
    static const char shared[] = SV_SOURCE_DIR "/../shared/models";
    static const char *const names[] = {"synthetic/mlp_784/1",
                                        "synthetic/onnx_zero_1_object/1",
                                        "synthetic/onnx_zero_1_bool/1",
                                        "synthetic/onnx_zero_1_float16/1",
                                        "synthetic/simple/1",
                                        "tabular/iris/1",
                                        "tabular/iris/2",
                                        "embed/bge-m2v-64/1"};
    if (access(shared, R_OK) != 0) {
        print_message("skipped: no ../shared/models\n");
        skip();
    }
    run_models(shared, names, sizeof names / sizeof *names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundled_models),
        cmocka_unit_test(test_shared_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
