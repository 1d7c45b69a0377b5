/* Models and versions, told: copies that outlive what they tell of. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "failing_malloc.h"
#include "model/model_status.h"
#include "model_lab.h"

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"

static model_lab lab;
static sv_arena *arena;

static int set_up(void **state)
{
    (void)state;
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_copy("r/a/2/model.onnx", DIGITS);
    folder_write("r/a/model.yaml", "versions: {default: '1'}\ntask: image-classification\n");
    folder_write("r/b/1/model.gguf", "not what its name says");
    arena = sv_arena_new(0);
    return arena && model_lab_open(&lab, folder_path("r"), NULL) == SV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

static sv_model_version *find(const char *model, const char *version)
{
    return sv_registry_find_version(sv_registry_find(lab.registry, sv_str_from(model)),
                                    sv_str_from(version));
}

static void test_list(void **state)
{
    (void)state;
    sv_model_statuses list;
    assert_int_equal(sv_model_status_list(lab.registry, arena, &list), SV_OK);
    assert_int_equal(list.len, 2);
    const sv_model_status *a = &list.items[0], *b = &list.items[1];
    assert_true(sv_str_eq(a->name, SV_STR("a")));
    assert_int_equal(a->task, SV_TASK_IMAGE_CLASSIFICATION);
    assert_string_equal(a->engine, "onnxruntime");
    assert_int_equal(a->n_versions, 2);
    assert_int_equal(a->default_version, 0);
    assert_true(a->versions[0].is_default && !a->versions[1].is_default);
    assert_string_equal(b->engine, "llama.cpp"); /* by the name of its file */
    assert_int_equal(b->versions[0].state, SV_VERSION_ABSENT);
}

static void test_states(void **state)
{
    (void)state;
    sv_model_status told;
    sv_error error = {0};
    sv_load_step step = {.registry = lab.registry};
    uint64_t bytes = model_lab_load(&lab, "a", "1")->memory_bytes;
    assert_int_not_equal(sv_load_step_run(&step, find("b", "1"), &error), SV_OK);
    assert_int_equal(sv_model_status_find(lab.registry, SV_STR("a"), arena, &told), SV_OK);
    assert_int_equal(told.versions[0].state, SV_VERSION_READY);
    assert_int_equal(told.versions[0].memory_bytes, bytes);
    assert_int_equal(told.versions[0].reason.len, 0);
    assert_int_equal(told.versions[1].memory_bytes, 0);
    assert_true(sv_model_status_can_answer(&told));
    assert_int_equal(sv_model_status_find(lab.registry, SV_STR("b"), arena, &told), SV_OK);
    assert_int_equal(told.versions[0].state, SV_VERSION_FAILED);
    assert_true(sv_str_eq(told.versions[0].reason, sv_str_from(error.message)));
    assert_false(sv_model_status_can_answer(&told));
    assert_int_equal(sv_model_status_find(lab.registry, SV_STR("c"), arena, &told), SV_NOT_FOUND);
}

/* Where a loader is, a request loads what is absent, but not what was unloaded on purpose. */
static void test_on_demand(void **state)
{
    (void)state;
    sv_model_status told;
    sv_model_set *set = sv_registry_set(lab.registry);
    static const struct {
        bool has_loader, is_unloaded, can;
    } cases[] = {{false, false, false}, {true, false, true}, {true, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set->loader = cases[i].has_loader ? (struct sv_loader *)set : NULL;
        find("a", "1")->is_unloaded = cases[i].is_unloaded;
        assert_int_equal(sv_model_status_find(lab.registry, SV_STR("a"), arena, &told), SV_OK);
        assert_int_equal(told.versions[0].is_on_demand, cases[i].can);
        assert_int_equal(sv_model_status_can_answer(&told), cases[i].can);
    }
    set->loader = NULL;
}

static void test_it_outlives_the_model(void **state)
{
    (void)state;
    sv_model_status told;
    sv_model_set *set = sv_registry_set(lab.registry);
    assert_int_equal(sv_model_status_find(lab.registry, SV_STR("a"), arena, &told), SV_OK);
    pthread_mutex_lock(&set->lock);
    sv_model_set_remove(set, 0);
    pthread_mutex_unlock(&set->lock);
    sv_model_set_free_dead(set, NULL);
    assert_true(sv_str_eq(told.name, SV_STR("a")));
    assert_true(sv_str_eq(told.versions[1].version->name, SV_STR("2")));
    assert_int_equal(told.model->n_versions, 0);
    sv_arena_reset(arena);
    sv_model_set_free_dead(set, NULL);
    assert_null(set->dead);
}

static void test_a_model_without_versions(void **state)
{
    (void)state;
    sv_model_status told = {.n_versions = 0};
    assert_false(sv_model_status_can_answer(&told));
}

static void test_state_names(void **state)
{
    (void)state;
    static const char *const names[] = {"absent", "loading",  "warming",
                                        "ready",  "draining", "failed"};
    for (int i = SV_VERSION_ABSENT; i <= SV_VERSION_FAILED; i++)
        assert_string_equal(sv_model_status_state_name((sv_version_state)i), names[i]);
}

static bool list_once(void *arg)
{
    (void)arg;
    sv_model_statuses list = {0};
    sv_arena *one = sv_arena_new(0);
    if (!one)
        return false;
    sv_status status = sv_model_status_list(lab.registry, one, &list);
    sv_arena_free(one);
    const sv_model_set *set = sv_registry_set(lab.registry);
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++)
            assert_int_equal(atomic_load(&set->models[i]->versions[k]->holders), 1);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(list_once, NULL) >= 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_states),
        TEST(test_on_demand),
        TEST(test_it_outlives_the_model),
        TEST(test_a_model_without_versions),
        TEST(test_state_names),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
