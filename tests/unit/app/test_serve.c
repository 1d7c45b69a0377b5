/* `serval serve` from its first line to the drain, and what it says when it cannot start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/serve.h"
#include "child.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"
#define EMBEDDER SV_SOURCE_DIR "/models/embedder"
#define CHAT SV_SOURCE_DIR "/models/chat"

static void test_tables(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/v1/predict",
                                        "/api/v1/models/{name}/predict",
                                        "/api/v1/models/{name}/versions/{version}/predict",
                                        "/api/v1/models",
                                        "/api/v1/models/{name}",
                                        "/health",
                                        "/health/live",
                                        "/health/ready",
                                        "/metrics"};
    size_t n, n_found = 0;
    const sv_operation *const *tables = sv_serve_tables(&n);
    for (size_t i = 0; i < n; i++)
        for (const sv_operation *row = tables[i]; row->path; row++)
            for (size_t k = 0; k < sizeof paths / sizeof *paths; k++)
                n_found += strcmp(row->path, paths[k]) == 0;
    assert_int_equal(n_found, sizeof paths / sizeof *paths);
}

static void test_from_ready_to_drained(void **state)
{
    (void)state;
    const char *const args[] = {DIGITS, "--port=0", "--log-level=off", "--io-threads=2", NULL};
    const child_result *result = child_run(sv_serve_command, args);
    assert_non_null(strstr(result->err, "Serval ready on http://127.0.0.1:"));
    assert_non_null(strstr(result->err, "Serval stops: finishing what is in flight"));
    assert_int_equal(result->code, 0);
    assert_string_equal(result->out, "");
}

/* Lines to paste, only for what is served: see tests/e2e/test_chat_model.py for both at once. */
static void test_what_a_first_user_may_paste(void **state)
{
    (void)state;
    static const char raw[] = "/api/v1/predict -H 'Content-Type: image/png' --data-binary @";
    static const char json[] =
        "/api/v1/predict -H 'Content-Type: application/json' -d '{\"image_url";
    static const char chat[] = "/chat -H 'Content-Type: application/json' -d '{\"message\": ";
    static const struct {
        const char *model, *option;
        bool has_digits, has_chat;
    } cases[] = {
        {DIGITS, NULL, true, false},
        {CHAT, "--engine-dir=" LLAMA_DIR, false, true},
        {EMBEDDER, NULL, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *args[] = {"--port=0", "--log-level=off", cases[i].model, cases[i].option, NULL};
        const char *err = child_run(sv_serve_command, args)->err;
        bool has_any = cases[i].has_digits || cases[i].has_chat;
        if (!strstr(err, raw) == cases[i].has_digits || !strstr(err, json) == cases[i].has_digits ||
            !strstr(err, chat) == cases[i].has_chat || !strstr(err, "/docs\n") == has_any ||
            !strstr(err, "Try, in another terminal:\n  curl -") == has_any)
            fail_msg("case %zu: %s", i, err);
    }
}

static void test_a_unix_socket_is_removed(void **state)
{
    (void)state;
    char option[64];
    snprintf(option, sizeof option, "--uds=/tmp/serval-test-%d.sock", (int)getpid());
    const char *const args[] = {DIGITS, option, "--log-level=off", NULL};
    const child_result *result = child_run(sv_serve_command, args);
    assert_non_null(strstr(result->err, "Serval ready on unix:/tmp/serval-test-"));
    assert_int_equal(result->code, 0);
    assert_int_not_equal(access(strchr(option, '/'), F_OK), 0);
}

static void test_what_keeps_it_from_starting(void **state)
{
    (void)state;
    static const struct {
        const char *args[3];
        int code;
        const char *says;
    } cases[] = {
        {{"--prot=1"}, 2, "unknown option '--prot'; did you mean --port"},
        {{"--port=many"}, 1, "port cannot be 'many'"},
        {{"/nowhere/model.onnx"}, 1, "/nowhere/model.onnx: No such file or directory"},
        {{DIGITS, "--default-model=z"}, 1, "there is no model 'z'"},
        {{DIGITS, "--set=digits.task=dance"}, 1, "--set: task: "},
        {{DIGITS, "--host=999.1.1.1"}, 1, "serval serve: "},
        {{DIGITS, "--image-url-allow=10.0.0.0/99"}, 1, "10.0.0.0/99"},
        {{DIGITS, "--memory-budget=1024GiB"}, 1, "memory_budget"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result *result = child_run(sv_serve_command, cases[i].args);
        if (result->code != cases[i].code || !strstr(result->err, cases[i].says) ||
            strstr(result->err, "ready on"))
            fail_msg("%s %s: %d %s", cases[i].args[0], cases[i].says, result->code, result->err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_from_ready_to_drained),
        cmocka_unit_test(test_what_a_first_user_may_paste),
        cmocka_unit_test(test_a_unix_socket_is_removed),
        cmocka_unit_test(test_what_keeps_it_from_starting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
