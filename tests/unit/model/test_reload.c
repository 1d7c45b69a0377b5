/* The disk against the set: what is new, changed, gone, wrong; and when that counts. Nothing is
 * loaded here but where a version has to answer. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/reload.h"
#include "model_lab.h"

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"

static model_lab lab;
static sv_reload *reload;
static sv_log *log_;
static char log_path[512];
static const char *paths[1];

/* A registry over r/, and a reload of it. */
static void open_lab(void)
{
    static char root[512];
    snprintf(root, sizeof root, "%s", folder_path("r"));
    snprintf(log_path, sizeof log_path, "%s", folder_write("log", ""));
    paths[0] = root;
    FILE *file = fopen(log_path, "ae");
    assert_non_null(file);
    int fd = dup(fileno(file));
    fclose(file);
    sv_log_config log_config = {.access_fd = fd, .other_fd = fd};
    assert_int_equal(sv_log_new(&log_config, &log_), SV_OK);
    assert_int_equal(model_lab_open(&lab, root, NULL), SV_OK);
    sv_reload_config config = {.registry = lab.registry, .log = log_, .paths = paths, .n_paths = 1};
    assert_int_equal(sv_reload_new(&config, &reload), SV_OK);
}

/* How many lines of the log have `word`; ends the log. */
static int count_told(const char *word)
{
    char line[4096];
    int n = 0;
    sv_log_free(log_);
    log_ = NULL;
    FILE *file = fopen(log_path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, word) != NULL;
    fclose(file);
    return n;
}

static int clear(void **state)
{
    (void)state;
    sv_reload_free(reload);
    reload = NULL;
    sv_log_free(log_);
    log_ = NULL;
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

static void look(int times)
{
    for (int i = 0; i < times; i++)
        sv_reload_look(reload, false);
}

static void ask(void)
{
    sv_reload_look(reload, true);
}

static sv_model *model(const char *name)
{
    return sv_registry_find(lab.registry, sv_str_from(name));
}

static sv_model_version *version(const char *of, const char *name)
{
    sv_model *found = model(of);
    return found ? sv_registry_find_version(found, sv_str_from(name)) : NULL;
}

static bool is_queued(const char *of, const char *name)
{
    return version(of, name)->activity == SV_ACTIVITY_QUEUED;
}

/* As the loader would. */
static void load(const char *of, const char *name)
{
    (void)model_lab_load(&lab, of, name);
    sv_reload_settle(reload);
}

static void remove_file(const char *name)
{
    assert_int_equal(remove(folder_path(name)), 0);
}

static void remove_version(const char *dir)
{
    char file[128];
    snprintf(file, sizeof file, "%s/model.onnx", dir);
    remove_file(file);
    remove_file(dir);
}

static void test_nothing_changes(void **state)
{
    (void)state;
    folder_write("r/a/1/model.onnx", "a");
    open_lab();
    look(3);
    ask();
    assert_int_equal(sv_registry_set(lab.registry)->n_models, 1);
    assert_false(is_queued("a", "1"));
}

static void test_new_model(void **state)
{
    (void)state;
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    look(1);
    folder_write("r/a/1/model.onnx", "a");
    folder_write("r/a/2/model.onnx", "a");
    look(1);
    assert_null(model("a"));
    look(1);
    assert_non_null(model("a"));
    assert_int_equal(model("a")->n_versions, 2);
    assert_true(is_queued("a", "1") && is_queued("a", "2"));
    assert_false(is_queued("b", "1"));
}

static void test_while_it_is_written(void **state)
{
    (void)state;
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    folder_write("r/a/1/model.onnx", "");
    look(1);
    folder_write("r/a/1/model.onnx", "half");
    look(1);
    folder_write("r/a/1/model.onnx", "half and half");
    look(1);
    assert_null(model("a"));
    look(1);
    assert_non_null(model("a"));
}

static void test_asked_it_is_at_once(void **state)
{
    (void)state;
    folder_write("r/b/1/model.onnx", "b");
    folder_write("r/c/1/model.onnx", "c");
    open_lab();
    folder_write("r/a/1/model.onnx", "a");
    folder_write("r/b/2/model.onnx", "b");
    remove_version("r/c/1");
    ask();
    assert_non_null(model("a"));
    assert_non_null(version("b", "2"));
    assert_null(model("c"));
}

static void test_lazy_ones_wait_for_a_request(void **state)
{
    (void)state;
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    folder_write("r/a/1/model.onnx", "a");
    folder_write("r/a/model.yaml", "load: lazy");
    ask();
    assert_false(is_queued("a", "1"));
    assert_false(version("a", "1")->is_new);
}

/* What answers is the default until the new one does. */
static void check_takeover(const char *manifest)
{
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/a/model.yaml", manifest);
    open_lab();
    load("a", "1");
    look(1);
    folder_copy("r/a/2/model.onnx", DIGITS);
    look(2);
    assert_true(version("a", "2")->is_new);
    assert_true(is_queued("a", "2"));
    assert_ptr_equal(version("a", ""), version("a", "1"));
    assert_int_equal(sv_registry_state(version("a", "")), SV_VERSION_READY);
    load("a", "2");
    assert_false(version("a", "2")->is_new);
    assert_ptr_equal(version("a", ""), version("a", "2"));
}

static void test_new_version_takes_over(void **state)
{
    (void)state;
    check_takeover("");
    assert_non_null(version("a", "1"));
}

static void test_lazy_new_version_takes_over(void **state)
{
    (void)state;
    check_takeover("load: lazy");
}

/* Version 1 is served no more, but not before 2 answers. */
static void test_latest_takes_over(void **state)
{
    (void)state;
    check_takeover("versions: {serve: latest}");
    assert_null(version("a", "1"));
    assert_int_equal(model("a")->n_versions, 1);
}

static void test_new_version_that_fails_does_not_take_over(void **state)
{
    (void)state;
    sv_error error = {0};
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/a/model.yaml", "versions: {serve: latest}");
    open_lab();
    load("a", "1");
    folder_write("r/a/2/model.onnx", "no model");
    look(2);
    sv_load_step step = {.registry = lab.registry};
    assert_int_not_equal(sv_load_step_run(&step, version("a", "2"), &error), SV_OK);
    sv_reload_settle(reload);
    look(2);
    assert_int_equal(sv_registry_state(version("a", "")), SV_VERSION_READY);
    assert_ptr_equal(version("a", ""), version("a", "1"));
    remove_version("r/a/2");
    look(2);
    assert_int_equal(model("a")->n_versions, 1);
    assert_int_equal(sv_registry_state(version("a", "1")), SV_VERSION_READY);
}

static void test_nobody_answered_before(void **state)
{
    (void)state;
    folder_write("r/a/1/model.onnx", "a");
    open_lab();
    folder_write("r/a/2/model.onnx", "a");
    ask();
    assert_ptr_equal(version("a", ""), version("a", "2"));
}

static void test_changed_file(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/b/1/model.onnx", "never loaded");
    open_lab();
    load("a", "1");
    look(2);
    const sv_instance *before = version("a", "1")->current;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/b/1/model.onnx", "never loaded either");
    look(1);
    assert_false(is_queued("a", "1"));
    look(1);
    assert_true(is_queued("a", "1"));
    assert_false(is_queued("b", "1"));
    assert_ptr_equal(version("a", "1")->current, before);
    load("a", "1");
    look(3);
    assert_false(is_queued("a", "1"));
    assert_int_equal(count_told("has changed"), 1);
}

/* Nobody loads it for that; and it is told once. */
static void test_changed_file_of_what_was_unloaded(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    open_lab();
    load("a", "1");
    version("a", "1")->is_unloaded = true;
    sv_model_set_take_out(version("a", "1"));
    folder_copy("r/a/1/model.onnx", DIGITS);
    look(5);
    assert_false(is_queued("a", "1"));
    assert_int_equal(count_told("has changed"), 1);
}

static void test_what_failed_is_tried_again_when_it_changes(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_load_step step = {0};
    folder_write("r/a/1/model.onnx", "no model");
    open_lab();
    step.registry = lab.registry;
    version("a", "1")->is_wanted = true;
    assert_int_not_equal(sv_load_step_run(&step, version("a", "1"), &error), SV_OK);
    look(3);
    assert_false(is_queued("a", "1"));
    folder_copy("r/a/1/model.onnx", DIGITS);
    look(2);
    assert_true(is_queued("a", "1"));
    assert_int_equal(version("a", "1")->n_failures, 0);
}

static void test_changed_manifest(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_copy("r/a/2/model.onnx", DIGITS);
    open_lab();
    load("a", "2");
    look(1);
    folder_write("r/a/model.yaml", "versions: {default: '1'}\nengine: {concurrency: 3}");
    look(2);
    assert_ptr_equal(version("a", ""), version("a", "1"));
    assert_int_equal(atomic_load(&version("a", "1")->lane.max_running), 3);
    assert_int_equal(atomic_load(&version("a", "2")->lane.max_running), 3);
    assert_true(is_queued("a", "2"));
    assert_false(is_queued("a", "1"));
    remove_file("r/a/model.yaml");
    look(2);
    assert_ptr_equal(version("a", ""), version("a", "2"));
    assert_int_equal(atomic_load(&version("a", "1")->lane.max_running), 0);
}

static void test_gone(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/a/2/model.onnx", "a");
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    load("a", "1");
    remove_version("r/a/2");
    remove_version("r/b/1");
    look(1);
    assert_non_null(version("a", "2"));
    assert_non_null(model("b"));
    look(1);
    assert_null(version("a", "2"));
    assert_null(model("b"));
    assert_int_equal(sv_registry_state(version("a", "1")), SV_VERSION_READY);
}

static void test_gone_for_a_moment(void **state)
{
    (void)state;
    folder_write("r/a/1/model.onnx", "a");
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    look(1);
    remove_version("r/b/1");
    look(1);
    folder_write("r/b/1/model.onnx", "b");
    look(3);
    assert_non_null(model("b"));
    assert_int_equal(count_told("is gone"), 0);
}

/* Whoever has it goes on; the version's memory goes with the last of them. */
static void test_gone_while_it_is_used(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    load("a", "1");
    sv_instance *used = sv_registry_peek(version("a", "1"));
    remove_version("r/a/1");
    ask();
    assert_null(model("a"));
    sv_model_set *set = sv_registry_set(lab.registry);
    assert_true(set->memory_bytes > 0);
    assert_int_equal(sv_model_set_state(used->version), SV_VERSION_DRAINING);
    sv_registry_release(used);
    assert_int_equal(set->memory_bytes, 0);
    assert_non_null(set->dead);
}

static void test_another_name_of_the_same_version(void **state)
{
    (void)state;
    folder_copy("r/a/v2/model.onnx", DIGITS);
    open_lab();
    load("a", "2");
    const sv_model_version *before = version("a", "2");
    assert_int_equal(rename(folder_path("r/a/v2"), folder_path("r/a/2")), 0);
    look(3);
    assert_ptr_equal(version("a", "2"), before);
    assert_int_equal(model("a")->n_versions, 1);
    assert_true(is_queued("a", "2"));
    load("a", "2");
    look(3);
    assert_false(is_queued("a", "2"));
}

static void test_invalid_manifest(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    load("a", "1");
    look(1);
    const sv_instance *before = version("a", "1")->current;
    folder_write("r/a/model.yaml", "task: dance");
    folder_write("r/b/model.yaml", "load: sometimes");
    folder_write("r/a/2/model.onnx", "a");
    look(5);
    assert_ptr_equal(version("a", "1")->current, before);
    assert_false(is_queued("a", "1"));
    assert_null(version("a", "2"));
    folder_write("r/a/model.yaml", "");
    look(3);
    assert_true(is_queued("a", "1"));
    assert_non_null(version("a", "2"));
    folder_write("r/a/model.yaml", "task: dance");
    look(3);
    assert_int_equal(count_told("models are left as they are"), 3);
}

static void test_a_default_that_is_not_there(void **state)
{
    (void)state;
    folder_write("r/a/1/model.onnx", "a");
    open_lab();
    const sv_model_files *before = model("a")->files;
    folder_write("r/a/model.yaml", "versions: {default: '7'}");
    ask();
    assert_ptr_equal(model("a")->files, before);
    assert_int_equal(count_told("models are left as they are"), 1);
}

static void test_a_scan_that_fails(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_write("r/b/1/model.onnx", "b");
    open_lab();
    load("a", "1");
    look(1);
    assert_int_equal(rename(folder_path("r"), folder_path("s")), 0);
    look(3);
    ask();
    assert_int_equal(sv_registry_set(lab.registry)->n_models, 2);
    assert_int_equal(sv_registry_state(version("a", "1")), SV_VERSION_READY);
    assert_int_equal(rename(folder_path("s"), folder_path("r")), 0);
    look(3);
    assert_int_equal(sv_registry_set(lab.registry)->n_models, 2);
    assert_false(is_queued("a", "1"));
    assert_int_equal(count_told("models are left as they are"), 1);
}

/* What the manifest does not have served is no new version, however often it is seen. */
static void test_unserved_versions(void **state)
{
    (void)state;
    folder_write("r/a/2/model.onnx", "a");
    folder_write("r/a/model.yaml", "versions: {serve: ['2']}");
    open_lab();
    folder_write("r/a/1/model.onnx", "a");
    folder_write("r/a/3/model.onnx", "a");
    look(3);
    assert_int_equal(model("a")->n_versions, 1);
    assert_int_equal(count_told("version"), 0);
}

/* As many as there may be, all of them replaced by others. */
static void test_all_versions_are_replaced(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < SV_REPOSITORY_MAX_VERSIONS; i++) {
        snprintf(name, sizeof name, "r/a/%d/model.onnx", i + 1);
        folder_write(name, "a");
    }
    open_lab();
    look(1);
    for (int i = 0; i < SV_REPOSITORY_MAX_VERSIONS; i++) {
        char to[64];
        snprintf(name, sizeof name, "r/a/%d", i + 1);
        snprintf(to, sizeof to, "r/a/%d", i + 101);
        assert_int_equal(rename(folder_path(name), folder_path(to)), 0);
    }
    look(2);
    assert_int_equal(model("a")->n_versions, SV_REPOSITORY_MAX_VERSIONS);
    assert_null(version("a", "1"));
    assert_non_null(version("a", "164"));
}

static void test_as_many_models_as_there_may_be(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < SV_REPOSITORY_MAX_MODELS; i++) {
        snprintf(name, sizeof name, "r/m%03d/1/model.onnx", i);
        folder_write(name, "a");
    }
    open_lab();
    folder_write("r/n/1/model.onnx", "one too many");
    ask();
    assert_null(model("n"));
    remove_version("r/m000/1");
    ask();
    ask(); /* the old one goes after the new one comes */
    assert_non_null(model("n"));
    assert_null(model("m000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nothing_changes, clear),
        cmocka_unit_test_teardown(test_new_model, clear),
        cmocka_unit_test_teardown(test_while_it_is_written, clear),
        cmocka_unit_test_teardown(test_asked_it_is_at_once, clear),
        cmocka_unit_test_teardown(test_lazy_ones_wait_for_a_request, clear),
        cmocka_unit_test_teardown(test_new_version_takes_over, clear),
        cmocka_unit_test_teardown(test_lazy_new_version_takes_over, clear),
        cmocka_unit_test_teardown(test_latest_takes_over, clear),
        cmocka_unit_test_teardown(test_new_version_that_fails_does_not_take_over, clear),
        cmocka_unit_test_teardown(test_nobody_answered_before, clear),
        cmocka_unit_test_teardown(test_changed_file, clear),
        cmocka_unit_test_teardown(test_changed_file_of_what_was_unloaded, clear),
        cmocka_unit_test_teardown(test_what_failed_is_tried_again_when_it_changes, clear),
        cmocka_unit_test_teardown(test_changed_manifest, clear),
        cmocka_unit_test_teardown(test_gone, clear),
        cmocka_unit_test_teardown(test_gone_for_a_moment, clear),
        cmocka_unit_test_teardown(test_gone_while_it_is_used, clear),
        cmocka_unit_test_teardown(test_another_name_of_the_same_version, clear),
        cmocka_unit_test_teardown(test_invalid_manifest, clear),
        cmocka_unit_test_teardown(test_a_default_that_is_not_there, clear),
        cmocka_unit_test_teardown(test_a_scan_that_fails, clear),
        cmocka_unit_test_teardown(test_unserved_versions, clear),
        cmocka_unit_test_teardown(test_all_versions_are_replaced, clear),
        cmocka_unit_test_teardown(test_as_many_models_as_there_may_be, clear),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
