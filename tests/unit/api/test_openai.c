/* test_openai.c: the paths below /v1 in process; with OpenAI's client: tests/e2e/test_openai.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

typedef struct exchange {
    const char *path, *body; /* NULL: GET */
    int status;
    const char *part; /* of the answer's body */
} exchange;

static void check(const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_reply reply = cases[i].body ? sv_test_post(lab.client, cases[i].path, cases[i].body)
                                       : sv_test_get(lab.client, cases[i].path);
        bool has = memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part));
        if (reply.status != cases[i].status || !has)
            fail_msg("%s %s: %d %.*s", cases[i].path, cases[i].body ? cases[i].body : "",
                     reply.status, SV_STR_ARG(reply.body));
    }
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static int set_up(void **state)
{
    static const char *const models[] = {SV_SOURCE_DIR "/models/embedder", NULL};
    (void)state;
    server_lab_open(&lab, models);
    return 0;
}

#define ERROR(param, code)                                                                         \
    "\"type\":\"invalid_request_error\",\"param\":" param ",\"code\":" code "}}"

static void lists_models(void **state)
{
    static const exchange cases[] = {
        {"/v1/models", NULL, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"digits\",\"object\":"},
        {"/v1/models/embedder", NULL, 200,
         "{\"id\":\"embedder\",\"object\":\"model\",\"created\":1"},
        {"/v1/models/embedder:1", NULL, 200, "\"id\":\"embedder:1\""},
        {"/v1/models/embedder%3Av1", NULL, 200, "\"owned_by\":\"serval\""},
        {"/v1/models/embedder:7", NULL, 404, ERROR("\"model\"", "\"model_not_found\"")},
        {"/v1/models/embedder:", NULL, 404, "The model 'embedder:' does not exist."},
        {"/v1/models/org%2Fname", NULL, 404, "The model 'org/name' does not exist."},
        {"/v1/models/org/name", NULL, 404, "The model 'org/name' does not exist."},
        {"/version", NULL, 200, "{\"version\":\""},
        {"/v1", NULL, 404, ERROR("null", "\"unknown_url\"")},
        {"/v1/nothing", NULL, 404, ERROR("null", "\"unknown_url\"")},
        {"/v1/models", "{}", 405, ERROR("null", "\"method_not_supported\"")},
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

#define EMBED(more) "{\"model\":\"embedder\"," more "}"
#define INPUT(value) EMBED("\"input\":" value)
#define VALUE(param) ERROR("\"" param "\"", "\"invalid_value\"")
#define TYPE(param) ERROR("\"" param "\"", "\"invalid_type\"")

static const exchange embeddings[] = {
    {"/v1/embeddings", INPUT("\"a cat\""), 200,
     "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":["},
    {"/v1/embeddings", INPUT("\"a cat\""), 200,
     "]}],\"model\":\"embedder\",\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}"},
    {"/v1/embeddings", INPUT("[\"a\",\"b\"],\"encoding_format\":\"base64\""), 200,
     "\"index\":1,\"embedding\":\""},
    {"/v1/embeddings", INPUT("\"a\\u0000b\",\"dimensions\":64,\"user\":null"), 200, "["},
    {"/v1/embeddings", "{\"model\":\"embedder:1\",\"input\":\"a\",\"new\":{}}", 200, "["},
    {"/v1/embeddings", "{\"input\":\"a\"}", 400,
     ERROR("\"model\"", "\"missing_required_parameter\"")},
    {"/v1/embeddings", EMBED("\"input\":null"), 400,
     ERROR("\"input\"", "\"missing_required_parameter\"")},
    {"/v1/embeddings", INPUT("\"\""), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("{}"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("5"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[true]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[\"a\",\"\"]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[\"a\",5]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[5,\"a\"]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[5,-1]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[[]]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[[5],5]"), 400, VALUE("input")},
    {"/v1/embeddings", INPUT("[[5]]"), 400, "takes texts, not tokens"},
    {"/v1/embeddings", INPUT("\"a\",\"encoding_format\":\"hex\""), 400, VALUE("encoding_format")},
    {"/v1/embeddings", INPUT("\"a\",\"encoding_format\":5"), 400, TYPE("encoding_format")},
    {"/v1/embeddings", INPUT("\"a\",\"dimensions\":0"), 400, VALUE("dimensions")},
    {"/v1/embeddings", INPUT("\"a\",\"dimensions\":true"), 400, TYPE("dimensions")},
    {"/v1/embeddings", INPUT("\"a\",\"dimensions\":65"), 400, VALUE("dimensions")},
    {"/v1/embeddings", INPUT("\"a\",\"dimensions\":32"), 400, VALUE("dimensions")},
    {"/v1/embeddings", "{\"model\":\"x\",\"input\":\"a\"}", 404,
     ERROR("\"model\"", "\"model_not_found\"")},
    {"/v1/embeddings", "{\"model\":\"embedder:9\",\"input\":\"a\"}", 404,
     ERROR("\"model\"", "\"model_not_found\"")},
    {"/v1/embeddings", "{\"model\":\"digits\",\"input\":\"a\"}", 400, VALUE("model")},
    {"/v1/embeddings", "{", 400, ERROR("null", "null")},
    {"/v1/embeddings", "[]", 400, ERROR("null", "\"invalid_type\"")},
    {"/v1/embeddings", "\"\\ud800\"", 400, ERROR("null", "null")},
};

static void embeds_texts(void **state)
{
    (void)state;
    server_lab_load(&lab);
    check(embeddings, sizeof embeddings / sizeof *embeddings);
}

static void shortens_where_models_are_made_for_it(void **state)
{
    static const char *const options[] = {SV_SOURCE_DIR "/models/embedder", "--set",
                                          "embedder.postprocess.matryoshka=true", NULL};
    static const exchange cases[] = {
        {"/v1/embeddings", INPUT("\"a cat\",\"dimensions\":1"), 200, "\"embedding\":[1.0]}]"},
        {"/v1/embeddings", INPUT("\"a cat\",\"dimensions\":65"), 400, "64 numbers at most"},
    };
    (void)state;
    server_lab_open(&lab, options);
    server_lab_load(&lab);
    sv_reply reply = sv_test_post(lab.client, cases[0].path, cases[0].body);
    assert_int_equal(reply.status, 200);
    assert_true(memmem(reply.body.ptr, reply.body.len, "\"embedding\":[1.0]", 17) ||
                memmem(reply.body.ptr, reply.body.len, "\"embedding\":[-1.0]", 18));
    check(cases + 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_models, set_up, tear_down),
        cmocka_unit_test_setup_teardown(embeds_texts, set_up, tear_down),
        cmocka_unit_test_teardown(shortens_where_models_are_made_for_it, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
