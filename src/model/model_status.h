/* model_status.h: models and versions, told: copies of what they are at one moment. Any thread. */
#ifndef SERVAL_MODEL_MODEL_STATUS_H
#define SERVAL_MODEL_MODEL_STATUS_H

#include "model/registry.h"

typedef struct sv_version_status {
    sv_str name;
    sv_version_state state;
    sv_str reason;         /* why it failed, or why loading it anew did, or why it gave its share of
                              the requests back; empty: nothing to tell */
    uint64_t memory_bytes; /* 0: not loaded */
    sv_opt_int weight; /* its part of the requests that name no version; unset: there are none */
    bool is_default;
    bool is_on_demand;         /* absent, and a request loads it */
    bool is_unloaded;          /* on purpose: no request loads it */
    sv_status failure;         /* of the last load; SV_OK: none, or it went well */
    sv_model_version *version; /* lives as long as the arena */
} sv_version_status;

typedef struct sv_model_status {
    sv_str name;
    sv_model_task task;
    const char *engine;
    sv_version_status *versions; /* by number, then by name */
    size_t n_versions, default_version;
    sv_model *model; /* lives as long as the arena */
} sv_model_status;

typedef struct sv_model_statuses {
    sv_model_status *items; /* by name */
    size_t len;
} sv_model_statuses;

sv_status sv_model_status_list(sv_registry *registry, sv_arena *arena,
                               sv_model_statuses *ret_list) SV_MUST_USE;
/* One model; SV_NOT_FOUND. One of which no version is left is not told, here and above. */
sv_status sv_model_status_find(sv_registry *registry, sv_str name, sv_arena *arena,
                               sv_model_status *ret_status) SV_MUST_USE;
/* Whether the default version answers, at once or once it is loaded for the first request. */
bool sv_model_status_can_answer(const sv_model_status *status);
/* Whether it answers with what the files say now, and does so without a failure since; reads the
 * disk. */
bool sv_model_status_is_latest(const sv_version_status *status);
/* When its model file was written last, in seconds since 1970; 0: it is gone. Reads the disk. */
int64_t sv_model_status_file_time(const sv_version_status *status);
/* "ready"; static. */
const char *sv_model_status_state_name(sv_version_state state);

#endif
