/* model_predict.c: the route of a model by name: finds its version and hands the call to the work
 * of its task. */
#include "api/model_predict.h"

#include "api/generate.h"
#include "api/model_body.h"
#include "api/picture_work.h"
#include "api/predict.h"
#include "api/tabular_work.h"
#include "api/tensor_work.h"
#include "api/text_work.h"
#include "web/dispatch.h"
#include "json/body.h"

struct model_route {
    sv_str name;
    sv_opt_str model_version;
    sv_opt_int top_k;
};
struct version_route {
    sv_str name, version;
    sv_opt_int top_k;
};
/* For OpenAPI: the body is read by the task's own rules. */
struct model_input {
    sv_opt_str image_url;
    sv_opt_json rows, text, inputs, outputs;
};
struct model_prediction {
    sv_str label;
    sv_opt_double confidence;
    SV_OPT(sv_probabilities) probabilities;
};
struct model_answer {
    SV_OPT(SV_LIST(struct model_prediction)) predictions;
    sv_opt_json outputs;
    sv_str model_version;
    double inference_time_ms;
};

SV_SCHEMA(model_route, SV_FIELD(model_route, name, .help = "Model to use"),
          SV_FIELD(model_route, model_version, .optional = true,
                   .help = "Version to use. Absent or empty: the default"),
          SV_FIELD(model_route, top_k, .optional = true, SV_GE(1), SV_LE(1000),
                   .help = "Pictures: how many predictions at most"));
SV_SCHEMA(version_route, SV_FIELD(version_route, name, .help = "Model to use"),
          SV_FIELD(version_route, version, .help = "Version to use; \"2\" and \"v2\" are the same"),
          SV_FIELD(version_route, top_k, .optional = true, SV_GE(1), SV_LE(1000),
                   .help = "Pictures: how many predictions at most"));
SV_SCHEMA_WITH(model_input, (.component = "ModelInput"),
               SV_FIELD(model_input, image_url, .optional = true,
                        .help = "image-classification: address of a picture: http, https or data"),
               SV_FIELD(model_input, rows, .optional = true,
                        .help = "tabular: a list of rows, each a list of values or an object of "
                                "them by column",
                        .example_json = "[[6.7,3.3,5.7,2.5]]"),
               SV_FIELD(model_input, text, .optional = true,
                        .help = "text-classification: a text, or a list of 1 to 256",
                        .example_json = "\"I love this film.\""),
               SV_FIELD(model_input, inputs, .optional = true,
                        .help = "tensor: nested lists of every input, by name",
                        .example_json = "{\"x\":[[1.0,2.0]]}"),
               SV_FIELD(model_input, outputs, .optional = true,
                        .help = "tensor: names of the outputs wanted. Absent or empty: all"));
SV_SCHEMA_WITH(model_prediction, (.component = "ModelPrediction"),
               SV_FIELD(model_prediction, label),
               SV_FIELD(model_prediction, confidence, .optional = true, SV_GE(0), SV_LE(1),
                        .help = "Absent when the model tells labels only"),
               SV_FIELD_OPT_MAP(model_prediction, probabilities, .optional = true,
                                .help = "tabular, text-classification: of each class"));
SV_SCHEMA_WITH(model_answer, (.component = "ModelAnswer"),
               SV_FIELD_OPT_LIST(model_answer, predictions, model_prediction, .optional = true,
                                 .help = "image-classification, tabular: of each row, "
                                         "text-classification: of each text"),
               SV_FIELD(model_answer, outputs, .optional = true,
                        .help = "tensor: nested lists of the outputs, by name"),
               SV_FIELD(model_answer, model_version), SV_FIELD(model_answer, inference_time_ms));

SV_HANDLER_PARAMS(predict_by_model, model_route, model_input, model_answer);
SV_HANDLER_PARAMS(predict_by_version, version_route, model_input, model_answer);

static void fill_answer(const sv_model_work *work, struct model_prediction *items, size_t n)
{
    struct model_answer *out = work->call->out;
    out->predictions.set = true;
    out->predictions.value.items = items;
    out->predictions.value.len = n;
    out->model_version = work->version->name;
    out->inference_time_ms = sv_model_work_elapsed_ms(work);
}

/* Pictures. */

static sv_status answer_picture(sv_picture_work *job, const sv_predictions *predictions)
{
    struct model_prediction *items =
        sv_arena_alloc_array(job->work.call->arena, predictions->len, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < predictions->len; i++)
        items[i] =
            (struct model_prediction){.label = predictions->items[i].label,
                                      .confidence = {true, predictions->items[i].confidence}};
    fill_answer(&job->work, items, predictions->len);
    return SV_OK;
}

static sv_status read_address(sv_call *call, sv_str *ret_address)
{
    const sv_value *body;
    sv_errors errors;
    sv_errors_init(&errors, call->arena);
    sv_status status = sv_model_body_read(call, &errors, &body);
    if (status)
        return status;
    status = sv_predict_read_address(call->arena, body, &errors, ret_address);
    return status == SV_INVALID ? sv_dispatch_refuse(call, &errors) : status;
}

static sv_status begin_picture(const sv_model_work *found, int64_t top_k)
{
    sv_call *call = found->call;
    sv_picture_work *job = sv_alloc(call, sizeof *job);
    sv_str address;
    bool has_address = sv_body_is_json(sv_request_header(call, "content-type"));
    if (!job)
        return SV_NO_MEMORY;
    *job = (sv_picture_work){.work = *found, .top_k = top_k, .answer = answer_picture};
    sv_status status = has_address ? read_address(call, &address) : SV_OK;
    return status ? status : sv_picture_work_begin(job, has_address ? &address : NULL);
}

/* Tables. */

static sv_status answer_table(sv_tabular_work *job, const sv_tabular_predictions *predictions)
{
    struct model_prediction *items =
        sv_arena_alloc_array(job->work.call->arena, predictions->len, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < predictions->len; i++) {
        const sv_tabular_prediction *from = &predictions->items[i];
        items[i].label = from->label;
        items[i].confidence = (sv_opt_double){from->has_scores, from->confidence};
        items[i].probabilities.set = from->has_scores;
        items[i].probabilities.value = from->probabilities;
    }
    fill_answer(&job->work, items, predictions->len);
    return SV_OK;
}

static sv_status begin_table(const sv_model_work *found, const sv_value *body)
{
    sv_tabular_work *job = sv_alloc(found->call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    *job = (sv_tabular_work){.work = *found, .answer = answer_table};
    return sv_tabular_work_begin(job, body);
}

/* Texts. */

static sv_status fill_probabilities(sv_arena *arena, const sv_predictions *from,
                                    struct model_prediction *to)
{
    sv_probabilities *map = &to->probabilities.value;
    map->items = sv_arena_alloc_array(arena, from->len, sizeof *map->items);
    if (!map->items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < from->len; i++) {
        map->items[i].key = from->items[i].label;
        map->items[i].value = from->items[i].confidence;
    }
    map->len = from->len;
    to->label = from->items[0].label;
    to->confidence = (sv_opt_double){true, from->items[0].confidence};
    to->probabilities.set = true;
    return SV_OK;
}

static sv_status answer_texts(sv_text_work *job, const sv_predictions *lists)
{
    sv_arena *arena = job->work.call->arena;
    struct model_prediction *items = sv_arena_alloc_array(arena, job->n_texts, sizeof *items);
    sv_status status = items ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < job->n_texts && !status; i++)
        status = fill_probabilities(arena, &lists[i], &items[i]);
    if (!status)
        fill_answer(&job->work, items, job->n_texts);
    return status;
}

static sv_status begin_texts(const sv_model_work *found, const sv_value *body, int64_t top_k)
{
    if (found->instance->task == SV_TASK_TEXT_EMBEDDING)
        return sv_fail(found->call, &sv_kind_invalid_input,
                       "Model %.*s embeds texts: see /embed; here it takes inputs",
                       SV_STR_ARG(found->model->name));
    sv_text_work *job = sv_alloc(found->call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    *job = (sv_text_work){.work = *found, .top_k = top_k, .answer = answer_texts};
    return sv_text_work_begin(job, body);
}

/* Tensors. */

static sv_status begin_tensors(const sv_model_work *found, const sv_value *body)
{
    sv_tensor_work *job = sv_alloc(found->call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->work = *found;
    return sv_tensor_work_begin(job, body);
}

/* Large ones first the quick way, which does not judge. */
static sv_status begin_large_tensors(const sv_model_work *found)
{
    enum { LARGE = 1 << 10 };
    sv_str body = found->call->request.body;
    if (found->instance->task != SV_TASK_TENSOR || body.len < LARGE ||
        !sv_body_is_json(sv_request_header(found->call, "content-type")))
        return SV_UNSUPPORTED;
    sv_tensor_work *job = sv_alloc(found->call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->work = *found;
    return sv_tensor_work_begin_text(job, body);
}

/* Tables and texts are also tensors: whoever sends `inputs` gets the model's outputs. */
static sv_status begin_body(const sv_model_work *found, int64_t top_k)
{
    const sv_value *body;
    sv_errors errors;
    sv_status status = begin_large_tensors(found);
    if (status != SV_UNSUPPORTED)
        return status;
    sv_errors_init(&errors, found->call->arena);
    status = sv_model_body_read(found->call, &errors, &body);
    if (status)
        return status;
    sv_model_task task = found->instance->task;
    if (task == SV_TASK_TENSOR || sv_value_get(body, SV_STR("inputs")))
        return begin_tensors(found, body);
    return task == SV_TASK_TABULAR ? begin_table(found, body) : begin_texts(found, body, top_k);
}

/* Any task. */

/* A call whose model is not known yet; what it becomes, begin_task decides. */
typedef struct route_job {
    sv_model_work work;
    int64_t top_k; /* 0: the model's */
} route_job;

static sv_status begin_task(sv_model_work *work)
{
    const route_job *job = SV_CONTAINER_OF(work, route_job, work);
    switch (work->instance->task) {
    case SV_TASK_IMAGE_CLASSIFICATION:
        return begin_picture(work, job->top_k);
    case SV_TASK_TENSOR:
    case SV_TASK_TABULAR:
    case SV_TASK_TEXT_EMBEDDING:
    case SV_TASK_TEXT_CLASSIFICATION:
        return begin_body(work, job->top_k);
    case SV_TASK_TEXT_GENERATION:
        return sv_generate_begin_model(work);
    case SV_TASK_UNSET:
        break;
    }
    return sv_fail(work->call, &sv_kind_not_implemented,
                   "Model %.*s has a task without predictions", SV_STR_ARG(work->model->name));
}

static sv_status begin(sv_call *call, sv_str name, sv_str version, const sv_opt_int *top_k)
{
    route_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .begin = begin_task};
    job->top_k = top_k->set ? top_k->value : 0;
    return sv_model_work_start(&job->work, &(sv_wish){.model = name, .version = version});
}

static sv_status predict_by_model(sv_call *call, const struct model_route *route,
                                  const struct model_input *in, struct model_answer *out)
{
    (void)in, (void)out;
    sv_str version = route->model_version.set ? route->model_version.value : (sv_str){0};
    return begin(call, route->name, version, &route->top_k);
}

static sv_status predict_by_version(sv_call *call, const struct version_route *route,
                                    const struct model_input *in, struct model_answer *out)
{
    (void)in, (void)out;
    return begin(call, route->name, route->version, &route->top_k);
}

static const sv_error_kind *const model_predict_errors[] = {
    &sv_kind_invalid_input,           &sv_kind_model_not_found,  &sv_kind_inference_failed,
    &sv_kind_model_version_not_found, &sv_kind_model_not_loaded, &sv_kind_invalid_model_output,
    &sv_kind_insufficient_memory,     &sv_kind_not_implemented,  NULL};

#define DESCRIPTION                                                                                \
    "What goes in depends on the model's task. image-classification: as `/api/v1/predict`. "       \
    "tabular: `{\"rows\": [[…]]}` or `{\"rows\": [{column: …}]}` as JSON; `inputs` as well. "      \
    "text-classification: `{\"text\": text or [text, …]}`. "                                       \
    "tensor: `{\"inputs\": {name: nested lists}}` as JSON; `{\"outputs\": {name: nested lists}}` " \
    "comes out. text-generation: as `/generate`."
#define MEDIA "application/json,image/,application/octet-stream,multipart/form-data"

const sv_operation *sv_model_predict_operations(void)
{
    static const sv_operation operations[] = {
        {"POST", "/api/v1/models/{name}/predict", &predict_by_model_handler, .tags = "predictions",
         .description = DESCRIPTION, .errors = model_predict_errors, .raw_media = MEDIA},
        {"POST", "/api/v1/models/{name}/versions/{version}/predict", &predict_by_version_handler,
         .tags = "predictions", .description = DESCRIPTION, .errors = model_predict_errors,
         .raw_media = MEDIA},
        {0}};
    return operations;
}
