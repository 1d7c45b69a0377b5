/* The loader thread: who waits is told once, in every case; what is loaded when. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "folder.h"
#include "loader_lab.h"

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"

enum { N_WAITERS = 20 };

/* A model that is loaded at start, and lazy ones named by letters. */
static void write_models(const char *lazy)
{
    char name[64];
    folder_copy("r/probe/1/model.onnx", DIGITS);
    for (; *lazy; lazy++) {
        snprintf(name, sizeof name, "r/%c/1/model.onnx", *lazy);
        folder_copy(name, DIGITS);
        snprintf(name, sizeof name, "r/%c/model.yaml", *lazy);
        folder_write(name, "load: lazy");
    }
}

static void test_start(void **state)
{
    (void)state;
    write_models("a");
    folder_write("r/x/1/model.onnx", "no model");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(lab_state_of("x", "1"), SV_VERSION_FAILED);
}

static void test_many_wait_for_one_load(void **state)
{
    (void)state;
    lab_waiter waiters[N_WAITERS] = {0};
    write_models("a");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_set_gate(true);
    for (int i = 0; i < N_WAITERS; i++)
        lab_demand(&waiters[i], "a", NULL);
    lab_wait_at_gate();
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_LOADING);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(atomic_load(&waiters[i].n_told), 0);
    lab_set_gate(false);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(lab_hear_from(&waiters[i]), SV_OK);
    assert_int_equal(atomic_load(&gate.n_loaded), 1);
    sv_acquired found;
    assert_int_equal(lab_acquire("a", "1", &found), SV_OK);
    sv_registry_release(found.instance);
}

static void test_what_is_there_is_told_at_once(void **state)
{
    (void)state;
    lab_waiter one = {0};
    write_models("");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_wait_for(&one, "probe", "1", NULL);
    assert_int_equal(atomic_load(&one.n_told), 1);
    assert_int_equal(lab_hear_from(&one), SV_OK);
}

static void test_cancelled_while_waiting(void **state)
{
    (void)state;
    lab_waiter gone = {0}, stays = {0}, late = {0};
    sv_cancel *cancel = sv_cancel_new();
    write_models("a");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_set_gate(true);
    lab_demand(&gone, "a", cancel);
    lab_demand(&stays, "a", NULL);
    lab_wait_at_gate();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_int_equal(lab_hear_from(&gone), SV_CANCELLED);
    lab_demand(&late, "a", cancel);
    assert_int_equal(lab_hear_from(&late), SV_CANCELLED);
    assert_int_equal(atomic_load(&stays.n_told), 0);
    lab_set_gate(false);
    assert_int_equal(lab_hear_from(&stays), SV_OK);
    sv_cancel_unref(cancel);
}

static void test_stopped_while_waiting(void **state)
{
    (void)state;
    lab_waiter one = {0}, two = {0};
    write_models("ab");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_set_gate(true);
    lab_demand(&one, "a", NULL);
    lab_demand(&two, "b", NULL);
    lab_wait_at_gate();
    assert_false(sv_loader_stop_within(loader, 10));
    assert_int_equal(lab_hear_from(&one), SV_UNAVAILABLE);
    assert_int_equal(lab_hear_from(&two), SV_UNAVAILABLE);
    sv_load_ticket late = {
        .done = lab_hear, .model = lab_find("a"), .version = lab_find_version("a", "1")};
    assert_int_equal(sv_loader_wait(&late), SV_UNAVAILABLE);
    lab_set_gate(false);
    assert_true(sv_loader_stop_within(loader, LAB_PATIENCE_S * 1000));
}

/* Who waits for the start does not wait for a loader that has ended. */
static void test_stopped_at_start(void **state)
{
    (void)state;
    write_models("");
    folder_copy("r/second/1/model.onnx", DIGITS);
    lab_set_gate(true);
    lab_start(2, 100, 0);
    lab_wait_at_gate();
    assert_false(sv_loader_wait_started(loader, 1));
    assert_false(sv_loader_stop_within(loader, 1));
    lab_set_gate(false);
    assert_true(sv_loader_stop_within(loader, LAB_PATIENCE_S * 1000));
    assert_false(sv_loader_wait_started(loader, LAB_PATIENCE_S * 1000));
}

static void test_demanded_ones_come_first(void **state)
{
    (void)state;
    lab_waiter z = {0}, c = {0};
    write_models("cz");
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_copy("r/b/1/model.onnx", DIGITS);
    lab_set_gate(true);
    lab_start(2, 100, 0);
    lab_wait_at_gate();
    lab_demand(&z, "z", NULL);
    lab_demand(&c, "c", NULL);
    lab_set_gate(false);
    (void)lab_hear_from(&z);
    (void)lab_hear_from(&c);
    assert_true(sv_loader_wait_started(loader, LAB_PATIENCE_S * 1000));
    assert_int_equal(gate.n_opened, 5);
    assert_memory_equal(gate.opened, "azcbp", 5); /* and of these, who asked first */
}

/* Else two models that take turns in the budget would be loaded again and again for nobody. */
static void test_who_waited_has_it_before_it_gives_way(void **state)
{
    (void)state;
    lab_waiter a = {0}, b = {0};
    sv_acquired found;
    write_models("ab");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    sv_loader_unload(lab_find("probe"), NULL);
    lab_wait_for(&b, "probe", NULL, NULL);
    assert_int_equal(lab_hear_from(&b), SV_OK);
    lab_demand(&a, "a", NULL);
    sem_wait(&a.told);
    uint64_t each = lab_find_version("a", "1")->current->memory_bytes;
    lab_restart(each * 3 / 2);
    lab_demand(&b, "b", NULL);
    assert_int_equal(lab_hear_from(&b), SV_OK); /* it was told that there is no room */
    assert_int_equal(lab_state_of("b", "1"), SV_VERSION_FAILED);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_READY);
    sem_post(&a.told);
    assert_int_equal(lab_hear_from(&a), SV_OK);
    lab_demand(&b, "b", NULL);
    assert_int_equal(lab_hear_from(&b), SV_OK);
    assert_int_equal(lab_acquire("b", "1", &found), SV_OK);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_ABSENT);
    sv_registry_release(found.instance);
}

/* With the lock held: as if the time had come. */
static void make_due(const char *model)
{
    sv_model_set *set = sv_registry_set(lab.registry);
    sv_model_version *version = lab_find_version(model, "1");
    pthread_mutex_lock(&set->lock);
    version->retry_at_ns = 1;
    pthread_cond_signal(&set->changed);
    pthread_mutex_unlock(&set->lock);
}

static void wait_for_failures(int n)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    while (atomic_load(&gate.n_failed) < n && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(atomic_load(&gate.n_failed) >= n);
}

static void test_what_failed_is_tried_again(void **state)
{
    (void)state;
    lab_waiter one = {0};
    write_models("");
    folder_write("r/x/1/model.onnx", "no model");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    make_due("x");
    wait_for_failures(1);
    folder_copy("r/x/1/model.onnx", DIGITS);
    lab_wait_for(&one, "x", "1", NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    sv_loader_load(lab_find("x"), NULL);
    lab_wait_for(&one, "x", "1", NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_state_of("x", "1"), SV_VERSION_READY);
}

/* Requests do not wait for what has just failed. */
static void fail_runs(sv_instance *instance, int n)
{
    for (int i = 0; i < n; i++)
        sv_registry_report_run(instance, true);
}

/* How often it was loaded for that reason, and until when it is left alone. */
static int64_t get_rebuilds(const sv_model_version *version, unsigned *ret_n)
{
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    int64_t retry_at_ns = version->retry_at_ns;
    *ret_n = version->n_rebuilds;
    pthread_mutex_unlock(&set->lock);
    return retry_at_ns;
}

/* Again and again, but ever more rarely, also when there are good runs in between. */
static void test_a_session_that_fails_is_loaded_anew(void **state)
{
    (void)state;
    lab_waiter one = {0};
    sv_acquired found;
    unsigned n;
    write_models("");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    sv_model_version *version = lab_find_version("probe", "1");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(lab_acquire("probe", "1", &found), SV_OK);
        fail_runs(found.instance, 4);
        sv_registry_report_run(found.instance, false);
        fail_runs(found.instance, 4);
        (void)get_rebuilds(version, &n);
        assert_int_equal(n, i);
        int64_t now = sv_clock_now_ns(&sv_clock_system);
        fail_runs(found.instance, 1);
        assert_true(get_rebuilds(version, &n) >= now + (SV_NS_PER_S << i));
        assert_int_equal(n, i + 1);
        lab_wait_for(&one, "probe", "1", NULL);
        assert_int_equal(lab_hear_from(&one), SV_OK);
        assert_ptr_not_equal(version->current, found.instance);
        sv_registry_release(found.instance);
        assert_int_equal(lab_acquire("probe", "1", &found), SV_OK);
        fail_runs(found.instance, 5); /* too soon */
        sv_registry_report_run(found.instance, false);
        (void)get_rebuilds(version, &n);
        assert_int_equal(n, i + 1);
        sv_registry_release(found.instance);
        one = (lab_waiter){0};
        pthread_mutex_lock(&version->model->set->lock);
        version->retry_at_ns = sv_clock_now_ns(&sv_clock_system);
        pthread_mutex_unlock(&version->model->set->lock);
    }
}

static void test_what_failed_is_refused(void **state)
{
    (void)state;
    sv_acquired found;
    write_models("");
    folder_write("r/x/1/model.onnx", "no model");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    assert_int_equal(lab_acquire("x", "1", &found), SV_UNAVAILABLE);
    assert_int_equal(atomic_load(&gate.n_failed), 0);
}

static void test_unload_and_load(void **state)
{
    (void)state;
    lab_waiter one = {0};
    sv_acquired found;
    write_models("a");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    sv_loader_load(lab_find("a"), NULL);
    lab_wait_for(&one, "a", NULL, NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_acquire("a", "1", &found), SV_OK);
    sv_loader_unload(lab_find("a"), found.version);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_DRAINING);
    lab_wait_for(&one, "a", NULL, NULL);
    assert_int_equal(atomic_load(&one.n_told), 0);
    sv_registry_release(found.instance);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(lab_acquire("a", "1", &found), SV_UNAVAILABLE);
    sv_loader_load(lab_find("a"), NULL);
    lab_wait_for(&one, "a", NULL, NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_READY);
}

static void test_loaded_anew_beside_what_answers(void **state)
{
    (void)state;
    lab_waiter one = {0};
    sv_acquired before, after;
    write_models("");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    assert_int_equal(lab_acquire("probe", "1", &before), SV_OK);
    sv_loader_load(lab_find("probe"), before.version);
    lab_wait_for(&one, "probe", "1", NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_acquire("probe", "1", &after), SV_OK);
    assert_ptr_not_equal(before.instance, after.instance);
    assert_int_equal(before.instance->image.labels.len, after.instance->image.labels.len);
    sv_registry_release(before.instance);
    sv_registry_release(after.instance);
}

static void test_unloaded_while_loading(void **state)
{
    (void)state;
    lab_waiter one = {0};
    sv_acquired found;
    write_models("a");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_set_gate(true);
    lab_demand(&one, "a", NULL);
    lab_wait_at_gate();
    sv_loader_unload(lab_find("a"), NULL);
    lab_set_gate(false);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(lab_acquire("a", "1", &found), SV_UNAVAILABLE);
    const sv_model_set *set = sv_registry_set(lab.registry);
    assert_int_equal(set->memory_bytes, lab_find_version("probe", "1")->current->memory_bytes);
}

/* Who waits for what is not loaded any more must not wait for ever. */
static void test_unloaded_while_queued(void **state)
{
    (void)state;
    lab_waiter one = {0}, two = {0};
    write_models("ab");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    lab_set_gate(true);
    lab_demand(&one, "a", NULL);
    lab_wait_at_gate();
    lab_demand(&two, "b", NULL);
    sv_loader_unload(lab_find("b"), NULL);
    assert_int_equal(lab_state_of("b", "1"), SV_VERSION_ABSENT);
    lab_set_gate(false);
    assert_int_equal(lab_hear_from(&one), SV_OK);
    assert_int_equal(lab_hear_from(&two), SV_OK);
    assert_int_equal(atomic_load(&gate.n_loaded), 1);
}

/* The same with a loader that sleeps: it has to wake up for it. */
static void test_a_sleeping_loader_tells(void **state)
{
    (void)state;
    lab_waiter one = {0};
    write_models("a");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    sv_model_set *set = sv_registry_set(lab.registry);
    sv_model_version *version = lab_find_version("a", "1");
    pthread_mutex_lock(&set->lock);
    version->activity = SV_ACTIVITY_WARMING; /* so that it is waited for, and nobody loads it */
    pthread_mutex_unlock(&set->lock);
    lab_wait_for(&one, "a", "1", NULL);
    pthread_mutex_lock(&set->lock);
    version->activity = SV_ACTIVITY_QUEUED;
    pthread_mutex_unlock(&set->lock);
    sv_loader_unload(version->model, version);
    assert_int_equal(lab_hear_from(&one), SV_OK);
}

/* A pool without a free place. */

typedef struct blocker {
    sv_message message;
    sem_t has_begun, may_end;
} blocker;

static void block(sv_message *message)
{
    blocker *one = SV_CONTAINER_OF(message, blocker, message);
    sem_post(&one->has_begun);
    sem_wait(&one->may_end);
}

static void run_nothing(sv_message *message)
{
    (void)message;
}

static void test_no_place_in_the_pool(void **state)
{
    (void)state;
    lab_waiter waiters[N_WAITERS] = {0}, gone = {0};
    blocker busy = {.message.run = block};
    sv_message filler = {.run = run_nothing};
    sv_cancel *cancel = sv_cancel_new();
    write_models("a");
    lab_start(1, 1, 0);
    lab_skip_without_engine();
    sem_init(&busy.has_begun, 0, 0);
    sem_init(&busy.may_end, 0, 0);
    assert_int_equal(sv_pool_submit(pool, &busy.message), SV_OK);
    sem_wait(&busy.has_begun);
    assert_int_equal(sv_pool_submit(pool, &filler), SV_OK);
    lab_set_gate(true);
    lab_demand(&gone, "a", cancel);
    for (int i = 0; i < N_WAITERS; i++)
        lab_demand(&waiters[i], "a", NULL);
    lab_wait_at_gate();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    lab_set_gate(false);
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    while (lab_state_of("a", "1") != SV_VERSION_READY && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(&gone.n_told), 0);
    sem_post(&busy.may_end);
    assert_int_equal(lab_hear_from(&gone), SV_CANCELLED);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(lab_hear_from(&waiters[i]), SV_OK);
    sv_cancel_unref(cancel);
    sv_pool_stop(pool);
    sem_destroy(&busy.has_begun);
    sem_destroy(&busy.may_end);
}

/* A cancelled wait that nobody can be told of, while the loader sleeps. */
static void test_no_place_for_a_cancelled_one(void **state)
{
    (void)state;
    lab_waiter gone = {0};
    blocker busy = {.message.run = block};
    sv_message filler = {.run = run_nothing};
    sv_cancel *cancel = sv_cancel_new();
    sv_acquired found;
    write_models("");
    lab_start(1, 1, 0);
    lab_skip_without_engine();
    assert_int_equal(lab_acquire("probe", "1", &found), SV_OK);
    sv_loader_unload(lab_find("probe"), NULL);
    lab_wait_for(&gone, "probe", "1", cancel); /* it drains */
    sem_init(&busy.has_begun, 0, 0);
    sem_init(&busy.may_end, 0, 0);
    assert_int_equal(sv_pool_submit(pool, &busy.message), SV_OK);
    sem_wait(&busy.has_begun);
    assert_int_equal(sv_pool_submit(pool, &filler), SV_OK);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sem_post(&busy.may_end);
    assert_int_equal(lab_hear_from(&gone), SV_CANCELLED);
    sv_registry_release(found.instance);
    sv_cancel_unref(cancel);
    sv_pool_stop(pool);
    sem_destroy(&busy.has_begun);
    sem_destroy(&busy.may_end);
}

static void test_asked_to_look_at_the_disk(void **state)
{
    (void)state;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    write_models("");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    folder_copy("r/new/1/model.onnx", DIGITS);
    sv_loader_poll(loader);
    while (atomic_load(&gate.n_loaded) < 1 && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(lab_state_of("new", "1"), SV_VERSION_READY);
}

static void test_looks_by_itself(void **state)
{
    (void)state;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    write_models("");
    lab_start(2, 100, 5);
    lab_skip_without_engine();
    folder_copy("r/new/1/model.onnx", DIGITS);
    while (atomic_load(&gate.n_loaded) < 1 && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(&gate.n_loaded), 1);
}

/* A version that is removed is freed by the loader, not at the end. */
static void test_removed_ones_are_freed(void **state)
{
    (void)state;
    sv_acquired found;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    write_models("");
    folder_copy("r/gone/1/model.onnx", DIGITS);
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    sv_model_set *set = sv_registry_set(lab.registry);
    assert_int_equal(lab_acquire("gone", "1", &found), SV_OK);
    assert_int_equal(remove(folder_path("r/gone/1/model.onnx")), 0);
    sv_loader_poll(loader);
    for (bool is_there = true; is_there && sv_clock_now_ns(&sv_clock_system) < end;)
        is_there = sv_registry_find(lab.registry, SV_STR("gone")) != NULL;
    assert_int_equal(sv_model_set_state(found.version), SV_VERSION_DRAINING);
    sv_registry_release(found.instance);
    bool is_free = false;
    while (!is_free && sv_clock_now_ns(&sv_clock_system) < end) {
        pthread_mutex_lock(&set->lock);
        is_free = !set->dead && !set->buried &&
                  set->memory_bytes == set->models[0]->versions[0]->current->memory_bytes;
        pthread_mutex_unlock(&set->lock);
    }
    assert_true(is_free);
}

static bool start_and_stop(void *arg)
{
    sv_loader *one = NULL;
    sv_status status = sv_loader_start(arg, &one);
    assert_true(status == SV_OK || !one);
    sv_loader_free(one);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    write_models("");
    folder_write("r/probe/model.yaml", "load: lazy");
    lab_start(1, 1, 0);
    sv_loader_free(loader);
    loader = NULL;
    const char *paths[] = {folder_path("r")};
    sv_loader_config config = {
        .registry = lab.registry, .pool = pool, .paths = paths, .n_paths = 1};
    assert_true(failing_malloc_try_each(start_and_stop, &config) >= 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_start),
        TEST(test_many_wait_for_one_load),
        TEST(test_what_is_there_is_told_at_once),
        TEST(test_cancelled_while_waiting),
        TEST(test_stopped_while_waiting),
        TEST(test_stopped_at_start),
        TEST(test_demanded_ones_come_first),
        TEST(test_who_waited_has_it_before_it_gives_way),
        TEST(test_what_failed_is_tried_again),
        TEST(test_a_session_that_fails_is_loaded_anew),
        TEST(test_what_failed_is_refused),
        TEST(test_unload_and_load),
        TEST(test_loaded_anew_beside_what_answers),
        TEST(test_unloaded_while_loading),
        TEST(test_unloaded_while_queued),
        TEST(test_a_sleeping_loader_tells),
        TEST(test_no_place_in_the_pool),
        TEST(test_no_place_for_a_cancelled_one),
        TEST(test_asked_to_look_at_the_disk),
        TEST(test_looks_by_itself),
        TEST(test_removed_ones_are_freed),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
