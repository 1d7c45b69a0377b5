/* registry.h: names -> models -> versions: what is there, in which state, and which one answers.
 *
 * DESIGN. A model or version is an object that lives as long as somebody holds it; what it answers
 * with is an *instance* (instance.h) that is put into it and taken out of it under the registry's
 * lock. A request acquires the instance, in one step with the choice of the version, and gives it
 * back at its end: so a version that is unloaded, evicted or replaced goes when its last request is
 * through, and nobody waits for it. Who puts instances in: loader.h. What changes on disk:
 * reload.h. */
#ifndef SERVAL_MODEL_REGISTRY_H
#define SERVAL_MODEL_REGISTRY_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/model_set.h"
#include "model/version_plan.h"

typedef struct sv_registry sv_registry;

typedef struct sv_registry_config {
    const sv_repository *repository;
    const sv_strs *sets;       /* --set MODEL.KEY=VALUE; may be NULL; outlives the registry */
    const char *labels_file;   /* --labels, needs exactly one model; NULL */
    const char *default_model; /* NULL or "": by rule */
    sv_engine_host *engines;
    int64_t engine_threads;     /* per session unless the manifest says */
    int64_t generation_threads; /* the same, of language models; 0: as many */
    size_t max_batch_rows;      /* ceiling of every manifest's batching.max_size; 0: none */
    size_t n_scratches;         /* how many pictures are worked on at once */
    sv_image_limits image_limits;
    sv_model_set_hooks hooks;
} sv_registry_config;

/* Reads the manifests; loads nothing. SV_INVALID: each mistake is a line of `problems`. */
sv_status sv_registry_new(const sv_registry_config *config, sv_buf *problems,
                          sv_registry **ret_registry) SV_MUST_USE;
/* Unloads everything; nobody may be using it, no loader may run. NULL is fine. */
void sv_registry_free(sv_registry *registry);

/* Acquiring. Any thread. */

/* What a request asks for. */
typedef struct sv_wish {
    sv_str model;       /* empty: the default one of `task` */
    sv_model_task task; /* with an empty model; UNSET: the server's default model */
    sv_str version;     /* empty: one is chosen (version_plan.h); "2" and "v2" are the same */
    sv_arena *arena;    /* of `available` */
    /* Whose request it is, for a choice by weight; empty: nobody's. Asked with the set's lock held,
     * so it may only look; not at all for a model without weights or without `versions.sticky`.
     * NULL: each request by itself. */
    sv_str (*get_key)(void *key_arg, const struct manifest_sticky *sticky);
    void *key_arg;
    bool has_waited; /* for a load: when that failed it is told, and not tried again */
} sv_wish;

typedef struct sv_acquired {
    sv_model *model;           /* held with the version */
    sv_model_version *version; /* held by the instance, or, without one, for the caller */
    sv_instance *instance;     /* held for the caller; NULL: see the status */
    sv_strs available;         /* names of versions, when there is no such one */
} sv_acquired;

/* SV_OK: the instance is the caller's to release. SV_DEFERRED: it has to be loaded first, and that
 * is asked for: wait (loader.h), come again, and call sv_registry_end_wait. SV_UNAVAILABLE: it
 * cannot answer: not loaded, unloaded on purpose, or it failed (kind sv_kind_model_not_loaded, or
 * sv_kind_insufficient_memory). SV_NOT_FOUND: there is no such model (sv_kind_model_not_found) or
 * version (sv_kind_model_version_not_found). SV_NO_MEMORY. */
sv_status sv_registry_acquire(sv_registry *registry, const sv_wish *wish, sv_error *error,
                              sv_acquired *ret_acquired) SV_MUST_USE;
/* Lets go of a version that was to be waited for: up to then it does not give way to others, so
 * that who waited has it when it comes again. NULL is fine. */
void sv_registry_end_wait(sv_model_version *version);
/* The version of this name, held for the caller, who has the model held; NULL: there is none. */
sv_model_version *sv_registry_hold_version(sv_model *model, sv_str name);
/* The instance that answers for a version, held; NULL: none does. Loads nothing and counts as no
 * use. */
sv_instance *sv_registry_peek(sv_model_version *version);
/* Any thread, any state; NULL is fine. Never blocks: the loader frees it. */
void sv_registry_release(sv_instance *instance);
/* Tells how a run of the engine ended. After some failures in a row the version is loaded anew:
 * what its session holds may be spoilt. */
void sv_registry_report_run(sv_instance *instance, bool has_failed);
/* Tells how a request ended that a version answered: `has_failed` when that was the server's fault.
 * A version with a weight, but the default one, gives its share back when too many failed or were
 * slow (version_guard.h); it gets it again when it is loaded by a call, has new files, or by
 * sv_registry_set_versions. */
void sv_registry_report_answer(sv_model_version *version, bool has_failed, int64_t latency_ns);

/* Which versions answer requests that name none, from now on: version_plan.h, with its errors and
 * SV_NOT_FOUND of kind sv_kind_model_not_found. */
sv_status sv_registry_set_versions(sv_registry *registry, sv_str name,
                                   const sv_version_wants *wants, sv_error *error) SV_MUST_USE;

/* The name of the model that answers for a task when none is named: the setting's when it has this
 * task, else the one that has the task's usual name (classifier, embedder), else the first by name;
 * empty when there is none. A model that was not loaded yet and whose manifest does not say may
 * have any task, unless it failed. UNSET: the server's, of pictures when there is one, else of any
 * task. In the arena. */
sv_str sv_registry_default_name(sv_registry *registry, sv_model_task task, sv_arena *arena);
/* Models, versions and states, for loader.h and whoever tells of them (model_status.h). */
sv_model_set *sv_registry_set(sv_registry *registry);
const sv_registry_config *sv_registry_get_config(const sv_registry *registry);
const sv_instance_config *sv_registry_instance_config(const sv_registry *registry);

/* For programs without a loader, and tests: the model and version of these names, NULL when there
 * are none. They live until the registry is freed or its files are looked at again. */
sv_model *sv_registry_find(sv_registry *registry, sv_str name);
sv_model_version *sv_registry_find_version(sv_model *model, sv_str name);
sv_version_state sv_registry_state(sv_model_version *version);

#endif
