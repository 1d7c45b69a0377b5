/* What a manifest says of a relay: every mistake with its line, never with the key. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/manifest_relay.h"
#include "model/model_files.h"

#define GOOD "provider: openai\nbase_url: http://h/v1\n"

static sv_status read_model(sv_arena *arena, char problems[512], sv_model_files **ret_files)
{
    const char *path = folder_path("m");
    sv_error error = {0};
    sv_repository repository;
    sv_buf buf;
    assert_int_equal(sv_repository_scan(arena, &path, 1, &error, &repository), SV_OK);
    sv_buf_init(&buf, 65536);
    sv_status status = sv_model_files_read(&repository.models[0], NULL, &buf, ret_files);
    snprintf(problems, 512, "%.*s", (int)buf.len, buf.len ? buf.ptr : "");
    sv_buf_deinit(&buf);
    return status;
}

static void test_manifests(void **state)
{
    (void)state;
    static const struct {
        const char *manifest, *problem; /* NULL: none; else what it ends with */
        const char *key;
    } cases[] = {
        {GOOD, NULL, ""},
        {GOOD "api_key: plain\n", NULL, "plain"},
        {GOOD "api_key: env:SV_TEST_KEY\n", NULL, "sk-secret"},
        {GOOD "task: text-generation\nmodel: x\n", NULL, ""},
        {"load: lazy\n",
         "model.yaml: there is no model file here; a relay, which needs none, says "
         "provider: openai\n",
         NULL},
        {"provider: openai\n",
         "model.yaml:1: provider: a relay needs base_url, such as "
         "https://api.example.com/v1\n",
         NULL},
        {"provider: openai\nbase_url: ftp://h/\n",
         "base_url: URL scheme should be 'http' or "
         "'https'\n",
         NULL},
        {"provider: openai\nbase_url: http://me:sk-secret@h/\n",
         ":2: base_url: Input should have no user name, no query and no fragment; a key is "
         "api_key\n",
         NULL},
        {"provider: openai\nbase_url: http://h/?key=sk-secret\n", "a key is api_key\n", NULL},
        {GOOD "api_key: env:SV_TEST_NO_KEY\n",
         ":3: api_key: the environment variable SV_TEST_NO_KEY is not set\n", NULL},
        {GOOD "api_key: env:SV_TEST_EMPTY_KEY\n",
         ":3: api_key: the environment variable SV_TEST_EMPTY_KEY is not set\n", NULL},
        {GOOD "api_key: env:SV_TEST_ODD_KEY\n",
         ":3: api_key: the key has blanks or control characters\n", NULL},
        {GOOD "api_key: env:2\n", "such as env:OPENAI_API_KEY\n", NULL},
        {GOOD "task: tensor\n", ":3: task: a relay's task is text-generation\n", NULL},
        {"provider: other\nbase_url: http://h/\n", "'openai'\n", NULL},
    };
    setenv("SV_TEST_KEY", " sk-secret\n", 1);
    setenv("SV_TEST_EMPTY_KEY", "", 1);
    setenv("SV_TEST_ODD_KEY", "sk-secret\r\nX: y", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char problems[512];
        sv_str key;
        sv_model_files *files = NULL;
        sv_arena *arena = sv_arena_new(0);
        folder_write("m/model.yaml", cases[i].manifest);
        sv_status status = read_model(arena, problems, &files);
        if (!cases[i].problem != !status ||
            (status && !sv_str_ends_with(sv_str_from(problems), sv_str_from(cases[i].problem))))
            fail_msg("%s: %s", cases[i].manifest, problems);
        assert_null(strstr(problems, "sk-secret"));
        if (!status) {
            assert_true(sv_manifest_relay_key(files->manifest, &key));
            assert_true(sv_str_eq(key, sv_str_from(cases[i].key)));
        }
        sv_model_files_release(files);
        sv_arena_free(arena);
    }
    unsetenv("SV_TEST_KEY");
}

static void test_a_relay_has_no_model_file(void **state)
{
    (void)state;
    char problems[512];
    sv_model_files *files = NULL;
    sv_arena *arena = sv_arena_new(0);
    folder_write("m/1/model.onnx", "");
    folder_write("m/model.yaml", GOOD);
    assert_int_equal(read_model(arena, problems, &files), SV_INVALID);
    assert_non_null(strstr(problems, ":1: provider: a relay has no model file, but "));
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_a_relay_has_no_model_file),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
