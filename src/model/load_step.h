/* load_step.h: one load from beginning to end: room in the memory budget, files -> instance, warmed
 * up, put in. On the loader's thread, or of a program without one on whatever thread, one at a
 * time. */
#ifndef SERVAL_MODEL_LOAD_STEP_H
#define SERVAL_MODEL_LOAD_STEP_H

#include "model/registry.h"
#include "observe/log.h"

typedef struct sv_load_step {
    sv_registry *registry;
    sv_log *log;            /* NULL: none */
    uint64_t memory_budget; /* bytes of all instances together; 0: none */
} sv_load_step;

/* Loads a version that the caller holds, beside what answers already, and puts it in; blocks. A
 * failure is kept in the version, for a retry and for whoever asks, and returned. */
sv_status sv_load_step_run(const sv_load_step *step, sv_model_version *version,
                           sv_error *error) SV_MUST_USE;

#endif
