/* model_change.h: calls that change models: who may make them, and loading and unloading on behalf
 * of a call, which holds no thread while it waits.
 *
 * An endpoint embeds the struct in the call's arena, checks with _check, and starts:
 *
 *     change->call = call; change->loads = true; change->end = end_load;
 *     return sv_model_change_start(change, model, version); */
#ifndef SERVAL_API_MODEL_CHANGE_H
#define SERVAL_API_MODEL_CHANGE_H

#include "model/loader.h"
#include "model/model_status.h"
#include "web/call.h"

typedef enum sv_change_body {
    SV_CHANGE_BODY_JSON, /* its type is a JSON type, or there is no body and none is named */
    SV_CHANGE_BODY_ANY,  /* clients of the Open Inference Protocol name any type, or none */
} sv_change_body;

/* Refuses what a page of another site can have a browser send without asking first: the types of
 * forms, and no type at all from a browser (which names an Origin or Sec-Fetch-Site then): 415.
 * 403 where changing calls are not open: without keys that is on every address but a loopback one.
 * SV_FAILED, told to the call. */
sv_status sv_model_change_check(sv_call *call, sv_change_body body) SV_MUST_USE;

typedef struct sv_model_change {
    sv_call *call;
    bool loads; /* else it unloads */
    /* With `model` as it is afterwards, and the first version that could not be loaded or is not
     * there any more (NULL: none): answers. Its status ends the call. */
    sv_status (*end)(struct sv_model_change *change, const sv_version_status *failed);

    sv_model_status model;
    /* Of model_change.c. */
    sv_version_status version; /* the one that is meant; `name` is empty: all of the model */
    sv_load_ticket ticket;
} sv_model_change;

/* Loads or unloads `version` of `model` (NULL: all its versions), waits for it within the call's
 * deadline, and calls `end`. What is loaded and unchanged on disk is not loaded anew. The status is
 * the handler's to return. Not on a loop: it reads the disk. */
sv_status sv_model_change_start(sv_model_change *change, const sv_model_status *model,
                                const sv_version_status *version) SV_MUST_USE;

/* How it is told that a version could not be loaded: by its failure. */
const sv_error_kind *sv_model_change_kind(const sv_version_status *failed);
/* The version of this name ("2" and "v2" are the same); NULL: there is none. */
const sv_version_status *sv_model_change_find(const sv_model_status *model, sv_str name);

#endif
