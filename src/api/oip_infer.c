/* oip_infer.c: one inference: bytes -> request -> tensors, the model's run, tensors -> response ->
 * bytes. What each of them looks like: oip_request.c, oip_binary.c, oip_classes.c, oip_response.c.
 *
 * DESIGN. Body, inputs, outputs and answer may each be as large as the body may be. So each goes as
 * soon as nobody needs it: the body once its numbers are read, the inputs after the run, the
 * outputs once they are written; tensors have arenas of their own for that. */
#include "api/oip_infer.h"

#include "api/batch_work.h"
#include "api/oip_binary.h"
#include "api/oip_classes.h"
#include "api/oip_models.h"
#include "api/oip_request.h"
#include "api/oip_response.h"
#include "api/shadow_task.h"
#include "base/clock.h"
#include "http/coding.h"
#include "model/task_tensor.h"

enum { MAX_RESPONSE = 1 << 30 };
static const char json_length_header[] = "Inference-Header-Content-Length";

/* One inference under way, in the call's arena. */
typedef struct infer_job {
    sv_model_work work;
    sv_oip_request request;
    const sv_tensor *inputs;
    size_t n_inputs;
    sv_arena *input_memory, *output_memory; /* NULL: given back */
    sv_tensor_request run;
} infer_job;

static void give_back(sv_arena **arena)
{
    sv_arena_free(*arena);
    *arena = NULL;
}

/* At the end of the call, whatever became of it. */
static void free_tensors(void *arg)
{
    infer_job *job = arg;
    give_back(&job->input_memory);
    give_back(&job->output_memory);
}

/* NULL: out of memory. */
static infer_job *make_job(sv_call *call)
{
    infer_job *job = sv_alloc(call, sizeof *job);
    if (!job || sv_arena_defer(call->arena, free_tensors, job))
        return NULL;
    job->input_memory = sv_arena_new(0);
    job->output_memory = sv_arena_new(0);
    return job->input_memory && job->output_memory ? job : NULL;
}

/* Coming in. */

static sv_status refuse_body(sv_call *call, sv_status status)
{
    if (status == SV_INVALID)
        return sv_fail(call, &sv_kind_invalid_input, "The body is not what Content-Encoding says");
    if (status == SV_TOO_LARGE)
        return sv_fail(call, &sv_kind_payload_too_large,
                       "request size exceeds the maximum allowed input size of %d bytes once it is "
                       "decompressed",
                       SV_OIP_INFER_MAX_BODY);
    return status;
}

/* The body without its content coding. */
static sv_status read_body(sv_call *call, sv_str *ret_body)
{
    sv_coding coding = sv_coding_find(sv_request_header(call, "content-encoding"));
    sv_buf plain;
    if (coding == SV_CODING_IDENTITY) {
        *ret_body = call->request.body;
        return SV_OK;
    }
    if (coding == SV_CODING_UNKNOWN) {
        (void)sv_set_header(call, "Accept-Encoding", SV_STR("gzip, deflate"));
        return sv_fail(call, &sv_kind_unsupported_media_type, "Unsupported compression type");
    }
    sv_buf_init(&plain, SV_OIP_INFER_MAX_BODY);
    sv_status status = sv_coding_decode(coding, call->request.body, &plain);
    if (!status)
        status = sv_call_keep_bytes(call, &plain, ret_body);
    sv_buf_deinit(&plain);
    return status ? refuse_body(call, status) : SV_OK;
}

/* How much of the body is JSON. */
static sv_status find_json(sv_call *call, size_t body_bytes, sv_error *error,
                           size_t *ret_json_bytes)
{
    sv_str header = {0};
    for (size_t i = 0; i < call->request.n_headers; i++) {
        if (!sv_str_eq_nocase(call->request.headers[i].name, sv_str_from(json_length_header)))
            continue;
        if (header.ptr)
            return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s stands there twice",
                                json_length_header);
        header = call->request.headers[i].value;
    }
    return sv_oip_binary_split(header, body_bytes, error, ret_json_bytes);
}

static sv_status read_raw(infer_job *job, const sv_engine_info *info, sv_str body, sv_error *error)
{
    sv_tensor *tensor = sv_arena_alloc(job->input_memory, sizeof *tensor);
    if (!tensor)
        return SV_NO_MEMORY;
    if (info->n_inputs != 1)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Raw request must only have 1 input (found %zu) to be deduced",
                            info->n_inputs);
    job->inputs = tensor;
    job->n_inputs = 1;
    job->request = (sv_oip_request){.all_binary = true};
    return sv_oip_binary_read_raw(job->input_memory, body, &info->inputs[0], error, tensor);
}

static sv_status read_request(infer_job *job, sv_error *error)
{
    sv_call *call = job->work.call;
    sv_oip_target target = {.model = job->work.model->name,
                            .info = sv_engine_model_info(job->work.instance->loaded)};
    size_t json_bytes = 0;
    sv_str body = {0};
    sv_status status = read_body(call, &body);
    if (!status)
        status = find_json(call, body.len, error, &json_bytes);
    if (status)
        return status;
    sv_str header = sv_request_header(call, json_length_header);
    if (header.ptr && !json_bytes)
        return read_raw(job, target.info, body, error);
    status =
        sv_oip_request_parse(call->arena, sv_str_slice(body, 0, json_bytes), error, &job->request);
    if (status)
        return status;
    job->n_inputs = job->request.n_inputs;
    target.bytes = sv_str_slice(body, json_bytes, body.len);
    status = sv_oip_request_tensors(job->input_memory, &job->request, &target, error, &job->inputs);
    if (!status && !sv_oip_request_needs_body(&job->request))
        sv_call_forget_body(call);
    return status;
}

/* Going out. */

/* Of the task that has some. */
static const sv_strs *get_labels(const sv_instance *instance)
{
    return instance->task == SV_TASK_IMAGE_CLASSIFICATION ? &instance->image.labels
                                                          : &instance->tabular.labels;
}

/* One output as it was asked for. */
static sv_status make_part(const infer_job *job, const sv_tensor *tensor,
                           const sv_oip_output *asked, sv_error *error, sv_oip_part *part)
{
    const sv_instance *instance = job->work.instance;
    const sv_engine_info *info = sv_engine_model_info(instance->loaded);
    part->tensor = tensor;
    part->is_binary = asked ? asked->is_binary : job->request.all_binary;
    if (!asked || !asked->n_classes)
        return SV_OK;
    sv_oip_classes classes = {.n_classes = asked->n_classes, .labels = get_labels(instance)};
    for (size_t i = 0; i < info->n_outputs; i++)
        if (sv_str_eq(info->outputs[i].name, tensor->name))
            classes.has_rows =
                info->outputs[i].shape.rank > 0 && info->outputs[i].shape.dims[0] < 0;
    sv_tensor *made = sv_alloc(job->work.call, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    part->tensor = made;
    return sv_oip_classes_make(job->work.call->arena, tensor, &classes, error, made);
}

static sv_status compress(sv_call *call, sv_str *body)
{
    sv_coding coding = sv_coding_choose(sv_request_header(call, "accept-encoding"));
    sv_buf coded;
    if (coding == SV_CODING_IDENTITY)
        return SV_OK;
    sv_buf_init(&coded, MAX_RESPONSE);
    sv_status status = sv_coding_encode(coding, *body, &coded);
    if (!status)
        status = sv_call_keep_bytes(call, &coded, body);
    sv_buf_deinit(&coded);
    if (!status)
        status = sv_set_header(call, "Content-Encoding", sv_coding_name(coding));
    return status ? status : sv_set_header(call, "Vary", SV_STR("Accept-Encoding"));
}

static sv_status respond(sv_call *call, sv_buf *bytes, size_t json_bytes)
{
    bool has_binary = bytes->len > json_bytes;
    sv_str body;
    sv_status status = sv_call_keep_bytes(call, bytes, &body);
    if (!status)
        status = compress(call, &body);
    if (!status && has_binary)
        status = sv_set_header(call, json_length_header, sv_format(call, "%zu", json_bytes));
    if (status)
        return status;
    return sv_respond_bytes(call, has_binary ? "application/octet-stream" : "application/json",
                            body);
}

static sv_status write_response(infer_job *job, const sv_tensors *outputs, sv_error *error)
{
    sv_call *call = job->work.call;
    sv_oip_response response = {.id = job->request.id,
                                .model = job->work.model->name,
                                .version = job->work.version->name,
                                .n_parts = outputs->len};
    sv_oip_part *parts = sv_arena_alloc_array(call->arena, outputs->len, sizeof *parts);
    sv_status status = parts ? SV_OK : SV_NO_MEMORY;
    response.parts = parts;
    for (size_t i = 0; i < outputs->len && !status; i++)
        status =
            make_part(job, &outputs->items[i],
                      job->request.n_outputs ? &job->request.outputs[i] : NULL, error, &parts[i]);
    if (status)
        return status;
    sv_buf bytes;
    size_t json_bytes;
    sv_buf_init(&bytes, MAX_RESPONSE);
    status = sv_oip_response_write(&response, &bytes, error, &json_bytes);
    give_back(&job->output_memory);
    if (status == SV_TOO_LARGE && !error->kind)
        status = sv_error_set(error, status, &sv_kind_invalid_model_output,
                              "The outputs take more than %d MiB, the most that an answer carries",
                              MAX_RESPONSE >> 20);
    if (!status)
        status = respond(call, &bytes, json_bytes);
    sv_buf_deinit(&bytes);
    return status;
}

/* With a permit. */
static sv_status prepare(sv_model_work *work, sv_error *error, sv_tensor_request *ret_request)
{
    const infer_job *job = SV_CONTAINER_OF(work, infer_job, work);
    uint64_t timeout_us = job->request.timeout_us;
    if (timeout_us && (uint64_t)work->queued.waited_ns / 1000 > timeout_us)
        return sv_error_set(error, SV_UNAVAILABLE, &sv_kind_server_overloaded,
                            "Request timeout expired");
    *ret_request = job->run;
    return SV_OK;
}

static sv_status answer(sv_model_work *work, const sv_tensors *outputs, sv_error *error)
{
    infer_job *job = SV_CONTAINER_OF(work, infer_job, work);
    sv_shadow_task_tensors(work, &job->run, outputs);
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    give_back(&job->input_memory);
    sv_status status = write_response(job, outputs, error);
    sv_model_work_add_stage(work, SV_STAGE_ENCODE, &since);
    return status;
}

static sv_status make_run(infer_job *job)
{
    const sv_oip_request *request = &job->request;
    sv_call *call = job->work.call;
    sv_str *names = sv_arena_alloc_array(call->arena, request->n_outputs, sizeof *names);
    if (!names)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_outputs; i++)
        names[i] = request->outputs[i].name;
    job->run = (sv_tensor_request){.inputs = job->inputs,
                                   .n_inputs = job->n_inputs,
                                   .outputs = request->n_outputs ? names : NULL,
                                   .n_outputs = request->n_outputs,
                                   .arena = job->output_memory,
                                   .cancel = call->cancel,
                                   .timeline = call->timeline};
    return SV_OK;
}

/* Rows, where there are some with anything in them. */
static uint32_t count_units(const infer_job *job)
{
    const sv_tensor *first = job->n_inputs ? &job->inputs[0] : NULL;
    return first && first->shape.rank > 1 && first->size_bytes && first->shape.dims[0] < UINT32_MAX
               ? (uint32_t)first->shape.dims[0]
               : 1;
}

/* As of a model with three levels in Triton, of which the second is the usual one. */
static sv_priority choose_priority(uint64_t level)
{
    return level == 1 ? SV_PRIORITY_HIGH : level == 3 ? SV_PRIORITY_LOW : SV_PRIORITY_NORMAL;
}

static sv_status submit(infer_job *job)
{
    static const sv_batch_steps steps = {.prepare = prepare, .answer = answer};
    sv_call *call = job->work.call;
    sv_str id = job->request.id.len ? job->request.id : SV_STR("<id_unknown>");
    id = sv_str_slice(id, 0, 64); /* the job may be gone after it was submitted */
    job->work.units = count_units(job);
    job->work.priority = choose_priority(job->request.priority);
    sv_status status = make_run(job);
    if (!status)
        status =
            sv_batch_work_submit(&job->work, &steps, sv_batch_work_class(&job->work, &job->run));
    if (status != SV_FAILED || call->result.failure != &sv_kind_server_overloaded)
        return status;
    return sv_fail(call, &sv_kind_server_overloaded,
                   "[request id: %.*s] Exceeds maximum queue size", SV_STR_ARG(id));
}

static sv_status begin_job(sv_model_work *work)
{
    infer_job *job = SV_CONTAINER_OF(work, infer_job, work);
    sv_error error = {0};
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    if (work->instance->task == SV_TASK_TEXT_GENERATION)
        return sv_fail(work->call, &sv_kind_invalid_input,
                       "model '%.*s' writes text and has no tensors to infer: use its generate or "
                       "generate_stream",
                       SV_STR_ARG(work->model->name));
    sv_status status = read_request(job, &error);
    if (status)
        return status == SV_FAILED ? status : sv_call_fail_with(work->call, status, &error);
    sv_model_work_add_stage(work, SV_STAGE_DECODE, &since);
    return submit(job);
}

sv_status sv_oip_infer(sv_call *call)
{
    sv_oip_version found;
    sv_status status = sv_oip_models_find(call, &found);
    if (status)
        return status;
    infer_job *job = make_job(call);
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .begin = begin_job};
    status = sv_model_work_start(
        &job->work, &(sv_wish){.model = found.model.name,
                               .version = found.is_named ? found.version->name : (sv_str){0}});
    return status == SV_FAILED && call->result.failure == &sv_kind_model_not_loaded
               ? sv_oip_models_refuse(call, &found)
               : status;
}
