/* loader_lab.c: see loader_lab.h. */
#include "loader_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static char root[512];
#include "folder.h"

lab_gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
model_lab lab;
sv_pool *pool;
sv_loader *loader;

static void *pass_gate(void *arg, const sv_model_version *version)
{
    pthread_mutex_lock(&gate.lock);
    gate.opened[gate.n_opened++ % LAB_MAX_OPENED] = version->model->name.ptr[0];
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

void lab_set_gate(bool is_closed)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_closed = is_closed;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
}

void lab_wait_at_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    while (!gate.is_at_gate)
        pthread_cond_wait(&gate.moved, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void start_loader(int64_t poll_ms, uint64_t memory_budget)
{
    static const char *paths[1] = {root};
    sv_loader_config config = {.registry = lab.registry,
                               .pool = pool,
                               .paths = paths,
                               .n_paths = 1,
                               .poll_ms = poll_ms,
                               .memory_budget = memory_budget};
    assert_int_equal(sv_loader_start(&config, &loader), SV_OK);
}

void lab_start(size_t max_threads, size_t max_queued, int64_t poll_ms)
{
    sv_registry_config base = {.hooks = {.opened = pass_gate, .loaded = count_load, .arg = &gate}};
    snprintf(root, sizeof root, "%s", folder_path("r"));
    assert_int_equal(model_lab_open(&lab, root, &base), SV_OK);
    assert_int_equal(sv_pool_new(max_threads, max_queued, 1000, &pool), SV_OK);
    start_loader(poll_ms, 0);
}

void lab_restart(uint64_t memory_budget)
{
    sv_loader_free(loader);
    start_loader(5, memory_budget);
}

int lab_set_up(void **state)
{
    (void)state;
    pthread_mutex_lock(&gate.lock);
    gate.n_opened = 0;
    pthread_mutex_unlock(&gate.lock);
    atomic_store(&gate.n_loaded, 0);
    atomic_store(&gate.n_failed, 0);
    return 0;
}

int lab_tear_down(void **state)
{
    (void)state;
    lab_set_gate(false);
    sv_loader_free(loader);
    loader = NULL;
    sv_pool_free(pool);
    pool = NULL;
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

/* Who waits. */

void lab_hear(sv_load_ticket *ticket, sv_status status)
{
    lab_waiter *one = SV_CONTAINER_OF(ticket, lab_waiter, ticket);
    one->status = status;
    atomic_fetch_add(&one->n_told, 1);
    sem_post(&one->told);
}

sv_status lab_acquire(const char *model, const char *version, sv_acquired *ret_found)
{
    sv_error error = {0};
    sv_wish wish = {
        .model = sv_str_from(model), .version = sv_str_from(version), .arena = lab.arena};
    return sv_registry_acquire(lab.registry, &wish, &error, ret_found);
}

sv_model *lab_find(const char *name)
{
    sv_model *model = sv_registry_find(lab.registry, sv_str_from(name));
    assert_non_null(model);
    return model;
}

sv_model_version *lab_find_version(const char *model, const char *name)
{
    sv_model_version *version = sv_registry_find_version(lab_find(model), sv_str_from(name));
    assert_non_null(version);
    return version;
}

void lab_wait_for(lab_waiter *one, const char *model, const char *version, sv_cancel *cancel)
{
    one->ticket = (sv_load_ticket){.done = lab_hear,
                                   .model = lab_find(model),
                                   .version = version ? lab_find_version(model, version) : NULL,
                                   .cancel = cancel};
    sem_init(&one->told, 0, 0);
    atomic_init(&one->n_told, 0);
    assert_int_equal(sv_loader_wait(&one->ticket), SV_OK);
}

void lab_demand(lab_waiter *one, const char *model, sv_cancel *cancel)
{
    assert_int_equal(lab_acquire(model, "1", &one->found), SV_DEFERRED);
    lab_wait_for(one, model, "1", cancel);
}

sv_status lab_hear_from(lab_waiter *one)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LAB_PATIENCE_S;
    if (sem_timedwait(&one->told, &until))
        fail_msg("not told within %d s", LAB_PATIENCE_S);
    sv_registry_end_wait(one->found.version);
    sem_destroy(&one->told);
    assert_int_equal(atomic_load(&one->n_told), 1);
    return one->status;
}

sv_version_state lab_state_of(const char *model, const char *version)
{
    return sv_registry_state(lab_find_version(model, version));
}

void lab_skip_without_engine(void)
{
    assert_true(sv_loader_wait_started(loader, LAB_PATIENCE_S * 1000));
    sv_model_version *version = lab_find_version("probe", "1");
    if (version->failure == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", version->reason);
        skip();
    }
    assert_int_equal(sv_registry_state(version), SV_VERSION_READY);
    lab_set_up(NULL);
}
