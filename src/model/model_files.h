/* model_files.h: what the disk says about one model at one moment: its folder, its versions, its
 * manifest. Const once read; shared by everybody who works from it, freed with the last holder. */
#ifndef SERVAL_MODEL_MODEL_FILES_H
#define SERVAL_MODEL_MODEL_FILES_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "model/manifest.h"
#include "model/repository.h"

typedef struct sv_model_files {
    sv_arena *arena; /* of everything below */
    sv_model_source source;
    const struct manifest *manifest;
    uint64_t manifest_stamp; /* of its file when it was read; 0: there was none */
    atomic_uint holders;
} sv_model_files;

/* Copies `source` and reads its manifest with the overrides of `sets` (may be NULL). Versions that
 * the manifest does not serve are left out. Mistakes are
 * lines of `problems`. The caller is the first holder. SV_INVALID, SV_IO, SV_NO_MEMORY. */
sv_status sv_model_files_read(const sv_model_source *source, const sv_strs *sets, sv_buf *problems,
                              sv_model_files **ret_files) SV_MUST_USE;
/* Any thread that is sure of a holder. */
sv_model_files *sv_model_files_hold(sv_model_files *files);
/* Any thread; NULL is fine. */
void sv_model_files_release(sv_model_files *files);

/* The version of this name ("v2" and "2" are the same); NULL when there is none. */
const sv_version_source *sv_model_files_find(const sv_model_files *files, sv_str version);

/* Whether the manifest has this version of `source` served. */
bool sv_model_files_serves(const struct manifest *manifest, const sv_model_source *source,
                           size_t index);
bool sv_model_files_has_new_manifest(const sv_model_files *files, const sv_model_source *source);
/* A hash of names, sizes and times of all that belongs to a version: the files of its folder, or
 * its file alone where other things lie beside it, and the model's manifest. Another value:
 * something was changed. 0: the model file cannot be found. */
uint64_t sv_model_files_stamp(const sv_model_source *source, const sv_version_source *version);

#endif
