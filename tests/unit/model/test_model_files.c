/* What the disk says about a model: what is served, and that every kind of change is noticed. */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "model/model_files.h"

static sv_arena *arena;
static sv_model_source source; /* of the last scan */

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    return arena ? 0 : -1;
}

static int clear(void **state)
{
    (void)state;
    sv_arena_free(arena);
    folder_clear();
    return 0;
}

/* The one model of `name`. */
static void scan(const char *name)
{
    const char *path = folder_path(name);
    sv_error error = {0};
    sv_repository repository;
    if (sv_repository_scan(arena, &path, 1, &error, &repository))
        fail_msg("%s: %s", path, error.message);
    assert_int_equal(repository.n_models, 1);
    source = repository.models[0];
}

static sv_status read_files(const sv_strs *sets, char problems[512], sv_model_files **ret_files)
{
    sv_buf buf;
    sv_buf_init(&buf, 65536);
    sv_status status = sv_model_files_read(&source, sets, &buf, ret_files);
    snprintf(problems, 512, "%.*s", (int)buf.len, buf.len ? buf.ptr : "");
    sv_buf_deinit(&buf);
    return status;
}

static void test_served_versions(void **state)
{
    (void)state;
    static const struct {
        const char *manifest, *wanted; /* names, each with a blank; or the problem */
    } cases[] = {
        {"", "1 v2 10 beta "},
        {"versions: {serve: all}", "1 v2 10 beta "},
        {"versions: {serve: latest}", "10 "},
        {"versions: {serve: ['2']}", "v2 "},
        {"versions: {serve: [beta, v1]}", "1 beta "},
        {"versions: {serve: ['1'], default: v1}", "1 "},
        {"versions: {serve: ['1', '2'], default: '10'}", "versions.default"},
        {"versions: {serve: latest, default: '1'}", "versions.default"},
        {"versions: {serve: ['3']}", "versions.serve"},
        {"versions: {default: '3'}", "versions.default"},
        {"task: dance", "task"},
    };
    folder_write("m/1/model.onnx", "");
    folder_write("m/v2/model.onnx", "");
    folder_write("m/10/model.onnx", "");
    folder_write("m/beta/model.onnx", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char problems[512], names[128] = "";
        sv_model_files *files = NULL;
        folder_write("m/model.yaml", cases[i].manifest);
        scan("m");
        sv_status status = read_files(NULL, problems, &files);
        if (status) {
            assert_int_equal(status, SV_INVALID);
            if (!strstr(problems, cases[i].wanted))
                fail_msg("%s: %s", cases[i].manifest, problems);
            continue;
        }
        for (size_t k = 0; k < files->source.n_versions; k++) {
            sv_str name = files->source.versions[k].name;
            size_t len = strlen(names);
            snprintf(names + len, sizeof names - len, "%.*s ", SV_STR_ARG(name));
            assert_ptr_equal(sv_model_files_find(files, name), &files->source.versions[k]);
        }
        assert_string_equal(names, cases[i].wanted);
        assert_null(sv_model_files_find(files, SV_STR("77")));
        sv_model_files_release(files);
    }
}

/* Nothing of it depends on the scan's memory. */
static void test_it_is_a_copy(void **state)
{
    (void)state;
    char problems[512];
    sv_model_files *files;
    folder_write("m/1/model.onnx", "");
    folder_write("m/model.yaml", "load: lazy");
    scan("m");
    assert_int_equal(read_files(NULL, problems, &files), SV_OK);
    sv_arena_reset(arena);
    memset(&source, 0, sizeof source);
    assert_true(sv_str_eq(files->source.name, SV_STR("m")));
    const sv_version_source *version = sv_model_files_find(files, SV_STR("v1"));
    assert_non_null(version);
    assert_int_equal(access(version->file, R_OK), 0);
    assert_true(strstr(files->source.manifest, "m/model.yaml") != NULL);
    sv_model_files_release(files);
}

static void test_holders(void **state)
{
    (void)state;
    char problems[512];
    sv_model_files *files;
    folder_write("m/1/model.onnx", "");
    scan("m");
    assert_int_equal(read_files(NULL, problems, &files), SV_OK);
    assert_ptr_equal(sv_model_files_hold(files), files);
    sv_model_files_release(files);
    assert_int_equal(files->source.n_versions, 1);
    sv_model_files_release(files);
    sv_model_files_release(NULL);
}

/* Stamps. */

static uint64_t stamp_now(const char *name)
{
    scan(name);
    return sv_model_files_stamp(&source, &source.versions[0]);
}

static void set_time(const char *name, long ns)
{
    struct timespec times[2] = {{1000000000, ns}, {1000000000, ns}};
    assert_int_equal(utimensat(AT_FDCWD, folder_path(name), times, 0), 0);
}

static void write_longer(void)
{
    folder_write("m/1/model.onnx", "longer than before");
    set_time("m/1/model.onnx", 1);
}

static void touch(void)
{
    set_time("m/1/model.onnx", 2);
}

/* As tools do that copy: another file of the same size and time. */
static void replace(void)
{
    folder_write("m/1/other", "abc");
    set_time("m/1/other", 1);
    assert_int_equal(rename(folder_path("m/1/other"), folder_path("m/1/model.onnx")), 0);
}

static void add_beside(void)
{
    folder_write("m/1/weights.bin", "w");
}

static void add_labels(void)
{
    folder_write("m/labels.txt", "a\nb\n");
}

static void add_manifest(void)
{
    folder_write("m/model.yaml", "load: lazy");
}

static void test_every_change_is_noticed(void **state)
{
    (void)state;
    static void (*const changes[])(void) = {write_longer, touch,      replace,
                                            add_beside,   add_labels, add_manifest};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        folder_clear();
        folder_write("m/1/model.onnx", "abc");
        set_time("m/1/model.onnx", 1);
        uint64_t before = stamp_now("m");
        assert_true(before != 0);
        assert_int_equal(stamp_now("m"), before);
        changes[i]();
        if (stamp_now("m") == before)
            fail_msg("change %zu is not noticed", i);
    }
}

static void test_each_file_counts(void **state)
{
    (void)state;
    static const char *const files[] = {"m/labels.txt", "m/1/weights.bin", "m/1/tokenizer.json",
                                        "m/model.yaml"};
    folder_write("m/1/model.onnx", "abc");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        folder_write(files[i], "");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint64_t before = stamp_now("m");
        folder_write(files[i], "# changed");
        uint64_t changed = stamp_now("m");
        assert_int_not_equal(changed, before);
        assert_int_equal(remove(folder_path(files[i])), 0);
        assert_int_not_equal(stamp_now("m"), changed);
    }
}

/* What lies beside, but belongs to others, or is hidden. */
static void test_what_does_not_count(void **state)
{
    (void)state;
    folder_write("m/1/model.onnx", "abc");
    folder_write("m/2/model.onnx", "abc");
    uint64_t before = stamp_now("m");
    folder_write("m/2/model.onnx", "another");
    folder_write("m/1/.model.onnx.swp", "x");
    folder_write("m/3/model.onnx", "a new version");
    folder_write("other/1/model.onnx", "another model");
    assert_int_equal(stamp_now("m"), before);
    folder_write("files/a.onnx", "a");
    before = stamp_now("files/a.onnx");
    folder_write("files/b.onnx", "b");
    assert_int_equal(stamp_now("files/a.onnx"), before);
    folder_write("files/a.onnx", "changed");
    assert_int_not_equal(stamp_now("files/a.onnx"), before);
}

static void test_no_file(void **state)
{
    (void)state;
    folder_write("m/1/model.onnx", "abc");
    scan("m");
    assert_int_equal(remove(folder_path("m/1/model.onnx")), 0);
    assert_int_equal(sv_model_files_stamp(&source, &source.versions[0]), 0);
    assert_int_equal(mkdir(folder_path("m/1/model.onnx"), 0700), 0);
    assert_int_equal(sv_model_files_stamp(&source, &source.versions[0]), 0);
}

static void test_new_manifest(void **state)
{
    (void)state;
    static const char *const steps[] = {"load: lazy", "load: eager", NULL, "load: lazy"};
    char problems[512];
    sv_model_files *files;
    folder_write("m/1/model.onnx", "");
    scan("m");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_int_equal(read_files(NULL, problems, &files), SV_OK);
        scan("m");
        assert_false(sv_model_files_has_new_manifest(files, &source));
        if (steps[i])
            folder_write("m/model.yaml", steps[i]);
        else
            assert_int_equal(remove(folder_path("m/model.yaml")), 0);
        scan("m");
        assert_true(sv_model_files_has_new_manifest(files, &source));
        sv_model_files_release(files);
    }
}

static bool read_once(void *arg)
{
    char problems[512];
    sv_model_files *files = NULL;
    sv_status status = read_files(arg, problems, &files);
    assert_true(status == SV_OK || !files);
    sv_model_files_release(files);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    sv_str items[] = {SV_STR_INIT("m.load=lazy")};
    sv_strs sets = {.items = items, .len = 1};
    folder_write("m/1/model.onnx", "");
    folder_write("m/2/model.onnx", "");
    folder_write("m/model.yaml", "versions: {serve: ['2'], default: '2'}\n");
    scan("m");
    assert_true(failing_malloc_try_each(read_once, &sets) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_served_versions, set_up, clear),
        cmocka_unit_test_setup_teardown(test_it_is_a_copy, set_up, clear),
        cmocka_unit_test_setup_teardown(test_holders, set_up, clear),
        cmocka_unit_test_setup_teardown(test_every_change_is_noticed, set_up, clear),
        cmocka_unit_test_setup_teardown(test_each_file_counts, set_up, clear),
        cmocka_unit_test_setup_teardown(test_what_does_not_count, set_up, clear),
        cmocka_unit_test_setup_teardown(test_no_file, set_up, clear),
        cmocka_unit_test_setup_teardown(test_new_manifest, set_up, clear),
        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, set_up, clear),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
