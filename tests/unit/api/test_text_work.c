/* Texts into labels over HTTP: the bundled embedder, whose numbers are taken for scores. */
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
    static const char *const options[] = {SV_SOURCE_DIR "/models/embedder", "--set",
                                          "embedder.task=text-classification", NULL};
    (void)state;
    server_lab_open(&lab, options);
    server_lab_load(&lab);
    return 0;
}

#define PATH "/api/v1/models/embedder/predict"

static void classifies_texts(void **state)
{
    static const exchange cases[] = {
        {PATH, "{\"text\":\"a cat\"}", 200, "{\"predictions\":[{\"label\":\""},
        {PATH "?top_k=1", "{\"text\":[\"a\",\"b\"]}", 200, "}},{\"label\":\""},
        {PATH, "{\"text\":[]}", 422, "\"loc\":[\"body\",\"text\",\"list[constrained-str]\"]"},
        {PATH, "{\"text\":7}", 422, "\"loc\":[\"body\",\"text\",\"constrained-str\"]"},
        {PATH, "{}", 422, "\"loc\":[\"body\",\"text\"]"},
        {PATH, "{\"inputs\":{}}", 400, "INVALID_INPUT"},
        {"/embed", "{\"text\":\"a\",\"model\":\"embedder\"}", 400,
         "its task is text-classification"},
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(classifies_texts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
