/* reload.c: the disk against the set. */
#include "model/reload.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PROBLEMS = 1 << 16 };

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
    look before;          /* the last one; its arena may be NULL */
    uint64_t last_problem; /* told already */
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

/* The same problem is told once. */
static void tell_problem(sv_reload *reload, sv_str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    if (hash == reload->last_problem || !reload->config.log)
        return;
    reload->last_problem = hash;
    sv_log_write(reload->config.log, SV_LOG_ERROR, "models are left as they are: %.*s",
                 SV_STR_ARG(sv_str_trim(text)));
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
    sv_status status = !now.arena ? SV_NO_MEMORY
                                  : sv_repository_scan(now.arena, reload->config.paths,
                                                       reload->config.n_paths, &error,
                                                       &now.repository);
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

/* Whether the disk said the same the last time. */
static bool is_stable(const sv_reload *reload, const look *now, sv_str model, sv_str version)
{
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

static void enqueue_new(sv_model_version *version)
{
    if (version->model->files->manifest->load == SV_MANIFEST_LAZY)
        return;
    version->is_wanted = true;
    sv_model_set_enqueue(version);
}

static void enqueue_changed(sv_model_version *version)
{
    version->n_failures = 0;
    version->retry_at_ns = 0;
    version->known_bytes = 0;
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

static void remove_unlisted(const sv_reload *reload, sv_model *model)
{
    for (size_t i = model->n_versions; i-- > 0;)
        if (!sv_model_files_find(model->files, model->versions[i]->name)) {
            tell(reload, model, model->versions[i]->name, "is gone");
            sv_model_set_remove_version(model, i);
        }
}

/* A version that is taken for a folder of the same number by another name (v2, 2) stays. */
static void update_versions(const sv_reload *reload, const look *now, sv_model *model)
{
    const sv_model_source *source = &model->files->source;
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
    remove_unlisted(reload, model);
}

static void add_model(const sv_reload *reload, sv_model_set *set, sv_model_files *files)
{
    sv_model *model;
    sv_status status = sv_model_set_add(set, files, &model);
    for (size_t i = 0; i < model->n_versions && !status; i++) {
        tell(reload, model, model->versions[i]->name, "is new");
        enqueue_new(model->versions[i]);
    }
}

static void apply(sv_reload *reload, const look *now, const model_change *change)
{
    sv_model_set *set = sv_registry_set(reload->config.registry);
    const sv_registry_config *config = sv_registry_get_config(reload->config.registry);
    sv_model_files *files, *old = NULL;
    sv_buf problems;
    sv_buf_init(&problems, MAX_PROBLEMS);
    sv_status status = sv_model_files_read(change->source, config->sets, &problems, &files);
    if (status)
        tell_problem(reload, problems.len ? sv_buf_str(&problems)
                                          : sv_str_from(sv_status_text(status)));
    sv_buf_deinit(&problems);
    if (status)
        return;
    pthread_mutex_lock(&set->lock);
    if (change->model) {
        old = change->model->files;
        change->model->files = sv_model_files_hold(files);
        update_versions(reload, now, change->model);
    } else {
        add_model(reload, set, files);
    }
    pthread_mutex_unlock(&set->lock);
    sv_model_files_release(old);
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
            (!is_asked && find_source(&reload->before, model->name)))
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
    if (take_look(reload, &now))
        return;
    for (size_t i = 0; i < now.repository.n_models; i++) {
        model_change change = {.source = &now.repository.models[i]};
        change.model = sv_model_set_find(set, change.source->name);
        if (needs_change(reload, &now, &change, is_asked))
            apply(reload, &now, &change);
    }
    remove_models(reload, &now, is_asked);
    sv_arena_free(reload->before.arena);
    reload->before = now;
}
