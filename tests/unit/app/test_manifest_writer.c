/* The manifest that Serval prints, written to model.yaml, says the same again, and all that a
 * manifest or the command line wished is in it. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/commands.h"
#include "app/manifest_writer.h"
#include "child.h"

static char folder[] = "/tmp/serval-test-XXXXXX";
static char printed[1 << 16];

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_path(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") || nftw(folder, remove_path, 8, FTW_DEPTH | FTW_PHYS);
}

/* What stands behind "model.yaml:", without its indentation, in `printed`. */
static void print_manifest(const char *const *args)
{
    const child_result *result = child_run(sv_cmd_models, args);
    const char *at = strstr(result->out, "  model.yaml:\n");
    size_t len = 0;
    if (result->code || !at)
        fail_msg("%d: %s%s", result->code, result->out, result->err);
    for (at = strchr(at, '\n') + 1; strncmp(at, "    ", 4) == 0; at += strcspn(at, "\n") + 1) {
        size_t n = strcspn(at + 4, "\n") + 1;
        assert_true(len + n < sizeof printed);
        memcpy(printed + len, at + 4, n);
        len += n;
    }
    printed[len] = '\0';
}

/* A model of its own without a manifest, made of links to the files of `from`. */
static void link_model(const char *name, const char *from, const char *const *files)
{
    char command[1024];
    for (; *files; files++) {
        snprintf(command, sizeof command, "mkdir -p $(dirname %s/%s) && ln -s %s/%s/%s %s/%s", name,
                 *files, SV_SOURCE_DIR, from, *files, name, *files);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    }
}

static void write_manifest(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "%s/model.yaml", name);
    FILE *file = fopen(path, "we");
    assert_true(file && fputs(printed, file) >= 0);
    fclose(file);
}

static void check_again(const char *name)
{
    const char *const args[] = {name, NULL};
    char *before = strdup(printed);
    write_manifest(name);
    print_manifest(args);
    assert_string_equal(printed, before);
    free(before);
}

static void test_a_guessed_picture_model(void **state)
{
    (void)state;
    static const char *const files[] = {"1/model.onnx", "2/model.onnx", "labels.txt", NULL};
    const char *const args[] = {"guessed", NULL};
    link_model("guessed", "models/digits", files);
    print_manifest(args);
    assert_non_null(strstr(printed, "task: image-classification\nversions: {default: \"2\"}\n"));
    assert_non_null(strstr(printed, "postprocess: {softmax: true, labels: \"labels.txt\""));
    check_again("guessed");
}

static void test_wishes(void **state)
{
    (void)state;
    static const char *const files[] = {"1/model.onnx", "2/model.onnx", "labels.txt", NULL};
    const char *const args[] = {"wishes",
                                "--set=wishes.versions.default=1",
                                "--set=wishes.versions.serve=[1, 2]",
                                "--set=wishes.versions.weights={1: 90, 2: 10}",
                                "--set=wishes.versions.sticky=header:X-User",
                                "--set=wishes.versions.shadow=2",
                                "--set=wishes.versions.fallback.max_latency=250ms",
                                "--set=wishes.batching={max_size: 8, max_delay: 2ms}",
                                "--set=wishes.load=pinned",
                                "--set=wishes.engine={threads: 2, concurrency: auto}",
                                "--set=wishes.warm_up.budget=1.5",
                                "--set=wishes.preprocess.orientation=ignore",
                                "--set=wishes.postprocess.top_k=3",
                                NULL};
    static const char *const lines[] = {
        "\nload: pinned\n",
        "\nversions: {default: \"1\", serve: [1,2], weights: {\"1\": 90, \"2\": 10}, sticky: "
        "\"header:X-User\", shadow: \"2\", fallback: {max_error_rate: 0.5, min_requests: 20, "
        "max_latency: \"250ms\"}}\n",
        ", orientation: ignore}\n",
        ", top_k: 3}\n",
        "\nbatching: {max_size: 8, max_delay: \"2ms\"}\n",
        "\nengine: {threads: 2, concurrency: \"auto\"}\n",
        "\nwarm_up: {budget: 1.5}\n",
    };
    link_model("wishes", "models/digits", files);
    print_manifest(args);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(printed, lines[i]))
            fail_msg("no '%s' in\n%s", lines[i], printed);
    check_again("wishes");
}

/* Hashed n-grams cannot be guessed: its manifest is needed to begin with. */
static void test_an_embedder(void **state)
{
    (void)state;
    static const char *const files[] = {"1/model.onnx", NULL};
    const char *const args[] = {SV_SOURCE_DIR "/models/embedder", NULL};
    print_manifest(args);
    assert_non_null(strstr(printed, "task: text-embedding\n"));
    assert_non_null(strstr(printed, "preprocess: {tokenizer: hashed-ngrams"));
    link_model("embedder", "models/embedder", files);
    check_again("embedder");
}

/* Only what holds for all versions is said. */
static void test_versions_that_differ(void **state)
{
    (void)state;
    static const char *const digits[] = {"2/model.onnx", NULL};
    static const char *const embedder[] = {"1/model.onnx", NULL};
    const char *const args[] = {"mixed", NULL};
    link_model("mixed", "models/digits", digits);
    link_model("mixed", "models/embedder", embedder);
    print_manifest(args);
    assert_string_equal(printed, "versions: {default: \"2\"}\npostprocess: {softmax: true}\n");
    check_again("mixed");
}

/* Nothing can be said of a model that cannot be loaded. */
static void test_a_broken_model(void **state)
{
    (void)state;
    assert_int_equal(system("mkdir -p broken/1 && echo no model > broken/1/model.onnx"), 0);
    const char *const args[] = {"broken", NULL};
    const child_result *result = child_run(sv_cmd_models, args);
    assert_int_equal(result->code, 1);
    assert_non_null(strstr(result->out, "  version 1 (default): failed, "));
    assert_null(strstr(result->out, "model.yaml:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guessed_picture_model),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_an_embedder),
        cmocka_unit_test(test_versions_that_differ),
        cmocka_unit_test(test_a_broken_model),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
