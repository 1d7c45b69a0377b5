/* model_set.c: models and versions, and who holds what. */
#include "model/model_set.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <time.h>

#include "base/id.h"
#include "engine/engine_table.h"
#include "model/version_plan.h"

void sv_model_set_init(sv_model_set *set, const sv_model_set_hooks *hooks)
{
    pthread_condattr_t monotonic;
    *set = (sv_model_set){.hooks = *hooks};
    pthread_mutex_init(&set->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&set->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sv_list_init(&set->tickets);
}

void sv_model_set_deinit(sv_model_set *set)
{
    while (set->n_models)
        sv_model_set_remove(set, set->n_models - 1);
    sv_model_set_free_buried(set);
    sv_model_set_free_dead(set, NULL);
    pthread_cond_destroy(&set->changed);
    pthread_mutex_destroy(&set->lock);
}

/* Objects. */

static void release_model(sv_model *model)
{
    if (atomic_fetch_sub(&model->holders, 1) != 1)
        return;
    sv_model_files_release(model->files);
    free(model);
}

static void free_version(sv_model_version *version)
{
    sv_model *model = version->model;
    const sv_model_set_hooks *hooks = &model->set->hooks;
    if (hooks->closed && version->series)
        hooks->closed(hooks->arg, version);
    sv_version_plan_leave(version);
    free(version);
    release_model(model);
}

void sv_model_set_hold(sv_model_version *version)
{
    atomic_fetch_add(&version->holders, 1);
}

/* With the lock held. */
static void release_version(sv_model_set *set, sv_model_version *version)
{
    if (atomic_fetch_sub(&version->holders, 1) != 1)
        return;
    version->next = set->dead;
    set->dead = version;
    pthread_cond_signal(&set->changed);
}

void sv_model_set_release(sv_model_version *version)
{
    if (!version)
        return;
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    release_version(set, version);
    pthread_mutex_unlock(&set->lock);
}

void sv_model_set_free_dead(sv_model_set *set, sv_scheduler *scheduler)
{
    pthread_mutex_lock(&set->lock);
    sv_model_version *version = set->dead, *next;
    set->dead = NULL;
    pthread_mutex_unlock(&set->lock);
    for (; version; version = next) {
        next = version->next;
        if (!scheduler || sv_scheduler_is_lane_idle(scheduler, &version->lane)) {
            free_version(version);
            continue;
        }
        pthread_mutex_lock(&set->lock);
        version->next = set->dead;
        set->dead = version;
        pthread_mutex_unlock(&set->lock);
    }
}

/* An object with its name behind it; NULL: out of memory. */
static void *make_named(size_t size, sv_str name, sv_str *ret_name)
{
    char *object = calloc(1, size + name.len + 1);
    if (!object)
        return NULL;
    memcpy(object + size, name.ptr, name.len);
    *ret_name = (sv_str){object + size, name.len};
    return object;
}

/* 0: as many as there are permits. */
static size_t count_concurrency(const struct manifest *manifest)
{
    const struct manifest_engine *engine = manifest->engine;
    return engine && engine->concurrency.set ? (size_t)engine->concurrency.value : 0;
}

sv_status sv_model_set_add_version(sv_model *model, const sv_version_source *source,
                                   sv_model_version **ret_version)
{
    sv_str name;
    if (model->n_versions == SV_REPOSITORY_MAX_VERSIONS)
        return SV_TOO_LARGE;
    sv_model_version *version = make_named(sizeof *version, source->name, &name);
    if (!version)
        return SV_NO_MEMORY;
    version->name = name;
    version->model = model;
    version->lane.line = &model->line;
    atomic_store(&version->lane.max_running, count_concurrency(model->files->manifest));
    atomic_fetch_add(&model->holders, 1);
    atomic_init(&version->holders, 1);
    sv_version_plan_enter(version);
    size_t at = model->n_versions++;
    for (; at > 0 && sv_repository_compare_versions(model->versions[at - 1]->name, name) > 0; at--)
        model->versions[at] = model->versions[at - 1];
    model->versions[at] = version;
    *ret_version = version;
    return SV_OK;
}

void sv_model_set_take_files(sv_model *model, sv_model_files *files)
{
    sv_model_files_release(model->files);
    model->files = sv_model_files_hold(files);
    for (size_t i = 0; i < model->n_versions; i++)
        atomic_store(&model->versions[i]->lane.max_running, count_concurrency(files->manifest));
}

static int compare_names(sv_str a, sv_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

sv_status sv_model_set_add(sv_model_set *set, sv_model_files *files, sv_model **ret_model)
{
    sv_str name;
    if (set->n_models == SV_REPOSITORY_MAX_MODELS)
        return SV_TOO_LARGE;
    sv_model *model = make_named(sizeof *model, files->source.name, &name);
    if (!model)
        return SV_NO_MEMORY;
    model->name = name;
    model->set = set;
    sv_line_init(&model->line);
    sv_id_random(&model->random, sizeof model->random);
    model->files = sv_model_files_hold(files);
    model->engine = sv_engine_table_find(sv_str_from(files->source.versions[0].file));
    model->task = (sv_model_task)files->manifest->task;
    atomic_init(&model->holders, 1);
    size_t at = set->n_models++;
    for (; at > 0 && compare_names(set->models[at - 1]->name, name) > 0; at--)
        set->models[at] = set->models[at - 1];
    set->models[at] = model;
    sv_status status = SV_OK;
    sv_model_version *version;
    for (size_t i = 0; i < files->source.n_versions && !status; i++)
        status = sv_model_set_add_version(model, &files->source.versions[i], &version);
    if (status)
        sv_model_set_remove(set, at);
    else
        *ret_model = model;
    return status;
}

/* Instances coming and going. */

void sv_model_set_bury(sv_model_set *set, sv_instance *instance)
{
    instance->next = set->buried;
    set->buried = instance;
    pthread_cond_signal(&set->changed);
}

static void drop(sv_model_set *set, sv_instance *instance)
{
    if (sv_instance_drop(instance))
        sv_model_set_bury(set, instance);
}

/* From now on it ends with its last run. */
static void retire(sv_model_version *version, sv_instance *instance)
{
    version->n_draining++;
    drop(version->model->set, instance);
}

void sv_model_set_take_out(sv_model_version *version)
{
    sv_instance *instance = version->current;
    if (!instance)
        return;
    version->current = NULL;
    retire(version, instance);
    sv_model_set_note_state(version);
}

void sv_model_set_remove_version(sv_model *model, size_t index)
{
    sv_model_version *version = model->versions[index];
    sv_model_set_take_out(version);
    version->is_unloaded = true; /* whatever the loader brings now is not wanted */
    version->is_wanted = version->is_demanded = false;
    if (version->activity == SV_ACTIVITY_QUEUED)
        version->activity = SV_ACTIVITY_NONE; /* the loader does not find it any more */
    model->n_versions--;
    memmove(&model->versions[index], &model->versions[index + 1],
            (model->n_versions - index) * sizeof *model->versions);
    release_version(model->set, version);
}

void sv_model_set_remove(sv_model_set *set, size_t index)
{
    sv_model *model = set->models[index];
    while (model->n_versions)
        sv_model_set_remove_version(model, 0);
    set->n_models--;
    memmove(&set->models[index], &set->models[index + 1],
            (set->n_models - index) * sizeof *set->models);
    release_model(model);
}

static void free_instance(sv_model_set *set, sv_instance *instance)
{
    sv_model_version *version = instance->version;
    uint64_t bytes = instance->memory_bytes;
    sv_instance_free(instance);
    pthread_mutex_lock(&set->lock);
    set->memory_bytes -= bytes;
    version->n_draining--;
    sv_model_set_note_state(version);
    release_version(set, version);
    pthread_mutex_unlock(&set->lock);
}

/* To the system: what a model held lies free in the heaps of whatever threads loaded, warmed and
 * ran it. malloc_trim leaves out the end of a heap that is not the first one; freeing a block there
 * gives that back, when the threshold is low. Afterwards both thresholds are as high as they would
 * have risen by themselves, so that large buffers of requests are used again. */
static void give_memory_back(void)
{
#ifdef __GLIBC__
    enum { LOW = 128 << 10, HIGH = 32 << 20, BLOCK = 100 << 10 };
    mallopt(M_TRIM_THRESHOLD, LOW);
    void *volatile block = malloc(BLOCK);
    free(block);
    malloc_trim(0);
    mallopt(M_TRIM_THRESHOLD, HIGH);
    mallopt(M_MMAP_THRESHOLD, HIGH);
#endif
}

void sv_model_set_free_buried(sv_model_set *set)
{
    pthread_mutex_lock(&set->lock);
    sv_instance *instance = set->buried, *next;
    set->buried = NULL;
    pthread_mutex_unlock(&set->lock);
    if (!instance)
        return;
    for (; instance; instance = next) {
        next = instance->next;
        free_instance(set, instance);
    }
    give_memory_back();
}

void sv_model_set_put_in(sv_model_version *version, sv_instance *instance)
{
    sv_model_set *set = version->model->set;
    sv_instance *before = version->current;
    instance->version = version;
    sv_model_set_hold(version);
    set->memory_bytes += instance->memory_bytes;
    version->current = instance;
    version->known_bytes = instance->memory_bytes;
    version->model->task = instance->task;
    if (version->is_renewed)
        sv_version_guard_reset(&version->guard, NULL);
    version->is_renewed = false;
    if (before)
        retire(version, before);
}

void sv_model_set_enqueue(sv_model_version *version)
{
    if (version->activity != SV_ACTIVITY_NONE)
        return;
    version->activity = SV_ACTIVITY_QUEUED;
    version->turn = ++version->model->set->last_turn;
    sv_model_set_note_state(version);
    pthread_cond_signal(&version->model->set->changed);
}

/* Finding. */

sv_model *sv_model_set_find(const sv_model_set *set, sv_str name)
{
    for (size_t i = 0; i < set->n_models; i++)
        if (sv_str_eq(set->models[i]->name, name))
            return set->models[i];
    return NULL;
}

sv_model_version *sv_model_set_find_version(const sv_model *model, sv_str name)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i]->name, name))
            return model->versions[i];
    return NULL;
}

/* The highest number, else the last by name: versions are in that order, numbers first. */
static sv_model_version *choose_by_rule(const sv_model *model, bool with_new)
{
    sv_model_version *chosen = NULL;
    bool has_number = false;
    for (size_t i = 0; i < model->n_versions; i++) {
        sv_model_version *version = model->versions[i];
        bool is_number = sv_repository_is_numbered(version->name);
        if ((version->is_new && !with_new) || (has_number && !is_number))
            continue;
        chosen = version;
        has_number = is_number;
    }
    return chosen;
}

sv_model_version *sv_model_set_default(const sv_model *model)
{
    const struct manifest_versions *versions = model->files->manifest->versions;
    sv_model_version *chosen = NULL;
    if (model->default_version.len)
        chosen = sv_model_set_find_version(model, model->default_version);
    if (!chosen && versions && versions->default_version.set)
        chosen = sv_model_set_find_version(model, versions->default_version.value);
    if (!chosen)
        chosen = choose_by_rule(model, false);
    return chosen ? chosen : choose_by_rule(model, true);
}

sv_version_state sv_model_set_state(const sv_model_version *version)
{
    if (version->current)
        return SV_VERSION_READY;
    if (version->activity != SV_ACTIVITY_NONE)
        return version->activity == SV_ACTIVITY_WARMING ? SV_VERSION_WARMING : SV_VERSION_LOADING;
    if (version->n_draining)
        return SV_VERSION_DRAINING;
    return version->failure ? SV_VERSION_FAILED : SV_VERSION_ABSENT;
}

void sv_model_set_note_state(sv_model_version *version)
{
    const sv_model_set_hooks *hooks = &version->model->set->hooks;
    if (hooks->changed && version->series)
        hooks->changed(hooks->arg, version, sv_model_set_state(version));
}
