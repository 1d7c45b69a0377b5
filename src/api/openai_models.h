/* openai_models.h: models as /v1 names and lists them: "name", or "name:version". */
#ifndef SERVAL_API_OPENAI_MODELS_H
#define SERVAL_API_OPENAI_MODELS_H

#include "model/registry.h"
#include "web/call.h"

/* Fills model and version of `wish` by an id; an empty one is left to its task's default. Whether
 * there is such a model, whoever acquires it is told. SV_NO_MEMORY. */
sv_status sv_openai_models_wish(sv_call *call, sv_str id, sv_wish *wish) SV_MUST_USE;
/* After sv_model_work_start has failed: `model` is to blame for a model that is not there. Returns
 * SV_FAILED, or `status`. */
sv_status sv_openai_models_blame(sv_call *call, sv_status status);

/* Answers with the list, or with the one that the rest of the path names. They read the disk. */
sv_status sv_openai_models_list(sv_call *call) SV_MUST_USE;
sv_status sv_openai_models_get(sv_call *call) SV_MUST_USE;

#endif
