/* empty_run.h: a run on no rows, answered without the engine: some of its operators end the process
 * over tensors without elements (they divide by a length). Pure. */
#ifndef SERVAL_ENGINE_EMPTY_RUN_H
#define SERVAL_ENGINE_EMPTY_RUN_H

#include "engine/engine.h"

/* Whether an input has no rows (its first axis is 0), or none has any element. An input that is
 * empty otherwise, as a cache at its beginning, is the engine's affair. */
bool sv_empty_run_applies(const sv_engine_info *info, const sv_engine_job *job);
/* Outputs without rows, of the shapes that the model's axes promise. SV_INVALID, kind
 * sv_kind_invalid_input: what would come out cannot be told, or has elements; SV_NO_MEMORY. */
sv_status sv_empty_run_make(const sv_engine_info *info, const sv_engine_job *job, sv_error *error,
                            sv_engine_result *result) SV_MUST_USE;

#endif
