/* Texts into vectors over HTTP, by the bundled embedder; values: tests/e2e/test_embed.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

typedef struct exchange {
    const char *path, *body;
    int status;
    const char *part; /* of the answer's body */
} exchange;

static void check(const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_reply reply = sv_test_post(lab.client, cases[i].path, cases[i].body);
        bool has = memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part));
        if (reply.status != cases[i].status || !has)
            fail_msg("%s: %d %.*s", cases[i].body, reply.status, SV_STR_ARG(reply.body));
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

static void embeds_texts(void **state)
{
    static const exchange cases[] = {
        {"/embed", "{\"text\":\"a cat\"}", 200, "{\"embedding\":["},
        {"/embed", "{\"text\":[\"a cat\"]}", 200, "{\"embeddings\":[["},
        {"/api/v1/embed", "{\"text\":\"a cat\",\"model\":\"embedder\",\"model_version\":\"v1\"}",
         200, "],\"model\":\"embedder\",\"model_version\":\"1\",\"dimensions\":64}"},
        {"/embed", "{\"text\":\"a\",\"model\":null}", 200, "\"dimensions\":64}"},
        {"/embed", "{\"text\":\"a\",\"model\":\"x\"}", 404, "MODEL_NOT_FOUND"},
        {"/embed", "{\"text\":\"a\",\"model_version\":\"7\"}", 404, "\"available\":[\"1\"]"},
        {"/embed", "{\"text\":\"a\",\"model\":\"digits\"}", 400,
         "Model digits does not embed texts: its task is image-classification"},
        {"/embed", "{\"text\":\"\"}", 422, "string_too_short"},
        {"/embed", "{\"text\":[]}", 422, "too_short"},
        {"/embed", "{}", 422, "\"loc\":[\"body\",\"text\"]"},
    };
    (void)state;
    server_lab_load(&lab);
    check(cases, sizeof cases / sizeof *cases);
}

static void tells_that_nothing_is_loaded(void **state)
{
    static const exchange cases[] = {
        {"/embed", "{\"text\":\"a\"}", 503, "Model embedder is not loaded"},
    };
    (void)state;
    check(cases, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(embeds_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_that_nothing_is_loaded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
