/* oip_models.h: models in the words of the Open Inference Protocol: which one a path means, and
 * what is said of it. */
#ifndef SERVAL_API_OIP_MODELS_H
#define SERVAL_API_OIP_MODELS_H

#include "base/writer.h"
#include "model/model_status.h"
#include "web/call.h"

typedef struct sv_oip_version {
    sv_model_status model;
    const sv_version_status *version; /* the default one when the path names none */
    bool is_named;                    /* the path names it */
    sv_instance *instance;            /* for what a loaded one says; held by the caller */
} sv_oip_version;

/* The model and version that the call's path means; they need not be loaded. SV_FAILED, told to the
 * call: 404. */
sv_status sv_oip_models_find(sv_call *call, sv_oip_version *ret_version) SV_MUST_USE;
/* 503: it does not answer. */
sv_status sv_oip_models_refuse(sv_call *call, const sv_oip_version *found);
/* "READY"; NULL for a version that nobody asked for yet. Static. */
const char *sv_oip_models_state_name(const sv_version_status *version);

/* What they say; the version is loaded. */
void sv_oip_models_write_metadata(const sv_oip_version *found, sv_writer *writer);
void sv_oip_models_write_config(const sv_oip_version *found, sv_writer *writer);
/* One member of `model_stats`, in any state. */
void sv_oip_models_write_stats(const sv_model_status *model, const sv_version_status *version,
                               sv_writer *writer);
/* One entry of the repository's index, in any state. */
void sv_oip_models_write_entry(const sv_model_status *model, const sv_version_status *version,
                               sv_writer *writer);

#endif
