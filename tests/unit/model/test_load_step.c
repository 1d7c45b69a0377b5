/* One load: room in the budget, what is kept of a failure, what is replaced, and what is not wanted
 * any more when it is there. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "model_lab.h"

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"

static model_lab lab;
static sv_load_step step;
static void (*on_open)(sv_model_version *version); /* in the middle of a load */
static int n_evicted, n_loaded, n_failed;

static void *open_series(void *arg, const sv_model_version *version)
{
    if (on_open)
        on_open(sv_registry_find_version(version->model, version->name));
    return arg;
}

static void count_load(void *arg, sv_model_version *version, const sv_instance *instance)
{
    (void)arg;
    (void)version;
    *(instance ? &n_loaded : &n_failed) += 1;
}

static void count_eviction(void *arg, sv_model_version *version)
{
    (void)arg;
    (void)version;
    n_evicted++;
}

static int clear(void **state)
{
    (void)state;
    model_lab_close(&lab);
    folder_clear();
    on_open = NULL;
    n_evicted = n_loaded = n_failed = 0;
    return 0;
}

static sv_model_version *find(const char *model)
{
    return sv_registry_find_version(sv_registry_find(lab.registry, sv_str_from(model)),
                                    SV_STR("1"));
}

static sv_status load(const char *model, sv_error *ret_error)
{
    *ret_error = (sv_error){0};
    return sv_load_step_run(&step, find(model), ret_error);
}

/* Models a, b and c, of one size; `manifests` for each, "" for none. */
static void open_lab(const char *manifests[3])
{
    static char series;
    sv_registry_config base = {.hooks = {.opened = open_series,
                                         .loaded = count_load,
                                         .evicted = count_eviction,
                                         .arg = &series}};
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "r/%c/1/model.onnx", 'a' + i);
        folder_copy(name, DIGITS);
        snprintf(name, sizeof name, "r/%c/model.yaml", 'a' + i);
        folder_write(name, manifests[i]);
    }
    assert_int_equal(model_lab_open(&lab, folder_path("r"), &base), SV_OK);
    step = (sv_load_step){.registry = lab.registry};
}

static void open_with_budget(const char *manifests[3], double n_models)
{
    open_lab(manifests);
    const sv_instance *one = model_lab_load(&lab, "a", "1");
    step.memory_budget = (uint64_t)((double)one->memory_bytes * n_models);
}

static void demand(const char *model)
{
    find(model)->is_demanded = true;
    find(model)->last_used_ns = sv_clock_now_ns(&sv_clock_system);
}

static sv_version_state state_of(const char *model)
{
    return sv_registry_state(find(model));
}

static const char *none[] = {"", "", ""};

static void test_the_oldest_gives_way(void **state)
{
    (void)state;
    sv_error error;
    open_with_budget(none, 2.5);
    demand("b");
    assert_int_equal(load("b", &error), SV_OK);
    find("a")->last_used_ns = sv_clock_now_ns(&sv_clock_system);
    demand("c");
    assert_int_equal(load("c", &error), SV_OK);
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    assert_int_equal(state_of("b"), SV_VERSION_ABSENT);
    assert_int_equal(state_of("c"), SV_VERSION_READY);
    assert_int_equal(n_evicted, 1);
    assert_true(sv_registry_set(lab.registry)->memory_bytes <= step.memory_budget);
}

static void test_one_in_use_stays(void **state)
{
    (void)state;
    sv_error error;
    open_with_budget(none, 1.5);
    sv_instance *used = sv_registry_peek(find("a"));
    demand("b");
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    assert_ptr_equal(error.kind, &sv_kind_insufficient_memory);
    assert_non_null(strstr(error.message, "memory_budget"));
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    assert_int_equal(state_of("b"), SV_VERSION_FAILED);
    assert_int_equal(n_evicted, 0);
    sv_registry_release(used);
    demand("b");
    assert_int_equal(load("b", &error), SV_OK);
    assert_int_equal(state_of("a"), SV_VERSION_ABSENT);
    assert_false(find("b")->reason[0]);
}

static void test_a_pinned_one_stays(void **state)
{
    (void)state;
    sv_error error;
    const char *manifests[] = {"load: pinned", "", "load: pinned"};
    open_with_budget(manifests, 1.5);
    demand("b");
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    step.memory_budget = step.memory_budget / 3 * 5;
    demand("b");
    assert_int_equal(load("b", &error), SV_OK);
    assert_int_equal(load("c", &error), SV_OK); /* is loaded at the cost of others, unasked */
    assert_int_equal(state_of("b"), SV_VERSION_ABSENT);
}

/* One that nobody asked for makes nobody give way, and that is no failure. */
static void test_an_optional_one_stays_away(void **state)
{
    (void)state;
    sv_error error;
    open_with_budget(none, 1.5);
    find("b")->is_wanted = true;
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    assert_int_equal(state_of("b"), SV_VERSION_ABSENT);
    assert_false(find("b")->is_wanted);
    assert_int_equal(find("b")->failure, SV_OK);
}

static void ask_for(sv_model_version *version)
{
    version->is_demanded = true;
}

/* Somebody asks while it is found not to fit: it gets another turn, as one that is asked for. */
static void test_an_optional_one_that_is_asked_for_meanwhile(void **state)
{
    (void)state;
    sv_error error;
    open_with_budget(none, 1.5);
    on_open = ask_for;
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    assert_int_equal(find("b")->activity, SV_ACTIVITY_QUEUED);
    assert_int_equal(load("b", &error), SV_OK);
    assert_int_equal(state_of("b"), SV_VERSION_READY);
    assert_int_equal(state_of("a"), SV_VERSION_ABSENT);
}

static void test_what_drains_takes_its_room(void **state)
{
    (void)state;
    sv_error error;
    open_with_budget(none, 1.5);
    sv_instance *used = sv_registry_peek(find("a"));
    sv_model_set_take_out(find("a"));
    demand("b");
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    sv_registry_release(used);
    demand("b");
    assert_int_equal(load("b", &error), SV_OK);
}

static int count_lines(const char *path, const char *word)
{
    char line[4096];
    int n = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, word) != NULL;
    fclose(file);
    return n;
}

/* However many requests ask for what has no room, the log grows slowly. */
static void test_no_room_is_told_now_and_then(void **state)
{
    (void)state;
    enum { N_TIMES = 100, N_TOLD = 7 }; /* 1, 2, 4, … 64 */
    sv_error error;
    char path[512];
    snprintf(path, sizeof path, "%s", folder_write("log", ""));
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    sv_log_config config = {.access_fd = fileno(file), .other_fd = fileno(file)};
    open_lab(none);
    step.memory_budget = 1;
    assert_int_equal(sv_log_new(&config, &step.log), SV_OK);
    for (int i = 0; i < N_TIMES; i++) {
        demand("b");
        assert_int_equal(load("b", &error), SV_NO_MEMORY);
    }
    sv_log_free(step.log);
    fclose(file);
    assert_int_equal(count_lines(path, "cannot be loaded"), N_TOLD);
}

/* A size that was found out is remembered: the file is not read again in vain. */
static void test_a_size_is_remembered(void **state)
{
    (void)state;
    sv_error error;
    open_lab(none);
    step.memory_budget = 1;
    demand("b");
    assert_int_equal(load("b", &error), SV_NO_MEMORY);
    const sv_instance *one = model_lab_load(&lab, "a", "1");
    step.memory_budget = one->memory_bytes - 1;
    sv_model_set_take_out(find("a"));
    sv_model_set_free_buried(sv_registry_set(lab.registry));
    for (int i = 0; i < 2; i++) {
        demand("b");
        assert_int_equal(load("b", &error), SV_NO_MEMORY);
    }
    assert_int_equal(find("b")->known_bytes, step.memory_budget + 1);
}

static void test_back_off(void **state)
{
    (void)state;
    sv_error error;
    open_lab(none);
    folder_write("r/a/1/model.onnx", "no model");
    for (unsigned n = 0; n < 14; n++) {
        int64_t before = sv_clock_now_ns(&sv_clock_system);
        assert_int_not_equal(load("a", &error), SV_OK);
        int64_t wait_s = n < 9 ? 1 << n : 300;
        int64_t after = sv_clock_now_ns(&sv_clock_system);
        assert_true(find("a")->retry_at_ns >= before + (wait_s < 300 ? wait_s : 300) * SV_NS_PER_S);
        assert_true(find("a")->retry_at_ns <= after + (wait_s < 300 ? wait_s : 300) * SV_NS_PER_S);
        assert_string_equal(find("a")->reason, error.message);
        assert_int_equal(state_of("a"), SV_VERSION_FAILED);
    }
    folder_copy("r/a/1/model.onnx", DIGITS);
    (void)model_lab_load(&lab, "a", "1");
    assert_int_equal(find("a")->n_failures, 0);
    assert_int_equal(find("a")->failure, SV_OK);
}

static void test_replaced(void **state)
{
    (void)state;
    open_lab(none);
    const sv_model_set *set = sv_registry_set(lab.registry);
    uint64_t bytes = model_lab_load(&lab, "a", "1")->memory_bytes;
    assert_int_equal(set->memory_bytes, bytes);
    sv_instance *held = sv_registry_peek(find("a"));
    assert_ptr_not_equal(model_lab_load(&lab, "a", "1"), held);
    assert_int_equal(set->memory_bytes, 2 * bytes);
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    sv_registry_release(held);
    assert_int_equal(set->memory_bytes, bytes);
    (void)model_lab_load(&lab, "a", "1");
    assert_int_equal(set->memory_bytes, bytes);
}

/* What answers goes on, whatever comes of the new one. */
static void test_replacing_fails(void **state)
{
    (void)state;
    sv_error error;
    open_lab(none);
    const sv_instance *before = model_lab_load(&lab, "a", "1");
    folder_write("r/a/1/model.onnx", "no model");
    assert_int_not_equal(load("a", &error), SV_OK);
    assert_ptr_equal(find("a")->current, before);
    assert_int_equal(state_of("a"), SV_VERSION_READY);
    assert_true(find("a")->reason[0]);
}

static void unload(sv_model_version *version)
{
    version->is_unloaded = true;
}

static void test_unloaded_meanwhile(void **state)
{
    (void)state;
    sv_error error;
    open_lab(none);
    (void)model_lab_load(&lab, "b", "1");
    uint64_t bytes = sv_registry_set(lab.registry)->memory_bytes;
    on_open = unload;
    assert_int_equal(load("a", &error), SV_OK);
    assert_int_equal(state_of("a"), SV_VERSION_ABSENT);
    assert_int_equal(sv_registry_set(lab.registry)->memory_bytes, bytes);
    folder_write("r/c/1/model.onnx", "no model");
    assert_int_not_equal(load("c", &error), SV_OK);
    assert_int_equal(state_of("c"), SV_VERSION_ABSENT);
}

static void remove_model(sv_model_version *version)
{
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->n_models; i++)
        if (set->models[i] == version->model)
            sv_model_set_remove(set, i);
    pthread_mutex_unlock(&set->lock);
}

static void test_removed_meanwhile(void **state)
{
    (void)state;
    sv_error error = {0};
    open_lab(none);
    (void)model_lab_load(&lab, "b", "1");
    uint64_t bytes = sv_registry_set(lab.registry)->memory_bytes;
    sv_model_version *version = find("a");
    sv_model_set_hold(version);
    on_open = remove_model;
    assert_int_equal(sv_load_step_run(&step, version, &error), SV_OK);
    assert_null(version->current);
    assert_int_equal(sv_registry_set(lab.registry)->memory_bytes, bytes);
    sv_model_set_release(version);
    sv_model_set_free_dead(sv_registry_set(lab.registry), NULL);
}

static void test_the_file_is_gone(void **state)
{
    (void)state;
    sv_error error;
    open_lab(none);
    assert_int_equal(remove(folder_path("r/a/1/model.onnx")), 0);
    assert_int_equal(load("a", &error), SV_NOT_FOUND);
    assert_int_equal(state_of("a"), SV_VERSION_FAILED);
    assert_int_equal(find("a")->stamp, 0);
    assert_int_equal(n_failed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_the_oldest_gives_way, clear),
        cmocka_unit_test_teardown(test_one_in_use_stays, clear),
        cmocka_unit_test_teardown(test_a_pinned_one_stays, clear),
        cmocka_unit_test_teardown(test_an_optional_one_stays_away, clear),
        cmocka_unit_test_teardown(test_an_optional_one_that_is_asked_for_meanwhile, clear),
        cmocka_unit_test_teardown(test_what_drains_takes_its_room, clear),
        cmocka_unit_test_teardown(test_no_room_is_told_now_and_then, clear),
        cmocka_unit_test_teardown(test_a_size_is_remembered, clear),
        cmocka_unit_test_teardown(test_back_off, clear),
        cmocka_unit_test_teardown(test_replaced, clear),
        cmocka_unit_test_teardown(test_replacing_fails, clear),
        cmocka_unit_test_teardown(test_unloaded_meanwhile, clear),
        cmocka_unit_test_teardown(test_removed_meanwhile, clear),
        cmocka_unit_test_teardown(test_the_file_is_gone, clear),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
