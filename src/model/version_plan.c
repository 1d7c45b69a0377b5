/* version_plan.c: weights, from the manifest or a call, and what they mean for a request. */
#include "model/version_plan.h"

#include <string.h>

#include "base/clock.h"
#include "model/version_choice.h"

enum { RETRY_S = 1 };

/* Weights. */

/* By the manifest. */
static int64_t find_weight(const sv_manifest_weights *weights, sv_str name)
{
    for (size_t i = 0; i < weights->len; i++)
        if (sv_repository_is_same_version(weights->items[i].key, name))
            return weights->items[i].value;
    return 0;
}

static const sv_manifest_weights *get_weights(const sv_model *model)
{
    static const sv_manifest_weights none = {0};
    const struct manifest_versions *versions = model->files->manifest->versions;
    return versions ? &versions->weights : &none;
}

static sv_version_limits get_limits(const sv_model *model)
{
    const struct manifest_versions *versions = model->files->manifest->versions;
    return sv_version_guard_limits(versions ? versions->fallback : NULL);
}

static void set_weight(sv_model_version *version, int64_t weight)
{
    version->weight = weight;
    atomic_store(&version->is_watched, weight > 0);
}

static void obey_manifest(sv_model *model)
{
    const sv_manifest_weights *weights = get_weights(model);
    for (size_t i = 0; i < model->n_versions; i++)
        set_weight(model->versions[i], find_weight(weights, model->versions[i]->name));
}

static void reset_guards(const sv_model *model)
{
    sv_version_limits limits = get_limits(model);
    for (size_t i = 0; i < model->n_versions; i++)
        sv_version_guard_reset(&model->versions[i]->guard, &limits);
}

void sv_version_plan_enter(sv_model_version *version)
{
    sv_model *model = version->model;
    sv_version_limits limits = get_limits(model);
    version->seed = sv_version_choice_seed(version->name);
    sv_version_guard_init(&version->guard, &limits);
    set_weight(version, model->is_set_by_call ? 0 : find_weight(get_weights(model), version->name));
}

void sv_version_plan_leave(sv_model_version *version)
{
    sv_version_guard_deinit(&version->guard);
}

void sv_version_plan_renew(sv_model *model)
{
    model->is_set_by_call = false;
    model->default_version = (sv_str){0};
    obey_manifest(model);
    reset_guards(model);
}

/* A call's wants. */

static sv_status refuse_version(sv_str name, sv_error *error)
{
    return sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_version_not_found,
                        "Model version %.*s not found", SV_STR_ARG(name));
}

static sv_status refuse(sv_error *error, const char *text)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_validation_error, "Validation failed: %s",
                        text);
}

static bool came_before(const sv_version_wants *wants, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (sv_repository_is_same_version(wants->weights[i].version, wants->weights[index].version))
            return true;
    return false;
}

static sv_status check_weights(const sv_model *model, const sv_version_wants *wants,
                               sv_error *error)
{
    bool has_share = false;
    for (size_t i = 0; i < wants->n_weights; i++) {
        const sv_version_weight *weight = &wants->weights[i];
        if (!sv_model_set_find_version(model, weight->version))
            return refuse_version(weight->version, error);
        if (weight->weight < 0)
            return refuse(error, "weights: each has to be 0 or more");
        if (came_before(wants, i))
            return refuse(error, "weights: a version stands there twice");
        has_share |= weight->weight > 0;
    }
    return wants->n_weights && !has_share
               ? refuse(error, "weights: at least one has to be more than 0")
               : SV_OK;
}

static void take_wants(sv_model *model, const sv_version_wants *wants, sv_str default_version)
{
    model->is_set_by_call = true;
    model->default_version = default_version;
    for (size_t i = 0; i < model->n_versions; i++)
        set_weight(model->versions[i], 0);
    for (size_t i = 0; i < wants->n_weights; i++)
        set_weight(sv_model_set_find_version(model, wants->weights[i].version),
                   wants->weights[i].weight);
    reset_guards(model);
}

sv_status sv_version_plan_set(sv_model *model, const sv_version_wants *wants, sv_error *error)
{
    sv_str name = wants->default_version;
    const sv_model_version *by_default = sv_model_set_find_version(model, name);
    if (name.len && !by_default)
        return refuse_version(name, error);
    sv_status status = check_weights(model, wants, error);
    if (status)
        return status;
    if (!name.len && !wants->n_weights) {
        sv_version_plan_renew(model);
        return SV_OK;
    }
    if (name.len) { /* a copy: the version may go, and come again */
        if (by_default->name.len > sizeof model->default_version_text)
            return SV_TOO_LARGE;
        memcpy(model->default_version_text, by_default->name.ptr, by_default->name.len);
        name = (sv_str){model->default_version_text, by_default->name.len};
    }
    take_wants(model, wants, name);
    return SV_OK;
}

/* Choosing. */

bool sv_version_plan_is_weighted(const sv_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->weight > 0)
            return true;
    return false;
}

/* Answers now, or once it is loaded for this request. One that is loaded without being asked, or
 * failed, is not waited for. */
static bool can_answer(const sv_model_version *version)
{
    if (version->current)
        return true;
    if (version->is_unloaded || version->is_new || !version->model->set->loader)
        return false;
    return version->is_demanded ||
           (version->activity == SV_ACTIVITY_NONE && version->failure == SV_OK);
}

/* A lazy version that failed is loaded by nobody else: its requests go to others meanwhile. */
static void try_again(sv_model_version *version)
{
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    if (!version->failure || version->is_wanted || version->is_unloaded ||
        version->activity != SV_ACTIVITY_NONE || now < version->retry_at_ns)
        return;
    version->retry_at_ns = now + RETRY_S * SV_NS_PER_S; /* also when it finds no room */
    sv_model_set_enqueue(version);
}

sv_model_version *sv_version_plan_choose(sv_model *model, sv_str key)
{
    sv_version_share shares[SV_REPOSITORY_MAX_VERSIONS];
    sv_model_version *by_default = sv_model_set_default(model);
    size_t default_index = 0;
    if (!sv_version_plan_is_weighted(model))
        return by_default;
    for (size_t i = 0; i < model->n_versions; i++) {
        sv_model_version *version = model->versions[i];
        if (version->weight > 0 && !version->current && model->set->loader)
            try_again(version);
        shares[i] = (sv_version_share){.seed = version->seed,
                                       .weight = version->weight,
                                       .is_ready = can_answer(version),
                                       .is_tripped = sv_version_guard_is_tripped(&version->guard)};
        if (version == by_default)
            default_index = i;
    }
    model->random += UINT64_C(0x9E3779B97F4A7C15); /* the choice mixes it: splitmix64 */
    return model->versions[sv_version_choice_pick(shares, model->n_versions, default_index, key,
                                                  model->random)];
}

int64_t sv_version_plan_weight(const sv_model_version *version)
{
    return sv_version_plan_is_weighted(version->model) ? version->weight : -1;
}

bool sv_version_plan_gave_way(const sv_model_version *version)
{
    return sv_version_guard_is_tripped(&version->guard) &&
           version != sv_model_set_default(version->model);
}

void sv_version_plan_give_back(sv_model_version *version)
{
    sv_model_set *set = version->model->set;
    sv_buf reason;
    pthread_mutex_lock(&set->lock);
    bool gave_way = sv_version_plan_gave_way(version);
    pthread_mutex_unlock(&set->lock);
    if (!gave_way) { /* the default one: it has nobody to give its share to */
        sv_version_guard_reset(&version->guard, NULL);
        return;
    }
    sv_buf_init(&reason, 256);
    sv_version_guard_describe(&version->guard, &reason);
    if (set->hooks.gave_share_back)
        set->hooks.gave_share_back(set->hooks.arg, version, sv_buf_str(&reason));
    sv_buf_deinit(&reason);
}
