/* version_plan.h: which version of a model answers a request that names none: one by its weight
 * where weights are in force, else the default one.
 *
 * Weights and default are the manifest's until a call sets them (sv_registry_set_versions). What a
 * call said holds, also when files of versions change, until the manifest's file does, or the
 * process ends. A version that the manifest or the call does not list has the weight 0.
 *
 * With the set's lock held, but for the last. */
#ifndef SERVAL_MODEL_VERSION_PLAN_H
#define SERVAL_MODEL_VERSION_PLAN_H

#include "model/model_set.h"

/* What a call wants for a model. */
typedef struct sv_version_weight {
    sv_str version; /* "2" and "v2" are the same */
    int64_t weight; /* >= 0 */
} sv_version_weight;

typedef struct sv_version_wants {
    sv_str default_version; /* empty: as the manifest says, or by rule */
    /* None: the default version answers all. At most SV_REPOSITORY_MAX_VERSIONS, each once, not all
     * 0. */
    const sv_version_weight *weights;
    size_t n_weights;
} sv_version_wants;

/* A version that was just made, and one that goes. */
void sv_version_plan_enter(sv_model_version *version);
void sv_version_plan_leave(sv_model_version *version);
/* Weights, default and limits as the model's manifest says, whatever a call said. */
void sv_version_plan_renew(sv_model *model);

/* Nothing changes when it is refused: SV_NOT_FOUND, kind sv_kind_model_version_not_found;
 * SV_INVALID, kind sv_kind_validation_error: a weight below 0, none above, or a version twice. A
 * call that wants nothing gives the model back to its manifest. Versions that gave their share back
 * get it again. */
sv_status sv_version_plan_set(sv_model *model, const sv_version_wants *wants,
                              sv_error *error) SV_MUST_USE;

/* Whether weights decide. */
bool sv_version_plan_is_weighted(const sv_model *model);
/* The version for a request that names none, of a model with at least one; `key`: whose request it
 * is, empty: nobody's. */
sv_model_version *sv_version_plan_choose(sv_model *model, sv_str key);
/* The weight where weights decide, else -1. */
int64_t sv_version_plan_weight(const sv_model_version *version);
/* Whether its share goes to the default version: too many of its requests failed, or were slow. */
bool sv_version_plan_gave_way(const sv_model_version *version);
/* The version has tripped its guard: tells so (`gave_share_back`); one that was the default starts
 * anew. Without the lock, which it takes. */
void sv_version_plan_give_back(sv_model_version *version);

#endif
