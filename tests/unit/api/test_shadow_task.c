/* What each task hands to a shadow version, and how the answers compare. */
#include "../model/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/shadow.h"
#include "server_lab.h"

#define DATA SV_SOURCE_DIR "/tests/data/engine/"
#define EMBEDDER SV_SOURCE_DIR "/models/embedder/1/model.onnx"

static server_lab lab;

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    folder_clear();
    return 0;
}

static void wait_for_copies(void)
{
    for (int i = 0; sv_shadow_count(lab.runtime.services.shadows) > 0; i++) {
        assert_true(i < 30000);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static double count(const char *result)
{
    char line[128];
    sv_reply reply = sv_test_get(lab.client, "/metrics");
    snprintf(line, sizeof line, "serval_shadow_total{model=\"m\",version=\"2\",result=\"%s\"} ",
             result);
    const char *at = memmem(reply.body.ptr, reply.body.len, line, strlen(line));
    return at ? strtod(at + strlen(line), NULL) : -1;
}

typedef struct exchange {
    const char *real, *shadow; /* files of the two versions */
    const char *manifest;      /* but for `versions` */
    const char *path, *body;
    const char *result; /* what becomes of the copy */
} exchange;

#define TENSORS "{\"inputs\":{\"a\":[[1,2,3]],\"b\":[[10,20,30.5]]}}"
#define OIP                                                                                        \
    "{\"inputs\":[{\"name\":\"a\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]},"        \
    "{\"name\":\"b\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]"
#define PREDICT "/api/v1/models/m/predict"
#define HASHED "preprocess: {tokenizer: hashed-ngrams}\n"

static void open_lab(const exchange *it)
{
    char manifest[512];
    const char *const options[] = {folder_path("r"), NULL};
    folder_copy("r/m/1/model.onnx", it->real);
    folder_copy("r/m/2/model.onnx", it->shadow);
    snprintf(manifest, sizeof manifest, "versions: {default: '1', shadow: '2'}\n%s", it->manifest);
    folder_write("r/m/model.yaml", manifest);
    server_lab_open(&lab, options);
    server_lab_load(&lab);
}

static void check(const exchange *it)
{
    open_lab(it);
    sv_reply reply = sv_test_post(lab.client, it->path, it->body);
    if (reply.status != 200)
        fail_msg("%s: %d %.*s", it->body, reply.status, SV_STR_ARG(reply.body));
    wait_for_copies();
    if (count(it->result) != 1)
        fail_msg("%s %s: match %g, differ %g, failed %g, dropped %g", it->path, it->body,
                 count("match"), count("differ"), count("failed"), count("dropped"));
    tear_down(NULL);
}

static void test_tensors(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {DATA "add.onnx", DATA "add.onnx", "", PREDICT, TENSORS, "match"},
        {DATA "add.onnx", DATA "add.onnx", "", PREDICT,
         "{\"inputs\":{\"a\":[[1,2,3]],\"b\":[[1,2,3]]},\"outputs\":[\"sum\"]}", "match"},
        {DATA "add.onnx", DATA "scalar.onnx", "task: tensor", PREDICT, TENSORS, "failed"},
        {DATA "add.onnx", DATA "add.onnx", "", "/v2/models/m/infer", OIP "}", "match"},
        {DATA "add.onnx", DATA "add.onnx", "", "/v2/models/m/infer",
         OIP ",\"outputs\":[{\"name\":\"difference\"}]}", "match"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static void test_tables(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {DATA "table.onnx", DATA "table.onnx", "", PREDICT, "{\"rows\":[[0.25,0.5,0.25],[1,0,0]]}",
         "match"},
        {DATA "table.onnx", DATA "add.onnx", "", PREDICT, "{\"rows\":[[1,0,0]]}", "failed"},
        {DATA "columns.onnx", DATA "columns.onnx", "", PREDICT,
         "{\"rows\":[{\"kind\":\"cat\",\"size\":0},[0,\"dog\"]]}", "match"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static void test_texts(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {EMBEDDER, EMBEDDER, HASHED "task: text-embedding", "/embed",
         "{\"model\":\"m\",\"text\":[\"The cat sleeps.\",\"Good morning\"]}", "match"},
        {EMBEDDER, EMBEDDER, HASHED "task: text-classification", PREDICT,
         "{\"text\":\"The cat sleeps.\"}", "match"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

/* However little room there is, a copy is whole or dropped, and nothing of it stays. */
static void test_little_room(void **state)
{
    (void)state;
    static const exchange cases[] = {
        {DATA "add.onnx", DATA "add.onnx", "", PREDICT,
         "{\"inputs\":{\"a\":[[1,2,3]],\"b\":[[1,2,3]]},\"outputs\":[\"sum\"]}", NULL},
        {DATA "columns.onnx", DATA "columns.onnx", "", PREDICT,
         "{\"rows\":[{\"kind\":\"cat\",\"size\":0},[0,\"dog\"]]}", NULL},
        {EMBEDDER, EMBEDDER, HASHED "task: text-embedding", "/embed",
         "{\"model\":\"m\",\"text\":[\"The cat sleeps.\",\"Good morning\"]}", NULL},
        {EMBEDDER, EMBEDDER, HASHED "task: text-classification", PREDICT,
         "{\"text\":\"The cat sleeps.\"}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_lab(&cases[i]);
        sv_model *model = sv_registry_find(lab.runtime.registry, SV_STR("m"));
        double n = 0;
        for (size_t room = 1; room < 4000; room += 24, n++) {
            atomic_store(&model->shadow_bytes, SV_SHADOW_MAX_BYTES - room);
            sv_reply reply = sv_test_post(lab.client, cases[i].path, cases[i].body);
            assert_int_equal(reply.status, 200);
            wait_for_copies();
            assert_int_equal(model->shadow_bytes, SV_SHADOW_MAX_BYTES - room);
            assert_int_equal(model->n_shadows, 0);
        }
        assert_true(count("match") > 0 && count("dropped") > 0);
        assert_true(count("match") + count("dropped") == n);
        tear_down(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_tensors, tear_down),
        cmocka_unit_test_teardown(test_tables, tear_down),
        cmocka_unit_test_teardown(test_texts, tear_down),
        cmocka_unit_test_teardown(test_little_room, tear_down),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
