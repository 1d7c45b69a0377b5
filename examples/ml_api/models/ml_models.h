/* ml_models.h: the models, and when they are loaded: both versions of the classifier at start (the
 * guide's lifespan and ModelRegistry), the embedder and the language model when they are first
 * asked for (its ModelManager). */
#ifndef ML_MODELS_H
#define ML_MODELS_H

#include <serval/serval.h>

enum { ML_MODELS_VERSIONS = 2 };

struct classifier {
    const char *version; /* "v1" */
    sv_loaded_model model;
};

struct ml_models {
    sv_models *folder; /* NULL: there is none, and nothing is loaded */
    struct classifier classifiers[ML_MODELS_VERSIONS];
    const struct classifier *standard; /* the version that is used unless another is asked for */
};

/* ml_models_of(call) */
SV_STATE_DECLARE(ml_models, struct ml_models);

/* The classifier of a version; empty: the standard one. NULL: the call has failed. */
const struct classifier *ml_models_classifier(sv_call *call, sv_str version);
/* The embedder; the first call loads it, others wait meanwhile. */
sv_status ml_models_embedder(sv_call *call, sv_loaded_model *ret_embedder);
/* The language model, in the same way; `error` tells why not. */
sv_status ml_models_llm(sv_call *call, sv_error *error, sv_loaded_model *ret_llm);

#endif
