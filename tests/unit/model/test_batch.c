/* Requests that run together: which ones may, that every row comes back to whom it belongs, and
 * that what happens to one is not felt by the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine_host.h"
#include "failing_malloc.h"
#include "model/batch.h"

/* An engine of this file: "x" FP32 [-1,2] and "id" INT64 [-1] in; "sum" FP32 [-1,2], "text" BYTES
 * [-1] and "same" (x as it is) out. It refuses ids below 0. */
static sv_tensor_spec inputs[] = {
    {.name = {"x", 1}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}, .type_text = "tensor(float)"},
    {.name = {"id", 2}, .dtype = SV_DTYPE_INT64, .shape = {1, {-1}}, .type_text = "tensor(int64)"}};
static sv_tensor_spec outputs[] = {
    {.name = {"sum", 3}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}},
    {.name = {"text", 4}, .dtype = SV_DTYPE_BYTES, .shape = {1, {-1}}},
    {.name = {"same", 4}, .dtype = SV_DTYPE_FP32, .shape = {2, {-1, 2}}}};

enum { MAX_ROWS = 64 };

typedef struct result_memory {
    float sums[MAX_ROWS][2];
    sv_str texts[MAX_ROWS];
    sv_tensor tensors[3];
} result_memory;

/* What the engine saw, and how it behaves; set by each test. */
static struct {
    int n_runs, n_asked;
    atomic_int n_out; /* results that were not given back */
    bool loses_a_row;
    void (*during)(sv_cancel *cancel); /* called in a run */
    bool was_cancelled;
} lab;

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    ret_loaded->info = (sv_engine_info){
        .inputs = inputs, .n_inputs = 2, .outputs = outputs, .n_outputs = 3, .memory_bytes = 1};
    return SV_OK;
}

static void unload(void *model)
{
    (void)model;
}

static void release(void *owner)
{
    free(owner);
    lab.n_out--;
}

static sv_str name_id(int64_t id)
{
    static const char digits[] = "0123456789";
    return (sv_str){digits + id % 10, 1};
}

static void fill(result_memory *memory, const sv_engine_job *job)
{
    const sv_tensor *x = job->inputs[0], *id = job->inputs[1];
    size_t n = (size_t)x->shape.dims[0];
    for (size_t i = 0; i < n; i++) {
        int64_t one = ((const int64_t *)id->data)[i];
        for (size_t k = 0; k < 2; k++)
            memory->sums[i][k] = ((const float *)x->data)[2 * i + k] + (float)one;
        memory->texts[i] = name_id(one);
    }
    const sv_tensor all[] = {
        {outputs[0].name, SV_DTYPE_FP32, x->shape, memory->sums, 8 * n},
        {outputs[1].name, SV_DTYPE_BYTES, id->shape, memory->texts, n * sizeof(sv_str)},
        {outputs[2].name, SV_DTYPE_FP32, x->shape, x->data, 8 * n}};
    for (size_t i = 0; i < job->n_outputs; i++) {
        memory->tensors[i] = all[job->outputs[i]];
        if (lab.loses_a_row && n > 1) {
            memory->tensors[i].size_bytes -= memory->tensors[i].size_bytes / n;
            memory->tensors[i].shape.dims[0]--;
        }
    }
}

static sv_status run(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result)
{
    (void)model;
    const sv_tensor *id = job->inputs[1];
    lab.n_runs++;
    lab.n_asked = (int)job->n_outputs;
    if (lab.during)
        lab.during(job->cancel);
    lab.was_cancelled = sv_cancel_is_set(job->cancel);
    if (lab.was_cancelled)
        return SV_FAILED;
    for (size_t i = 0; i < (size_t)id->shape.dims[0]; i++)
        if (((const int64_t *)id->data)[i] < 0)
            return sv_error_set(error, SV_INVALID, NULL, "id out of range");
    result_memory *memory = malloc(sizeof *memory);
    if (!memory)
        return SV_NO_MEMORY;
    fill(memory, job);
    *result = (sv_engine_result){memory->tensors, job->n_outputs, memory, release};
    lab.n_out++;
    return SV_OK;
}

static const sv_engine engine = {
    .name = "test", .title = "Test", .extension = ".t", .load = load, .unload = unload, .run = run};

static sv_engine_model *model;
static sv_batch_room room;

static int set_up(void **state)
{
    (void)state;
    sv_engine_opened opened = {&engine, NULL};
    sv_error error = {0};
    memset(&lab, 0, sizeof lab);
    return (int)sv_engine_load(&opened, "m.t", NULL, &error, &model);
}

static int tear_down(void **state)
{
    (void)state;
    sv_batch_room_deinit(&room);
    sv_engine_unload(model);
    return lab.n_out != 0;
}

/* One request with its memory. */
typedef struct asker {
    float x[2 * MAX_ROWS];
    int64_t ids[MAX_ROWS];
    sv_tensor in[2];
    sv_timeline timeline;
    sv_tensor_request request;
} asker;

/* Rows first_id, first_id + 1 …; odd askers name their inputs the other way round. */
static void ask(asker *it, size_t n_rows, int64_t first_id)
{
    *it = (asker){0};
    for (size_t i = 0; i < n_rows; i++) {
        it->ids[i] = first_id + (int64_t)i;
        it->x[2 * i] = (float)(100 * it->ids[i]);
        it->x[2 * i + 1] = (float)-it->ids[i];
    }
    sv_tensor x = {inputs[0].name, SV_DTYPE_FP32, SV_SHAPE((int64_t)n_rows, 2), it->x, 8 * n_rows};
    sv_tensor id = {inputs[1].name, SV_DTYPE_INT64, SV_SHAPE((int64_t)n_rows), it->ids, 8 * n_rows};
    it->in[first_id & 1] = x;
    it->in[!(first_id & 1)] = id;
    it->request = (sv_tensor_request){
        .inputs = it->in, .n_inputs = 2, .arena = sv_arena_new(0), .timeline = &it->timeline};
    assert_non_null(it->request.arena);
}

static void leave(asker *it)
{
    sv_arena_free(it->request.arena);
}

/* Does "sum" hold exactly the rows of the asker? */
static void assert_sum(const asker *it, const sv_tensor *sum)
{
    size_t n = sv_batch_rows(&it->request);
    assert_true(sv_str_eq(sum->name, outputs[0].name));
    assert_int_equal(sum->shape.rank, 2);
    assert_int_equal(sum->shape.dims[0], (int64_t)n);
    assert_int_equal(sum->size_bytes, 8 * n);
    for (size_t i = 0; i < 2 * n; i++)
        assert_true(((const float *)sum->data)[i] == it->x[i] + (float)it->ids[i / 2]);
}

static void assert_all_outputs(const asker *it, const sv_tensors *got)
{
    assert_int_equal(got->len, 3);
    assert_sum(it, &got->items[0]);
    for (size_t i = 0; i < sv_batch_rows(&it->request); i++)
        assert_true(sv_str_eq(((const sv_str *)got->items[1].data)[i], name_id(it->ids[i])));
    assert_memory_equal(got->items[2].data, it->x, got->items[2].size_bytes);
}

static void test_rows_come_back(void **state)
{
    (void)state;
    asker askers[5];
    sv_batch_member members[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        ask(&askers[i], 1 + (i * 3) % 5, (int64_t)(10 * i + i));
        members[i].request = &askers[i].request;
    }
    assert_int_equal(sv_batch_run(model, members, 5, &room), SV_BATCH_OUTCOME_JOINED);
    assert_int_equal(lab.n_runs, 1);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(members[i].status, SV_OK);
        assert_int_equal(members[i].n_rows, sv_batch_rows(&askers[i].request));
        assert_true(askers[i].timeline.stage_ns[SV_STAGE_INFER] > 0);
    }
    assert_null(room.ptr); /* "same" points into it: it went with the result */
    static const size_t order[] = {3, 0, 4, 1, 2};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(lab.n_out, 1);
        assert_all_outputs(&askers[order[i]], &members[order[i]].outputs);
        leave(&askers[order[i]]);
    }
    assert_int_equal(lab.n_out, 0);
}

/* Each asks for outputs of its own; the model computes their union, and the room is used again. */
static void test_each_its_outputs(void **state)
{
    (void)state;
    static const sv_str both[] = {SV_STR_INIT("text"), SV_STR_INIT("sum")};
    asker askers[2];
    sv_batch_member members[2] = {0};
    void *kept = NULL;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2; i++) {
            ask(&askers[i], 2, (int64_t)(i + 1));
            askers[i].request.outputs = i ? both : &both[1];
            askers[i].request.n_outputs = 1 + i;
            members[i].request = &askers[i].request;
        }
        assert_int_equal(sv_batch_run(model, members, 2, &room), SV_BATCH_OUTCOME_JOINED);
        assert_int_equal(lab.n_asked, 2);
        assert_int_equal(members[0].outputs.len, 1);
        assert_sum(&askers[0], &members[0].outputs.items[0]);
        assert_int_equal(members[1].outputs.len, 2);
        assert_true(sv_str_eq(members[1].outputs.items[0].name, both[0]));
        assert_sum(&askers[1], &members[1].outputs.items[1]);
        assert_true(!kept || kept == room.ptr);
        kept = room.ptr;
        leave(&askers[0]);
        leave(&askers[1]);
    }
}

/* The inputs of one request go to the engine as they are. */
static void test_one_runs_in_place(void **state)
{
    (void)state;
    asker one;
    ask(&one, 3, 4);
    sv_batch_member member = {.request = &one.request};
    assert_int_equal(sv_batch_run(model, &member, 1, &room), SV_BATCH_OUTCOME_ALONE);
    assert_int_equal(member.status, SV_OK);
    assert_ptr_equal(member.outputs.items[2].data, one.x);
    assert_int_equal(member.n_rows, 0);
    assert_null(room.ptr);
    leave(&one);
}

/* A bad row, a bad request: only who sent it hears of it. */
static void test_neighbours_do_not_feel_it(void **state)
{
    (void)state;
    static const struct {
        int64_t ids[3];
        bool is_misshapen; /* the second */
        sv_batch_outcome outcome;
        int n_runs;
        sv_status second;
    } cases[] = {
        {{1, -5, 2}, false, SV_BATCH_OUTCOME_FAILED, 4, SV_INVALID},
        {{1, 5, 2}, true, SV_BATCH_OUTCOME_JOINED, 1, SV_INVALID},
        {{1, 5, 2}, false, SV_BATCH_OUTCOME_JOINED, 1, SV_OK},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        asker askers[3];
        sv_batch_member members[3] = {0};
        for (size_t i = 0; i < 3; i++) {
            ask(&askers[i], 2, cases[c].ids[i]);
            members[i].request = &askers[i].request;
        }
        if (cases[c].is_misshapen)
            askers[1].in[0].size_bytes--;
        lab.n_runs = 0;
        assert_int_equal(sv_batch_run(model, members, 3, &room), cases[c].outcome);
        assert_int_equal(lab.n_runs, cases[c].n_runs);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(members[i].status, i == 1 ? cases[c].second : SV_OK);
        if (cases[c].second)
            assert_true(members[1].error.message[0] != '\0');
        assert_all_outputs(&askers[0], &members[0].outputs);
        assert_all_outputs(&askers[2], &members[2].outputs);
        for (size_t i = 0; i < 3; i++)
            leave(&askers[i]);
    }
}

/* Outputs that are not one row for each row: the caller is told, and the answers are right. */
static void test_uneven_outputs(void **state)
{
    (void)state;
    asker askers[2];
    sv_batch_member members[2] = {0};
    lab.loses_a_row = true;
    for (size_t i = 0; i < 2; i++) {
        ask(&askers[i], 1, (int64_t)i);
        members[i].request = &askers[i].request;
    }
    assert_int_equal(sv_batch_run(model, members, 2, &room), SV_BATCH_OUTCOME_UNEVEN);
    assert_int_equal(lab.n_runs, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_all_outputs(&askers[i], &members[i].outputs);
        leave(&askers[i]);
    }
}

/* Unlike requests (classes are hashes and may collide), or ones without rows, run by themselves. */
static void test_what_does_not_fit_runs_alone(void **state)
{
    (void)state;
    asker a, b;
    ask(&a, 2, 0);
    ask(&b, 0, 1);
    sv_batch_member members[] = {{.request = &a.request}, {.request = &b.request}};
    assert_int_equal(sv_batch_run(model, members, 2, &room), SV_BATCH_OUTCOME_ALONE);
    assert_int_equal(lab.n_runs, 1); /* the other needs no engine */
    assert_int_equal(members[0].status, SV_OK);
    assert_int_equal(members[1].status, SV_OK);
    assert_all_outputs(&a, &members[0].outputs);
    leave(&a);
    leave(&b);
}

/* ---- classes ---- */

static void test_classes(void **state)
{
    (void)state;
    const sv_engine_info *info = sv_engine_model_info(model);
    asker a, b;
    ask(&a, 2, 0);
    ask(&b, 5, 1); /* the other order, another number of rows */
    uint64_t class = sv_batch_class(info, &a.request);
    assert_true(class != 0);
    assert_true(sv_batch_class(info, &b.request) == class);
    b.in[0].shape.dims[1] = 3;
    assert_true(sv_batch_class(info, &b.request) == class); /* beyond its rank */
    b.in[1].shape = a.in[0].shape;
    assert_true(sv_batch_class(info, &b.request) == 0); /* 2 rows beside 5 */
    b.in[0].shape.dims[0] = 2;
    b.in[1].dtype = SV_DTYPE_FP64;
    assert_true(sv_batch_class(info, &b.request) != 0);
    assert_true(sv_batch_class(info, &b.request) != class);
    b.in[0].shape = b.in[1].shape = (sv_shape){0};
    assert_true(sv_batch_class(info, &b.request) == 0);
    assert_int_equal(sv_batch_rows(&b.request), 0);
    leave(&a);
    leave(&b);
}

static void test_which_models(void **state)
{
    (void)state;
    static const sv_str y = {"y", 1}, z = {"z", 1};
    static const struct {
        sv_tensor_spec in, y, z;
        const sv_str *outputs;
        const char *says; /* NULL: fine */
    } cases[] = {
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}, .axes = {{"N", 1}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}, .axes = {{"N", 1}}},
         {.dtype = SV_DTYPE_INT64, .shape = {1, {-1}}},
         NULL,
         NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {1, 4}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {1, 3}}},
         {.dtype = SV_DTYPE_INT64, .shape = {1, {1}}},
         NULL,
         "input 'x' has no free first axis"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}, .axes = {{"N", 1}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}, .axes = {{"M", 1}}},
         {.dtype = SV_DTYPE_INT64, .shape = {1, {-1}}},
         NULL,
         "the first axis of output 'y' is called 'M', of others 'N'"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}, .axes = {{"unk__214", 8}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}, .axes = {{"unk__215", 8}}},
         {.dtype = SV_DTYPE_INT64, .shape = {1, {-1}}},
         NULL,
         NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
         {.type_text = "sequence of maps", .is_any_shape = true},
         NULL,
         "output 'z' is a sequence of maps, not a tensor"},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
         {.type_text = "sequence of maps", .is_any_shape = true},
         &y, /* and not the other */
         NULL},
        {{.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 4}}},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
         {.dtype = SV_DTYPE_FP32},
         &z,
         "output 'z' has no free first axis"},
        {{.dtype = SV_DTYPE_FP32, .is_any_shape = true},
         {.dtype = SV_DTYPE_FP32, .shape = {2, {-1, 3}}},
         {.dtype = SV_DTYPE_FP32},
         &y,
         "input 'x' has no free first axis"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_tensor_spec in = cases[i].in, out[] = {cases[i].y, cases[i].z};
        in.name = inputs[0].name;
        out[0].name = y;
        out[1].name = z;
        sv_engine_info info = {.inputs = &in, .n_inputs = 1, .outputs = out, .n_outputs = 2};
        sv_error error = {0};
        assert_int_equal(sv_batch_check(&info, cases[i].outputs, 1, &error),
                         cases[i].says ? SV_UNSUPPORTED : SV_OK);
        assert_string_equal(error.message, cases[i].says ? cases[i].says : "");
    }
}

/* ---- cancelling ---- */

static sv_cancel *tokens[3];

static void fire_two(sv_cancel *cancel)
{
    sv_cancel_fire(tokens[0], SV_CANCEL_CLIENT);
    sv_cancel_fire(tokens[2], SV_CANCEL_CLIENT);
    assert_false(sv_cancel_is_set(cancel));
}

static void fire_all(sv_cancel *cancel)
{
    if (!cancel || cancel == tokens[1])
        return;
    fire_two(cancel);
    sv_cancel_fire(tokens[1], SV_CANCEL_DEADLINE);
    assert_int_equal(sv_cancel_get(cancel), SV_CANCEL_DEADLINE);
}

static void test_cancelling(void **state)
{
    (void)state;
    static const struct {
        bool first_is_gone, one_has_no_token;
        void (*during)(sv_cancel *cancel);
        sv_batch_outcome outcome;
        sv_status status[3];
        int n_runs;
    } cases[] = {
        {false, false, NULL, SV_BATCH_OUTCOME_JOINED, {SV_OK, SV_OK, SV_OK}, 1},
        {true, false, NULL, SV_BATCH_OUTCOME_JOINED, {SV_CANCELLED, SV_OK, SV_OK}, 1},
        {false, false, fire_two, SV_BATCH_OUTCOME_JOINED, {SV_CANCELLED, SV_OK, SV_CANCELLED}, 1},
        {false,
         false,
         fire_all,
         SV_BATCH_OUTCOME_FAILED,
         {SV_CANCELLED, SV_CANCELLED, SV_CANCELLED},
         1},
        {false, true, fire_two, SV_BATCH_OUTCOME_JOINED, {SV_CANCELLED, SV_OK, SV_CANCELLED}, 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        asker askers[3];
        sv_batch_member members[3] = {0};
        for (size_t i = 0; i < 3; i++) {
            ask(&askers[i], 2, (int64_t)i);
            tokens[i] = sv_cancel_new();
            askers[i].request.cancel = i == 1 && cases[c].one_has_no_token ? NULL : tokens[i];
            members[i].request = &askers[i].request;
        }
        if (cases[c].first_is_gone)
            sv_cancel_fire(tokens[0], SV_CANCEL_CLIENT);
        lab.during = cases[c].during;
        lab.n_runs = 0;
        assert_int_equal(sv_batch_run(model, members, 3, &room), cases[c].outcome);
        assert_int_equal(lab.n_runs, cases[c].n_runs);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(members[i].status, cases[c].status[i]);
            if (!members[i].status)
                assert_all_outputs(&askers[i], &members[i].outputs);
            sv_cancel_unref(tokens[i]); /* nothing of the batch is registered with it any more */
            leave(&askers[i]);
        }
    }
}

/* Threads cancel, and free arenas, while and after the batch runs: for the sanitizers. */
static void *fire_token(void *arg)
{
    sv_cancel_fire(arg, SV_CANCEL_CLIENT);
    return NULL;
}

static void *free_arena(void *arg)
{
    sv_arena_free(arg);
    return NULL;
}

static void test_on_many_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        asker askers[4];
        sv_batch_member members[4] = {0};
        pthread_t threads[4];
        for (size_t i = 0; i < 4; i++) {
            ask(&askers[i], 3, (int64_t)i);
            askers[i].request.cancel = sv_cancel_new();
            members[i].request = &askers[i].request;
        }
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, fire_token, askers[i].request.cancel), 0);
        sv_batch_run(model, members, 4, &room);
        for (size_t i = 0; i < 4; i++) {
            assert_true(members[i].status == SV_OK || members[i].status == SV_CANCELLED);
            pthread_join(threads[i], NULL);
            sv_cancel_unref(askers[i].request.cancel);
        }
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, free_arena, askers[i].request.arena),
                             0);
        for (size_t i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(lab.n_out, 0);
    }
}

/* ---- memory ---- */

static bool attempt_batch(void *arg)
{
    (void)arg;
    asker askers[2];
    sv_batch_member members[2] = {0};
    sv_cancel *cancels[2] = {sv_cancel_new(), sv_cancel_new()};
    bool is_made = cancels[0] && cancels[1], is_done = is_made;
    for (size_t i = 0; i < 2; i++) {
        askers[i] = (asker){.ids = {1, 2}};
        askers[i].in[0] =
            (sv_tensor){inputs[0].name, SV_DTYPE_FP32, SV_SHAPE(2, 2), askers[i].x, 16};
        askers[i].in[1] =
            (sv_tensor){inputs[1].name, SV_DTYPE_INT64, SV_SHAPE(2), askers[i].ids, 16};
        askers[i].request = (sv_tensor_request){
            .inputs = askers[i].in, .n_inputs = 2, .arena = sv_arena_new(0), .cancel = cancels[i]};
        members[i].request = &askers[i].request;
        is_made = is_made && askers[i].request.arena;
    }
    if (is_made)
        sv_batch_run(model, members, 2, &room);
    for (size_t i = 0; i < 2; i++) {
        is_done = is_done && is_made && members[i].status == SV_OK;
        leave(&askers[i]);
        sv_cancel_unref(cancels[i]);
    }
    sv_batch_room_deinit(&room);
    return is_done;
}

static void test_without_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(attempt_batch, NULL) > 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_rows_come_back),    TEST(test_each_its_outputs),
        TEST(test_one_runs_in_place), TEST(test_neighbours_do_not_feel_it),
        TEST(test_uneven_outputs),    TEST(test_what_does_not_fit_runs_alone),
        TEST(test_classes),           TEST(test_which_models),
        TEST(test_cancelling),        TEST(test_on_many_threads),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
