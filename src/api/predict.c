/* predict.c: POST /api/v1/predict: classifies a picture by the default model, or by one that is
 * named. How the picture is had: picture_work.c. */
#include "api/predict.h"

#include "api/picture_work.h"
#include "json/decode.h"

enum { MAX_IMAGE_URL = 10 * 1024 * 1024 };

struct prediction_request {
    sv_str image_url;
};
struct prediction_query {
    sv_opt_str model_version, model;
    sv_opt_int top_k;
};
struct prediction_response {
    sv_predictions predictions;
    sv_str model_version;
    double inference_time_ms;
};

SV_SCHEMA_WITH(prediction_request, (.component = "PredictionRequest"),
               SV_FIELD(prediction_request, image_url, .min_len = 1, .max_len = MAX_IMAGE_URL,
                        .help = "URL of image to classify: http, https or data",
                        .example_json = "\"https://example.com/cat.jpg\""));
SV_SCHEMA(
    prediction_query,
    SV_FIELD(prediction_query, model_version, .optional = true,
             .help = "Version to use; \"2\" and \"v2\" are the same. Absent or empty: the default"),
    SV_FIELD(prediction_query, top_k, .optional = true, SV_GE(1), SV_LE(1000),
             .help = "How many predictions at most"),
    SV_FIELD(prediction_query, model, .optional = true,
             .help = "Model to use. Absent or empty: the default"));
SV_SCHEMA_WITH(prediction, (.component = "Prediction"), SV_FIELD(prediction, label),
               SV_FIELD(prediction, confidence, SV_GE(0), SV_LE(1)));
SV_SCHEMA_WITH(prediction_response, (.component = "PredictionResponse"),
               SV_FIELD_LIST(prediction_response, predictions, prediction),
               SV_FIELD(prediction_response, model_version),
               SV_FIELD(prediction_response, inference_time_ms));

SV_HANDLER_PARAMS(predict, prediction_query, prediction_request, prediction_response);

static sv_status answer(sv_picture_work *job, const sv_predictions *predictions)
{
    struct prediction_response *out = job->work.call->out;
    out->predictions = *predictions;
    out->model_version = job->work.version->name;
    out->inference_time_ms = sv_model_work_elapsed_ms(&job->work);
    return SV_OK;
}

/* One call under way, in its arena. */
typedef struct predict_job {
    sv_picture_work picture;
    const sv_str *address; /* NULL: the picture is the body, or in a form */
} predict_job;

static sv_status begin(sv_model_work *work)
{
    predict_job *job = SV_CONTAINER_OF(work, predict_job, picture.work);
    if (work->instance->task == SV_TASK_IMAGE_CLASSIFICATION)
        return sv_picture_work_begin(&job->picture, job->address);
    return sv_fail(work->call, &sv_kind_invalid_input,
                   "Model %.*s does not classify pictures: its task is %s",
                   SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
}

static sv_str value_of(const sv_opt_str *text)
{
    return text->set ? text->value : (sv_str){0};
}

static sv_status predict(sv_call *call, const struct prediction_query *query,
                         const struct prediction_request *in, struct prediction_response *out)
{
    (void)out; /* `answer` fills it */
    predict_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->picture = (sv_picture_work){.work = {.call = call, .begin = begin},
                                     .top_k = query->top_k.set ? query->top_k.value : 0,
                                     .answer = answer};
    job->address = in ? &in->image_url : NULL;
    return sv_model_work_start(
        &job->picture.work,
        &(sv_wish){.model = value_of(&query->model), .version = value_of(&query->model_version)});
}

sv_status sv_predict_read_address(sv_arena *arena, const sv_value *body, sv_errors *errors,
                                  sv_str *ret_address)
{
    const sv_plan *plan;
    void *request;
    sv_buf mistakes; /* the schema was checked at start */
    sv_buf_init(&mistakes, 1024);
    sv_status status =
        sv_plan_new(arena, &prediction_request_schema, SV_FIELD_BODY, &mistakes, &plan);
    sv_buf_deinit(&mistakes);
    if (!status)
        status = sv_decode_body(arena, plan, body, errors, &request);
    if (!status)
        *ret_address = ((const struct prediction_request *)request)->image_url;
    return status;
}

static const sv_error_kind *const predict_errors[] = {&sv_kind_invalid_input,
                                                      &sv_kind_model_not_found,
                                                      &sv_kind_inference_failed,
                                                      &sv_kind_model_version_not_found,
                                                      &sv_kind_model_not_loaded,
                                                      &sv_kind_invalid_model_output,
                                                      NULL};

const sv_operation *sv_predict_operations(void)
{
    static const sv_operation operations[] = {
        {"POST", "/api/v1/predict", &predict_handler, .tags = "predictions",
         .description =
             "Classifies a picture: `{\"image_url\": …}` as JSON (http, https or data), or "
             "the picture's bytes (JPEG, PNG, WebP) with an `image/…` or "
             "`application/octet-stream` type, or a form with the field `file` or `image_url`.",
         .errors = predict_errors,
         .raw_media = "image/,application/octet-stream,multipart/form-data"},
        {0}};
    return operations;
}
