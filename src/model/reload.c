/* reload.c: the disk against the set. */
#include "model/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/version_plan.h"

enum { MAX_PROBLEMS = 1 << 16, MAX_TOLD = 32 };

/* What a look found: one row for each version. */
typedef struct seen_version {
    sv_str model, version;
    uint64_t stamp;
} seen_version;

typedef struct look {
    sv_arena *arena;
    sv_repository repository;
    seen_version *rows;
    size_t n_rows;
} look;

struct sv_reload {
    sv_reload_config config;
    look before; /* the last one; its arena may be NULL */
    /* Hashes of what was wrong at the last look, and is at this one. */
    uint64_t told[MAX_TOLD], found[MAX_TOLD];
    size_t n_told, n_found;
};

/* What is to be done about one model. */
typedef struct model_change {
    sv_model *model; /* NULL: it is new */
    const sv_model_source *source;
} model_change;

sv_status sv_reload_new(const sv_reload_config *config, sv_reload **ret_reload)
{
    sv_reload *reload = calloc(1, sizeof *reload);
    if (!reload)
        return SV_NO_MEMORY;
    reload->config = *config;
    *ret_reload = reload;
    return SV_OK;
}

void sv_reload_free(sv_reload *reload)
{
    if (!reload)
        return;
    sv_arena_free(reload->before.arena);
    free(reload);
}

/* A problem is told when it comes, not while it lasts. */
static void tell_problem(sv_reload *reload, sv_str text)
{
    bool is_told = false;
    uint64_t hash = sv_hash_bytes(SV_HASH_START, text.ptr, text.len);
    for (size_t i = 0; i < reload->n_told; i++)
        is_told |= reload->told[i] == hash;
    if (reload->n_found < MAX_TOLD)
        reload->found[reload->n_found++] = hash;
    if (!is_told && reload->config.log)
        sv_log_write(reload->config.log, SV_LOG_ERROR, "models are left as they are: %.*s",
                     SV_STR_ARG(sv_str_trim(text)));
}

static void forget_problems(sv_reload *reload)
{
    memcpy(reload->told, reload->found, sizeof reload->told);
    reload->n_told = reload->n_found;
    reload->n_found = 0;
}

static void tell(const sv_reload *reload, const sv_model *model, sv_str version, const char *what)
{
    if (reload->config.log)
        sv_log_write(reload->config.log, SV_LOG_INFO, "model %.*s version %.*s: %s",
                     SV_STR_ARG(model->name), SV_STR_ARG(version), what);
}

/* Looking. */

static const seen_version *find_row(const look *it, sv_str model, sv_str version)
{
    for (size_t i = 0; i < it->n_rows; i++)
        if (sv_str_eq(it->rows[i].model, model) && sv_str_eq(it->rows[i].version, version))
            return &it->rows[i];
    return NULL;
}

static sv_status fill_rows(look *it)
{
    size_t n = 0;
    for (size_t i = 0; i < it->repository.n_models; i++)
        n += it->repository.models[i].n_versions;
    it->rows = sv_arena_alloc_array(it->arena, n, sizeof *it->rows);
    if (!it->rows)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < it->repository.n_models; i++) {
        const sv_model_source *model = &it->repository.models[i];
        for (size_t k = 0; k < model->n_versions; k++)
            it->rows[it->n_rows++] =
                (seen_version){model->name, model->versions[k].name,
                               sv_model_files_stamp(model, &model->versions[k])};
    }
    return SV_OK;
}

static sv_status take_look(sv_reload *reload, look *ret_look)
{
    look now = {.arena = sv_arena_new(0)};
    sv_error error = {0};
    sv_status status = !now.arena
                           ? SV_NO_MEMORY
                           : sv_repository_scan(now.arena, reload->config.paths,
                                                reload->config.n_paths, &error, &now.repository);
    if (status && error.message[0])
        tell_problem(reload, sv_str_from(error.message));
    if (!status)
        status = fill_rows(&now);
    if (status)
        sv_arena_free(now.arena);
    else
        *ret_look = now;
    return status;
}

/* Whether the disk said the same the last time; never at the first look. */
static bool is_stable(const sv_reload *reload, const look *now, sv_str model, sv_str version)
{
    if (!reload->before.arena)
        return false;
    const seen_version *row = find_row(now, model, version);
    const seen_version *before = find_row(&reload->before, model, version);
    return (row ? row->stamp : 0) == (before ? before->stamp : 0);
}

/* Changes. */

static sv_model_version *find_version(const sv_model *model, sv_str name)
{
    return model ? sv_model_set_find_version(model, name) : NULL;
}

/* One that was never loaded is read when it is. */
static bool is_changed(const sv_model_version *version, uint64_t stamp)
{
    return version->stamp && version->stamp != stamp;
}

static bool is_listed(const sv_model_source *source, sv_str version)
{
    for (size_t i = 0; i < source->n_versions; i++)
        if (sv_repository_is_same_version(source->versions[i].name, version))
            return true;
    return false;
}

/* A folder that the manifest does not have served is no new version. */
static bool is_new(const model_change *change, size_t index)
{
    return !find_version(change->model, change->source->versions[index].name) &&
           (!change->model ||
            sv_model_files_serves(change->model->files->manifest, change->source, index));
}

/* Whether anything about a model is to be done now; never while any of it still changes. */
static bool needs_change(const sv_reload *reload, const look *now, const model_change *change,
                         bool is_asked)
{
    const sv_model_source *source = change->source;
    bool is_needed =
        !change->model || sv_model_files_has_new_manifest(change->model->files, source);
    for (size_t i = 0; i < source->n_versions; i++) {
        sv_str name = source->versions[i].name;
        const seen_version *row = find_row(now, source->name, name);
        const sv_model_version *version = find_version(change->model, name);
        if (!row->stamp || (!is_asked && !is_stable(reload, now, source->name, name)))
            return false;
        is_needed |= is_new(change, i) || (version && is_changed(version, row->stamp));
    }
    for (size_t i = 0; change->model && i < change->model->n_versions; i++) {
        sv_str name = change->model->versions[i]->name;
        if (is_listed(source, name))
            continue;
        if (!is_asked && !is_stable(reload, now, source->name, name))
            return false;
        is_needed = true;
    }
    return is_needed;
}

/* With the lock held, all of these. */

/* A lazy one too, when it is to take over from others that answer. */
static void enqueue_new(sv_model_version *version)
{
    if (version->model->files->manifest->load == SV_MANIFEST_LAZY && !version->is_new)
        return;
    version->is_wanted = true;
    sv_model_set_enqueue(version);
}

/* What does not answer now is read when it is loaded. */
static void enqueue_changed(sv_model_version *version)
{
    version->n_failures = 0;
    version->retry_at_ns = 0;
    version->known_bytes = 0;
    version->is_renewed = true;
    version->stamp = 0;
    if (version->current || (version->failure && version->is_wanted))
        sv_model_set_enqueue(version);
}

static bool has_any_current(const sv_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->current)
            return true;
    return false;
}

/* Whether one that came is still to answer for the first time. */
static bool awaits_new(const sv_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->is_new && model->versions[i]->is_wanted &&
            sv_model_files_find(model->files, model->versions[i]->name))
            return true;
    return false;
}

static void remove_version(const sv_reload *reload, sv_model *model, size_t index, const char *why)
{
    tell(reload, model, model->versions[index]->name, why);
    sv_model_set_remove_version(model, index);
}

/* Those that are not on disk any more. */
static void remove_gone(const sv_reload *reload, sv_model *model, const sv_model_source *on_disk)
{
    for (size_t i = model->n_versions; i-- > 0;)
        if (!is_listed(on_disk, model->versions[i]->name))
            remove_version(reload, model, i, "is gone");
}

/* Those that the manifest does not have served; they answer until their successor does. */
static void remove_unserved(const sv_reload *reload, sv_model *model)
{
    for (size_t i = model->n_versions; i-- > 0 && !awaits_new(model);)
        if (!sv_model_files_find(model->files, model->versions[i]->name))
            remove_version(reload, model, i, "is not served any more");
}

/* A version that is taken for a folder of the same number by another name (v2, 2) stays. */
static void update_versions(const sv_reload *reload, const look *now, const model_change *change)
{
    sv_model *model = change->model;
    const sv_model_source *source = &model->files->source;
    remove_gone(reload, model, change->source);
    bool others_answer = has_any_current(model);
    for (size_t i = 0; i < source->n_versions; i++) {
        const seen_version *row = find_row(now, source->name, source->versions[i].name);
        sv_model_version *version = find_version(model, source->versions[i].name);
        if (version && row && is_changed(version, row->stamp)) {
            tell(reload, model, version->name, "has changed");
            enqueue_changed(version);
        }
        if (version || sv_model_set_add_version(model, &source->versions[i], &version))
            continue;
        tell(reload, model, version->name, "is new");
        version->is_new = others_answer;
        enqueue_new(version);
    }
    remove_unserved(reload, model);
}

static sv_status add_model(const sv_reload *reload, sv_model_set *set, sv_model_files *files)
{
    sv_model *model;
    sv_status status = sv_model_set_add(set, files, &model);
    for (size_t i = 0; !status && i < model->n_versions; i++) {
        tell(reload, model, model->versions[i]->name, "is new");
        enqueue_new(model->versions[i]);
    }
    return status;
}

/* `problems` may be NULL or empty. */
static void tell_failure(sv_reload *reload, const model_change *change, const sv_buf *problems,
                         sv_status status)
{
    char text[256];
    snprintf(text, sizeof text, "model %.*s: %s", SV_STR_ARG(change->source->name),
             sv_status_text(status));
    tell_problem(reload, problems && problems->len ? sv_buf_str(problems) : sv_str_from(text));
}

static void apply(sv_reload *reload, const look *now, const model_change *change)
{
    sv_model_set *set = sv_registry_set(reload->config.registry);
    const sv_registry_config *config = sv_registry_get_config(reload->config.registry);
    sv_model_files *files;
    sv_buf problems;
    sv_buf_init(&problems, MAX_PROBLEMS);
    sv_status status = sv_model_files_read(change->source, config->sets, &problems, &files);
    if (status)
        tell_failure(reload, change, &problems, status);
    sv_buf_deinit(&problems);
    if (status)
        return;
    pthread_mutex_lock(&set->lock);
    if (change->model) {
        bool is_renewed = files->manifest_stamp != change->model->files->manifest_stamp;
        sv_model_set_take_files(change->model, files);
        if (is_renewed)
            sv_version_plan_renew(change->model);
        update_versions(reload, now, change);
    } else {
        status = add_model(reload, set, files);
    }
    pthread_mutex_unlock(&set->lock);
    if (status)
        tell_failure(reload, change, NULL, status);
    sv_model_files_release(files);
}

static const sv_model_source *find_source(const look *now, sv_str name)
{
    for (size_t i = 0; i < now->repository.n_models; i++)
        if (sv_str_eq(now->repository.models[i].name, name))
            return &now->repository.models[i];
    return NULL;
}

/* Models of which nothing is left, for two looks. */
static void remove_models(sv_reload *reload, const look *now, bool is_asked)
{
    sv_model_set *set = sv_registry_set(reload->config.registry);
    pthread_mutex_lock(&set->lock);
    for (size_t i = set->n_models; i-- > 0;) {
        sv_model *model = set->models[i];
        if (find_source(now, model->name) ||
            (!is_asked && (!reload->before.arena || find_source(&reload->before, model->name))))
            continue;
        tell(reload, model, SV_STR("*"), "is gone");
        sv_model_set_remove(set, i);
    }
    pthread_mutex_unlock(&set->lock);
}

void sv_reload_look(sv_reload *reload, bool is_asked)
{
    sv_model_set *set = sv_registry_set(reload->config.registry);
    look now;
    if (take_look(reload, &now)) {
        forget_problems(reload);
        return;
    }
    for (size_t i = 0; i < now.repository.n_models; i++) {
        model_change change = {.source = &now.repository.models[i]};
        change.model = sv_model_set_find(set, change.source->name);
        if (needs_change(reload, &now, &change, is_asked))
            apply(reload, &now, &change);
    }
    remove_models(reload, &now, is_asked);
    forget_problems(reload);
    sv_arena_free(reload->before.arena);
    reload->before = now;
}

void sv_reload_settle(sv_reload *reload)
{
    sv_model_set *set = sv_registry_set(reload->config.registry);
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->n_models; i++)
        remove_unserved(reload, set->models[i]);
    pthread_mutex_unlock(&set->lock);
}
