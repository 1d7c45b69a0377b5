/* The loader thread: who waits is told once, in every case; what is loaded when. The hook `opened`,
 * which is called when a version is loaded for the first time, is a gate here: the loader stands
 * there until a test lets it through. */
#include "folder.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "model/loader.h"
#include "model_lab.h"

enum { PATIENCE_S = 60, MAX_OPENED = 16, N_WAITERS = 20 };

#define DIGITS SV_SOURCE_DIR "/models/digits/1/model.onnx"

static model_lab lab;
static sv_pool *pool;
static sv_loader *loader;
static char root[512];

static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_closed;
    bool is_at_gate;
    char opened[MAX_OPENED]; /* the first letters of the models, in order */
    size_t n_opened;
    atomic_int n_loaded, n_failed;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void *pass_gate(void *arg, const sv_model_version *version)
{
    pthread_mutex_lock(&gate.lock);
    gate.opened[gate.n_opened++ % MAX_OPENED] = version->model->name.ptr[0];
    gate.is_at_gate = true;
    pthread_cond_broadcast(&gate.moved);
    while (gate.is_closed)
        pthread_cond_wait(&gate.moved, &gate.lock);
    gate.is_at_gate = false;
    pthread_mutex_unlock(&gate.lock);
    return arg;
}

static void count_load(void *arg, sv_model_version *version, const sv_instance *instance)
{
    (void)arg;
    (void)version;
    atomic_fetch_add(instance ? &gate.n_loaded : &gate.n_failed, 1);
}

static void set_gate(bool is_closed)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_closed = is_closed;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
}

static void wait_at_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    while (!gate.is_at_gate)
        pthread_cond_wait(&gate.moved, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void start(size_t max_threads, size_t max_queued, int64_t poll_ms)
{
    static const char *paths[1] = {root};
    sv_registry_config base = {.hooks = {.opened = pass_gate, .loaded = count_load, .arg = &gate}};
    snprintf(root, sizeof root, "%s", folder_path("r"));
    assert_int_equal(model_lab_open(&lab, root, &base), SV_OK);
    assert_int_equal(sv_pool_new(max_threads, max_queued, 1000, &pool), SV_OK);
    sv_loader_config config = {
        .registry = lab.registry, .pool = pool, .paths = paths, .n_paths = 1, .poll_ms = poll_ms};
    assert_int_equal(sv_loader_start(&config, &loader), SV_OK);
}

static int set_up(void **state)
{
    (void)state;
    gate.n_opened = 0;
    atomic_store(&gate.n_loaded, 0);
    atomic_store(&gate.n_failed, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    set_gate(false);
    sv_loader_free(loader);
    loader = NULL;
    sv_pool_free(pool);
    pool = NULL;
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

/* Who waits. */

typedef struct waiter {
    sv_load_ticket ticket;
    sv_acquired found;
    sem_t told;
    sv_status status;
    atomic_int n_told;
} waiter;

static void hear(sv_load_ticket *ticket, sv_status status)
{
    waiter *one = SV_CONTAINER_OF(ticket, waiter, ticket);
    one->status = status;
    atomic_fetch_add(&one->n_told, 1);
    sem_post(&one->told);
}

static sv_status acquire(const char *model, const char *version, sv_acquired *ret_found)
{
    sv_error error = {0};
    sv_wish wish = {
        .model = sv_str_from(model), .version = sv_str_from(version), .arena = lab.arena};
    return sv_registry_acquire(lab.registry, &wish, &error, ret_found);
}

static sv_model *find(const char *name)
{
    sv_model *model = sv_registry_find(lab.registry, sv_str_from(name));
    assert_non_null(model);
    return model;
}

static sv_model_version *find_version(const char *model, const char *name)
{
    sv_model_version *version = sv_registry_find_version(find(model), sv_str_from(name));
    assert_non_null(version);
    return version;
}

/* For a version, or all of the model (NULL). */
static void wait_for(waiter *one, const char *model, const char *version, sv_cancel *cancel)
{
    one->ticket = (sv_load_ticket){.done = hear,
                                   .model = find(model),
                                   .version = version ? find_version(model, version) : NULL,
                                   .cancel = cancel};
    sem_init(&one->told, 0, 0);
    atomic_init(&one->n_told, 0);
    assert_int_equal(sv_loader_wait(&one->ticket), SV_OK);
}

/* A request: asks, and waits. */
static void demand(waiter *one, const char *model, sv_cancel *cancel)
{
    assert_int_equal(acquire(model, "1", &one->found), SV_DEFERRED);
    wait_for(one, model, "1", cancel);
}

static sv_status hear_from(waiter *one)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (sem_timedwait(&one->told, &until))
        fail_msg("not told within %d s", PATIENCE_S);
    sv_model_set_release(one->found.version);
    sem_destroy(&one->told);
    assert_int_equal(atomic_load(&one->n_told), 1);
    return one->status;
}

static sv_version_state state_of(const char *model, const char *version)
{
    return sv_registry_state(find_version(model, version));
}

static void skip_without_engine(void)
{
    assert_true(sv_loader_wait_started(loader, PATIENCE_S * 1000));
    sv_model_version *version = find_version("probe", "1");
    if (version->failure == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", version->reason);
        skip();
    }
    assert_int_equal(sv_registry_state(version), SV_VERSION_READY);
    set_up(NULL);
}

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
    start(2, 100, 0);
    skip_without_engine();
    assert_int_equal(state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(state_of("x", "1"), SV_VERSION_FAILED);
}

static void test_many_wait_for_one_load(void **state)
{
    (void)state;
    waiter waiters[N_WAITERS] = {0};
    write_models("a");
    start(2, 100, 0);
    skip_without_engine();
    set_gate(true);
    for (int i = 0; i < N_WAITERS; i++)
        demand(&waiters[i], "a", NULL);
    wait_at_gate();
    assert_int_equal(state_of("a", "1"), SV_VERSION_LOADING);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(atomic_load(&waiters[i].n_told), 0);
    set_gate(false);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(hear_from(&waiters[i]), SV_OK);
    assert_int_equal(atomic_load(&gate.n_loaded), 1);
    sv_acquired found;
    assert_int_equal(acquire("a", "1", &found), SV_OK);
    sv_registry_release(found.instance);
}

static void test_what_is_there_is_told_at_once(void **state)
{
    (void)state;
    waiter one = {0};
    write_models("");
    start(2, 100, 0);
    skip_without_engine();
    wait_for(&one, "probe", "1", NULL);
    assert_int_equal(atomic_load(&one.n_told), 1);
    assert_int_equal(hear_from(&one), SV_OK);
}

static void test_cancelled_while_waiting(void **state)
{
    (void)state;
    waiter gone = {0}, stays = {0}, late = {0};
    sv_cancel *cancel = sv_cancel_new();
    write_models("a");
    start(2, 100, 0);
    skip_without_engine();
    set_gate(true);
    demand(&gone, "a", cancel);
    demand(&stays, "a", NULL);
    wait_at_gate();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    assert_int_equal(hear_from(&gone), SV_CANCELLED);
    demand(&late, "a", cancel);
    assert_int_equal(hear_from(&late), SV_CANCELLED);
    assert_int_equal(atomic_load(&stays.n_told), 0);
    set_gate(false);
    assert_int_equal(hear_from(&stays), SV_OK);
    sv_cancel_unref(cancel);
}

static void test_stopped_while_waiting(void **state)
{
    (void)state;
    waiter one = {0}, two = {0};
    write_models("ab");
    start(2, 100, 0);
    skip_without_engine();
    set_gate(true);
    demand(&one, "a", NULL);
    demand(&two, "b", NULL);
    wait_at_gate();
    assert_false(sv_loader_stop_within(loader, 10));
    assert_int_equal(hear_from(&one), SV_UNAVAILABLE);
    assert_int_equal(hear_from(&two), SV_UNAVAILABLE);
    sv_load_ticket late = {.done = hear, .model = find("a"), .version = find_version("a", "1")};
    assert_int_equal(sv_loader_wait(&late), SV_UNAVAILABLE);
    set_gate(false);
    assert_true(sv_loader_stop_within(loader, PATIENCE_S * 1000));
}

/* Who waits for the start does not wait for a loader that has ended. */
static void test_stopped_at_start(void **state)
{
    (void)state;
    write_models("");
    folder_copy("r/second/1/model.onnx", DIGITS);
    set_gate(true);
    start(2, 100, 0);
    wait_at_gate();
    assert_false(sv_loader_wait_started(loader, 1));
    assert_false(sv_loader_stop_within(loader, 1));
    set_gate(false);
    assert_true(sv_loader_stop_within(loader, PATIENCE_S * 1000));
    assert_false(sv_loader_wait_started(loader, PATIENCE_S * 1000));
}

static void test_demanded_ones_come_first(void **state)
{
    (void)state;
    waiter z = {0};
    write_models("z");
    folder_copy("r/a/1/model.onnx", DIGITS);
    folder_copy("r/b/1/model.onnx", DIGITS);
    set_gate(true);
    start(2, 100, 0);
    wait_at_gate();
    demand(&z, "z", NULL);
    set_gate(false);
    (void)hear_from(&z);
    assert_true(sv_loader_wait_started(loader, PATIENCE_S * 1000));
    assert_int_equal(gate.n_opened, 4);
    assert_memory_equal(gate.opened, "azbp", 4);
}

/* With the lock held: as if the time had come. */
static void make_due(const char *model)
{
    sv_model_set *set = sv_registry_set(lab.registry);
    sv_model_version *version = find_version(model, "1");
    pthread_mutex_lock(&set->lock);
    version->retry_at_ns = 1;
    pthread_cond_signal(&set->changed);
    pthread_mutex_unlock(&set->lock);
}

static void wait_for_failures(int n)
{
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PATIENCE_S * 1000);
    while (atomic_load(&gate.n_failed) < n && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(atomic_load(&gate.n_failed) >= n);
}

static void test_what_failed_is_tried_again(void **state)
{
    (void)state;
    waiter one = {0};
    write_models("");
    folder_write("r/x/1/model.onnx", "no model");
    start(2, 100, 0);
    skip_without_engine();
    make_due("x");
    wait_for_failures(1);
    folder_copy("r/x/1/model.onnx", DIGITS);
    wait_for(&one, "x", "1", NULL);
    assert_int_equal(hear_from(&one), SV_OK);
    sv_loader_load(find("x"), NULL);
    wait_for(&one, "x", "1", NULL);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(state_of("x", "1"), SV_VERSION_READY);
}

/* Requests do not wait for what has just failed. */
static void test_what_failed_is_refused(void **state)
{
    (void)state;
    sv_acquired found;
    write_models("");
    folder_write("r/x/1/model.onnx", "no model");
    start(2, 100, 0);
    skip_without_engine();
    assert_int_equal(acquire("x", "1", &found), SV_UNAVAILABLE);
    assert_int_equal(atomic_load(&gate.n_failed), 0);
}

static void test_unload_and_load(void **state)
{
    (void)state;
    waiter one = {0};
    sv_acquired found;
    write_models("a");
    start(2, 100, 0);
    skip_without_engine();
    sv_loader_load(find("a"), NULL);
    wait_for(&one, "a", NULL, NULL);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(acquire("a", "1", &found), SV_OK);
    sv_loader_unload(find("a"), found.version);
    assert_int_equal(state_of("a", "1"), SV_VERSION_DRAINING);
    wait_for(&one, "a", NULL, NULL);
    assert_int_equal(atomic_load(&one.n_told), 0);
    sv_registry_release(found.instance);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(acquire("a", "1", &found), SV_UNAVAILABLE);
    sv_loader_load(find("a"), NULL);
    wait_for(&one, "a", NULL, NULL);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(state_of("a", "1"), SV_VERSION_READY);
}

static void test_loaded_anew_beside_what_answers(void **state)
{
    (void)state;
    waiter one = {0};
    sv_acquired before, after;
    write_models("");
    start(2, 100, 0);
    skip_without_engine();
    assert_int_equal(acquire("probe", "1", &before), SV_OK);
    sv_loader_load(find("probe"), before.version);
    wait_for(&one, "probe", "1", NULL);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(acquire("probe", "1", &after), SV_OK);
    assert_ptr_not_equal(before.instance, after.instance);
    assert_int_equal(before.instance->image.labels.len, after.instance->image.labels.len);
    sv_registry_release(before.instance);
    sv_registry_release(after.instance);
}

static void test_unloaded_while_loading(void **state)
{
    (void)state;
    waiter one = {0};
    sv_acquired found;
    write_models("a");
    start(2, 100, 0);
    skip_without_engine();
    set_gate(true);
    demand(&one, "a", NULL);
    wait_at_gate();
    sv_loader_unload(find("a"), NULL);
    set_gate(false);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(state_of("a", "1"), SV_VERSION_ABSENT);
    assert_int_equal(acquire("a", "1", &found), SV_UNAVAILABLE);
    const sv_model_set *set = sv_registry_set(lab.registry);
    assert_int_equal(set->memory_bytes, find_version("probe", "1")->current->memory_bytes);
}

/* Who waits for what is not loaded any more must not wait for ever. */
static void test_unloaded_while_queued(void **state)
{
    (void)state;
    waiter one = {0}, two = {0};
    write_models("ab");
    start(2, 100, 0);
    skip_without_engine();
    set_gate(true);
    demand(&one, "a", NULL);
    wait_at_gate();
    demand(&two, "b", NULL);
    sv_loader_unload(find("b"), NULL);
    assert_int_equal(state_of("b", "1"), SV_VERSION_ABSENT);
    set_gate(false);
    assert_int_equal(hear_from(&one), SV_OK);
    assert_int_equal(hear_from(&two), SV_OK);
    assert_int_equal(atomic_load(&gate.n_loaded), 1);
}

/* The same with a loader that sleeps: it has to wake up for it. */
static void test_a_sleeping_loader_tells(void **state)
{
    (void)state;
    waiter one = {0};
    write_models("a");
    start(2, 100, 0);
    skip_without_engine();
    sv_model_set *set = sv_registry_set(lab.registry);
    sv_model_version *version = find_version("a", "1");
    pthread_mutex_lock(&set->lock);
    version->activity = SV_ACTIVITY_WARMING; /* so that it is waited for, and nobody loads it */
    pthread_mutex_unlock(&set->lock);
    wait_for(&one, "a", "1", NULL);
    pthread_mutex_lock(&set->lock);
    version->activity = SV_ACTIVITY_QUEUED;
    pthread_mutex_unlock(&set->lock);
    sv_loader_unload(version->model, version);
    assert_int_equal(hear_from(&one), SV_OK);
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
    waiter waiters[N_WAITERS] = {0}, gone = {0};
    blocker busy = {.message.run = block};
    sv_message filler = {.run = run_nothing};
    sv_cancel *cancel = sv_cancel_new();
    write_models("a");
    start(1, 1, 0);
    skip_without_engine();
    sem_init(&busy.has_begun, 0, 0);
    sem_init(&busy.may_end, 0, 0);
    assert_int_equal(sv_pool_submit(pool, &busy.message), SV_OK);
    sem_wait(&busy.has_begun);
    assert_int_equal(sv_pool_submit(pool, &filler), SV_OK);
    set_gate(true);
    demand(&gone, "a", cancel);
    for (int i = 0; i < N_WAITERS; i++)
        demand(&waiters[i], "a", NULL);
    wait_at_gate();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    set_gate(false);
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PATIENCE_S * 1000);
    while (state_of("a", "1") != SV_VERSION_READY && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(&gone.n_told), 0);
    sem_post(&busy.may_end);
    assert_int_equal(hear_from(&gone), SV_CANCELLED);
    for (int i = 0; i < N_WAITERS; i++)
        assert_int_equal(hear_from(&waiters[i]), SV_OK);
    sv_cancel_unref(cancel);
    sv_pool_stop(pool);
    sem_destroy(&busy.has_begun);
    sem_destroy(&busy.may_end);
}

/* A cancelled wait that nobody can be told of, while the loader sleeps. */
static void test_no_place_for_a_cancelled_one(void **state)
{
    (void)state;
    waiter gone = {0};
    blocker busy = {.message.run = block};
    sv_message filler = {.run = run_nothing};
    sv_cancel *cancel = sv_cancel_new();
    sv_acquired found;
    write_models("");
    start(1, 1, 0);
    skip_without_engine();
    assert_int_equal(acquire("probe", "1", &found), SV_OK);
    sv_loader_unload(find("probe"), NULL);
    wait_for(&gone, "probe", "1", cancel); /* it drains */
    sem_init(&busy.has_begun, 0, 0);
    sem_init(&busy.may_end, 0, 0);
    assert_int_equal(sv_pool_submit(pool, &busy.message), SV_OK);
    sem_wait(&busy.has_begun);
    assert_int_equal(sv_pool_submit(pool, &filler), SV_OK);
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sem_post(&busy.may_end);
    assert_int_equal(hear_from(&gone), SV_CANCELLED);
    sv_registry_release(found.instance);
    sv_cancel_unref(cancel);
    sv_pool_stop(pool);
    sem_destroy(&busy.has_begun);
    sem_destroy(&busy.may_end);
}

static void test_asked_to_look_at_the_disk(void **state)
{
    (void)state;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PATIENCE_S * 1000);
    write_models("");
    start(2, 100, 0);
    skip_without_engine();
    folder_copy("r/new/1/model.onnx", DIGITS);
    sv_loader_poll(loader);
    while (atomic_load(&gate.n_loaded) < 1 && sv_clock_now_ns(&sv_clock_system) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(state_of("new", "1"), SV_VERSION_READY);
}

static void test_looks_by_itself(void **state)
{
    (void)state;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PATIENCE_S * 1000);
    write_models("");
    start(2, 100, 5);
    skip_without_engine();
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
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PATIENCE_S * 1000);
    write_models("");
    folder_copy("r/gone/1/model.onnx", DIGITS);
    start(2, 100, 0);
    skip_without_engine();
    sv_model_set *set = sv_registry_set(lab.registry);
    assert_int_equal(acquire("gone", "1", &found), SV_OK);
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
    start(1, 1, 0);
    sv_loader_free(loader);
    loader = NULL;
    const char *paths[] = {root};
    sv_loader_config config = {
        .registry = lab.registry, .pool = pool, .paths = paths, .n_paths = 1};
    assert_true(failing_malloc_try_each(start_and_stop, &config) >= 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_start),
        TEST(test_many_wait_for_one_load),
        TEST(test_what_is_there_is_told_at_once),
        TEST(test_cancelled_while_waiting),
        TEST(test_stopped_while_waiting),
        TEST(test_stopped_at_start),
        TEST(test_demanded_ones_come_first),
        TEST(test_what_failed_is_tried_again),
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
