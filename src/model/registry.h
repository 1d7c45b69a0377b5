/* registry.h: names -> models -> versions: what is there, in which state, and which one answers.
 *
 * The set of models and versions is fixed once made; states change while versions are loaded.
 * Everything else is const after sv_registry_new and may be read by any thread. */
#ifndef SERVAL_MODEL_REGISTRY_H
#define SERVAL_MODEL_REGISTRY_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/engine.h"
#include "model/manifest.h"
#include "model/repository.h"
#include "model/scheduler.h"
#include "model/task_image.h"
#include "model/task_tabular.h"
#include "model/task_text.h"
#include "model/version_stats.h"

typedef enum sv_version_state {
    SV_VERSION_ABSENT,
    SV_VERSION_LOADING,
    SV_VERSION_READY,
    SV_VERSION_FAILED,
} sv_version_state;

typedef struct sv_model_version {
    const sv_version_source *source;
    sv_str name;
    /* Written before the state becomes ready or failed. */
    sv_engine_model *loaded;
    sv_model_task task;
    sv_image_task image;        /* for image classification */
    sv_tabular_task tabular;    /* for tables */
    sv_text_task text;          /* for text embedding and text classification */
    const char *tokenizer_file; /* that was used; NULL */
    const char *labels_file;    /* that was used; NULL */
    int64_t load_ns;
    char reason[480]; /* why it failed; else why the task was guessed and what warming up said, by
                         line */
    sv_lane lane;     /* the scheduler's */
    sv_version_stats stats; /* what it did */
    void *series;           /* metrics of this version; the owner's of the registry */
    _Atomic int state;      /* sv_version_state */
} sv_model_version;

typedef struct sv_model {
    sv_str name;
    const sv_model_source *source;
    const struct manifest *manifest;
    const sv_engine *engine;
    sv_model_version *versions;
    size_t n_versions, default_version; /* index */
    const char *labels_file;            /* of the command line; NULL: look for one */
    _Atomic int task; /* sv_model_task: the manifest's, or that of the version loaded last */
} sv_model;

typedef struct sv_registry sv_registry;

typedef struct sv_registry_config {
    const sv_repository *repository;
    const sv_strs *sets;       /* --set MODEL.KEY=VALUE; may be NULL */
    const char *labels_file;   /* --labels, needs exactly one model; NULL */
    const char *default_model; /* NULL or "": by rule */
    sv_engine_host *engines;
    int64_t engine_threads; /* per session unless the manifest says */
    size_t n_scratches;     /* how many pictures are worked on at once */
    sv_image_limits image_limits;
} sv_registry_config;

/* Reads the manifests; loads nothing. SV_INVALID: each mistake is a line of `problems`. */
sv_status sv_registry_new(const sv_registry_config *config, sv_buf *problems,
                          sv_registry **ret_registry) SV_MUST_USE;
/* Unloads everything; nobody may be using a version. NULL is fine. */
void sv_registry_free(sv_registry *registry);

/* Loads a version and runs it once on a made-up input; on the calling thread. A failure is kept in
 * the version (state, reason) and returned. One caller at a time. */
sv_status sv_registry_load_version(sv_registry *registry, sv_model *model,
                                   sv_model_version *version, sv_error *error);

sv_model *sv_registry_models(const sv_registry *registry, size_t *ret_count);
/* By name, or the default one of image classification for an empty name; NULL when there is none.
 */
sv_model *sv_registry_find(const sv_registry *registry, sv_str name);
/* The default model of a task: the setting's when it has this task, else the one that has the
 * task's usual name (classifier, embedder), else the first by name; NULL when there is none. A
 * model that was not loaded yet and whose manifest does not say may have any task. */
sv_model *sv_registry_find_default(const sv_registry *registry, sv_model_task task);
/* By name ("2" and "v2" are the same), or the default for an empty name; NULL when there is none.
 */
sv_model_version *sv_registry_find_version(const sv_model *model, sv_str name);
sv_version_state sv_registry_state(const sv_model_version *version);
const char *sv_registry_state_name(sv_version_state state);

#endif
