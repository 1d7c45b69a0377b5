/* shadow.c: the life of a copy. */
#include "api/shadow.h"

#include <stdlib.h>

#include "base/clock.h"

enum { RUN_BYTES = 64 << 20 /* what a run may take beside its input */ };

struct sv_shadows {
    int64_t timeout_ms;
    atomic_size_t n;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    sv_list_node copies; /* oldest first */
    bool is_stopped;
};

/* All of them. */

sv_shadows *sv_shadow_open(int64_t timeout_ms)
{
    sv_shadows *shadows = calloc(1, sizeof *shadows);
    if (!shadows)
        return NULL;
    shadows->timeout_ms = timeout_ms;
    pthread_mutex_init(&shadows->lock, NULL);
    sv_list_init(&shadows->copies);
    return shadows;
}

void sv_shadow_close(sv_shadows *shadows)
{
    if (!shadows)
        return;
    pthread_mutex_destroy(&shadows->lock);
    free(shadows);
}

/* A copy leaves the list before its token goes, so the lock keeps the token. */
static void cancel_until(sv_shadows *shadows, int64_t deadline_ns, sv_cancel_reason reason)
{
    sv_list_node *node = shadows->copies.next;
    for (; node != &shadows->copies; node = node->next) {
        sv_shadow *shadow = SV_CONTAINER_OF(node, sv_shadow, node);
        if (shadow->deadline_ns > deadline_ns)
            return;
        sv_cancel_fire(shadow->cancel, reason);
    }
}

void sv_shadow_stop(sv_shadows *shadows)
{
    if (!shadows)
        return;
    pthread_mutex_lock(&shadows->lock);
    shadows->is_stopped = true;
    cancel_until(shadows, SV_NEVER, SV_CANCEL_SHUTDOWN);
    pthread_mutex_unlock(&shadows->lock);
}

void sv_shadow_sweep(sv_shadows *shadows)
{
    if (!shadows || !atomic_load_explicit(&shadows->n, memory_order_relaxed))
        return;
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    pthread_mutex_lock(&shadows->lock);
    cancel_until(shadows, now, SV_CANCEL_DEADLINE);
    pthread_mutex_unlock(&shadows->lock);
}

size_t sv_shadow_count(const sv_shadows *shadows)
{
    return atomic_load(&shadows->n);
}

static bool enter(sv_shadows *shadows, sv_shadow *shadow)
{
    pthread_mutex_lock(&shadows->lock);
    bool is_stopped = shadows->is_stopped;
    if (!is_stopped) {
        sv_list_append(&shadows->copies, &shadow->node);
        atomic_fetch_add(&shadows->n, 1);
    }
    pthread_mutex_unlock(&shadows->lock);
    return !is_stopped;
}

static void leave(sv_shadows *shadows, sv_shadow *shadow)
{
    pthread_mutex_lock(&shadows->lock);
    sv_list_remove(&shadow->node);
    pthread_mutex_unlock(&shadows->lock);
}

/* One of them. */

static sv_model *model_of(const sv_shadow *shadow)
{
    return shadow->version->model;
}

/* The arena has the copy in it. */
static void free_copy(sv_shadow *shadow)
{
    sv_model *model = model_of(shadow);
    sv_model_version *version = shadow->version;
    sv_instance *instance = shadow->instance;
    atomic_fetch_sub(&model->n_shadows, 1);
    atomic_fetch_sub(&model->shadow_bytes, shadow->bytes);
    sv_cancel_unref(shadow->cancel);
    sv_arena_free(shadow->arena);
    sv_registry_release(instance);
    sv_model_set_release(version);
}

static void end(sv_shadow *shadow, sv_shadow_result result)
{
    sv_shadows *shadows = shadow->services->shadows;
    leave(shadows, shadow);
    sv_model_metrics_shadowed(shadow->version->series, result);
    free_copy(shadow);
    atomic_fetch_sub(&shadows->n,
                     1); /* the last thing: whoever waits for 0 may free what it used */
}

/* Beginning. */

/* Empty: the work has none, or is its shadow's own. */
static sv_str get_name(const sv_model_work *work)
{
    const struct manifest_versions *versions = work->instance->files->manifest->versions;
    bool has_shadow = versions && versions->shadow.set && work->services->shadows &&
                      !sv_repository_is_same_version(versions->shadow.value, work->version->name);
    return has_shadow ? versions->shadow.value : (sv_str){0};
}

/* Asks for a version that is not loaded, but does not wait for it. */
static sv_instance *acquire(const sv_model_work *work, sv_str version, sv_arena *arena)
{
    const sv_wish wish = {.model = work->model->name, .version = version, .arena = arena};
    sv_acquired found;
    sv_error error = {0};
    sv_status status = sv_registry_acquire(work->services->registry, &wish, &error, &found);
    if (status == SV_DEFERRED)
        sv_registry_end_wait(found.version);
    return found.instance;
}

/* A place among the model's copies, and the bytes that are left for this one; 0: there are none. */
static size_t take_place(sv_model *model)
{
    size_t n = atomic_fetch_add(&model->n_shadows, 1);
    size_t bytes = atomic_load(&model->shadow_bytes);
    if (n < SV_SHADOW_MAX_COPIES && bytes < SV_SHADOW_MAX_BYTES)
        return SV_SHADOW_MAX_BYTES - bytes;
    atomic_fetch_sub(&model->n_shadows, 1);
    return 0;
}

/* NULL: out of memory, or not loaded; nothing is kept then. */
static sv_shadow *make(const sv_model_work *work, sv_model_version *version, size_t room,
                       size_t size)
{
    sv_arena *arena = sv_arena_new(room);
    sv_shadow *shadow = arena ? sv_arena_alloc(arena, size) : NULL;
    sv_cancel *cancel = shadow ? sv_cancel_new() : NULL;
    sv_instance *instance = cancel ? acquire(work, version->name, arena) : NULL;
    if (!instance) {
        sv_cancel_unref(cancel);
        sv_arena_free(arena);
        return NULL;
    }
    shadow->arena = arena;
    shadow->cancel = cancel;
    shadow->instance = instance;
    shadow->services = work->services;
    shadow->version = version;
    shadow->deadline_ns =
        sv_clock_deadline_ns(&sv_clock_system, work->services->shadows->timeout_ms);
    shadow->queued.units = work->units;
    return shadow;
}

/* Without an instance of the version, which may be opened just now. */
static void count_dropped(sv_model_version *version)
{
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    sv_model_metrics *series = version->series;
    pthread_mutex_unlock(&set->lock);
    sv_model_metrics_shadowed(series, SV_SHADOW_DROPPED);
}

sv_shadow *sv_shadow_begin(const sv_model_work *work, size_t size)
{
    sv_str name = get_name(work);
    sv_model_version *version = name.len ? sv_registry_hold_version(work->model, name) : NULL;
    if (!version)
        return NULL;
    size_t room = take_place(version->model);
    sv_shadow *shadow = room ? make(work, version, room, size) : NULL;
    if (shadow)
        return shadow;
    if (room)
        atomic_fetch_sub(&version->model->n_shadows, 1);
    count_dropped(version);
    sv_model_set_release(version);
    return NULL;
}

/* Running. */

static void count_run(const sv_shadow *shadow, sv_status status)
{
    const sv_work *queued = &shadow->queued;
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    int64_t infer_ns = shadow->timeline.stage_ns[SV_STAGE_INFER];
    int64_t total_ns = now - queued->submitted_ns;
    sv_version_run run = {.failed = status != SV_OK,
                          .total_ns = total_ns,
                          .queue_ns = queued->waited_ns,
                          .input_ns = total_ns - queued->waited_ns - infer_ns,
                          .infer_ns = infer_ns,
                          .n_items = 1};
    sv_version_stats_add(&shadow->version->stats, &run);
    sv_model_metrics_observe(shadow->version->series, &run,
                             status ? SV_MODEL_BACKEND : SV_MODEL_SUCCEEDED, 1);
    if (infer_ns)
        sv_model_metrics_executed(shadow->version->series, 1);
}

/* With a permit. One that is cancelled, or comes too late, was not worth its time. */
static void run_queued(sv_work *queued)
{
    sv_shadow *shadow = SV_CONTAINER_OF(queued, sv_shadow, queued);
    sv_error error = {0};
    bool is_same = false;
    sv_model_metrics_pending(shadow->version->series, -1);
    if (sv_clock_now_ns(&sv_clock_system) >= shadow->deadline_ns) {
        end(shadow, SV_SHADOW_DROPPED);
        return;
    }
    sv_status status = shadow->run(shadow, &error, &is_same);
    if (status == SV_CANCELLED) {
        end(shadow, SV_SHADOW_DROPPED);
        return;
    }
    count_run(shadow, status);
    if (status)
        end(shadow, SV_SHADOW_FAILED);
    else
        end(shadow, is_same ? SV_SHADOW_MATCH : SV_SHADOW_DIFFER);
}

static void drop_queued(sv_work *queued, sv_status status)
{
    sv_shadow *shadow = SV_CONTAINER_OF(queued, sv_shadow, queued);
    (void)status;
    sv_model_metrics_pending(shadow->version->series, -1);
    end(shadow, SV_SHADOW_DROPPED);
}

/* On the pool: a copy that finds a free permit runs at once, and not on the real answer's thread.
 */
static void submit(sv_message *message)
{
    sv_shadow *shadow = SV_CONTAINER_OF(message, sv_shadow, message);
    sv_work_refusal refusal;
    shadow->queued = (sv_work){.run = run_queued,
                               .drop = drop_queued,
                               .lane = &shadow->version->lane,
                               .cancel = shadow->cancel,
                               .deadline_ns = shadow->deadline_ns,
                               .priority = SV_PRIORITY_SHADOW,
                               .units = shadow->queued.units};
    sv_model_metrics_pending(shadow->version->series, 1);
    if (sv_scheduler_submit(shadow->services->scheduler, &shadow->queued, &refusal))
        drop_queued(&shadow->queued, SV_UNAVAILABLE);
}

void sv_shadow_send(sv_shadow *shadow, bool copied)
{
    sv_shadows *shadows = shadow->services->shadows;
    shadow->bytes = sv_arena_used(shadow->arena);
    atomic_fetch_add(&model_of(shadow)->shadow_bytes, shadow->bytes);
    sv_arena_set_limit(shadow->arena, shadow->bytes + RUN_BYTES);
    shadow->message.run = submit;
    if (!copied || !enter(shadows, shadow)) {
        sv_model_metrics_shadowed(shadow->version->series, SV_SHADOW_DROPPED);
        free_copy(shadow);
        return;
    }
    if (sv_pool_submit(shadow->services->pool, &shadow->message))
        end(shadow, SV_SHADOW_DROPPED);
}
