/* repository.h: model files on disk -> which models and versions there are. Reads folders, loads
 * nothing.
 *
 * A file is a model named after its stem, version "1". A folder with version subfolders
 * (NAME/VERSION/model.onnx), or with a model file of its own, is a model named after the folder.
 * A folder with a model.yaml and no model file at all is a relay: another server has the model. Any
 * other folder is a repository of models. */
#ifndef SERVAL_MODEL_REPOSITORY_H
#define SERVAL_MODEL_REPOSITORY_H

#include <stddef.h>

#include <serval/status.h>

#include "base/arena.h"

enum { SV_REPOSITORY_MAX_MODELS = 256, SV_REPOSITORY_MAX_VERSIONS = 64 };

typedef struct sv_version_source {
    sv_str name;      /* the folder's: "1", "v2", "beta" */
    const char *file; /* the model file; of a relay, which has none, its manifest */
    const char *dir;  /* where the file is */
} sv_version_source;

typedef struct sv_model_source {
    sv_str name;
    const char *dir;             /* the model's folder, or where its file is */
    const char *manifest;        /* DIR/model.yaml, or NULL when there is none */
    sv_version_source *versions; /* by number, then by name */
    size_t n_versions;
} sv_model_source;

typedef struct sv_repository {
    sv_model_source *models; /* by name */
    size_t n_models;
} sv_repository;

/* Looks at `paths`; everything found lives in `arena`. SV_NOT_FOUND: a path does not exist;
 * SV_UNSUPPORTED: a file of a framework that has to be exported first (the message has the line
 * that does it) or of no known kind; SV_INVALID: two models of one
 * name, a folder without models; SV_TOO_LARGE. `error` names the path. */
sv_status sv_repository_scan(sv_arena *arena, const char *const *paths, size_t n_paths,
                             sv_error *error, sv_repository *ret_repository) SV_MUST_USE;

/* Whether it has no model file, only a manifest. */
bool sv_repository_is_relay(const sv_version_source *version);
/* "v2" and "2" are the same version. */
bool sv_repository_is_same_version(sv_str a, sv_str b);
/* Whether it is a number, with or without a v. */
bool sv_repository_is_numbered(sv_str version);
/* Order of versions: numbers by value, before names by letters; < 0, 0, > 0. */
int sv_repository_compare_versions(sv_str a, sv_str b);
/* The first of DIR/NAME in the version's folder, the model's, its parent; NULL when there is none.
 * In the arena. */
const char *sv_repository_find_file(sv_arena *arena, const sv_model_source *model,
                                    const sv_version_source *version, const char *name);

#endif
