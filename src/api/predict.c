/* predict.c: POST /api/v1/predict: finds the model, the version and the picture, and has it
 * classified. How a picture becomes an answer: model/task_image.c.
 *
 * DESIGN. The handler runs on the pool and holds no thread while it waits: fetching happens on the
 * fetch loop, and a work that has no permit waits in the scheduler's line. Each step hands the job
 * to the next; whoever has it last ends the call. */
#include "api/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/model_work.h"
#include "api/source.h"
#include "http/message.h"
#include "web/call.h"
#include "web/gather.h"

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

/* One prediction under way, in the call's arena. Owned by one step at a time. */
typedef struct predict_job {
    sv_model_work work;
    sv_fetch_request fetch;
    sv_message message; /* to the fetch loop, and back to the pool */
    struct prediction_response *out;
    sv_str picture;
    int64_t top_k, fetching_since_ns;
    sv_status fetch_status;
    char fetch_message[256];
} predict_job;

static double round_to(double value, double unit)
{
    return round(value * unit) / unit;
}

/* Decode, prepare, run, rank. */
static sv_status run_prediction(sv_model_work *work, sv_error *error)
{
    predict_job *job = SV_CONTAINER_OF(work, predict_job, work);
    struct prediction_response *out = job->out;
    sv_image_request request = {.picture = job->picture,
                                .top_k = job->top_k,
                                .arena = work->call->arena,
                                .cancel = work->call->cancel,
                                .timeline = work->call->timeline};
    sv_status status = sv_task_image_run(&work->version->image, work->version->loaded, &request,
                                         error, &out->predictions);
    if (status)
        return status;
    for (size_t i = 0; i < out->predictions.len; i++) {
        struct prediction *prediction = &out->predictions.items[i];
        prediction->confidence = round_to(prediction->confidence, 1e6);
    }
    out->model_version = work->version->name;
    out->inference_time_ms = sv_model_work_elapsed_ms(work);
    return SV_OK;
}

/* On the pool, with the picture or the reason why there is none. */
static void go_on_after_fetch(sv_message *message)
{
    predict_job *job = SV_CONTAINER_OF(message, predict_job, message);
    sv_status status = job->fetch_status;
    sv_error error = {.kind = status == SV_INVALID ? &sv_kind_invalid_input : NULL};
    if (!status)
        status = sv_model_work_submit(&job->work);
    if (status == SV_DEFERRED)
        return;
    if (status == SV_CANCELLED)
        sv_model_work_count_cancelled(&job->work, SV_STAGE_CANCELLED_FETCHING);
    snprintf(error.message, sizeof error.message, "%s", job->fetch_message);
    sv_model_work_finish(&job->work, status, &error);
}

static void free_picture(void *bytes)
{
    free(bytes);
}

/* On the fetch loop. */
static void take_fetched(sv_fetch_result *result, void *arg)
{
    predict_job *job = arg;
    sv_model_work_add_stage(&job->work, SV_STAGE_FETCH, &job->fetching_since_ns);
    job->fetch_status = result->status;
    snprintf(job->fetch_message, sizeof job->fetch_message, "%s", result->message);
    if (!result->status) {
        char *bytes = sv_buf_take(&result->body, &job->picture.len);
        job->picture.ptr = bytes;
        if (sv_arena_defer(job->work.call->arena, free_picture, bytes)) {
            free(bytes);
            job->fetch_status = SV_NO_MEMORY;
        }
    }
    job->message.run = go_on_after_fetch;
    if (sv_pool_submit(job->work.services->pool, &job->message) == SV_OK)
        return;
    sv_model_work_finish(&job->work, SV_UNAVAILABLE, NULL);
}

static void start_fetch(sv_message *message)
{
    predict_job *job = SV_CONTAINER_OF(message, predict_job, message);
    sv_fetch_start(job->work.services->fetcher, &job->fetch);
}

static sv_status refuse_form(sv_call *call, const char *message, const char *detail)
{
    sv_call_set_failure(call, &sv_kind_validation_error, sv_str_from(message), sv_str_from(detail));
    return SV_FAILED;
}

static bool has_file_name(const sv_form_part *part)
{
    return part->filename.ptr && (part->filename.len || part->bytes.len);
}

/* The field `file`, else the first part with a file name; NULL: there is none. */
static const sv_form_part *find_file(const sv_form *form)
{
    const sv_form_part *found = NULL;
    for (size_t i = 0; i < form->n_parts; i++) {
        const sv_form_part *part = &form->parts[i];
        if (!has_file_name(part))
            continue;
        if (sv_str_eq(part->name, SV_STR("file")))
            return part;
        if (!found)
            found = part;
    }
    return found;
}

static const sv_form_part *find_address(const sv_form *form)
{
    for (size_t i = 0; i < form->n_parts; i++)
        if (!form->parts[i].filename.ptr && form->parts[i].bytes.len &&
            sv_str_eq(form->parts[i].name, SV_STR("image_url")))
            return &form->parts[i];
    return NULL;
}

/* A form has either a file or an address. */
static sv_status read_form(predict_job *job, sv_error *error, sv_source *ret_source)
{
    sv_call *call = job->work.call;
    sv_form form = {0};
    sv_status status = sv_gather_form(call, &form);
    if (status)
        return status;
    const sv_form_part *file = find_file(&form), *address = find_address(&form);
    if (file && address)
        return refuse_form(call, "Validation failed: either file or image_url, not both",
                           "[{\"type\":\"value_error\",\"loc\":[\"body\"],\"msg\":\"Value error, "
                           "Either file or image_url is allowed, not both\",\"input\":null,"
                           "\"ctx\":{\"error\":{}}}]");
    if (address)
        return sv_source_read(call->arena, address->bytes, job->work.services->image_schemes, error,
                              ret_source);
    if (!file)
        return refuse_form(call, "Validation failed: file: Field required",
                           "[{\"type\":\"missing\",\"loc\":[\"body\",\"file\"],\"msg\":\"Field "
                           "required\",\"input\":null}]");
    *ret_source = (sv_source){.kind = SV_SOURCE_BYTES, .bytes = file->bytes};
    return SV_OK;
}

static bool is_form(const sv_call *call)
{
    return sv_message_media_matches(sv_request_header(call, "content-type"),
                                    SV_STR("multipart/form-data"));
}

/* Gets the picture: what is in the request goes on at once, an address is fetched first. */
static sv_status obtain_picture(predict_job *job, const struct prediction_request *in)
{
    sv_call *call = job->work.call;
    sv_error error = {0};
    sv_source source = {.kind = SV_SOURCE_BYTES, .bytes = call->request.body};
    sv_status status = SV_OK;
    if (in)
        status = sv_source_read(call->arena, in->image_url, job->work.services->image_schemes,
                                &error, &source);
    else if (is_form(call))
        status = read_form(job, &error, &source);
    if (status)
        return sv_call_fail_with(call, status, &error);
    job->picture = source.bytes;
    if (source.kind == SV_SOURCE_BYTES)
        return sv_model_work_submit(&job->work);
    job->fetch = (sv_fetch_request){.url = source.url,
                                    .deadline_ns = call->request.deadline_ns,
                                    .cancel = call->cancel,
                                    .done = take_fetched,
                                    .arg = job};
    job->fetching_since_ns = job->work.started_ns;
    job->message.run = start_fetch;
    sv_loop_post(job->work.services->fetch_loop, &job->message);
    return SV_DEFERRED;
}

static sv_str value_of(const sv_opt_str *text)
{
    return text->set ? text->value : (sv_str){0};
}

static sv_status predict(sv_call *call, const struct prediction_query *query,
                         const struct prediction_request *in, struct prediction_response *out)
{
    predict_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .run = run_prediction};
    sv_model_work_start(&job->work);
    job->out = out;
    job->top_k = query->top_k.set ? query->top_k.value : 0;
    sv_status status =
        sv_model_work_find(&job->work, value_of(&query->model), value_of(&query->model_version));
    return status ? status : obtain_picture(job, in);
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
