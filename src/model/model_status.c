/* model_status.c: the set, copied out under its lock. */
#include "model/model_status.h"

#include <sys/stat.h>

#include "model/version_plan.h"

static void let_go(void *version)
{
    sv_model_set_release(version);
}

/* The arena holds the version, and so its model. */
static sv_status hold_for(sv_arena *arena, sv_model_version *version)
{
    if (sv_arena_defer(arena, let_go, version))
        return SV_NO_MEMORY;
    sv_model_set_hold(version);
    return SV_OK;
}

/* Why it lost its share of the requests. */
static sv_status tell_share(sv_model_version *version, sv_arena *arena, sv_version_status *told)
{
    sv_buf text;
    sv_buf_init(&text, 256);
    sv_buf_printf(&text, "gave its share back: ");
    sv_version_guard_describe(&version->guard, &text);
    told->reason = sv_arena_copy(arena, sv_buf_str(&text));
    sv_buf_deinit(&text);
    return told->reason.ptr ? SV_OK : SV_NO_MEMORY;
}

static sv_status tell_version(sv_model_version *version, sv_arena *arena, sv_version_status *told)
{
    *told = (sv_version_status){.name = version->name,
                                .state = sv_model_set_state(version),
                                .is_unloaded = version->is_unloaded,
                                .failure = version->failure,
                                .version = version};
    told->is_on_demand =
        told->state == SV_VERSION_ABSENT && !version->is_unloaded && version->model->set->loader;
    if (version->current)
        told->memory_bytes = version->current->memory_bytes;
    told->weight.value = sv_version_plan_weight(version);
    told->weight.set = told->weight.value >= 0;
    sv_status status = SV_OK;
    if (version->failure) {
        told->reason = sv_arena_copy(arena, sv_str_trim(sv_str_from(version->reason)));
        status = told->reason.ptr ? SV_OK : SV_NO_MEMORY;
    } else if (sv_version_plan_gave_way(version)) {
        status = tell_share(version, arena, told);
    }
    return status ? status : hold_for(arena, version);
}

static sv_status tell_model(sv_model *model, sv_arena *arena, sv_model_status *told)
{
    const sv_model_version *by_default = sv_model_set_default(model);
    *told = (sv_model_status){.name = model->name,
                              .task = model->task,
                              .engine = model->engine ? model->engine->name : "",
                              .n_versions = model->n_versions,
                              .model = model};
    told->versions = sv_arena_alloc_array(arena, model->n_versions, sizeof *told->versions);
    sv_status status = told->versions ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < model->n_versions && !status; i++) {
        status = tell_version(model->versions[i], arena, &told->versions[i]);
        told->versions[i].is_default = model->versions[i] == by_default;
        if (told->versions[i].is_default)
            told->default_version = i;
    }
    return status;
}

sv_status sv_model_status_list(sv_registry *registry, sv_arena *arena, sv_model_statuses *ret_list)
{
    sv_model_set *set = sv_registry_set(registry);
    sv_model_statuses list = {0};
    pthread_mutex_lock(&set->lock);
    list.items = sv_arena_alloc_array(arena, set->n_models, sizeof *list.items);
    sv_status status = list.items ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < set->n_models && !status; i++)
        if (set->models[i]->n_versions)
            status = tell_model(set->models[i], arena, &list.items[list.len++]);
    pthread_mutex_unlock(&set->lock);
    if (!status)
        *ret_list = list;
    return status;
}

sv_status sv_model_status_find(sv_registry *registry, sv_str name, sv_arena *arena,
                               sv_model_status *ret_status)
{
    sv_model_set *set = sv_registry_set(registry);
    pthread_mutex_lock(&set->lock);
    sv_model *model = sv_model_set_find(set, name);
    bool is_there = model && model->n_versions;
    sv_status status = is_there ? tell_model(model, arena, ret_status) : SV_NOT_FOUND;
    pthread_mutex_unlock(&set->lock);
    return status;
}

bool sv_model_status_can_answer(const sv_model_status *status)
{
    if (!status->n_versions)
        return false;
    const sv_version_status *version = &status->versions[status->default_version];
    return version->state == SV_VERSION_READY || version->is_on_demand;
}

bool sv_model_status_is_latest(const sv_version_status *status)
{
    sv_model_version *version = status->version;
    sv_model_set *set = version->model->set;
    pthread_mutex_lock(&set->lock);
    sv_model_files *files = sv_model_files_hold(version->model->files);
    bool is_well = version->current && !version->failure && !sv_version_plan_gave_way(version);
    uint64_t stamp = is_well ? version->stamp : 0;
    pthread_mutex_unlock(&set->lock);
    const sv_version_source *source = sv_model_files_find(files, version->name);
    bool is_latest = stamp && source && sv_model_files_stamp(&files->source, source) == stamp;
    sv_model_files_release(files);
    return is_latest;
}

int64_t sv_model_status_file_time(const sv_version_status *status)
{
    sv_model_version *version = status->version;
    sv_model_set *set = version->model->set;
    struct stat info;
    pthread_mutex_lock(&set->lock);
    sv_model_files *files = sv_model_files_hold(version->model->files);
    pthread_mutex_unlock(&set->lock);
    const sv_version_source *source = sv_model_files_find(files, version->name);
    bool is_there = source && stat(source->file, &info) == 0;
    sv_model_files_release(files);
    return is_there ? (int64_t)info.st_mtime : 0;
}

const char *sv_model_status_state_name(sv_version_state state)
{
    static const char *const names[] = {
        [SV_VERSION_ABSENT] = "absent",     [SV_VERSION_LOADING] = "loading",
        [SV_VERSION_WARMING] = "warming",   [SV_VERSION_READY] = "ready",
        [SV_VERSION_DRAINING] = "draining", [SV_VERSION_FAILED] = "failed"};
    return names[state];
}
