/* Models and versions as objects: order, limits, states, and who may be freed when. No engine. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "model/model_set.h"

static sv_model_set set;
static sv_scheduler *scheduler;
static sv_pool *pool;
static int n_closed;
static char changes[512]; /* states, a letter each */

static void close_series(void *arg, sv_model_version *version)
{
    (void)arg;
    (void)version;
    n_closed++;
}

static void note_change(void *arg, sv_model_version *version, sv_version_state state)
{
    static const char letters[] = "alwrdf";
    size_t len = strlen(changes);
    (void)arg;
    (void)version;
    if (len + 1 < sizeof changes)
        changes[len] = letters[state];
}

static int set_up(void **state)
{
    (void)state;
    sv_model_set_hooks hooks = {.closed = close_series, .changed = note_change};
    sv_model_set_init(&set, &hooks);
    n_closed = 0;
    memset(changes, 0, sizeof changes);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_model_set_deinit(&set);
    sv_scheduler_free(scheduler);
    scheduler = NULL;
    sv_pool_free(pool);
    pool = NULL;
    return 0;
}

/* A model of the versions that `names` lists, with blanks between; NULL: it could not be made. */
static sv_model_files *make_files(const char *name, const char *names, const char *override)
{
    static sv_version_source versions[SV_REPOSITORY_MAX_VERSIONS];
    char text[1024];
    sv_buf problems;
    sv_model_files *files = NULL;
    sv_model_source source = {.name = sv_str_from(name), .dir = "/nowhere", .versions = versions};
    snprintf(text, sizeof text, "%s", names);
    for (char *save, *part = strtok_r(text, " ", &save); part; part = strtok_r(NULL, " ", &save))
        versions[source.n_versions++] =
            (sv_version_source){sv_str_from(part), "/nowhere/model.onnx", "/nowhere"};
    sv_str sets[] = {sv_str_from(override ? override : "")};
    sv_strs list = {.items = sets, .len = override ? 1 : 0};
    sv_buf_init(&problems, 4096);
    if (sv_model_files_read(&source, &list, &problems, &files))
        files = NULL;
    sv_buf_deinit(&problems);
    return files;
}

static sv_status add(const char *name, const char *names, sv_model **ret_model)
{
    sv_model_files *files = make_files(name, names, NULL);
    if (!files)
        return SV_NO_MEMORY;
    pthread_mutex_lock(&set.lock);
    sv_status status = sv_model_set_add(&set, files, ret_model);
    pthread_mutex_unlock(&set.lock);
    sv_model_files_release(files);
    return status;
}

/* As if it was loaded. */
static sv_instance *make_instance(uint64_t bytes)
{
    sv_instance *instance = calloc(1, sizeof *instance);
    assert_non_null(instance);
    atomic_init(&instance->holders, 1);
    sv_batch_plan_init(&instance->batching);
    instance->memory_bytes = bytes;
    instance->task = SV_TASK_TENSOR;
    return instance;
}

static void put_in(sv_model_version *version, sv_instance *instance)
{
    pthread_mutex_lock(&set.lock);
    sv_model_set_put_in(version, instance);
    pthread_mutex_unlock(&set.lock);
}

static void take_out(sv_model_version *version)
{
    pthread_mutex_lock(&set.lock);
    sv_model_set_take_out(version);
    pthread_mutex_unlock(&set.lock);
}

static void remove_model(size_t index)
{
    pthread_mutex_lock(&set.lock);
    sv_model_set_remove(&set, index);
    pthread_mutex_unlock(&set.lock);
}

static void release(sv_instance *instance)
{
    if (!sv_instance_drop(instance))
        return;
    pthread_mutex_lock(&set.lock);
    sv_model_set_bury(&set, instance);
    pthread_mutex_unlock(&set.lock);
}

static void test_names_are_in_order(void **state)
{
    (void)state;
    static const char *const given[] = {"b", "ab", "a", "c", "aa"};
    static const char *const wanted[] = {"a", "aa", "ab", "b", "c"};
    sv_model *model;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(add(given[i], "1", &model), SV_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_true(sv_str_eq(set.models[i]->name, sv_str_from(wanted[i])));
        assert_ptr_equal(sv_model_set_find(&set, sv_str_from(wanted[i])), set.models[i]);
    }
    assert_null(sv_model_set_find(&set, SV_STR("")));
    assert_null(sv_model_set_find(&set, SV_STR("abc")));
    remove_model(1);
    assert_null(sv_model_set_find(&set, SV_STR("aa")));
    assert_int_equal(set.n_models, 4);
}

static void test_versions_are_in_order(void **state)
{
    (void)state;
    static const char *const wanted[] = {"1", "v2", "10", "alpha", "beta"};
    sv_model *model;
    assert_int_equal(add("m", "beta 10 1 alpha v2", &model), SV_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_true(sv_str_eq(model->versions[i]->name, sv_str_from(wanted[i])));
        assert_ptr_equal(sv_model_set_find_version(model, sv_str_from(wanted[i])),
                         model->versions[i]);
    }
    assert_ptr_equal(sv_model_set_find_version(model, SV_STR("2")), model->versions[1]);
    assert_null(sv_model_set_find_version(model, SV_STR("3")));
}

static void test_default(void **state)
{
    (void)state;
    sv_model *model;
    assert_int_equal(add("m", "1 2 beta", &model), SV_OK);
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("2")));
    model->versions[1]->is_new = true;
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("1")));
    model->versions[0]->is_new = true;
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("beta")));
    model->versions[2]->is_new = true; /* all of them: as if none was */
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("2")));
    model->default_version = SV_STR("v1");
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("1")));
    model->default_version = SV_STR("77"); /* it is gone meanwhile */
    assert_true(sv_str_eq(sv_model_set_default(model)->name, SV_STR("2")));
}

static void test_state_is_derived(void **state)
{
    (void)state;
    static sv_instance instance;
    static const struct {
        bool has_current;
        sv_version_activity activity;
        size_t n_draining;
        sv_status failure;
        sv_version_state wanted;
    } cases[] = {
        {false, SV_ACTIVITY_NONE, 0, SV_OK, SV_VERSION_ABSENT},
        {false, SV_ACTIVITY_NONE, 0, SV_IO, SV_VERSION_FAILED},
        {false, SV_ACTIVITY_NONE, 1, SV_IO, SV_VERSION_DRAINING},
        {false, SV_ACTIVITY_QUEUED, 1, SV_IO, SV_VERSION_LOADING},
        {false, SV_ACTIVITY_LOADING, 0, SV_OK, SV_VERSION_LOADING},
        {false, SV_ACTIVITY_WARMING, 0, SV_OK, SV_VERSION_WARMING},
        {true, SV_ACTIVITY_NONE, 0, SV_OK, SV_VERSION_READY},
        {true, SV_ACTIVITY_WARMING, 2, SV_IO, SV_VERSION_READY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_model_version version = {.current = cases[i].has_current ? &instance : NULL,
                                    .activity = cases[i].activity,
                                    .n_draining = cases[i].n_draining,
                                    .failure = cases[i].failure};
        assert_int_equal(sv_model_set_state(&version), cases[i].wanted);
    }
}

static void test_limits(void **state)
{
    (void)state;
    char name[16], names[512] = "";
    sv_model *model = NULL;
    sv_model_version *version = NULL;
    for (int i = 1; i <= SV_REPOSITORY_MAX_VERSIONS; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%d ", i);
    assert_int_equal(add("m000", names, &model), SV_OK);
    sv_version_source more = {SV_STR("65"), "/nowhere/model.onnx", "/nowhere"};
    assert_int_equal(sv_model_set_add_version(model, &more, &version), SV_TOO_LARGE);
    assert_null(version);
    for (int i = 1; i < SV_REPOSITORY_MAX_MODELS; i++) {
        snprintf(name, sizeof name, "m%03d", i);
        assert_int_equal(add(name, "1", &model), SV_OK);
    }
    sv_model *one_more = NULL;
    assert_int_equal(add("n", "1", &one_more), SV_TOO_LARGE);
    assert_null(one_more);
    assert_int_equal(set.n_models, SV_REPOSITORY_MAX_MODELS);
    remove_model(7);
    assert_int_equal(add("n", "1", &one_more), SV_OK);
}

static void test_what_is_taken_out_drains(void **state)
{
    (void)state;
    static char series;
    sv_model *model;
    sv_instance *instance = make_instance(10);
    assert_int_equal(add("m", "1", &model), SV_OK);
    sv_model_version *version = model->versions[0];
    version->series = &series;
    put_in(version, instance);
    assert_int_equal(set.memory_bytes, 10);
    assert_int_equal(model->task, SV_TASK_TENSOR);
    (void)sv_instance_hold(instance);
    take_out(version);
    take_out(version); /* nothing is there */
    sv_model_set_free_buried(&set);
    assert_int_equal(set.memory_bytes, 10);
    assert_int_equal(sv_model_set_state(version), SV_VERSION_DRAINING);
    release(instance);
    sv_model_set_free_buried(&set);
    assert_int_equal(set.memory_bytes, 0);
    assert_int_equal(sv_model_set_state(version), SV_VERSION_ABSENT);
    assert_string_equal(changes, "da");
}

/* Both instances are held, of which one was replaced: the version drains until both are gone. */
static void test_what_is_replaced_drains_too(void **state)
{
    (void)state;
    sv_model *model;
    sv_instance *first = make_instance(10), *second = make_instance(20);
    assert_int_equal(add("m", "1", &model), SV_OK);
    sv_model_version *version = model->versions[0];
    put_in(version, first);
    (void)sv_instance_hold(first);
    put_in(version, second);
    assert_ptr_equal(version->current, second);
    assert_int_equal(set.memory_bytes, 30);
    take_out(version);
    sv_model_set_free_buried(&set);
    assert_int_equal(set.memory_bytes, 10);
    assert_int_equal(sv_model_set_state(version), SV_VERSION_DRAINING);
    release(first);
    sv_model_set_free_buried(&set);
    assert_int_equal(sv_model_set_state(version), SV_VERSION_ABSENT);
}

static void test_removed_while_held(void **state)
{
    (void)state;
    static char series;
    sv_model *model;
    sv_instance *instance = make_instance(10);
    assert_int_equal(add("m", "1 2", &model), SV_OK);
    sv_model_version *version = model->versions[0];
    version->series = model->versions[1]->series = &series;
    put_in(version, instance);
    (void)sv_instance_hold(instance);
    remove_model(0);
    sv_model_set_free_dead(&set, NULL);
    assert_int_equal(n_closed, 1); /* version 2 */
    sv_model_set_free_buried(&set);
    assert_true(sv_str_eq(instance->version->model->name, SV_STR("m")));
    release(instance);
    sv_model_set_free_dead(&set, NULL);
    assert_int_equal(n_closed, 1);
    sv_model_set_free_buried(&set);
    sv_model_set_free_dead(&set, NULL);
    assert_int_equal(n_closed, 2);
    assert_int_equal(set.memory_bytes, 0);
}

static void test_removed_while_somebody_waits(void **state)
{
    (void)state;
    sv_model *model;
    assert_int_equal(add("m", "1", &model), SV_OK);
    sv_model_version *version = model->versions[0];
    sv_model_set_hold(version);
    sv_model_set_enqueue(version);
    assert_int_equal(version->activity, SV_ACTIVITY_QUEUED);
    remove_model(0);
    assert_int_equal(version->activity, SV_ACTIVITY_NONE);
    assert_true(version->is_unloaded);
    sv_model_set_release(version);
    sv_model_set_release(NULL);
    assert_ptr_equal(set.dead, version);
}

/* What runs on a lane when the version dies. */
typedef struct lane_work {
    sv_work work;
    sv_model_version *version;
} lane_work;

static void run_while_it_dies(sv_work *work)
{
    lane_work *one = SV_CONTAINER_OF(work, lane_work, work);
    sv_model_set_release(one->version);
    sv_model_set_free_dead(&set, scheduler);
    assert_ptr_equal(set.dead, one->version);
}

static void test_a_lane_that_is_looked_at_stays(void **state)
{
    (void)state;
    sv_model *model;
    sv_work_refusal refusal;
    assert_int_equal(sv_pool_new(1, 1, 100, &pool), SV_OK);
    sv_scheduler_config config = {.n_permits = 1, .max_waiting = 10, .pool = pool};
    assert_int_equal(sv_scheduler_new(&config, &scheduler), SV_OK);
    assert_int_equal(add("m", "1", &model), SV_OK);
    lane_work one = {.version = model->versions[0]};
    one.work =
        (sv_work){.run = run_while_it_dies, .lane = &one.version->lane, .deadline_ns = SV_NEVER};
    sv_model_set_hold(one.version);
    remove_model(0);
    assert_int_equal(sv_scheduler_submit(scheduler, &one.work, &refusal), SV_OK);
    assert_non_null(set.dead);
    sv_model_set_free_dead(&set, scheduler);
    assert_null(set.dead);
}

static bool add_once(void *arg)
{
    sv_model *model = arg;
    size_t before = set.n_models;
    sv_status status = add("x", "1 2 3", &model);
    assert_int_equal(set.n_models, before + (status == SV_OK));
    if (!status)
        remove_model(set.n_models - 1);
    sv_model_set_free_dead(&set, NULL);
    return status == SV_OK;
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    sv_model *model;
    assert_int_equal(add("a", "1", &model), SV_OK);
    assert_true(failing_malloc_try_each(add_once, NULL) >= 4);
    assert_int_equal(set.n_models, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_names_are_in_order),
        TEST(test_versions_are_in_order),
        TEST(test_default),
        TEST(test_state_is_derived),
        TEST(test_limits),
        TEST(test_what_is_taken_out_drains),
        TEST(test_what_is_replaced_drains_too),
        TEST(test_removed_while_held),
        TEST(test_removed_while_somebody_waits),
        TEST(test_a_lane_that_is_looked_at_stays),
        TEST(test_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
