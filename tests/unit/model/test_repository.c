/* Which models and versions are found in files and folders, and what is said when there are none.
 * Files are empty: nothing is loaded. */
#include "folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "model/repository.h"

static sv_arena *arena;
static sv_error error;
static sv_repository found;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    folder_clear();
    return 0;
}

static sv_status scan(const char *path)
{
    error = (sv_error){0};
    return sv_repository_scan(arena, &path, 1, &error, &found);
}

/* "a:1,2 b:1": what was found. */
static void assert_found(const char *wanted)
{
    char text[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < found.n_models; i++) {
        const sv_model_source *model = &found.models[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", i ? " " : "",
                                SV_STR_ARG(model->name));
        for (size_t k = 0; k < model->n_versions; k++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%c%.*s", k ? ',' : ':',
                                    SV_STR_ARG(model->versions[k].name));
    }
    assert_string_equal(text, wanted);
}

static void make_files(const char *names)
{
    char name[128];
    while (sscanf(names, "%127s", name) == 1) {
        folder_write(name, "");
        names = strstr(names, name) + strlen(name);
    }
}

static void test_what_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *files, *path, *found;
    } cases[] = {
        {"resnet.onnx", "resnet.onnx", "resnet:1"},
        {"a.b.onnx", "a.b.onnx", "a.b:1"},
        {"chat.gguf", "chat.gguf", "chat:1"},
        {"digits/model.onnx", "digits", "digits:1"},
        {"digits/model.onnx", "digits/", "digits:1"},
        {"digits/model.onnx", "digits/.", "digits:1"},
        {"digits/1/model.onnx digits/2/model.onnx", "digits", "digits:1,2"},
        {"digits/1/model.onnx digits/2/model.onnx", "digits/1/..", "digits:1,2"},
        {"m/10/model.onnx m/v9/model.onnx m/beta/model.onnx m/alpha/model.onnx", "m",
         "m:v9,10,alpha,beta"},
        {"m/1/model.onnx m/model.onnx", "m", "m:1"},
        {"m/1/model.onnx m/2/readme m/.3/model.onnx", "m", "m:1"},
        {"r/b/1/model.onnx r/a/7/model.gguf r/c/readme", "r", "a:7 b:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_files(cases[i].files);
        sv_status status = scan(folder_path(cases[i].path));
        if (status)
            fail_msg("%s: %s", cases[i].path, error.message);
        assert_found(cases[i].found);
        folder_clear();
    }
}

static void test_paths_of_what_is_found(void **state)
{
    (void)state;
    make_files("m/2/model.onnx m/2/labels.txt m/model.yaml m/notes.txt");
    assert_int_equal(scan(folder_path("m")), SV_OK);
    const sv_model_source *model = &found.models[0];
    assert_string_equal(model->dir, folder_path("m"));
    assert_string_equal(model->manifest, folder_path("m/model.yaml"));
    assert_string_equal(model->versions[0].file, folder_path("m/2/model.onnx"));
    assert_string_equal(model->versions[0].dir, folder_path("m/2"));
    const sv_version_source *version = &model->versions[0];
    assert_string_equal(sv_repository_find_file(arena, model, version, "labels.txt"),
                        folder_path("m/2/labels.txt"));
    assert_string_equal(sv_repository_find_file(arena, model, version, "notes.txt"),
                        folder_path("m/notes.txt"));
    assert_null(sv_repository_find_file(arena, model, version, "other.txt"));
    folder_write("m/labels.txt", "");
    assert_string_equal(sv_repository_find_file(arena, model, version, "labels.txt"),
                        folder_path("m/2/labels.txt"));
}

static void test_several_paths(void **state)
{
    (void)state;
    make_files("b.onnx r/a/1/model.onnx");
    const char *const paths[] = {folder_path("b.onnx"), folder_path("r")};
    assert_int_equal(sv_repository_scan(arena, paths, 2, &error, &found), SV_OK);
    assert_found("a:1 b:1");
}

/* A link is named as it is called, not as what it points to: caches keep files under their hash. */
static void test_links_keep_their_names(void **state)
{
    (void)state;
    make_files("blobs/0123abcd store/v7/1/model.onnx");
    assert_int_equal(symlink(folder_path("blobs/0123abcd"), folder_path("resnet.onnx")), 0);
    assert_int_equal(symlink(folder_path("store/v7"), folder_path("digits")), 0);
    assert_int_equal(scan(folder_path("resnet.onnx")), SV_OK);
    assert_found("resnet:1");
    assert_int_equal(scan(folder_path("digits")), SV_OK);
    assert_found("digits:1");
}

/* A manifest without a model file may be a relay; beside model files it is a manifest. */
static void test_relays(void **state)
{
    (void)state;
    make_files("r/far/model.yaml r/near/1/model.onnx r/near/model.yaml");
    assert_int_equal(scan(folder_path("r")), SV_OK);
    assert_found("far:1 near:1");
    assert_true(sv_repository_is_relay(&found.models[0].versions[0]));
    assert_false(sv_repository_is_relay(&found.models[1].versions[0]));
    assert_string_equal(found.models[0].manifest, found.models[0].versions[0].file);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *files, *path;
        sv_status status;
        const char *message; /* a part of it */
    } cases[] = {
        {"a", "nothing", SV_NOT_FOUND, "No such file"},
        {"net.pt", "net.pt", SV_UNSUPPORTED, "torch.onnx.export"},
        {"net.pth", "net.pth", SV_UNSUPPORTED, "torch.onnx.export"},
        {"net.h5", "net.h5", SV_UNSUPPORTED, "tf2onnx"},
        {"net.pkl", "net.pkl", SV_UNSUPPORTED, "skl2onnx"},
        {"net.safetensors", "net.safetensors", SV_UNSUPPORTED, "optimum-cli export onnx"},
        {"notes.txt", "notes.txt", SV_UNSUPPORTED, ".onnx and .gguf files can be served"},
        {".onnx", ".onnx", SV_UNSUPPORTED, "not a model file"},
        {"m/readme", "m", SV_INVALID, "no model here: expected model.onnx"},
        {"m/1/model.onnx m/v1/model.onnx", "m", SV_INVALID, "are the same version"},
        {"r/a/1/model.onnx r/m\xc3/1/model.onnx", "r", SV_INVALID, "the name of a model is not"},
        {"m/\xff/model.onnx", "m", SV_INVALID, "the name of a version is not UTF-8"},
        {"m/01/model.onnx m/1/model.onnx", "m", SV_INVALID, "are the same version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_files(cases[i].files);
        assert_int_equal(scan(folder_path(cases[i].path)), cases[i].status);
        assert_string_equal(error.path, folder_path(cases[i].path));
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].path, error.message);
        folder_clear();
    }
}

static void test_two_models_of_one_name(void **state)
{
    (void)state;
    make_files("m.onnx r/m/1/model.onnx");
    const char *const paths[] = {folder_path("m.onnx"), folder_path("r")};
    error = (sv_error){0};
    assert_int_equal(sv_repository_scan(arena, paths, 2, &error, &found), SV_INVALID);
    assert_non_null(strstr(error.message, "two models are named 'm'"));
}

static void test_no_more_than_the_limits(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i <= SV_REPOSITORY_MAX_VERSIONS; i++) {
        snprintf(name, sizeof name, "m/%d/model.onnx", i);
        folder_write(name, "");
    }
    assert_int_equal(scan(folder_path("m")), SV_TOO_LARGE);
    folder_clear();
    for (int i = 0; i <= SV_REPOSITORY_MAX_MODELS; i++) {
        snprintf(name, sizeof name, "r/%d/model.onnx", i);
        folder_write(name, "");
    }
    /* Numbered folders are versions of `r`; one level up they are models of a repository. */
    assert_int_equal(scan(folder_path("r")), SV_TOO_LARGE);
    folder_clear();
    for (int i = 0; i <= SV_REPOSITORY_MAX_MODELS; i++) {
        snprintf(name, sizeof name, "r/%d/1/model.onnx", i);
        folder_write(name, "");
    }
    assert_int_equal(scan(folder_path("r")), SV_TOO_LARGE);
    assert_non_null(strstr(error.message, "more than 256 models"));
}

static void test_versions_compare(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
        bool same;
    } cases[] = {
        {"1", "2", -1, false},     {"9", "10", -1, false},      {"v9", "10", -1, false},
        {"2", "v2", 0, true},      {"v2", "2", 0, true},        {"02", "2", 0, true},
        {"10", "beta", -1, false}, {"beta", "alpha", 1, false}, {"beta", "beta", 0, true},
        {"v", "v1", 1, false},     {"V2", "2", 1, false},       {"a", "ab", -1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str a = sv_str_from(cases[i].a), b = sv_str_from(cases[i].b);
        int order = sv_repository_compare_versions(a, b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        order = sv_repository_compare_versions(b, a);
        assert_int_equal((order > 0) - (order < 0), -cases[i].order);
        assert_int_equal(sv_repository_is_same_version(a, b), cases[i].same);
    }
}

static bool scan_once(void *arg)
{
    const char *path = arg;
    sv_error problem = {0};
    sv_repository repository;
    sv_arena *own = sv_arena_new(0);
    if (!own)
        return false;
    sv_status status = sv_repository_scan(own, &path, 1, &problem, &repository);
    sv_arena_free(own);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    make_files("r/a/1/model.onnx r/a/model.yaml r/b/model.onnx");
    char path[512];
    snprintf(path, sizeof path, "%s", folder_path("r"));
    assert_true(failing_malloc_try_each(scan_once, path) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_paths_of_what_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links_keep_their_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_relays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_models_of_one_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_more_than_the_limits, set_up, tear_down),
        cmocka_unit_test(test_versions_compare),
        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
