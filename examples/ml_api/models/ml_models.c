#include "models/ml_models.h"

#include <stdio.h>

#include "config.h"
#include "errors.h"

SV_STATE_DEFINE(ml_models, struct ml_models, load, unload);

static sv_status load_classifiers(struct ml_models *models, sv_error *error)
{
    static const char *const versions[ML_MODELS_VERSIONS] = {"v1", "v2"};
    sv_status status = SV_OK;
    for (int i = 0; i < ML_MODELS_VERSIONS && !status; i++) {
        struct classifier *classifier = &models->classifiers[i];
        classifier->version = versions[i];
        status = sv_models_load(models->folder, "digits", versions[i], error, &classifier->model);
        models->standard = classifier;
    }
    return status;
}

/* At start. Without models, or their engine, the service runs and says that it is not ready; a
 * model that is there but broken stops the start. */
static sv_status load(sv_application *application, struct ml_models *ret_models, sv_error *error)
{
    const struct config *config = config_in(application);
    sv_models_options options = {.max_running = (size_t)config->workers};
    char path[4096];
    snprintf(path, sizeof path, "%.*s", SV_STR_ARG(config->model_path));
    sv_status status = sv_models_open(path, &options, error, &ret_models->folder);
    if (!status)
        status = load_classifiers(ret_models, error);
    if (!status)
        return SV_OK;
    unload(ret_models);
    if (status != SV_NOT_FOUND && status != SV_UNAVAILABLE)
        return status;
    fprintf(stderr, "no model is loaded from %s: %s\n", path, error->message);
    return SV_OK;
}

static void unload(struct ml_models *models)
{
    sv_models_close(models->folder);
    *models = (struct ml_models){0};
}

static sv_status fail_not_loaded(sv_call *call, const char *name)
{
    return sv_fail(call, &model_not_loaded_error, "Model %s is not loaded", name);
}

const struct classifier *ml_models_classifier(sv_call *call, sv_str version)
{
    const struct ml_models *models = ml_models_of(call);
    if (!models->standard) {
        fail_not_loaded(call, "classifier");
        return NULL;
    }
    if (!version.len)
        return models->standard;
    for (int i = 0; i < ML_MODELS_VERSIONS; i++)
        if (sv_str_eq(version, sv_str_from(models->classifiers[i].version)))
            return &models->classifiers[i];
    sv_fail(call, &version_not_found_error, "Model version %.*s not found", SV_STR_ARG(version));
    sv_fail_member(call, "available", "[\"v1\",\"v2\"]");
    return NULL;
}

sv_status ml_models_embedder(sv_call *call, sv_loaded_model *ret_embedder)
{
    sv_models *folder = ml_models_of(call)->folder;
    sv_error error = {0};
    if (!folder || sv_models_load(folder, "embedder", NULL, &error, ret_embedder))
        return fail_not_loaded(call, "embedder");
    return SV_OK;
}

sv_status ml_models_llm(sv_call *call, sv_error *error, sv_loaded_model *ret_llm)
{
    sv_models *folder = ml_models_of(call)->folder;
    if (!folder || sv_models_load(folder, "chat", NULL, error, ret_llm))
        return sv_error_set(error, SV_UNAVAILABLE, &model_not_loaded_error,
                            "Model chat is not loaded");
    return SV_OK;
}
