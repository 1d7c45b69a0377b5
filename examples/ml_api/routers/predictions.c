#include "routers/predictions.h"

#include "errors.h"
#include "services/inference.h"
#include "services/jobs.h"

SV_HANDLER_PARAMS(predict, version_query, prediction_request, prediction_response);
static sv_status predict(sv_call *call, const struct version_query *query,
                         const struct prediction_request *in, struct prediction_response *out)
{
    sv_error error = {0};
    const struct classifier *classifier = ml_models_classifier(call, query->model_version.value);
    if (!classifier)
        return SV_FAILED;
    sv_status status = classify_image(call, classifier, in->image_url, &error, out);
    return status ? sv_fail_with(call, status, &error) : SV_OK;
}

SV_HANDLER(predict_async, prediction_request, job_accepted);
static sv_status predict_async(sv_call *call, const struct prediction_request *in,
                               struct job_accepted *out)
{
    sv_status status = jobs_submit(call, in->image_url, &out->job_id);
    if (status)
        return status;
    out->status_url = sv_format(call, "/api/v1/jobs/%.*s", SV_STR_ARG(out->job_id));
    return sv_set_header(call, "Location", out->status_url);
}

SV_HANDLER_PARAMS(get_job_status, job_path, sv_none, job_status);
static sv_status get_job_status(sv_call *call, const struct job_path *path,
                                const struct sv_none *in, struct job_status *out)
{
    (void)in;
    return jobs_read(call, path->job_id, out);
}

SV_HANDLER_PARAMS(get_model, model_path, sv_none, model_info);
static sv_status get_model(sv_call *call, const struct model_path *path, const struct sv_none *in,
                           struct model_info *out)
{
    const struct ml_models *models = ml_models_of(call);
    (void)in;
    if (!sv_str_eq(path->name, SV_STR("classifier")) || !models->standard)
        return sv_fail(call, &model_not_loaded_error, "Model %.*s is not loaded",
                       SV_STR_ARG(path->name));
    out->name = path->name;
    out->default_version = sv_str_from(models->standard->version);
    for (int i = 0; i < ML_MODELS_VERSIONS; i++) {
        sv_str *version = sv_list_push(call, &out->versions);
        if (!version)
            return SV_NO_MEMORY;
        *version = sv_str_from(models->classifiers[i].version);
    }
    return SV_OK;
}

static const sv_error_kind *const predict_errors[] = {
    &invalid_input_error, &version_not_found_error, &model_not_loaded_error, NULL};
static const sv_error_kind *const async_errors[] = {&too_many_jobs_error, NULL};
static const sv_error_kind *const job_errors[] = {&job_not_found_error, NULL};
static const sv_error_kind *const model_errors[] = {&model_not_loaded_error, NULL};

static const sv_operation operations[] = {
    {"POST", "/predict", &predict_handler, .errors = predict_errors},
    {"POST", "/predict/limited", &predict_handler, .summary = "Predict, ten times a minute",
     .errors = predict_errors, .rate_limit = "10/minute"},
    {"POST", "/predict/async", &predict_async_handler, .status = 202, .errors = async_errors,
     .max_body_bytes = JOBS_MAX_REQUEST},
    {"GET", "/jobs/{job_id}", &get_job_status_handler, .errors = job_errors},
    {"GET", "/models/{name}", &get_model_handler, .errors = model_errors},
    {0},
};

const sv_api_router predictions_router = {
    .prefix = "/api/v1",
    .tags = "predictions",
    .operations = operations,
};
