/* load_step.c: loading one version. */
#include "model/load_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "model/residency.h"

enum { MAX_RETRY_S = 300, MAX_RETRY_SHIFT = 9 };

/* One load under way. */
typedef struct loading {
    const sv_load_step *step;
    sv_model_set *set;
    sv_model_version *version;
    sv_model_files *files; /* held */
    const sv_version_source *source;
    sv_instance *instance; /* NULL: not made, or put in */
    uint64_t stamp;
    bool is_optional; /* it need not be there before it is asked for */
    sv_error *error;
} loading;

static double to_mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static void say(const loading *it, sv_log_level level, const char *what, const char *why)
{
    if (it->step->log)
        sv_log_write(it->step->log, level, "model %.*s version %.*s: %s%s",
                     SV_STR_ARG(it->version->model->name), SV_STR_ARG(it->version->name), what,
                     why);
}

/* Memory. */

static bool is_pinned(const sv_model *model)
{
    return model->files->manifest->load == SV_MANIFEST_PINNED;
}

/* With the lock held: all that answer, in the order of models and versions. */
static size_t list_residents(const sv_model_set *set, sv_resident *residents,
                             sv_model_version **versions)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++) {
            sv_model_version *version = set->models[i]->versions[k];
            if (!version->current)
                continue;
            residents[n] = (sv_resident){
                .bytes = version->current->memory_bytes,
                .last_used_ns = version->last_used_ns,
                .may_go = atomic_load(&version->current->holders) == 1 && !version->n_awaiting &&
                          !is_pinned(set->models[i]),
            };
            versions[n++] = version;
        }
    return n;
}

static size_t count_versions(const sv_model_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_models; i++)
        n += set->models[i]->n_versions;
    return n;
}

static void evict(const loading *it, sv_model_version *version)
{
    const sv_model_set_hooks *hooks = &it->set->hooks;
    sv_model_set_take_out(version);
    if (hooks->evicted && version->series)
        hooks->evicted(hooks->arg, version);
    if (it->step->log)
        sv_log_write(it->step->log, SV_LOG_INFO,
                     "model %.*s version %.*s: gave way to model %.*s (memory_budget)",
                     SV_STR_ARG(version->model->name), SV_STR_ARG(version->name),
                     SV_STR_ARG(it->version->model->name));
}

/* With the lock held. */
static bool choose_room(const loading *it, uint64_t budget, uint64_t need)
{
    sv_model_set *set = it->set;
    size_t max = count_versions(set), n;
    sv_resident *residents = calloc(max + 1, sizeof *residents);
    sv_model_version **versions = calloc(max + 1, sizeof *versions);
    bool fits = false;
    if (residents && versions) {
        uint64_t listed = 0;
        n = list_residents(set, residents, versions);
        for (size_t i = 0; i < n; i++) {
            listed += residents[i].bytes;
            residents[i].may_go &= versions[i] != it->version && !it->is_optional;
        }
        /* What drains still takes its room. */
        residents[n].bytes = set->memory_bytes - listed;
        fits = sv_residency_choose(residents, n + 1, budget, need);
        for (size_t i = 0; i < n && fits; i++)
            if (residents[i].goes)
                evict(it, versions[i]);
    }
    free(residents);
    free(versions);
    return fits;
}

/* Makes those give way that can, or fails. */
static sv_status make_room(const loading *it, uint64_t need)
{
    uint64_t budget = it->step->memory_budget;
    if (!budget)
        return SV_OK;
    pthread_mutex_lock(&it->set->lock);
    uint64_t taken = it->set->memory_bytes;
    bool fits = choose_room(it, budget, need);
    pthread_mutex_unlock(&it->set->lock);
    sv_model_set_free_buried(it->set);
    if (fits)
        return SV_OK;
    return sv_error_set(it->error, SV_NO_MEMORY, &sv_kind_insufficient_memory,
                        "it needs about %.1f MiB; of the %.1f MiB of memory_budget %.1f are taken "
                        "by models that are in use or pinned",
                        to_mib(need), to_mib(budget), to_mib(taken));
}

static uint64_t estimate(const loading *it)
{
    struct stat info;
    if (it->version->known_bytes)
        return it->version->known_bytes;
    return stat(it->source->file, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* Steps. */

static void note_activity(const loading *it, sv_version_activity activity)
{
    pthread_mutex_lock(&it->set->lock);
    it->version->activity = activity;
    sv_model_set_note_state(it->version);
    pthread_mutex_unlock(&it->set->lock);
}

/* Only this thread sets a series; others read it with the lock held, or hold an instance. */
static void open_series(const loading *it)
{
    const sv_model_set_hooks *hooks = &it->set->hooks;
    if (it->version->series || !hooks->opened)
        return;
    void *series = hooks->opened(hooks->arg, it->version);
    pthread_mutex_lock(&it->set->lock);
    it->version->series = series;
    pthread_mutex_unlock(&it->set->lock);
}

static sv_status begin(loading *it)
{
    sv_model *model = it->version->model;
    pthread_mutex_lock(&it->set->lock);
    it->files = sv_model_files_hold(model->files);
    it->is_optional = !it->version->is_demanded && !it->version->current && !is_pinned(model);
    pthread_mutex_unlock(&it->set->lock);
    open_series(it);
    note_activity(it, SV_ACTIVITY_LOADING);
    it->source = sv_model_files_find(it->files, it->version->name);
    it->stamp = it->source ? sv_model_files_stamp(&it->files->source, it->source) : 0;
    if (!it->stamp)
        return sv_error_set(it->error, SV_NOT_FOUND, NULL, "the model file is not there any more");
    /* Another manifest than it is loaded with: that is still to be taken in. */
    if (sv_model_files_has_new_manifest(it->files, &it->files->source))
        it->stamp = ~it->stamp;
    return make_room(it, estimate(it));
}

/* So that the next load fails before it is read, if it does not fit either. */
static void note_size(const loading *it)
{
    pthread_mutex_lock(&it->set->lock);
    it->version->known_bytes = it->instance->memory_bytes;
    pthread_mutex_unlock(&it->set->lock);
}

static sv_status load(loading *it)
{
    sv_status status = sv_instance_load(sv_registry_instance_config(it->step->registry), it->files,
                                        it->source, it->error, &it->instance);
    if (status)
        return status;
    if (it->instance->memory_bytes > estimate(it))
        status = make_room(it, it->instance->memory_bytes);
    if (status) {
        note_size(it);
        return status;
    }
    note_activity(it, SV_ACTIVITY_WARMING);
    sv_instance_warm_up(it->instance);
    return SV_OK;
}

/* With the lock held. */
static void keep_failure(sv_model_version *version, sv_status status, const sv_error *error)
{
    unsigned n = version->n_failures < MAX_RETRY_SHIFT ? version->n_failures : MAX_RETRY_SHIFT;
    int64_t delay_s = INT64_C(1) << n;
    if (delay_s > MAX_RETRY_S)
        delay_s = MAX_RETRY_S;
    version->n_failures++;
    version->failure = status;
    version->retry_at_ns = sv_clock_now_ns(&sv_clock_system) + delay_s * SV_NS_PER_S;
    snprintf(version->reason, sizeof version->reason, "%s", error->message);
}

/* With the lock held. */
static void put_in(loading *it)
{
    sv_model_version *version = it->version;
    sv_model_set_put_in(version, it->instance);
    it->instance = NULL;
    version->failure = SV_OK;
    version->reason[0] = '\0';
    version->n_failures = 0;
    version->is_new = false;
    if (!version->last_used_ns)
        version->last_used_ns = sv_clock_now_ns(&sv_clock_system);
}

/* With the lock held: an optional version that does not fit stays away, which is no failure, unless
 * somebody has asked for it meanwhile; of one that was unloaded meanwhile nothing is kept. */
static void keep_outcome(loading *it, sv_status status, bool is_refused)
{
    sv_model_version *version = it->version;
    bool is_asked_for = version->is_demanded;
    version->activity = SV_ACTIVITY_NONE;
    version->is_demanded = false;
    version->stamp = it->stamp;
    if (version->is_unloaded)
        return;
    if (!status) {
        put_in(it);
    } else if (!is_refused) {
        keep_failure(version, status, it->error);
    } else if (is_asked_for) {
        version->is_demanded = true;
        sv_model_set_enqueue(version);
    } else {
        version->is_wanted = false;
    }
}

/* What finds no room is tried again by every request: of those failures the first is told, the
 * second, the fourth, and so on. */
static bool is_worth_telling(const loading *it, sv_status status)
{
    unsigned n = it->version->n_failures;
    return status != SV_NO_MEMORY || (n & (n - 1)) == 0;
}

/* Whatever came of it. */
static void end(loading *it, sv_status status)
{
    sv_model_version *version = it->version;
    bool is_refused = status == SV_NO_MEMORY && it->is_optional;
    pthread_mutex_lock(&it->set->lock);
    if (it->set->hooks.loaded && version->series)
        it->set->hooks.loaded(it->set->hooks.arg, version, status ? NULL : it->instance);
    keep_outcome(it, status, is_refused);
    sv_model_set_note_state(version);
    pthread_mutex_unlock(&it->set->lock);
    if (is_refused)
        say(it, SV_LOG_WARNING, "is not loaded before it is asked for: ", it->error->message);
    else if (is_worth_telling(it, status))
        say(it, status ? SV_LOG_ERROR : SV_LOG_INFO, status ? "cannot be loaded: " : "ready",
            status ? it->error->message : "");
}

sv_status sv_load_step_run(const sv_load_step *step, sv_model_version *version, sv_error *error)
{
    loading it = {
        .step = step, .set = sv_registry_set(step->registry), .version = version, .error = error};
    sv_status status = begin(&it);
    if (!status)
        status = load(&it);
    if (status && !error->message[0])
        sv_error_set(error, status, NULL, "%s", sv_status_text(status));
    end(&it, status);
    sv_instance_free(it.instance);
    sv_model_files_release(it.files);
    sv_model_set_free_buried(it.set); /* what was replaced, when nobody uses it */
    return status;
}
