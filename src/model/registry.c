/* registry.c: which model and version a request gets. The objects: model_set.c. */
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Failed runs in a row after which a session is not trusted any more, how long it is left alone
 * once it was loaded anew in vain, and how long it has to do well then to be trusted as at first:
 * one good run says little of a model that fails for some inputs. */
enum { MAX_FAILED_RUNS = 5, REBUILD_DELAY_S = 1, MAX_REBUILD_SHIFT = 8, TRUST_S = 60 };

struct sv_registry {
    sv_registry_config config;
    sv_instance_config instances;
    sv_task_image_scratches *scratches;
    char *default_model; /* a copy; NULL: by rule */
    sv_model_set set;
};

/* Making a registry. */

static sv_status add_source(sv_registry *registry, const sv_model_source *source, sv_buf *problems)
{
    sv_model_files *files;
    sv_model *model;
    sv_status status = sv_model_files_read(source, registry->config.sets, problems, &files);
    if (status)
        return status;
    const struct manifest_versions *versions = files->manifest->versions;
    if (versions && versions->default_version.set &&
        !sv_model_files_find(files, versions->default_version.value)) {
        sv_buf_printf(problems, "%s: versions.default: there is no version '%.*s'\n",
                      source->manifest ? source->manifest : "--set",
                      SV_STR_ARG(versions->default_version.value));
        status = SV_INVALID;
    }
    if (!status)
        status = sv_model_set_add(&registry->set, files, &model);
    sv_model_files_release(files);
    return status;
}

static sv_status add_sources(sv_registry *registry, sv_buf *problems)
{
    const sv_repository *repository = registry->config.repository;
    sv_status worst = SV_OK;
    if (registry->config.labels_file && repository->n_models != 1) {
        sv_buf_printf(problems, "--labels: needs exactly one model, not %zu\n",
                      repository->n_models);
        return SV_INVALID;
    }
    for (size_t i = 0; i < repository->n_models; i++) {
        sv_status status = add_source(registry, &repository->models[i], problems);
        if (status)
            worst = status;
    }
    const char *wanted = registry->default_model;
    if (!worst && wanted && !sv_registry_find(registry, sv_str_from(wanted))) {
        sv_buf_printf(problems, "default_model: there is no model '%s'\n", wanted);
        worst = SV_INVALID;
    }
    return worst;
}

static sv_status open_registry(sv_registry *registry, sv_buf *problems)
{
    const sv_registry_config *config = &registry->config;
    const char *wanted = config->default_model;
    registry->default_model = wanted && *wanted ? strdup(wanted) : NULL;
    registry->scratches = sv_task_image_scratches_new(config->n_scratches);
    if (!registry->scratches || (wanted && *wanted && !registry->default_model))
        return SV_NO_MEMORY;
    registry->instances = (sv_instance_config){
        .engines = config->engines,
        .labels_file = config->labels_file,
        .engine_threads = config->engine_threads,
        .generation_threads =
            config->generation_threads ? config->generation_threads : config->engine_threads,
        .max_batch_rows = config->max_batch_rows,
        .image_limits = config->image_limits,
        .scratches = registry->scratches};
    return add_sources(registry, problems);
}

sv_status sv_registry_new(const sv_registry_config *config, sv_buf *problems,
                          sv_registry **ret_registry)
{
    sv_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return SV_NO_MEMORY;
    registry->config = *config;
    sv_model_set_init(&registry->set, &config->hooks);
    sv_status status = open_registry(registry, problems);
    if (status) {
        sv_registry_free(registry);
        return status;
    }
    *ret_registry = registry;
    return SV_OK;
}

void sv_registry_free(sv_registry *registry)
{
    if (!registry)
        return;
    sv_model_set_deinit(&registry->set);
    sv_task_image_scratches_free(registry->scratches);
    free(registry->default_model);
    free(registry);
}

/* Finding. */

/* Of this task, or not known yet; UNSET: of any. */
static bool may_do(const sv_model *model, sv_model_task task)
{
    return task == SV_TASK_UNSET || model->task == task || model->task == SV_TASK_UNSET;
}

/* What failed before its task was known may be anything: it speaks for no task. */
static bool is_unreadable(const sv_model *model)
{
    const sv_model_version *version = sv_model_set_default(model);
    return model->task == SV_TASK_UNSET &&
           (!version || sv_model_set_state(version) == SV_VERSION_FAILED);
}

static const char *usual_name(sv_model_task task)
{
    return task == SV_TASK_TEXT_EMBEDDING    ? "embedder"
           : task == SV_TASK_TEXT_GENERATION ? "chat"
                                             : "classifier";
}

static sv_model *find_of_task(const sv_registry *registry, sv_model_task task)
{
    sv_model *first = NULL;
    for (size_t i = 0; i < registry->set.n_models; i++) {
        sv_model *model = registry->set.models[i];
        if (!may_do(model, task))
            continue;
        if (sv_str_eq(model->name, sv_str_from(usual_name(task))))
            return model;
        if (!first && !is_unreadable(model))
            first = model;
    }
    return first;
}

static sv_model *find_default(const sv_registry *registry, sv_model_task task)
{
    sv_model *found = NULL;
    if (registry->default_model)
        found = sv_model_set_find(&registry->set, sv_str_from(registry->default_model));
    if (found && may_do(found, task))
        return found;
    if (task != SV_TASK_UNSET)
        return find_of_task(registry, task);
    found = find_of_task(registry, SV_TASK_IMAGE_CLASSIFICATION);
    if (!found)
        found = find_of_task(registry, SV_TASK_UNSET);
    return found || !registry->set.n_models ? found : registry->set.models[0];
}

sv_model_set *sv_registry_set(sv_registry *registry)
{
    return &registry->set;
}

const sv_registry_config *sv_registry_get_config(const sv_registry *registry)
{
    return &registry->config;
}

const sv_instance_config *sv_registry_instance_config(const sv_registry *registry)
{
    return &registry->instances;
}

sv_str sv_registry_default_name(sv_registry *registry, sv_model_task task, sv_arena *arena)
{
    pthread_mutex_lock(&registry->set.lock);
    const sv_model *model = find_default(registry, task);
    sv_str name = model ? sv_arena_copy(arena, model->name) : (sv_str){0};
    pthread_mutex_unlock(&registry->set.lock);
    return name;
}

sv_model *sv_registry_find(sv_registry *registry, sv_str name)
{
    pthread_mutex_lock(&registry->set.lock);
    sv_model *model =
        name.len ? sv_model_set_find(&registry->set, name) : find_default(registry, SV_TASK_UNSET);
    pthread_mutex_unlock(&registry->set.lock);
    return model;
}

sv_model_version *sv_registry_find_version(sv_model *model, sv_str name)
{
    pthread_mutex_lock(&model->set->lock);
    sv_model_version *version =
        name.len ? sv_model_set_find_version(model, name) : sv_model_set_default(model);
    pthread_mutex_unlock(&model->set->lock);
    return version;
}

sv_version_state sv_registry_state(sv_model_version *version)
{
    pthread_mutex_lock(&version->model->set->lock);
    sv_version_state state = sv_model_set_state(version);
    pthread_mutex_unlock(&version->model->set->lock);
    return state;
}

/* Acquiring. */

static sv_status refuse(const sv_model_version *version, sv_error *error)
{
    const sv_model *model = version->model;
    if (version->failure == SV_NO_MEMORY)
        return sv_error_set(error, SV_UNAVAILABLE, &sv_kind_insufficient_memory, "Model %.*s: %s",
                            SV_STR_ARG(model->name), version->reason);
    return sv_error_set(error, SV_UNAVAILABLE, &sv_kind_model_not_loaded,
                        "Model %.*s is not loaded", SV_STR_ARG(model->name));
}

/* A version without an instance: whether it is worth waiting for. */
static sv_status demand(sv_model_version *version, const sv_wish *wish, sv_error *error)
{
    if (!version->model->set->loader || version->is_unloaded ||
        (wish->has_waited && version->failure))
        return refuse(version, error);
    if (version->activity == SV_ACTIVITY_NONE) {
        if (version->failure && version->failure != SV_NO_MEMORY &&
            sv_clock_now_ns(&sv_clock_system) < version->retry_at_ns)
            return refuse(version, error);
        version->is_demanded = true;
        sv_model_set_enqueue(version);
    }
    return version->is_demanded ? SV_DEFERRED : refuse(version, error);
}

static sv_status tell_versions(const sv_model *model, sv_arena *arena, sv_strs *ret_names)
{
    sv_str *names = sv_arena_alloc_array(arena, model->n_versions, sizeof *names);
    for (size_t i = 0; i < model->n_versions && names; i++)
        names[i] = sv_arena_copy(arena, model->versions[i]->name);
    if (names)
        *ret_names = (sv_strs){.items = names, .len = model->n_versions};
    return names ? SV_OK : SV_NO_MEMORY;
}

static sv_status refuse_version(const sv_model *model, const sv_wish *wish, sv_error *error,
                                sv_strs *ret_names)
{
    sv_status status = tell_versions(model, wish->arena, ret_names);
    return status ? status
                  : sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_version_not_found,
                                 "Model version %.*s not found", SV_STR_ARG(wish->version));
}

static sv_model_version *choose_version(sv_model *model, const sv_wish *wish)
{
    const struct manifest_versions *versions = model->files->manifest->versions;
    sv_str key = {0};
    if (wish->version.len)
        return sv_model_set_find_version(model, wish->version);
    if (versions && versions->sticky.by && wish->get_key && sv_version_plan_is_weighted(model))
        key = wish->get_key(wish->key_arg, &versions->sticky);
    return sv_version_plan_choose(model, key);
}

static sv_status find_wished(const sv_registry *registry, const sv_wish *wish, sv_error *error,
                             sv_acquired *found)
{
    found->model = wish->model.len ? sv_model_set_find(&registry->set, wish->model)
                                   : find_default(registry, wish->task);
    if (!found->model && wish->model.len)
        return sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_not_found, "Model %.*s not found",
                            SV_STR_ARG(wish->model));
    if (!found->model)
        return sv_error_set(error, SV_UNAVAILABLE, &sv_kind_model_not_loaded,
                            "Model %s is not loaded", usual_name(wish->task));
    found->version = choose_version(found->model, wish);
    return found->version ? SV_OK : refuse_version(found->model, wish, error, &found->available);
}

static sv_status acquire(const sv_registry *registry, const sv_wish *wish, sv_error *error,
                         sv_acquired *found)
{
    sv_status status = find_wished(registry, wish, error, found);
    if (status)
        return status;
    sv_model_version *version = found->version;
    version->last_used_ns = sv_clock_now_ns(&sv_clock_system);
    if (!version->current) {
        status = demand(version, wish, error);
        if (status == SV_DEFERRED) {
            version->n_awaiting++;
            sv_model_set_hold(version);
        }
        return status;
    }
    found->instance = sv_instance_hold(version->current);
    return SV_OK;
}

sv_status sv_registry_acquire(sv_registry *registry, const sv_wish *wish, sv_error *error,
                              sv_acquired *ret_acquired)
{
    *ret_acquired = (sv_acquired){0};
    pthread_mutex_lock(&registry->set.lock);
    sv_status status = acquire(registry, wish, error, ret_acquired);
    pthread_mutex_unlock(&registry->set.lock);
    return status;
}

void sv_registry_end_wait(sv_model_version *version)
{
    if (!version)
        return;
    pthread_mutex_lock(&version->model->set->lock);
    version->n_awaiting--;
    pthread_mutex_unlock(&version->model->set->lock);
    sv_model_set_release(version);
}

sv_model_version *sv_registry_hold_version(sv_model *model, sv_str name)
{
    pthread_mutex_lock(&model->set->lock);
    sv_model_version *version = sv_model_set_find_version(model, name);
    if (version)
        sv_model_set_hold(version);
    pthread_mutex_unlock(&model->set->lock);
    return version;
}

sv_instance *sv_registry_peek(sv_model_version *version)
{
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    sv_instance *instance = version->current ? sv_instance_hold(version->current) : NULL;
    pthread_mutex_unlock(&set->lock);
    return instance;
}

void sv_registry_release(sv_instance *instance)
{
    if (!instance)
        return;
    sv_model_set *set = instance->version->model->set;
    if (!sv_instance_drop(instance))
        return;
    pthread_mutex_lock(&set->lock);
    sv_model_set_bury(set, instance);
    bool frees_itself = !set->loader;
    pthread_mutex_unlock(&set->lock);
    if (frees_itself)
        sv_model_set_free_buried(set);
}

/* Loads it anew, but not again and again: who fails for good is left alone ever longer. */
static void rebuild(sv_instance *instance)
{
    sv_model_version *version = instance->version;
    sv_model_set *set = version->model->set;
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    pthread_mutex_lock(&set->lock);
    if (set->loader && version->current == instance && now >= version->retry_at_ns) {
        if (now - version->retry_at_ns > TRUST_S * SV_NS_PER_S)
            version->n_rebuilds = 0;
        unsigned n = version->n_rebuilds++;
        int64_t delay_s = (int64_t)REBUILD_DELAY_S
                          << (n < MAX_REBUILD_SHIFT ? n : MAX_REBUILD_SHIFT);
        version->retry_at_ns = now + delay_s * SV_NS_PER_S;
        sv_model_set_enqueue(version);
    }
    pthread_mutex_unlock(&set->lock);
}

void sv_registry_report_run(sv_instance *instance, bool has_failed)
{
    sv_model_version *version = instance->version;
    if (has_failed) {
        if (atomic_fetch_add(&version->n_failed_runs, 1) + 1 < MAX_FAILED_RUNS)
            return;
        atomic_store(&version->n_failed_runs, 0);
        rebuild(instance);
    } else if (atomic_load_explicit(&version->n_failed_runs, memory_order_relaxed)) {
        atomic_store(&version->n_failed_runs, 0);
    }
}

void sv_registry_report_answer(sv_model_version *version, bool has_failed, int64_t latency_ns)
{
    if (atomic_load_explicit(&version->is_watched, memory_order_relaxed) &&
        sv_version_guard_add(&version->guard, sv_clock_now_ns(&sv_clock_system), has_failed,
                             latency_ns))
        sv_version_plan_give_back(version);
}

sv_status sv_registry_set_versions(sv_registry *registry, sv_str name,
                                   const sv_version_wants *wants, sv_error *error)
{
    pthread_mutex_lock(&registry->set.lock);
    sv_model *model = sv_model_set_find(&registry->set, name);
    sv_status status = model ? sv_version_plan_set(model, wants, error)
                             : sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_not_found,
                                            "Model %.*s not found", SV_STR_ARG(name));
    pthread_mutex_unlock(&registry->set.lock);
    return status;
}
