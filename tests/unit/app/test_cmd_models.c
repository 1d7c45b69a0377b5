/* `serval models` says what a model is; the model.yaml that it prints says the same again. */
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
#include "child.h"
#include "model/manifest.h"
#include "json/value.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"

static void test_for_people(void **state)
{
    (void)state;
    static const char *const parts[] = {"digits (",
                                        "  version 1: ready, image-classification\n",
                                        "  version 2 (default): ready",
                                        "    engine: onnxruntime, about ",
                                        "    input ",
                                        "  model.yaml:\n    task: image-classification\n"};
    const char *const args[] = {DIGITS, NULL};
    const child_result *result = child_run(sv_cmd_models, args);
    assert_int_equal(result->code, 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(result->out, parts[i]))
            fail_msg("no '%s' in\n%s", parts[i], result->out);
}

/* The printed manifest, without its indentation, into a file. */
static void write_manifest(const char *output, const char *path)
{
    const char *at = strstr(output, "  model.yaml:\n");
    FILE *file = fopen(path, "we");
    assert_true(at && file);
    at = strchr(at, '\n') + 1;
    while (strncmp(at, "    ", 4) == 0) {
        size_t len = strcspn(at, "\n") + 1;
        fwrite(at + 4, 1, len - 4, file);
        at += len;
    }
    fclose(file);
}

static void test_the_printed_manifest_can_be_read(void **state)
{
    (void)state;
    const char *const args[] = {DIGITS, NULL};
    char path[] = "/tmp/serval-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_manifest(child_run(sv_cmd_models, args)->out, path);
    const struct manifest *manifest;
    sv_manifest_source source = {.path = path, .name = SV_STR("digits")};
    sv_arena *arena = sv_arena_new(0);
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    if (sv_manifest_read(arena, &source, &problems, &manifest))
        fail_msg("%.*s", SV_STR_ARG(sv_buf_str(&problems)));
    assert_int_equal(manifest->task, SV_TASK_IMAGE_CLASSIFICATION);
    assert_int_equal(manifest->preprocess->mode, SV_MANIFEST_SQUASH);
    assert_int_equal(manifest->preprocess->channels, SV_MANIFEST_GREY);
    assert_int_equal(manifest->preprocess->crop.value, 28);
    assert_true((float)manifest->preprocess->scale.value == 1.0f / 255);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    unlink(path);
}

/* A labels path starts at the model's folder, as in every manifest; what is elsewhere is whole. */
static void test_labels_and_orientation(void **state)
{
    (void)state;
    static const struct {
        const char *args[4], *part;
    } cases[] = {
        {{"models/digits"}, ", labels: \"labels.txt\", top_k: 5}"},
        {{"models/digits/1/model.onnx"}, ", labels: \"../labels.txt\", top_k: 5}"},
        {{"models/digits/"}, ", labels: \"labels.txt\", top_k: 5}"},
        {{"models/digits", "--labels", "models/digits/1/../labels.txt"},
         ", labels: \"1/../labels.txt\""},
        {{"models/digits/1", "--labels", "./models/digits/labels.txt"},
         ", labels: \"" SV_SOURCE_DIR "/models/digits/labels.txt\""},
        {{"models/digits", "--set=digits.preprocess.orientation=ignore"},
         ", channels: GREY, orientation: ignore}"},
    };
    assert_int_equal(chdir(SV_SOURCE_DIR), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result *result = child_run(sv_cmd_models, cases[i].args);
        if (result->code || !strstr(result->out, cases[i].part))
            fail_msg("no '%s' in\n%s%s", cases[i].part, result->out, result->err);
    }
}

static void test_for_programs(void **state)
{
    (void)state;
    const char *const args[] = {DIGITS, "--json", NULL};
    const child_result *result = child_run(sv_cmd_models, args);
    const sv_value *document;
    sv_value_error error;
    sv_arena *arena = sv_arena_new(0);
    assert_int_equal(result->code, 0);
    assert_int_equal(sv_value_parse(arena, sv_str_from(result->out), NULL, &error, &document),
                     SV_OK);
    sv_value_cursor models = sv_value_walk(sv_value_get(document, SV_STR("models")));
    const sv_value *model;
    assert_true(sv_value_next_item(&models, &model));
    assert_true(sv_str_eq(sv_value_str(sv_value_get(model, SV_STR("name"))), SV_STR("digits")));
    assert_int_equal(sv_value_len(sv_value_get(model, SV_STR("versions"))), 2);
    assert_false(sv_value_next_item(&models, &model));
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_people),
        cmocka_unit_test(test_the_printed_manifest_can_be_read),
        cmocka_unit_test(test_labels_and_orientation),
        cmocka_unit_test(test_for_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
