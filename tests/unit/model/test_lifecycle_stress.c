/* Versions come and go under load: threads acquire, run and release while others load, unload, look
 * at the disk and put other files there, under a memory budget that never holds them all. Nothing
 * that was acquired may be freed while it is held, each answer is that of the version that was
 * acquired, everybody who waits is told, and in the end what is counted is what is there.
 *
 * Seeds are fixed, schedules are not: what is checked holds for any. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "folder.h"
#include "loader_lab.h"
#include "model/model_status.h"

enum {
    N_RUNNERS = 4,
    N_CHANGERS = 2,
    N_RUNS = 400,
    N_CHANGES = 100,
    N_PIXELS = 28 * 28,
    N_DIGITS = 10
};

#define DIGITS SV_SOURCE_DIR "/models/digits"

static const char *const names[] = {"probe", "a", "b"};
static const char *const versions[] = {"1", "2"};

/* What versions 1 and 2 say of one picture. */
static float expected[2][N_DIGITS];
static atomic_int n_answers, n_refused, n_waits;

typedef struct actor {
    pthread_t thread;
    uint64_t seed;
} actor;

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void run_picture(const sv_instance *instance, float *ret_scores)
{
    static const float zeros[N_PIXELS];
    const sv_engine_info *info = sv_engine_model_info(instance->loaded);
    sv_tensor input = {.name = info->inputs[0].name,
                       .dtype = SV_DTYPE_FP32,
                       .shape = SV_SHAPE(1, 1, 28, 28),
                       .data = (void *)zeros,
                       .size_bytes = sizeof zeros};
    sv_engine_request request = {.inputs = &input, .n_inputs = 1};
    sv_engine_result result = {0};
    sv_error error = {0};
    if (sv_engine_run(instance->loaded, &request, &error, &result))
        fail_msg("%s", error.message);
    assert_int_equal(result.outputs[0].size_bytes, N_DIGITS * sizeof(float));
    memcpy(ret_scores, result.outputs[0].data, N_DIGITS * sizeof(float));
    sv_engine_result_deinit(&result);
}

static size_t version_index(const sv_instance *instance)
{
    return sv_str_eq(instance->version->name, SV_STR("1")) ? 0 : 1;
}

/* Runs what was acquired, maybe twice, and gives it back. */
static void use(const sv_acquired *found, uint64_t *seed)
{
    float scores[N_DIGITS];
    size_t index = version_index(found->instance);
    for (uint64_t n = 1 + next_random(seed) % 2; n > 0; n--) {
        run_picture(found->instance, scores);
        if (memcmp(scores, expected[index], sizeof scores) != 0)
            fail_msg("the answer is not version %zu's", index + 1);
    }
    sv_registry_report_run(found->instance, next_random(seed) % 8 == 0);
    atomic_fetch_add(&n_answers, 1);
    sv_registry_release(found->instance);
}

/* Waits, now and then with a token that is fired meanwhile. */
static sv_status wait_loaded(const sv_acquired *found, uint64_t *seed)
{
    lab_waiter one = {.found = *found};
    sv_cancel *cancel = next_random(seed) % 4 == 0 ? sv_cancel_new() : NULL;
    one.ticket = (sv_load_ticket){
        .done = lab_hear, .model = found->model, .version = found->version, .cancel = cancel};
    sem_init(&one.told, 0, 0);
    assert_int_equal(sv_loader_wait(&one.ticket), SV_OK);
    if (cancel)
        sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_status status = lab_hear_from(&one);
    assert_true(status == SV_OK || (cancel && status == SV_CANCELLED));
    sv_cancel_unref(cancel);
    atomic_fetch_add(&n_waits, 1);
    return status;
}

static void pause_ms(uint64_t ms)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

/* One request: until it has an answer, or none is to be had. */
static void request_one(sv_wish *wish, uint64_t *seed)
{
    sv_acquired found;
    sv_error error = {0};
    sv_status status;
    do {
        status = sv_registry_acquire(lab.registry, wish, &error, &found);
        wish->has_waited = true;
    } while (status == SV_DEFERRED && wait_loaded(&found, seed) == SV_OK);
    if (status == SV_OK)
        use(&found, seed);
    else if (status != SV_DEFERRED)
        atomic_fetch_add(&n_refused, 1);
    if (status)
        pause_ms(next_random(seed) % 5);
    assert_true(status == SV_OK || status == SV_DEFERRED || status == SV_UNAVAILABLE ||
                status == SV_NOT_FOUND);
}

static void *run_requests(void *arg)
{
    actor *self = arg;
    sv_arena *arena = sv_arena_new(0);
    assert_non_null(arena);
    for (int i = 0; i < N_RUNS; i++) {
        sv_wish wish = {.model = sv_str_from(names[next_random(&self->seed) % 3]), .arena = arena};
        if (next_random(&self->seed) % 3)
            wish.version = sv_str_from(versions[next_random(&self->seed) % 2]);
        request_one(&wish, &self->seed);
        sv_arena_reset(arena);
    }
    sv_arena_free(arena);
    return NULL;
}

/* The same bytes again, or none for a while: the folder of one version is moved away and back. */
static void change_disk(uint64_t *seed)
{
    char from[64], to[64];
    const char *name = names[1 + next_random(seed) % 2], *version = versions[next_random(seed) % 2];
    snprintf(from, sizeof from, "r/%s/%s", name, version);
    snprintf(to, sizeof to, "away-%s-%s", name, version);
    if (next_random(seed) % 2)
        (void)rename(folder_path(from), folder_path(to));
    else
        (void)rename(folder_path(to), folder_path(from));
    sv_loader_poll(loader);
}

/* A model is there for as long as one of its versions is held. */
static void change_loaded(uint64_t *seed)
{
    sv_arena *arena = sv_arena_new(0);
    sv_model_statuses list;
    assert_non_null(arena);
    assert_int_equal(sv_model_status_list(lab.registry, arena, &list), SV_OK);
    if (list.len) {
        const sv_model_status *one = &list.items[next_random(seed) % list.len];
        sv_model_version *version = next_random(seed) % 2
                                        ? one->versions[next_random(seed) % one->n_versions].version
                                        : NULL;
        if (next_random(seed) % 8)
            sv_loader_load(one->model, version);
        else
            sv_loader_unload(one->model, version);
    }
    sv_arena_free(arena);
}

static void *make_changes(void *arg)
{
    actor *self = arg;
    for (int i = 0; i < N_CHANGES; i++) {
        if (self->seed % 2 == 0 && next_random(&self->seed) % 2)
            change_disk(&self->seed);
        else
            change_loaded(&self->seed);
        pause_ms(next_random(&self->seed) % 12);
    }
    return NULL;
}

static void write_models(void)
{
    char name[64];
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            char from[512];
            snprintf(name, sizeof name, "r/%s/%s/model.onnx", names[i], versions[k]);
            snprintf(from, sizeof from, "%s/%s/model.onnx", DIGITS, versions[k]);
            folder_copy(name, from);
        }
    folder_write("r/a/model.yaml", "load: lazy");
}

static void learn_answers(void)
{
    for (size_t k = 0; k < 2; k++) {
        sv_acquired found;
        assert_int_equal(lab_acquire("probe", versions[k], &found), SV_OK);
        run_picture(found.instance, expected[k]);
        sv_registry_release(found.instance);
    }
    assert_memory_not_equal(expected[0], expected[1], sizeof expected[0]);
}

/* Room for about half of the versions, and never for all. */
static void set_budget(void)
{
    uint64_t each = 0;
    for (size_t k = 0; k < 2; k++) {
        const sv_instance *one = lab_find_version("probe", versions[k])->current;
        each = one->memory_bytes > each ? one->memory_bytes : each;
    }
    lab_restart(each * 7 / 2);
}

/* What is counted is what answers; nothing is left in line or to be freed. */
static void check_rest(void)
{
    sv_model_set *set = sv_registry_set(lab.registry);
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, LAB_PATIENCE_S * 1000);
    bool rests = false;
    while (!rests && sv_clock_now_ns(&sv_clock_system) < end) {
        uint64_t bytes = 0;
        rests = true;
        pthread_mutex_lock(&set->lock);
        for (size_t i = 0; i < set->n_models; i++)
            for (size_t k = 0; k < set->models[i]->n_versions; k++) {
                const sv_model_version *version = set->models[i]->versions[k];
                rests &= version->activity == SV_ACTIVITY_NONE && !version->n_draining;
                rests &= !version->current || atomic_load(&version->current->holders) == 1;
                bytes += version->current ? version->current->memory_bytes : 0;
            }
        rests &= !set->dead && !set->buried && sv_list_is_empty(&set->tickets);
        rests &= bytes == set->memory_bytes;
        pthread_mutex_unlock(&set->lock);
        pause_ms(1);
    }
    assert_true(rests);
}

static void test_versions_come_and_go_under_load(void **state)
{
    (void)state;
    actor actors[N_RUNNERS + N_CHANGERS];
    write_models();
    lab_start(4, 1000, 5);
    lab_skip_without_engine();
    learn_answers();
    set_budget();
    for (size_t i = 0; i < N_RUNNERS + N_CHANGERS; i++) {
        actors[i].seed = i + 1;
        assert_int_equal(pthread_create(&actors[i].thread, NULL,
                                        i < N_RUNNERS ? run_requests : make_changes, &actors[i]),
                         0);
    }
    for (size_t i = 0; i < N_RUNNERS + N_CHANGERS; i++)
        pthread_join(actors[i].thread, NULL);
    check_rest();
    print_message("%d answers, %d refused, %d waited, %d loads\n", atomic_load(&n_answers),
                  atomic_load(&n_refused), atomic_load(&n_waits), atomic_load(&gate.n_loaded));
    assert_true(atomic_load(&n_answers) > 0);
    assert_true(atomic_load(&gate.n_loaded) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_versions_come_and_go_under_load, lab_set_up,
                                        lab_tear_down),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
